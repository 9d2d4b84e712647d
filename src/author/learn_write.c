/* SPDX-License-Identifier: Apache-2.0 */
/* A learned policy as YAML for people, each rule under its evidence. */
#include <string.h>

#include "author/learn_parts.h"
#include "base/json.h"

#define OMISSIONS_SHOWN 64

static const char *const in_extends[] = {"extends", NULL};
static const char *const in_readonly[] = {"filesystem", "readonlyPaths", NULL};
static const char *const in_readwrite[] = {"filesystem", "readwritePaths", NULL};
static const char *const in_cache[] = {"filesystem", "cachePaths", NULL};
static const char *const in_denied[] = {"filesystem", "deniedPaths", NULL};
static const char *const in_files[] = {"filesystem", NULL};
static const char *const in_sockets[] = {"unixSockets", NULL};
static const char *const in_hosts[] = {"network", "egress", "allow", NULL};

const char *const *learn_kind_members(enum learn_kind kind)
{
    switch (kind) {
    case LEARN_EXTENDS:
        return in_extends;
    case LEARN_READONLY:
        return in_readonly;
    case LEARN_READWRITE:
        return in_readwrite;
    case LEARN_CACHE:
        return in_cache;
    case LEARN_DENIED:
        return in_denied;
    case LEARN_TOOLCHAINS:
        return in_files;
    case LEARN_SOCKET:
        return in_sockets;
    case LEARN_HOST:
        return in_hosts;
    }
    return NULL;
}

/* A double-quoted scalar: JSON's escapes are YAML's. */
static void add_quoted(struct text *out, const char *text)
{
    struct json json = JSON_INIT(out, 0);

    json_add_string(&json, NULL, text);
}

/* With the variables that documents have, so that the policy holds for another workspace and another home. */
static void add_path(struct text *out, const struct learned *learned, const char *path)
{
    struct text spelled auto_text = {0};

    learn_add_spelled(&spelled, learned->places, path);
    out->is_broken |= spelled.is_broken;
    add_quoted(out, spelled.data ?: "");
}

void learn_rule_item(struct text *out, const struct learned *learned, const struct learn_rule *rule)
{
    switch (rule->kind) {
    case LEARN_EXTENDS:
        text_printf(out, "- %s\n", rule->text);
        break;
    case LEARN_READONLY:
    case LEARN_READWRITE:
        text_add(out, "- {path: ");
        add_path(out, learned, rule->text);
        /* The workspace is always there. Others may be gone, or be made by a run that had more. */
        text_add(out, learned->places->workspace && strcmp(rule->text, learned->places->workspace) == 0 ? "}\n"
                                                                                                       : ", optional: true}\n");
        break;
    case LEARN_CACHE:
    case LEARN_DENIED:
    case LEARN_SOCKET:
        text_add(out, "- ");
        add_path(out, learned, rule->text);
        text_add(out, "\n");
        break;
    case LEARN_TOOLCHAINS:
        text_printf(out, "toolchains: %s\n", rule->text);
        break;
    case LEARN_HOST:
        text_add(out, "- {to: [{");
        text_add(out, rule->is_address ? "cidr: " : "host: ");
        if (rule->is_address) {
            struct text block auto_text = {0};

            text_printf(&block, "%s/%d", rule->text, strchr(rule->text, ':') ? 128 : 32);
            out->is_broken |= block.is_broken;
            add_quoted(out, block.data ?: "");
        } else {
            add_quoted(out, rule->text);
        }
        text_add(out, "}]");
        if (rule->port)
            text_printf(out, ", ports: [{port: %u, protocol: %s}]", rule->port, rule->protocol);
        text_add(out, "}\n");
        break;
    }
}

void learn_rule_token(struct text *out, const struct learned *learned, const struct learn_rule *rule)
{
    static const char *const words[] = {[LEARN_EXTENDS] = "extends",       [LEARN_READONLY] = "readonly",
                                        [LEARN_READWRITE] = "readwrite",   [LEARN_CACHE] = "cache",
                                        [LEARN_DENIED] = "denied",         [LEARN_TOOLCHAINS] = "toolchains",
                                        [LEARN_SOCKET] = "socket",         [LEARN_HOST] = "host"};

    text_printf(out, "%s ", words[rule->kind]);
    if (rule->kind == LEARN_HOST)
        text_printf(out, "%s %u %s", rule->text, rule->port, rule->protocol);
    else if (rule->text[0] == '/')
        learn_add_spelled(out, learned->places, rule->text);
    else
        text_add(out, rule->text);
}

