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
    RESOLVE_MISSING, /* ENOENT or ENOTDIR on the way */
    RESOLVE_SHUT,    /* the caller may not search `blocked` */
    RESOLVE_PROC,    /* a link on the way leads into /proc, where links are not what they seem */
};

struct resolve_link {
    const char *path; /* real, of the link itself */
    const char *text;
};

struct resolved {
    enum resolve_status status;
    const char *given;
    const char *real;    /* without symbolic links; of a missing name: where it would be */
    const char *blocked; /* RESOLVE_SHUT: the directory that stops the caller */
    dev_t device, special;
    ino_t inode;
    mode_t mode;
    uid_t uid;
    gid_t gid;
    struct resolve_link *links; /* met on the way, in order */
    size_t link_count;
};

/*
 * Walk `path` (absolute, normalised). An absent or unreachable object is an answer, not an error.
 * The identity is that of an object which was reached without a symbolic link at one moment, so a
 * name that is changed during the walk yields an error or another object's true name, never a mix.
 */
int resolve_path(struct arena *arena, const char *path, struct resolved *ret_resolved,
                 struct error *err) must_check;

/*
 * Could the contained program read, or read and write, this object as its caller? NULL when it
 * could, else the reason. Inside, uid 0 holds no capability, so a root caller is judged by owner
 * and permission bits alone.
 */
const char *resolve_refusal(struct arena *arena, const struct facts *facts,
                            const struct resolved *object, bool wants_write);

/* "a directory", "a character device", ... */
const char *resolve_kind_name(mode_t mode);

#endif
