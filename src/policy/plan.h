/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a tier executes and what explain prints: a flat list of mounts, rules, filters and limits,
 * each with the policy member that it comes from, the mechanism that refuses first and the one that
 * stands behind it.
 */
#ifndef CORDON_POLICY_PLAN_H
#define CORDON_POLICY_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "policy/document.h"

/* A mechanism of this machine. */
enum mechanism {
    BY_NOTHING = 0,
    BY_ABSENCE,   /* not in the file tree: ENOENT */
    BY_MOUNT,     /* read-only or pinned mount: EROFS, EBUSY, EXDEV */
    BY_MODE,      /* prepared inode of mode 000: EACCES */
    BY_LANDLOCK,  /* EACCES, EPERM */
    BY_SECCOMP,   /* EPERM, ENOSYS */
    BY_NAMESPACE, /* user, pid, net, ipc, uts, cgroup namespace */
    BY_CGROUP,
    BY_RLIMIT,
    BY_TMPFS,      /* size of the private file system: ENOSPC */
    BY_SUPERVISOR, /* the process that waits: time, output */
    BY_KERNEL,     /* no_new_privs, securebits, capabilities: EPERM */
    BY_KEEPER,     /* calls that change names are made on behalf by process 1: EACCES */
    BY_GATEWAY,    /* the process that is the only way out: EACCES, ECONNREFUSED, a reset */
    BY_INSPECTOR,  /* the process that reads requests: a refusal with its reason, in HTTP */
    BY_HOLDER,     /* the process that has the values of secrets */
};
const char *mechanism_name(enum mechanism mechanism); /* "mount", "landlock", ... */

enum plan_mount_kind {
    PLAN_DIRECTORY = 1, /* a directory that the plan makes: a mount point's parent in the root
                           skeleton, never writable; the same inside a PLAN_PRIVATE one, writable as
                           that is (is_writable); or, mode 0311, a denied directory below which
                           something is granted, never writable: is_sealed where the tree around
                           it is not sealed itself */
    PLAN_SYMLINK,       /* source = link text */
    PLAN_BIND,          /* host object `source` at `target`, recursively */
    PLAN_PIN, /* as PLAN_BIND with source == target and the access around it: cannot be renamed or
                 removed */
    PLAN_PRIVATE, /* an empty writable directory on the private file system */
    PLAN_MASK,    /* a prepared inode of mode 000 over an object that stays listed, whose identity
                     is `device` and `inode` */
    PLAN_PROC, /* private procfs, covered where a root caller could write or where the host shows */
    PLAN_DEV,  /* private minimal /dev with its own devpts and shm */
    PLAN_FILE, /* a file with the text `source`, read-only, mode 0444, on the private file system */
    PLAN_SERVED, /* a directory that the program reads, and whoever runs it puts files into (tier_ops.serve) */
};
/* What lies in a PLAN_SERVED, by its place in the order of these. */
enum plan_served { PLAN_SERVED_SVID = 0, PLAN_SERVED_BUNDLE, PLAN_SERVED_KEYS, PLAN_SERVED_COUNT };

const char *plan_mount_kind_name(enum plan_mount_kind kind);

/* What a PLAN_FILE holds. What is only known at the start is put there then (plan_put_content()). */
enum plan_content {
    PLAN_TEXT = 0,    /* `source` */
    PLAN_AUTHORITIES, /* the certificates that this host believes, and the container's own authority: PEM */
    PLAN_JAVA_STORE,  /* the same as Java's trust store */
    PLAN_PLACEHOLDER, /* of one of `secrets` (plan_put_placeholder()) */
};

