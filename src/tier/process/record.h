/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the launching process tells cordon-init: how to begin, then one flat image in a sealed memfd, and the messages
 * that both exchange over a SOCK_SEQPACKET pair. Shared by the library and the freestanding init, so only fixed-size types.
 *
 * All offsets are bytes from the start of the record; 0 means absent. Strings are NUL-terminated.
 */
#ifndef CORDON_TIER_PROCESS_RECORD_H
#define CORDON_TIER_PROCESS_RECORD_H

#include <stdint.h>

#define RECORD_MAGIC 0x31647243u /* "Crd1" */
#define RECORD_SIZE_MAX (16u << 20)

#define FILTER_TOLD 0x4000 /* in what the filter's program returns beside an errno: who has the listener answers with it, and
                              tells. Taken out before the program is loaded; larger than each errno */
#define FILTER_START 0xc0de57a7u /* stands in the filter for a number that process 1 draws: execve() with it as a fourth argument, which
                                    the kernel does not read, is the one by which the program begins. Nobody could look at it yet */
#define FILTER_STARTER 0xc0de57a8u /* the same for the number of the thread that starts programs (RECORD_STANDS), inside */
#define FILTER_WATCHED 0x2000 /* the same beside what is allowed: who has the listener looks, and the kernel goes on */

#define RECORD_STREAMS 3 /* standard streams */
#define RECORD_SERVED_MAX 65536 /* bytes of a file of the served directory */
#define RECORD_FDS_MAX (4 + RECORD_STREAMS) /* of MESSAGE_RECORD */
#define RECORD_GRANTS_MAX 64 /* descriptors in one packet of MESSAGE_GRANTS' socket, whose 4 bytes are their number */
#define RECORD_VOID_NODES_MAX 16384 /* entries of the void */
#define VOID_TID 3 /* its second one, where there is a void */
#define RECORD_REVIEWED_MAX 64 /* directories with RECORD_REVIEWED */
#define RECORD_SELF_NAME "/run/cordon/self" /* what a program connects to, there or not, to ask about itself */
#define RECORD_NEST_NAME "/run/cordon/containers" /* the same, to ask for a container inside */
#define KEEPER_TID 2 /* the first thread that process 1 makes; it makes no process before */

enum record_flag {
    RECORD_LOOPBACK = 1 << 0,   /* bring lo up in the network namespace */
    RECORD_TTY = 1 << 1,        /* a terminal of the container's own devpts as 0, 1, 2 */
    RECORD_KEEPER = 1 << 2,     /* a thread makes the calls that the filter hands over, and starts the program */
    RECORD_WAIT_GO = 1 << 3,    /* execute nothing before the parent says so (it joins cgroups meanwhile) */
    RECORD_LANDLOCK = 1 << 4,
    RECORD_NESTED = 1 << 5,     /* leave new user namespaces possible, and keep names in them */
    RECORD_FOLD = 1 << 6,       /* kept names are compared without letter case */
    RECORD_DROP_GROUPS = 1 << 8, /* in place: give up supplementary groups */
    RECORD_OWN_FORMATS = 1 << 9, /* an empty table of program formats (binfmt_misc) in the new user namespace */
    RECORD_NETWORK = 1 << 10,    /* a network namespace of its own */
    RECORD_DATAGRAMS = 1 << 11,  /* Unix datagram sockets may send to names */
    RECORD_HAND_NETWORK = 1 << 12, /* MESSAGE_NETWORK as soon as there is a network namespace; needs RECORD_WAIT_GO */
    RECORD_MARKS = 1 << 13,        /* the keeper marks what it connects (init/marks.c), and tells who it is: needs RECORD_KEEPER,
                                      and struct record_who as the second descriptor of MESSAGE_RECORD */
    RECORD_TELLS = 1 << 14,        /* the keeper tells what is refused (init/telling.c); needs RECORD_KEEPER */
    RECORD_TOLD = 1 << 15,         /* refusals are told in struct told_memory (told.h), the last descriptor of MESSAGE_RECORD
                                      before the streams; the filter marks what it refuses (FILTER_TOLD); needs somebody who
                                      has the filter's listener */
    RECORD_ASKS = 1 << 17,         /* somebody is asked before an open() is refused (init/asking.c); needs RECORD_KEEPER, RECORD_TOLD */
    RECORD_SOURCES = 1 << 19,      /* what is bound are names in a tree that came as the last descriptor of MESSAGE_RECORD before the
                                      streams (open_tree(2)), not the host's */
    RECORD_NESTS = 1 << 20,        /* the program may ask for containers by RECORD_NEST_NAME; needs RECORD_KEEPER */
    RECORD_WATCHED = 1 << 16,      /* what is let through is told as well (init/watching.c); needs RECORD_KEEPER, RECORD_TOLD */
    RECORD_STANDS = 1 << 18,       /* no program: a thread waits to start those that MESSAGE_EXEC brings (init/starter.c) */
    RECORD_UNSEALED = 1 << 21,     /* Landlock and the filter come with MESSAGE_SEAL; needs RECORD_STANDS */
};

