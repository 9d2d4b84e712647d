/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lint says of a rule that never decides anything is true: the policy without the rule permits the same. Hundreds of
 * documents that are made up, each finding of such a kind held against the exact comparison of policies, both ways.
 */
#include <stdlib.h>

#include "author/lint.h"
#include "base/text.h"
#include "test.h"

#define DOCUMENTS (int)test_rounds(100)
#define ITEMS_MAX 8

enum list { RW, RO, DENIED, PROTECTED, ALLOW, DENY, LIST_COUNT_ };

static const char *const names[LIST_COUNT_] = {"filesystem.readwritePaths", "filesystem.readonlyPaths", "filesystem.deniedPaths",
                                               "filesystem.protectedPaths", "network.egress.allow",     "network.egress.deny"};

struct made {
    char items[LIST_COUNT_][ITEMS_MAX][160];
    size_t counts[LIST_COUNT_];
    bool protects, is_open;
};

static uint64_t state = 0x9e3779b97f4a7c15u;

static unsigned pick(unsigned count)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % count;
}

static void make_path(char *item, size_t size, bool may_be_pattern)
{
    static const char *const parts[] = {"a", "b", "c", ".git", "hooks"};
    static const char *const wild[] = {"*", "?", "**", "*b", "[ab]"};
    size_t length = (size_t)snprintf(item, size, "\"/srv");

    for (unsigned depth = 1 + pick(3); depth; depth--)
        length += (size_t)snprintf(item + length, size - length, "/%s",
                                   may_be_pattern && pick(3) == 0 ? wild[pick(ARRAY_COUNT(wild))] : parts[pick(ARRAY_COUNT(parts))]);
    snprintf(item + length, size - length, "\"");
}

static void make_rule(char *item, size_t size, bool is_allow)
{
    static const char *const peers[] = {"host: a.example.org", "host: b.example.org", "host: \"*.example.org\"", "cidr: 203.0.113.0/24",
                                        "cidr: 203.0.113.5", "cidr: 203.0.112.0/22", "cidr: 0.0.0.0/0"};
    static const char *const ports[] = {"", ", ports: [{port: 443, protocol: tcp}]", ", ports: [{port: 80, endPort: 443, protocol: tcp}]",
                                        ", ports: [{port: 53, protocol: udp}]", ", ports: [{port: 443}]"};
    static const char *const narrowed[] = {"", "", "", ", tls: terminate", ", tls: terminate, http: {methods: [GET]}"};
    const char *first = peers[pick(ARRAY_COUNT(peers))], *second = peers[pick(ARRAY_COUNT(peers))];
    const char *port = ports[pick(ARRAY_COUNT(ports))], *narrow = is_allow && !strstr(port, "udp") ? narrowed[pick(ARRAY_COUNT(narrowed))] : "";

    if (pick(12) == 0)
        snprintf(item, size, "{ports: [{port: 443, protocol: tcp}]}");
    else if (pick(3) == 0)
        snprintf(item, size, "{to: [{%s}, {%s}]%s%s}", first, second, port, narrow);
    else
        snprintf(item, size, "{to: [{%s}]%s%s}", first, port, narrow);
}

static void make_document(struct made *made)
{
    *made = (struct made){.protects = pick(2), .is_open = pick(6) == 0};
    for (int list = RW; list < LIST_COUNT_; list++) {
        made->counts[list] = pick(list >= ALLOW ? 4 : 3);
        for (size_t i = 0; i < made->counts[list]; i++) {
            if (list >= ALLOW)
                make_rule(made->items[list][i], sizeof(made->items[list][i]), list == ALLOW);
            else
                make_path(made->items[list][i], sizeof(made->items[list][i]), list == RO || list == DENIED);
        }
    }
}

static void print_list(struct text *out, const struct made *made, enum list list, enum list without, size_t index)
{
    text_printf(out, "%s: [", strrchr(names[list], '.') + 1);
    for (size_t i = 0, shown = 0; i < made->counts[list]; i++)
        if (list != without || i != index)
            text_printf(out, "%s%s", shown++ ? ", " : "", made->items[list][i]);
    text_add(out, "]");
}