struct plan_mount {
    enum plan_mount_kind kind;
    enum plan_content content; /* PLAN_FILE */
    size_t source_size;        /* PLAN_FILE: bytes of `source`, which may be any; 0 = it is a text */
    const char *target; /* inside, absolute, no symbolic link on the way */
    const char *source; /* host path without symbolic links (PLAN_BIND, PLAN_PIN), link text
                           (PLAN_SYMLINK), text (PLAN_FILE) */
    bool is_writable;
    bool is_directory; /* what source (or the masked object) is */
    bool is_device;    /* a device node granted by `devices`: the mount keeps nodev off */
    bool is_socket;    /* a socket granted by `unixSockets` */
    bool is_noexec; /* never set by default; private /tmp stays executable because compilers need it
                     */
    bool is_reviewed; /* PLAN_BIND of a writable directory: the host's is only read, changes are kept apart until they are
                         committed (plan.review) */
    bool is_sealed; /* PLAN_DIRECTORY: a mount of its own that nobody can write or take away */
    dev_t device;   /* identity of source when it was checked: the tier compares before it mounts */
    ino_t inode;
    mode_t mode;           /* PLAN_DIRECTORY, PLAN_PRIVATE: permission bits */
    enum mechanism first;  /* what refuses first what this entry does not allow */
    enum mechanism behind; /* what stands behind it, BY_NOTHING where nothing does */
    const struct origin *origin;
};

/* Rights below a path, for the second file layer. */
struct plan_rule {
    const char *target; /* inside */
    bool may_write;
    bool may_execute;
    bool is_device;
    const struct origin *origin;
};

/* A pattern over names inside that holds for what exists and for what does not exist yet. */
enum plan_name_kind {
    PLAN_NAME_KEPT = 1, /* never made, changed, renamed or removed */
    PLAN_NAME_OLD,      /* the same where it was there before; a new one may be made */
    PLAN_NAME_NOTED,    /* may be made and changed; the tier says in the end in which directory that was */
    PLAN_NAME_PART,     /* the same where "config", "objects" and "refs" are together, which makes a repository */
};
const char *plan_name_kind_name(enum plan_name_kind kind); /* "kept", "old", "noted", "part" */

struct plan_name {
    const char *pattern; /* absolute, as in base/glob.h */
    enum plan_name_kind kind;
    const struct origin *origin;
};

/* What stands between the program and the host. */
enum plan_wall {
    PLAN_WALL_NAMESPACES = 0, /* a file tree and namespaces of its own, Landlock and seccomp behind them */
    PLAN_WALL_LANDLOCK,       /* none can be made: in the host's own tree, confined by Landlock and seccomp alone */
};
const char *plan_wall_name(enum plan_wall wall); /* "namespaces", "landlock" */

/* A variable that names a directory made for this run and removed at its end (PLAN_WALL_LANDLOCK). */
struct plan_private {
    const char *variable; /* "HOME" */
    const char *below;    /* name of the directory in the run's own */
};

enum plan_network {
    PLAN_NET_NONE = 0, /* own network namespace, nothing up, inet families refused */
    PLAN_NET_LOOPBACK, /* own network namespace, lo up */
    PLAN_NET_HOST,     /* the host's network */
    PLAN_NET_GATEWAY,  /* own network namespace, lo up; the gateway is the only way out and in (net_rules) */
};

/* A line of net_rules with the member that it comes from. */
enum plan_way_kind {
    PLAN_WAY_DEFAULT = 1, /* egress.default: allow */
    PLAN_WAY_ALLOW,
    PLAN_WAY_DENY,
    PLAN_WAY_BUDGET,  /* network.budget */
    PLAN_WAY_INWARD,  /* from the host's loopback to a listener inside */
    PLAN_WAY_OUTWARD, /* from the container's loopback to the host's */
};

struct plan_way {
    enum plan_way_kind kind;
    bool is_limit;               /* ALLOW of a ceiling: nothing else, and this only where a request allows it too */
    const struct net_rule *rule; /* ALLOW, DENY */
    const struct net_budget *budget; /* BUDGET */
    uint16_t port, to_port;      /* INWARD, OUTWARD: as in struct net_door */
    const struct origin *origin;
};

/*
 * A credential that the program uses and never sees. The value is not here and is not known while a policy is compiled: who
 * starts the container reads it, makes a placeholder and puts that in its place (plan_put_placeholder()).
 */
#define PLAN_SECRET_TIMEOUT_MS 30000 /* for a command */

