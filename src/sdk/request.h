/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the library: what a caller asked for, as checked at the door and not yet looked at. */
#ifndef CORDON_SDK_REQUEST_H
#define CORDON_SDK_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "cordon/cordon.h"
#include "sdk/keeping.h"

/* Whether the daemon runs it; 0 = as the configuration says. */
enum daemon_use {
    DAEMON_NEVER = 1,
    DAEMON_AVAILABLE,
    DAEMON_REQUIRED,
    DAEMON_HERE, /* this is a keeper: whatever the configuration says */
};

struct request_policy {
    char *name; /* path, or what stands for it in errors */
    char *text; /* NULL = read the file */
    size_t size;
    bool is_file; /* `text` is what the file `name` held when it was recorded */
};

struct cordon_request {
    struct request_policy policies[CORDON_POLICIES_MAX];
    size_t policy_count;
    char *profile, *workspace, *tier; /* NULL = the default */
    char *members[CORDON_MEMBERS_MAX];
    size_t member_count;
    char **argv;        /* NULL = the document's */
    char **environment; /* NULL = the process's */
    uint64_t timeout_ms, output_limit;
    int stdio[3];
    bool is_tty;
    unsigned short rows, columns;
    bool captures[2]; /* stdout, stderr */
    size_t capture_max[2];
    int fds[CORDON_FDS_MAX];
    size_t fd_count;
    int launcher_fd, sensor_fd; /* -1 = none */
    struct signer_link *signer; /* NULL = none */
    enum service_of service;
    const struct event_recorder *recorder; /* NULL = none */
    int cancel_fd; /* -1 = none */
    int events_fd; /* the same */
    enum cordon_watch watch;
    enum daemon_use daemon;
    char *name; /* at the daemon; NULL = none */
    char *restart; /* of one that is kept; NULL = it is not */
    struct until until; /* of one that is kept, or of a network */
    uint64_t ask_ms;  /* so long a question stands, 0 = nobody is asked */
    bool is_learning; /* its first document is learn_confinement()'s */
    char *events_file;
    char *cwd, *logical_cwd; /* what stands for the current directory; NULL = this process's */
    bool is_reviewed;
    char *review_directory; /* NULL = in the run store */
};

/* What decides about a container, and nothing of the program: documents, workspace, tier, members, environment, directory. */
int request_copy_container(const struct cordon_request *request, struct cordon_request **ret_copy, struct error *err) must_check;

/* Do both decide the same about a container? */
bool request_is_same_container(const struct cordon_request *one, const struct cordon_request *other) must_check;

/* The public error is the internal one by another name. */
static inline struct error *public_error(struct cordon_error *err)
{
    return (struct error *)err;
}

#endif
