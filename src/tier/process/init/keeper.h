/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper of names: a thread of process 1 that makes, on behalf of the program, each call that makes, changes,
 * renames or removes a name, unless a pattern of the record covers it; and each connect(), unless it leads to a socket
 * of the host. keeper.c begins with its theory of operation.
 */
#ifndef CORDON_TIER_PROCESS_INIT_KEEPER_H
#define CORDON_TIER_PROCESS_INIT_KEEPER_H

#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/seccomp.h>
#include <linux/stat.h>

#include "base/compiler.h"
#include "tier/process/init/init.h"
#include "tier/process/init/names.h"

#define KEEPER_UMASKS  64
#define KEEPER_WAITING 256
#define KEEPER_YOUNG   128
#define KEEPER_SOCKETS 256
#define SOCKET_NAME_MAX 128 /* sizeof(struct sockaddr_storage) */

/* A file mode creation mask seen lately; asking /proc for it costs more than the call itself. */
struct umask_seen {
    uint32_t tid, mask;
    int64_t second;
};

/* A call that would stand still: open() of a FIFO that nobody else has or of a file with a lease, connect(). */
struct waiting {
    uint64_t id;
    int object; /* what is opened or connected to, -1 = a socket without a name in the file tree */
    int flags;
    int reader; /* the end of a FIFO that waits for somebody to write, -1 = none */
    int socket; /* -1 = open() */
    uint32_t mark; /* of the socket, 0 = none */
    uint32_t name_length;
    char name[SOCKET_NAME_MAX];
};

/* A socket file that was made inside, held open so that its number cannot become another's. */
struct known_socket {
    uint64_t device, inode;
    int object;
};

/* A file that the program made while its stamp cannot tell it from what was there. */
struct young {
    uint64_t device, inode;
};

/* A directory of which the parent was told. */
struct noted {
    uint64_t device, inode;
    uint32_t kind; /* enum record_note */
};

/* What the present call is about, for who is told that it was refused: what it was decided on, not what is there later. */
struct seen_name {
    int from;        /* the caller's directory that a relative name begins at */
    int is_resolved; /* `directory` and `name` are known */
    int is_there;    /* the object was looked at */
    uint32_t mode;   /* and is this */
    char named[PATH_MAX];
    char directory[PATH_MAX];
    char name[NAME_MAX + 1]; /* "" = `directory` is the object itself */
};

struct seen {
    uint32_t count;
    long decided;   /* errno of a refusal that is not the kernel's, or of which is known by what the kernel refuses; 0 = none */
    uint32_t layer; /* enum told_layer of that */
    int has_text;   /* names[1].named, which is not counted, is the text of a symbolic link that was to be made */
    struct seen_name names[3]; /* two, and one for what nobody asks about */
};

/* Where the caller of the present call stands; view.c. */
struct view {
    uint64_t own_namespace, own_user_namespace, own_root_mount, own_root_inode; /* the container's */
    uint64_t root_mount, root_inode;
    int root;       /* O_PATH of the caller's root directory, -1 = nobody asked */
    int is_foreign; /* it is not the container's, or the mount namespace is not */
    int own_news;   /* /proc/PID/mountinfo of the container's own tree, which polls as changed; -1 = not open yet */
};

