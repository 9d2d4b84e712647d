/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New rules into a document that a person has edited. What was offered before stands in its list `learned`; what of that the
 * document no longer gives, a person took away, and it stays away.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "author/learn_parts.h"
#include "base/json.h"

#define BUILT_IN "built-in"

struct merging {
    const struct learned *learned;
    struct arena *arena;
    const struct document *before;
    struct text notes;
    bool needs_protection;
    struct learn_merge result;
};

static bool is_path_kind(enum learn_kind kind)
{
    return kind == LEARN_READONLY || kind == LEARN_READWRITE || kind == LEARN_CACHE;
}

static enum access wanted_access(enum learn_kind kind)
{
    return kind == LEARN_READONLY ? ACCESS_READ : ACCESS_WRITE;
}

/* What the document gives at `path` by a rule; what every container has of its own counts for nothing. */
static enum access given_access(const struct document *document, const char *path, const struct origin **ret_why)
{
    enum access access = document_access(document, path, ret_why);

    return *ret_why && strcmp((*ret_why)->layer, BUILT_IN) == 0 ? ACCESS_DENIED : access;
}

static bool has_profile(const struct document *document, const char *name)
{
    char layer[64];

    snprintf(layer, sizeof(layer), "profile %s", name);
    for (size_t i = 0; i < document->path_count; i++)
        if (document->paths[i].origin.layer && strcmp(document->paths[i].origin.layer, layer) == 0)
            return true;
    for (size_t i = 0; i < document->env_inherit.count; i++)
        if (document->env_inherit.items[i].origin.layer && strcmp(document->env_inherit.items[i].origin.layer, layer) == 0)
            return true;
    return false;
}

static bool has_host(const struct document *document, const struct learn_rule *wanted)
{
    enum net_protocol protocol = strcmp(wanted->protocol, "udp") == 0 ? NET_UDP : NET_TCP;

    for (size_t i = 0; i < document->network.allow_count; i++) {
        const struct net_rule *rule = &document->network.allow[i].rule;
        bool has_peer = false, has_port = rule->port_count == 0 || wanted->port == 0;

        for (size_t j = 0; j < rule->peer_count && !has_peer; j++) {
            const struct net_peer *peer = &rule->peers[j];
            struct net_address address;

            if (!wanted->is_address)
                has_peer = peer->host && !peer->has_block && strcmp(peer->host, wanted->text) == 0;
            else if (!peer->host && peer->has_block &&
                     net_address_parse(wanted->text, strlen(wanted->text), &address) == 0)
                has_peer = net_block_has(&peer->block, &address);
        }
        for (size_t j = 0; j < rule->port_count && !has_port; j++) {
            const struct net_ports *ports = &rule->ports[j];

            has_port = (!ports->has_port || (ports->first <= wanted->port && wanted->port <= ports->last)) &&
                       (ports->protocol == NET_ANY || ports->protocol == protocol);
        }
        if (has_peer && has_port)
            return true;
    }
    return false;
}

static bool has_rule(const struct document *document, const struct learn_rule *rule)
{
    const struct origin *why = NULL;

    switch (rule->kind) {
    case LEARN_EXTENDS:
        return has_profile(document, rule->text);
    case LEARN_READONLY:
    case LEARN_READWRITE:
    case LEARN_CACHE:
        return given_access(document, rule->text, &why) >= wanted_access(rule->kind);
    case LEARN_DENIED:
        for (size_t i = 0; i < document->path_count; i++)
            if (document->paths[i].kind == PATH_DENIED && strcmp(document->paths[i].path, rule->text) == 0)
                return true;
        return false;
    case LEARN_TOOLCHAINS:
        return document->toolchains.is_set && document->toolchains.value;
    case LEARN_SOCKET:
        for (size_t i = 0; i < document->unix_sockets.count; i++)
            if (strcmp(document->unix_sockets.items[i].text, rule->text) == 0)
                return true;
        return false;
    case LEARN_HOST:
        return has_host(document, rule);
    }
    return false;
}

static bool is_offered(const struct document *document, const char *token)
{
    for (size_t i = 0; i < document->learned.count; i++)
        if (strcmp(document->learned.items[i].text, token) == 0)
            return true;
    return false;
}

static int token_of(const struct merging *m, const struct learn_rule *rule, const char **ret_token, struct error *err)
{
    struct text token auto_text = {0};

    learn_rule_token(&token, m->learned, rule);
    *ret_token = token.is_broken ? NULL : arena_string(m->arena, token.data ?: "");
    return *ret_token ? 0 : error_memory(err);
}

