/* SPDX-License-Identifier: Apache-2.0 */
/* Items out of boxes: for one name, the ports at which the same differs at the same addresses are one item. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "policy/model/diff_boxes.h"

/* One way to differ. */
struct outcome {
    struct request_change *changes;
    size_t change_count;
    size_t number; /* those that read alike have one */
};

struct span {
    enum net_protocol protocol;
    uint16_t first, last;
};

/* Within one name: an outcome at these addresses, and the ports where it is so. */
struct group {
    const struct outcome *outcome;
    bool *classes;
    struct span *spans;
    size_t span_count;
};

struct put {
    struct boxes *boxes;
    struct arena *arena;
    const char **texts; /* of outcomes; the index is their number */
    size_t text_count;
    struct outcome **outcomes; /* of each host: by outcome */
};

/* ---- outcomes ---- */

static void print_words(struct text *out, const struct words_list *words)
{
    for (size_t i = 0; i < words->count; i++)
        text_printf(out, "%s\n", words->items[i]);
    text_add(out, "\t");
}

/* Which text has the same words? */
static int number_outcome(struct put *put, struct outcome *outcome)
{
    auto_text struct text out = {0};
    const char *text;

    for (size_t i = 0; i < outcome->change_count; i++) {
        const struct request_change *change = &outcome->changes[i];
        const struct words_list *const lists[] = {&change->programs, &change->methods, &change->paths, &change->except,
                                                  &change->calls};

        text_add(&out, change->is_whole ? "whole\t" : "some\t");
        for (size_t j = 0; j < ARRAY_COUNT(lists); j++)
            print_words(&out, lists[j]);
    }
    text = out.is_broken || !out.data ? NULL : arena_string(put->arena, out.data);
    if (!text || arena_append_once(put->arena, &put->texts, &put->text_count, text) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < put->text_count; i++)
        if (strcmp(put->texts[i], text) == 0)
            outcome->number = i;
    return 0;
}

static int describe_whole(struct put *put, const struct host_boxes *of, struct outcome *outcome)
{
    outcome->changes = arena_alloc(put->arena, sizeof(*outcome->changes));
    if (!outcome->changes)
        return -ENOMEM;
    outcome->change_count = 1;
    *outcome->changes = (struct request_change){.is_whole = true, .a_where = of->a_where, .b_where = of->b_where};
    return number_outcome(put, outcome);
}

static int describe_host(struct put *put, size_t host)
{
    const struct host_boxes *of = &put->boxes->hosts[host];
    struct outcome *outcomes = arena_alloc(put->arena, (OUTCOME_FACTS + of->fact_count) * sizeof(*outcomes));
    int status = outcomes ? describe_whole(put, of, &outcomes[OUTCOME_WHOLE]) : -ENOMEM;

    put->outcomes[host] = outcomes;
    for (size_t i = 0; i < of->fact_count && status == 0; i++) {
        struct outcome *outcome = &outcomes[OUTCOME_FACTS + i];

        if (!of->facts[i].program_count)
            continue;
        status = facts_put(&of->facts[i], of->narrowed, &of->rules[0], &of->rules[1], &outcome->changes, &outcome->change_count);
        if (status == 0)
            status = number_outcome(put, outcome);
    }
    return status;
}

/* ---- what another name says already ---- */

static const struct port_cell *cell_at(const struct host_boxes *of, const struct port_cell *like)
{
    for (size_t i = 0; i < of->cell_count; i++)
        if (of->cells[i].protocol == like->protocol && of->cells[i].first <= like->first && of->cells[i].last >= like->last)
            return &of->cells[i];
    return NULL;
}

static bool says(const struct put *put, size_t host, const struct port_cell *like, size_t class, size_t number)
{
    const struct port_cell *cell = cell_at(&put->boxes->hosts[host], like);

    for (size_t i = 0; cell && i < cell->class_count; i++)
        if (cell->classes[i].class == class)
            return put->outcomes[host][cell->classes[i].outcome].number == number;
    return false;
}

/* Connections by address are connections to whoever has it. */
static bool is_said_before(const struct put *put, size_t host, const struct port_cell *cell, const struct cell_class *class)
{
    return put->boxes->hosts[host].host && says(put, 0, cell, class->class, put->outcomes[host][class->outcome].number);
}