struct keeper {
    const struct record *record;
    uint32_t uid; /* of the program, inside */
    int is_nested; /* sandboxes inside may have mount namespaces of their own */
    struct view view;
    int listener;
    int changes;       /* log of a reviewed run, -1 = none */
    int control;       /* this thread's own descriptor of the socket to the parent */
    int proc;          /* O_PATH of the container's /proc */
    int own;           /* O_PATH of the directory of the keeper's own descriptors there */
    uint32_t mask;     /* the keeper's own mask at the moment */
    int64_t started_s; /* of the container, CLOCK_REALTIME: no stamp of what was there is later */
    uint32_t started_ns;
    int is_tracing_open; /* processes may look into others than their descendants: no Yama, or its scope 0 */
    int takes_turns; /* the caller and this thread on one processor */
    int is_starting; /* the clock that stamps files ticks every 1 to 10 ms and has not passed the start yet */
    uint32_t young_count;
    struct young young[KEEPER_YOUNG];
    int64_t umask_changes_until; /* ns of CLOCK_MONOTONIC_COARSE: a umask() that was let through may still be under way */
    struct umask_seen umasks[KEEPER_UMASKS];
    struct waiting waiting[KEEPER_WAITING];
    uint32_t waiting_count;
    int asks;           /* by which the parent answers (asking.c), -1 = nobody is asked */
    uint32_t ask_count; /* calls that wait for that */
    int64_t retry_at; /* ns of CLOCK_MONOTONIC_COARSE */
    struct noted noted[RECORD_NOTES_MAX];
    uint32_t noted_count;
    int has_more_notes; /* the parent was told of that, too */
    uint32_t marking; /* the capability that marks sockets, permitted; 0 = none is marked */
    struct known_socket sockets[KEEPER_SOCKETS];
    uint32_t socket_count, socket_oldest;
    struct record_who *who; /* with RECORD_MARKS */
    uint32_t untold; /* refusals for which the parent's socket had no room */
    struct told_memory *told; /* NULL = nobody is told of refusals */
    struct seen seen;
};

/* The buffer for the next path that the present call names. */
static inline char *seen_next(struct keeper *keeper)
{
    struct seen_name *name = &keeper->seen.names[keeper->seen.count];

    keeper->seen.count += keeper->seen.count < 2;
    name->is_resolved = name->is_there = 0;
    name->from = AT_FDCWD;
    name->named[0] = name->name[0] = '\0';
    return name->named;
}

/* That of which the present call looks for its place. */
static inline struct seen_name *seen_now(struct keeper *keeper)
{
    return &keeper->seen.names[keeper->seen.count ? keeper->seen.count - 1 : 2];
}

/* One call of a contained thread, as the kernel hands it over. */
struct call {
    uint64_t id;
    uint32_t tid; /* in the container's pid namespace, which is the keeper's own */
    int number;
    const uint64_t *args;
};

/* What a handler comes to: negative errno, 0, or one of these. */
#define KEEPER_ANSWERED 1 /* the caller has its answer already, or gets it later */
#define KEEPER_CONTINUE 2 /* the kernel goes on with the call itself: only where no memory of the caller is read */

/* Where a name is, or would be. */
struct place {
    int parent;         /* O_PATH of its directory, PARENT_HERE = the keeper's working directory, PARENT_NONE = the
                           object was named by a descriptor, or by "." or ".." */
    int object;         /* O_PATH of what is there, -1 = nothing, or nobody looked (PLACE_NAME) */
    int has_slash;      /* written with a slash behind it: only a directory will do */
    int is_proc;        /* in a part of /proc that the caller may open */
    int is_foreign;     /* and that is another process's */
    uint32_t mode;      /* type and permissions of the object */
    int is_read_only;   /* reached through a descriptor of the caller's (/proc/self/fd/N) that cannot write */
    int is_handed;      /* reached through one that can write */
    int is_outside;     /* and no mount of the container's leads there: a file of the host that the program was given */
    int is_bare;        /* a name in a sandbox's own mounts that is acted on by name: place_look() enters no mount on it */
    uint64_t rdev;      /* major << 32 | minor of a device */
    struct names_at at; /* of the name itself */
    char name[NAME_MAX + 1];
};

#define PARENT_NONE (-1)
#define PARENT_HERE AT_FDCWD

enum place_flag {
    PLACE_FOLLOW = 1 << 0, /* a symbolic link at the end leads on */
    PLACE_NEW = 1 << 1,    /* nothing need be there */
    PLACE_EMPTY = 1 << 2,  /* AT_EMPTY_PATH: "" is the descriptor itself */
    PLACE_NAME = 1 << 3,   /* do not look at the object: place_look() does when it matters */
    PLACE_AGAIN = 1 << 5,  /* through no magic link and not on /proc: the kernel may resolve the path once more */
    PLACE_HERE = 1 << 4,   /* with PLACE_NAME: enter the directory instead of opening it; one place at a time */
};

