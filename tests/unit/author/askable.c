/* SPDX-License-Identifier: Apache-2.0 */
/* About what a person is asked: what one more rule about one file would allow, and nothing that somebody forbade. */
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "author/askable.h"
#include "base/path.h"
#include "fixture.h"

static struct fixture f;
static struct plan_index *the_index;

static const char *const files[] = {"ws/src/a.c", "ws/.env", "ws/.git/config", "data/in/f", "data/in/sub/h", "alone"};

static void make_tree(void)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    f.options.is_dry_run = true;
    make_directory(&f, "ws/src");
    make_directory(&f, "ws/.git/hooks");
    make_directory(&f, "data/in/sub");
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        make_file(&f, files[i]);
    check_int(symlink(full_path(&f, "data/in"), full_path(&f, "to-in")), 0);
}

static void free_tree(void)
{
    plan_index_free_at(&the_index);
    fixture_close(&f);
}

static void use(const char *request, const char *ceiling)
{
    f.policy->layer_count = 0;
    if (ceiling)
        add_layer(&f, LAYER_CEILING, ceiling);
    add_layer(&f, LAYER_REQUEST, request);
    plan_index_free_at(&the_index);
    if (compile_layers(&f) < 0)
        test_fail(__FILE__, __LINE__, "%s", f.err.text);
    check_int(plan_index_new(f.plan, &the_index, &f.err), 0);
}

static struct askable about(enum operation operation, const char *path)
{
    struct suggest_input input = {.policy = f.policy, .plan = f.plan, .index = the_index, .variables = &f.variables};
    struct question question = {.operation = operation, .path = arena_string(f.policy->arena, full_path(&f, path)), .exists = true};
    struct askable askable = {0};

    check(question.path != NULL);
    check_int(askable_judge(f.policy->arena, &input, &question, question.path, &askable, &f.err), 0);
    check(!askable.none == (askable.member != NULL));
    return askable;
}

