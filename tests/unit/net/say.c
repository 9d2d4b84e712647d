/* SPDX-License-Identifier: Apache-2.0 */
/* Rules, questions and decisions as text. */
#include "say.h"

#include <stdlib.h>

#include "test.h"

static void hold(bool condition, const char *text)
{
    if (!condition)
        test_fail(__FILE__, __LINE__, "not understood: %s", text);
}

struct net_block say_block(const char *text)
{
    struct net_block block = {0};

    hold(net_block_parse(text, &block, NULL) == 0, text);
    return block;
}

struct net_address say_address(const char *text)
{
    struct net_address address = {0};

    hold(net_address_parse(text, strlen(text), &address) == 0, text);
    return address;
}

static const char *say_name(struct arena *arena, const char *text)
{
    char name[NET_NAME_SIZE];

    hold(net_pattern_canonical(text, strlen(text), name, NULL) == 0 && strcmp(name, text) == 0, text);
    return arena_string(arena, name);
}

static enum net_protocol say_protocol(const char *text)
{
    static const char *const names[] = {"any", "tcp", "udp", "icmp"};

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (strcmp(text, names[i]) == 0)
            return (enum net_protocol)i;
    hold(false, text);
    return NET_ANY;
}

static void say_peer(struct arena *arena, char *text, struct net_peer *peer)
{
    char *at = strchr(text, '@'), *rest, *block;
    struct net_block unused;

    if (at)
        *at = '\0';
    block = strtok_r(at ? at + 1 : text, "!", &rest);
    peer->has_block = at || net_block_parse(block, &unused, NULL) == 0;
    if (at || !peer->has_block)
        peer->host = say_name(arena, text);
    if (peer->has_block)
        peer->block = say_block(block);
    for (char *one = strtok_r(NULL, "!", &rest); one; one = strtok_r(NULL, "!", &rest))
        *arena_append(arena, peer->except, peer->except_count) = say_block(one);
}

static void say_ports(char *text, struct net_ports *ports)
{
    char *port = strchr(text, ':'), *dash;

    *ports = (struct net_ports){.last = 65535};
    if (port) {
        *port++ = '\0';
        dash = strchr(port, '-');
        ports->has_port = true;
        ports->first = (uint16_t)atoi(port);
        ports->last = (uint16_t)atoi(dash ? dash + 1 : port);
    }
    ports->protocol = say_protocol(text);
}

static const char *const *say_list(struct arena *arena, char *text, size_t *ret_count)
{
    const char **list = NULL;
    char *rest;

    for (char *one = strtok_r(text, ",", &rest); one; one = strtok_r(NULL, ",", &rest))
        *arena_append(arena, list, *ret_count) = one;
    return list;
}

static bool is_word(char *word, const char *key, char **ret_value)
{
    *ret_value = word + strlen(key);
    return strncmp(word, key, strlen(key)) == 0;
}

static bool say_requests(struct arena *arena, char *word, struct net_requests *requests)
{
    char *value;

    if (is_word(word, "method=", &value))
        requests->methods = say_list(arena, value, &requests->method_count);
    else if (is_word(word, "path=", &value))
        requests->paths = say_list(arena, value, &requests->path_count);
    else if (is_word(word, "call=", &value))
        requests->calls = say_list(arena, value, &requests->call_count);
    else if (is_word(word, "tool=", &value))
        requests->tools = say_list(arena, value, &requests->tool_count);
    else if (strcmp(word, "mcp") == 0)
        requests->is_mcp = true;
    else if (strcmp(word, "ws") == 0)
        requests->has_websocket = true;
    else
        return strcmp(word, "http") == 0;
    requests->has_calls = requests->call_count || requests->tool_count || requests->is_mcp;
    return true;
}

