/* SPDX-License-Identifier: Apache-2.0 */
/* From a name to the object that it stands for on this host, and what the caller may do with it. */
#ifndef CORDON_POLICY_COMPILE_RESOLVE_H
#define CORDON_POLICY_COMPILE_RESOLVE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/memory.h"
#include "policy/facts.h"

#define RESOLVE_LINKS_MAX 40 /* as the kernel */

enum resolve_status {
    RESOLVE_FOUND = 1,
    RESOLVE_MISSING, /* ENOENT or ENOTDIR on the way, or links that lead nowhere */
    RESOLVE_SHUT,    /* the caller may not search `blocked` */
    RESOLVE_PROC,    /* a link on the way leads into /proc, where links are not what they seem */
};

struct resolve_link {
    const char *path; /* real, of the link itself */
    const char *text;
    uid_t uid;
};

struct resolved {
    enum resolve_status status;
    const char *given;
    const char *real;    /* without symbolic links; of a missing name: where it would be */
    const char *blocked; /* RESOLVE_SHUT: the directory that stops the caller */
    dev_t device, special;
    ino_t inode;
    nlink_t links_to; /* names that the object has */
    mode_t mode;
    uid_t uid;
    gid_t gid;
    struct resolve_link *links; /* met on the way, in order */
    size_t link_count;
};

/* Walks many names, most of which share their directories; each directory, and each name that is not there, is looked at once. */
struct resolver;
int resolver_new(struct arena *arena, struct resolver **ret_resolver, struct error *err) must_check;

/* Something was made since: names that were not there may be. */
void resolver_look_again(struct resolver *resolver);

/*
 * Walk `path` (absolute, normalised). An absent or unreachable object is an answer, not an error.
 * What is found is a pair of a name without symbolic links and an identity. A name that is changed
 * during the walk can make them disagree: who opens it later must refuse symbolic links and
 * compare the identity.
 */
int resolve_path(struct resolver *resolver, const char *path, struct resolved *ret_resolved,
                 struct error *err) must_check;

/*
 * Did the system's administrator make this link, where no program that was contained for this caller can have put one?
 * Who names /bin means what /bin leads to; a link in a project may be the work of an earlier run.
 */
bool resolve_is_system_link(const struct facts *facts, const struct resolve_link *link);

/*
 * Could the contained program read, or read and write, this object as its caller? NULL when it
 * could, else the reason. Inside, uid 0 holds no capability, so a root caller is judged by owner
 * and permission bits alone.
 */
const char *resolve_refusal(struct arena *arena, const struct facts *facts,
                            const struct resolved *object, bool wants_write);

#endif