/* walk.c: as place_find(), for a caller that does not see the container's own tree. `path` is taken apart. */
long walk_find(struct keeper *keeper, const struct call *call, int directory, char path[PATH_MAX], int flags,
               struct place *place);

/* caller.c: what can be learnt about the caller. */
long caller_text(const struct call *call, uint64_t address, char text[PATH_MAX]);
long caller_bytes(const struct call *call, uint64_t address, void *bytes, size_t size);
long caller_put(const struct call *call, uint64_t address, const void *bytes, size_t size);
long caller_descriptor(const struct keeper *keeper, const struct call *call, int fd);
/* An O_PATH descriptor of directory `path`, relative to one of the caller's (or AT_FDCWD); or entered, and 0. */
long caller_directory(const struct keeper *keeper, const struct call *call, int fd, const char *path, int is_entered);
long caller_group(const struct keeper *keeper, const struct call *call);
long caller_group_inside(const struct keeper *keeper, const struct call *call);
long caller_group_of(const struct keeper *keeper, uint32_t tid);
/* A file of /proc/TID, as much as there is room for and a zero behind it. */
long caller_read(const struct keeper *keeper, uint32_t tid, const char *file, char *text, size_t size);
/* What a link of /proc/TID says, without a zero; `number` (-1 = none) goes behind `file`. */
long caller_link(const struct keeper *keeper, uint32_t tid, const char *file, long number, char *text, size_t size);
/* Is process 1 its parent? */
int caller_is_first(const struct keeper *keeper, const struct call *call);
long caller_terminal(const struct keeper *keeper, const struct call *call);
/* In its own user namespace, effective. */
int caller_has_capability(const struct keeper *keeper, const struct call *call, unsigned capability);
/* Would the kernel let the caller look into this process, as far as kinship decides? */
int caller_may_trace(const struct keeper *keeper, const struct call *call, long process);
void caller_take_mask(struct keeper *keeper, const struct call *call);
void caller_forget_masks(struct keeper *keeper);

/* place.c: on success the caller gives the place back with place_leave(). */
long place_find(struct keeper *keeper, const struct call *call, int directory, const char *path, int flags,
                struct place *ret_place);
/* The same for a new name, from one directory of the caller's and through no magic link: the kernel may resolve it again. */
long place_find_again(struct keeper *keeper, const struct call *call, int from, const char *path, struct place *ret_place);
void place_leave(struct place *place);
/* Look at the object after all; nothing being there is no failure. -EBUSY = something is mounted on it (is_bare). */
long place_look(struct place *place);
/* O_PATH of what a name in a directory means; with is_bare -EBUSY where something is mounted on it. */
long place_open(int directory, const char *name, int is_bare);
int place_is_dots(const char *name); /* "." or ".." */

/* staying.c. Remember what was just made, as long as its stamp does not tell it from what was there. */
void place_note_new(struct keeper *keeper, int object);
/* -EACCES when its name, or what is there, must stay as it is. */
long place_check(const struct keeper *keeper, struct place *place);
/* Does a directory that moves from one name to another bring something under a pattern, or out of it? */
long place_check_move(const struct keeper *keeper, struct place *from, const struct names_at *to);
/* place.c: the length of the name that the kernel gives a descriptor; 0 where it has none: a pipe, a socket. */
long place_text(const struct keeper *keeper, int fd, char text[PATH_MAX]);
/* The name of the object in keeper->own, for calls that follow it. */
const char *place_again(int object, char text[24]);

/* sticky.c: the kernel's rules for what others put into directories that all may write; 0 or -EACCES. */
long sticky_check_open(const struct keeper *keeper, const struct place *place, int flags);
long sticky_check_link(const struct keeper *keeper, int directory, int link);

