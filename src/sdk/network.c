/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The workers begin as soon as the plan is known, all of them before the first is waited for. The gateway is waited for only
 * when there is a network for it; the container's authority has to be known before the file tree is made.
 */
#include "sdk/network.h"

#include "sdk/helpers.h"
#include "sdk/trust.h"

/* Where to find them, and what they believe. `ret_trust` is the caller's to close. */
static int find(struct cordon_container *container, struct workers_start *start, int *ret_trust, struct error *err)
{
    struct assembly *assembly = &container->assembly;
    struct arena *arena = assembly->policy->arena;
    auto_text struct text pem = {0};
    int status = helpers_find_gateway(arena, &assembly->places, &start->gateway, err);

    if (status < 0 || !workers_need_inspector(start->rules))
        return status;
    status = helpers_find_worker(arena, &assembly->places, "cordon-inspector", &start->inspector, err);
    if (status == 0)
        status = trust_read(assembly->environment, NULL, 0, &pem, err);
    return status < 0 ? status
                      : worker_seal("the authorities that are believed", pem.data ? pem.data : "", pem.length, ret_trust, err);
}

int network_begin(struct cordon_container *container, struct error *err)
{
    const struct plan *plan = container->assembly.plan;
    struct workers_start start = {.rules = plan->net_rules, .trust = -1, .placeholders = -1, .values = -1};
    auto_close int trust = -1;
    int status;

    if (plan->network != PLAN_NET_GATEWAY)
        return 0;
    status = find(container, &start, &trust, err);
    start.trust = trust;
    if (status == 0)
        status = workers_begin(&container->workers, &start, err);
    if (status == 0)
        status = workers_await(&container->workers, container->deadlines.timeout_ns, container->cancel_fd, err);
    return status;
}