/* A name that the wildcard covers and that a rule has for itself: does the same differ for it? */
static bool is_one_of(const struct put *put, size_t wildcard, size_t host)
{
    const struct host_boxes *of = &put->boxes->hosts[host];

    if (of->is_same)
        return put->boxes->hosts[wildcard].is_same;
    for (size_t i = 0; i < of->cell_count; i++) {
        const struct port_cell *cell = &of->cells[i], *base = cell_at(&put->boxes->hosts[wildcard], cell);

        if (!base || base->class_count != cell->class_count)
            return false;
        for (size_t j = 0; j < cell->class_count; j++)
            if (base->classes[j].class != cell->classes[j].class ||
                put->outcomes[wildcard][base->classes[j].outcome].number != put->outcomes[host][cell->classes[j].outcome].number)
                return false;
    }
    return put->boxes->hosts[wildcard].may_ask == of->may_ask;
}

static bool is_below(const struct boxes *boxes, size_t wildcard, size_t host)
{
    const char *label = boxes->hosts[wildcard].label, *name = boxes->hosts[host].label;

    return label && name && strncmp(label, "*.", 2) == 0 && name[0] != '*' && net_name_matches(label, name);
}

static bool is_said_by_wildcard(const struct put *put, size_t host)
{
    for (size_t i = 0; i < host; i++)
        if (is_below(put->boxes, i, host) && is_one_of(put, i, host))
            return true;
    return false;
}

/* For the others there are items of their own, if anything differs. */
static int add_except(struct put *put, size_t wildcard, struct words_list *words)
{
    int status = 0;

    for (size_t i = 0; i < put->boxes->host_count && status == 0; i++)
        if (is_below(put->boxes, wildcard, i) && !is_one_of(put, wildcard, i))
            status = words_add(put->arena, words, put->boxes->hosts[i].label);
    return status;
}

/* ---- groups ---- */

struct groups {
    struct group *items;
    size_t count;
};

static int add_group(struct put *put, struct groups *groups, const struct outcome *outcome, bool *classes,
                     const struct port_cell *cell)
{
    const struct span span = {cell->protocol, cell->first, cell->last};
    struct group *group = NULL;
    struct span *added;

    for (size_t i = 0; i < groups->count && !group; i++)
        if (groups->items[i].outcome->number == outcome->number && memcmp(groups->items[i].classes, classes, put->boxes->class_count) == 0)
            group = &groups->items[i];
    if (!group)
        group = arena_append(put->arena, groups->items, groups->count);
    if (!group)
        return -ENOMEM;
    group->outcome = outcome;
    group->classes = classes;
    if (group->span_count) {
        struct span *last = &group->spans[group->span_count - 1];

        if (last->protocol == span.protocol && last->last + 1 == span.first) {
            last->last = span.last;
            return 0;
        }
    }
    added = arena_append(put->arena, group->spans, group->span_count);
    if (!added)
        return -ENOMEM;
    *added = span;
    return 0;
}

/* What differs alike at one port: one set of addresses for each outcome. */
static int group_cell(struct put *put, size_t host, const struct port_cell *cell, struct groups *groups)
{
    bool *is_done = arena_alloc(put->arena, cell->class_count + 1);
    int status = is_done ? 0 : -ENOMEM;

    for (size_t i = 0; i < cell->class_count && status == 0; i++)
        is_done[i] = is_said_before(put, host, cell, &cell->classes[i]);
    for (size_t i = 0; i < cell->class_count && status == 0; i++) {
        const struct outcome *outcome = &put->outcomes[host][cell->classes[i].outcome];
        bool *classes;

        if (is_done[i])
            continue;
        classes = arena_alloc(put->arena, put->boxes->class_count + 1);
        if (!classes)
            return -ENOMEM;
        for (size_t j = i; j < cell->class_count; j++)
            if (!is_done[j] && cell->classes[j].outcome == cell->classes[i].outcome)
                is_done[j] = classes[cell->classes[j].class] = true;
        status = add_group(put, groups, outcome, classes, cell);
    }
    return status;
}

/* ---- addresses in words ---- */

static const char *range_text(struct arena *arena, int family, const unsigned char first[16], const unsigned char last[16])
{
    char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
    unsigned bits = family == AF_INET ? 32 : 128, prefix = 0;
    bool is_block = true;

    while (prefix < bits && !((first[prefix / 8] ^ last[prefix / 8]) >> (7 - prefix % 8) & 1))
        prefix++;
    for (unsigned i = prefix; i < bits; i++)
        is_block = is_block && !(first[i / 8] >> (7 - i % 8) & 1) && (last[i / 8] >> (7 - i % 8) & 1);
    inet_ntop(family, first, from, sizeof(from));
    inet_ntop(family, last, to, sizeof(to));
    if (!is_block)
        return arena_printf(arena, "%s-%s", from, to);
    return prefix == bits ? arena_printf(arena, "%s", from) : arena_printf(arena, "%s/%u", from, prefix);
}