enum begin_flag {
    BEGIN_MAPPED = 1 << 0,   /* the parent wrote the id maps; supplementary groups can be dropped */
    BEGIN_SYSTEM = 1 << 1,   /* /dev and /proc are made before the record comes */
    BEGIN_VOID = 1 << 3,     /* the void is a file system where it can be had (init/void.c) */
    BEGIN_IN_PLACE = 1 << 2, /* no namespace: in the host's own tree (init/in_place.c) */
    BEGIN_GIVEN = 1 << 4,    /* the id maps are written, and uid, gid and groups are what they should be */
};

/* What init knows before there is a plan: the first thing that the parent sends. */
struct begin {
    uint32_t magic;
    uint32_t flags;
    uint32_t uid, gid;
    uint32_t fd_count; /* ascending, all above 2: kept open for the program */
    int32_t fds[64];
};

enum record_mount_flag {
    RECORD_WRITABLE = 1 << 0,
    RECORD_DIRECTORY = 1 << 1,
    RECORD_DEVICE = 1 << 2,   /* keep nodev off */
    RECORD_NOEXEC = 1 << 3,
    RECORD_IN_SKELETON = 1 << 4, /* the mount point is ours to make */
    RECORD_SEALED = 1 << 5,      /* of a directory: a cover wherever it lies, read-only in the end */
    RECORD_SOCKET = 1 << 6,      /* a socket of the host that may be connected to */
    RECORD_HOME = 1 << 7,        /* of a private directory: what the host's holds is looked for in it */
    RECORD_REVIEWED = 1 << 8,    /* changes go to `review` of the record, the host's directory is only read */
};

/* Values of enum plan_mount_kind. */
struct record_mount {
    uint32_t kind;
    uint32_t flags;
    uint32_t source; /* offset of a string: a path, or the text of a link or a file */
    uint32_t target; /* offset of a string, absolute */
    uint32_t mode;
    uint32_t source_size; /* of a file: bytes */
    uint64_t device; /* new_encode_dev() form as statx reports: major << 32 | minor */
    uint64_t inode;
    uint64_t access; /* LANDLOCK_ACCESS_FS_* of the rule for this target, 0 = none */
};

/* A program that rules of the network are about, as it was. The index from 1 stands in a mark above its process. */
struct record_program {
    uint64_t device; /* major << 32 | minor */
    uint64_t inode, size;
    int64_t change_s;
    uint32_t change_ns, unused;
};

#define RECORD_MARK_SHIFT   22
#define RECORD_MARK_PROCESS ((1 << RECORD_MARK_SHIFT) - 1) /* PID_MAX_LIMIT is one more */

enum record_rule_flag {
    RECORD_RULE_METADATA = 1 << 0, /* in place: permissions, owner and times may be changed there */
};

struct record_rule {
    uint32_t target; /* offset of a string */
    uint32_t flags;
    uint64_t access; /* LANDLOCK_ACCESS_FS_* */
    uint64_t device, inode; /* in place: what was checked; 0 = nothing was */
};

/*
 * Patterns over names inside, as one automaton over path components: from a state a component leads to the states of
 * all edges that take it. State 0 is the root directory. What has been covered once stays covered further down.
 */
#define RECORD_STATES_MAX 1024

enum record_name_kind {
    RECORD_NAME_KEPT = 1 << 0, /* never made, changed, renamed or removed */
    RECORD_NAME_OLD = 1 << 1,  /* the same where it was there before the container; a new one may be made and changed */
    RECORD_NAME_NOTED = 1 << 2, /* MESSAGE_NOTED is sent when it is made or changed; holds for this name, not below it */
    RECORD_NAME_PART = 1 << 3,  /* the same where it is one of "config", "objects" and "refs" and all three are there */
};

#define RECORD_NAME_SHUT (RECORD_NAME_KEPT | RECORD_NAME_OLD)
#define RECORD_NOTES_MAX 32 /* messages of that kind; one more says that there was more */

#define RECORD_RUNS_OVER_VOID 1 /* with BEGIN_VOID: what is looked for in the home is seen, too */