void learn_evidence_write(struct text *out, const struct learn_evidence *evidence, size_t run_count)
{
    int runs = __builtin_popcountll(evidence->runs);

    text_printf(out, "seen %llu time%s", (unsigned long long)evidence->seen, evidence->seen == 1 ? "" : "s");
    for (size_t i = 0; i < 2 && evidence->programs[i].exe; i++) {
        text_add(out, i ? ", " : " by ");
        learn_add_visible(out, evidence->programs[i].exe);
    }
    if (evidence->programs[0].exe && evidence->programs[1].exe && evidence->programs[2].exe)
        text_add(out, " and others");
    text_printf(out, " in %d of %zu run%s", runs, run_count, run_count == 1 ? "" : "s");
}

const char *learn_confidence_reason(const struct learned *learned, const struct learn_rule *rule)
{
    if (rule->evidence.is_refused)
        return rule->kind == LEARN_HOST && rule->why ? rule->why : "it was refused while it was recorded";
    if ((size_t)__builtin_popcountll(rule->evidence.runs) < learned->run_count)
        return "not in every run";
    if (rule->why)
        return rule->why;
    if (rule->is_address)
        return "an address without a name";
    return learned->run_count < 2 ? "one run" : "in every run";
}

void learn_rule_comment(struct text *out, const struct learned *learned, const struct learn_rule *rule, const char *indent)
{
    if (rule->kind == LEARN_DENIED)
        return;
    text_printf(out, "%s# ", indent);
    if (rule->evidence.seen)
        learn_evidence_write(out, &rule->evidence, learned->run_count);
    else
        text_add(out, "what every program needs of the system");
    if (rule->evidence.seen && rule->kind != LEARN_EXTENDS)
        text_printf(out, "; confidence %s: %s", learn_confidence_name(rule->confidence), learn_confidence_reason(learned, rule));
    text_add(out, "\n");
}

static bool has_kind(const struct learned *learned, enum learn_kind kind)
{
    for (size_t i = 0; i < learned->rule_count; i++)
        if (learned->rules[i].kind == kind)
            return true;
    return false;
}

static void write_list(struct text *out, const struct learned *learned, enum learn_kind kind, const char *heading,
                       const char *indent)
{
    if (!has_kind(learned, kind))
        return;
    text_add(out, heading);
    for (size_t i = 0; i < learned->rule_count; i++)
        if (learned->rules[i].kind == kind) {
            learn_rule_comment(out, learned, &learned->rules[i], indent);
            text_add(out, indent);
            learn_rule_item(out, learned, &learned->rules[i]);
        }
}

static bool changes_workspace(const struct learned *learned)
{
    for (size_t i = 0; i < learned->rule_count; i++)
        if (learned->rules[i].kind == LEARN_READWRITE)
            return true;
    return false;
}

static void write_files(struct text *out, const struct learned *learned)
{
    if (!has_kind(learned, LEARN_READONLY) && !has_kind(learned, LEARN_READWRITE) && !has_kind(learned, LEARN_CACHE) &&
        !has_kind(learned, LEARN_TOOLCHAINS))
        return;
    text_add(out, "filesystem:\n");
    write_list(out, learned, LEARN_READONLY, "  readonlyPaths:\n", "    ");
    write_list(out, learned, LEARN_READWRITE, "  readwritePaths:\n", "    ");
    write_list(out, learned, LEARN_CACHE, "  # private to this policy and workspace, kept between runs\n  cachePaths:\n", "    ");
    write_list(out, learned, LEARN_DENIED, "  # secrets that lie, or may come to lie, in what is granted above\n  deniedPaths:\n",
               "    ");
    if (changes_workspace(learned))
        text_add(out, "  # hooks, configuration and other names that programs outside obey\n  protectBuiltin: true\n");
    write_list(out, learned, LEARN_TOOLCHAINS, "", "  ");
}

static void write_network(struct text *out, const struct learned *learned)
{
    if (!has_kind(learned, LEARN_HOST))
        return;
    text_add(out, "network:\n  egress:\n    default: deny\n");
    write_list(out, learned, LEARN_HOST, "    allow:\n", "      ");
}

static void write_offered(struct text *out, const struct learned *learned)
{
    text_add(out, "# What cordon learn has offered so far. A rule that is here and no longer above was taken out by a person, and\n"
                  "# cordon learn --into does not bring it back. Nothing is granted by this list.\n"
                  "learned:\n");
    for (size_t i = 0; i < learned->rule_count; i++) {
        struct text token auto_text = {0};

        if (learned->rules[i].kind == LEARN_DENIED)
            continue;
        learn_rule_token(&token, learned, &learned->rules[i]);
        out->is_broken |= token.is_broken;
        text_add(out, "  - ");
        add_quoted(out, token.data ?: "");
        text_add(out, "\n");
    }
}