/* A token about a path as a rule again. */
static bool parse_token(const struct merging *m, const char *token, struct learn_rule *ret_rule)
{
    static const struct {
        const char *word;
        enum learn_kind kind;
    } kinds[] = {{"readonly ", LEARN_READONLY}, {"readwrite ", LEARN_READWRITE}, {"cache ", LEARN_CACHE}};
    static const char workspace[] = "${workspace}", home[] = "${home}";
    const struct learn_places *places = m->learned->places;

    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        const char *path = token + strlen(kinds[i].word);

        if (strncmp(token, kinds[i].word, strlen(kinds[i].word)) != 0)
            continue;
        if (places->workspace && strncmp(path, workspace, strlen(workspace)) == 0)
            path = arena_printf(m->arena, "%s%s", places->workspace, path + strlen(workspace));
        else if (strncmp(path, home, strlen(home)) == 0)
            path = arena_printf(m->arena, "%s%s", places->home, path + strlen(home));
        *ret_rule = (struct learn_rule){.kind = kinds[i].kind, .text = path};
        return path != NULL && path[0] == '/';
    }
    return false;
}

/* An offered rule around `path` that the document no longer gives in full, as a token; NULL = there is none. */
static const char *narrowed_around(const struct merging *m, const char *path)
{
    for (size_t i = 0; i < m->before->learned.count; i++) {
        struct learn_rule offered;

        if (parse_token(m, m->before->learned.items[i].text, &offered) && path_is_within(path, offered.text) &&
            !has_rule(m->before, &offered))
            return m->before->learned.items[i].text;
    }
    return NULL;
}

/* Did a person write the rule that decides about `path` now? */
static bool is_by_hand(const struct merging *m, const struct origin *why)
{
    for (size_t i = 0; i < m->before->path_count; i++) {
        const struct path_rule *rule = &m->before->paths[i];
        struct learn_rule as_learned = {.text = rule->path};
        const char *token;

        if (&rule->origin != why)
            continue;
        if (rule->kind == PATH_READONLY)
            as_learned.kind = LEARN_READONLY;
        else if (rule->kind == PATH_READWRITE)
            as_learned.kind = LEARN_READWRITE;
        else if (rule->kind == PATH_CACHE)
            as_learned.kind = LEARN_CACHE;
        else
            as_learned.kind = LEARN_DENIED;
        return !why->is_profile && token_of(m, &as_learned, &token, NULL) == 0 && !is_offered(m->before, token);
    }
    return false;
}

static bool is_protected(const struct document *document)
{
    return document->protect_builtin.is_set && document->protect_builtin.value;
}

/* It would take from what is writable already, or a person said otherwise. */
static bool cannot_be_protected(const struct document *document)
{
    bool is_written = false;

    for (size_t i = 0; i < document->path_count; i++)
        is_written |= document->paths[i].kind == PATH_READWRITE;
    return !is_protected(document) && (is_written || document->protect_builtin.is_set);
}

/* Is the denial one of those that this rule about a tree brings along? */
static bool brings_along(const struct merging *m, const struct learn_rule *rule, const struct learn_rule *denial)
{
    const char *workspace = m->learned->places->workspace;

    if (rule->kind != LEARN_READONLY && rule->kind != LEARN_READWRITE)
        return false;
    return path_is_within(denial->text, rule->text) ||
           (workspace && path_is_within(denial->text, workspace) && path_is_within(rule->text, workspace));
}

/* What the document grants at `path` already, it grants. */
static bool is_granted(const struct merging *m, const char *path)
{
    const struct origin *why = NULL;

    return given_access(m->before, path, &why) != ACCESS_DENIED;
}

static bool is_pattern(const struct learn_rule *denial)
{
    return strpbrk(denial->text, "*?") != NULL;
}

/* The tree in which the pattern is looked for. NULL without memory. */
static const char *pattern_tree(const struct merging *m, const struct learn_rule *denial)
{
    size_t length = strcspn(denial->text, "*?[");

    while (length > 1 && denial->text[length - 1] != '/')
        length--;
    return arena_string_n(m->arena, denial->text, length > 1 ? length - 1 : length);
}

/* A denial is for what is granted anew. */
static bool takes_from_document(const struct merging *m, const struct learn_rule *denial)
{
    const char *tree = is_pattern(denial) ? pattern_tree(m, denial) : denial->text;

    return tree && is_granted(m, tree);
}

