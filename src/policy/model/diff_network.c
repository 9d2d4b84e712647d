/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Destinations. Each name that rules tell apart is looked at with the rules that can be about it alone; for it, addresses are
 * taken together where no rule and nothing about the address itself tells them apart. All verdicts are those of net_decide().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "policy/model/diff_boxes.h"
#include "policy/model/subset.h"

/* Verdicts times rules: what the comparison may cost. */
#define NETWORK_WORK_MAX ((uint64_t)200 * 1000 * 1000)

static const struct {
    enum net_said said;
    bool is_tls;
} forms[] = {{NET_SAID_NOTHING, false}, {NET_SAID_NAME, false}, {NET_SAID_NO_NAME, false}, {NET_SAID_NO_NAME, true}, {NET_SAID_NAME, true}};

/* ---- one name ---- */

static bool is_about(const struct net_rule *rule, const char *host)
{
    bool is_about = !rule->peer_count;

    for (size_t i = 0; i < rule->peer_count; i++)
        is_about = is_about || !rule->peers[i].host || (host && net_name_matches(rule->peers[i].host, host));
    return is_about;
}

/* Without the rules that grant only to other names. Those that deny stay: they may ask for a name to be said. */
static int extract_rules(struct arena *arena, const struct net_rules *rules, const char *host, struct net_rules *ret_rules)
{
    *ret_rules = *rules;
    ret_rules->layers = arena_alloc(arena, (rules->layer_count + 1) * sizeof(*ret_rules->layers));
    if (!ret_rules->layers)
        return -ENOMEM;
    for (size_t i = 0; i < rules->layer_count; i++) {
        struct net_layer *layer = &ret_rules->layers[i];

        *layer = rules->layers[i];
        layer->allow = NULL;
        layer->allow_count = 0;
        for (size_t j = 0; j < rules->layers[i].allow_count; j++) {
            struct net_rule *added;

            if (!is_about(&rules->layers[i].allow[j], host))
                continue;
            added = arena_append(arena, layer->allow, layer->allow_count);
            if (!added)
                return -ENOMEM;
            *added = rules->layers[i].allow[j];
        }
    }
    return 0;
}

static bool is_narrowed(const struct net_rules *rules)
{
    for (size_t i = 0; i < rules->layer_count; i++) {
        const struct net_layer *layer = &rules->layers[i];

        for (size_t j = 0; j < layer->allow_count; j++)
            if (layer->allow[j].requests || layer->allow[j].program_count || layer->allow[j].terminates)
                return true;
        for (size_t j = 0; j < layer->deny_count; j++)
            if (layer->deny[j].requests)
                return true;
    }
    return false;
}

