/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/syncer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "base/memory.h"

struct syncer {
    const struct log_machine *machine;
    int directory;
    bool has_thread;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_wanted, is_done, is_ending; /* under the mutex */
    bool is_busy;                       /* the owner's */
    int status;
};

static void *serve(void *argument)
{
    struct syncer *syncer = argument;

    pthread_mutex_lock(&syncer->mutex);
    while (!syncer->is_ending) {
        int status;

        if (!syncer->is_wanted) {
            pthread_cond_wait(&syncer->changed, &syncer->mutex);
            continue;
        }
        syncer->is_wanted = false;
        pthread_mutex_unlock(&syncer->mutex);
        status = syncer->machine->sync_all(syncer->machine->context, syncer->directory);
        pthread_mutex_lock(&syncer->mutex);
        syncer->status = status;
        syncer->is_done = true;
    }
    pthread_mutex_unlock(&syncer->mutex);
    return NULL;
}

int syncer_new(const struct log_machine *machine, int directory, struct syncer **ret_syncer, struct error *err)
{
    struct syncer *syncer = mem_alloc(sizeof(*syncer));
    sigset_t all, before;
    int status;

    if (!syncer)
        return error_memory(err);
    *syncer = (struct syncer){.machine = machine, .directory = directory};
    pthread_mutex_init(&syncer->mutex, NULL);
    pthread_cond_init(&syncer->changed, NULL);
    if (machine->is_threaded) {
        sigfillset(&all); /* signals are for who serves */
        pthread_sigmask(SIG_SETMASK, &all, &before);
        status = pthread_create(&syncer->thread, NULL, serve, syncer);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (status != 0) {
            mem_free(syncer);
            return error_system(err, status, "start a thread that syncs");
        }
        syncer->has_thread = true;
    }
    *ret_syncer = syncer;
    return 0;
}

void syncer_free(struct syncer *syncer)
{
    if (!syncer)
        return;
    if (syncer->has_thread) {
        pthread_mutex_lock(&syncer->mutex);
        syncer->is_ending = true;
        pthread_cond_signal(&syncer->changed);
        pthread_mutex_unlock(&syncer->mutex);
        pthread_join(syncer->thread, NULL);
    }
    pthread_cond_destroy(&syncer->changed);
    pthread_mutex_destroy(&syncer->mutex);
    mem_free(syncer);
}

void syncer_start(struct syncer *syncer)
{
    syncer->is_busy = true;
    if (!syncer->has_thread) {
        syncer->status = syncer->machine->sync_all(syncer->machine->context, syncer->directory);
        syncer->is_done = true;
        return;
    }
    pthread_mutex_lock(&syncer->mutex);
    syncer->is_wanted = true;
    pthread_cond_signal(&syncer->changed);
    pthread_mutex_unlock(&syncer->mutex);
}

bool syncer_done(struct syncer *syncer, int *ret_status)
{
    bool is_done;

    pthread_mutex_lock(&syncer->mutex);
    is_done = syncer->is_done;
    syncer->is_done = false;
    if (is_done)
        *ret_status = syncer->status;
    pthread_mutex_unlock(&syncer->mutex);
    if (is_done)
        syncer->is_busy = false;
    return is_done;
}

bool syncer_is_busy(const struct syncer *syncer)
{
    return syncer->is_busy;
}
