/* SPDX-License-Identifier: Apache-2.0 */
/* Learning, from one end to the other: needs, rules, evidence, and how sure each rule is. */
#include "author/learn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "author/learn_parts.h"

const char *learn_confidence_name(enum learn_confidence confidence)
{
    return confidence == LEARN_HIGH ? "high" : confidence == LEARN_MEDIUM ? "medium" : "low";
}

void learned_free(struct learned *learned)
{
    if (learned)
        arena_free(learned->arena);
}

void learned_free_at(struct learned **learned)
{
    learned_free(*learned);
}

int learn_rule_get(struct learned *learned, enum learn_kind kind, const char *text, struct learn_rule **ret_rule,
                   struct error *err)
{
    struct learn_rule *rule;

    for (size_t i = 0; i < learned->rule_count; i++)
        if (learned->rules[i].kind == kind && strcmp(learned->rules[i].text, text) == 0) {
            *ret_rule = &learned->rules[i];
            return 0;
        }
    if (learned->rule_count == LEARN_RULES_MAX + (kind == LEARN_DENIED ? LEARN_DENIALS_MAX : 0))
        return error_set(err, ERROR_LIMIT, E2BIG, "more than %d rules would be needed; learn from smaller runs", LEARN_RULES_MAX);
    rule = &learned->rules[learned->rule_count];
    *rule = (struct learn_rule){.kind = kind, .text = arena_string(learned->arena, text)};
    if (!rule->text)
        return error_memory(err);
    learned->rule_count++;
    *ret_rule = rule;
    return 0;
}

/* What does most comes first, and at a tie the name decides, so that the order of runs does not. */
static void add_program(struct learn_evidence *evidence, const char *exe, uint64_t count)
{
    size_t i = 0;

    while (i < LEARN_PROGRAMS && evidence->programs[i].exe && strcmp(evidence->programs[i].exe, exe) != 0)
        i++;
    if (i == LEARN_PROGRAMS) {
        evidence->has_more_programs = true;
        return;
    }
    evidence->programs[i].exe = exe;
    evidence->programs[i].seen = learn_count_add(evidence->programs[i].seen, count);
    for (; i > 0; i--) {
        __typeof__(evidence->programs[0]) *above = &evidence->programs[i - 1], *here = &evidence->programs[i], swap;

        if (above->seen > here->seen || (above->seen == here->seen && strcmp(above->exe, here->exe) < 0))
            break;
        swap = *above;
        *above = *here;
        *here = swap;
    }
}

void learn_evidence_add(struct learn_evidence *evidence, const struct learn_use *use)
{
    evidence->seen = learn_count_add(evidence->seen, use->count);
    evidence->runs |= UINT64_C(1) << use->run;
    evidence->objects++;
    evidence->is_refused |= use->is_refused;
    if (use->exe)
        add_program(evidence, use->exe, use->count);
}

int learn_omit(struct learned *learned, const struct learn_use *use, const char *text, const char *reason, bool is_sensitive,
               struct error *err)
{
    struct learn_omission *omission = arena_append(learned->arena, learned->omissions, learned->omission_count);

    if (!omission)
        return error_memory(err);
    *omission = (struct learn_omission){
        .operation = use->operation, .text = arena_string(learned->arena, text), .reason = reason, .is_sensitive = is_sensitive};
    learn_evidence_add(&omission->evidence, use);
    return omission->text ? 0 : error_memory(err);
}

static int compare_omissions(const void *a, const void *b)
{
    const struct learn_omission *left = a, *right = b;
    int order = (int)right->is_sensitive - (int)left->is_sensitive;

    if (order == 0)
        order = strcmp(left->text, right->text);
    if (order == 0)
        order = (int)left->operation - (int)right->operation;
    return order ? order : strcmp(left->reason, right->reason);
}

static void add_evidence(struct learn_evidence *evidence, const struct learn_evidence *other)
{
    evidence->seen = learn_count_add(evidence->seen, other->seen);
    evidence->runs |= other->runs;
    evidence->objects += other->objects;
    evidence->is_refused |= other->is_refused;
    evidence->has_more_programs |= other->has_more_programs;
    for (size_t i = 0; i < LEARN_PROGRAMS && other->programs[i].exe; i++)
        add_program(evidence, other->programs[i].exe, other->programs[i].seen);
}

