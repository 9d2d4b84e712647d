/* SPDX-License-Identifier: Apache-2.0 */
/* The system call filter: one table of verdicts with a reason per row, emitted as a balanced tree. */
#ifndef CORDON_TIER_PROCESS_FILTER_H
#define CORDON_TIER_PROCESS_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "policy/plan.h"

#define FILTER_LENGTH_MAX 4096 /* BPF_MAXINSNS */

enum filter_verdict {
    FILTER_ALLOW = 1,
    FILTER_EPERM,
    FILTER_ENOSYS,
    FILTER_SOCKET,      /* by family, type and protocol */
    FILTER_SOCKETPAIR,  /* unix only, datagrams by the keeper */
    FILTER_NAMESPACES,  /* refused with any CLONE_NEW* flag in the first argument */
    FILTER_IOCTL,       /* refused for terminal injection, compared in the 32 bits that the kernel uses */
    FILTER_PERSONALITY, /* querying and the default only */
    FILTER_PRCTL,       /* all but rewriting the memory map's description */
    FILTER_FCNTL,       /* all but leases and delegations */
    FILTER_SEND_2,      /* argument 2 are flags; what connects by itself is refused where rules name programs */
    FILTER_SEND_3,      /* the same with argument 3 */
    FILTER_UNLESS_KEPT, /* allowed, or EOPNOTSUPP where there is a keeper */
    FILTER_UNLESS_NAMES, /* the same where it keeps names: for sockets alone it need not be */
    FILTER_SOCKET_NAME, /* allowed, or made by the keeper where the plan keeps names or sockets */
    FILTER_NAME,        /* changes a name: allowed, or made by the keeper where the plan keeps names */
    FILTER_NAME_1,      /* the same where argument 1, a path, is given */
    FILTER_NAME_MODE_1, /* refused when the mode, argument 1, has a set-user-ID or set-group-ID bit (counted from 0), then as FILTER_NAME */
    FILTER_NAME_MODE_2, /* the same with argument 2 */
    FILTER_CHMOD_1,     /* the same for an object that is there: with the set-group-ID bit the keeper sees whether it is a directory */
    FILTER_CHMOD_2,
    FILTER_OPEN_1,      /* the same for a new file and for writing: flags are argument 1, the mode behind it */
    FILTER_OPEN_2,      /* the same with flags as argument 2 */
    FILTER_RLIMIT_0,    /* setting RLIMIT_CORE (resource is argument 0) succeeds without effect */
    FILTER_RLIMIT_1,    /* the same with argument 1, for a new limit; refused for process 1 (argument 0) */
    FILTER_PTRACE,      /* the keeper's to see who would be traced by process 1 */
    FILTER_NOT_INIT,    /* refused when argument 0, a pid, is process 1 */
    FILTER_PRIORITY,    /* setpriority(): not process 1 and not all of a user */
    FILTER_IOPRIO,      /* ioprio_set(): the same with its own numbers */
    /* only under nested.namespaces */
    FILTER_UNSHARE,     /* all namespaces but time */
    FILTER_MOUNT,       /* what is mounted already may be bound, moved and changed; a new file system is the keeper's to mount */
    FILTER_SOCKET_OPTION, /* all but the packet filter's tables */

    /* filter_in_place.c */
    FILTER_ASK,           /* made by the supervisor */
    FILTER_ASK_MODE_1,    /* the same; refused when the mode, argument 1, has a set-user-ID or set-group-ID bit */
    FILTER_ASK_MODE_2,    /* the same with argument 2 */
    FILTER_UNSUPPORTED,   /* EOPNOTSUPP */
    FILTER_CONNECT,       /* allowed with inet, where no socket of another family can be unconnected */
    FILTER_SELF,          /* argument 0, a pid, must be 0 */
    FILTER_SELF_RLIMIT,   /* the same, then as FILTER_RLIMIT_1 */
    FILTER_SELF_PRIORITY, /* setpriority(): of the caller alone */
    FILTER_SELF_IOPRIO,   /* ioprio_set(): the same */
};

struct filter_row {
    int number;
    enum filter_verdict verdict;
    const char *reason;
    const char *quiet; /* why nobody is told that it is refused; NULL = who has the filter's listener tells */
};

/* The table, in no order; a number that is not in it is refused with ENOSYS. */
const struct filter_row *filter_rows(size_t *ret_count);

/* Rows that take the place of those where the plan is in place. */
const struct filter_row *filter_rows_in_place(size_t *ret_count);

/* What takes the place of a row of the table under nested.namespaces. */
const struct filter_row *filter_nested_rows(size_t *ret_count);

/* The verdict for one number under this plan's syscalls.deny, syscalls.allow and nested.namespaces. */
enum filter_verdict filter_verdict_of(const struct plan_filter *plan, int number);

/* Is there a keeper, whom the filter asks? The one place that decides it: process 1 is told by RECORD_KEEPER. */
static inline bool filter_has_keeper(const struct plan_filter *plan)
{
    return plan->keeps_names || plan->keeps_sockets;
}

/* Is a refusal of this number told? False also for what no row is about. */
bool filter_is_told(const struct plan_filter *plan, int number);

/* What is allowed and looked at where everything is watched. */
enum filter_watch {
    FILTER_UNWATCHED = 0,
    FILTER_WATCH,
    FILTER_WATCH_FLAGS_2, /* unless AT_EMPTY_PATH is in that argument: it is about an open descriptor */
    FILTER_WATCH_FLAGS_3,
    FILTER_WATCH_EXECUTE, /* unless it is process 1's own (FILTER_START) */
};
enum filter_watch filter_watch_of(int number); /* filter_watched.c */
bool filter_opens(int number);                 /* the same file: is it one that opens a file? */

enum filter_telling { FILTER_SILENT = 0, FILTER_TELLS, FILTER_TELLS_OPENS, FILTER_TELLS_ALL };

/*
 * Emit at most FILTER_LENGTH_MAX instructions. FILTER_TELLS: what is refused and told is marked FILTER_TOLD; FILTER_TELLS_ALL: and
 * what is allowed and watched FILTER_WATCHED; FILTER_TELLS_OPENS: of that only what opens a file.
 */
int filter_emit(const struct plan_filter *plan, enum filter_telling tells, struct sock_filter *ret_program, size_t *ret_length,
                struct error *err) must_check;

#endif
