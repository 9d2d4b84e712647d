/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place where rules meet what this installation has to keep them: the processes beside a container (decision 0120)
 * and what they can do. What is not there is refused by name here and nowhere else. A ceiling's rule is a limit that would
 * not be kept, so it is refused as well.
 */
#include "policy/compile/compile.h"

#define NO_INSPECTOR "needs cordon-inspector, which reads requests and which this installation does not run; leave it out: rules " \
                     "name hosts, addresses, ports and protocols"
#define NO_INSPECTOR_INSIDE "rules about requests or TLS, of the container around or this one, cannot be kept for a container inside: " \
                            "leave the network out of its policy, or these rules out of both"

static int check_rule(struct compile *c, const struct document *layer, const struct egress_rule *rule, bool is_allow,
                      struct error *err)
{
    const struct facts *facts = c->facts;
    const char *none = facts->is_inside ? NO_INSPECTOR_INSIDE : NO_INSPECTOR;
    int r = 0;

    if (rule->rule.requests && !facts->has_inspector)
        r = compile_problem(c, ERROR_UNENFORCEABLE, &rule->requests_origin, err, "%s", none);
    else if (rule->rule.terminates && !facts->has_inspector)
        r = compile_problem(c, ERROR_UNENFORCEABLE, &rule->tls_origin, err, "%s", none);
    if (r == 0 && rule->programs.is_set && (!facts->knows_programs || !facts->keeps_sockets))
        r = compile_problem(c, ERROR_UNENFORCEABLE, &rule->programs.origin, err,
                            "connections cannot be told apart by program here%s%s%s; leave it out: the rule is then about every "
                            "program of the container", *facts->keeps_names_why ? " (" : "", facts->keeps_names_why,
                            *facts->keeps_names_why ? ")" : "");
    if (r == 0 && rule->budget.is_set && !facts->keeps_budgets)
        r = compile_problem(c, ERROR_UNENFORCEABLE, &rule->budget.origin, err, "nobody counts what goes by here; leave it out");
    for (size_t i = 0; i < rule->rule.port_count && r == 0; i++) {
        struct origin origin = rule->origin;

        /* Who only permits ICMP, or denies it, asks for nothing. */
        if (!is_allow || layer->kind != LAYER_REQUEST || rule->rule.ports[i].protocol != NET_ICMP || facts->leads_icmp)
            continue;
        origin.member = arena_printf(c->work, "%s.ports[%zu].protocol", rule->origin.member, i);
        if (!origin.member)
            return error_memory(err);
        r = compile_problem(c, ERROR_UNENFORCEABLE, &origin, err,
                            "the host lets this user send no echo requests; leave it out, or as root: sysctl -w "
                            "net.ipv4.ping_group_range='0 2147483647'");
    }
    return r;
}

static int check_layer(struct compile *c, const struct document *layer, struct error *err)
{
    const struct network *network = &layer->network;
    int r = 0;

    for (size_t i = 0; i < network->allow_count && r == 0; i++)
        r = check_rule(c, layer, &network->allow[i], true, err);
    for (size_t i = 0; i < network->deny_count && r == 0; i++)
        r = check_rule(c, layer, &network->deny[i], false, err);
    if (r == 0 && network->budget.is_set && !c->facts->keeps_budgets)
        r = compile_problem(c, ERROR_UNENFORCEABLE, &network->budget.origin, err,
                            "nobody counts what goes by here; leave it out");
    return r;
}

static int check_secrets(struct compile *c, const struct document *layer, struct error *err)
{
    int r = 0;

    if (c->facts->has_holder && c->facts->has_inspector)
        return 0;
    for (size_t i = 0; i < layer->secrets.count && layer->kind == LAYER_REQUEST && r == 0; i++)
        r = compile_problem(c, ERROR_UNENFORCEABLE, &layer->secrets.items[i].origin, err,
                            "needs cordon-inspector and cordon-holder, which put secrets in and which this installation does "
                            "not run; leave it out");
    return r;
}

int workers_check(struct compile *c, bool has_gateway, struct error *err)
{
    const struct facts *facts = c->facts;
    int r = 0;

    if (has_gateway && !facts->has_gateway)
        r = compile_problem(c, ERROR_UNENFORCEABLE, c->plan->network_origin, err,
                            "cordon-gateway, the way out, is not there: install Cordon as a whole, or deny the network");
    if (r == 0 && has_gateway && facts->no_tproxy)
        r = compile_problem(c, ERROR_UNENFORCEABLE, c->plan->network_origin, err, "%s", facts->tproxy_why);
    for (size_t i = 0; i < c->policy->layer_count && r == 0; i++) {
        if (has_gateway)
            r = check_layer(c, c->policy->layers[i], err);
        if (r == 0)
            r = check_secrets(c, c->policy->layers[i], err);
    }
    return r;
}