void learn_omissions_fold(struct learned *learned)
{
    size_t kept = 0;

    if (learned->omission_count)
        qsort(learned->omissions, learned->omission_count, sizeof(*learned->omissions), compare_omissions);
    for (size_t i = 0; i < learned->omission_count; i++)
        if (kept && compare_omissions(&learned->omissions[kept - 1], &learned->omissions[i]) == 0)
            add_evidence(&learned->omissions[kept - 1].evidence, &learned->omissions[i].evidence);
        else
            learned->omissions[kept++] = learned->omissions[i];
    learned->omission_count = kept;
}

static int compare_rules(const void *a, const void *b)
{
    const struct learn_rule *left = a, *right = b;
    int order = (int)left->kind - (int)right->kind;

    /* The profile that every other one extends comes first. */
    if (order == 0 && left->kind == LEARN_EXTENDS)
        order = (strcmp(right->text, "base") == 0) - (strcmp(left->text, "base") == 0);
    if (order == 0)
        order = strcmp(left->text, right->text);
    if (order == 0)
        order = (left->port > right->port) - (left->port < right->port);
    return order ? order : strcmp(left->protocol ?: "", right->protocol ?: "");
}

/* Its own file has its name from whoever installed it; one in the workspace has the name that the program gave it. */
static const char *profile_of(const struct learn_map *map, const struct learn_use *use)
{
    const char *const names[] = {use->named, use->path};
    const char *profile = NULL;

    for (size_t i = 0; i < ARRAY_COUNT(names) && !profile && use->operation == OPERATION_EXECUTE && !use->is_refused; i++) {
        enum learn_place place = names[i] ? learn_map_place(map, names[i]) : 0;

        if (!use->is_private && (place == LEARN_PLACE_SYSTEM || place == LEARN_PLACE_TOOLCHAIN))
            profile = learn_map_program(names[i]);
    }
    return profile;
}

/* Names of Cordon before paths: a profile that is needed anyway, or one whose files these are. */
static int learn_profiles(const struct learn_map *map, const struct learn_input *input, struct learn_needs *needs,
                          struct learned *learned, struct error *err)
{
    struct learn_rule *rule;
    size_t kept = 0;
    int r = learn_rule_get(learned, LEARN_EXTENDS, "base", &rule, err);

    for (size_t i = 0; i < input->count && r == 0; i++) {
        const struct learn_use *use = &input->uses[i];
        const char *profile = profile_of(map, use);

        if (profile)
            r = learn_rule_get(learned, LEARN_EXTENDS, profile, &rule, err);
        if (r == 0 && profile)
            learn_evidence_add(&rule->evidence, use);
    }
    for (size_t i = 0; i < needs->count && r == 0; i++) {
        const struct learn_need *need = &needs->items[i];
        const struct document *found = NULL;

        if (need->place == LEARN_PLACE_TOOLCHAIN) {
            r = learn_rule_get(learned, LEARN_TOOLCHAINS, "inherit", &rule, err);
            if (r == 0)
                learn_evidence_add(&rule->evidence, need->use);
            continue;
        }
        if (need->place == LEARN_PLACE_SYSTEM && !need->is_write) {
            if (document_access(map->base, need->path, NULL) != ACCESS_DENIED)
                found = map->base;
            for (size_t j = 0; !found && map->profiles[j]; j++)
                if (document_access(map->profiles[j], need->path, NULL) != ACCESS_DENIED)
                    found = map->profiles[j];
        }
        if (!found) {
            needs->items[kept++] = *need;
            continue;
        }
        r = learn_rule_get(learned, LEARN_EXTENDS, found->name, &rule, err);
        if (r == 0)
            learn_evidence_add(&rule->evidence, need->use);
    }
    needs->count = kept;
    return r;
}

static int learn_sockets(const struct learn_needs *needs, struct learned *learned, struct error *err)
{
    struct learn_rule *rule;
    int r = 0;

    for (size_t i = 0; i < needs->socket_count && r == 0; i++) {
        r = learn_rule_get(learned, LEARN_SOCKET, needs->sockets[i]->path, &rule, err);
        if (r == 0)
            learn_evidence_add(&rule->evidence, needs->sockets[i]);
    }
    return r;
}

#define PORT_GUESSED 443

/* Was there more than a question for its name? */
static bool is_known_better(const struct learn_use *const *uses, size_t count, const struct learn_use *asked)
{
    for (size_t i = 0; i < count; i++)
        if (!uses[i]->is_name_only && strcmp(uses[i]->host, asked->host) == 0)
            return true;
    return false;
}

