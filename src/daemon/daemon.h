/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside cordond. Two processes: the starter, which has the rights of the user and hears of nobody but its core; and the core, which hears everybody and
 * has no right but its sockets and its own directory. The core parses no policy and starts nothing: clients and keepers speak directly.
 */
#ifndef CORDON_DAEMON_DAEMON_H
#define CORDON_DAEMON_DAEMON_H

#include <signal.h>

#include "protocol/peer.h"
#include "protocol/socket.h"
#include "worker/loop.h"

#define KEY_SIZE   32
#define TOKEN_SIZE 16
#define ID_SIZE    40

/* Named maxima; per caller unless it says otherwise. */
#define CLIENTS_MAX             4096 /* of all callers */
#define CONNECTIONS_MAX         256
#define CONTAINERS_MAX          8192
#define CHILDREN_MAX            8192 /* containers inside of those that are listed; what is over is not */
#define KEEPERS_MAX             512
#define KEEPERS_OF_ALL_MAX      4096
#define KEEPERS_OF_KEY_MAX      8
#define ACCOUNTS_MAX            1024 /* callers at once */
#define ACCOUNTS_OWN_LAST       65535 /* uids of the machine's own accounts; further ones together have half of each maximum of all callers */
#define REQUESTS_PER_SECOND     2000
#define QUERY_REQUESTS          20 /* a list is as much work as so many others */
#define BYTES_PER_SECOND        (8u << 20)
#define SILENCE_MS              10000 /* a client that wants nothing is let go */
#define KEEPER_IDLE_MS          90000 /* what it keeps ready is drained before */
#define KEEPER_PENDING_FEW      2 /* starts under way in one keeper, before there is another */

/* What the parts of the service are: settled before anything is confined. */
struct daemon_settings {
    bool is_user;
    const char *runtime; /* <runtime>/control.sock, private/, keepers/ */
    const char *keeper_program;
};

/* ---- quota.c ---- */

/* Of keepers, since `since_ns`. */
struct said {
    uint64_t since_ns;
    uint32_t count;
};

struct account {
    struct account *next;
    uid_t uid;
    unsigned connections, containers, children, keepers;
    uint64_t requests, bytes; /* that are left */
    uint64_t refused_ns;      /* when the log was last told of a refusal, */
    unsigned refused_untold;  /* and how many there were since */
    uint64_t filled_ns;
    struct said said;
};

struct accounts {
    struct account *first;
    size_t count;
};

/* The caller's, made where it is not there; NULL = there are too many, or no memory. */
struct account *account_of(struct accounts *accounts, uid_t uid);
/* May it have one more? The caller counts it. */
int account_may_connect(const struct accounts *accounts, const struct account *account, struct error *err) must_check;
int account_may_keep(const struct accounts *accounts, const struct account *account, struct error *err) must_check;
/* Forget those that nothing is charged to. */
void accounts_clean(struct accounts *accounts, uint64_t now_ns);
int account_charge(struct account *account, const struct protocol_message *message, size_t size, uint64_t now_ns, struct error *err) must_check;

/* ---- the core ---- */

struct waiting;

struct keeper {
    struct waiting *waiting; /* waiting.c */
    struct keeper *next, **before;
    struct core *core;
    struct loop_watch channel;
    struct loop_timer idle;
    struct account *account;
    uint64_t number;
    char id[ID_SIZE];
    unsigned char key[KEY_SIZE], token[TOKEN_SIZE];
    char record[64]; /* the launcher's, by which it is started without a client; "" = for a client */
    pid_t pid;      /* 0 = not known yet */
    gid_t gid;      /* of whom it serves */
    bool is_joined; /* false: connected, and has not said who it is */
    bool is_retiring;
    bool is_found;  /* it was started by a former cordond: nobody here is told of its end by the kernel */
    bool has_hung_up; /* before the launcher has said that it runs */
    uint32_t services; /* which it has a connection to, services.h */
    unsigned containers, pending;
};

/* From the moment that a client asks until nothing is left. */
struct container {
    struct container *next, **before; /* ascending numbers */
    struct container *around; /* the one that it is inside of; NULL = none */
    struct keeper *keeper;
    struct account *account;
    uint64_t number; /* its ticket, too */
    bool is_pending; /* its keeper has not said anything about it */
    bool is_ending;  /* container_free_children() */
    char id[ID_SIZE], name[68];
    uint64_t state, pid, started_ms, created_ms, denials, restarts, exit_status, until_ms, network_until_ms; /* exit_status: UINT64_MAX = it has not ended yet */
    char policy[128], command[512], tier[32], parent[68], identity[512], run[ID_SIZE], restart[32], digest[80], proof[64];
};

struct client {
    struct client *next, **before;
    struct core *core;
    struct loop_watch watch;
    struct loop_timer silence;
    struct peer peer;
    struct account *account;
    enum protocol_state state;
    bool is_listing; /* a list is on its way out, */
    uint64_t wanted; /* 0 = all of the caller's, */
    bool is_all;     /* or of all users, for root */
    uint64_t listed; /* up to this number */
    uint32_t request;
};

struct own;

struct core {
    const struct daemon_settings *settings;
    struct loop *loop;
    struct loop_watch control, keepers_socket, starter;
    struct services *services;
    struct own *own; /* what it writes into the audit log itself, and for those parts that write nothing */
    int keepers_directory; /* records of keepers, for the core that comes after this one */
    struct gone *gone;     /* keepers that went and may live, keeper_record.c */
    struct loop_timer bury;
    uint64_t bury_ms;
    struct accounts accounts;
    struct keeper *keepers;
    size_t keeper_count, client_count;
    struct client *clients;
    struct container *containers, **containers_end;
    uint64_t last_number; /* of tickets and keepers: no two cores give the same ones */
    bool is_full;         /* no further client is heard for now */
    struct protocol_received received; /* of clients and the starter, one at a time */
    struct protocol_received said;     /* of keepers */
};

