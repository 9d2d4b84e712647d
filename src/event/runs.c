/* SPDX-License-Identifier: Apache-2.0 */
/* The runs of a store, by their names. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "event/read.h"
#include "event/runs.h"
#include "event/store.h"

int run_store_open(const char *runs, struct run_store **ret_store, struct error *err)
{
    auto_run_store struct run_store *store = mem_alloc(sizeof(*store));
    struct error failure = ERROR_INIT;
    int status;

    if (!store)
        return error_memory(err);
    store->fd = -1;
    status = store_open(runs, &store->fd, &failure);
    if (status < 0 && status != -ENOENT) {
        if (err)
            *err = failure;
        return status;
    }
    if (status == 0)
        store->count = store_list(store->fd, &store->ids);
    if (store->count < 0)
        return errno == ENOMEM ? error_memory(err) : error_system(err, errno, "list run store %s", runs);
    *ret_store = take_ptr(store);
    return 0;
}

void run_store_close(struct run_store *store)
{
    if (!store)
        return;
    fd_close_at(&store->fd);
    mem_free(store->ids);
    mem_free(store);
}

void run_store_close_at(struct run_store **store)
{
    run_store_close(*store);
}

size_t run_store_count(const struct run_store *store)
{
    return (size_t)store->count;
}

const char *run_store_id(const struct run_store *store, size_t index)
{
    return store->ids[(size_t)store->count - 1 - index];
}

static int find_prefix(const struct run_store *store, const char *text, const char **ret_id, struct error *err)
{
    size_t length = strlen(text), count = run_store_count(store);
    const char *found = NULL;

    for (size_t i = 0; i < count; i++) {
        const char *id = run_store_id(store, i);

        if (strncmp(id, text, length) != 0)
            continue;
        if (found)
            return error_set(err, ERROR_INVALID, ENOTUNIQ, "run %s: several begin like that, as %s and %s: write more of it",
                             text, found, id);
        found = id;
    }
    if (!found)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "run %s: there is none in the store; cordon runs lists them", text);
    *ret_id = found;
    return 0;
}

int run_store_find(const struct run_store *store, const char *text, const char **ret_id, struct error *err)
{
    if (strcmp(text, "last") == 0) {
        if (!store->count)
            return error_set(err, ERROR_NOT_FOUND, ENOENT, "no run is recorded yet");
        *ret_id = run_store_id(store, 0);
        return 0;
    }
    if (!run_id_is_prefix(text))
        return error_set(err, ERROR_INVALID, EINVAL,
                         "run '%.60s': write 'last', or an id or the beginning of one, as cordon runs lists them", text);
    return find_prefix(store, text, ret_id, err);
}

int run_store_read(const struct run_store *store, const char *id, struct event_reader **ret_reader, struct error *err)
{
    auto_close int fd = -1;
    int status = store_open_file(store->fd, id, STORE_EVENTS_NAME, &fd, err);

    return status < 0 ? status : event_reader_new(take_fd(fd), id, ret_reader, err);
}