/* Without one item; LIST_COUNT_ = with all of them. */
static void print_document(struct text *out, const struct made *made, enum list without, size_t index)
{
    text_printf(out, "version: cordon/1\nfilesystem:\n  protectBuiltin: %s\n", made->protects ? "true" : "false");
    for (enum list list = RW; list <= PROTECTED; list++) {
        text_add(out, "  ");
        print_list(out, made, list, without, index);
        text_add(out, "\n");
    }
    text_printf(out, "network:\n  egress:\n    default: %s\n", made->is_open ? "allow" : "deny");
    for (enum list list = ALLOW; list <= DENY; list++) {
        text_add(out, "    ");
        print_list(out, made, list, without, index);
        text_add(out, "\n");
    }
}

static const struct variables variables = {.workspace = "/home/u/project", .home = "/home/u", .user = "u", .tmp = "/tmp"};

static struct policy *load(const struct text *text)
{
    const struct load_options options = {.kind = LAYER_REQUEST, .variables = &variables, .layer_name = "document"};
    struct document *document;
    struct policy *policy;
    struct error err = ERROR_INIT;

    check_int(policy_new(&policy, &err), 0);
    if (document_load_text(policy->arena, "a.yaml", text->data, text->length, &options, &document, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s\n%s", err.text, text->data);
    check_int(policy_add_layer(policy, document, &err), 0);
    return policy;
}

static bool says_dead(const struct lint_finding *finding)
{
    static const char *const kinds[] = {"conflict.same-path", "conflict.void-grant", "conflict.network-denied", "dead.denial", "dead.protection", "dead.covered"};

    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        if (strcmp(finding->rule->id, kinds[i]) == 0)
            return true;
    return false;
}

/* "filesystem.deniedPaths[2]", "network.egress.allow[0].http" */
static bool find_item(const char *member, enum list *ret_list, size_t *ret_index)
{
    for (int list = RW; list < LIST_COUNT_; list++) {
        size_t length = strlen(names[list]);

        if (strncmp(member, names[list], length) != 0 || member[length] != '[')
            continue;
        *ret_list = (enum list)list;
        *ret_index = strtoul(member + length + 1, NULL, 10);
        return true;
    }
    return false;
}

/* A grant to write of which reading is left is told as void for writing. Of a rule whose connections are all denied the names may still be asked for. */
static bool may_differ(const struct lint_finding *finding, const char *witness)
{
    if (strcmp(finding->rule->id, "conflict.void-grant") == 0 && strstr(finding->reason, "stays read-only"))
        return !strstr(witness, "writing") && !strstr(witness, "changing");
    return strcmp(finding->rule->id, "conflict.network-denied") == 0 && strstr(witness, "asking for the name");
}

static void check_same(const struct policy *with, const struct made *made, const struct lint_finding *finding)
{
    struct text text auto_text = {0};
    struct policy *without auto_policy = NULL;
    const char *witness = "";
    enum list list;
    size_t index;

    if (!find_item(finding->origin->member, &list, &index))
        test_fail(__FILE__, __LINE__, "no item: %s", finding->origin->member);
    print_document(&text, made, list, index);
    without = load(&text);
    if ((!policy_is_subset(with, without, &witness) || !policy_is_subset(without, with, &witness)) &&
        !may_differ(finding, witness)) {
        struct text all auto_text = {0};

        print_document(&all, made, LIST_COUNT_, 0);
        test_fail(__FILE__, __LINE__, "%s: %s: %s; but: %s\n%s", finding->origin->member, finding->rule->id, finding->reason, witness,
                  all.data);
    }
}

TEST(a_rule_that_lint_calls_dead_or_covered_can_be_removed_without_a_difference)
{
    size_t checked = 0;

    for (int i = 0; i < DOCUMENTS; i++) {
        struct text text auto_text = {0};
        struct policy *policy auto_policy = NULL;
        struct arena *arena auto_arena = arena_new();
        struct lint_input input = {.variables = &variables};
        struct error err = ERROR_INIT;
        struct made made;
        struct lint lint;

        check(arena != NULL);
        make_document(&made);
        print_document(&text, &made, LIST_COUNT_, 0);
        policy = load(&text);
        input.policy = policy;
        check_int(lint_look(arena, &input, &lint, &err), 0);
        for (size_t j = 0; j < lint.finding_count; j++)
            if (says_dead(&lint.findings[j])) {
                check_same(policy, &made, &lint.findings[j]);
                checked++;
            }
    }
    printf("    %zu findings\n", checked);
    check(checked > test_rounds(100) / 2);
}
