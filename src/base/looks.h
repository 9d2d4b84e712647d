/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a computation saw of the machine, noted while it looked, so that somebody can ask later whether it would see the same. Whoever looks does so by the
 * functions here, which are the system's own while nothing is noted. Values are compared with values: of an object, what stat() says of it; of a small file,
 * its bytes. A directory's names, a link's text and a large file are believed by their stamps, and only where those are of a local file system and
 * were old when it was looked.
 *
 * Not noted, and so somebody else's to know: what is mounted; who the caller is; file systems that change beneath the kernel.
 */
#ifndef CORDON_BASE_LOOKS_H
#define CORDON_BASE_LOOKS_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/compiler.h"

struct looks;

/* This thread's looks are noted from here to looks_end(). NULL = no memory: then nothing is noted. One at a time. */
struct looks *looks_begin(void);
/* They are the caller's, one share of them. NULL = they prove nothing (too many, too new, not to be repeated). */
struct looks *looks_end(struct looks *looks);

struct looks *looks_share(struct looks *looks);
void looks_drop(struct looks *looks); /* NULL is fine; any thread */

/*
 * From now on the kernel is asked to say when something moves (inotify), as far as it can; looks_hold() asks for the rest, and for everything once something has.
 * Called again it begins anew. Where it cannot, nothing is lost but time. One thread at a time, the one that asks looks_hold().
 */
void looks_watch(struct looks *looks);
void looks_unwatch(struct looks *looks);
bool looks_are_watched(struct looks *looks);

/* Would all of them see the same now? `environment` as of whoever would look. One thread at a time. */
bool looks_hold(struct looks *looks, const char *const *environment) must_check;
/* How many were asked for by that, in one way or another. */
size_t looks_asked(const struct looks *looks);

int look_lstat(const char *path, struct stat *ret_status);
int look_stat(const char *path, struct stat *ret_status);
/* As faccessat(AT_FDCWD, path, mode, AT_EACCESS). */
int look_access(const char *path, int mode);
/* As realpath(3) into a buffer of PATH_MAX. */
char *look_real_path(const char *path, char *ret_real);

/* Before a file is read or a directory listed. `follows`: also through a link at its end. */
void look_content(const char *path, bool follows);
/* What `ask` says of `path`, by what it is and what is in it: the same question is asked again where that is no directory that stands as it stood. */
void look_answer(const char *path, bool (*ask)(const char *path), bool answer);
/* What a variable of the environment is; NULL = it is not there. */
void look_variable(const char *name, const char *value);
/* Did both see the same, stamps included? */
bool looks_are_same(const struct looks *one, const struct looks *other) must_check;

/* Something was looked at that cannot be looked at again. */
void looks_give_up(void);
bool looks_are_noted(void);

#endif