struct plan_secret {
    const char *name;
    enum secret_source source;
    const char *text;     /* name of a variable, real path of a file, description of a key; NULL with a command */
    dev_t device;         /* SECRET_FILE: the identity that was checked; */
    ino_t inode;          /*   whoever opens it refuses symbolic links and compares */
    const char **command; /* SECRET_COMMAND: absolute program (checked), arguments, NULL; to be run in "/", with no input */
    const char *variable; /* inside, that holds the placeholder; NULL = the file does */
    const char *file;     /* inside: target of one of `mounts`, a PLAN_FILE */
    const char *prefix;   /* of the placeholder; "" = none */
    const char **hosts;   /* canonical */
    size_t host_count;
    struct net_secret_field *fields;
    size_t field_count;
    const char *where;
    const struct origin *origin;
};

/* A file of certificates (PEM) that servers are believed by, where TLS is opened. */
struct plan_authority {
    const char *path; /* real */
    const char *text; /* what was in it when it was checked */
    char digest[DIGEST_TEXT_SIZE];
    const struct origin *origin;
};

struct plan_limit {
    const char *member; /* "resources.memory" */
    uint64_t value;     /* bytes, thousandths, count or ms as in struct resources */
    enum mechanism by;
    const struct origin *origin;
};

/* Something that was asked for, is not enforced here, and that isolation.allowLoss permits by name.
 */
struct plan_loss {
    const char *name;
    const char *text; /* one line: what does not hold, and for which object */
    const struct origin *origin;
};

/* Something that refuses the launch (only with compile_options.collect_all). */
struct plan_problem {
    struct error error;
    const char *member; /* "network.loopback"; NULL where none is at fault */
};

struct plan_filter {
    bool allows_namespaces; /* nested.namespaces */
    bool allows_inet;       /* false with PLAN_NET_NONE */
    bool keeps_names;       /* calls that change names go to process 1 */
    bool is_in_place;       /* PLAN_WALL_LANDLOCK: what no namespace keeps apart is refused, or asked about */
    bool keeps_sockets;     /* bind() and connect() do, as with keeps_names: a granted tree may hold sockets of the host */
    bool marks_programs;    /* rules of the network name programs: nothing is connected but by process 1 */
    bool has_void;        /* set by the tier: process 1 has a thread for what is not there (docs/decisions/0157) */
    bool has_starter;       /* set by the tier: process 1 has a thread that starts programs */
    bool sends_datagrams;   /* with keeps_sockets: Unix datagrams go to any name all the same */
    const char **deny;      /* syscalls.deny: names known to this build */
    size_t deny_count;
    const char **allow; /* syscalls.allow */
    size_t allow_count;
    const struct origin **deny_origins, **allow_origins; /* one for each name */
};

/* One line of explain that is neither a mount nor a limit: "a new user namespace", "TIOCSTI", ...
 */
struct plan_statement {
    const char *subject;
    const char *verdict; /* "refused", "private", "own", "inherited" ... */
    enum mechanism first, behind;
    const struct origin *origin;
};

struct plan {
    struct arena *arena;
    const char *name;                     /* of the policy */
    const char *tier;                     /* "process" */
    enum plan_wall wall;
    char policy_digest[DIGEST_TEXT_SIZE]; /* over the digests of all layers, in order */
    char plan_digest[DIGEST_TEXT_SIZE];   /* over what is executed */

    struct plan_mount *mounts; /* in the order in which they are made: parents before children */
    size_t mount_count;
    struct plan_rule *rules;
    size_t rule_count;
    struct plan_name *names;
    size_t name_count;
    bool is_reviewed; /* every writable directory of the host is, */
    const char *review; /* and where changes are kept, put here before the start: N/upper and N/work for the Nth; the caller's */
    bool owns_formats; /* an empty table of program formats (binfmt_misc) of the container's own, so that no interpreter of
                          the host's is started for a file inside */
    bool names_fold; /* a writable tree may lie where letter case does not count */
    bool landlock_files; /* false under nested.namespaces: Landlock forbids mounting */