static int learn_host(struct learned *learned, const struct learn_use *use, struct error *err)
{
    const char *protocol = use->protocol && !use->is_name_only ? use->protocol : "tcp";
    unsigned port = use->is_name_only ? PORT_GUESSED : use->port;
    char *key = arena_printf(learned->arena, "%s %u %s", use->host, port, protocol);
    struct learn_rule *rule;
    int r;

    if (!key)
        return error_memory(err);
    r = learn_rule_get(learned, LEARN_HOST, key, &rule, err);
    if (r < 0)
        return r;
    rule->port = port;
    rule->why = use->is_name_only ? "its name was asked for and refused; the port is a guess" : NULL;
    rule->is_address = use->is_address;
    rule->protocol = arena_string(learned->arena, protocol);
    learn_evidence_add(&rule->evidence, use);
    return rule->protocol ? 0 : error_memory(err);
}

static int learn_hosts(struct learned *learned, const struct learn_use *const *uses, size_t count, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < count && r == 0 && !(learned->proposed_is_cut && learned->rule_count == LEARN_RULES_MAX); i++)
        if (!uses[i]->is_name_only || !is_known_better(uses, count, uses[i]))
            r = learn_host(learned, uses[i], err);
    for (size_t i = 0; i < learned->rule_count && r == 0; i++)
        if (learned->rules[i].kind == LEARN_HOST) {
            learned->rules[i].text = arena_string_n(learned->arena, learned->rules[i].text, strcspn(learned->rules[i].text, " "));
            if (!learned->rules[i].text)
                return error_memory(err);
        }
    return r;
}

/* By the same way as those in force, into a list of their own. */
static int propose_hosts(struct learned *learned, const struct learn_needs *needs, struct error *err)
{
    struct learned apart = *learned;
    int r;

    apart.rule_count = 0;
    apart.proposed_is_cut = true; /* who tries every port must not keep others from learning */
    apart.rules = arena_alloc(learned->arena, LEARN_RULES_MAX * sizeof(*apart.rules));
    if (!apart.rules)
        return error_memory(err);
    r = learn_hosts(&apart, needs->proposed, needs->proposed_count, err);
    learned->proposed = apart.rules;
    learned->proposed_count = apart.rule_count;
    learned->proposed_is_cut = apart.rule_count == LEARN_RULES_MAX;
    return r;
}

/* What is secret and lies in a tree that was learned is taken out of it. */
static bool is_in_granted_tree(const struct learned *learned, const char *path)
{
    for (size_t i = 0; i < learned->rule_count; i++)
        if ((learned->rules[i].kind == LEARN_READONLY || learned->rules[i].kind == LEARN_READWRITE) &&
            path_is_within(path, learned->rules[i].text) && strcmp(path, learned->rules[i].text) != 0)
            return true;
    return false;
}

static int learn_denials(const struct learn_needs *needs, struct learned *learned, struct error *err)
{
    const char **texts = NULL;
    size_t count = 0, rules = learned->rule_count;
    struct learn_rule *rule;
    int r = 0;

    for (size_t i = 0; i < rules && r == 0; i++)
        if (learned->rules[i].kind == LEARN_READONLY || learned->rules[i].kind == LEARN_READWRITE)
            r = learn_sensitive_below(learned->arena, learned->places, &learned->rules[i], &texts, &count, err);
    for (size_t i = 0; i < needs->shut_count; i++) {
        const char *path = needs->shut[i]->path, *pattern;

        if (!is_in_granted_tree(learned, path))
            continue;
        pattern = learn_name_pattern(learned->arena, path);
        if (!pattern || arena_append_once(learned->arena, &texts, &count, pattern) < 0)
            return error_memory(err);
    }
    for (size_t i = 0; i < count && r == 0; i++)
        r = learn_rule_get(learned, LEARN_DENIED, texts[i], &rule, err);
    return r;
}

static void judge_rules(const struct learned *learned, struct learn_rule *rules, size_t count)
{
    uint64_t all = learned->run_count >= 64 ? UINT64_MAX : (UINT64_C(1) << learned->run_count) - 1;

    for (size_t i = 0; i < count; i++) {
        struct learn_rule *rule = &rules[i];
        size_t runs = (size_t)__builtin_popcountll(rule->evidence.runs);

        rule->confidence = LEARN_HIGH;
        if (learned->run_count < 2 || rule->is_widened || rule->is_address)
            rule->confidence = LEARN_MEDIUM;
        if (rule->evidence.runs != all && rule->confidence == LEARN_HIGH)
            rule->confidence = LEARN_MEDIUM;
        if (rule->evidence.is_refused || runs * 2 < learned->run_count)
            rule->confidence = LEARN_LOW;
        if (rule->kind == LEARN_SOCKET && rule->confidence > LEARN_MEDIUM)
            rule->confidence = LEARN_MEDIUM;
    }
}