static bool is_same_block(const struct net_block *a, const struct net_block *b)
{
    return a->family == b->family && a->prefix == b->prefix && memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

static bool is_same_peer(const struct net_peer *a, const struct net_peer *b)
{
    bool is_same = a->has_block == b->has_block && a->except_count == b->except_count && (a->host != NULL) == (b->host != NULL) &&
                   (!a->host || strcmp(a->host, b->host) == 0) && (!a->has_block || is_same_block(&a->block, &b->block));

    for (size_t i = 0; i < a->except_count && is_same; i++)
        is_same = is_same_block(&a->except[i], &b->except[i]);
    return is_same;
}

/* As far as it is plain to see: destinations alone, in the same words. */
static bool is_same_rule(const struct net_rule *a, const struct net_rule *b)
{
    bool is_same = !a->requests && !b->requests && !a->terminates && !b->terminates && !a->program_count && !b->program_count &&
                   a->peer_count == b->peer_count && a->port_count == b->port_count;

    for (size_t i = 0; i < a->peer_count && is_same; i++)
        is_same = is_same_peer(&a->peers[i], &b->peers[i]);
    for (size_t i = 0; i < a->port_count && is_same; i++)
        is_same = a->ports[i].first == b->ports[i].first && a->ports[i].last == b->ports[i].last &&
                  a->ports[i].has_port == b->ports[i].has_port && a->ports[i].protocol == b->ports[i].protocol;
    return is_same;
}

/* Most names are those of both policies, and nothing need be asked about them. */
static bool is_same_rules(const struct net_rules *a, const struct net_rules *b)
{
    bool is_same = a->layer_count == b->layer_count;

    for (size_t i = 0; i < a->layer_count && is_same; i++) {
        const struct net_layer *one = &a->layers[i], *other = &b->layers[i];

        is_same = one->is_open == other->is_open && one->only_denies == other->only_denies &&
                  one->allow_count == other->allow_count && one->deny_count == other->deny_count;
        for (size_t j = 0; j < one->allow_count && is_same; j++)
            is_same = is_same_rule(&one->allow[j], &other->allow[j]);
        for (size_t j = 0; j < one->deny_count && is_same; j++)
            is_same = is_same_rule(&one->deny[j], &other->deny[j]);
    }
    return is_same;
}

static uint64_t count_rules(const struct net_rules *rules)
{
    uint64_t count = 1;

    for (size_t i = 0; i < rules->layer_count; i++)
        count += 1 + rules->layers[i].allow_count + rules->layers[i].deny_count;
    return count;
}

static int note_fact(void *data, const struct narrowed_fact *fact)
{
    struct host_boxes *of = data;

    return facts_add(&of->facts[of->fact_count - 1], fact);
}

static int open_host(struct boxes *boxes, const char *host, const char *label, struct host_boxes *of)
{
    struct differ *differ = boxes->differ;
    const struct policy *a = differ->policies[differ->who], *b = differ->policies[!differ->who];
    struct narrowed_options options = {.has_doors = policy_door(a, DOORS_OUTWARD, 0) != NULL,
                                       .finds_same = policy_has_same_path(a, b), .note = note_fact, .data = of};
    int status;

    *of = (struct host_boxes){.host = host, .label = label};
    status = extract_rules(differ->arena, boxes->rules[0], host, &of->rules[0]);
    if (status == 0)
        status = extract_rules(differ->arena, boxes->rules[1], host, &of->rules[1]);
    of->is_same = status == 0 && is_same_rules(&of->rules[0], &of->rules[1]);
    if (status < 0 || of->is_same)
        return status;
    of->rule_count = count_rules(&of->rules[0]) + count_rules(&of->rules[1]);
    if (status == 0 && (is_narrowed(&of->rules[0]) || is_narrowed(&of->rules[1])))
        status = narrowed_new(differ->arena, &of->rules[0], &of->rules[1], &options, &of->narrowed);
    return status < 0 ? status : boxes_list_ports(differ->arena, of);
}

/* ---- one destination ---- */

static struct net_question question_of(const struct destination *to, size_t form)
{
    struct net_question question = {
        .protocol = to->protocol,
        .address = {.family = to->family},
        .port = to->port,
        .is_own = to->is_own,
        .names = to->host ? &to->host : NULL,
        .name_count = to->host ? 1 : 0,
        .said = forms[form].said,
        .name = forms[form].said == NET_SAID_NAME ? to->host : NULL,
        .is_tls = forms[form].is_tls,
    };

    memcpy(question.address.bytes, to->address, sizeof(question.address.bytes));
    return question;
}

/* A name is said, or nothing where there is none. Where other connections are judged by more, so are these. */
static bool is_form(const struct boxes *boxes, const struct destination *to, size_t form)
{
    enum net_said plain = to->host ? NET_SAID_NAME : NET_SAID_NOTHING;

    if (!boxes->has_narrowed)
        return forms[form].said == plain && !forms[form].is_tls;
    if (forms[form].said == NET_SAID_NAME && !to->host)
        return false;
    return form < 2 || to->protocol == NET_TCP;
}

static int ask_plain(struct boxes *boxes, struct host_boxes *of, const struct destination *to, size_t *ret_outcome)
{
    *ret_outcome = OUTCOME_NONE;
    for (size_t i = 0; i < ARRAY_COUNT(forms) && *ret_outcome == OUTCOME_NONE; i++) {
        struct net_question question = question_of(to, i);
        struct net_decision a, b;

        if (!is_form(boxes, to, i))
            continue;
        boxes->work += of->rule_count;
        a = net_decide(&of->rules[0], &question);
        if (a.verdict != NET_PERMIT)
            continue;
        b = net_decide(&of->rules[1], &question);
        if (b.verdict == NET_PERMIT)
            continue;
        *ret_outcome = OUTCOME_WHOLE;
        of->a_where = a.where;
        of->b_where = b.reason == NET_BY_RULE ? b.where : NULL;
    }
    return boxes->work > NETWORK_WORK_MAX ? -E2BIG : 0;
}

/* What narrowed_compare() tells about one destination holds for all with the same number. */
static int ask_narrowed(struct boxes *boxes, struct host_boxes *of, const struct destination *to, size_t *ret_outcome)
{
    struct differ *differ = boxes->differ;
    struct subset subset = {.a = differ->policies[differ->who], .b = differ->policies[!differ->who], .scratch = differ->arena};
    struct request_facts *facts = arena_append(differ->arena, of->facts, of->fact_count);
    size_t number;
    int status;

    if (!facts)
        return -ENOMEM;
    facts->arena = differ->arena;
    status = narrowed_compare(&subset, of->narrowed, to);
    if (status < 0)
        return status;
    number = narrowed_last(of->narrowed);
    if (number + 1 < of->fact_count)
        of->fact_count--; /* it was seen before */
    *ret_outcome = of->facts[number].program_count ? OUTCOME_FACTS + number : OUTCOME_NONE;
    return 0;
}

static int ask(struct boxes *boxes, struct host_boxes *of, const struct destination *to, size_t *ret_outcome)
{
    return of->narrowed ? ask_narrowed(boxes, of, to, ret_outcome) : ask_plain(boxes, of, to, ret_outcome);
}

static int ask_class(struct boxes *boxes, struct host_boxes *of, size_t class)
{
    const struct address_class *addresses = &boxes->classes[class];
    struct destination to = {.host = of->host, .family = addresses->family, .is_own = addresses->is_own};
    int status = 0;

    memcpy(to.address, addresses->address, sizeof(to.address));
    for (size_t i = 0; i < of->cell_count && status == 0; i++) {
        struct port_cell *cell = &of->cells[i];
        size_t outcome = OUTCOME_NONE;

        to.protocol = cell->protocol;
        to.port = cell->first;
        status = ask(boxes, of, &to, &outcome);
        if (status == 0 && outcome != OUTCOME_NONE)
            status = boxes_note(boxes, cell, class, outcome);
    }
    return status;
}

static int look_at_host(struct boxes *boxes, const char *host, const char *label)
{
    struct host_boxes *of = arena_append(boxes->differ->arena, boxes->hosts, boxes->host_count);
    int status = of ? open_host(boxes, host, label, of) : -ENOMEM;

    for (size_t i = 0; i < boxes->class_count && status == 0 && !of->is_same; i++)
        if (!boxes->classes[i].is_never)
            status = ask_class(boxes, of, i);
    boxes->work += status == 0 && of->narrowed ? narrowed_work(of->narrowed) : 0;
    if (status == 0 && boxes->work > NETWORK_WORK_MAX)
        status = -E2BIG;
    if (status == 0 && host && !of->is_same)
        of->may_ask = net_decide_name(boxes->rules[0], host).verdict == NET_PERMIT &&
                      net_decide_name(boxes->rules[1], host).verdict != NET_PERMIT;
    return status;
}

/* ---- all of it ---- */

/* Addresses alone, any name, names by wildcards, names: what one of them says is not said again by those behind it. */
static int host_rank(const char *label)
{
    return strcmp(label, CUTS_ANY_NAME) == 0 ? 0 : strncmp(label, "*.", 2) == 0 ? 1 : 2;
}

static int look_at_hosts(struct boxes *boxes)
{
    int status = look_at_host(boxes, NULL, NULL);

    for (int rank = 0; rank < 3; rank++)
        for (size_t i = 0; i < boxes->cuts.host_count && status == 0; i++)
            if (host_rank(boxes->cuts.labels[i]) == rank)
                status = look_at_host(boxes, boxes->cuts.hosts[i], boxes->cuts.labels[i]);
    return status;
}

static int note_budget(void *data, const struct subset_item *found, const char *sentence)
{
    struct differ *differ = data;
    struct difference *item;

    if (!found->member)
        return 0; /* a destination: those are known */
    item = differ_add(differ, AREA_NETWORK);
    if (!item)
        return -ENOMEM;
    item->rights = RIGHT_SPEND;
    item->member = found->member;
    item->detail = arena_string(differ->arena, sentence);
    differ_set_rules(differ, item, NULL, found->subject ? arena_string(differ->arena, found->subject) : NULL);
    return item->detail ? 0 : -ENOMEM;
}

static int compare_budgets(struct boxes *boxes)
{
    struct differ *differ = boxes->differ;
    struct subset subset = {.a = differ->policies[differ->who], .b = differ->policies[!differ->who], .scratch = differ->arena,
                            .note = note_budget, .data = differ};

    uint64_t next_ms;

    return boxes->rules[1]->budget_count ? subset_egress_from(&subset, 0, &next_ms) : 0;
}

#define SENTENCES_MAX 1000u
#define AREA_PREFIX   "network: " /* of what subset_egress() finds */

/* What is found at a time, and what was at the one before. */
struct longer {
    struct arena *arena;
    const char **found, **before;
    size_t found_count, before_count;
    const char *first; /* that was not; with the time */
};

static int note_longer(void *data, const struct subset_item *item unused_arg, const char *sentence)
{
    struct longer *longer = data;
    const char *plain = strstr(sentence, AREA_PREFIX), **kept;
    bool is_known = false;

    if (!plain)
        return 0; /* of budgets: those have items of their own */
    for (size_t i = 0; i < longer->before_count && !is_known; i++)
        is_known = strcmp(longer->before[i], plain) == 0;
    if (!is_known && !longer->first) {
        longer->first = arena_printf(longer->arena, "%.*s%s", (int)(plain - sentence), sentence, plain + strlen(AREA_PREFIX));
        if (!longer->first)
            return -ENOMEM;
    }
    if (longer->found_count == SENTENCES_MAX)
        return 0;
    kept = arena_append(longer->arena, longer->found, longer->found_count);
    if (!kept)
        return -ENOMEM;
    *kept = arena_string(longer->arena, plain);
    return *kept ? 0 : -ENOMEM;
}

static int add_longer(struct differ *differ, const char *sentence)
{
    struct difference *item = differ_add(differ, AREA_NETWORK);

    if (!item)
        return -ENOMEM;
    item->rights = RIGHT_LAST;
    item->member = "network.egress.allow[].until";
    item->detail = sentence;
    return 0;
}

/* What is permitted longer: of each time at which a rule ends, the first that is more than before. */
static int compare_ends(const struct boxes *boxes)
{
    struct differ *differ = boxes->differ;
    struct longer longer = {.arena = differ->arena};
    struct subset subset = {.a = differ->policies[differ->who], .b = differ->policies[!differ->who], .scratch = differ->arena,
                            .note = note_longer, .data = &longer};
    uint64_t from_ms = 0, next_ms = 0;
    unsigned count = 0;
    int status = 0;

    if (!net_rules_next_end_ms(boxes->rules[0]) && !net_rules_next_end_ms(boxes->rules[1]))
        return 0;
    do {
        longer.first = NULL;
        status = count < SUBSET_ENDS_MAX ? subset_egress_from(&subset, from_ms, &next_ms) : -E2BIG;
        if (status == 0 && count && longer.first)
            status = add_longer(differ, longer.first);
        longer.before = take_ptr(longer.found);
        longer.before_count = longer.found_count;
        longer.found_count = 0;
        from_ms = next_ms;
        count++;
    } while (status == 0 && from_ms);
    return status;
}

int differ_network(struct differ *differ)
{
    const struct policy *a = differ->policies[differ->who], *b = differ->policies[!differ->who];
    struct boxes boxes = {.differ = differ, .cuts = {.arena = differ->arena},
                          .has_narrowed = policy_has_narrowed(a) || policy_has_narrowed(b)};
    int status = 0;

    if (policy_network(b).verdict == NETWORK_HOST)
        return 0;
    if (policy_net_rules(a, differ->arena, &boxes.rules[0], NULL) < 0 || policy_net_rules(b, differ->arena, &boxes.rules[1], NULL) < 0)
        return -ENOMEM;
    status = cuts_find(&boxes.cuts, a, b);
    if (status == 0)
        status = boxes_find_classes(&boxes);
    if (status == 0)
        status = look_at_hosts(&boxes);
    if (status == 0)
        status = boxes_put(&boxes);
    if (status == 0)
        status = compare_budgets(&boxes);
    return status < 0 ? status : compare_ends(&boxes);
}
