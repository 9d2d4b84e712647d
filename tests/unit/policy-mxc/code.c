/* SPDX-License-Identifier: Apache-2.0 */
/* Error codes, the front end's own robustness, and memory that runs out. */
#include <errno.h>
#include <stdint.h>

#include "base/file.h"

#include "mxc-test.h"

TEST(every_code_has_a_name_and_its_number)
{
    static const char *const names[] = {
        "",
        "malformed_request",
        "unsupported_containment",
        "unsupported_phase",
        "backend_unavailable",
        "malformed_id",
        "stale_id",
        "not_provisioned",
        "not_started",
        "already_started",
        "already_stopped",
        "policy_validation",
        "backend_error",
    };

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        check_string(mxc_code_name((int)i), names[i]);
    check_string(mxc_code_name(13), "");
    check_string(mxc_code_name(-1), "");
}

TEST(every_kind_of_error_has_a_code)
{
    static const struct {
        enum error_kind kind;
        int errnum;
        enum mxc_code code;
    } rows[] = {
        {ERROR_NONE, 0, MXC_OK},
        {ERROR_INVALID, 0, MXC_MALFORMED_REQUEST},
        {ERROR_INVALID, EINVAL, MXC_MALFORMED_REQUEST},
        {ERROR_INVALID, EBADMSG, MXC_MALFORMED_ID},
        {ERROR_LIMIT, E2BIG, MXC_MALFORMED_REQUEST},
        {ERROR_SCHEMA, 0, MXC_UNSUPPORTED_CONTAINMENT},
        {ERROR_SCHEMA, EOPNOTSUPP, MXC_UNSUPPORTED_PHASE},
        {ERROR_SCHEMA, ENODEV, MXC_BACKEND_UNAVAILABLE},
        {ERROR_SCHEMA, ESTALE, MXC_STALE_ID},
        {ERROR_SCHEMA, ENOENT, MXC_NOT_PROVISIONED},
        {ERROR_SCHEMA, ESRCH, MXC_NOT_STARTED},
        {ERROR_SCHEMA, EALREADY, MXC_ALREADY_STARTED},
        {ERROR_SCHEMA, ESHUTDOWN, MXC_ALREADY_STOPPED},
        {ERROR_FORBIDDEN, EACCES, MXC_POLICY_VALIDATION},
        {ERROR_UNENFORCEABLE, 0, MXC_BACKEND_ERROR},
        {ERROR_SYSTEM, EPERM, MXC_BACKEND_ERROR},
        {ERROR_MEMORY, ENOMEM, MXC_BACKEND_ERROR},
        {ERROR_INTERNAL, 0, MXC_BACKEND_ERROR},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct error err = {.kind = (int)rows[i].kind, .errnum = rows[i].errnum};

        check_int(mxc_error_code(&err), rows[i].code);
    }
}

TEST(the_message_is_what_follows_the_position)
{
    struct error err = ERROR_INIT;

    (void)error_set(&err, ERROR_INVALID, 0, "a:1/b.json:12:3: what: 4:5: x");
    check_string(mxc_error_message(&err), "what: 4:5: x");
    (void)error_set(&err, ERROR_INVALID, 0, "no position");
    check_string(mxc_error_message(&err), "no position");
}

TEST(an_mxc_document_in_yaml_is_refused)
{
    static const struct load_options options = {.kind = LAYER_REQUEST};
    const char *text = "version: 1.0.0\nprocess: {commandLine: x}\n";
    struct arena *arena auto_arena = arena_new();
    struct document *document = NULL;
    struct error err = ERROR_INIT;
    struct node *root;

    check_int(node_read(arena, "p", text, strlen(text), NODE_YAML, &root, &err), 0);
    check_int(mxc_document_load(arena, "p", root, text, strlen(text), &options, &document, &err),
              -EINVAL);
    check_contains(err.text, "JSON");
    check(document == NULL);
}

TEST(a_text_that_is_not_the_trees_own_is_refused_and_never_left)
{
    static const struct load_options options = {.kind = LAYER_REQUEST};
    static const char *const texts[] = {"",       "{",  "{\"version\"", "[]",
                                        "{\"a\\", "{}", "{\"version\":"};
    const char *good = PROCESS(",\"env\":[\"A=1\"]");
    struct arena *arena auto_arena = arena_new();
    struct error err = ERROR_INIT;
    struct node *root;

    check_int(node_read(arena, "p", good, strlen(good), NODE_JSON, &root, &err), 0);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct document *document = NULL;

        check_int(mxc_document_load(arena, "p", root, texts[i], strlen(texts[i]), &options,
                                    &document, &err),
                  -EINVAL);
        check(document == NULL);
    }
}

static int load(const char *text)
{
    static const struct load_options options = {.kind = LAYER_REQUEST};
    struct arena *arena auto_arena = arena_new();
    struct error err = ERROR_INIT;
    struct document *document;
    struct node *root;
    int status;

    if (!arena)
        return -ENOMEM;
    status = node_read(arena, "p", text, strlen(text), NODE_JSON, &root, &err);
    return status < 0
               ? status
               : mxc_document_load(arena, "p", root, text, strlen(text), &options, &document, &err);
}

static int load_full(void)
{
    return load("{\"version\":\"0.8.0-alpha\",\"containerId\":\"i\",\"process\":{\"commandLine\":"
                "\"x\",\"cwd\":\"/usr\",\"env\":[\"A=1\",\"BAD\"],\"timeout\":5},\"filesystem\":"
                "{\"readwritePaths\":[\"/a\"],\"deniedPaths\":[\"/b\"]},\"network\":{"
                "\"defaultPolicy\":\"allow\",\"allowedHosts\":[\"1.1.1.1\",\"a.b\"],\"proxy\":"
                "{\"localhost\":1}},\"experimental\":{\"wslc\":{}},\"ui\":{\"disable\":false}}");
}

static int load_rules(void)
{
    return load(ONE_SHOT(",\"network\":{\"egress\":{\"allow\":[{\"to\":[{\"cidr\":\"10.0.0.0/8\","
                         "\"except\":[\"10.1.0.0/16\"]}],\"ports\":[{\"port\":1}]}]},\"ingress\":"
                         "{\"default\":\"allow\"}}"));
}

/* A refusal builds its text in memory: it must say ENOMEM or the fault, never something else. */
static int load_bad(void)
{
    int status = load(PROCESS(",\"bogus\":1"));

    return status == -EINVAL ? 0 : status;
}

TEST(memory_that_runs_out_is_reported_and_nothing_is_lost)
{
    test_each_allocation_fails(load_full, 20000);
    test_each_allocation_fails(load_rules, 20000);
    test_each_allocation_fails(load_bad, 20000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(the_corpus_of_the_fuzz_target_holds_its_promises)
{
    test_corpus(CORDON_TEST_CORPUS, LLVMFuzzerTestOneInput);
}