/* notes.c. Before the act: if the name is noted, tell the parent of its directory. Negative: it must not be done. */
long notes_take(struct keeper *keeper, const struct call *call, const struct place *place);

/* changes.c. Before the act: who is about to change this name. notes_take() does it where a name is made or changed. */
void changes_take(struct keeper *keeper, const struct call *call, const struct place *place);
void changes_take_rename(struct keeper *keeper, const struct call *call, const struct place *from, const struct place *to);

/* opening.c, changing.c, sockets.c: the calls. -EAGAIN of an _again() = not yet. */
long opening_handle(struct keeper *keeper, const struct call *call);
long opening_give(const struct keeper *keeper, uint64_t id, long fd, int flags); /* takes the descriptor */
long opening_again(const struct keeper *keeper, struct waiting *waiting);
long changing_handle(struct keeper *keeper, const struct call *call);
long attributes_handle(struct keeper *keeper, const struct call *call); /* attributes.c */
long sockets_handle(struct keeper *keeper, const struct call *call);
long sockets_again(struct keeper *keeper, const struct waiting *waiting);
long datagrams_handle(struct keeper *keeper, const struct call *call); /* datagrams.c */

/* marks.c: say on a socket who connects it; nothing to do where no gateway asks. */
void marks_prepare(struct init *init, struct keeper *keeper);
void marks_confine(struct init *init);
long marks_set(struct keeper *keeper, const struct call *call, struct waiting *waiting); /* its socket */
/* The process that the calling thread belongs to. Negative = it is gone. */
long marks_process(const struct keeper *keeper, const struct call *call);

/* telling.c: what the parent hears of connections. Never waits for it. */
void telling_process(struct keeper *keeper, const struct call *call, uint32_t process);
/* `status` is what connect() came to. `call` is NULL where the mark says all that will be known. */
void telling_result(struct keeper *keeper, const struct call *call, const struct waiting *waiting, const void *name,
                    size_t length, long status);

/* place.c, for walk.c */
long place_take_proc(struct keeper *keeper, const struct call *call, char name[PATH_MAX], int *fd, int *ret_is_foreign);
long place_follow_proc(struct keeper *keeper, const struct call *call, struct place *place);
long place_split(char *path, struct place *place, const char **ret_directory);
long place_name_object(struct keeper *keeper, const struct call *call, struct place *place);

/* errand.c: by a process that enters the caller's namespaces. */
long errand_mount(struct keeper *keeper, const struct call *call);
long errand_open(struct keeper *keeper, const struct call *call); /* openat2(); -ENOSYS where it is not for sandboxes */
long errand_open_map(struct keeper *keeper, const struct call *call, const struct place *place, int flags);

/*
 * asking.c: does the call, which would be refused so, wait until somebody was asked? `denied`: what it comes to otherwise, an
 * errno or KEEPER_CONTINUE.
 */
void asking_open(struct init *init, struct keeper *keeper);
int asking_hold(struct keeper *keeper, const struct call *call, enum told_source source, long errnum, long denied);
void asking_step(struct keeper *keeper, int has_answers);

/* (entry, argument, stack, flags): a thread that begins in entry(argument); the new thread's number. */
long thread_start(void (*entry)(void *), void *argument, void *stack, unsigned long flags);

/* waiting.c: -EAGAIN when too many wait; else the descriptors are taken over. */
long waiting_add(struct keeper *keeper, const struct waiting *waiting);
/* 1 when a call came in meanwhile, 0 when not, negative when there will be no more. */
long waiting_poll(struct keeper *keeper);

struct facts;

/*
 * absent.c: does one of the names of the present call lead to something that is not there, in a directory of the plan's own? The
 * name is resolved up to there then. With `is_made` the name itself need not be there, but its directory.
 */
int absent_is_of_plan(struct keeper *keeper, const struct call *call, uint32_t which, int is_followed, int is_made);

