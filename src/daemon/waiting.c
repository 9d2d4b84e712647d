/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients of the system's service that came before their keeper was known to run. What the launcher starts has its connections first: some parts know
 * a keeper by its process, and what its first container does is to be heard as well. And where no keeper could be started, they are told why.
 */
#include "base/memory.h"
#include "daemon/daemon.h"

struct waiting {
    struct waiting *next;
    uint64_t number, kind; /* of the container; enum protocol_purpose */
    int client;
};

int waiting_add(struct keeper *keeper, const struct container *container, uint64_t kind, int *client, struct error *err)
{
    struct waiting *waiting = mem_alloc(sizeof(*waiting)), **end = &keeper->waiting;

    if (!waiting)
        return error_memory(err);
    *waiting = (struct waiting){.number = container->number, .kind = kind, .client = take_fd(*client)};
    while (*end) /* few: more than that have another keeper */
        end = &(*end)->next;
    *end = waiting;
    return 0;
}

static void forget_first(struct keeper *keeper)
{
    struct waiting *first = keeper->waiting;

    keeper->waiting = first->next;
    fd_close_at(&first->client); /* that of its keeper stays */
    mem_free(first);
}

/* What it has told nobody will read, and it would be told of that instead of why: protocol_close(). */
static void turn_away_first(struct keeper *keeper, const struct error *why)
{
    if (why)
        protocol_send_error(keeper->waiting->client, 0, why, NULL);
    protocol_close(keeper->waiting->client);
    keeper->waiting->client = -1;
    forget_first(keeper);
}

void waiting_serve(struct keeper *keeper)
{
    while (keeper->waiting) {
        struct container *container = container_of_ticket(keeper->core, keeper->waiting->number);
        struct error err = ERROR_INIT;

        if (!container || keeper_serve(keeper, container, keeper->waiting->kind, NULL, &keeper->waiting->client, &err) == 0) {
            forget_first(keeper);
            continue;
        }
        container_free(keeper->core, container);
        turn_away_first(keeper, &err);
    }
}

void waiting_refuse(struct keeper *keeper, const struct error *why)
{
    while (keeper->waiting)
        turn_away_first(keeper, why);
}