/* As they would stand in network.egress.allow. */
static void write_proposed(struct text *out, const struct learned *learned, const char *start)
{
    for (size_t i = 0; i < learned->proposed_count; i++) {
        learn_rule_comment(out, learned, &learned->proposed[i], start);
        text_add(out, start);
        learn_rule_item(out, learned, &learned->proposed[i]);
    }
    if (learned->proposed_is_cut)
        text_printf(out, "%sand there may be more: so many are shown\n", start);
}

static void write_omissions(struct text *out, const struct learned *learned, const char *start)
{
    size_t shown = learned->omission_count < OMISSIONS_SHOWN ? learned->omission_count : OMISSIONS_SHOWN;

    for (size_t i = 0; i < shown; i++) {
        const struct learn_omission *omission = &learned->omissions[i];

        text_printf(out, "%s%s ", start, operation_name(omission->operation));
        learn_add_visible(out, omission->text);
        text_add(out, ": ");
        learn_add_visible(out, omission->reason);
        text_add(out, " (");
        learn_evidence_write(out, &omission->evidence, learned->run_count);
        text_add(out, ")\n");
    }
    if (shown < learned->omission_count)
        text_printf(out, "%sand %zu more\n", start, learned->omission_count - shown);
}

int learned_write(const struct learned *learned, char **ret_text, struct error *err)
{
    struct text out auto_text = {0};

    text_printf(&out,
                "# Learned by cordon learn from %zu run%s. Read it before you use it: it allows what these runs did, good or bad.\n",
                learned->run_count, learned->run_count == 1 ? "" : "s");
    if (learned->lost)
        text_printf(&out, "# %llu uses were not seen while it was recorded: something may be missing.\n",
                    (unsigned long long)learned->lost);
    text_add(&out, "version: cordon/1\n");
    write_list(&out, learned, LEARN_EXTENDS, "extends:\n", "  ");
    write_files(&out, learned);
    write_list(&out, learned, LEARN_SOCKET, "# sockets of the host\nunixSockets:\n", "  ");
    write_network(&out, learned);
    write_offered(&out, learned);
    if (learned->omission_count)
        text_add(&out, "# Left out:\n");
    write_omissions(&out, learned, "# - ");
    if (learned->proposed_count)
        text_add(&out, "# Proposed, and not in force: hosts that were asked for and refused. Put what is meant into network.egress.allow.\n");
    write_proposed(&out, learned, "#   ");
    return text_take(&out, ret_text, err);
}

static void summarise_merge(struct text *out, const struct learn_merge *merge)
{
    text_printf(out, "%zu rules added, %zu were there, %zu kept out\n%s", merge->added, merge->had, merge->kept_out,
                merge->notes ?: "");
}

int learned_summary(const struct learned *learned, const struct learn_merge *merge, char **ret_text, struct error *err)
{
    struct text out auto_text = {0};
    size_t granted = 0, low = 0, sensitive = 0;

    for (size_t i = 0; i < learned->rule_count; i++) {
        granted += learned->rules[i].kind != LEARN_DENIED;
        low += learned->rules[i].kind != LEARN_DENIED && learned->rules[i].kind != LEARN_EXTENDS &&
               learned->rules[i].confidence == LEARN_LOW;
    }
    for (size_t i = 0; i < learned->omission_count; i++)
        sensitive += learned->omissions[i].is_sensitive;
    text_printf(&out, "learned %zu rule%s from %llu uses in %zu run%s", granted, granted == 1 ? "" : "s", (unsigned long long)learned->use_count,
                learned->run_count, learned->run_count == 1 ? "" : "s");
    if (low)
        text_printf(&out, ", %zu of low confidence", low);
    text_add(&out, "\n");
    if (learned->omission_count)
        text_printf(&out, "left out %zu, %zu of them sensitive or protected:\n", learned->omission_count, sensitive);
    write_omissions(&out, learned, "  ");
    if (learned->proposed_count)
        text_add(&out, "proposed for network.egress.allow, and not in force:\n");
    write_proposed(&out, learned, "  ");
    if (learned->lost)
        text_printf(&out, "%llu uses were not seen: run it again\n", (unsigned long long)learned->lost);
    if (merge)
        summarise_merge(&out, merge);
    return text_take(&out, ret_text, err);
}