/* absent.c: what is seen of a name that something denied is in the way of becomes where it leads, as far as it can be followed. */
void refused_find(struct keeper *keeper, const struct call *call, uint32_t which, int is_followed);

/* seen.c: all names of a call that is refused, and where they lead; does a link at the end of them lead on? */
void seen_complete(struct keeper *keeper, const struct call *call, enum told_source source, int is_followed);

/*
 * filter_answer.c: the negative errno with which the filter refuses a call that it hands over to be told of; else 0. Is it handed
 * over only to be looked at?
 */
long filter_answer(const struct record *record, const struct seccomp_data *data, int *ret_is_watched);

/* refusals.c: tell the parent of a call that is refused, before its caller goes on. Never waits. */
void refusals_tell(struct keeper *keeper, const struct call *call, enum told_source source, long status);
/* For the void's thread, which has a `keeper` of its own with no more than `told`, `control` and `proc`. `flags`: enum told_flag. */
void refusals_tell_of_void(struct keeper *keeper, const struct call *call, long status, unsigned flags, const char *named,
                           const char *path);
/* That it would be refused, and waits for an answer. 0 = there is no room to say so. */
int refusals_ask(struct keeper *keeper, const struct call *call, enum told_source source, long errnum);
void refusals_lose(struct keeper *keeper, enum told_source source);

/* The same of what is let through, or came to nothing (`errnum`), so many times: with less about its caller. */
void refusals_tell_use(struct keeper *keeper, const struct call *call, const struct facts *facts, enum told_source source,
                       int errnum, uint64_t count);

/* watching.c, where everything is watched: the kernel goes on with what is only looked at. Before and after what is done here. */
int watching_look(struct keeper *keeper, const struct call *call); /* 1 = it waits for an answer (asking.c) */
void watching_begin(struct keeper *keeper, const struct call *call);
void watching_end(struct keeper *keeper, const struct call *call);

/* facts.c: who the caller is, for the parent. */
struct facts {
    uint32_t tid;
    int64_t second;               /* when that was found out, 0 = never */
    uint64_t start, stack, words; /* of the thread, and where its program lies in memory: another program lies elsewhere */
    uint32_t process, parent_count, parents[TOLD_PARENTS];
    int is_cut;
    uint16_t exe_length, command_length, parent_lengths[TOLD_PARENTS];
    char exe[TOLD_TEXT_MAX + 1], command[TOLD_TEXT_MAX + 1], parent_exes[TOLD_PARENTS][TOLD_EXE_MAX + 1];
};
const struct facts *facts_of(const struct keeper *keeper, const struct call *call);

/* keeper.c, for the files above */
long keeper_refuses(long status); /* `status`, which is a decision of the keeper's own */
long keeper_refuses_by(long status, enum told_layer layer); /* or what the kernel says to it */
void keeper_settle(void); /* for process 1, when nothing is left that could ask: what is being said is said */
uint32_t keeper_untold(void); /* for process 1, when nothing is left that could connect */
int keeper_setting(const char *path); /* a digit of /proc/sys: 0 where this kernel has none, 3 where it cannot be read */
void keeper_set_tracing(int is_on); /* CAP_SYS_PTRACE, effective or not */
void keeper_set_marking(uint32_t right); /* that and this right effective; what `marking` does not hold is given up */
/* The number that the caller has it under; with goes_on the caller is told so and goes on. */
long keeper_give(const struct keeper *keeper, uint64_t id, int fd, int is_closed_on_exec, int goes_on);

/* self.c: `name` (of a socket, zeros behind it) is that of questions that the program asks: which, 0 = of none. Then 0 or a negative errno. */
enum { SELF_ASKS = 1 /* about itself */, SELF_NESTS /* for a container inside */ };
int self_is_meant(const struct keeper *keeper, const char *name);
long self_connect(const struct keeper *keeper, const struct call *call, int meant);
void keeper_answer(const struct keeper *keeper, uint64_t id, long result, int goes_on);

#endif
