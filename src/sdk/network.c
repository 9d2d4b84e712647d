/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway begins before the plan is known: it is what a start waits for in the end. The others begin with the plan, all
 * of them before the first is waited for. Most are waited for only when there is a network for it; the container's authority
 * has to be known before the file tree is made.
 */
#include "sdk/network.h"

#include <errno.h>

#include "sdk/helpers.h"
#include "sdk/java_store.h"
#include "sdk/secret.h"
#include "sdk/trust.h"

/* Authorities of the policy were read when it was compiled, as they were when they were checked. They come first (worker/wire.h). */
static int believe(struct cordon_container *container, struct workers_start *start, struct error *err)
{
    const struct plan *plan = container->assembly.plan;
    struct text *pem = &container->authorities;
    int status = 0;

    for (size_t i = 0; i < plan->authority_count && status >= 0; i++) {
        status = trust_add_text(pem, plan->authorities[i].text, plan->authorities[i].path, err);
        start->trust_own += status > 0 ? (unsigned)status : 0;
    }
    if (status >= 0)
        status = trust_read(container->assembly.environment, pem, err);
    return status < 0 ? status
                      : worker_seal("the authorities that are believed", pem->data ? pem->data : "", pem->length, &start->trust, err);
}

/* What a worker is given: memory files, closed by finish(). */
static int prepare(struct cordon_container *container, struct workers_start *start, struct error *err)
{
    struct assembly *assembly = &container->assembly;
    const struct secret_reading reading = {.environment = assembly->environment,
                                           .deadline_ns = container->deadlines.timeout_ns,
                                           .cancel_fd = container->cancel_fd};
    struct arena *arena = assembly->policy->arena;
    int status = helpers_find_gateway(arena, &assembly->places, &start->gateway, err);

    if (status < 0 || !workers_need_inspector(start->rules))
        return status;
    status = helpers_find_worker(arena, &assembly->places, "cordon-inspector", &start->inspector, err);
    if (status == 0)
        status = believe(container, start, err);
    if (status < 0 || !assembly->plan->secret_count)
        return status;
    status = helpers_find_worker(arena, &assembly->places, "cordon-holder", &start->holder, err);
    return status < 0 ? status
                      : secrets_begin(assembly->plan, &reading, &start->placeholders, &start->values, err);
}

static void finish(struct workers_start *start)
{
    fd_close_at(&start->trust);
    fd_close_at(&start->placeholders);
    fd_close_at(&start->values);
}

/* What was believed so far, and the container's own authority from now on. */
static int complete_files(struct cordon_container *container, struct error *err)
{
    struct plan *plan = container->assembly.plan;
    struct text *pem = &container->authorities, *store = &container->java_store;
    int status = trust_add(pem, container->workers.authority, container->workers.authority_size);

    if (pem->is_broken)
        return error_memory(err);
    if (status <= 0)
        return error_set(err, ERROR_INTERNAL, EBADMSG, "the inspector gave no authority");
    plan_put_content(plan, PLAN_AUTHORITIES, pem->data, pem->length);
    if (!plan_has_content(plan, PLAN_JAVA_STORE))
        return 0;
    status = java_store_write(pem->data, pem->length, store, err);
    if (status == 0)
        plan_put_content(plan, PLAN_JAVA_STORE, store->data, store->length);
    return status;
}

void network_prepare(struct cordon_container *container)
{
    struct assembly *assembly = &container->assembly;
    struct error ignored = ERROR_INIT;
    enum plan_network foreseen = policy_foresee_network(assembly->policy);
    const char *program;

    if (container->prepared && assembly->ops->foresee_network && foreseen != PLAN_NET_HOST)
        assembly->ops->foresee_network(container->prepared);
    if (foreseen == PLAN_NET_GATEWAY &&
        helpers_find_gateway(assembly->policy->arena, &assembly->places, &program, &ignored) == 0)
        workers_prepare(&container->workers, program);
}

int network_begin(struct cordon_container *container, struct error *err)
{
    const struct plan *plan = container->assembly.plan;
    struct workers_start start = {.rules = plan->net_rules, .trust = -1, .placeholders = -1, .values = -1};
    int status;

    if (plan->network != PLAN_NET_GATEWAY) {
        workers_kill(&container->workers); /* foreseen, and not needed */
        return 0;
    }
    container->workers.is_logged = plan->audit_mode == AUDIT_REQUIRED;
    container->workers.is_asked = asks_connections(&container->asks, &container->assembly);
    status = prepare(container, &start, err);
    if (status == 0)
        status = workers_begin(&container->workers, &start, err);
    finish(&start);
    if (status == 0)
        status = workers_await(&container->workers, container->deadlines.timeout_ns, container->cancel_fd, err);
    return status < 0 || !container->workers.authority ? status : complete_files(container, err);
}
