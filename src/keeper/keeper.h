/* SPDX-License-Identifier: Apache-2.0 */
/* Inside cordon-keeper: the clients that it serves, their containers, and cordond. */
#ifndef CORDON_KEEPER_KEEPER_H
#define CORDON_KEEPER_KEEPER_H

#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "cordon/cordon.h"
#include "protocol/peer.h"
#include "protocol/socket.h"
#include "sdk/keeping.h"
#include "sdk/request_record.h"
#include "worker/loop.h"

#define KEEPER_SESSIONS_MAX 8192
#define KEEPER_TOKEN_SIZE   16

struct signer_link;
struct writer;
struct left;
struct session;
struct pool;

#define KEEPER_POOLS_MAX 4
#define KEPT_NOWHERE     (-2) /* they should be, and cannot */

struct keeper {
    struct loop *loop;
    struct peer_self self;      /* what its clients have to be, too */
    struct loop_watch daemon;   /* fd = -1: cordond is not there */
    struct loop_watch signals;
    int kept;                   /* kept.c: where containers are written down; -1 = nowhere; or KEPT_NOWHERE */
    char kept_why[200];         /* with that */
    bool has_looked;            /* for those that are there */
    bool has_client;            /* launching.c: it was started for one */
    bool keeps;                 /* likewise: the launcher has written down that there are some */
    struct loop_watch ends[2];  /* ends.c: when something ends, by either clock */
    struct loop_timer ends_again; /* what should have ended, and could not be */
    struct loop_watch sensor;   /* senses.c; fd = -1: there is none */
    struct loop_watch signer_watch; /* signs.c; the same */
    struct signer_link *signer;
    struct loop_watch launcher; /* of the system service; fd = -1: what it does, this process does as far as it can */
    struct loop_watch launcher_next;  /* its successor, before it has answered; fd = -1: none */
    struct loop_timer launcher_again; /* look for it */
    uint64_t launcher_delay_ms;
    bool has_launcher;
    struct loop_timer again;    /* look for cordond */
    struct loop_timer idle;     /* nobody needs this one any more */
    uint64_t joined_ns;         /* when this one last came to a cordond, which may refuse it */
    unsigned refused;           /* so often after each other */
    struct session *sessions;
    size_t session_count;
    struct pool *pools[KEEPER_POOLS_MAX]; /* NULL = room for one */
    bool is_retiring;
    bool is_replaced; /* its program was, replaced.c */
    bool has_limits; /* the hard limits of its clients have become its own */
    char id[64];     /* as cordond named it */
    unsigned char key[DIGEST_SIZE];
    unsigned char token[KEEPER_TOKEN_SIZE];
    char rejoin_at[108];
    struct writer *writer; /* of the audit log, writer.c */
    struct left *left;     /* what others have left, left.c */
    struct protocol_received received; /* one at a time */
};

/* A descriptor that will be lent under its number to a program. */
struct kept {
    int number, fd;
};

#define OUTPUT_MAX ((size_t)256 << 10)

/* What the own program of a container that is kept wrote last. */
struct output {
    struct loop_watch watches[2]; /* stdout, stderr */
    char *bytes;
    size_t size;
    uint64_t dropped;
};

/* Of one that is kept: whether it is started again by itself. */
struct again {
    struct restart restart;
    struct loop_timer timer;
    char text[32];         /* as it was asked for; "" = it is not */
    unsigned count;        /* by itself, since somebody started it */
    uint64_t delay_ms;
    uint64_t started_ns;
    uint64_t patient_until_ns; /* the log that its policy requires is away; 0 = nothing waits for that */
    bool is_asked_to_end;  /* by somebody: that is no failure */
    bool has_end, was_ended; /* was there an end; and is its status that of its own program */
    struct cordon_status end;
};

/* ends.c: a time at which something ends. */
struct ending {
    uint64_t boot_ns; /* CLOCK_BOOTTIME; 0 = never */
    uint64_t real_ns; /* also at this time of the wall's clock; 0 = it does not matter */
    uint64_t said_ms; /* as the wall's clock was when it was said */
};

/* Of a container that runs, since somebody changed it. */
struct network {
    struct cordon_request *lasting; /* what it has when nothing is for a while; NULL = what it was started with */
    int cwd;                        /* where that was asked for; -1 = nowhere */
    struct ending ends;
};