/* What was noted of a directory: MESSAGE_NOTED, `kind`. */
enum record_note {
    RECORD_NOTE_NAME = 1, /* a name that is noted wherever it lies */
    RECORD_NOTE_PARTS,    /* "config", "objects" and "refs" */
    RECORD_NOTE_MORE,     /* something that found no room; without a directory */
};

struct record_state {
    uint32_t edges, edge_count; /* index of the first one */
    uint32_t skip;              /* a state that is entered along with this one, 0 = none */
    uint32_t also, also_count;  /* the same for many: indices into `record.also` */
    uint32_t kinds;             /* enum record_name_kind of the patterns that end here */
    uint32_t stays;             /* any component leads back here: a double star */
};

struct record_edge {
    uint32_t name, length; /* offset of a string, not NUL-terminated: one component of a pattern */
    uint32_t is_wild;
    uint32_t to;
};

struct record_limit {
    uint32_t resource; /* RLIMIT_* */
    uint32_t unused;
    uint64_t value;
};

struct record {
    uint32_t magic, size;
    uint32_t flags;
    uint32_t mounts, mount_count;
    uint32_t rules, rule_count;
    uint32_t programs, program_count; /* struct record_program */
    uint32_t states, state_count; /* none: no names are kept */
    uint32_t edges, edge_count;
    uint32_t also; /* uint32_t each, a state */
    uint32_t limits, limit_count;
    uint32_t filter, filter_count; /* struct sock_filter */
    uint32_t argv, argc;           /* uint64_t offsets, then a zero; one free slot before the first */
    uint32_t envp, env_count;      /* uint64_t offsets, then a zero */
    uint32_t cwd;                  /* entered before the program runs */
    uint32_t search_path;          /* PATH of the program's environment, for argv[0] without a slash */
    uint32_t hostname;
    uint32_t landlock_restrict_flags;
    uint32_t landlock_size;        /* bytes of the ruleset attribute that this kernel knows */
    uint64_t landlock_fs, landlock_net, landlock_scoped;
    uint64_t private_bytes;        /* size of the private file system, 0 = the kernel's default */
    uint16_t rows, columns;
    uint32_t null_streams; /* bit N: standard stream N is the container's own /dev/null */
    uint32_t capability_last;      /* highest capability of this kernel */
    uint32_t scratch, scratch_parent; /* in place: the directory of this run, 0 = none, and the one that it is in */
    uint32_t review;                  /* directory with N/upper and N/work for the Nth RECORD_REVIEWED, and the log of changes; 0 = none */
    uint32_t ask_ms;                  /* with RECORD_ASKS: so long its caller waits */
    uint32_t scratch_below;           /* uint64_t offsets, then a zero: names of the directories in it */
};

enum message_type {
    MESSAGE_ERROR = 1, /* init -> parent: set-up failed; action, object and errnum say what */
    MESSAGE_RECORD = 2, /* parent -> init: SCM_RIGHTS: the record, with RECORD_MARKS and with RECORD_TOLD another, each standard
                           stream that is not null */
    MESSAGE_GO = 3,    /* parent -> init */
    MESSAGE_TTY = 4,   /* init -> parent: with the master as SCM_RIGHTS; `program` */
    MESSAGE_READY = 5, /* init -> parent: everything is set up, only MESSAGE_GO is awaited */
    MESSAGE_RUNNING = 6, /* init -> parent: the program was executed, or with RECORD_STANDS can be; in place, where numbers are the host's, `value` is its process;
                            `kind` may be RECORD_RUNS_OVER_VOID */
    MESSAGE_EXITED = 7,  /* init -> parent: the whole tree is gone */
    MESSAGE_SIGNAL = 8,  /* parent -> init: to the process group of `program`; 0 = of the program that the record names, or of all */
    MESSAGE_NOTED = 9,   /* init -> parent: with the directory (O_PATH) as SCM_RIGHTS */
    MESSAGE_NETWORK = 10, /* parent -> init, before the record: make one; init -> parent: with the namespace as SCM_RIGHTS */
    MESSAGE_REFUSED = 11, /* init -> parent: the kernel refused a connection, `value` is the errno; without RECORD_MARKS
                             `object` is what the process executes */
    MESSAGE_SELF = 13,    /* init -> parent: with one end of a socket pair as SCM_RIGHTS, whose other end asks about itself, or
                             with `kind` 1 for containers */
    MESSAGE_ASKS = 14,    /* init -> parent: with one end of a socket pair as SCM_RIGHTS, by which it is answered (asks.h) */
    MESSAGE_UNASKED = 15, /* init -> parent: nobody waits for the answer `ask` any more */
    MESSAGE_EXEC = 16,    /* parent -> init, with RECORD_STANDS: SCM_RIGHTS: struct record_exec, each stream that is not null, each kept
                             descriptor; `program` is a number that was not used yet */
    MESSAGE_STARTED = 17, /* init -> parent: `program` was executed, `value` is its process inside */
    MESSAGE_UNSTARTED = 18, /* init -> parent: `program` was not; as MESSAGE_ERROR, and nothing of it is left */
    MESSAGE_ENDED = 19,   /* init -> parent: the first process of `program` has ended, with what it and those that it waited for used */
    MESSAGE_SERVE = 21,   /* parent -> init, once it has the record: what file `program` of the served directory holds from now on (enum
                             plan_served), as SCM_RIGHTS */
    MESSAGE_END = 20,     /* parent -> init, with RECORD_STANDS: end everything, then MESSAGE_EXITED */
    MESSAGE_UNSEALED = 23, /* init -> parent, with RECORD_UNSEALED: everything else is set up, MESSAGE_SEAL is awaited */
    MESSAGE_SEAL = 24,    /* parent -> init: SCM_RIGHTS: what may be opened again by name as well; no more than RECORD_STREAMS */
    MESSAGE_GRANTS = 40,  /* parent -> init, before the record: with a socket (SCM_RIGHTS) that holds a detached mount for each
                             bind of the record that is no device, in order: by its path process 1 could not reach it */
    MESSAGE_TOLD = 12,    /* init -> parent: there is more in struct told_memory; with a descriptor (SCM_RIGHTS) of the process
                             that is number `value` inside, once for each that is told of */
};

