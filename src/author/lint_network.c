/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about the network: what one covers of another, and what reaches further than a name says. */
#include <string.h>

#include "author/lint_look.h"
#include "base/path.h"
#include "net/address.h"
#include "net/name.h"

/* Below these anybody can have a name, for data as for programs. */
static const char *const shared_domains[] = {
    "amazonaws.com",     "appspot.com",    "azurewebsites.net",  "azureedge.net",   "blob.core.windows.net",
    "cloudapp.azure.com", "cloudfront.net", "cloudfunctions.net", "deno.dev",        "firebaseapp.com",
    "fly.dev",           "github.io",      "gitlab.io",          "glitch.me",       "googleusercontent.com",
    "herokuapp.com",     "lambda-url.us-east-1.on.aws", "loca.lt", "netlify.app",   "ngrok.app",
    "ngrok.io",          "ngrok-free.app", "onrender.com",       "pages.dev",       "pythonanywhere.com",
    "r2.dev",            "railway.app",    "repl.co",            "run.app",         "s3.amazonaws.com",
    "serveo.net",        "surge.sh",       "trycloudflare.com",  "vercel.app",      "web.app",
    "webhook.site",      "workers.dev",
};

/* Second labels under which countries' registries give names: "*.co.uk" is as wide as "*.com". */
static const char *const registry_labels[] = {"ac", "co", "com", "edu", "gov", "ne", "net", "or", "org"};

struct rules {
    struct look *look;
    const struct document *document;
};

static bool is_every_address(const struct net_rule *rule)
{
    if (!rule->peer_count)
        return true;
    for (size_t i = 0; i < rule->peer_count; i++)
        if (!rule->peers[i].host && rule->peers[i].has_block && rule->peers[i].block.prefix == 0)
            return true;
    return false;
}

static bool same_excepts(const struct net_peer *a, const struct net_peer *b)
{
    if (a->except_count > b->except_count)
        return false;
    for (size_t i = 0; i < a->except_count; i++) { /* what the wider leaves out, the narrower must */
        bool is_out = false;

        for (size_t j = 0; j < b->except_count; j++)
            is_out = is_out || net_block_contains(&b->except[j], &a->except[i]);
        if (!is_out)
            return false;
    }
    return true;
}

static bool host_covers(const char *wide, const char *narrow)
{
    return strcmp(wide, narrow) == 0 || (narrow[0] != '*' && net_name_matches(wide, narrow));
}

static bool peer_covers(const struct net_peer *wide, const struct net_peer *narrow)
{
    if (wide->host && (!narrow->host || !host_covers(wide->host, narrow->host)))
        return false;
    if (!wide->host && narrow->host)
        return false; /* a name holds where the connection says it; an address rule is another matter */
    if (!wide->has_block)
        return !narrow->has_block; /* with a block private addresses are reached too */
    return narrow->has_block && net_block_contains(&wide->block, &narrow->block) && same_excepts(wide, narrow);
}

static bool peers_cover(const struct net_rule *wide, const struct net_rule *narrow)
{
    if (!wide->peer_count || !narrow->peer_count)
        return !wide->peer_count && !narrow->peer_count;
    for (size_t i = 0; i < narrow->peer_count; i++) {
        bool is_covered = false;

        for (size_t j = 0; j < wide->peer_count && !is_covered; j++)
            is_covered = peer_covers(&wide->peers[j], &narrow->peers[i]);
        if (!is_covered)
            return false;
    }
    return true;
}

static bool ports_cover(const struct net_rule *wide, const struct net_rule *narrow)
{
    for (size_t i = 0; !wide->port_count && i < narrow->port_count; i++)
        if (narrow->ports[i].protocol == NET_UDP || narrow->ports[i].protocol == NET_ICMP)
            return false; /* of a name these hold only where they are said */
    if (!wide->port_count)
        return true;
    for (size_t i = 0; i < narrow->port_count; i++) {
        bool is_covered = false;

        for (size_t j = 0; j < wide->port_count && !is_covered; j++)
            is_covered = wide->ports[j].first <= narrow->ports[i].first && narrow->ports[i].last <= wide->ports[j].last &&
                         wide->ports[j].protocol == narrow->ports[i].protocol;
        if (!is_covered)
            return false;
    }
    return narrow->port_count > 0;
}

/* A denial is about more than its text: no peer is every address and name, a domain's own ports every protocol. */
static bool denial_covers(const struct net_rule *denial, const struct net_rule *allow)
{
    if (denial->requests)
        return false;
    if (denial->peer_count && !peers_cover(denial, allow))
        return false;
    return !denial->port_count || ports_cover(denial, allow);
}

