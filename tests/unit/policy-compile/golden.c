/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/golden/NAME.yaml and what explain prints for it. The tree is made anew for each; what is
 * random in its name and every digest are replaced by placeholders of the same length.
 * CORDON_GOLDEN_WRITE=1 writes the expected files instead of comparing.
 */
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"

static struct fixture f;

static void make_tree(void)
{
    make_directory(&f, "ws/.git/hooks");
    make_file(&f, "ws/.git/config");
    make_directory(&f, "ws/src");
    make_file(&f, "ws/src/key.pem");
    make_file(&f, "ws/.bashrc");
    make_directory(&f, "data/in/shut/open");
    make_directory(&f, "home/.cargo/bin");
    make_directory(&f, "home/.rustup");
    make_directory(&f, "self");
    f.self[0] = full_path(&f, "self");
    f.options.is_dry_run = true;
    f.options.caller_path = full_path(&f, "home/.cargo/bin");
}

/* Every occurrence of `from`. */
static char *replace(char *text, const char *from, const char *to)
{
    auto_text struct text out = {0};
    char *at, *rest = text, *result;

    while ((at = strstr(rest, from))) {
        text_add_n(&out, rest, (size_t)(at - rest));
        text_add(&out, to);
        rest = at + strlen(from);
    }
    text_add(&out, rest);
    check_int(text_take(&out, &result, &f.err), 0);
    mem_free(text);
    return result;
}

static char *without_digests(char *text)
{
    for (char *at = text; (at = strstr(at, "sha256:")); at += strlen("sha256:"))
        memset(at + strlen("sha256:"), '0', 64);
    /* the directory of a cache is a digest too */
    for (char *at = text; (at = strstr(at, "XXXXXX/cache/")); at += strlen("XXXXXX/cache/"))
        memset(at + strlen("XXXXXX/cache/"), '0', 16);
    return text;
}

static void compare(const char *name, const char *suffix, char *text)
{
    char path[512];
    auto_free char *expected = NULL;
    auto_free char *actual = without_digests(replace(text, f.root + strlen(f.root) - 6, "XXXXXX"));
    size_t size;

    snprintf(path, sizeof(path), "%s/%s%s", CORDON_GOLDEN, name, suffix);
    if (getenv("CORDON_GOLDEN_WRITE")) {
        test_write_file(path, actual, 0644);
        return;
    }
    check_int(file_read(path, 1 << 20, &expected, &size, &f.err), 0);
    for (char *is = actual, *was = expected; *is || *was;) {
        size_t is_length = strcspn(is, "\n"), was_length = strcspn(was, "\n");

        if (is_length != was_length || memcmp(is, was, is_length) != 0)
            test_fail(__FILE__, __LINE__, "%s differs:\n  now: %.*s\n  was: %.*s", path,
                      (int)is_length, is, (int)was_length, was);
        is += is_length + (is[is_length] == '\n');
        was += was_length + (was[was_length] == '\n');
    }
}

static void check_golden(const char *name, bool collect_all)
{
    char path[512], *text = NULL, *json = NULL;
    auto_free char *yaml = NULL;
    size_t size;

    fixture_open(&f);
    make_tree();
    f.facts.cgroup_memory = true;
    f.facts.keeps_names = strcmp(name, "problems") != 0;
    f.options.collect_all = collect_all;
    snprintf(path, sizeof(path), "%s/%s.yaml", CORDON_GOLDEN, name);
    check_int(file_read(path, 1 << 20, &yaml, &size, &f.err), 0);
    accept_text(&f, yaml);
    check_int(plan_explain_text(f.plan, &text, &f.err), 0);
    check_int(plan_explain_json(f.plan, &json, &f.err), 0);
    compare(name, ".txt", text);
    compare(name, ".json", json);
    fixture_close(&f);
}

TEST(explain_of_a_workspace_is_as_written_down)
{
    check_golden("workspace", false);
}

TEST(explain_of_views_and_caches_is_as_written_down)
{
    check_golden("places", false);
}

TEST(explain_of_settings_is_as_written_down)
{
    check_golden("settings", false);
}

TEST(explain_of_what_cannot_be_launched_is_as_written_down)
{
    check_golden("problems", true);
}
