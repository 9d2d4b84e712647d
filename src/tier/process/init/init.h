/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of cordon-init share. */
#ifndef CORDON_TIER_PROCESS_INIT_INIT_H
#define CORDON_TIER_PROCESS_INIT_INIT_H

#include "tier/process/init/sys.h"
#include "tier/process/record.h"
#include "tier/process/told.h"

struct init {
    struct begin begin;
    const struct record *record; /* NULL until record_receive() */
    struct record_who *who;      /* RECORD_WHO_COUNT of them, with RECORD_MARKS */
    struct told_memory *told;    /* with RECORD_TOLD */
    int sources;       /* with RECORD_SOURCES: the tree that is bound from, mounted over "/"; -1 = the host's */
    int changes;       /* log of a reviewed run, -1 = none */
    int limits;        /* the directory of how many namespaces there may be, in the container's own /proc; -1 = it has none yet */
    int control;       /* socket to the launching process; its end-of-file ends the container */
    int ruleset;       /* Landlock, -1 = none */
    int tty;           /* slave side, -1 = none */
    int master;        /* master side until the parent has it, and for the foreground group of the terminal */
    int signals;       /* signalfd for SIGCHLD */
    int grants;        /* what is granted comes by it (granted.c), -1 = it is opened by its path */
    int guard;         /* in place: pipe of the guard, whose death closes it; -1 = none */
    int has_scratch;   /* in place: the directory of this run was made */
    uint64_t scratch_device, scratch_inode; /* in place: which one that is */
    int is_scoped;     /* in place: kill(-1) reaches the container alone */
    int resumes;       /* how often SIGCONT is still to be said */
    int report;        /* of a program that begins, in its own copy of this: where a failure goes */
    uint32_t resumed;  /* to which program, where the container stands; 0 = all */
    long program;      /* pid of the program */
    uint32_t start;    /* with RECORD_WATCHED: what FILTER_START stands for */
    uint32_t error_kind; /* of init_fail(), ERROR_SYSTEM unless the program itself is at fault */

    /* How a failure is told; the program's process, which must not talk to the parent, has its own way. */
    void (*on_fail)(struct init *init, const char *action, const char *object, long errnum);
};

/* String at an offset of the record. */
static inline const char *init_string(const struct init *init, uint32_t offset)
{
    return (const char *)init->record + offset;
}

/* Tell the parent what failed, with the positive errno, and end the container. */
void init_fail(struct init *init, const char *action, const char *object, long errnum)
    __attribute__((noreturn));

/* Does a thread make the calls that the filter hands over, and start the program? */
static inline int init_has_keeper(const struct init *init)
{
    return (init->record->flags & RECORD_KEEPER) != 0;
}

static inline int init_is_in_place(const struct init *init)
{
    return (init->begin.flags & BEGIN_IN_PLACE) != 0;
}

/* `result` if it is not negative; otherwise init_fail(). */
static inline long init_need(struct init *init, long result, const char *action, const char *object)
{
    if (result < 0)
        init_fail(init, action, object, -result);
    return result;
}

/* Is it a container without a program of its own? */
static inline int init_stands(const struct init *init)
{
    return (init->record->flags & RECORD_STANDS) != 0;
}

/*
 * Negative errno when it could not be told: -EPIPE or -ECONNRESET when nobody is left; with a descriptor -ETOOMANYREFS when
 * processes of this user, of whatever container, have too many under way.
 */
long message_send(int socket, const struct message *message, int fd);
void init_send(struct init *init, const struct message *message, int fd);
long message_offer(int socket, const struct message *message, int fd); /* at once; -EAGAIN where there is no room */
/* One packet of this size, at once; with the descriptor that came along, or -1. -EAGAIN: there is none; -EBADMSG: it is another, or the end. */
long packet_receive(int socket, void *bytes, size_t size, int *ret_fd);
/* One order of the parent's, with its descriptors, at once. 0, or negative; -ECONNRESET: nobody is left, or it is none. */
long order_receive(int socket, struct message *message, int fds[RECORD_EXEC_FDS_MAX], size_t *ret_count);
void init_await_go(struct init *init);
int served_write(const struct message *order, const int *fds, size_t fd_count); /* served.c: MESSAGE_SERVE; takes the descriptor. 0 = it is none */
/* The same for MESSAGE_SEAL, with RECORD_UNSEALED; returns how many descriptors came with it. */
size_t init_await_seal(struct init *init, int fds[RECORD_EXEC_FDS_MAX]);
void begin_receive(struct init *init);    /* message.c: what is known before there is a plan */

