/* SPDX-License-Identifier: Apache-2.0 */
/* What a tier is given to start a container: the plan, the streams, and whom it calls while that runs. */
#include "launcher/client.h"
#include "sdk/container.h"
#include "sdk/launch.h"
#include "sdk/programs.h"
#include "sdk/told.h"

const struct tier_spawner *launch_spawner(const struct cordon_container *container)
{
    return container->beside ? container->beside : container->launcher ? launcher_spawner(container->launcher) : NULL;
}

static int attach(void *context, int network, struct error *err)
{
    struct cordon_container *container = context;

    return workers_attach(&container->workers, network, container->deadlines.timeout_ns, container->cancel_fd, err);
}

static int refused(void *context, const struct tier_refusal *refusal, struct error *err)
{
    struct cordon_container *container = context;

    return told_refused(&container->workers, refusal, container->log, err);
}

static int accessed(void *context, const struct tier_access *access, const char *source, uint64_t lost, struct error *err)
{
    struct cordon_container *container = context;
    int status = access && access->ask ? asks_take(container, access, err) : 0;

    if (status != 0)
        return status < 0 ? status : 0;
    return told_access(&container->denials, container->assembly.plan, container->log, access, source, lost, err);
}

static void nested(void *context, int fd)
{
    struct cordon_container *container = context;

    nests_take(&container->nests, fd);
}

static void asked(void *context, int fd)
{
    struct cordon_container *container = context;

    self_take(&container->self, fd);
}

/* A record that cannot be written is found out with the next one. */
static void unasked(void *context, uint64_t ask)
{
    (void)!asks_forget(context, ask, NULL);
}

static enum tier_watch_level watch_level(enum cordon_watch watch)
{
    return watch == CORDON_WATCH_FULL ? TIER_WATCH_FULL : watch == CORDON_WATCH_HIDDEN ? TIER_WATCH_HIDDEN : TIER_WATCH_REFUSED;
}

void launch_fill(struct launch_given *given, struct cordon_container *container, const struct cordon_request *request,
                 const char *const *argv)
{
    const struct assembly *assembly = &container->assembly;
    const struct streams *streams = &container->streams;

    given->gateway = (struct tier_attach){.attach = attach, .refused = refused, .context = container};
    given->watcher = (struct tier_watcher){.level = watch_level(request->watch), .accessed = accessed, .asked = asked,
                                           .nested = assembly->plan->nested_number ? nested : NULL,
                                           .ask_ms = (uint32_t)request->ask_ms, .unasked = unasked, .context = container};
    given->programs = (struct tier_programs){.ended = programs_ended, .context = container};
    given->start = (struct tier_start){
        .plan = assembly->plan,
        .argv = argv,
        .stdio = {streams->inside[0], streams->inside[1], streams->inside[2]},
        .fds = request->fds,
        .fd_count = argv ? request->fd_count : 0,
        .is_tty = argv && request->is_tty,
        .rows = request->rows,
        .columns = request->columns,
        .init_path = assembly->places.init,
        .run_id = event_log_run_id(container->log),
        .deadline_ns = container->deadlines.timeout_ns,
        .cancel_fd = request->cancel_fd >= 0 ? &request->cancel_fd : NULL,
        .gateway = &given->gateway,
        .watcher = &given->watcher,
        .programs = &given->programs,
        .is_kept_ready = container->is_kept_ready,
        .is_unsealed = container->is_unsealed,
        .spawner = launch_spawner(container),
        .sources = container->sources >= 0 ? &container->sources : NULL,
    };
    for (int i = 0; i < PLAN_SERVED_COUNT; i++) {
        const struct text *bytes = &container->signing.files[i].bytes;

        given->start.served[i].bytes = bytes->data;
        given->start.served[i].size = bytes->length;
    }
}