/* A grant of the document, inside of what the rule is about, from which a denial that comes with the rule would take. */
static const struct path_rule *find_taken(const struct merging *m, const struct learn_rule *rule)
{
    for (size_t i = 0; i < m->learned->rule_count; i++) {
        const struct learn_rule *denial = &m->learned->rules[i];
        const char *tree;

        if (denial->kind != LEARN_DENIED || !is_pattern(denial) || !brings_along(m, rule, denial) || has_rule(m->before, denial) ||
            takes_from_document(m, denial))
            continue;
        tree = pattern_tree(m, denial);
        for (size_t j = 0; j < m->before->path_count; j++) {
            const struct path_rule *grant = &m->before->paths[j];

            if ((grant->kind == PATH_READONLY || grant->kind == PATH_READWRITE) && !grant->is_glob &&
                tree && path_is_within(grant->path, tree))
                return grant;
        }
    }
    return NULL;
}

/* Why a person would not want it back, NULL = nothing speaks against it. In the arena. */
static const char *why_kept_out(const struct merging *m, const struct learn_rule *rule, const char *token)
{
    const struct origin *why = NULL;
    const struct path_rule *taken;
    const char *narrowed;

    if (is_offered(m->before, token))
        return "it was learned before and taken out";
    if (rule->kind == LEARN_TOOLCHAINS && m->before->toolchains.is_set)
        return "the document says toolchains: none";
    if (!is_path_kind(rule->kind))
        return NULL;
    if (rule->kind == LEARN_READWRITE && cannot_be_protected(m->before))
        return "filesystem.protectBuiltin is not set, so names that programs outside obey would become writable; set it to true";
    narrowed = narrowed_around(m, rule->text);
    if (narrowed)
        return arena_printf(m->arena, "'%s' was learned before and narrowed", narrowed);
    given_access(m->before, rule->text, &why);
    if (why && why->line && is_by_hand(m, why))
        return arena_printf(m->arena, "line %u, which nobody learned, gives less", why->line);
    taken = find_taken(m, rule);
    if (taken)
        return arena_printf(m->arena, "secrets in it would have to be denied, and line %u grants some of them", taken->origin.line);
    return NULL;
}

/* Some rule that is added has it in its tree. */
static int is_needed(const struct merging *m, const struct learn_rule *denial, bool *ret_is_needed, struct error *err)
{
    *ret_is_needed = false;
    for (size_t i = 0; i < m->learned->rule_count && !*ret_is_needed; i++) {
        const struct learn_rule *rule = &m->learned->rules[i];
        const char *token;
        int r;

        if (!brings_along(m, rule, denial) || has_rule(m->before, rule))
            continue;
        r = token_of(m, rule, &token, err);
        if (r < 0)
            return r;
        *ret_is_needed = !why_kept_out(m, rule, token);
    }
    return 0;
}

static int insert(char **text, const char *const *members, const char *lines, struct error *err)
{
    char *changed = NULL;
    int r = learn_edit_insert(*text, members, lines, &changed, err);

    if (r < 0)
        return r;
    mem_free(*text);
    *text = changed;
    return 0;
}

/* At one path read-only is stronger: what was learned to be read gives way to what is learned to be written. */
static int replace_readonly(struct merging *m, const struct learn_rule *rule, char **text, struct error *err)
{
    struct learn_rule readonly = *rule;
    struct text item auto_text = {0};
    char *changed = NULL;
    const char *token;
    int r;

    readonly.kind = LEARN_READONLY;
    r = token_of(m, &readonly, &token, err);
    if (r < 0 || rule->kind != LEARN_READWRITE || !is_offered(m->before, token))
        return r;
    learn_rule_item(&item, m->learned, &readonly);
    if (item.is_broken)
        return error_memory(err);
    r = learn_edit_remove(*text, learn_kind_members(LEARN_READONLY), item.data, &changed, err);
    if (r <= 0)
        return r;
    mem_free(*text);
    *text = changed;
    return 0;
}

static int add_rule(struct merging *m, const struct learn_rule *rule, const char *token, char **text, struct error *err)
{
    static const char *const offered[] = {"learned", NULL};
    struct text lines auto_text = {0}, line auto_text = {0};
    struct json json = JSON_INIT(&line, 0);
    int r;

    learn_rule_comment(&lines, m->learned, rule, "");
    learn_rule_item(&lines, m->learned, rule);
    text_add(&line, "- ");
    json_add_string(&json, NULL, token);
    text_add(&line, "\n");
    if (lines.is_broken || line.is_broken)
        return error_memory(err);
    r = replace_readonly(m, rule, text, err);
    if (r == 0)
        r = insert(text, learn_kind_members(rule->kind), lines.data, err);
    if (r == 0 && rule->kind != LEARN_DENIED && !is_offered(m->before, token))
        r = insert(text, offered, line.data, err);
    m->result.added += rule->kind != LEARN_DENIED;
    m->needs_protection |= rule->kind == LEARN_READWRITE && !is_protected(m->before);
    return r;
}