/* A packet of exactly `size` bytes with at most `most` descriptors, and how many came. Waits for nothing. */
long packet_receive_fds(int socket, void *bytes, size_t size, int *ret_fds, size_t most);

/* granted.c: the next detached mount, for what the plan shows as `source`. */
int granted_take(struct init *init, const char *source);

void descriptors_close(struct init *init); /* descriptors.c: everything but 0 to 2, the kept ones and the control socket, which never reaches the program */
void record_receive(struct init *init);   /* message.c: the plan, and the program's standard streams under their numbers */

void identity_enter(struct init *init);   /* identity.c: id maps, groups, keyring */
void identity_complete(struct init *init); /* identity.c: what the plan says of host name, formats and namespaces */
/* second.c: a thread of process 1 that shares memory and signals with it, and what `flags` say */
void thread_make(struct init *init, void (*entry)(void *), unsigned long flags, const char *name);
void thread_separate(struct init *init); /* second.c: from here on its descriptors, working directory and umask are its own */
void second_prepare(struct init *init);   /* second.c: a thread that waits, the first of all */
void second_start(struct init *init);     /* second.c: it makes the network namespace meanwhile */
void second_plan(struct init *init);      /* second.c: the same where the plan wants one; what of it the plan decides */
void second_join_network(struct init *init); /* second.c: and this process enters it */
void second_keep(struct init *init);      /* second.c: keeper_run() in the second thread */
void second_end(struct init *init);       /* second.c: no names are kept, it has nothing more to do */
int tree_begin(struct init *init);        /* tree.c: a root that the plan needs nothing for; to be given to tree_build() */
void tree_build(struct init *init, int root); /* tree.c: the file tree, and nothing else of the host */
void device_dev(struct init *init, int root, const char *target);  /* device.c: private minimal /dev */
void device_name(const char *target); /* device.c: all names of /dev into the void, before anything is mounted there */
void device_proc(struct init *init, int root, const char *target); /* device.c: private /proc */
void rights_prepare(struct init *init);   /* rights.c: an empty Landlock rule set; tree_build() adds a rule per mount */
void rights_await(struct init *init);     /* with RECORD_UNSEALED: rules for descriptors that come now */
void rights_complete(struct init *init);  /* rights.c: rules for what is no mount of its own, and for descriptors */
void rights_add(struct init *init, int fd, uint64_t access, const char *name);
void rights_drop_for_void(struct init *init); /* rights.c: as rights_drop(), of the thread that has no more to do than to look */
void rights_drop(struct init *init);      /* rights.c: capabilities, securebits; what keeping names needs is left */
void rights_drop_last(struct init *init, const char *action); /* rights.c: the rest of the capabilities */
void rights_restrict(struct init *init);  /* rights.c: Landlock, in the process or thread that becomes the program's parent */
int rights_apply(struct init *init);      /* rights.c: in the program's process, last: limits, Landlock, seccomp */
int rights_apply_here(struct init *init); /* rights.c: Landlock and seccomp of the thread that starts programs */
void rights_limit(struct init *init, int is_core); /* rights.c: one of them, or all others */
void terminal_open(struct init *init);    /* terminal.c */
void signals_reset(struct init *init);    /* program.c */
void program_prepare(struct init *init);  /* watch.c */
void program_start(struct init *init);    /* program.c */
char **program_pointers(void *record, uint32_t offset, uint32_t count); /* program.c: offsets of strings become pointers */
/* program.c: looks argv[0] up in `search`; returns only on failure, which program_refusal() makes an error's kind */
long program_execute(const struct init *init, const char *search, char **argv, char **envp);
uint32_t program_refusal(long status);
void signals_unblock(struct init *init); /* program.c */
int program_launch(struct init *init);    /* program.c: the filter's listener, -1 = none; does not return on failure */
void program_tell(struct init *init); /* program.c: the keeper's thread to process 1: the program runs */
void keeper_begins(struct init *init);    /* keeper.c: what the host has by now was there before the container */
void keeper_run(void *init) __attribute__((noreturn)); /* keeper.c: calls program_launch() and keeps names from then on */
void in_place_enter(struct init *init);   /* in_place.c: confine this process where no namespace was made */
void in_place_start(struct init *init) __attribute__((noreturn)); /* in_place.c: supervisor, program */
void in_place_leave(const struct init *init); /* in_place.c: what this process made goes, when it cannot go on */
void in_place_end(struct init *init);     /* in_place.c: every other process of the container is gone, its directory too */
void metadata_start(struct init *init, int listener); /* metadata.c: a thread that answers for permissions, owners, times */
void program_watch(struct init *init) __attribute__((noreturn)); /* watch.c */

