/* SPDX-License-Identifier: Apache-2.0 */
/* The tree: positions, kinds, and what is refused before any member is looked at. */
#include "policy/read/node.h"

#include <errno.h>
#include <jansson.h>
#include <locale.h>
#include <stdlib.h>

#include "load.h"
#include "test.h"

static struct node *must_read(const char *text, enum node_syntax syntax)
{
    struct error err = ERROR_INIT;
    struct node *root = NULL;

    if (node_read(test_arena(), "t", text, strlen(text), syntax, &root, &err) < 0)
        test_fail(__FILE__, __LINE__, "not read: %s", err.text);
    return root;
}

static void must_not_read(const char *text, enum node_syntax syntax, const char *error)
{
    struct error err = ERROR_INIT;
    struct node *root = NULL;

    if (node_read(test_arena(), "t", text, strlen(text), syntax, &root, &err) == 0)
        test_fail(__FILE__, __LINE__, "read: %s", text);
    check_string(err.text, error);
    check(!root);
}

static void check_span(const struct node *node, unsigned line, unsigned column, unsigned end_line,
                       unsigned end_column)
{
    check(node);
    check_int(node->line, line);
    check_int(node->column, column);
    check_int(node->end_line, end_line);
    check_int(node->end_column, end_column);
}

TEST(every_yaml_value_and_key_knows_where_it_stands)
{
    const struct node *root =
        must_read("a: b\nc:\n  - 'd'\n  - {e: \"f g\", h: }\ni: \xc3\xa9 z\n", NODE_YAML);
    const struct node *list = node_get(root, "c");

    check_int(root->kind, NODE_MAP);
    check_span(node_get(root, "a"), 1, 4, 1, 5);
    check_span(list->items[0], 3, 5, 3, 8);
    check_span(list->items[1], 4, 5, 4, 20);
    check_span(node_get(list->items[1], "e"), 4, 9, 4, 14);
    check_span(node_get(root, "i"), 5, 4, 5, 8); /* columns count bytes */
    check_int(root->entries[1].line, 2);
    check_int(root->entries[1].column, 1);
    check_int(node_get(list->items[1], "h")->kind, NODE_NULL);
    check(!node_get(root, "absent"));
}

TEST(every_json_value_knows_where_it_begins_and_ends)
{
    const struct node *root =
        must_read("{\"a\" : \"b\\u0000c\\ud83d\\ude00\",\n \"c\":[ 1 , true ] }\n", NODE_JSON);

    check_span(root, 1, 1, 2, 20);
    check_span(node_get(root, "a"), 1, 8, 1, 30);
    check_span(node_get(root, "c"), 2, 6, 2, 18);
    check_span(node_get(root, "c")->items[1], 2, 12, 2, 16);
    check_int(node_get(root, "a")->length, 7);
    check(memcmp(node_get(root, "a")->text, "b\0c\xf0\x9f\x98\x80", 8) == 0);
}

TEST(yaml_scalars_follow_the_core_schema)
{
    static const struct {
        const char *text;
        enum node_kind kind;
    } cases[] = {
        {"yes", NODE_STRING},    {"no", NODE_STRING},    {"on", NODE_STRING},
        {"off", NODE_STRING},    {"y", NODE_STRING},     {"true", NODE_BOOL},
        {"False", NODE_BOOL},    {"tRUE", NODE_STRING},  {"null", NODE_NULL},
        {"~", NODE_NULL},        {"nil", NODE_STRING},   {"0", NODE_INTEGER},
        {"-12", NODE_INTEGER},   {"+3", NODE_INTEGER},   {"007", NODE_INTEGER},
        {"0o17", NODE_INTEGER},  {"0o8", NODE_STRING},   {"0x1F", NODE_INTEGER},
        {"-0x1", NODE_STRING},   {"1_000", NODE_STRING}, {"1.5", NODE_FLOAT},
        {".5", NODE_FLOAT},      {"5.", NODE_FLOAT},     {".", NODE_STRING},
        {"1e3", NODE_FLOAT},     {"1e", NODE_STRING},    {".inf", NODE_FLOAT},
        {"-.INF", NODE_FLOAT},   {".nan", NODE_FLOAT},   {"-.nan", NODE_STRING},
        {"512MiB", NODE_STRING}, {"12:30", NODE_STRING}, {"2026-11-21", NODE_STRING},
        {"'true'", NODE_STRING}, {"\"1\"", NODE_STRING},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        enum node_kind kind = must_read(cases[i].text, NODE_YAML)->kind;

        if (kind != cases[i].kind)
            test_fail(__FILE__, __LINE__, "%s is a %s", cases[i].text, node_kind_name(kind));
    }
}

