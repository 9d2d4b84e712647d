/* SPDX-License-Identifier: Apache-2.0 */
/* From a connection that the gateway holds to a question: whom it is for, whether somebody may be asked, and in which words. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "sdk/container.h"
#include "sdk/told.h"

static const struct assembly *in_force(const struct cordon_container *container)
{
    return container->changed.plan ? &container->changed : &container->assembly;
}

bool asks_connections(const struct asks *asks, const struct assembly *assembly)
{
    if (!asks->timeout_ms || assembly->plan->network != PLAN_NET_GATEWAY)
        return false;
    for (size_t i = 0; i < assembly->policy->layer_count; i++)
        if (assembly->policy->layers[i]->network.proxy)
            return false;
    return true;
}

static int settle_path(struct ask *ask)
{
    char address[NET_ADDRESS_TEXT_SIZE];

    if (ask->address.family) {
        net_address_print(&ask->address, address);
        ask->address_text = arena_string(ask->arena, address);
        if (!ask->address_text)
            return -ENOMEM;
    }
    if (ask->host || ask->address.family == AF_INET)
        ask->path = arena_printf(ask->arena, "%s:%u", ask->host ? ask->host : address, ask->port);
    else
        ask->path = arena_printf(ask->arena, "[%s]:%u", address, ask->port);
    return ask->path ? 0 : -ENOMEM;
}

static int fill(const struct cordon_container *container, const struct worker_message *message, struct ask *ask)
{
    char exe[PATH_MAX];
    const char *found = told_exe(&container->workers, message->pid, exe);

    ask->object = -1;
    ask->connection = message->connection;
    ask->operation = OPERATION_CONNECT;
    ask->port = message->port;
    ask->layers = askable_layers(in_force(container)->policy);
    ask->access.process.pid = message->pid;
    ask->access.process.exe = found ? arena_string(ask->arena, found) : NULL;
    ask->host = message->name[0] ? arena_string(ask->arena, message->name) : NULL;
    if ((found && !ask->access.process.exe) || (message->name[0] && !ask->host))
        return -ENOMEM;
    ask->address.family = message->family;
    memcpy(ask->address.bytes, message->address, sizeof(ask->address.bytes));
    return settle_path(ask);
}

/* What the gateway says is taken as it is read: a name in its one spelling, or an address. */
static bool is_sound(const struct worker_message *message)
{
    char name[NET_NAME_SIZE];

    if (!message->port || message->protocol != NET_TCP)
        return false;
    if (!message->name[0])
        return message->family == AF_INET || message->family == AF_INET6;
    return net_name_canonical(message->name, strlen(message->name), name, NULL) == 0 && strcmp(name, message->name) == 0;
}

int asks_find_connection(const struct cordon_container *container, const struct worker_message *message, struct ask **ret_ask, struct error *err)
{
    struct arena *arena auto_arena = arena_new();
    struct ask *ask = arena ? arena_alloc(arena, sizeof(*ask)) : NULL;
    int status;

    *ret_ask = NULL;
    if (!ask)
        return error_memory(err);
    if (!is_sound(message))
        return 0;
    ask->arena = arena;
    if (fill(container, message, ask) < 0)
        return error_memory(err);
    status = asks_settle_digest(ask, "tcp", err);
    if (status == 0) {
        arena = NULL; /* the question's */
        *ret_ask = ask;
    }
    return status;
}

/* Nobody reads an IPv4 address out of the digits of an IPv6 one. */
static void add_inner(struct text *out, const struct ask *ask)
{
    char address[NET_ADDRESS_TEXT_SIZE];
    struct net_address inner;

    if (ask->host || !net_address_embedded(&ask->address, &inner))
        return;
    net_address_print(&inner, address);
    text_printf(out, "\nholds  %s, to which a translator leads", address);
}

/* A line each, safe to show: what a program chose comes last in its line. */
static int say(struct ask *ask, struct error *err)
{
    auto_text struct text text = {0};

    text_add(&text, "the program wants to connect to:\n  ");
    text_add_safe(&text, ask->path);
    text_add(&text, " (tcp)");
    if (ask->host && ask->address.family)
        text_printf(&text, "\nat     %s", ask->address_text);
    add_inner(&text, ask);
    if (ask->rule.note)
        text_printf(&text, "\nnote   %s", ask->rule.note);
    text_printf(&text, "\nby     process %u, ", ask->access.process.pid);
    asks_add_name(&text, ask->access.process.exe ? ask->access.process.exe : "a program that is not known");
    text_printf(&text, "\nrule   %s: ", ask->rule.member);
    text_add_safe(&text, ask->rule.value);
    text_add(&text, "\nopens  every path and method there, at this port alone: anything that the program can read can be sent to it\n");
    return asks_settle_text(ask, &text, err);
}

static int judge(const struct assembly *assembly, const struct plan_index *index, struct ask *ask, struct error *err)
{
    const struct suggest_input input = {assembly->policy, assembly->plan, index, &assembly->variables, NULL};
    const struct question question = {
        .operation = OPERATION_CONNECT,
        .exe = ask->access.process.exe,
        .host = ask->host,
        .address = ask->host ? (struct net_address){0} : ask->address,
        .port = ask->port,
        .protocol = NET_TCP,
    };

    return askable_judge_connection(ask->arena, &input, &question, &ask->rule, err);
}

int asks_judge_connection(const struct cordon_container *container, struct ask *ask, struct error *err)
{
    const struct assembly *assembly = in_force(container);
    struct plan_index *index auto_plan_index = NULL;
    bool is_changed = assembly != &container->assembly;
    int status = is_changed ? plan_index_new(assembly->plan, &index, err) : 0;

    if (status == 0)
        status = judge(assembly, is_changed ? index : container->denials.index, ask, err);
    if (status < 0 || ask->rule.none)
        return status;
    if (is_changed)
        ask->rule.file = NULL; /* whose network holds is not what the run was started with */
    status = say(ask, err);
    return status < 0 ? status : 1;
}
