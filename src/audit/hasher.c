/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both threads take parts of the group until there are none: where the other one gets no processor, this one does all of it, and waits for nobody but
 * for a part that the other is at.
 */
#include "audit/hasher.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>

#include "audit/tile.h"
#include "base/memory.h"

#define PARTS_MAX   64
#define PART_LEAST  16
#define GROUP_LEAST (4 * PART_LEAST) /* below that to wake somebody costs more */

struct part {
    const unsigned char *entries;
    size_t size;
    struct merkle_hash *leaves;
};

struct hasher {
    bool has_thread;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wanted, done;
    bool is_wanted, is_working, is_ending; /* under the mutex */
    struct part parts[PARTS_MAX + 1];      /* changed only while the thread is not at work */
    size_t part_count;
    size_t next; /* atomic: the part that nobody has taken */
};

static void hash_part(const struct part *part)
{
    const unsigned char *entry;
    struct merkle_hash *leaf = part->leaves;
    size_t at = 0, size;

    while (bundle_next(part->entries, part->size, &at, &entry, &size))
        merkle_leaf(entry, size, leaf++);
}

static void hash_parts(struct hasher *hasher)
{
    size_t taken;

    while ((taken = __atomic_fetch_add(&hasher->next, 1, __ATOMIC_RELAXED)) < hasher->part_count)
        hash_part(&hasher->parts[taken]);
}

static void *serve(void *argument)
{
    struct hasher *hasher = argument;

    pthread_mutex_lock(&hasher->mutex);
    while (!hasher->is_ending) {
        if (!hasher->is_wanted) {
            pthread_cond_wait(&hasher->wanted, &hasher->mutex);
            continue;
        }
        hasher->is_wanted = false;
        hasher->is_working = true;
        pthread_mutex_unlock(&hasher->mutex);
        hash_parts(hasher);
        pthread_mutex_lock(&hasher->mutex);
        hasher->is_working = false;
        pthread_cond_signal(&hasher->done);
    }
    pthread_mutex_unlock(&hasher->mutex);
    merkle_release();
    return NULL;
}

int hasher_new(bool is_threaded, struct hasher **ret_hasher, struct error *err)
{
    struct hasher *hasher = mem_alloc(sizeof(*hasher));
    sigset_t all, before;
    int status = 0;

    if (!hasher)
        return error_memory(err);
    pthread_mutex_init(&hasher->mutex, NULL);
    pthread_cond_init(&hasher->wanted, NULL);
    pthread_cond_init(&hasher->done, NULL);
    if (is_threaded) {
        sigfillset(&all); /* signals are for who serves */
        pthread_sigmask(SIG_SETMASK, &all, &before);
        status = pthread_create(&hasher->thread, NULL, serve, hasher);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        hasher->has_thread = status == 0;
    }
    if (status != 0) {
        hasher_free(hasher);
        return error_system(err, status, "start a thread that hashes");
    }
    *ret_hasher = hasher;
    return 0;
}

void hasher_free(struct hasher *hasher)
{
    if (!hasher)
        return;
    if (hasher->has_thread) {
        pthread_mutex_lock(&hasher->mutex);
        hasher->is_ending = true;
        pthread_cond_signal(&hasher->wanted);
        pthread_mutex_unlock(&hasher->mutex);
        pthread_join(hasher->thread, NULL);
    }
    pthread_cond_destroy(&hasher->done);
    pthread_cond_destroy(&hasher->wanted);
    pthread_mutex_destroy(&hasher->mutex);
    mem_free(hasher);
}

static void divide(struct hasher *hasher, const unsigned char *entries, size_t size, size_t count, struct merkle_hash *leaves)
{
    const size_t least = (count + PARTS_MAX - 1) / PARTS_MAX, width = least > PART_LEAST ? least : PART_LEAST;
    const unsigned char *entry;
    size_t at = 0, entry_size;

    hasher->part_count = 0;
    for (size_t done = 0; done < count;) {
        struct part *part = &hasher->parts[hasher->part_count++];
        size_t start = at, end = done + width < count ? done + width : count;

        part->entries = entries + start;
        part->leaves = leaves + done;
        while (done < end && bundle_next(entries, size, &at, &entry, &entry_size))
            done++;
        assert(done == end);
        part->size = at - start;
    }
}

void hasher_leaves(struct hasher *hasher, const unsigned char *entries, size_t size, size_t count, struct merkle_hash *ret_leaves)
{
    const struct part all = {entries, size, ret_leaves};

    if (!hasher->has_thread || count < GROUP_LEAST) {
        hash_part(&all);
        return;
    }
    divide(hasher, entries, size, count, ret_leaves);
    __atomic_store_n(&hasher->next, 0, __ATOMIC_RELAXED);
    pthread_mutex_lock(&hasher->mutex);
    hasher->is_wanted = true;
    pthread_cond_signal(&hasher->wanted);
    pthread_mutex_unlock(&hasher->mutex);
    hash_parts(hasher);
    pthread_mutex_lock(&hasher->mutex);
    hasher->is_wanted = false;
    while (hasher->is_working)
        pthread_cond_wait(&hasher->done, &hasher->mutex);
    pthread_mutex_unlock(&hasher->mutex);
}