/* What a program begins with; stays until its pipe has ended. */
struct launch {
    char **argv, **envp;
    const char *search_path;
    const struct record_exec *record;
    int cwd;    /* O_PATH */
    int report; /* a failure goes there; the starter closes it, and execve() its copy */
    int tty;    /* slave side, -1 = none */
    int streams[RECORD_STREAMS]; /* -1 = /dev/null */
    const int *kept;             /* as many as the record says */
    int pid;      /* 0 = none yet */
    long failure; /* errno, negative: there is no process */
};

/* starter.c: the thread that starts programs where the container stands; called by the thread in whose Landlock domain it shall be */
int starter_make(struct init *init); /* once it is confined: the filter's listener, -1 = none */
void starter_await(struct init *init); /* process 1: the keeper serves, and has the listener for itself */
void starter_ready(struct init *init); /* the keeper says so */
long let_go(long pid, int number);     /* watch.c: by the thread whose child it is */
long starter_let_go(struct init *init, long pid, int number); /* the same by the starter, where it is free */
void starter_start(struct init *init, struct launch *launch); /* process 1: where it is free; what becomes of it shows at the pipe */
int starter_is_free(void);

/* programs.c: programs of a container that stands; all by process 1's first thread */
int programs_order(struct init *init, const struct message *order, int *fds, size_t fd_count); /* MESSAGE_EXEC; takes the descriptors. 0 = broken */
int programs_report(void);             /* to be polled: of the program that begins, -1 = none does */
int programs_step(struct init *init);  /* looks at it, and at the time; once a second is enough. 1 = it was the main one, and has ended */
int programs_status(void);             /* how, as wait() gives it */
struct rusage;
int programs_ended(struct init *init, long pid, int status, const struct rusage *usage); /* 1 = its end is that of the container */
void programs_signal(uint32_t number, int signal_number); /* 0 = all that run */

/* overlay.c: a mount that shows the directory `source`, which it keeps, and takes what is written apart from it. */
int overlay_open(struct init *init, int source, uint64_t attributes, const char *target);
/* O_PATH of the host's object at a name in one of these; negative = there is none. */
int overlay_find(const char *target);
void overlay_end(void); /* the tree stands */
void changes_open(struct init *init); /* changes.c: before the host's root is left */

/* tree.c, for device.c: `target` lies in a directory that no one else can change */
void tree_attach(struct init *init, int fd, int root, const char *target);
/* A directory, mount point or link of ours, with its type in `mode`; -EEXIST where it is there already. */
long tree_make(int root, const char *target, uint32_t mode, const char *text);
void tree_mask_if_readable(struct init *init, int root, const char *target, int is_directory);
void tree_attach_private(struct init *init, int root, const char *target, uint32_t mode);
long tree_clone(int directory, const char *path, uint64_t attributes, int is_recursive);
long tree_new_mount(const char *type, const char *const *options, uint64_t attributes);

#endif
