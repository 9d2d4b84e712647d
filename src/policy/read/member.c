/* SPDX-License-Identifier: Apache-2.0 */
/* Looking members up, and what was probably meant by an unknown one. */
#include "policy/read/member.h"

#include <string.h>

const struct member *member_find(const struct member *members, const char *name)
{
    for (; members->name; members++)
        if (strcmp(members->name, name) == 0)
            return members;
    return NULL;
}

#define DISTANCE_LENGTH_MAX 40

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Optimal string alignment in three rows, in halves; `most` is in whole steps. */
unsigned text_distance(const char *a, const char *b, unsigned most)
{
    unsigned rows[3][DISTANCE_LENGTH_MAX + 1];
    size_t a_length = strlen(a), b_length = strlen(b);

    if (a_length > DISTANCE_LENGTH_MAX || b_length > DISTANCE_LENGTH_MAX)
        return most + 1;
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = 2 * (unsigned)j;
    for (size_t i = 1; i <= a_length; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];

        row[0] = 2 * (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            bool is_alike = lower(a[i - 1]) == lower(b[j - 1]);
            unsigned best = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : is_alike ? 1 : 2);

            if (above[j] + 2 < best)
                best = above[j] + 2;
            if (row[j - 1] + 2 < best)
                best = row[j - 1] + 2;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                above2[j - 2] + 2 < best)
                best = above2[j - 2] + 2;
            row[j] = best;
        }
    }
    most *= 2;
    return rows[a_length % 3][b_length] > most ? most / 2 + 1
                                               : (rows[a_length % 3][b_length] + 1) / 2;
}

const char *member_suggest(const struct member *members, const char *name)
{
    size_t third = strlen(name) / 3;
    unsigned most = third < 1 ? 1 : third > 3 ? 3 : (unsigned)third, best = most + 1;
    const char *nearest = NULL;

    for (; members->name; members++) {
        unsigned distance = text_distance(name, members->name, most);

        if (distance < best) {
            best = distance;
            nearest = members->name;
        }
    }
    return nearest;
}

/* What stands in the wrong map. */
static const char *member_misplaced(const char *parent, const char *name)
{
    static const struct {
        const char *parent, *name, *remedy;
    } misplaced[] = {
        {"network", "allow", "it belongs to network.egress"},
        {"network", "deny", "it belongs to network.egress"},
        {"allow", "protocol", "it belongs to an item of 'ports'"},
        {"allow", "endPort", "it belongs to an item of 'ports'"},
        {"secrets", "env", "write source: \"env:NAME\""},
        {"secrets", "keyring", "write source: \"keyring:DESCRIPTION\""},
        {"secrets", "header", "it belongs to an item of 'in'"},
        {"secrets", "query", "it belongs to an item of 'in'"},
        {"secrets", "basicAuth", "it belongs to an item of 'in'"},
        {"secrets", "body", "it belongs to an item of 'in'"},
    };

    for (size_t i = 0; parent && i < ARRAY_COUNT(misplaced); i++)
        if (strcmp(misplaced[i].parent, parent) == 0 && strcmp(misplaced[i].name, name) == 0)
            return misplaced[i].remedy;
    return NULL;
}

const char *member_moved(const char *parent, const char *name)
{
    const char *misplaced = member_misplaced(parent, name);
    static const struct {
        const char *name, *remedy;
    } moved[] = {
        {"containment", "write isolation.tier"},
        {"defaultPolicy", "write network.egress.default"},
        {"allowedHosts", "write network.egress.allow with a 'to' list"},
        {"blockedHosts", "write network.egress.deny with a 'to' list"},
        {"allowLocalNetwork", "write network.ingress.hostLoopback"},
        {"proxy", "write runtimeConfig.networkProxy"},
        {"outbound", "write network.egress"},
        {"inbound", "write network.ingress"},
        {"host", "write to: [{host: NAME}] in a rule"},
        {"hosts", "write to: [{host: NAME}] in a rule"},
        {"ip", "write cidr"},
        {"address", "write cidr"},
        {"domain", "write host, in the 'to' list of a rule"},
        {"domains", "write to: [{host: NAME}] in a rule"},
        {"methods", "it belongs to 'http', 'mcp' or 'jsonrpc'"},
        {"paths", "it belongs to 'http'"},
        {"tools", "it belongs to 'mcp'"},
        {"tls", "it belongs to a rule of network.egress.allow; authorities to network.tls"},
        {"programs", "it belongs to a rule of network.egress.allow"},
        {"budget", "it belongs to a rule of network.egress.allow, or to network"},
        {"authorities", "write network.tls.authorities"},
        {"secrets", "write it at the top of the document"},
        {"cookie", "write header, with the name Cookie"},
        {"value", "values of secrets do not stand in policies: write source"},
        {"env", "write environment.set or process.env"},
        {"timeout", "write process.timeout or resources.wallTime"},
        {"processContainer", "it belongs to MXC documents; remove it"},
        {"seatbelt", "it belongs to MXC documents; remove it"},
        {"wslc", "it belongs to MXC documents; remove it"},
        {"lxc", "it belongs to MXC documents; remove it"},
        {"fallback", "it belongs to MXC documents; remove it"},
        {"telemetry", "it belongs to MXC documents; remove it"},
        {"phase", "it belongs to MXC documents; remove it"},
        {"sandboxId", "it belongs to MXC documents; remove it"},
    };

    if (misplaced)
        return misplaced;
    for (size_t i = 0; i < ARRAY_COUNT(moved); i++)
        if (strcmp(moved[i].name, name) == 0)
            return moved[i].remedy;
    return NULL;
}
