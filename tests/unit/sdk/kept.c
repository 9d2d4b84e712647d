/* SPDX-License-Identifier: Apache-2.0 */
/* What a run was asked for is enough to compile the same plan again, and holds no secret. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "sdk/kept.h"

#include "runs.h"
#include "test.h"

static struct error failure;

/* The request of the one run in the store. */
static struct asked read_back(struct arena *arena)
{
    auto_run_store struct run_store *store = NULL;
    struct asked asked = {0};
    char runs[256];

    snprintf(runs, sizeof(runs), "%s/cordon/runs", getenv("XDG_STATE_HOME"));
    check_int(run_store_open(runs, &store, &failure), 0);
    check_int(run_store_count(store), 1);
    if (asked_read(store, run_store_id(store, 0), arena, &asked, &failure) < 0)
        test_fail(__FILE__, __LINE__, "%s", failure.text);
    return asked;
}

/* What is in the store, as it lies there; the caller's to mem_free(). */
static char *raw(void)
{
    auto_run_store struct run_store *store = NULL;
    char path[256], *text = NULL;
    struct stat st;
    size_t size;

    snprintf(path, sizeof(path), "%s/cordon/runs", getenv("XDG_STATE_HOME"));
    check_int(run_store_open(path, &store, &failure), 0);
    snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s/request.json", run_store_id(store, 0));
    check_int(stat(path, &st), 0);
    check_int(st.st_mode & 07777, 0600);
    check_int(file_read(path, 1 << 24, &text, &size, &failure), 0);
    return text;
}