static const struct {
    const char *request, *ceiling;
    enum operation operation;
    const char *path;
    const char *none; /* NULL = somebody is asked */
} rows[] = {
    {"filesystem:\n  readwritePaths: ['${workspace}']\n", NULL, OPERATION_READ, "alone", NULL},
    {"filesystem:\n  readonlyPaths: ['@/data']\n", NULL, OPERATION_WRITE, "data/in/f", NULL},
    {"filesystem:\n  readonlyPaths: ['@/data']\n", NULL, OPERATION_READ, "data/in/f", "no rule is in the way"},
    /* by name, above, by where a link leads, by a pattern */
    {"filesystem:\n  deniedPaths: ['@/alone']\n", NULL, OPERATION_READ, "alone", "a rule refuses it by name"},
    {"filesystem:\n  deniedPaths: ['@/data']\n", NULL, OPERATION_READ, "data/in/f", "a rule refuses it by name"},
    {"filesystem:\n  deniedPaths: ['@/data']\n  readonlyPaths: ['@/data/in']\n", NULL, OPERATION_WRITE, "data/in/f", "a rule refuses it by name"},
    {"filesystem:\n  deniedPaths: ['@/to-in']\n", NULL, OPERATION_READ, "data/in/f", "a rule refuses it by name"},
    {"filesystem:\n  readonlyPaths: ['@/data']\n  deniedPaths: ['**/sub/*']\n", NULL, OPERATION_READ, "data/in/sub/h",
     "a rule refuses it by name"},
    /* a pattern also where nothing around it is granted: a grant of the file would not prevail over it */
    {"filesystem:\n  deniedPaths: ['**/al*']\n", NULL, OPERATION_READ, "alone", "a rule refuses it by name"},
    {"filesystem:\n  deniedPaths: ['@/**/in/*']\n", NULL, OPERATION_READ, "data/in/f", "a rule refuses it by name"},
    {"filesystem:\n  deniedPaths: ['@/**/in']\n", NULL, OPERATION_READ, "data/in/sub/h", "a rule refuses it by name"},
    {"filesystem:\n  deniedPaths: ['@/to-in/*']\n", NULL, OPERATION_READ, "data/in/f", "a rule refuses it by name"},
    {"filesystem:\n  deniedPaths: ['**/be*']\n", NULL, OPERATION_READ, "alone", NULL},
    {"filesystem:\n  readonlyPaths: ['**/al*']\n", NULL, OPERATION_WRITE, "alone", "a rule refuses it by name"},
    {"filesystem:\n  readonlyPaths: ['**/al*']\n", NULL, OPERATION_READ, "alone", NULL},
    {"filesystem:\n  readonlyPaths: []\n", "filesystem:\n  readonlyPaths: ['/']\n  deniedPaths: ['**/al*']\n", OPERATION_READ, "alone",
     "a rule refuses it by name"},
    /* a part of what may be written, kept by a person */
    {"filesystem:\n  readwritePaths: ['@/data']\n  readonlyPaths: ['@/data/in']\n", NULL, OPERATION_WRITE, "data/in/f", "a rule refuses it by name"},
    {"filesystem:\n  readwritePaths: ['@/data']\n  protectedPaths: ['@/data/in']\n", NULL, OPERATION_WRITE, "data/in/f", "a rule refuses it by name"},
    {"filesystem:\n  readwritePaths: ['${workspace}']\n  protectBuiltin: true\n", NULL, OPERATION_WRITE, "ws/.git/config", "a protected name"},
    {"filesystem:\n  readonlyPaths: ['${workspace}']\n", NULL, OPERATION_WRITE, "ws/.git/config", "a protected name"},
    {"filesystem:\n  readonlyPaths: []\n", NULL, OPERATION_READ, "ws/.env", "it is sensitive"},
    /* of a ceiling: what it denies, and what it does not give */
    {"filesystem:\n  readwritePaths: ['${workspace}']\n", "filesystem:\n  readonlyPaths: ['/']\n  deniedPaths: ['@/alone']\n", OPERATION_READ, "alone",
     "a rule refuses it by name"},
    {"filesystem:\n  readonlyPaths: ['@/data']\n", "filesystem:\n  readonlyPaths: ['/']\n", OPERATION_WRITE, "data/in/f",
     "no rule about this one file would allow it"},
    {"filesystem:\n  readonlyPaths: ['@/data']\n", "filesystem:\n  readwritePaths: ['/']\n", OPERATION_WRITE, "data/in/f", NULL},
    {"filesystem:\n  readonlyPaths: ['@/data']\n", NULL, OPERATION_WRITE, "data/in", "no rule about this one file would allow it"},
};

TEST(a_person_is_asked_about_one_file_and_not_about_what_was_forbidden)
{
    make_tree();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct askable askable;

        use(rows[i].request, rows[i].ceiling);
        askable = about(rows[i].operation, rows[i].path);
        if (!askable.none != !rows[i].none || (askable.none && strcmp(askable.none, rows[i].none) != 0))
            test_fail(__FILE__, __LINE__, "row %zu: '%s', not '%s'", i, askable.none ? askable.none : "asked", rows[i].none ? rows[i].none : "asked");
    }
    free_tree();
}

static int written(const char *text, const struct askable *askable, const char *path, char **ret_text)
{
    const struct rule_place place = {.variables = &f.variables, .name = "test.yaml", .text = text, .size = strlen(text)};

    return askable_write(&place, askable, path, ret_text, &f.err);
}

TEST(a_rule_comes_between_the_lines_of_a_person)
{
    static const char before[] = "version: cordon/1 # mine\nfilesystem:\n  # read\n  readonlyPaths:\n    - /usr # the system\nname: x\n";
    struct askable askable;
    char *after = NULL;

    make_tree();
    use("filesystem:\n  readwritePaths: ['${workspace}']\n", NULL);
    askable = about(OPERATION_READ, "alone");
    check_int(written(before, &askable, full_path(&f, "alone"), &after), 0);
    check_contains(after, "version: cordon/1 # mine\nfilesystem:\n  # read\n  readonlyPaths:\n    - \"");
    check_contains(after, "alone\"\n    - /usr # the system\nname: x\n");
    mem_free(after);
    free_tree();
}