static bool is_narrowed(const struct egress_rule *rule)
{
    return rule->rule.requests || rule->programs.is_set || rule->budget.is_set || rule->rule.terminates;
}

static bool list_covers(const struct string_list *wide, const struct string_list *narrow)
{
    if (!wide->is_set)
        return true;
    for (size_t i = 0; i < narrow->count; i++) {
        bool is_in = false;

        for (size_t j = 0; j < wide->count; j++)
            is_in = is_in || strcmp(wide->items[j].text, narrow->items[i].text) == 0;
        if (!is_in)
            return false;
    }
    return narrow->is_set;
}

/* What the rule is about, for people: "api.example.org", "10.0.0.0/8", "every address" */
static const char *describe(struct look *look, const struct net_rule *rule)
{
    const struct net_peer *peer = rule->peer_count ? &rule->peers[0] : NULL;
    char address[NET_ADDRESS_TEXT_SIZE];
    struct net_address first = {0};
    const char *text;

    if (!peer)
        return "every address";
    if (peer->host)
        return look_safe(look, peer->host);
    first.family = peer->block.family;
    memcpy(first.bytes, peer->block.address, sizeof(first.bytes));
    net_address_print(&first, address);
    text = arena_printf(look->arena, "%s/%u", address, peer->block.prefix);
    look->is_broken = look->is_broken || !text;
    return text ? text : "";
}

/* Could anything be about both? In doubt it could. */
static bool may_overlap(const struct net_rule *a, const struct net_rule *b)
{
    if (!a->peer_count || !b->peer_count || is_every_address(a) || is_every_address(b))
        return true;
    for (size_t i = 0; i < a->peer_count; i++)
        for (size_t j = 0; j < b->peer_count; j++) {
            const struct net_peer *x = &a->peers[i], *y = &b->peers[j];

            if (!x->host != !y->host || (x->host && (host_covers(x->host, y->host) || host_covers(y->host, x->host))) ||
                (!x->host && (net_block_contains(&x->block, &y->block) || net_block_contains(&y->block, &x->block))))
                return true;
        }
    return false;
}

/* Where a rule opens TLS, it matters by which rule a connection is granted beside it. */
static bool meets_opened(const struct rules *rules, const struct egress_rule *rule)
{
    const struct network *network = &rules->document->network;

    for (size_t i = 0; i < network->allow_count; i++)
        if (&network->allow[i] != rule && (network->allow[i].rule.terminates || network->allow[i].rule.requests) &&
            may_overlap(&network->allow[i].rule, &rule->rule))
            return true;
    return false;
}

/* An address of the host's own is only reached by a rule that names it or its block: a wider one is no other spelling of it. */
static bool same_blocks(const struct net_rule *wide, const struct net_rule *narrow)
{
    for (size_t i = 0; i < narrow->peer_count; i++) {
        bool is_there = !narrow->peers[i].has_block;

        for (size_t j = 0; j < wide->peer_count && !is_there; j++)
            is_there = wide->peers[j].has_block && net_block_contains(&narrow->peers[i].block, &wide->peers[j].block) &&
                       peer_covers(&wide->peers[j], &narrow->peers[i]);
        if (!is_there)
            return false;
    }
    return true;
}

/* Then it does not say what the other says. */
static bool ends_before(const struct net_rule *rule, const struct net_rule *other)
{
    return rule->until_ms && (!other->until_ms || rule->until_ms < other->until_ms);
}

/* Does another rule make this one void, or say the same? */
static int check_pair(const struct rules *rules, const struct egress_rule *rule, const struct egress_rule *other, bool *ret_is_told)
{
    struct look *look = rules->look;

    if (!peers_cover(&other->rule, &rule->rule) || !ports_cover(&other->rule, &rule->rule) || ends_before(&other->rule, &rule->rule))
        return 0;
    if (is_narrowed(rule) && !is_narrowed(other)) {
        *ret_is_told = true;
        return look_say(look, LINT_NETWORK_PLAIN, &rule->origin, "remove the plain rule",
                        "%s is narrowed here, but %s grants it without that, and who has both has the plain one",
                        describe(look, &rule->rule), look_place(look, &other->origin));
    }
    if (is_narrowed(other) && (other->rule.requests || other->budget.is_set || rule->rule.requests || rule->budget.is_set ||
                               other->rule.terminates != rule->rule.terminates ||
                               !list_covers(&other->programs, &rule->programs)))
        return 0;
    if (other > rule && peers_cover(&rule->rule, &other->rule) && ports_cover(&rule->rule, &other->rule) &&
        list_covers(&rule->programs, &other->programs) && !ends_before(&rule->rule, &other->rule))
        return 0; /* they are alike: the later one is told */
    if (meets_opened(rules, rule) || !same_blocks(&other->rule, &rule->rule))
        return 0;
    *ret_is_told = true;
    return look_say(look, LINT_COVERED, &rule->origin, "remove it", "%s is granted by %s already", describe(look, &rule->rule),
                    look_place(look, &other->origin));
}