/* One client and, from GO on, its container. One that is kept has none most of the time: client.fd = -1. */
struct session {
    struct keeper *keeper;
    struct session *next, **before;
    struct loop_watch client, container_watch;
    int made; /* the end that the client made, where `client` is of a pair of this keeper's; -1 = it is that itself */
    enum protocol_state state;
    uint64_t ticket;
    struct cordon_request *request;
    struct request_process process;
    bool has_tty;
    int cwd, events, streams[3];
    struct kept kept[CORDON_FDS_MAX];
    size_t kept_count;
    struct cordon_container *container;
    char id[CORDON_RUN_SIZE];
    uint64_t started_ms;
    char policy[128], command[512]; /* for people, cut */
    char name[68];
    enum protocol_purpose purpose;
    enum protocol_container lifecycle; /* of one that is kept; 0 = it is not there yet */
    struct cordon_program *program;    /* of EXEC; of one that is kept, its own */
    struct output output;
    struct again again;
    struct {
        struct ending when;
        bool is_told;
    } ends; /* of one that is kept */
    bool has_to_die; /* its time is over, and it could not be ended yet */
    struct network network;
    struct {
        int lock;             /* -1 = it is on no disk */
        unsigned char *record; /* what its client said, until it is written down */
        size_t record_size;
        char *written;        /* the state, as it is there */
        char digest[POLICY_DIGEST_SIZE]; /* of its policy when it was created or started last */
    } disk; /* kept.c */
    uint64_t created_ms;
    uint64_t denials, denials_told_ns; /* what cordond knows */
    struct loop_timer log_timer; /* the log has more, or is looked for before anything is started */
    uint64_t patient_until_ns;   /* with that; 0 = nothing waits to be started */
    uint32_t start_request;      /* of a visitor that waits for that: what it is to be answered */
    bool is_frozen;
    bool is_roots;         /* root's, about another user's container */
    bool is_visitor;       /* it is about another one's container: */
    struct session *visits; /* NULL = that has ended */
    bool is_own;            /* a program of whoever holds the container: its record says it, as that of a run does */
    char child[CORDON_RUN_SIZE]; /* it is about this one inside of that container; "" = about that one itself */
    uint16_t hears; /* what its client says that is not answered yet, */
    char about[CORDON_RUN_SIZE]; /* and of which container */
    uint64_t asked; /* number of the question that the client was told of, 0 = none */
};

/* daemon.c */
int daemon_begin(struct keeper *keeper, int channel, struct error *err) must_check;
void daemon_tell_running(struct keeper *keeper, const struct session *session);
void daemon_tell_lost(struct keeper *keeper, const char *id);
void daemon_tell_child(struct keeper *keeper, const struct session *session, const struct container_child *child);
void daemon_tell_not_served(struct keeper *keeper, const struct session *session);
/* It is about to end: nothing new is to come. */
void daemon_tell_leaving(struct keeper *keeper);
/* End when nothing is left and nothing will come. */
void keeper_look_for_end(struct keeper *keeper);

/* It has no connection to this part any more, and wants another one. */
void daemon_tell_gone(struct keeper *keeper, const char *service);

/* It wants to tell the log what the keeper with this id could not. */
void daemon_ask_writer(struct keeper *keeper, const char *id);

/* services.c: a connection to a part of the daemon, which cordond has labelled. Takes `fd`. */
int services_take(struct keeper *keeper, const char *name, int fd, struct error *err) must_check;

/* says.c: one line for people, without its end. */
void keeper_say(const char *format, ...) printf_like(1, 2);
void says_begin(struct keeper *keeper);
/* To cordond, which writes it down; lost where that is not there. */
void daemon_tell_said(struct keeper *keeper, const char *text);

/* replaced.c: is this program another one than is there now? Then it begins nothing new, and cordond is told. */
bool replaced_look(struct keeper *keeper);
/* One that is kept, does not run and is on disk: the next keeper takes it up. It is no more then, here. */
bool replaced_can_hand_on(const struct session *session);
void replaced_hand_on(struct session *session);

/* launching.c: the launcher, lost and found again */
int launching_begin(struct keeper *keeper, struct error *err) must_check;
/* What there is on disk of this keeper's key: enum launch_keeping. Without a launcher nobody has to know. */
int launching_keep(struct keeper *keeper, uint32_t what, struct error *err) must_check;
/* May this client be served here? `or_root`: also if it is root. */
int launching_admit(const struct keeper *keeper, int client, bool or_root, struct error *err) must_check;

