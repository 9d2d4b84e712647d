/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/process/hand_over.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "tier/process/begin.h"
#include "tier/process/cgroup.h"
#include "tier/process/control.h"
#include "tier/process/filter.h"
#include "tier/process/grants.h"
#include "tier/process/image.h"
#include "tier/process/start_check.h"
#include "tier/process/who.h"

bool hand_over_may_ask(const struct tier_start *start)
{
    return start->watcher && start->watcher->ask_ms && start->plan->wall == PLAN_WALL_NAMESPACES &&
           filter_has_keeper(&start->plan->filter);
}

uint32_t hand_over_flags(const struct tier_start *start)
{
    uint32_t flags = (start->is_tty ? RECORD_TTY : 0) | (start->argv ? 0 : RECORD_STANDS) | (start->is_unsealed ? RECORD_UNSEALED : 0);

    if (cgroup_is_needed(start->plan) || plan_serves(start->plan))
        flags |= RECORD_WAIT_GO;
    if (start->watcher && (filter_has_keeper(&start->plan->filter) || start->plan->wall == PLAN_WALL_LANDLOCK))
        flags |= RECORD_TOLD;
    if (flags & RECORD_TOLD && start->watcher->level == TIER_WATCH_FULL && start->plan->wall == PLAN_WALL_NAMESPACES)
        flags |= RECORD_WATCHED;
    if (hand_over_may_ask(start) && flags & RECORD_TOLD)
        flags |= RECORD_ASKS;
    if (start->watcher && start->watcher->nested && filter_has_keeper(&start->plan->filter))
        flags |= RECORD_NESTS;
    if (start->sources)
        flags |= RECORD_SOURCES;
    if (start->plan->wall == PLAN_WALL_LANDLOCK)
        return flags | (geteuid() == 0 && begin_has_other_groups() ? RECORD_DROP_GROUPS : 0);
    if (start->plan->network != PLAN_NET_HOST)
        flags |= RECORD_NETWORK;
    if (start->plan->network == PLAN_NET_LOOPBACK || start->plan->network == PLAN_NET_GATEWAY)
        flags |= RECORD_LOOPBACK;
    if (start->plan->network == PLAN_NET_GATEWAY)
        flags |= RECORD_HAND_NETWORK | RECORD_WAIT_GO;
    if (filter_has_keeper(&start->plan->filter))
        flags |= RECORD_KEEPER;
    if (filter_has_keeper(&start->plan->filter) && start->plan->network == PLAN_NET_GATEWAY)
        flags |= RECORD_MARKS;
    if (filter_has_keeper(&start->plan->filter) && flags & RECORD_LOOPBACK)
        flags |= RECORD_TELLS;
    if (start->plan->filter.allows_namespaces)
        flags |= RECORD_NESTED;
    if (!start->plan->filter.keeps_sockets || start->plan->filter.sends_datagrams)
        flags |= RECORD_DATAGRAMS;
    if (start->plan->owns_formats)
        flags |= RECORD_OWN_FORMATS;
    if (start->plan->names_fold)
        flags |= RECORD_FOLD;
    return flags;
}

/* What the plan relies on was there when it was made; without it the program would have one wall less. */
static int landlock_find(const struct plan *plan, int *ret_abi, struct error *err)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* LANDLOCK_CREATE_RULESET_VERSION */);

    if (abi < LANDLOCK_ABI_SCOPES && plan->wall == PLAN_WALL_LANDLOCK)
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "Landlock is not what the plan was made for (ABI %ld)", abi);
    if (abi <= 0 && plan->landlock_files)
        return error_system(err, abi < 0 ? errno : ENOTSUP, "ask for Landlock, which the plan relies on");
    *ret_abi = abi > 0 ? (int)abi : 0;
    return 0;
}

/* A container of its own uid is shown what the caller could reach; it is told where before the record. */
int hand_over_grants(struct tier_run *run, const struct tier_start *start, struct error *err)
{
    auto_close int socket = -1;
    int status;

    if (!run->has_own_uid)
        return 0;
    status = grants_make(run, start->plan, &socket, err);
    if (status < 0)
        return status;
    status = control_send_fds(run->control, MESSAGE_GRANTS, 0, &socket, 1);
    return status == 0 || status == -EPIPE || status == -ECONNRESET ? 0 : error_system(err, -status, "hand what is granted to init");
}

/* The rest of the start is init's: the plan as a record, and the program's standard streams. */
int hand_over_record(struct tier_run *run, const struct tier_start *start, struct error *err)
{
    struct image_options options = {.flags = hand_over_flags(start), .scratch = run->scratch[0] ? run->scratch : NULL};
    auto_close int record = -1, who = -1, told = -1;
    auto_text struct text image = {0};
    int fds[RECORD_FDS_MAX], status;
    size_t count = 1;

    status = landlock_find(start->plan, &options.landlock_abi, err);
    if (status == 0)
        status = image_make(start, &options, &image, err);
    if (status == 0)
        status = image_store(&image, &record, err);
    if (status == 0 && start->is_kept_ready)
        digest_text(image.data, image.length, run->image);
    if (status == 0 && options.flags & RECORD_MARKS)
        status = who_open(run, &who, err);
    if (status == 0 && options.flags & RECORD_TOLD)
        status = told_open(&run->told, &told, err);
    if (status < 0)
        return status;
    fds[0] = record;
    if (who >= 0)
        fds[count++] = who;
    if (told >= 0)
        fds[count++] = told;
    if (start->sources)
        fds[count++] = *start->sources;
    for (int i = 0; i < RECORD_STREAMS && !start->is_tty && start->argv; i++)
        if (start->stdio[i] >= 0)
            fds[count++] = start->stdio[i];
    status = control_send_fds(run->control, MESSAGE_RECORD, 0, fds, count);
    /* an init that is gone has left a word of why */
    if (status < 0 && status != -EPIPE && status != -ECONNRESET)
        return status == -ETOOMANYREFS
                   ? error_set(err, ERROR_LIMIT, ETOOMANYREFS,
                               "this user's processes have more descriptors under way in messages than may be open here: "
                               "end what holds them, or raise the limit of open files (ulimit -n)")
                   : error_system(err, -status, "hand the start record to init");
    return 0;
}

/* Of the plan what is no part of the record: limits of a control group. */
static bool limits_are_same(const struct plan *a, const struct plan *b)
{
    if (a->limit_count != b->limit_count)
        return false;
    for (size_t i = 0; i < a->limit_count; i++)
        if (a->limits[i].value != b->limits[i].value || a->limits[i].by != b->limits[i].by ||
            strcmp(a->limits[i].member, b->limits[i].member) != 0)
            return false;
    return true;
}

int hand_over_suits(struct tier_run *run, const struct tier_start *start, struct error *err)
{
    struct image_options options = {.flags = hand_over_flags(start)};
    auto_text struct text image = {0};
    char digest[DIGEST_TEXT_SIZE];
    int status = landlock_find(start->plan, &options.landlock_abi, err);

    if (status == 0)
        status = start_check(start, err);
    if (status == 0)
        status = image_make(start, &options, &image, err);
    if (status < 0)
        return status;
    digest_text(image.data, image.length, digest);
    if (!run->is_settled || !limits_are_same(run->plan, start->plan) || strcmp(digest, run->image) != 0)
        return 0;
    run->plan = start->plan;
    return 1;
}
