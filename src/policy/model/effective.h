/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings that hold when all layers are put together. Requests and parents grant only what
 * they say; a ceiling limits only what it names. Every value keeps the origin of the layer that
 * decided it. Pure; results live in the arena that is passed.
 */
#ifndef CORDON_POLICY_MODEL_EFFECTIVE_H
#define CORDON_POLICY_MODEL_EFFECTIVE_H

#include "policy/policy.h"

enum network_verdict {
    NETWORK_NONE = 0, /* not even an own loopback */
    NETWORK_LOOPBACK, /* own loopback and nothing else */
    NETWORK_HOST,     /* everything: the host's network */
    NETWORK_GATEWAY,  /* some of it, through the gateway: destinations, ports, a proxy */
    NETWORK_REFUSED,  /* what there is no mechanism for */
};

/* What NETWORK_REFUSED lacks. */
enum network_lack {
    LACK_INGRESS = 0,   /* connections from outside to every port, without the host's network */
    LACK_HOST_LOOPBACK, /* every port of the host's loopback, without its network */
    LACK_LOOPBACK,      /* a network and no loopback */
    LACK_PROXY_ALONE,   /* a proxy, and another way out beside it */
    LACK_PROXY_LIMITED, /* a proxy that would lead past the limits of a layer that does not name it */
};

struct network_choice {
    enum network_verdict verdict;
    enum network_lack lack;   /* NETWORK_REFUSED only */
    bool is_proxied;          /* NETWORK_GATEWAY: the proxy is all that there is outside */
    const struct origin *why; /* what decided it, or cannot be had; NULL = built-in default */
    const struct origin *against; /* LACK_INGRESS, LACK_HOST_LOOPBACK: what leaves less than the host's network; or NULL */
};

struct effective {
    const char *name;           /* of the first request */
    struct resources resources; /* each the least of the layers that set it */
    struct setting timeout;     /* process.timeout, the least; ms */

    struct network_choice network;
    const char *proxy; /* NULL = none */
    uint16_t proxy_port;
    const struct origin *proxy_origin;

    struct setting tier;         /* enum tier_choice; TIER_AUTO when nobody chose */
    struct setting minimum_tier; /* the highest */

    struct string_list env_inherit; /* names, or prefix followed by '*' */
    struct env_item *env_set;
    size_t env_set_count;
    bool env_is_exact;
    bool env_home_is_cwd;

    struct string_list syscalls_deny, syscalls_allow;
    struct string_list devices, unix_sockets;
    struct string_list allow_loss;
    struct string_list authorities;
    struct secret *secrets; /* each with the hosts that all layers let it be sent to */
    size_t secret_count;

    bool nested_namespaces, nested_containers;
    struct setting nested_depth, nested_number;
    struct string_item identity_class, identity_sponsor;     /* text NULL = nobody says */
    struct string_list identity_audiences;                   /* not set = whomever */
    struct setting audit_mode, audit_arguments, audit_paths; /* each the strictest of the layers that set it */
    struct setting toolchains;      /* 1 = every layer lets the caller's PATH directories in */
    struct setting protect_builtin; /* 1 = some layer protects the built-in names */

    const char *command_line; /* NULL = none */
    const struct origin *command_origin;
    const char *cwd; /* NULL = none */
    const struct origin *cwd_origin;
};

/* Hears of a contradiction; 0 = go on with what the first of the two layers says. */
typedef int settle_refuse(const struct error *made, void *data, struct error *err);

/*
 * ERROR_INVALID when two layers choose different tiers, values of one variable, commands,
 * directories or proxies (both are named), unless `refuse` takes it; ERROR_MEMORY.
 */
int policy_settle(const struct policy *policy, struct arena *arena, settle_refuse *refuse,
                  void *data, struct effective *ret_effective, struct error *err) must_check;

/* Is `tier` (TIER_AUTO always is) at least `minimum`? ERROR_FORBIDDEN names both. */
int effective_check_tier(struct arena *arena, const struct setting *tier,
                         const struct setting *minimum, struct error *err) must_check;
const char *tier_choice_name(enum tier_choice tier); /* "auto", "process", ... */

/* The parts of it that need no memory. */
struct resources policy_resources(const struct policy *policy);
struct setting policy_timeout(const struct policy *policy);
struct setting policy_minimum_tier(const struct policy *policy);
struct network_choice policy_network(const struct policy *policy);

/* What of the outside one layer leaves, by its rules and its default. */
enum egress { EGRESS_NONE, EGRESS_RULES, EGRESS_ALL };
enum egress document_egress(const struct document *layer);

/* Ports of one loopback that lead to the other. */
enum doors { DOORS_INWARD, DOORS_OUTWARD };
bool document_permits_door(const struct document *layer, enum doors which, const struct port_grant *door);
/* Does the layer permit every port there is? */
bool document_permits_all_doors(const struct document *layer, enum doors which);
bool policy_permits_door(const struct policy *policy, enum doors which, const struct port_grant *door);
/* The one of number `index` that all layers permit, NULL = there are no more. */
const struct port_grant *policy_door(const struct policy *policy, enum doors which, size_t index);

/*
 * The rules of all layers for NETWORK_GATEWAY, one net_layer each; deep, in the arena. Programs are only names yet, as the
 * documents write them, each once. ERROR_MEMORY also for more programs or budgets than a rule could number.
 */
int policy_net_rules(const struct policy *policy, struct arena *arena, struct net_rules **ret_rules,
                     struct error *err) must_check;

/* Lists that layers intersect. */
enum policy_list {
    LIST_DEVICES,
    LIST_UNIX_SOCKETS,
    LIST_SYSCALLS_ALLOW,
    LIST_ENV_INHERIT,
    LIST_AUTHORITIES,
    LIST_ALLOW_LOSS,
    LIST_AUDIENCES, /* the one that limits only where it is written */
    LIST_COUNT,
};
const char *policy_list_member(enum policy_list list); /* "devices", ... */
const struct string_list *document_list(const struct document *document, enum policy_list list);

/* Do all layers permit this item? A name or prefix* is permitted by what covers it. */
bool policy_list_permits(const struct policy *policy, enum policy_list list, const char *text);
/* No layer says which: only ceilings, and none names it; or it is a list that limits only where it is written. */
bool policy_list_is_unlimited(const struct policy *policy, enum policy_list list);
int policy_list_settle(const struct policy *policy, enum policy_list list, struct arena *arena,
                       struct string_list *ret_list, struct error *err) must_check;

/* Is `name` (or prefix*) covered by `pattern` (a name or prefix*)? */
bool environment_covers(const char *pattern, const char *name);

/* Yes/no members that every layer must grant. */
enum policy_flag {
    FLAG_TOOLCHAINS,
    FLAG_NESTED_NAMESPACES,
    FLAG_NESTED_CONTAINERS,
    FLAG_CLIPBOARD_WRITE,
    FLAG_IDENTITY_FILES,
    FLAG_COUNT
};
const char *policy_flag_member(enum policy_flag flag);
bool policy_flag_permits(const struct policy *policy, enum policy_flag flag,
                         const struct origin **ret_why);

/* Levels of sub-containers, and how many there may be at a time: 0 and 0 without nested.containers; not set = no limit. */
struct setting policy_nested_depth(const struct policy *policy);
struct setting policy_nested_number(const struct policy *policy);

/* The strictest value of a setting of enum audit_mode or enum audit_privacy, by its offset in struct document. */
struct setting policy_strictest(const struct policy *policy, size_t offset);

#endif