/* As in a policy of its own: without it what was learned to be written would hold hooks and settings, too. */
static int add_protection(const struct merging *m, char **text, struct error *err)
{
    static const char *const members[] = {"filesystem", NULL};

    if (!m->needs_protection)
        return 0;
    return insert(text, members, LEARN_PROTECTION, err);
}

static int merge_rule(struct merging *m, const struct learn_rule *rule, char **text, struct error *err)
{
    const char *token, *reason;
    bool is_wanted = true;
    int r = 0;

    if (rule->kind == LEARN_DENIED && !has_rule(m->before, rule) && !takes_from_document(m, rule))
        r = is_needed(m, rule, &is_wanted, err);
    else if (rule->kind == LEARN_DENIED)
        is_wanted = false;
    if (r < 0 || !is_wanted)
        return r;
    if (has_rule(m->before, rule)) {
        m->result.had++;
        return 0;
    }
    r = token_of(m, rule, &token, err);
    if (r < 0)
        return r;
    reason = why_kept_out(m, rule, token);
    if (reason) {
        m->result.kept_out++;
        text_add(&m->notes, "kept out ");
        text_add_safe(&m->notes, token);
        text_add(&m->notes, ": ");
        text_add_safe(&m->notes, reason);
        text_add(&m->notes, "\n");
        return 0;
    }
    return add_rule(m, rule, token, text, err);
}

/* Everything that the document allowed it still allows, nothing was written where it means something else, and no more is allowed. */
static int check_merged(const struct merging *m, const char *name, const char *text, struct error *err)
{
    struct document *after;
    struct policy *old auto_policy = NULL, *new auto_policy = NULL;
    const char *witness = NULL;
    int r = learn_load(m->arena, m->learned->places, name, text, strlen(text), &after, err);

    if (r < 0)
        return error_prepend(err, "the merged policy");
    r = policy_new(&old, err);
    if (r == 0)
        r = policy_new(&new, err);
    if (r == 0)
        r = policy_add_layer(old, (struct document *)m->before, err);
    if (r == 0)
        r = policy_add_layer(new, after, err);
    if (r < 0)
        return r;
    if (!policy_is_subset(old, new, &witness))
        return error_set(err, ERROR_INVALID, EINVAL,
                         "%s cannot be changed line by line, %.200s would be lost; write its members in block style", name,
                         witness ?: "something");
    for (size_t i = 0; i < m->learned->rule_count; i++) {
        const struct learn_rule *rule = &m->learned->rules[i];
        const char *token;

        r = token_of(m, rule, &token, err);
        if (r < 0)
            return r;
        if (!has_rule(m->before, rule) && is_offered(after, token) && !is_offered(m->before, token) && !has_rule(after, rule))
            return error_set(err, ERROR_INVALID, EINVAL, "%s: a rule cannot be added: %s", name, token);
    }
    return learn_check_bound(m->learned, m->arena, m->before, after, name, err);
}

int learned_merge(const struct learned *learned, const char *name, const char *text, size_t size, char **ret_text,
                  struct learn_merge *ret_merge, struct error *err)
{
    struct arena *arena auto_arena = arena_new();
    struct merging m = {.learned = learned, .arena = arena};
    struct text notes auto_text = {0};
    struct document *before;
    char *merged auto_free = mem_string(text);
    int r = 0;

    if (!arena || !merged)
        return error_memory(err);
    if (strlen(text) != size)
        return error_set(err, ERROR_INVALID, EINVAL, "%s holds a NUL byte", name);
    if (text[strspn(text, " \t\r\n")] == '{')
        return error_set(err, ERROR_INVALID, EINVAL, "%s is JSON, which has no comments; learn into a document in YAML", name);
    r = learn_load(arena, learned->places, name, text, size, &before, err);
    m.before = before;
    /* From the last to the first: each goes in front of its list, so they stand in order. */
    for (size_t i = learned->rule_count; i > 0 && r == 0; i--)
        r = merge_rule(&m, &learned->rules[i - 1], &merged, err);
    if (r == 0)
        r = add_protection(&m, &merged, err);
    notes = m.notes;
    if (r == 0)
        r = check_merged(&m, name, merged, err);
    if (r == 0)
        r = text_take(&notes, &m.result.notes, err);
    if (r < 0)
        return r;
    *ret_text = take_ptr(merged);
    *ret_merge = m.result;
    return 0;
}