    enum plan_network network;
    const struct origin *network_origin;
    const struct net_rules *net_rules; /* PLAN_NET_GATEWAY: what it lets through; else NULL */
    struct plan_way *ways;             /* the same, line by line */
    size_t way_count;
    struct plan_secret *secrets;
    size_t secret_count;
    struct plan_authority *authorities;
    size_t authority_count;
    struct plan_filter filter;

    struct plan_limit *limits;
    size_t limit_count;
    uint64_t
        timeout_ms; /* the smallest of all, 0 = none; the command line's is added by the caller */
    const char *timeout_member;
    const struct origin *timeout_origin;

    bool clipboard_write; /* through a terminal of the program's own */

    const char *identity_class, *identity_sponsor; /* NULL = not said */
    const char **identity_audiences;               /* whom tokens are for, NULL-terminated; NULL = whomever */
    enum audit_mode audit_mode;
    enum audit_privacy audit_arguments, audit_paths;
    unsigned nested_depth, nested_number; /* levels of sub-containers and how many at a time; 0 = none */

    const char **env; /* NAME=VALUE, NULL-terminated: the whole environment of the program */
    const struct origin **env_origins; /* one for each variable */
    size_t env_count;
    /* What the environment of another program under this plan is made of (plan_environment()). NULL-terminated each. */
    const char **env_set;      /* NAME=VALUE whatever the caller has */
    const char **env_inherits; /* names, or beginnings of names with a '*' behind, that are taken from the caller */
    const char **env_defaults; /* NAME=VALUE where nothing before has that name */
    bool env_is_proxied;       /* what tells of proxies is not taken */
    struct plan_private *privates; /* further variables, whose values only the tier knows */
    size_t private_count;
    const char *cwd;   /* inside, absolute */
    bool cwd_is_asked; /* process.cwd: failing to enter it is an error that names the member */
    const struct origin *cwd_origin; /* NULL = it was not asked for */
    const char *command_line; /* process.commandLine, NULL = the caller brings argv */
    const struct origin *command_origin;

    struct plan_statement *statements;
    size_t statement_count;
    struct plan_loss *losses;
    size_t loss_count;
    struct plan_problem *problems;
    size_t problem_count;
    struct string_list warnings;
    const char *
        *layers; /* "ceiling /etc/cordon/ceiling.d/a.yaml sha256:...", in order, NULL-terminated */
};

void plan_free(struct plan *plan);
void plan_free_at(struct plan **plan);
#define auto_plan cleanup_with(plan_free_at)

/* These bytes, which the caller keeps as long as the plan, into every file that is to hold them. The digest stays. */
void plan_put_content(struct plan *plan, enum plan_content content, const void *bytes, size_t size);

/* Is there a PLAN_SERVED? */
static inline bool plan_serves(const struct plan *plan)
{
    for (size_t i = 0; i < plan->mount_count; i++)
        if (plan->mounts[i].kind == PLAN_SERVED)
            return true;
    return false;
}

/* Is there such a file? */
bool plan_has_content(const struct plan *plan, enum plan_content content);

/* The placeholder of plan->secrets[secret] into the environment or the file inside. Once for each; the digest stays. */
int plan_put_placeholder(struct plan *plan, size_t secret, const char *placeholder, struct error *err) must_check;

/*
 * The whole environment that a program has under this plan, of a caller with that of `caller` (NULL-terminated): as `env` is for the
 * caller of policy_compile(). In `arena`. PLAN_WALL_NAMESPACES alone.
 */
int plan_environment(const struct plan *plan, struct arena *arena, const char *const *caller, const char *const **ret_env,
                     struct error *err) must_check;
/* The same in place of the plan's own, for a program that is the plan's; with the digest of what it is now. */
int plan_take_environment(struct plan *plan, const char *const *caller, struct error *err) must_check;

/* Value of a limit by member name, 0 when it is not set or lost. */
uint64_t plan_limit_value(const struct plan *plan, const char *member);

#endif
