/* SPDX-License-Identifier: Apache-2.0 */
/* The launcher's first process: what it knows of keepers and containers, and who is connected. */
#ifndef CORDON_LAUNCHER_SERVER_H
#define CORDON_LAUNCHER_SERVER_H

#include "launcher/cgroups.h"
#include "launcher/ledger.h"
#include "launcher/notes.h"
#include "launcher/peer.h"

#define SERVER_GROUPS_MAX      1024
#define SERVER_GROUPS_OF_CALLER_MAX 128
#define SERVER_CONTAINERS_MAX  16384 /* of all callers */
#define SERVER_OF_CALLER_MAX   8192

struct group;
struct kept;
struct source;

struct container {
    struct container *next;
    struct group *group;
    struct container *around; /* inside of which it is, of the same group; NULL = none */
    unsigned inside;          /* so many are just inside of it */
    char id[LAUNCH_ID_SIZE];
    uint32_t uid; /* of the range: its uid outside, or where that is the caller's or of the one around its login uid alone */
    pid_t pid;
    int pidfd;
    int map;      /* user namespace with the map of its mounts, -1 = none yet */
    bool has_own_uid, is_over; /* is_over: END was said, or its keeper is gone */
    bool is_found;       /* a former launcher began it: its END may have been said to that one */
    uint64_t ended_ns;   /* of such a one, when that was seen */
};

/* One keeper. */
struct group {
    struct group *next;
    char name[LAUNCH_GROUP_SIZE];
    struct peer peer;     /* ids of the client that it was started for, process of the keeper */
    bool is_over;         /* it has ended: when its containers have, too, nothing is left of it */
    struct container *containers;
    size_t count;
    struct source *connections; /* more than one only where a keeper makes them */
    struct kept *keeps, *again; /* kept.c: what it has said that it keeps; and by which record it was started, while it has not said anything */
    uint64_t began_ns;
    uint64_t refused_ns;        /* when a refusal of its was last noted, */
    unsigned refused_untold;    /* and how many there were since */
};

enum who { WHO_DAEMON = 1 << 0, WHO_KEEPER = 1 << 1 };

struct server {
    struct range range;
    struct ledger ledger;
    struct cgroups cgroups;
    struct group *groups;
    size_t group_count, container_count;
    unsigned next_group;
    int hand, epoll;
    int keeper_program, init_program, nester_program;
    int records;       /* directory: who is which keeper, for the next launcher */
    int keeps, containers; /* directories of kept.c: its records, callers' own ones */
    struct kept *kept;
    size_t kept_count;
    unsigned next_kept;
    uint32_t daemon_uid;
    bool can_login;    /* a login uid can be given */
    struct notes notes; /* what it does, for the audit log */
};

enum source_kind { SOURCE_DAEMONS = 1, SOURCE_KEEPERS, SOURCE_CONNECTION, SOURCE_KEEPER_END };

/* What the loop waits for. */
struct source {
    enum source_kind kind;
    int fd;
    enum who who;
    struct group *group; /* of a connection: NULL = none; of a keeper's end */
    struct source *next; /* of the group's connections */
};

/* Outputs are untouched on failure. */
int server_open(struct server *server, const char *state, const char *records, struct error *err) must_check;

struct group *server_find_group(struct server *server, const char *name);
struct container *server_find(struct group *group, const char *id);

/* The one whose own process made this connection, and that has room for one more; NULL = nobody's. */
#define SERVER_CONNECTIONS_MAX 4
struct group *server_find_maker(struct server *server, int connection);

/* inside.c: containers inside of containers. Its control group below its keeper's: "ID", or "OUTERMOST/.../ID". */
const char *container_place(const struct container *container, char ret_text[LAUNCH_CGROUP_SIZE]);
/* Who it is outside: of the range, or the caller. Who is inside of another is who that is. */
uint32_t container_uid(const struct container *container);
uint32_t container_gid(const struct container *container);
bool container_is_within(const struct container *container, const struct container *around);
/* ERROR_LIMIT: too deep. */
int container_put_inside(const struct server *server, struct container *container, struct container *around, struct error *err) must_check;
void container_take_out(struct container *container);

bool container_has_ended(const struct container *container);
/* New ones; what fails leaves nothing. `around` NULL: inside of none. */
int server_add_group(struct server *server, const struct peer *peer, struct group **ret_group, struct error *err) must_check;
int server_add(struct server *server, struct group *group, const char *id, struct container *around, struct container **ret_container,
               struct error *err) must_check;

/* End what runs of it, and of all that are inside of it, and take back what it had as soon as that is done. */
void server_end(struct server *server, struct container *container);
void server_end_group(struct server *server, struct group *group);

/* Take back what has ended meanwhile. In how many milliseconds there may be more; -1 = there is nothing to come. */
int server_sweep(struct server *server);

/* A connection speaks for this keeper; one that is closed does not. */
void server_join(struct source *connection, struct group *group);
void server_close(struct server *server, struct source *source);

/* Wait for `fd`, too; it is the server's from now on. */
int server_watch(struct server *server, enum source_kind kind, int fd, enum who who, struct group *group, struct error *err) must_check;

/* records.c: who is which keeper, which container has which uid and is inside of which, for a launcher that begins again. */
int records_open(struct server *server, const char *directory, struct error *err) must_check;
void records_group(const struct server *server, const struct group *group);
void records_container(const struct server *server, const struct container *container);
void records_forget(const struct server *server, const struct group *group, const struct container *container);
int records_load(struct server *server, struct error *err) must_check;

/* requests.c: carry out one, with descriptors that stay the caller's. *ret_fd: what goes with the reply, -1 = nothing. */
void requests_serve(struct server *server, struct source *from, const struct launch_request *request, int *fds, size_t count,
                    struct launch_reply *ret_reply, int *ret_fd);

/* [0-9A-Za-z-]{1,size-1}, and nothing behind its end. */
bool name_is_plain(const char *name, size_t size);

#endif
