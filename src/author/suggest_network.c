/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses: a rule about this host, port and protocol, for this program, and for this request where it is about one. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "author/suggest.h"
#include "base/json.h"
#include "net/name.h"

#define PORT_SUPPOSED 443 /* where a name was asked for and no connection could follow */

static const char *const protocols[] = {[NET_ANY] = "any", [NET_TCP] = "tcp", [NET_UDP] = "udp", [NET_ICMP] = "icmp"};

static bool is_special(const struct net_address *address)
{
    return address->family && net_address_class(address) != NET_PUBLIC;
}

static void add_peer(struct json *json, const struct question *question)
{
    char address[NET_ADDRESS_TEXT_SIZE], block[NET_ADDRESS_TEXT_SIZE + 4];

    json_begin_array(json, "to");
    json_begin_object(json, NULL);
    if (question->host)
        json_add_string(json, "host", question->host);
    if (question->address.family && (!question->host || is_special(&question->address))) {
        net_address_print(&question->address, address);
        snprintf(block, sizeof(block), "%s/%d", address, question->address.family == AF_INET ? 32 : 128);
        json_add_string(json, "cidr", block);
    }
    json_end(json);
    json_end(json);
}

static void add_ports(struct json *json, const struct question *question)
{
    unsigned protocol = question->protocol ? question->protocol : NET_TCP;

    json_begin_array(json, "ports");
    json_begin_object(json, NULL);
    if (protocol != NET_ICMP && (question->port || question->host))
        json_add_uint(json, "port", question->port ? question->port : PORT_SUPPOSED);
    json_add_string(json, "protocol", protocols[protocol <= NET_ICMP ? protocol : NET_TCP]);
    json_end(json);
    json_end(json);
}

static void add_strings(struct json *json, const char *key, const char *text)
{
    json_begin_array(json, key);
    json_add_string(json, NULL, text);
    json_end(json);
}

/* The path as a pattern that is this path alone (net/request.h). NULL without memory. */
static const char *path_alone(struct arena *arena, const char *path)
{
    auto_text struct text out = {0};

    text_add(&out, "");
    for (; *path; path++)
        text_add_n(&out, *path == '*' ? "%2A" : path, *path == '*' ? 3 : 1);
    return out.is_broken ? NULL : arena_string(arena, out.data);
}

/* A program is known by its file where the rules already tell programs apart; elsewhere naming one costs the run a keeper. */
static bool names_program(const struct suggest *s)
{
    const struct net_rules *rules = s->input->plan->net_rules;

    return s->question->exe && s->question->exe[0] == '/' && rules && rules->program_count;
}

static int add_rule(struct suggest *s)
{
    const struct suggest_request *request = s->input->request;
    auto_text struct text text = {0};
    struct json json = JSON_INIT(&text, 0);
    const char *value, *path = request && request->path ? path_alone(s->arena, request->path) : NULL;

    if (request && request->path && !path)
        return error_memory(s->err);
    json_begin_object(&json, NULL);
    add_peer(&json, s->question);
    add_ports(&json, s->question);
    if (names_program(s))
        add_strings(&json, "programs", s->question->exe);
    if (request && request->method && path) {
        if (s->question->port == 443)
            json_add_string(&json, "tls", "terminate");
        json_begin_object(&json, "http");
        add_strings(&json, "methods", request->method);
        add_strings(&json, "paths", path);
        json_end(&json);
    }
    json_end(&json);
    value = text.is_broken ? NULL : arena_string(s->arena, text.data);
    return suggest_add(s, "network.egress.allow", value, NULL);
}

static const struct plan_way *way_of(const struct suggest *s, enum plan_way_kind kind)
{
    for (size_t i = 0; i < s->input->plan->way_count; i++)
        if (s->input->plan->ways[i].kind == kind && s->input->plan->ways[i].origin == s->judged->origin)
            return &s->input->plan->ways[i];
    return NULL;
}

static bool has_no_way_out(const struct suggest *s)
{
    return s->input->plan->network == PLAN_NET_NONE || s->input->plan->network == PLAN_NET_LOOPBACK;
}

static const char *danger_of(const struct net_address *address)
{
    switch (address->family ? net_address_class(address) : NET_PUBLIC) {
    case NET_LINK_LOCAL:
    case NET_METADATA:
        return "metadata services lie there, and give out the machine's credentials to whoever asks";
    case NET_PRIVATE:
        return "it lies in the machine's own network, where services trust whoever asks";
    default:
        return NULL;
    }
}

int suggest_network(struct suggest *s)
{
    const struct question *question = s->question;
    const struct net_address address = net_address_unmapped(&question->address);

    if (s->input->plan->wall == PLAN_WALL_LANDLOCK)
        return suggest_none(s, "no rule can: destinations are told apart by a network namespace, which cannot be made here");
    if (!question->host && !question->address.family)
        return suggest_none(s, "no rule can: it is not known whom it was for");
    if (address.family && net_address_class(&address) == NET_LOOPBACK)
        return suggest_none(s, "the container has a loopback of its own with network.loopback: allow; ports of the host's are network.ingress.hostLoopbackPorts");
    if (address.family && net_address_class(&address) == NET_UNUSABLE)
        return suggest_none(s, "no rule can: %s", "the address is given to nobody");
    if (!question->host && question->port == 53 && has_no_way_out(s))
        return suggest_none(s, "it asked a name server, which is not what it wanted: name the host that it wanted, as 'cordon why --host NAME' shows; "
                               "names are resolved as soon as a policy allows one");
    if (way_of(s, PLAN_WAY_DENY)) {
        s->made->is_wider = true;
        s->made->note = "everything else that the rule denies comes free as well; it is granted only where another rule allows it";
        return suggest_remove(s, s->judged->origin, suggest_quote(s->arena, question->host ? question->host : "the address"));
    }
    if (has_no_way_out(s))
        s->made->note = "the container gets a gateway, its only way out";
    if (danger_of(&address))
        s->made->note = danger_of(&address);
    if (!question->port && question->protocol != NET_ICMP) {
        s->made->is_wider = !question->host;
        s->made->note = question->host ? "the port is supposed: a name was asked for, and what it was for is not known"
                                       : "no port was said, so it is every port: add the one that is meant";
    }
    return add_rule(s);
}
