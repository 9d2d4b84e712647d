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
    NETWORK_RULES,    /* some destinations, listeners, the host's loopback or a proxy */
};

/* What keeps NETWORK_RULES from being a network that needs no gateway. */
enum network_lack {
    LACK_RULES = 0,     /* single destinations, or a proxy */
    LACK_HOST_LOOPBACK, /* the host's loopback alone */
    LACK_EGRESS,        /* connections from outside alone */
    LACK_INGRESS,       /* connections to the outside alone */
    LACK_LOOPBACK,      /* everything but a loopback */
    LACK_HOST_DENIED,   /* everything but the host's loopback */
};

struct network_choice {
    enum network_verdict verdict;
    enum network_lack lack;   /* NETWORK_RULES only */
    const struct origin *why; /* what decided it, or is in the way; NULL = built-in default */
};

struct effective {
    const char *name;           /* of the first request */
    struct resources resources; /* each the least of the layers that set it */
    struct setting timeout;     /* process.timeout, the least; ms */

    struct network_choice network;
    const char *proxy; /* NULL = none */
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

    bool nested_namespaces, nested_containers;
    struct setting nested_depth;
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

/* Lists that layers intersect. */
enum policy_list {
    LIST_DEVICES,
    LIST_UNIX_SOCKETS,
    LIST_SYSCALLS_ALLOW,
    LIST_ENV_INHERIT,
    LIST_ALLOW_LOSS,
    LIST_COUNT,
};
const char *policy_list_member(enum policy_list list); /* "devices", ... */
const struct string_list *document_list(const struct document *document, enum policy_list list);

/* Do all layers permit this item? A name or prefix* is permitted by what covers it. */
bool policy_list_permits(const struct policy *policy, enum policy_list list, const char *text);
/* No layer says which: only ceilings, and none names it. */
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
    FLAG_COUNT
};
const char *policy_flag_member(enum policy_flag flag);
bool policy_flag_permits(const struct policy *policy, enum policy_flag flag,
                         const struct origin **ret_why);

#endif
