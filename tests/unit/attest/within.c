/* SPDX-License-Identifier: Apache-2.0 */
/* No wider than P: what is shown is what was attested, and together a subset. */
#include "attest/within.h"

#include <errno.h>

#include "base/digest.h"
#include "base/memory.h"
#include "base/text.h"
#include "test.h"

#define NARROW "version: cordon/1\nname: a\nextends: [base]\nfilesystem: {readonlyPaths: [/data/a]}\n"
#define WIDE   "version: cordon/1\nname: p\nextends: [base]\nfilesystem: {readonlyPaths: [/data]}\n"
#define OTHER  "version: cordon/1\nname: p\nextends: [base]\nfilesystem: {readonlyPaths: [/other]}\n"

static struct error err;

static json_t *facts_of(const char *const *texts, size_t count, const char *kind)
{
    json_t *layers = json_array();
    char digest[DIGEST_TEXT_SIZE], policy[DIGEST_TEXT_SIZE];
    struct text text = {0};
    json_t *facts;

    for (size_t i = 0; i < count; i++) {
        digest_text(texts[i], strlen(texts[i]), digest);
        text_printf(&text, "%d %s\n", strcmp(kind, "request") == 0 ? 1 : 2, digest);
        json_array_append_new(layers, json_pack("{s:s, s:s}", "kind", kind, "digest", digest));
    }
    digest_text(text.data, text.length, policy);
    text_finish(&text);
    facts = json_pack("{s:s, s:o, s:{s:s, s:s, s:s}, s:[]}", "policyDigest", policy, "layers", layers, "variables", "workspace", "/w", "home", "/home/u", "user",
                      "u", "losses");
    check(facts != NULL);
    return facts;
}

static int compare(const json_t *facts, const char *document, const char *policy, bool is_ceiling, struct within *within)
{
    const struct within_document shown = {.name = "shown.yaml", .text = document, .size = strlen(document)};

    err = ERROR_INIT;
    return within_policy(facts, &shown, 1, "p.yaml", policy, strlen(policy), is_ceiling, within, &err);
}

TEST(a_container_is_within_a_policy_that_is_as_wide_or_wider)
{
    const char *own = NARROW;
    json_t *facts = facts_of(&own, 1, "request");
    struct within within;

    check_int(compare(facts, NARROW, WIDE, false, &within), 0);
    check_int(within.answer, WITHIN_HOLDS);
    check_string(within.by, "subset");
    check_int(compare(facts, NARROW, NARROW, false, &within), 0);
    check_int(within.answer, WITHIN_HOLDS);
    check_int(compare(facts, NARROW, OTHER, false, &within), 0);
    check_int(within.answer, WITHIN_WIDER);
    check_contains(within.witness, "/data/a");
    json_decref(facts);
}

TEST(a_document_that_was_not_attested_counts_for_nothing)
{
    const char *own = WIDE;
    json_t *facts = facts_of(&own, 1, "request");
    struct within within = {0};

    check_int(compare(facts, NARROW, WIDE, false, &within), -EINVAL);
    check_contains(err.text, "none of the documents");
    check_int(within.answer, 0);
    check_int(within_policy(facts, NULL, 0, "p", WIDE, strlen(WIDE), false, &within, &err), -EINVAL);
    json_decref(facts);
}

TEST(layers_that_are_not_shown_only_take_away)
{
    const char *const own[] = {NARROW, OTHER};
    json_t *facts = facts_of(own, 2, "request");
    struct within within;

    check_int(compare(facts, NARROW, WIDE, false, &within), 0);
    check_int(within.answer, WITHIN_HOLDS);
    json_decref(facts);
}

TEST(facts_that_do_not_fit_together_are_refused)
{
    const char *own = NARROW;
    json_t *facts = facts_of(&own, 1, "request");
    struct within within = {0};

    json_object_set_new(facts, "policyDigest", json_string("sha256:0000"));
    check_int(compare(facts, NARROW, WIDE, false, &within), -EINVAL);
    check_contains(err.text, "what its layers make");
    json_decref(facts);
    facts = facts_of(&own, 1, "request");
    json_object_set_new(json_object_get(facts, "variables"), "home", json_string("here"));
    check_int(compare(facts, NARROW, WIDE, false, &within), -EINVAL);
    json_decref(facts);
    check_int(compare(NULL, NARROW, WIDE, false, &within), -EINVAL);
}

TEST(where_something_does_not_hold_nothing_is_proven)
{
    const char *own = NARROW;
    json_t *facts = facts_of(&own, 1, "request");
    struct within within;

    json_array_append_new(json_object_get(facts, "losses"), json_string("groups"));
    check_int(compare(facts, NARROW, WIDE, false, &within), 0);
    check_int(within.answer, WITHIN_WIDER);
    check_contains(within.witness, "not enforced");
    json_object_del(facts, "losses");
    check_int(compare(facts, NARROW, WIDE, false, &within), 0);
    check_int(within.answer, WITHIN_WIDER);
    json_decref(facts);
}

TEST(a_ceiling_is_about_what_it_names)
{
    static const char network[] = "version: cordon/1\nname: c\nfilesystem: {deniedPaths: [/data/a]}\n";
    static const char other[] = "version: cordon/1\nname: c\nfilesystem: {deniedPaths: [/data/b]}\n";
    const char *own = NARROW;
    json_t *facts = facts_of(&own, 1, "request");
    struct within within;

    check_int(compare(facts, NARROW, other, true, &within), 0);
    check_int(within.answer, WITHIN_HOLDS);
    check_int(compare(facts, NARROW, network, true, &within), 0);
    check_int(within.answer, WITHIN_WIDER);
    json_decref(facts);
}

TEST(a_digest_is_the_same_or_it_is_not)
{
    const char *own = NARROW;
    json_t *facts = facts_of(&own, 1, "request");
    struct within within;

    within_digest(facts, json_string_value(json_object_get(facts, "policyDigest")), &within);
    check_int(within.answer, WITHIN_HOLDS);
    within_digest(facts, "sha256:0", &within);
    check_int(within.answer, WITHIN_WIDER);
    within_digest(NULL, "sha256:0", &within);
    check_int(within.answer, WITHIN_WIDER);
    json_decref(facts);
}