/* The last address before the next range. */
static void range_end(const struct cuts *cuts, int which, size_t range, unsigned char ret_last[16])
{
    int size = which ? 16 : 4;

    memset(ret_last, 0, 16);
    if (range + 1 == cuts->address_count[which]) {
        memset(ret_last, 0xff, (size_t)size);
        return;
    }
    memcpy(ret_last, cuts->addresses[which][range + 1].bytes, (size_t)size);
    for (int i = size - 1; i >= 0 && ret_last[i]-- == 0; i--)
        ;
}

/* The class of the IPv4 address that the one embeds which stands for `class`. */
static size_t inner_class(const struct boxes *boxes, size_t class)
{
    const struct cuts *cuts = &boxes->cuts;
    size_t range = 0;

    while (range + 1 < cuts->address_count[0] &&
           memcmp(cuts->addresses[0][range + 1].bytes, boxes->classes[class].inner, 4) <= 0)
        range++;
    return boxes->class_of[0][range];
}

/* Do addresses that embed others differ exactly where those do? Then they are said in three words instead of a hundred. */
static bool is_mirrored(const struct boxes *boxes, const bool *classes)
{
    for (size_t i = 0; i < boxes->class_count; i++)
        if (boxes->classes[i].has_inner && !boxes->classes[i].is_never && !boxes->classes[i].is_own &&
            classes[i] != classes[inner_class(boxes, i)])
            return false;
    return true;
}

struct ranges {
    const bool *classes;
    bool leaves_ordinary, leaves_embedding;
};

static bool is_listed(const struct boxes *boxes, const struct ranges *ranges, size_t class)
{
    return ranges->classes[class] && !(ranges->leaves_ordinary && boxes->classes[class].is_ordinary) &&
           !(ranges->leaves_embedding && boxes->classes[class].has_inner);
}

static int add_ranges(struct put *put, const struct ranges *ranges, int which, struct words_list *words)
{
    const struct boxes *boxes = put->boxes;
    const struct cuts *cuts = &boxes->cuts;
    size_t count = cuts->address_count[which];
    int status = 0;

    for (size_t i = 0; i < count && status == 0; i++) {
        unsigned char last[16];
        size_t first = i;
        const char *text;

        while (i < count && is_listed(boxes, ranges, boxes->class_of[which][i]))
            i++;
        if (i == first)
            continue;
        i--;
        range_end(cuts, which, i, last);
        text = range_text(put->arena, which ? AF_INET6 : AF_INET, cuts->addresses[which][first].bytes, last);
        status = text ? words_add(put->arena, words, text) : -ENOMEM;
    }
    return status;
}

static int add_own(struct put *put, const bool *classes, struct words_list *words)
{
    const struct boxes *boxes = put->boxes;
    int status = 0;

    for (size_t i = 0; i < boxes->class_count && status == 0; i++) {
        char address[INET6_ADDRSTRLEN];
        const char *text;

        if (!classes[i] || !boxes->classes[i].is_own)
            continue;
        inet_ntop(boxes->classes[i].family, boxes->classes[i].address, address, sizeof(address));
        text = arena_printf(put->arena, "%s where it is the host's own", address);
        status = text ? words_add(put->arena, words, text) : -ENOMEM;
    }
    return status;
}

/* Nothing is added where they are all to which a rule about a name alone leads. */
static int add_addresses(struct put *put, const bool *classes, bool is_by_name, struct words_list *words)
{
    const struct boxes *boxes = put->boxes;
    bool has_ordinary = true, has_other = false, embeds_ordinary = false, embeds_other = false;
    struct ranges ranges = {.classes = classes, .leaves_embedding = is_mirrored(boxes, classes)};
    int status = 0;

    for (size_t i = 0; i < boxes->class_count; i++) {
        has_ordinary = has_ordinary && (!boxes->classes[i].is_ordinary || boxes->classes[i].is_own || classes[i]);
        has_other = has_other || (classes[i] && !boxes->classes[i].is_ordinary);
        embeds_ordinary = embeds_ordinary || (classes[i] && boxes->classes[i].has_inner && boxes->classes[i].is_ordinary);
        embeds_other = embeds_other || (classes[i] && boxes->classes[i].has_inner && !boxes->classes[i].is_ordinary);
    }
    ranges.leaves_ordinary = has_ordinary;
    if (has_ordinary && !has_other && is_by_name)
        return 0;
    if (has_ordinary)
        status = words_add(put->arena, words, WORDS_PUBLIC);
    for (int which = 0; which < 2 && status == 0; which++)
        status = add_ranges(put, &ranges, which, words);
    if (status == 0 && ranges.leaves_embedding && (embeds_other || (embeds_ordinary && !has_ordinary)))
        status = words_add(put->arena, words, WORDS_EMBEDDING);
    return status < 0 ? status : add_own(put, classes, words);
}