static void sort_rules(const struct learned *learned, struct learn_rule *rules, size_t count)
{
    if (count)
        qsort(rules, count, sizeof(*rules), compare_rules);
    judge_rules(learned, rules, count);
}

static int new_learned(const struct learn_input *input, const struct learn_options *options, struct learned **ret_learned,
                       struct error *err)
{
    struct arena *arena auto_arena = arena_new();
    struct learned *learned = arena ? arena_alloc(arena, sizeof(*learned)) : NULL;
    struct learn_places *places = arena ? arena_alloc(arena, sizeof(*places)) : NULL;
    bool has_workspace;

    if (!learned || !places)
        return error_memory(err);
    learned->rules = arena_alloc(arena, (LEARN_RULES_MAX + LEARN_DENIALS_MAX) * sizeof(*learned->rules));
    places->home = arena_string(arena, options->places.home);
    places->user = arena_string(arena, options->places.user ?: "");
    /* A home, or what has it in it, is no workspace: all of it would be read for one file in it. */
    has_workspace = options->places.workspace && !path_is_within(options->places.home, options->places.workspace);
    places->workspace = has_workspace ? arena_string(arena, options->places.workspace) : NULL;
    places->caller_path = arena_string(arena, options->places.caller_path ?: "");
    if (!learned->rules || !places->home || !places->user || !places->caller_path ||
        (has_workspace && !places->workspace))
        return error_memory(err);
    learned->places = places;
    learned->run_count = input->run_count;
    learned->lost = input->lost;
    for (size_t i = 0; i < input->count; i++)
        learned->use_count = learn_count_add(learned->use_count, input->uses[i].count);
    learned->arena = take_ptr(arena);
    *ret_learned = learned;
    return 0;
}

/* Texts of programs belong to the input: they are copied, once each. */
static int keep_programs(struct learned *learned, struct learn_evidence *evidence, struct error *err)
{
    for (size_t i = 0; i < LEARN_PROGRAMS && evidence->programs[i].exe; i++) {
        evidence->programs[i].exe = arena_string(learned->arena, evidence->programs[i].exe);
        if (!evidence->programs[i].exe)
            return error_memory(err);
    }
    return 0;
}

int learn_policy(const struct learn_input *input, const struct learn_options *options, struct learned **ret_learned,
                 struct error *err)
{
    struct arena *work auto_arena = arena_new();
    struct learned *learned auto_learned = NULL;
    struct learn_needs needs, files;
    struct learn_map map;
    int r;

    if (!work)
        return error_memory(err);
    if (input->count == 0)
        return error_set(err, ERROR_INVALID, ENODATA,
                         "the records hold nothing to learn from; record a run with everything watched");
    r = new_learned(input, options, &learned, err);
    if (r == 0)
        r = learn_map_init(&map, work, learned->places, err);
    if (r == 0)
        r = learn_needs_find(&map, input, options, learned, &needs, err);
    if (r == 0) {
        files = needs;
        files.items = needs.count ? arena_alloc(work, needs.count * sizeof(*files.items)) : NULL;
        if (needs.count && !files.items)
            return error_memory(err);
        for (size_t i = 0; i < needs.count; i++)
            files.items[i] = needs.items[i];
        r = learn_profiles(&map, input, &files, learned, err);
    }
    if (r == 0)
        r = learn_tree_rules(&map, &files, learned, err);
    if (r == 0)
        r = learn_sockets(&needs, learned, err);
    if (r == 0)
        r = learn_hosts(learned, needs.hosts, needs.host_count, err);
    if (r == 0 && needs.proposed_count)
        r = propose_hosts(learned, &needs, err);
    if (r == 0)
        r = learn_denials(&needs, learned, err);
    if (r < 0)
        return r;
    sort_rules(learned, learned->rules, learned->rule_count);
    sort_rules(learned, learned->proposed, learned->proposed_count);
    r = learn_check(&needs, learned, err);
    learn_omissions_fold(learned);
    for (size_t i = 0; i < learned->rule_count && r == 0; i++)
        r = keep_programs(learned, &learned->rules[i].evidence, err);
    for (size_t i = 0; i < learned->proposed_count && r == 0; i++)
        r = keep_programs(learned, &learned->proposed[i].evidence, err);
    for (size_t i = 0; i < learned->omission_count && r == 0; i++)
        r = keep_programs(learned, &learned->omissions[i].evidence, err);
    if (r < 0)
        return r;
    *ret_learned = take_ptr(learned);
    return 0;
}
