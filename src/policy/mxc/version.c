/* SPDX-License-Identifier: Apache-2.0 */
/* Versions, phases, and where the network members of older contracts went. */
#include <string.h>

#include "base/compiler.h"
#include "policy/mxc/contract.h"

static const struct {
    const char *text;
    const char *brief;
    unsigned version;
} versions[] = {
    {"0.6.0-alpha", "0.6", MXC_0_6}, {"0.7.0-alpha", "0.7", MXC_0_7},
    {"0.8.0-alpha", "0.8", MXC_0_8}, {"0.9.0-alpha", "0.9", MXC_0_9},
    {"1.0.0", "1.0", MXC_1_0},       {"1.1.0-alpha", "1.1", MXC_1_1},
};

unsigned mxc_version_find(const char *text)
{
    for (size_t i = 0; i < ARRAY_COUNT(versions); i++)
        if (strcmp(versions[i].text, text) == 0)
            return versions[i].version;
    return 0;
}

const char *mxc_version_short(unsigned version)
{
    for (size_t i = 0; i < ARRAY_COUNT(versions); i++)
        if (versions[i].version == version)
            return versions[i].brief;
    return "";
}

int mxc_phase_find(const char *text)
{
    static const char *const names[] = {
        [MXC_PROVISION] = "provision",
        [MXC_START] = "start",
        [MXC_EXEC] = "exec",
        [MXC_STOP] = "stop",
        [MXC_DEPROVISION] = "deprovision",
    };

    for (size_t i = MXC_PROVISION; i < ARRAY_COUNT(names); i++)
        if (strcmp(names[i], text) == 0)
            return (int)i;
    return -1;
}

#define ALL_THREE                                                                                  \
    "network.egress.default, network.ingress.default, and network.ingress.hostLoopback"

static const struct {
    const char *member;
    const char *hint;
} migrations[] = {
    {"defaultPolicy", "use network.egress.default ('allow' or 'deny')"},
    {"allowedHosts",
     "use network.egress.allow/deny CIDR rules; hostnames cannot be losslessly converted"},
    {"blockedHosts",
     "use network.egress.allow/deny CIDR rules; hostnames cannot be losslessly converted"},
    {"enforcementMode", "use directional network policy; enforcement is selected by the backend"},
    {"allowLocalNetwork", "use network.ingress.default and network.ingress.hostLoopback"},
    {"proxy", "use runtimeConfig.networkProxy with a proxy URL"},
};

const char *mxc_migration_hint(const struct mxc_root *root, const char *parent, const char *name)
{
    if (strcmp(parent, "network") != 0)
        return NULL;
    for (size_t i = 0; i < ARRAY_COUNT(migrations); i++) {
        if (strcmp(migrations[i].member, name) != 0)
            continue;
        if (root->phase != MXC_PROVISION)
            return migrations[i].hint;
        if (strcmp(root->containment, "wslc") == 0)
            return "set " ALL_THREE " consistently to 'allow' or 'deny'";
        return "IsolationSession requires " ALL_THREE
               " all set to 'allow'; it does not support network filtering";
    }
    return NULL;
}
