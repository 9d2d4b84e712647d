/* SPDX-License-Identifier: Apache-2.0 */
/* Whether one policy sends a secret that another does not. */
#include "base/text.h"
#include "policy/policy.h"
#include "test.h"

static struct document *load(struct policy *policy, enum layer_kind kind, const char *yaml)
{
    struct load_options options = {.kind = kind, .variables = &(struct variables){.home = "/home/u", .user = "u", .tmp = "/tmp"}, .layer_name = "document"};
    auto_text struct text text = {0};
    struct document *document;
    struct error err = ERROR_INIT;

    text_printf(&text, "version: cordon/1\n%s", yaml);
    if (document_load_text(policy->arena, "p.yaml", text.data, text.length, &options, &document, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s\n%s", err.text, yaml);
    return document;
}

/* "" = a is less, else the witness. The ceiling (NULL = none) is a layer of `a`. */
static const char *compare(enum layer_kind a_kind, const char *a_yaml, const char *ceiling, enum layer_kind b_kind, const char *b_yaml)
{
    static char witness[512];
    struct policy *a = NULL, *b = NULL;
    const char *why = NULL;

    check_int(policy_new(&a, NULL), 0);
    check_int(policy_new(&b, NULL), 0);
    if (ceiling)
        check_int(policy_add_layer(a, load(a, LAYER_CEILING, ceiling), NULL), 0);
    check_int(policy_add_layer(a, load(a, a_kind, a_yaml), NULL), 0);
    check_int(policy_add_layer(b, load(b, b_kind, b_yaml), NULL), 0);
    if (policy_is_subset(a, b, &why))
        why = "";
    snprintf(witness, sizeof(witness), "%s", why);
    policy_free(a);
    policy_free(b);
    return witness;
}

#define ONE "secrets: [{name: A, source: 'env:A', hosts: [a.b]}]\n"
#define TWO "secrets: [{name: A, source: 'env:A', hosts: [a.b, c.d]}]\n"

TEST(a_secret_of_one_request_is_one_of_the_other_with_at_least_its_hosts)
{
    check_string(compare(LAYER_REQUEST, ONE, NULL, LAYER_REQUEST, ONE), "");
    check_string(compare(LAYER_REQUEST, ONE, NULL, LAYER_REQUEST, TWO), "");
    check_string(compare(LAYER_REQUEST, "name: x\n", NULL, LAYER_REQUEST, TWO), "");
    check_string(compare(LAYER_REQUEST, TWO, NULL, LAYER_REQUEST, ONE), "secrets: A is sent to c.d, which is not allowed");
    check_string(compare(LAYER_REQUEST, ONE, NULL, LAYER_REQUEST, "name: x\n"), "secrets: A is sent to a.b, which is not allowed");
    check_string(compare(LAYER_REQUEST, "secrets: [{name: A, source: 'env:B', hosts: [a.b]}]\n", NULL, LAYER_REQUEST, ONE),
                 "secrets: A is sent to a.b, which is not allowed");
    check_string(compare(LAYER_REQUEST, "secrets: [{name: A, source: 'env:A', hosts: [a.b], in: [{query: k}]}]\n", NULL, LAYER_REQUEST, ONE),
                 "secrets: A is sent to a.b, which is not allowed");
}

TEST(a_ceilings_part_counts_on_either_side)
{
    check_string(compare(LAYER_REQUEST, TWO, "secrets: [{hosts: [a.b]}]\n", LAYER_REQUEST, ONE), "");
    check_string(compare(LAYER_REQUEST, TWO, "secrets: []\n", LAYER_REQUEST, "name: x\n"), "");
    check_string(compare(LAYER_REQUEST, ONE, NULL, LAYER_CEILING, "secrets: [{source: env}]\n"), "");
    check_string(compare(LAYER_REQUEST, ONE, NULL, LAYER_CEILING, "secrets: [{source: file}]\n"),
                 "secrets: A is sent to a.b, which is not allowed");
    check_string(compare(LAYER_REQUEST, ONE, NULL, LAYER_CEILING, "name: x\n"), "");
}

TEST(ceilings_alone_are_compared_item_by_item)
{
    check_string(compare(LAYER_CEILING, "secrets: [{source: 'env:A', hosts: [a.b.c]}]\n", NULL, LAYER_CEILING,
                         "secrets: [{source: env, hosts: ['*.b.c']}]\n"), "");
    check_string(compare(LAYER_CEILING, "secrets: [{source: env}]\n", NULL, LAYER_CEILING, "secrets: [{source: env, hosts: [a.b]}]\n"),
                 "secrets: any, where only some are allowed");
    check_string(compare(LAYER_CEILING, "name: x\n", NULL, LAYER_CEILING, "secrets: [{}]\n"), "secrets: any, where only some are allowed");
    check_string(compare(LAYER_CEILING, "secrets: []\n", NULL, LAYER_CEILING, "secrets: [{name: B}]\n"), "");
    check_string(compare(LAYER_CEILING, "secrets: []\n", NULL, LAYER_CEILING, "secrets: []\n"), "");
}

TEST(a_placeholder_is_another_value_than_one_that_is_set)
{
    check_contains(compare(LAYER_REQUEST, ONE "environment: {inherit: []}\n", NULL, LAYER_CEILING, "environment: {set: {A: x}}\n"),
                   "environment: A has another value");
}