static int check_conflicts(const struct rules *rules, const struct egress_rule *rule)
{
    const struct network *network = &rules->document->network;
    bool is_told = false;
    int r = 0;

    for (size_t i = 0; i < network->deny_count; i++)
        if (denial_covers(&network->deny[i].rule, &rule->rule))
            return look_say(rules->look, LINT_NETWORK_DENIED, &rule->origin, "remove one of the two",
                            "%s is denied by %s, and a denial is stronger: this rule lets no connection through",
                            describe(rules->look, &rule->rule), look_place(rules->look, &network->deny[i].origin));
    for (size_t i = 0; i < network->allow_count && r == 0 && !is_told; i++)
        if (&network->allow[i] != rule)
            r = check_pair(rules, rule, &network->allow[i], &is_told);
    return r;
}

/* "com" of "*.com" never gets here: patterns have two labels behind the star at least. */
static const char *too_wide(const char *pattern)
{
    const char *domain = pattern + 2, *dot = strchr(domain, '.');
    size_t length = dot ? (size_t)(dot - domain) : 0;

    for (size_t i = 0; i < ARRAY_COUNT(shared_domains); i++) {
        size_t shared = strlen(shared_domains[i]), all = strlen(domain);

        if (all >= shared && strcmp(domain + all - shared, shared_domains[i]) == 0 &&
            (all == shared || domain[all - shared - 1] == '.'))
            return "anybody can have a name there";
    }
    for (size_t i = 0; i < ARRAY_COUNT(registry_labels) && dot && strlen(dot + 1) == 2; i++)
        if (strlen(registry_labels[i]) == length && strncmp(domain, registry_labels[i], length) == 0)
            return "it is the domain of a whole country";
    return NULL;
}

static int check_peer(struct look *look, const struct egress_rule *rule, const struct net_peer *peer)
{
    struct net_address first = {.family = peer->block.family};
    enum net_address_class class;
    const char *host = peer->host;

    if (host && host[0] == '*' && too_wide(host))
        return look_say(look, LINT_SHARED_DOMAIN, &rule->origin, "name the hosts", "%s: %s, so whoever wants to be reached can be",
                        look_safe(look, host), too_wide(host));
    if (host && host[0] == '*')
        return look_say(look, LINT_WILDCARD_HOST, &rule->origin, "name the hosts, and paths by http where it has to be wide",
                        "%s is every name with one label more; what is asked for carries data to whoever answers for that name",
                        look_safe(look, host));
    if (host || !peer->has_block || !peer->block.prefix)
        return 0;
    memcpy(first.bytes, peer->block.address, sizeof(first.bytes));
    class = net_address_class(&first);
    if (class == NET_LINK_LOCAL || class == NET_METADATA || class == NET_PRIVATE)
        return look_say(look, LINT_INSIDE_ADDRESS, &rule->origin,
                        class == NET_PRIVATE ? "name single addresses and ports" : "remove it: metadata services give out credentials",
                        "%s is %s: services that trust whoever is on the machine's own network", describe(look, &rule->rule),
                        net_address_class_name(class));
    return 0;
}

static bool has_port(const struct net_rule *rule, uint16_t port)
{
    for (size_t i = 0; i < rule->port_count; i++)
        if (rule->ports[i].first <= port && port <= rule->ports[i].last)
            return true;
    return !rule->port_count;
}

static int check_allow(const struct rules *rules, const struct egress_rule *rule)
{
    struct look *look = rules->look;
    bool is_open = is_every_address(&rule->rule);
    int r = 0;

    if (is_open)
        r = look_say(look, LINT_EVERY_ADDRESS, &rule->origin, "name the hosts: to: [{host: NAME}]",
                     "the rule names no host: every public address%s can be reached", rule->rule.port_count ? "" : " and port");
    for (size_t i = 0; i < rule->rule.peer_count && r == 0; i++)
        r = check_peer(look, rule, &rule->rule.peers[i]);
    if (r == 0 && !rule->rule.port_count && !is_open)
        r = look_say(look, LINT_EVERY_PORT, &rule->origin, "ports: [{port: 443, protocol: tcp}]", "every port of %s can be reached",
                     describe(look, &rule->rule));
    if (r == 0 && rule->rule.requests && !rule->rule.terminates && has_port(&rule->rule, 443))
        r = look_say(look, LINT_PASSTHROUGH, rule->requests_origin.member ? &rule->requests_origin : &rule->origin, "tls: terminate",
                     "requests to %s are judged, but its TLS goes by unopened and is refused, so this is plain HTTP alone",
                     describe(look, &rule->rule));
    return r;
}

