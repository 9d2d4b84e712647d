/* SPDX-License-Identifier: Apache-2.0 */
#include "said.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/glob.h"
#include "test.h"

bool said_covers(const struct words_list *patterns, const char *path)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (glob_covers(patterns->items[i], path))
            return true;
    return false;
}

bool said_of_path(const struct policy_diff *diff, enum difference_kind kind, const char *path, unsigned right)
{
    for (size_t i = 0; i < diff->count; i++) {
        const struct difference *item = &diff->items[i];

        if (item->kind == kind && item->area == AREA_FILES && item->rights & right &&
            said_covers(&item->subjects, path) && !said_covers(&item->except, path))
            return true;
    }
    return false;
}

/* ---- destinations ---- */

static bool covers_address(const char *text, const struct destination *to)
{
    char first[64], *second;
    unsigned char low[16], high[16];
    struct net_block block;
    const unsigned size = to->family == AF_INET ? 4 : 16;

    if (strstr(text, " where it is the host's own"))
        return to->is_own && strtok(strcpy(first, text), " ") && inet_pton(to->family, first, low) == 1 &&
               memcmp(low, to->address, size) == 0;
    if (to->is_own)
        return false;
    if (strncmp(text, "IPv6 addresses", 14) == 0)
        return false; /* none of the small world embeds another */
    if (strcmp(text, "every public address") == 0)
        return true; /* as all of the small world are */
    snprintf(first, sizeof(first), "%s", text);
    second = strchr(first, '-');
    if (!second) {
        unsigned char last[16];

        check_int(net_block_parse(text, &block, NULL), 0);
        block_bounds(&block, low, last);
        return block.family == to->family && memcmp(to->address, low, size) >= 0 && memcmp(to->address, last, size) <= 0;
    }
    *second++ = '\0';
    return inet_pton(to->family, first, low) == 1 && inet_pton(to->family, second, high) == 1 &&
           memcmp(to->address, low, size) >= 0 && memcmp(to->address, high, size) <= 0;
}

static bool covers_one_address(const struct words_list *words, const struct destination *to)
{
    for (size_t i = 0; i < words->count; i++)
        if (covers_address(words->items[i], to))
            return true;
    return false;
}

static bool covers_port(const struct words_list *words, const struct destination *to)
{
    for (size_t i = 0; i < words->count; i++) {
        unsigned first, last;
        char protocol[8];

        if (strcmp(words->items[i], "icmp") == 0 && to->protocol == NET_ICMP)
            return true;
        if (sscanf(words->items[i], "every port/%7s", protocol) == 1) {
            first = 1;
            last = 65535;
        } else if (sscanf(words->items[i], "%u-%u/%7s", &first, &last, protocol) != 3) {
            if (sscanf(words->items[i], "%u/%7s", &first, protocol) != 2)
                continue;
            last = first;
        }
        if (strcmp(protocol, to->protocol == NET_TCP ? "tcp" : to->protocol == NET_UDP ? "udp" : "") == 0 && first <= to->port &&
            to->port <= last)
            return true;
    }
    return !words->count;
}

static bool has_word(const struct words_list *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->items[i], word) == 0)
            return true;
    return false;
}

static bool is_address_item(const struct difference *item)
{
    return strncmp(item->subjects.items[0], "every public", 12) == 0 || strncmp(item->subjects.items[0], "IPv6", 4) == 0 || strchr(item->subjects.items[0], ':') ||
           (item->subjects.items[0][0] >= '0' && item->subjects.items[0][0] <= '9');
}

/* Names of the rules are told apart; another one is "every name that no rule has". */
static bool covers_name(const struct difference *item, const char *host)
{
    static const char *const known[] = {"x.org", "a.x.org"};
    const char *subject = item->subjects.items[0];
    bool is_known = false;

    for (size_t i = 0; i < ARRAY_COUNT(known); i++)
        is_known = is_known || strcmp(known[i], host) == 0;
    if (strncmp(subject, "every name", 10) == 0)
        return !is_known && !strstr(host, ".x.org");
    return net_name_matches(subject, host) && !has_word(&item->other_than, host);
}

bool said_of_destination(const struct policy_diff *diff, enum difference_kind kind, const struct destination *to, bool by_address)
{
    for (size_t i = 0; i < diff->count; i++) {
        const struct difference *item = &diff->items[i];

        if (item->kind != kind || item->area != AREA_NETWORK || !(item->rights & RIGHT_CONNECT) ||
            !covers_port(&item->ports, to) || is_address_item(item) != by_address)
            continue;
        if (by_address ? covers_one_address(&item->subjects, to)
                       : covers_name(item, to->host) &&
                             (item->addresses.count ? covers_one_address(&item->addresses, to) : !to->is_own))
            return true;
    }
    return false;
}
