/* SPDX-License-Identifier: Apache-2.0 */
/* Where things are: the caller's home and XDG directories, this library, its helper programs. */
#ifndef CORDON_SDK_PLACES_H
#define CORDON_SDK_PLACES_H

#include "base/error.h"
#include "base/memory.h"

struct places {
    const char *user, *home;
    const char *config, *cache, *state; /* .../cordon */
    const char *runtime;                /* the daemon's sockets: .../cordon below XDG_RUNTIME_DIR, else /run/user/UID; NULL = neither is there */
    const char *runs;                   /* <state>/runs */
    const char *library;                /* the file that this code was loaded from */
    const char *helpers;                /* directory of the helper programs */
    const char *init;                   /* pid 1 of a process container */
};

/*
 * The caller's places, up to `runs`: enough to record that the rest is missing. `environment` is NAME=VALUE,
 * NULL-terminated. Everything in *ret_places lives in `arena`.
 */
int places_find_caller(struct arena *arena, const char *const *environment,
                       struct places *ret_places, struct error *err) must_check;

/* The same without `user`. */
int places_find_own(struct arena *arena, const char *const *environment, struct places *ret_places, struct error *err) must_check;

/* These, and what belongs to this installation (helpers_find()). */
int places_find(struct arena *arena, const char *const *environment, struct places *ret_places,
                struct error *err) must_check;

/*
 * Make config, cache and state where they are missing (0700): what exists can be kept from the
 * contained program, a name that does not exist yet could not. Where they cannot be made, compiling
 * the policy says what does not hold.
 */
void places_make(const struct places *places);

/* Value of a variable in it, NULL when absent. */
const char *environment_get(const char *const *environment, const char *name);
size_t environment_count(const char *const *environment);

/*
 * Choose the home: $HOME when it is an absolute directory that the caller owns, else the password
 * database's. Apart for tests.
 */
int places_choose_home(struct arena *arena, const char *from_environment, const char *from_passwd,
                       const char **ret_home, struct error *err) must_check;

/*
 * Refuse a helper that is missing, or that others than root, the caller and the library's owner
 * could have written. `directory` holds it.
 */
int places_check_helper(struct arena *arena, const char *library, const char *directory,
                        const char *name, const char **ret_path, struct error *err) must_check;

#endif