static int check_defaults(const struct rules *rules)
{
    const struct network *network = &rules->document->network;
    struct look *look = rules->look;
    bool is_whole = look->input->plan && look->input->plan->network == PLAN_NET_HOST;
    int r = 0;

    if (network->egress_default.value && is_whole)
        r = look_say(look, LINT_HOST_NETWORK, &network->egress_default.origin, "network.ingress.default: deny, and rules for what is needed",
                     "egress.default: allow without any rule is the host's network: its loopback, its abstract sockets, every "
                     "machine that it reaches");
    else if (network->egress_default.value)
        r = look_say(look, LINT_EVERY_ADDRESS, &network->egress_default.origin, "network.egress.default: deny, and a rule for each host",
                     "every public address can be reached that no rule denies");
    if (r == 0 && network->host_loopback.value)
        r = look_say(look, LINT_HOST_LOOPBACK, &network->host_loopback.origin, "network.ingress.hostLoopbackPorts: the ports that are needed",
                     "whatever listens on this machine's loopback can be reached: debuggers, databases, proxies");
    for (size_t i = 0; i < network->outward.count && r == 0; i++)
        r = look_say(look, LINT_HOST_LOOPBACK, &network->outward.items[i].origin, NULL,
                     "port %u of this machine's loopback can be reached; who answers there is outside of the container",
                     network->outward.items[i].port);
    return r;
}

/* A denial of what nothing grants. */
static int check_denial(const struct rules *rules, const struct egress_rule *denial)
{
    const struct network *network = &rules->document->network;

    if (network->egress_default.value)
        return 0;
    for (size_t i = 0; i < network->allow_count; i++)
        if (may_overlap(&network->allow[i].rule, &denial->rule))
            return 0;
    return look_say(rules->look, LINT_DEAD_DENIAL, &denial->origin, "remove it, unless it is meant for what may be allowed later",
                    "no rule allows %s, so it is refused without this one", describe(rules->look, &denial->rule));
}

/* Who takes all of it away in this layer? NULL = nobody, or it cannot be said. */
static const struct origin *taken_by(const struct document *layer, const struct net_rule *rule)
{
    const struct network *network = &layer->network;
    bool is_limit = layer->kind != LAYER_CEILING || network->egress_default.is_set || network->allow_count;

    for (size_t i = 0; i < network->deny_count; i++)
        if (denial_covers(&network->deny[i].rule, rule))
            return &network->deny[i].origin;
    if (!is_limit || network->egress_default.value)
        return NULL;
    for (size_t i = 0; i < network->allow_count; i++)
        if (may_overlap(&network->allow[i].rule, rule))
            return NULL;
    return network->egress_default.is_set ? &network->egress_default.origin : &network->origin;
}

static int check_layers(const struct rules *rules, const struct egress_rule *rule)
{
    const struct policy *policy = rules->look->input->policy;
    int r = 0;

    for (size_t i = 0; i < policy->layer_count && r == 0; i++) {
        const struct document *layer = policy->layers[i];
        bool is_ceiling = layer->kind == LAYER_CEILING;
        const struct origin *by = layer == rules->document ? NULL : taken_by(layer, &rule->rule);

        if (by)
            r = look_say(rules->look, is_ceiling ? LINT_CEILING : LINT_OTHER_DOCUMENT, &rule->origin,
                         is_ceiling ? "remove it, or ask who keeps the ceiling" : "remove it, or allow it in both",
                         "%s: %s does not let it through%s%s", describe(rules->look, &rule->rule),
                         layer->file ? path_base(layer->file) : layer->name ? layer->name : "another document",
                         by->member ? ", by " : "", by->member ? look_place(rules->look, by) : "");
    }
    return r;
}

int look_at_network(struct look *look, const struct document *document)
{
    const struct rules rules = {look, document};
    const struct network *network = &document->network;
    int r = check_defaults(&rules);

    for (size_t i = 0; i < network->allow_count && r == 0; i++) {
        r = check_conflicts(&rules, &network->allow[i]);
        if (r == 0)
            r = check_layers(&rules, &network->allow[i]);
        if (r == 0)
            r = check_allow(&rules, &network->allow[i]);
    }
    for (size_t i = 0; i < network->deny_count && r == 0; i++)
        r = check_denial(&rules, &network->deny[i]);
    return r;
}