/* ---- items ---- */

static int add_ports(struct put *put, const struct group *group, struct words_list *words)
{
    static const char *const protocols[] = {[NET_TCP] = "tcp", [NET_UDP] = "udp"};
    bool is_all[NET_ICMP + 1] = {false};
    int status = 0;

    for (size_t i = 0; i < group->span_count; i++)
        is_all[group->spans[i].protocol] |= group->spans[i].first <= 1 && (group->spans[i].last == 65535 || !group->spans[i].last);
    if (is_all[NET_TCP] && is_all[NET_UDP] && is_all[NET_ICMP])
        return 0;
    for (size_t i = 0; i < group->span_count && status == 0; i++) {
        const struct span *span = &group->spans[i];
        const char *text;

        if (span->protocol == NET_ICMP)
            text = "icmp";
        else if (is_all[span->protocol])
            text = arena_printf(put->arena, "every port/%s", protocols[span->protocol]);
        else if (span->first == span->last)
            text = arena_printf(put->arena, "%u/%s", span->first, protocols[span->protocol]);
        else
            text = arena_printf(put->arena, "%u-%u/%s", span->first, span->last, protocols[span->protocol]);
        status = text ? words_add(put->arena, words, text) : -ENOMEM;
    }
    return status;
}

static const char *label_text(const struct host_boxes *of)
{
    return strcmp(of->label, CUTS_ANY_NAME) == 0 ? "every name that no rule has" : of->label;
}

static int put_change(struct put *put, size_t host, const struct group *group, const struct request_change *change)
{
    const struct host_boxes *of = &put->boxes->hosts[host];
    struct difference *item = differ_add(put->boxes->differ, AREA_NETWORK);
    int status = item ? add_ports(put, group, &item->ports) : -ENOMEM;

    if (status < 0)
        return status;
    item->member = "network.egress";
    item->rights = change->is_whole ? RIGHT_CONNECT : RIGHT_REQUEST;
    item->programs = change->programs;
    item->methods = change->methods;
    item->paths = change->paths;
    item->except = change->except;
    item->calls = change->calls;
    if (item->calls.count == 1 && !*item->calls.items[0])
        item->calls.count = 0;
    differ_set_rules(put->boxes->differ, item, change->a_where, change->b_where);
    if (!of->host)
        return add_addresses(put, group->classes, false, &item->subjects);
    status = words_add(put->arena, &item->subjects, label_text(of));
    if (status == 0)
        status = add_except(put, host, &item->other_than);
    return status < 0 ? status : add_addresses(put, group->classes, true, &item->addresses);
}

static int put_question(struct put *put, size_t host)
{
    const struct host_boxes *of = &put->boxes->hosts[host];
    struct difference *item = differ_add(put->boxes->differ, AREA_NETWORK);

    if (!item)
        return -ENOMEM;
    item->member = "network.egress";
    item->rights = RIGHT_RESOLVE;
    if (words_add(put->arena, &item->subjects, label_text(of)) < 0)
        return -ENOMEM;
    return add_except(put, host, &item->other_than);
}

/* Asking for a name is part of connecting to it. */
static bool asks_only(const struct put *put, size_t host)
{
    const struct boxes *boxes = put->boxes;

    if (!boxes->hosts[host].may_ask)
        return false;
    for (size_t i = 0; i < boxes->hosts[host].cell_count; i++)
        if (boxes->hosts[host].cells[i].class_count)
            return false;
    return true;
}

static int put_host(struct put *put, size_t host)
{
    const struct host_boxes *of = &put->boxes->hosts[host];
    struct groups groups = {0};
    int status = 0;

    if (is_said_by_wildcard(put, host))
        return 0;
    for (size_t i = 0; i < of->cell_count && status == 0; i++)
        status = group_cell(put, host, &of->cells[i], &groups);
    for (size_t i = 0; i < groups.count && status == 0; i++)
        for (size_t j = 0; j < groups.items[i].outcome->change_count && status == 0; j++)
            status = put_change(put, host, &groups.items[i], &groups.items[i].outcome->changes[j]);
    if (status == 0 && asks_only(put, host))
        status = put_question(put, host);
    return status;
}

int boxes_put(struct boxes *boxes)
{
    struct put put = {.boxes = boxes, .arena = boxes->differ->arena};
    int status = 0;

    put.outcomes = arena_alloc(put.arena, (boxes->host_count + 1) * sizeof(*put.outcomes));
    if (!put.outcomes)
        return -ENOMEM;
    for (size_t i = 0; i < boxes->host_count && status == 0; i++)
        status = describe_host(&put, i);
    for (size_t i = 0; i < boxes->host_count && status == 0; i++)
        status = put_host(&put, i);
    return status;
}
