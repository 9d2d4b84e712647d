/* SPDX-License-Identifier: Apache-2.0 */
/* The network objects of MXC's documents, directional and older. */
#include "base/compiler.h"
#include "policy/mxc/shapes.h"

static const struct mxc_choice actions[] = {{"allow", EVERY}, {"deny", EVERY}};
static const struct mxc_choices action_choices = CHOICES("NetworkAction", actions);

static const struct mxc_choice protocols[] = {
    {"tcp", EVERY}, {"udp", EVERY}, {"icmp", EVERY}, {"any", EVERY}};
static const struct mxc_choices protocol_choices = CHOICES("NetworkProtocol", protocols);

static const struct mxc_member peer_members[] = {
    {.name = "cidr", .type = MXC_STRING, .versions = EVERY, .required = EVERY},
    {.name = "except", .type = MXC_STRING, .versions = EVERY, .list = MXC_LIST},
};
static const struct mxc_shape peer = SHAPE("NetworkPeer", peer_members);

static const struct mxc_member port_members[] = {
    {.name = "port", .type = MXC_PORT, .versions = EVERY},
    {.name = "endPort", .type = MXC_PORT, .versions = EVERY},
    {.name = "protocol", .type = MXC_CHOICE, .versions = EVERY, .choices = &protocol_choices},
};
static const struct mxc_shape port = SHAPE("NetworkPort", port_members);

static const struct mxc_member rule_members[] = {
    {.name = "to", .type = MXC_OBJECT, .versions = EVERY, .list = MXC_LIST_FILLED, .shape = &peer},
    {.name = "ports",
     .type = MXC_OBJECT,
     .versions = EVERY,
     .list = MXC_LIST_FILLED,
     .shape = &port},
};
static const struct mxc_shape rule = SHAPE("NetworkRule", rule_members);

static const struct mxc_member egress_members[] = {
    {.name = "default", .type = MXC_CHOICE, .versions = EVERY, .choices = &action_choices},
    {.name = "allow", .type = MXC_OBJECT, .versions = EVERY, .list = MXC_LIST, .shape = &rule},
    {.name = "deny", .type = MXC_OBJECT, .versions = EVERY, .list = MXC_LIST, .shape = &rule},
};
static const struct mxc_shape egress = SHAPE("NetworkEgress", egress_members);

static const struct mxc_member ingress_members[] = {
    {.name = "default", .type = MXC_CHOICE, .versions = EVERY, .choices = &action_choices},
    {.name = "hostLoopback", .type = MXC_CHOICE, .versions = EVERY, .choices = &action_choices},
};
static const struct mxc_shape ingress = SHAPE("NetworkIngress", ingress_members);

static const struct mxc_choice policies[] = {{"allow", OLD}, {"block", OLD}};
static const struct mxc_choices policy_choices = CHOICES("NetworkPolicy", policies);
static const struct mxc_choice enforcements[] = {
    {"capabilities", OLD}, {"firewall", OLD}, {"both", OLD}};
static const struct mxc_choices enforcement_choices = CHOICES("NetworkEnforcement", enforcements);
static const struct mxc_member old_proxy_members[] = {
    {.name = "localhost", .type = MXC_PORT, .versions = OLD},
    {.name = "builtinTestServer", .type = MXC_BOOL, .versions = OLD},
    {.name = "url", .type = MXC_STRING, .versions = OLD},
};
static const struct mxc_shape old_proxy = SHAPE("Proxy", old_proxy_members);

static const struct mxc_member network_members[] = {
    {.name = "egress", .type = MXC_OBJECT, .versions = DIRECTIONAL, .shape = &egress},
    {.name = "ingress", .type = MXC_OBJECT, .versions = DIRECTIONAL, .shape = &ingress},
    {.name = "defaultPolicy", .type = MXC_CHOICE, .versions = OLD, .choices = &policy_choices},
    {.name = "enforcementMode",
     .type = MXC_CHOICE,
     .versions = OLD,
     .choices = &enforcement_choices},
    {.name = "allowedHosts", .type = MXC_STRING, .versions = OLD, .list = MXC_LIST},
    {.name = "blockedHosts", .type = MXC_STRING, .versions = OLD, .list = MXC_LIST},
    {.name = "allowLocalNetwork", .type = MXC_BOOL, .versions = OLD},
    {.name = "removeRulesOnExit", .type = MXC_BOOL, .versions = OLD},
    {.name = "proxy", .type = MXC_OBJECT, .versions = OLD, .shape = &old_proxy},
};
const struct mxc_shape mxc_shape_network = SHAPE("Network", network_members);

/* An isolation session cannot filter: all three must say so. */
static const struct mxc_choice allow_only[] = {{"allow", NEW}};
static const struct mxc_choices allow_only_choices = CHOICES(NULL, allow_only);
static const struct mxc_member session_egress_members[] = {
    {.name = "default",
     .type = MXC_CHOICE,
     .versions = NEW,
     .required = NEW,
     .choices = &allow_only_choices},
};
static const struct mxc_shape session_egress =
    SHAPE("IsolationSessionNetworkEgress", session_egress_members);
static const struct mxc_member session_ingress_members[] = {
    {.name = "default",
     .type = MXC_CHOICE,
     .versions = NEW,
     .required = NEW,
     .choices = &allow_only_choices},
    {.name = "hostLoopback",
     .type = MXC_CHOICE,
     .versions = NEW,
     .required = NEW,
     .choices = &allow_only_choices},
};
static const struct mxc_shape session_ingress =
    SHAPE("IsolationSessionNetworkIngress", session_ingress_members);
static const struct mxc_member session_network_members[] = {
    {.name = "egress",
     .type = MXC_OBJECT,
     .versions = NEW,
     .required = NEW,
     .shape = &session_egress},
    {.name = "ingress",
     .type = MXC_OBJECT,
     .versions = NEW,
     .required = NEW,
     .shape = &session_ingress},
};
const struct mxc_shape mxc_shape_session_network = {
    .name = "IsolationSessionNetwork",
    .members = session_network_members,
    .count = ARRAY_COUNT(session_network_members),
    .hint = "set network.egress.default, network.ingress.default, and "
            "network.ingress.hostLoopback to 'allow'",
};

static const struct mxc_member runtime_config_members[] = {
    {.name = "networkProxy", .type = MXC_STRING, .versions = DIRECTIONAL},
};
const struct mxc_shape mxc_shape_runtime_config = SHAPE("RuntimeConfig", runtime_config_members);