/* What this cannot be put into, or what would not have the effect, stays as it was. */
TEST(a_rule_that_finds_no_place_changes_nothing)
{
    static const char *const refused[] = {
        "version: cordon/1\nfilesystem: {readonlyPaths: [/usr]}\n",
        "{\"version\": \"cordon/1\", \"filesystem\": {\"readonlyPaths\": [\"/usr\"]}}",
        "version: cordon/1\nfilesystem:\n  deniedPaths:\n    - '**/alone'\n",
        "version: cordon/2\n",
        "",
    };
    struct askable askable;

    make_tree();
    use("filesystem:\n  readwritePaths: ['${workspace}']\n", NULL);
    askable = about(OPERATION_READ, "alone");
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        char *after = NULL;

        if (written(refused[i], &askable, full_path(&f, "alone"), &after) == 0)
            test_fail(__FILE__, __LINE__, "row %zu: '%s'", i, after);
        check(!after);
    }
    free_tree();
}

/* ---- connections ---- */

#define NETWORK "network:\n  egress:\n    allow:\n      - to: [{host: granted.test}]\n        ports: [{port: 443, protocol: tcp}]\n"
#define EVERYTHING "  egress:\n    allow:\n      - to: [{cidr: 0.0.0.0/0}, {cidr: '::/0'}]\n"

static struct askable about_connection(const char *host, const char *address, unsigned port)
{
    struct suggest_input input = {.policy = f.policy, .plan = f.plan, .index = the_index, .variables = &f.variables};
    struct question question = {.operation = OPERATION_CONNECT, .host = host, .port = port, .protocol = NET_TCP};
    struct askable askable = {0};

    if (address)
        check_int(net_address_parse(address, strlen(address), &question.address), 0);
    check_int(askable_judge_connection(f.policy->arena, &input, &question, &askable, &f.err), 0);
    check(!askable.none == (askable.member != NULL));
    return askable;
}

#define SPECIAL "it is special"
#define OTHER   "another rule, or a ceiling, is in the way"

static const struct {
    const char *request, *ceiling;
    const char *host, *address;
    unsigned port;
    const char *none; /* NULL = somebody is asked */
} connections[] = {
    {NETWORK, NULL, "other.test", NULL, 443, NULL},
    {NETWORK, NULL, "granted.test", NULL, 22, NULL},
    {NETWORK, NULL, "granted.test", NULL, 443, "no rule is in the way"},
    {NETWORK, NULL, NULL, "93.184.216.34", 443, NULL},
    {NETWORK, NULL, NULL, "10.1.2.3", 443, NULL},
    {NETWORK, NULL, NULL, "2606:2800::34", 443, NULL},
    /* services that give out credentials, and what is no other machine */
    {NETWORK, NULL, "metadata.google.internal", NULL, 80, SPECIAL},
    {NETWORK, NULL, "metadata", NULL, 80, SPECIAL},
    {NETWORK, NULL, NULL, "169.254.169.254", 80, SPECIAL},
    {NETWORK, NULL, NULL, "100.100.100.200", 80, SPECIAL},
    {NETWORK, NULL, NULL, "fd00:ec2::254", 80, SPECIAL},
    {NETWORK, NULL, NULL, "127.0.0.1", 80, SPECIAL},
    {NETWORK, NULL, NULL, "::1", 80, SPECIAL},
    {NETWORK, NULL, NULL, "fe80::1", 80, SPECIAL},
    {NETWORK, NULL, NULL, "64:ff9b::169.254.169.254", 80, SPECIAL},
    {NETWORK, NULL, NULL, "0.0.0.0", 80, SPECIAL},
    /* what somebody denied */
    {NETWORK "    deny:\n      - to: [{host: other.test}]\n", NULL, "other.test", NULL, 443, OTHER},
    {NETWORK "    deny:\n      - to: [{host: '*.other.test'}]\n", NULL, "a.other.test", NULL, 443, OTHER},
    {NETWORK "    deny:\n      - to: [{host: other.test}]\n        ports: [{port: 22}]\n", NULL, "other.test", NULL, 443, NULL},
    {NETWORK "    deny:\n      - to: [{cidr: 93.0.0.0/8}]\n", NULL, NULL, "93.184.216.34", 443, OTHER},
    /* addresses that somebody denies, of which no name is known to have one; and those of one resolver, which a ceiling gives */
    {NETWORK "    deny:\n      - to: [{cidr: 1.1.1.1/32}, {cidr: 8.8.8.0/24}, {cidr: 9.9.9.9/32}]\n", NULL, "other.test", NULL, 443, NULL},
    {NETWORK, "network:\n  egress:\n    allow:\n      - to: [{cidr: 1.1.1.0/24}]\n", "other.test", NULL, 443, OTHER},
    /* what a ceiling does not give, or denies */
    {NETWORK, "network:\n" EVERYTHING, "other.test", NULL, 443, NULL},
    {NETWORK, NETWORK, "other.test", NULL, 443, OTHER},
    {NETWORK, NETWORK, NULL, "93.184.216.34", 443, OTHER},
    {NETWORK, "network:\n" EVERYTHING "    deny:\n      - to: [{host: other.test}]\n", "other.test", NULL, 443, OTHER},
    {NETWORK, "network:\n  egress:\n    allow:\n      - to: [{host: '*.other.test'}]\n        ports: [{port: 443}]\n", "a.other.test", NULL, 443, NULL},
    {NETWORK, "network:\n  egress:\n    allow:\n      - to: [{host: '*.other.test'}]\n        ports: [{port: 443}]\n", "a.other.test", NULL, 80, OTHER},
    /* nothing stands before the network */
    {"network: {egress: {default: deny}}\n", NULL, "other.test", NULL, 443, "there is no gateway that could hold it"},
};

