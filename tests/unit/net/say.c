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

static void say_rule(struct arena *arena, const char *text, struct net_rule *rule)
{
    char *copy = arena_string(arena, text), *rest;

    rule->where = arena_string(arena, text);
    strtok_r(copy, " ", &rest); /* allow, deny */
    for (char *word = strtok_r(NULL, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (strncmp(word, "to=", 3) == 0)
            say_peer(arena, word + 3, arena_append(arena, rule->peers, rule->peer_count));
        else
            say_ports(word, arena_append(arena, rule->ports, rule->port_count));
    }
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

struct net_question *say_question(struct arena *arena, const char *text)
{
    struct net_question *question = arena_alloc(arena, sizeof(*question));
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
        [NET_BY_RULE] = "by-rule", [NET_NO_RULE] = "no-rule", [NET_NOT_RESOLVED] = "not-resolved",
        [NET_OTHER_NAME] = "other-name", [NET_SHARED] = "shared", [NET_SPECIAL] = "special", [NET_NOT_SAID] = "not-said",
    };
    const char *what = decision->verdict == NET_PERMIT     ? "permit"
                       : decision->verdict == NET_ASK_NAME ? "ask"
                                                           : reasons[decision->reason];

    snprintf(text, 300, "%s%s%s", what, decision->name ? " " : "", decision->name ? decision->name : "");
    return text;
}
