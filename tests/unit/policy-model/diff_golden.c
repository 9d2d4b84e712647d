/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/golden/diff/NAME.before.yaml and .after.yaml, and what a comparison prints for them. CORDON_GOLDEN_WRITE=1 writes the
 * expected files instead of comparing.
 */
#include <stdlib.h>

#include "base/file.h"
#include "policy/diff.h"
#include "test.h"

static const struct variables variables = {.workspace = "/home/u/ws", .home = "/home/u", .user = "u", .tmp = "/tmp"};

static struct policy *load(const char *name, const char *side)
{
    const struct load_options options = {.kind = LAYER_REQUEST, .variables = &variables, .layer_name = "document"};
    struct error err = ERROR_INIT;
    struct document *document = NULL;
    struct policy *policy = NULL;
    auto_free char *text = NULL;
    char path[512], shown[64];
    size_t size;

    snprintf(path, sizeof(path), "%s/diff/%s.%s.yaml", CORDON_GOLDEN, name, side);
    snprintf(shown, sizeof(shown), "%s.yaml", side);
    check_int(file_read(path, 1 << 20, &text, &size, &err), 0);
    check_int(policy_new(&policy, &err), 0);
    if (document_load_text(policy->arena, arena_string(policy->arena, shown), text, size, &options, &document, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    check_int(policy_add_layer(policy, document, &err), 0);
    return policy;
}

static void compare(const char *name, const char *suffix, const char *actual)
{
    char path[512];
    auto_free char *expected = NULL;
    size_t size;

    snprintf(path, sizeof(path), "%s/diff/%s%s", CORDON_GOLDEN, name, suffix);
    if (getenv("CORDON_GOLDEN_WRITE")) {
        test_write_file(path, actual, 0644);
        return;
    }
    check_int(file_read(path, 1 << 20, &expected, &size, NULL), 0);
    if (strcmp(expected, actual) != 0)
        test_fail(__FILE__, __LINE__, "%s differs; now it is:\n%s", path, actual);
}

static void check_golden(const char *name)
{
    auto_arena struct arena *arena = arena_new();
    auto_policy struct policy *before = load(name, "before");
    auto_policy struct policy *after = load(name, "after");
    auto_free char *text = NULL;
    auto_free char *json = NULL;
    struct policy_diff diff;

    check_int(policy_diff(arena, before, after, &diff, NULL), 0);
    check_int(policy_diff_text(&diff, variables.home, &text, NULL), 0);
    check_int(policy_diff_json(&diff, &json, NULL), 0);
    compare(name, ".txt", text);
    compare(name, ".json", json);
}

TEST(a_comparison_of_files_is_as_written_down)
{
    check_golden("files");
}

TEST(a_comparison_of_networks_is_as_written_down)
{
    check_golden("network");
}

TEST(a_comparison_of_settings_is_as_written_down)
{
    check_golden("settings");
}
