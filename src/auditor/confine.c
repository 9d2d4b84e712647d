/* SPDX-License-Identifier: Apache-2.0 */
#include "auditor/confine.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/memory.h"
#include "worker/shut.h"

#define CHANGES    (SHUT_OWN | SHUT_ARRANGE | SHUT_MOVE)
#define PLACES_MAX 16

struct places {
    struct shut_place list[PLACES_MAX];
    char around[PLACES_MAX][PATH_MAX];
    size_t count;
};

/* What is not there is not allowed, either. */
static void allow(struct places *places, const char *path, unsigned access)
{
    if (path)
        places->list[places->count++] = (struct shut_place){.path = path, .access = access, .is_optional = true};
}

/* The directory of a file that may be made or replaced. */
static int allow_around(struct places *places, const char *file, unsigned access, struct error *err)
{
    char *directory = places->around[places->count];
    const char *slash = file ? strrchr(file, '/') : NULL;

    if (!file)
        return 0;
    if (slash && (size_t)(slash - file) >= PATH_MAX)
        return error_set(err, ERROR_INVALID, ENAMETOOLONG, "%.200s: too long", file);
    if (slash)
        memcpy(directory, file, (size_t)(slash - file)); /* the rest is zero */
    else
        memcpy(directory, ".", sizeof("."));
    allow(places, *directory ? directory : "/", access);
    return 0;
}

static int allow_all(struct places *places, const struct options *options, bool writes_log, struct error *err)
{
    static const char *const system_files[] = {"/usr", "/lib", "/lib64", "/etc"};
    int status = 0;

    allow(places, options->log, writes_log ? CHANGES : SHUT_READ);
    if (writes_log) /* it may have to be made, and has its key beside it */
        status = allow_around(places, options->log, CHANGES, err);
    if (status == 0)
        status = allow_around(places, options->index, CHANGES, err);
    if (status == 0)
        status = allow_around(places, options->state, CHANGES, err);
    if (status == 0 && writes_log)
        status = allow_around(places, options->secret, CHANGES, err);
    if (status == 0)
        status = allow_around(places, options->authorities, SHUT_READ, err);
    allow(places, options->keys, writes_log ? CHANGES : SHUT_READ);
    allow(places, writes_log ? options->machine : NULL, CHANGES);
    allow(places, options->runs, SHUT_READ);
    for (size_t i = 0; i < ARRAY_COUNT(system_files); i++)
        allow(places, system_files[i], SHUT_READ);
    allow(places, options->url ? "/run" : NULL, SHUT_READ); /* systemd's resolver */
    return status;
}

int confine(const struct options *options, bool writes_log, struct error *err)
{
    auto_free struct places *places = mem_alloc(sizeof(*places));
    int status = places ? allow_all(places, options, writes_log, err) : error_memory(err);

    if (status < 0)
        return status;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return error_system(err, errno, "hide this process's memory");
    return shut_files(places->list, places->count, options->url ? SHUT_MAY_CONNECT | SHUT_MAY_LISTEN : 0, err);
}