static void run(int (*change)(struct cordon_request *))
{
    if (run_with(change, NULL) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
}

/* Compiles what is in the store again, from another directory and another shell. */
static bool is_same_plan(struct text *why)
{
    auto_arena struct arena *arena = arena_new();
    auto_assembly struct assembly assembly = {0};
    struct asked asked = read_back(arena);
    struct cordon_request *request = NULL;
    bool is_same = false;
    char cwd[256];

    check(getcwd(cwd, sizeof(cwd)) != NULL);
    check_int(chdir("/"), 0);
    if (kept_request(&asked, &request, &failure) < 0 || kept_assemble(&asked, request, &assembly, &failure) < 0 ||
        kept_compare(&asked, &assembly, &is_same, why, &failure) < 0)
        test_fail(__FILE__, __LINE__, "%s", failure.text);
    cordon_request_free(request);
    check_int(chdir(cwd), 0);
    return is_same;
}

static void check_same(int (*change)(struct cordon_request *))
{
    auto_text struct text why = {0};

    fixture_open();
    run(change);
    if (!is_same_plan(&why) || why.length)
        test_fail(__FILE__, __LINE__, "another plan: %s", why.data ? why.data : "nobody knows why");
    fixture_close();
}

static int add_text(struct cordon_request *request, const char *text)
{
    return cordon_request_add_policy_text(request, "text.yaml", text, strlen(text), &err);
}

static int file(struct cordon_request *request)
{
    test_write_file("a.yaml", "version: cordon/1\nfilesystem: {readwritePaths: ['${workspace}'], deniedPaths: [/etc/shadow]}\n", 0644);
    return cordon_request_add_policy_file(request, "a.yaml", &err);
}

static int files(struct cordon_request *request)
{
    char path[256];
    int result = file(request);

    test_write_file("b.yaml", "version: cordon/1 # \xc3\xa4\xe2\x82\xac \"\\\\\nextends: [base]\nresources: {pids: 90}\n", 0600);
    check(getcwd(path, sizeof(path) - 16) != NULL);
    strcat(path, "/b.yaml");
    return result < 0 ? result : cordon_request_add_policy_file(request, path, &err);
}

static int texts(struct cordon_request *request)
{
    int result = add_text(request, "version: cordon/1\nenvironment: {set: {A: b}}\n");

    return result < 0 ? result : add_text(request, "version: cordon/1\nresources: {openFiles: 100}\n");
}

static int profile(struct cordon_request *request)
{
    return cordon_request_set_profile(request, "base", &err);
}

static int members(struct cordon_request *request)
{
    int result = file(request);

    if (result == 0)
        result = cordon_request_set_member(request, "resources.pids=70", &err);
    return result < 0 ? result : cordon_request_set_member(request, "environment.set={COLOUR: green}", &err);
}

static int profile_and_members(struct cordon_request *request)
{
    int result = profile(request);

    return result < 0 ? result : cordon_request_set_member(request, "filesystem.readonlyPaths=[/etc]", &err);
}

static int workspace(struct cordon_request *request)
{
    check_int(mkdir("inner", 0755), 0);
    return cordon_request_set_workspace(request, "./inner", &err);
}

/* Links that a program could have made are refused; the system's own are not. */
static int workspace_by_link(struct cordon_request *request)
{
    check_int(add_text(request, "version: cordon/1\nprocess: {cwd: /}\n"), 0);
    return cordon_request_set_workspace(request, "/bin", &err);
}

static int logical(struct cordon_request *request)
{
    check_int(chdir("/usr/bin"), 0);
    setenv("PWD", "/bin", 1);
    return add_text(request, "version: cordon/1\nprocess: {cwd: /}\n");
}

static int mxc(struct cordon_request *request)
{
    test_write_file("a.json", "{\"version\": \"0.7.0-alpha\", \"process\": {\"commandLine\": \"true\"}}", 0644);
    return cordon_request_add_policy_file(request, "a.json", &err);
}

static int everything(struct cordon_request *request)
{
    int result = members(request);

    if (result == 0)
        result = workspace(request);
    if (result == 0)
        result = cordon_request_set_tier(request, "process", &err);
    return result < 0 ? result : cordon_request_set_events_file(request, "events", &err);
}

static int nothing(struct cordon_request *request unused_arg)
{
    return 0;
}

TEST(without_a_policy_the_plan_is_the_same) { check_same(nothing); }
TEST(of_a_document_the_plan_is_the_same) { check_same(file); }
TEST(of_several_documents_the_plan_is_the_same) { check_same(files); }
TEST(of_texts_the_plan_is_the_same) { check_same(texts); }
TEST(of_a_profile_the_plan_is_the_same) { check_same(profile); }
TEST(with_settings_the_plan_is_the_same) { check_same(members); }
TEST(with_a_profile_and_settings_the_plan_is_the_same) { check_same(profile_and_members); }
TEST(of_a_workspace_the_plan_is_the_same) { check_same(workspace); }
TEST(of_a_workspace_by_a_link_the_plan_is_the_same) { check_same(workspace_by_link); }
TEST(of_a_directory_that_the_shell_came_to_by_a_link_the_plan_is_the_same) { check_same(logical); }
TEST(of_an_mxc_document_the_plan_is_the_same) { check_same(mxc); }
TEST(of_everything_at_once_the_plan_is_the_same) { check_same(everything); }

TEST(a_document_that_changed_is_named_and_the_plan_is_still_that_of_the_run)
{
    auto_text struct text why = {0};

    fixture_open();
    run(file);
    test_write_file("a.yaml", "version: cordon/1\n", 0644);
    check(!is_same_plan(&why));
    check_contains(why.data, "/work/a.yaml has changed since");
    text_finish(&why);
    why = (struct text){0};
    check_int(unlink("a.yaml"), 0);
    check(!is_same_plan(&why));
    check_contains(why.data, "/work/a.yaml is gone since");
    fixture_close();
}

TEST(every_document_that_changed_is_named_in_one_line)
{
    auto_text struct text why = {0};

    fixture_open();
    run(files);
    test_write_file("a.yaml", "version: cordon/1\n", 0644);
    check_int(unlink("b.yaml"), 0);
    check(!is_same_plan(&why));
    check_contains(why.data, "/work/a.yaml has changed since; policy ");
    check_contains(why.data, "/work/b.yaml is gone since");
    check(!strchr(why.data, '\n'));
    fixture_close();
}

TEST(a_machine_that_changed_is_noticed)
{
    auto_text struct text why = {0};

    fixture_open();
    run(workspace);
    fake_script.facts.landlock_abi = 1;
    setenv("PATH", "/usr/bin", 1);
    check(!is_same_plan(&why));
    check_int(why.length, 0);
    fixture_close();
}

static int secret_text(struct cordon_request *request)
{
    return add_text(request, "version: cordon/1\nenvironment: {set: {MY_API_KEY: hunter2}}\n");
}

static int secret_file(struct cordon_request *request)
{
    test_write_file("a.yaml", "version: cordon/1\nenvironment: {set: {X: ghp_0123456789abcdefhunter2}}\n", 0600);
    return cordon_request_add_policy_file(request, "a.yaml", &err);
}

static int secret_member(struct cordon_request *request)
{
    static const char *const argv[] = {"true", "--password", "hunter2", NULL};
    int result = file(request);

    if (result == 0)
        result = cordon_request_set_member(request, "resources.pids=70", &err);
    if (result == 0)
        result = cordon_request_set_member(request, "environment.set={MY_TOKEN: hunter2}", &err);
    return result < 0 ? result : cordon_request_set_command(request, argv, &err);
}

static void check_without_secret(int (*change)(struct cordon_request *))
{
    auto_free char *text = NULL;

    setenv("INHERITED", "value-of-the-environment", 1);
    setenv("GH_TOKEN", "hunter2", 1);
    run(change);
    text = raw();
    check(!strstr(text, "hunter2"));
    check(!strstr(text, "value-of-the-environment"));
}

TEST(a_text_that_holds_what_looks_like_a_secret_is_not_kept_and_the_run_cannot_be_judged_again)
{
    auto_arena struct arena *arena = arena_new();
    struct cordon_request *request = NULL;
    struct asked asked;

    fixture_open();
    check_without_secret(secret_text);
    asked = read_back(arena);
    check_string(asked.documents[0].withheld, "secret");
    check(!asked.documents[0].text);
    check_int(kept_request(&asked, &request, &failure), -ENOENT);
    check_contains(failure.text, "text.yaml: its text was not kept (secret)");
    fixture_close();
}

TEST(a_file_that_holds_one_is_read_again_as_long_as_it_is_the_same)
{
    auto_arena struct arena *arena = arena_new();
    auto_text struct text why = {0};
    struct cordon_request *request = NULL;
    struct asked asked;

    fixture_open();
    check_without_secret(secret_file);
    check(is_same_plan(&why));
    test_write_file("a.yaml", "version: cordon/1\n", 0600);
    asked = read_back(arena);
    check_int(kept_request(&asked, &request, &failure), -ESTALE);
    check_contains(failure.text, "has changed since");
    fixture_close();
}

TEST(a_setting_that_holds_one_is_left_out_and_said_to_be)
{
    auto_arena struct arena *arena = arena_new();
    auto_text struct text why = {0};
    struct asked asked;

    fixture_open();
    check_without_secret(secret_member);
    check(!is_same_plan(&why));
    check_string(why.data, "setting environment.set was not kept, since it looks like a secret");
    asked = read_back(arena);
    check_string(asked.members[0].assignment, "resources.pids=70");
    check(!asked.members[1].assignment);
    check(asked.documents[0].text != NULL);
    check_string(asked.argv[2], "***");
    fixture_close();
}

TEST(a_request_that_cannot_be_kept_stops_the_launch)
{
    const struct rlimit small = {100, 100};

    fixture_open();
    signal(SIGXFSZ, SIG_IGN);
    check_int(setrlimit(RLIMIT_FSIZE, &small), 0);
    check_int(run_with(nothing, NULL), -EFBIG);
    check_contains(err.text, "write what run ");
    check_int(fake_counts.starts, 0);
    fixture_close();
}

static int attempt(void)
{
    auto_arena struct arena *arena = arena_new();
    auto_run_store struct run_store *store = NULL;
    struct cordon_request *request = NULL;
    struct asked asked;
    char runs[256];
    int result = arena ? 0 : -ENOMEM;

    snprintf(runs, sizeof(runs), "%s/cordon/runs", getenv("XDG_STATE_HOME"));
    if (result == 0)
        result = run_store_open(runs, &store, &failure);
    if (result == 0)
        result = asked_read(store, run_store_id(store, 0), arena, &asked, &failure);
    if (result == 0)
        result = kept_request(&asked, &request, &failure);
    cordon_request_free(request);
    return result;
}

TEST(reading_it_back_survives_each_failed_allocation)
{
    fixture_open();
    run(everything);
    test_each_allocation_fails(attempt, 200);
    fixture_close();
}