/* writer.c: what goes into the audit log */
int writer_begin(struct keeper *keeper, struct error *err) must_check;
int writer_connect(struct keeper *keeper, int fd, struct error *err) must_check;
/* Who hears the records of this keeper's containers. */
const struct event_recorder *writer_recorder(const struct keeper *keeper);
/* A policy wants what is started to be in the log first, and that is not there at the moment. */
bool writer_is_awaited(const struct keeper *keeper);
/* Give the log the time to take what it has not taken yet; say what it does not take. */
void writer_end(struct keeper *keeper);

/* signs.c: who signs what its containers ask for */
int signs_begin(struct keeper *keeper, struct error *err) must_check;
int signs_connect(struct keeper *keeper, int fd, struct error *err) must_check;
/* left.c: what keepers of the same user that ended had not told the log yet */
#define KEEPER_NUMBERS_ABOVE 1024 /* descriptors of its own: only 3 to 1023 can be a client's */
int left_begin(struct keeper *keeper, struct error *err) must_check;
/* Here, below the user's state, keepers leave it. */
void left_set_directory(struct keeper *keeper, int directory);
/* There may be some. */
void left_look(struct keeper *keeper);
/* The connection that was asked for. Takes `fd`. */
void left_connect(struct keeper *keeper, const char *id, int fd);

/* senses.c: who hears what the kernel's audit tells */
int senses_connect(struct keeper *keeper, int fd, struct error *err) must_check;

/* Of somebody who is no run: "human", "system". */
void writer_say(struct keeper *keeper, const char *actor, const char *body, size_t size);

/* control.c: what the client of `session` asked for, and what came of it, into the audit log. `type`: its message; what changes nothing is not recorded. */
void control_record(const struct session *session, uint16_t type, int status, const struct error *failure);

/* changed.c: that another policy holds for a container than before, into the audit log. At a start, of one that is kept: */
void changed_at_start(struct session *session);
/* Of its network, while it runs: `former` is the digest of the policy that held before. */
void changed_network(const struct session *holder, const char *former);

/* control.c: a record in a person's name. Members are added between the two calls; what cannot be recorded is counted as any record of this keeper. */
struct human_event {
    struct text text;
    struct json json;
    uid_t uid;           /* the keeper's, unless it is said */
    const char *session; /* of the kernel's audit; NULL = not known */
};
void human_begin(const struct keeper *keeper, struct human_event *ret_event, const char *type);
void human_end(struct keeper *keeper, struct human_event *event);

#define LOG_PATIENCE_MS 10000 /* until what a policy requires to be in the log first is refused, where the log is away */
#define LOG_LOOK_MS     50

/* session.c: takes `client`. `id`: the container that it is about; NULL = a new one, which `name` is for. NULL = it was refused, and told. */
struct session *session_open(struct keeper *keeper, int client, uint64_t ticket, enum protocol_purpose purpose, const char *id, const char *name);
/* One without a client, for a container that is on disk. NULL = there are as many as there can be. */
struct session *session_found(struct keeper *keeper);
/* client.c: what is asked for, by the record of it */
int session_read_request(struct session *session, const struct protocol_message *record, struct error *err) must_check;
/* A program in the container that `session` is about. Takes `client`. */
void session_open_program(struct session *session, int client);
/* Does cordond know of it, as a container? */
bool session_is_listed(const struct session *session);
/* Something may have happened in its container. */
void session_step(struct session *session);
/* Have the loop look after its container. */
int session_watch(struct session *session, struct error *err) must_check;
void session_close(struct session *session);
/* Tell the client which question stands now, if it is another one. */
int session_tell_question(struct session *session, struct error *err) must_check;
/* Those who came to see about it. `over` = the record of its end, -1 = there is none. */
void session_tell_visitors(const struct session *session, int over);
/* Everything ends: every client is told. */
void sessions_end(struct keeper *keeper);

/* start.c: the container of a session that is complete, under the conditions of its client. */
int session_start(struct session *session, struct error *err) must_check;
/* The same for another call of the library that is to be made as if in the client's place. */
struct place {
    int cwd;
    unsigned umask;
};
int place_enter(const struct session *session, struct place *ret_own, struct error *err) must_check;
int place_enter_at(int cwd, unsigned mask, struct place *ret_own, struct error *err) must_check;
void place_leave(struct place *own);

/* A step of a pool, under the conditions of the client that it was made for. */
int terms_step(int cwd, const struct request_process *process, struct cordon_pool *pool, struct error *err) must_check;

/* pools.c: session->container, from what is kept ready where it can be. Called under the client's conditions. */
int pools_spawn(struct session *session, struct error *err) must_check;
void pools_end(struct keeper *keeper);

/* The same for one that is kept, and for a program in another session's container. */
int session_create(struct session *session, struct error *err) must_check;
int session_exec(struct session *session, struct cordon_container *container, struct error *err) must_check;