TEST(what_a_policy_does_not_need_of_yaml_is_refused)
{
    static const char *const cases[][2] = {
        {"a: &x 1\n", "t:1:7: an anchor; remove it"},
        {"a: 1\nb: *x\n", "t:2:5: an alias; write the value itself"},
        {"a: !!str 1\n", "t:1:10: a tag; remove it"},
        {"a: ! x\n", "t:1:6: a tag; remove it"},
        {"a: !<tag:x> [1]\n", "t:1:13: a tag; remove it"},
        {"<<: {a: 1}\n", "t:1:3: a merge key; write the members themselves"},
        {"--- a\n--- b\n", "t:2:4: a second document; a policy file holds one"},
        {"%YAML 1.1\n---\na: yes\n", "t:1:1: a directive; remove the line with '%'"},
        {"? [a]\n: 1\n", "t:1:4: a member's name must be a plain string"},
        {"\"a\\0b\": 1\n", "t:1:6: a member's name that is empty or holds a NUL"},
        {": 1\n", "t:1:1: a member's name that is empty or holds a NUL"},
        {"\xef\xbb\xbf"
         "a: 1\n",
         "t:1:1: begins with a byte order mark; remove it"},
        {"a: 1\nb: \xff\n", "t:2:1: this line is not UTF-8; save the file as UTF-8"},
        {"a: \x01\n", "t:1:4: a control character; remove it or write it as an escape"},
        {"", "t:1:1: is empty"},
        {"# nothing\n", "t:1:1: is empty"},
        {"a: b: c\n", "t:1:5: invalid nested block mapping on the same line"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        must_not_read(cases[i][0], NODE_YAML, cases[i][1]);
}

/* Where it begins is line 2 for libfyaml 0.7 and line 3 for 0.9. */
TEST(a_second_document_after_an_end_marker_is_refused)
{
    struct error err = ERROR_INIT;
    struct node *root = NULL;
    const char *text = "a: 1\n...\nb: 2\n";

    check_int(node_read(test_arena(), "t", text, strlen(text), NODE_YAML, &root, &err), -EINVAL);
    check_contains(err.text, "a second document; a policy file holds one");
}

TEST(a_member_given_twice_is_refused_at_the_second)
{
    must_not_read("a: 1\nb: 2\na: 3\n", NODE_YAML,
                  "t:3:1: member 'a' is given twice (first on line 1); keep one");
    must_not_read("{\"a\":1,\n\"\\u0061\":2}", NODE_JSON,
                  "t:2:1: member 'a' is given twice (first on line 1); keep one");
    check_int(must_read("a: 1\nA: 2\n", NODE_YAML)->count, 2);
}

TEST(json_is_what_rfc_8259_says_and_nothing_more)
{
    static const char *const refused[][2] = {
        {"{\"a\":# c\n1}", "t:1:6: invalid token near '#'; JSON has no comments"},
        {"{\"a\":1}\n// c", "t:2:1: end of file expected near '/'; JSON has no comments"},
        {"{\"a\":/* c */1}", "t:1:6: invalid token near '/'; JSON has no comments"},
        {"{\"a\":1,}", "t:1:8: string or '}' expected near '}'; remove the comma before it"},
        {"[1,\n \t]", "t:2:3: unexpected token near ']'; remove the comma before it"},
        {"{'a':1}", "t:1:2: string or '}' expected near '''; JSON strings have double quotes"},
        {"{\"a\":'b'}", "t:1:6: invalid token near '''; JSON strings have double quotes"},
        {"{a:1}", "t:1:2: string or '}' expected near 'a'"},
        {"{\"a\":b}", "t:1:6: invalid token near 'b'"},
        {"{\"a\":NaN}", "t:1:8: invalid token near 'NaN'"},
        {"{\"a\":Infinity}", "t:1:13: invalid token near 'Infinity'"},
        {"{\"a\":-Infinity}", "t:1:6: invalid token near '-'"},
        {"{\"a\":True}", "t:1:9: invalid token near 'True'"},
        {"{\"a\":truely}", "t:1:11: invalid token near 'truely'"},
        {"{\"a\":01}", "t:1:6: invalid token near '0'"},
        {"{\"a\":-01}", "t:1:7: invalid token near '-0'"},
        {"{\"a\":+1}", "t:1:6: invalid token near '+'"},
        {"{\"a\":.5}", "t:1:6: invalid token near '.'"},
        {"{\"a\":1.}", "t:1:7: invalid token near '1.'"},
        {"{\"a\":1e+}", "t:1:8: invalid token near '1e+'"},
        {"{\"a\":0x1}", "t:1:7: '}' expected near 'x'"},
        {"{\"a\":1e400}", "t:1:10: real number overflow near '1e400'"},
        {"{\"a\":\"\t\"}", "t:1:6: control character 0x9 near '\"'"},
        {"{\"a\":\"\n\"}", "t:1:6: unexpected newline near '\"'"},
        {"{\"a\":\"\\x41\"}", "t:1:8: invalid escape near '\"\\x'"},
        {"{\"a\":\"\\#\"}", "t:1:8: invalid escape near '\"\\#'"},
        {"{\"a\":\"\\u12g4\"}", "t:1:11: invalid escape near '\"\\u12g'"},
        {"{\"a\":\"\\ud800\"}", "t:1:13: invalid Unicode '\\uD800' near '\"\\ud800\"'"},
        {"{\"a\":\"\\udc00\"}", "t:1:13: invalid Unicode '\\uDC00' near '\"\\udc00\"'"},
        {"{\"a\\u0000b\":1}", "t:1:11: NUL byte in object key not supported near '\"a\\u0000b\"'"},
        {"{\"a\":\"b}", "t:1:8: premature end of input near '\"b}'"},
        {"{\"a\" 1}", "t:1:6: ':' expected near '1'"},
        {"{\"a\":}", "t:1:6: unexpected token near '}'"},
        {"{\"a\":1", "t:1:6: '}' expected near end of file"},
        {"[1 2]", "t:1:4: ']' expected near '2'"},
        {"[1,,2]", "t:1:4: unexpected token near ','"},
        {"{\"a\":1]", "t:1:7: '}' expected near ']'"},
        {"{\"a\":1}{}", "t:1:8: end of file expected near '{'"},
        {"{\"a\":\xc2\xa0"
         "1}",
         "t:1:7: invalid token near '\xc2\xa0'"},
        {"{\"a\":\"\xed\xa0\x80\"}", "t:1:1: this line is not UTF-8; save the file as UTF-8"},
        {"{\"a\":\"\x01\"}", "t:1:7: a control character; remove it or write it as an escape"},
        {"", "t:1:1: unexpected token near end of file"},
        {" \n", "t:1:2: unexpected token near end of file"},
    };
    static const char *const accepted[] = {
        "{}",
        "[]",
        "0",
        "-0",
        "-1.5E+3",
        "\"\"",
        "null",
        " {\t\"a\"\r\n:\n1 } ",
        "{\"a\":\"&x\",\"b\":\"*x\",\"c\":\"!t\",\"d\":\"- x\",\"e\":\"a: b #c\",\"<<\":1,\"\":2}",
        "[\"\\/\\b\\f\\n\\r\\t\\\"\\\\\",\"\x7f\"]",
        "[18446744073709551616,-99999999999999999999,1e-400]",
    };

    for (size_t i = 0; i < ARRAY_COUNT(refused); i++)
        must_not_read(refused[i][0], NODE_JSON, refused[i][1]);
    for (size_t i = 0; i < ARRAY_COUNT(accepted); i++)
        must_read(accepted[i], NODE_JSON);
}

TEST(judging_json_leaves_the_callers_locale_alone)
{
    locale_t own = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);

    check(own);
    uselocale(own);
    must_read("[1.5]", NODE_JSON);
    must_not_read("[1.5", NODE_JSON, "t:1:4: ']' expected near end of file");
    check(uselocale((locale_t)0) == own);
    uselocale(LC_GLOBAL_LOCALE);
    freelocale(own);
}

static void *no_memory(size_t size unused_arg)
{
    return NULL;
}

TEST(a_verdict_without_memory_is_no_verdict_on_the_text)
{
    struct error err = ERROR_INIT;
    struct node *root = NULL;
    int status;

    json_set_alloc_funcs(no_memory, free);
    status = node_read(test_arena(), "t", "{}", 2, NODE_JSON, &root, &err);
    json_set_alloc_funcs(malloc, free);
    check_int(status, -ENOMEM);
    check_int(err.kind, ERROR_MEMORY);
    check(!root);
}

/* Line separators that YAML 1.1 folded are ordinary characters of a JSON string. */
TEST(a_json_string_arrives_as_it_was_written)
{
    const struct node *root = must_read("[\"a \xe2\x80\xa8 b \xc2\x85 c\x7f\"]", NODE_JSON);

    check_string(root->items[0]->text, "a \xe2\x80\xa8 b \xc2\x85 c\x7f");
}

static char *brackets(size_t depth)
{
    char *text = arena_alloc(test_arena(), 2 * depth + 1);

    check(text);
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    return text;
}

TEST(a_tree_as_deep_as_the_bound_is_read_and_one_deeper_is_not)
{
    for (enum node_syntax syntax = NODE_YAML; syntax <= NODE_JSON; syntax++) {
        must_read(brackets(NODE_DEPTH_MAX), syntax);
        must_not_read(brackets(NODE_DEPTH_MAX + 1), syntax, "t:1:34: nested deeper than 32");
    }
    must_not_read(brackets(5000), NODE_JSON, "t:1:2049: nested deeper than 32");
}

TEST(more_values_than_the_bound_are_refused)
{
    char *text = arena_alloc(test_arena(), 2 * (size_t)NODE_COUNT_MAX + 2);

    check(text);
    for (size_t i = 0; i < NODE_COUNT_MAX; i++)
        memcpy(text + 2 * i, i ? ",1" : "[1", 2);
    strcpy(text + 2 * (size_t)NODE_COUNT_MAX, "]");
    must_not_read(text, NODE_JSON, "t:1:200001: more than 100000 values");
    strcpy(text + 2 * (size_t)NODE_COUNT_MAX - 2, "]");
    check_int(must_read(text, NODE_JSON)->count, NODE_COUNT_MAX - 1);
}

TEST(a_text_larger_than_the_bound_is_refused)
{
    struct error err = ERROR_INIT;
    struct node *root = NULL;
    char *text = arena_alloc(test_arena(), NODE_TEXT_MAX + 1);

    check(text);
    memset(text, ' ', NODE_TEXT_MAX + 1);
    text[0] = '1';
    check_int(node_read(test_arena(), "t", text, NODE_TEXT_MAX + 1, NODE_YAML, &root, &err),
              -E2BIG);
    check_int(err.kind, ERROR_LIMIT);
    check_int(node_read(test_arena(), "t", text, NODE_TEXT_MAX, NODE_YAML, &root, &err), 0);
}

static int read_once(void)
{
    static const char text[] = "a: [1, {b: c}]\nd: 'e'\n";
    struct arena *arena auto_arena = arena_new();
    struct node *root = NULL;
    struct error err = ERROR_INIT;

    if (!arena)
        return -ENOMEM;
    return node_read(arena, "t", text, strlen(text), NODE_YAML, &root, &err);
}

TEST(a_tree_that_runs_out_of_memory_is_given_up_whole)
{
    test_each_allocation_fails(read_once, 100);
}