/* core.c: never returns but with the status of the process. */
/* `former`: how the one before it ended; "" = there was none. */
int core_run(const struct daemon_settings *settings, int control, int keepers, int starter, const char *former);
uint64_t core_number(struct core *core);

/* own.c: what cordond itself does, in the audit log. `former`: why there was another core before this one; "" = there was none. */
int own_begin(struct core *core, const char *former, struct error *err) must_check;
/* Of a part: "daemon.started", "daemon.stopped". */
void own_say(struct core *core, const char *type, const char *name, const char *format, ...) printf_like(4, 5);
/* Somebody was refused `operation`. `account` may be NULL. */
void own_say_refused(struct core *core, struct account *account, const struct peer *peer, const char *operation, const struct error *why);
void own_end(struct core *core);
/* What a part did that says so to cordond alone: a record of that part's. */
struct launch_note;
void own_tell_launcher(struct core *core, const struct launch_note *note);
void own_tell_signer(struct core *core, const struct protocol_message *message);

/* client.c */
void clients_ready(struct loop_watch *watch, uint32_t events);
void client_close(struct client *client);

/* keeper.c */
void keepers_ready(struct loop_watch *watch, uint32_t events);
void starter_ready(struct loop_watch *watch, uint32_t events);
/* The one that will serve this caller and key best; it may have to be started. */
struct caller {
    gid_t gid;
    const unsigned char *key; /* KEY_SIZE */
    int client;               /* the end that it made; -1 = nobody asks, but the daemon for what is on disk, */
    const char *record;       /* by this record of the launcher's; NULL = the user's own */
};
int keeper_choose(struct core *core, struct account *account, const struct caller *caller, struct keeper **ret_keeper, struct error *err) must_check;
/* `id`: of the container that it is about; NULL = a new one. *client: it may be taken. */
int keeper_serve(struct keeper *keeper, const struct container *container, uint64_t kind, const char *id, int *client, struct error *err) must_check;
/* Hear what keepers of this caller have said by now: a client may know it already. */
void keepers_hear(struct core *core, const struct account *account);
void keeper_close(struct keeper *keeper);
/* Containers on disk may be nobody's now, which the starter looks for. In the user's service it sees the end of its own children by itself. */
void keeper_look_for_kept(const struct core *core);

/* waiting.c: clients that have come before their keeper is known to run; served then, or told why there is none (NULL = they are let go). */
int waiting_add(struct keeper *keeper, const struct container *container, uint64_t kind, int *client, struct error *err) must_check;
void waiting_serve(struct keeper *keeper);
void waiting_refuse(struct keeper *keeper, const struct error *why);

/* keeper_record.c: what a keeper must know to be believed by another core. */
int keeper_record_write(const struct core *core, const struct keeper *keeper, struct error *err) must_check;
int keeper_record_check(const struct core *core, const struct keeper *keeper, uid_t uid, struct error *err) must_check;
/* An id comes from outside: it is a number in hexadecimal digits, or no name of a file. */
bool keeper_is_id(const char *id);
/* Those of keepers that have ended since a former core wrote them are removed by and by. Before the core is confined. */
int keeper_records_begin(struct core *core, struct error *err) must_check;
/* This one is here no more: its record goes when its process has ended, and not before, since it may come back. */
void keeper_record_leave(struct core *core, const struct keeper *keeper);
bool keeper_may_live(const struct core *core, const char *id);

/* container.c */
struct container *container_new(struct core *core, struct account *account, struct keeper *keeper, struct error *err);
/* One inside of another: it ends with that, and is charged to nobody's containers. */
struct container *container_new_child(struct core *core, struct container *around, struct error *err);
void container_free(struct core *core, struct container *container);
/* What is inside of it, on all levels. */
void container_free_children(struct core *core, const struct container *container);
struct container *container_of_ticket(const struct core *core, uint64_t number);
/* What one keeper says it holds: no other one's, whatever id that has. */
struct container *container_of_id(const struct keeper *keeper, const char *id);
/* Of all users; NULL = there is none. ERROR_INVALID: keepers of several say that they hold it. */
int container_find_any(const struct core *core, const char *id, struct container **ret_container, struct error *err) must_check;
bool container_is_id(const char *word);
/* The one of this caller with that name, or whose id is or begins like that. ERROR_NOT_FOUND, ERROR_INVALID: several. */
int container_find(const struct core *core, const struct account *account, const char *word, struct container **ret_container, struct error *err) must_check;
/* May this caller give that name to a new one? NULL = none is wanted. */
int container_check_name(const struct core *core, const struct account *account, const char *name, struct error *err) must_check;
/* Take what a keeper says of it. */
void container_hear(struct container *container, const struct protocol_message *message);
/* As LISTED. */
void container_tell(struct protocol_out *out, const struct container *container, uint32_t request);

/* said.c: into the log, as what it is. */
void said_hear(struct keeper *keeper, const char *text);

/* confine.c: from here on no file but below these directories, and a list of system calls. */
int core_confine(int keepers_directory, struct error *err) must_check;

/* ---- the starter ---- */

/* starter.c: keeps one core running and starts keepers. The process's exit status. */
int starter_run(const struct daemon_settings *settings);

/* signals.c: SIGTERM, SIGINT and SIGCHLD come on *ret_fd from now on; *ret_before is for children. */
int daemon_watch_signals(sigset_t *ret_before, int *ret_fd, struct error *err) must_check;

/* A line on stderr, which is the journal. */
void daemon_log(const char *format, ...) printf_like(1, 2);

#endif