/* held.c: containers that are kept, from their creation to their removal */
int held_create(struct session *session, struct error *err) must_check;
int held_heard(struct session *visitor, const struct protocol_message *message, struct error *err) must_check; /* START, DROP, LOGS */
/* The log is there, or there was no more patience. */
int held_start_late(struct session *visitor, struct error *err) must_check;
void held_ended(struct session *session, int over, const struct error *failure);
void held_finish(struct session *session);
/* Why nothing runs in it; its text begins with MXC's word for that. */
int held_not_running(const struct session *session, uint16_t asked, struct error *err);

/* Its own program has ended: so does the container. */
void held_look(struct session *session);
int held_start(struct session *session, struct error *err) must_check;

/* children.c: containers inside of the session's container */
void children_step(struct session *session);
/* To another cordond, or because their state is another one. */
void children_tell_all(const struct session *session);
/* Is there one of this id in any container? Then the visitor is about that. */
bool children_visit(struct session *visitor, const char *id);
pid_t child_pid(const struct session *visitor);
int child_heard(struct session *visitor, const struct protocol_message *message, struct error *err) must_check;

/* again.c: started again by itself */
int again_read(struct session *session, const struct protocol_message *record, struct error *err) must_check;
/* Somebody starts it, or it starts by itself. */
/* It was found on disk: was it running, and was it ever started? */
void again_found(struct session *session, bool was_running, bool was_started);
void again_begin(struct session *session, bool is_by_itself);
/* It has ended: true = it will start again, when the timer is due. */
bool again_wanted(struct session *session);
/* Somebody wants it to stay stopped. true = it waited to be started. */
bool again_give_up(struct session *session);

/* ends.c */
int ends_begin(struct keeper *keeper, struct error *err) must_check;
/* Something has another end, or begins: end what is due, and wait for the next. */
void ends_look(struct keeper *keeper);
/* LEFT_MS, UNTIL_MS. ERROR_INVALID: a time that cannot be kept. */
int ending_read(const struct protocol_message *message, struct ending *ret_ending, struct error *err) must_check;
/* At most CLOCK_MS_MAX. */
void ending_at(uint64_t at_ms, struct ending *ret_ending);
bool ending_is_set(const struct ending *ending);
bool ending_has_come(const struct ending *ending);
/* Since 1970, as the wall's clock is now; 0 = never. */
uint64_t ending_ms(const struct ending *ending);
/* It was of the container that has ended. */
void network_forget(struct session *session);

/* program.c: programs that are executed in containers that are there */
int program_start(struct session *session, struct error *err) must_check;
void session_step_programs(struct session *holder);
/* The container is about to be forgotten: what still runs in it ends with it. */
void session_end_programs(struct session *holder);
int program_heard(struct session *session, const struct protocol_message *message, struct error *err) must_check;

/* stats.c */
struct stats {
    uint64_t user_us, system_us, memory, processes;
};
int stats_read(pid_t first, struct stats *ret_stats, struct error *err) must_check;

/* numbers.c: `kept` under their numbers, while nothing else of this process runs. */
struct lent {
    struct kept former[CORDON_FDS_MAX]; /* what had these numbers; fd = -1: nothing */
    size_t count;
};
int numbers_lend(const struct kept *kept, size_t count, struct lent *ret_lent, struct error *err) must_check;
void numbers_take_back(struct lent *lent);
/* Above all numbers that can be kept. Takes `fd`, also on failure. */
int numbers_lift(int fd, int *ret_fd, struct error *err) must_check;

/* client.c: what the client asks for while its container runs */
int session_heard(struct session *session, struct protocol_received *received, struct error *err) must_check;
/* The same for what comes before. */
int session_fill(struct session *session, struct protocol_received *received, struct error *err) must_check;

/* What a container uses whose first process is `pid`. */
int session_tell_stats(struct session *session, const struct cordon_container *container, pid_t pid, uint32_t request, struct error *err) must_check;

/* An answer to `request`: DONE, or what went wrong. */
int session_reply(const struct session *session, uint32_t request, int status, const struct error *failure, struct error *err) must_check;

/* over.c: what there is to say about a container's end; then it is forgotten. */
/* OVER with a status, and no more. */
int session_tell_status(struct session *session, const struct cordon_status *status, struct error *err) must_check;
/* *ret_record (the caller's) is the record that the client was sent, also where it could not be. */
int session_over(struct session *session, const struct cordon_status *status, int *ret_record, struct error *err) must_check;

#endif