static void say_rule(struct arena *arena, const char *text, struct net_rule *rule)
{
    struct net_requests *requests = arena_alloc(arena, sizeof(*requests));
    char *copy = arena_string(arena, text), *rest, *value;
    uint16_t *programs = NULL;

    rule->where = arena_string(arena, text);
    strtok_r(copy, " ", &rest); /* allow, deny */
    for (char *word = strtok_r(NULL, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (is_word(word, "to=", &value))
            say_peer(arena, value, arena_append(arena, rule->peers, rule->peer_count));
        else if (is_word(word, "by=", &value))
            *arena_append(arena, programs, rule->program_count) = (uint16_t)atoi(value);
        else if (is_word(word, "budget=", &value))
            rule->budget = (uint16_t)atoi(value);
        else if (is_word(word, "until=", &value))
            rule->until_ms = (uint64_t)atoi(value);
        else if (strcmp(word, "tls") == 0)
            rule->terminates = true;
        else if (say_requests(arena, word, requests))
            rule->requests = requests;
        else
            say_ports(word, arena_append(arena, rule->ports, rule->port_count));
    }
    rule->programs = programs;
}

static void say_layer(struct arena *arena, char *text, struct net_layer *layer)
{
    for (char *end; text; text = end) {
        end = strstr(text, "; ");
        if (end) {
            *end = '\0';
            end += 2;
        }
        if (strncmp(text, "allow", 5) == 0)
            say_rule(arena, text, arena_append(arena, layer->allow, layer->allow_count));
        else if (strncmp(text, "deny", 4) == 0)
            say_rule(arena, text, arena_append(arena, layer->deny, layer->deny_count));
        else if (strcmp(text, "open") == 0)
            layer->is_open = true;
        else if (strcmp(text, "limit") == 0)
            layer->is_open = layer->only_denies = true;
        else
            hold(strcmp(text, "shut") == 0, text);
    }
}

struct net_rules *say_rules(struct arena *arena, const char *text)
{
    struct net_rules *rules = arena_alloc(arena, sizeof(*rules));
    char *at = arena_string(arena, text);

    for (char *end; at && *at; at = end) {
        struct net_layer *layer = arena_append(arena, rules->layers, rules->layer_count);

        end = strstr(at, " | ");
        if (end) {
            *end = '\0';
            end += 3;
        }
        layer->where = arena_printf(arena, "layer %zu", rules->layer_count);
        say_layer(arena, at, layer);
    }
    return rules;
}

static void say_said(struct arena *arena, const char *text, struct net_question *question)
{
    question->said = NET_SAID_NAME;
    if (strcmp(text, "-") == 0)
        question->said = NET_SAID_NOTHING;
    else if (strcmp(text, "?") == 0)
        question->said = NET_SAID_NO_NAME;
    else
        question->name = say_name(arena, text);
}

/* "GET:/path", then by '+': "ws", "empty", "other" (a body that is no call), "answer", "call=NAME", "tool=NAME". */
static const struct net_request *say_request(struct arena *arena, char *text)
{
    struct net_request *request = arena_alloc(arena, sizeof(*request));
    char *rest, *word = strtok_r(text, "+", &rest), *path = strchr(word, ':'), *value;

    hold(path, text);
    *path = '\0';
    request->method = word;
    request->path = path[1] ? path + 1 : NULL;
    for (word = strtok_r(NULL, "+", &rest); word; word = strtok_r(NULL, "+", &rest)) {
        request->has_call = request->has_call || strcmp(word, "ws") != 0;
        if (strcmp(word, "ws") == 0)
            request->is_upgrade = true;
        else if (strcmp(word, "empty") == 0)
            request->is_empty = true;
        else if (strcmp(word, "answer") == 0)
            request->call = "";
        else if (is_word(word, "call=", &value))
            request->call = value;
        else if (is_word(word, "tool=", &value))
            request->tool = value;
        else
            hold(strcmp(word, "other") == 0, word);
    }
    return request;
}

struct net_question *say_question(struct arena *arena, const char *text)
{
    struct net_question *question = arena_alloc(arena, sizeof(*question));
    char *value;
    char *copy = arena_string(arena, text), *rest, *names;
    const char **list = NULL;

    question->protocol = say_protocol(strtok_r(copy, " ", &rest));
    question->address = say_address(strtok_r(NULL, " ", &rest));
    question->port = (uint16_t)atoi(strtok_r(NULL, " ", &rest));
    for (char *word = strtok_r(NULL, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (strncmp(word, "says=", 5) == 0) {
            say_said(arena, word + 5, question);
        } else if (strncmp(word, "for=", 4) == 0) {
            for (char *name = strtok_r(word + 4, ",", &names); name; name = strtok_r(NULL, ",", &names))
                *arena_append(arena, list, question->name_count) = say_name(arena, name);
        } else if (is_word(word, "by=", &value)) {
            question->program = (uint16_t)atoi(value);
        } else if (strcmp(word, "tls") == 0) {
            question->is_tls = true;
        } else if (is_word(word, "asks=", &value)) {
            question->request = say_request(arena, value);
            question->is_opened = question->is_tls;
        } else {
            hold(strcmp(word, "own") == 0, text);
            question->is_own = true;
        }
    }
    question->names = list;
    return question;
}

const char *say_decision(const struct net_decision *decision, char text[300])
{
    static const char *const reasons[] = {
        [NET_BY_RULE] = "by-rule",       [NET_NO_RULE] = "no-rule",     [NET_NOT_RESOLVED] = "not-resolved",
        [NET_OTHER_NAME] = "other-name", [NET_SHARED] = "shared",       [NET_SPECIAL] = "special",
        [NET_NOT_SAID] = "not-said",     [NET_PROGRAM] = "program",     [NET_REQUEST] = "other-request",
        [NET_CALL] = "other-call",       [NET_OPAQUE] = "opaque",       [NET_MALFORMED] = "malformed",
        [NET_BUDGET] = "budget",
        [NET_ENDED] = "ended",
    };
    static const char *const verdicts[] = {
        [NET_PERMIT] = "permit", [NET_ASK_NAME] = "ask", [NET_ASK_REQUEST] = "requests", [NET_ASK_CALL] = "body"};
    const char *what = decision->verdict ? verdicts[decision->verdict] : reasons[decision->reason];
    int length = snprintf(text, 300, "%s%s%s%s", what, decision->terminates ? " tls" : "", decision->name ? " " : "",
                          decision->name ? decision->name : "");

    for (unsigned i = 0; i < decision->budget_count; i++)
        length += snprintf(text + length, 300 - (size_t)length, " #%u", decision->budgets[i]);
    return text;
}
