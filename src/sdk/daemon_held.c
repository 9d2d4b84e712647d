/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a container that the daemon keeps, by its name. */
#include <errno.h>
#include <inttypes.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "protocol/table.h"
#include "sdk/remote.h"

#define HAND_ON_MS      30000
#define HAND_ON_LOOK_NS 50000000

static void container_free_at(struct cordon_container **container)
{
    cordon_container_free(*container);
}
#define auto_container cleanup_with(container_free_at)

int cordon_daemon_create(const struct cordon_request *request, char ret_id[CORDON_RUN_SIZE], struct cordon_error *err)
{
    return remote_create(request, ret_id, public_error(err));
}

static int order(const char *name, uint16_t type, struct cordon_error *err)
{
    auto_container struct cordon_container *container = NULL;
    int status = cordon_attach(name, &container, err);

    return status < 0 ? status : remote_order(container->remote, type, public_error(err));
}

/* Its keeper may be of a program that was replaced: then it leaves it to another one, which has to come up. */
int cordon_daemon_start(const char *name, struct cordon_error *err)
{
    uint64_t until_ns = clock_monotonic_ns() + HAND_ON_MS * NS_PER_MS;
    struct cordon_error ignored;
    bool is_handed_on = false;

    if (!err)
        err = &ignored;
    for (;;) {
        int status = order(name, PROTOCOL_START, err);

        is_handed_on |= status == -EREMCHG;
        if (status == 0 || !is_handed_on || (status != -EREMCHG && public_error(err)->kind != ERROR_NOT_FOUND) || clock_monotonic_ns() > until_ns)
            return status;
        nanosleep(&(struct timespec){.tv_nsec = HAND_ON_LOOK_NS}, NULL);
    }
}

int cordon_daemon_remove(const char *name, struct cordon_error *err)
{
    return order(name, PROTOCOL_DROP, err);
}

int cordon_daemon_renew(const char *name, const char *when, struct cordon_error *err)
{
    auto_container struct cordon_container *container = NULL;
    struct until until = {0};
    int status = when ? until_parse(when, &until, public_error(err)) : 0;

    if (status == 0)
        status = cordon_attach(name, &container, err);
    return status < 0 ? status : remote_renew(container->remote, &until, public_error(err));
}

int cordon_daemon_logs_from(const char *name, struct cordon_logs *logs, struct cordon_error *err)
{
    auto_container struct cordon_container *container = NULL;
    int status = cordon_attach(name, &container, err);

    return status < 0 ? status : remote_logs(container->remote, logs, public_error(err));
}

int cordon_daemon_logs(const char *name, char **ret_bytes, size_t *ret_size, struct cordon_error *err)
{
    struct cordon_logs logs = {0};
    int status = cordon_daemon_logs_from(name, &logs, err);

    if (status < 0)
        return status;
    *ret_bytes = logs.bytes;
    *ret_size = logs.size;
    return 0;
}

int cordon_daemon_stats(const char *name, enum cordon_format format, char **ret_text, struct cordon_error *err)
{
    static const char *const names[] = {"userUs", "systemUs", "memoryBytes", "processes"};
    auto_container struct cordon_container *container = NULL;
    auto_text struct text out = {0};
    struct json json = JSON_INIT(&out, 0);
    uint64_t numbers[4];
    int status;

    if (format != CORDON_TEXT && format != CORDON_JSON)
        return error_set(public_error(err), ERROR_INVALID, EINVAL, "unknown format %d", (int)format);
    status = cordon_attach(name, &container, err);
    if (status == 0)
        status = remote_stats(container->remote, numbers, public_error(err));
    if (status < 0)
        return status;
    if (format == CORDON_JSON) {
        json_begin_object(&json, NULL);
        for (size_t i = 0; i < ARRAY_COUNT(names); i++)
            json_add_uint(&json, names[i], numbers[i]);
        json_end(&json);
        text_add(&out, "\n");
    } else {
        text_printf(&out, "%" PRIu64 " processes, %" PRIu64 ".%03" PRIu64 " s user, %" PRIu64 ".%03" PRIu64 " s system, %" PRIu64 " KiB\n", numbers[3], numbers[0] / 1000000,
                    numbers[0] / 1000 % 1000, numbers[1] / 1000000, numbers[1] / 1000 % 1000, numbers[2] / 1024);
    }
    return text_take(&out, ret_text, public_error(err));
}
