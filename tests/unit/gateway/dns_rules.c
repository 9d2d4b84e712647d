/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of the network for tests of the resolver. */
#include "dns_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "test.h"

#define LINES_MAX 5000

/* Those that were made before stay as they are. */
static struct set {
    struct set *before;
    struct net_rules rules;
    struct net_layer layer;
    struct net_rule allowed[LINES_MAX], denied[LINES_MAX];
    struct net_peer peers[LINES_MAX];
    struct net_ports ports[LINES_MAX];
    char hosts[LINES_MAX][NET_NAME_SIZE], wheres[LINES_MAX][16];
} *set;

static struct net_ports ports_of(const char *text)
{
    unsigned first = 0, last = 0;
    int count = sscanf(text + 4, "%u-%u", &first, &last);

    check(count >= 1 && text[3] == ':');
    return (struct net_ports){.first = (uint16_t)first,
                              .last = (uint16_t)(count == 2 ? last : first),
                              .has_port = true,
                              .protocol = strncmp(text, "tcp", 3) == 0   ? NET_TCP
                                          : strncmp(text, "udp", 3) == 0 ? NET_UDP
                                                                         : NET_ANY};
}

static void peer_parse(char *whom, size_t line)
{
    struct net_peer *peer = &set->peers[line];
    char *at = strchr(whom, '@');
    struct error err = ERROR_INIT;
    const char *block = at ? at + 1 : whom;

    if (at)
        *at = '\0';
    peer->has_block = net_block_parse(block, &peer->block, &err) == 0;
    check(peer->has_block || !at);
    if (!at && peer->has_block)
        return;
    check_int(net_pattern_canonical(whom, strlen(whom), set->hosts[line], &err), 0);
    peer->host = set->hosts[line];
}

static void line_parse(char *line, size_t number)
{
    char verb[8], whom[300], what[32], *where = set->wheres[number];
    int count = sscanf(line, "%7s %299s %31s", verb, whom, what);
    struct net_rule *rule;

    if (count == 1 && strcmp(verb, "open") == 0) {
        set->layer.is_open = true;
        return;
    }
    check(count >= 2 && number < LINES_MAX);
    rule = strcmp(verb, "deny") == 0 ? &set->denied[set->layer.deny_count++] : &set->allowed[set->layer.allow_count++];
    snprintf(where, sizeof(set->wheres[number]), "line %zu", number + 1);
    peer_parse(whom, number);
    *rule = (struct net_rule){.peers = &set->peers[number], .peer_count = 1, .where = where};
    if (count < 3)
        return;
    set->ports[number] = ports_of(what);
    rule->ports = &set->ports[number];
    rule->port_count = 1;
}

const struct net_rules *rules_of(const char *text)
{
    struct set *before = set;
    char *copy = strdup(text), *save = NULL;
    size_t number = 0;

    set = calloc(1, sizeof(*set));
    check(copy && set);
    set->before = before;
    set->layer = (struct net_layer){.where = "default", .allow = set->allowed, .deny = set->denied};
    for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        line_parse(line, number++);
    free(copy);
    set->rules = (struct net_rules){.layers = &set->layer, .layer_count = 1};
    return &set->rules;
}

struct net_address address_of(const char *text)
{
    struct net_address address;

    check_int(net_address_parse(text, strlen(text), &address), 0);
    return address;
}