TEST(a_person_is_asked_about_one_destination_and_not_about_what_was_forbidden)
{
    make_tree();
    for (size_t i = 0; i < sizeof(connections) / sizeof(connections[0]); i++) {
        struct askable askable;

        use(connections[i].request, connections[i].ceiling);
        askable = about_connection(connections[i].host, connections[i].address, connections[i].port);
        if (!askable.none != !connections[i].none || (askable.none && strcmp(askable.none, connections[i].none) != 0))
            test_fail(__FILE__, __LINE__, "row %zu: '%s', not '%s'", i, askable.none ? askable.none : "asked",
                      connections[i].none ? connections[i].none : "asked");
    }
    free_tree();
}

static int written_connection(const char *text, const struct askable *askable, char **ret_text)
{
    const struct rule_place place = {.variables = &f.variables, .name = "test.yaml", .text = text, .size = strlen(text)};

    return askable_write_connection(&place, askable, ret_text, &f.err);
}

TEST(a_rule_about_a_destination_comes_between_the_lines_of_a_person_or_not_at_all)
{
    static const char before[] = "version: cordon/1 # mine\n# hosts\n" NETWORK;
    static const char *const refused[] = {
        "version: cordon/1\nnetwork: {egress: {allow: []}}\n", "{\"version\": \"cordon/1\"}", "version: cordon/2\n", ""};
    struct askable askable;
    char *after = NULL;

    make_tree();
    use(NETWORK, NULL);
    askable = about_connection("other.test", NULL, 8443);
    check_int(written_connection(before, &askable, &after), 0);
    check_contains(after, "version: cordon/1 # mine\n# hosts\nnetwork:\n  egress:\n    allow:\n      - {\"to\":[{\"host\":\"other.test\"}],\"ports\":[{\"port\":8443,\"protocol\":\"tcp\"}]}\n      - to: [{host: granted.test}]\n");
    mem_free(take_ptr(after));
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (written_connection(refused[i], &askable, &after) == 0)
            test_fail(__FILE__, __LINE__, "row %zu: '%s'", i, after);
        check(!after);
    }
    askable = about_connection(NULL, "10.1.2.3", 22);
    check_contains(askable.value, "{\"cidr\":\"10.1.2.3/32\"}");
    check_contains(askable.note, "services trust whoever asks");
    check_int(written_connection(before, &askable, &after), 0);
    check_contains(after, "10.1.2.3/32");
    mem_free(after);
    free_tree();
}