/*
 * What processes executed when they last connected, in memory that init writes and the parent reads: the slot is the process's
 * number modulo the count. Odd `turn`: it is being written.
 */
#define RECORD_WHO_COUNT 1024
#define RECORD_EXE_SIZE  372

struct record_who {
    uint32_t turn;
    uint32_t process; /* in the container's numbers, 0 = none */
    uint32_t length;  /* of the path, which no zero ends */
    char exe[RECORD_EXE_SIZE];
};

/* Of MESSAGE_REFUSED and, for `lost` alone, MESSAGE_EXITED. */
struct record_refusal {
    uint32_t process;  /* in the container's numbers, 0 = not known */
    uint32_t program;  /* as in its mark */
    uint32_t protocol; /* IPPROTO_*, 0 = not known */
    uint32_t lost;     /* refusals that found no room since those of the message before */
    uint16_t family, port;
    uint8_t address[16]; /* IPv4: the first four */
};

/* A program for a container that stands. */
#define RECORD_EXEC_MAGIC 0x78647243u /* "Crdx" */
#define RECORD_EXEC_KEPT_MAX 64
#define RECORD_EXEC_FDS_MAX (1 + RECORD_STREAMS + RECORD_EXEC_KEPT_MAX) /* of MESSAGE_EXEC */
#define RECORD_PROGRAMS_MAX 256 /* that run at a time in one container */
#define RECORD_STARTING_S   10  /* a program that was not executed by then (it can be stopped by others in the container) is ended */

enum record_exec_flag {
    EXEC_TTY = 1 << 0,    /* a terminal of the container's own devpts as 0, 1, 2 */
    EXEC_MAIN = 1 << 1,   /* its end is that of the container */
    EXEC_BEGINS = 1 << 2, /* the container begins now, for what there was before it (RECORD_NAME_OLD) */
};

struct record_exec {
    uint32_t magic, size;
    uint32_t flags;        /* enum record_exec_flag */
    uint32_t null_streams; /* bit N: standard stream N is the container's own /dev/null */
    uint32_t argv, argc;   /* as in struct record */
    uint32_t envp, env_count;
    uint32_t cwd, search_path;
    uint16_t rows, columns;
    uint32_t fd_count; /* ascending, all above 2 */
    int32_t fds[RECORD_EXEC_KEPT_MAX];
};

struct message {
    uint32_t type;
    uint32_t kind;   /* MESSAGE_ERROR: enum error_kind; MESSAGE_NOTED: enum record_note */
    int32_t value;   /* errno, signal number, or exit status as wait() gives it */
    uint32_t program; /* its number, of messages about one of several */
    union {
        struct {
            uint64_t user_us, system_us, max_rss_bytes;
        };
        uint64_t ask;
    };
    union {
        char action[96]; /* "mount", "enter working directory" */
        struct record_refusal refusal;
    };
    char object[368]; /* what it was done to, cut when too long */
};

#endif
