/* SPDX-License-Identifier: Apache-2.0 */
/* Links that an earlier run may have put where this one is told to go, and policies that it may have rewritten. */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "policy/compile/resolve.h"

#define WORKSPACE "filesystem:\n  readwritePaths: [\"@/ws\"]\n"
#define PLANTED   "a symbolic link that a contained program may have put there in an earlier run; name "

static struct fixture f;

/* What stays when full_path() has been called often. */
static const char *kept_path(const char *path)
{
    static char buffer[256];

    snprintf(buffer, sizeof(buffer), "%s", full_path(&f, path));
    return buffer;
}

TEST(a_grant_through_a_link_of_somebody_elses_workspace_is_refused)
{
    fixture_open(&f);
    make_directory(&f, "other");
    make_directory(&f, "keys");
    make_link(&f, "other/docs", "../keys");
    check_contains(refusal_of(&f, WORKSPACE "  readonlyPaths: [\"@/other/docs\"]\n"), PLANTED);
    check_contains(f.err.text, "/keys itself");
    check_contains(refusal_of(&f, "filesystem:\n  readwritePaths: [{path: \"@/other/docs\", optional: true}]\n"), PLANTED);
    check_contains(refusal_of(&f, "filesystem:\n  views: [{source: \"@/other/docs\", target: \"/v\", access: readonly}]\n"),
                   PLANTED);
    accept_text(&f, WORKSPACE "  readonlyPaths: [\"@/keys\"]\n");
    accept_text(&f, WORKSPACE "  views: [{source: \"@/keys\", target: \"/v\", access: readonly}]\n");
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/other/docs\"]\n"); /* takes away, wherever it leads */
    fixture_close(&f);
}

static bool is_system(bool is_root, const char *path, uid_t uid)
{
    const struct facts facts = {.is_root = is_root, .uid = is_root ? 0 : 4321};
    const struct resolve_link link = {.path = path, .uid = uid};

    return resolve_is_system_link(&facts, &link);
}

TEST(a_link_is_the_systems_by_its_owner_and_its_place)
{
    check(is_system(false, "/bin", 0));
    check(is_system(false, "/var/run", 0));
    check(is_system(false, "/usr/lib/x/y", 65534));
    check(is_system(true, "/home", 0));
    check(is_system(true, "/dev/serial/by-id/x", 0));
    check(is_system(true, "/etc/alternatives/cc", 0));
    check(!is_system(false, "/bin", 4321));
    check(!is_system(true, "/bin", 4321));
    check(!is_system(true, "/root/project", 0));
    check(!is_system(true, "/usr/src/app/docs", 0));
    check(!is_system(true, "/usr/local/docs", 0));
    check(!is_system(true, "/var/www/docs", 0));
    check(!is_system(true, "/run/user/0/docs", 0));
    check(!is_system(false, "/tmp/docs", 0)); /* everybody may write there */
    check(!is_system(false, "/nowhere/docs", 0));
}

TEST(a_grant_through_a_link_of_the_system_is_followed)
{
    struct stat st;

    if (lstat("/var/run", &st) < 0 || !S_ISLNK(st.st_mode))
        test_skip("a link at /var/run");
    fixture_open(&f);
    accept_text(&f, WORKSPACE "  readonlyPaths: [/var/run]\n");
    check_string(what_is_at(&f, "/var/run"), "symlink");
    check_string(what_is_at(&f, "/run"), "bind ro");
    fixture_close(&f);
}

TEST(a_workspace_that_is_named_through_a_link_is_refused_whatever_the_policy_grants)
{
    fixture_open(&f);
    make_directory(&f, "a");
    make_link(&f, "a/sub", "../ws");
    f.options.workspace_given = kept_path("a/sub");
    check_contains(refusal_of(&f, "filesystem: {readonlyPaths: [/usr]}\n"), "/a/sub, " PLANTED);
    check_contains(f.err.text, "/ws itself");
    f.options.workspace_given = kept_path("a/../ws");
    accept_text(&f, WORKSPACE);
    f.options.workspace_given = kept_path("a"); /* it was ws when it was looked up */
    check_contains(refusal_of(&f, WORKSPACE), "a moment ago");
    fixture_close(&f);
}

TEST(a_toolchain_below_a_link_is_not_granted)
{
    fixture_open(&f);
    make_directory(&f, "home/.ssh");
    make_directory(&f, "home/a/.venv");
    make_link(&f, "home/a/.venv/bin", "../../.ssh");
    f.options.caller_path = kept_path("home/a/.venv/bin");
    accept_text(&f, WORKSPACE "  toolchains: inherit\n");
    check_string(what_is_at(&f, "home/.ssh"), "none");
    check_contains(f.plan->warnings.items[0].text, "leads to");
    check_int(unlink(full_path(&f, "home/a/.venv/bin")), 0);
    make_directory(&f, "home/a/.venv/bin");
    accept_text(&f, WORKSPACE "  toolchains: inherit\n");
    check_string(what_is_at(&f, "home/a/.venv/bin"), "bind ro");
    fixture_close(&f);
}

/* Until it is killed: the directory and the link change places. */
static pid_t start_exchanging(const char *a, const char *b)
{
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0)
            ;
        _exit(1);
    }
    return pid;
}

TEST(a_toolchain_that_is_exchanged_with_a_link_meanwhile_is_not_granted)
{
    unsigned granted = 0, refused = 0;
    pid_t pid;

    fixture_open(&f);
    make_directory(&f, "home/.ssh");
    make_directory(&f, "home/a/.venv/bin");
    make_link(&f, "home/a/.venv/link", full_path(&f, "home/.ssh"));
    f.options.caller_path = kept_path("home/a/.venv/bin");
    pid = start_exchanging(full_path(&f, "home/a/.venv/bin"), full_path(&f, "home/a/.venv/link"));
    check(pid > 0);
    for (int i = 0; i < 3000 && (i < 300 || !granted || !refused); i++) {
        if (compile_text(&f, "filesystem: {toolchains: inherit}\n") < 0) {
            check_contains(f.err.text, "Invalid argument"); /* no link any more when it was read */
            continue;
        }
        check_string(what_is_at(&f, "home/.ssh"), "none");
        granted += mount_at(&f, "home/a/.venv/bin") != NULL;
        refused += f.plan->warnings.count;
    }
    check_int(kill(pid, SIGKILL), 0);
    check_int(waitpid(pid, NULL, 0), pid);
    check(granted && refused);
    fixture_close(&f);
}

TEST(a_protected_name_that_leads_nowhere_refuses_no_run)
{
    char text[400];

    fixture_open(&f);
    f.facts.keeps_names = true;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    make_link(&f, "ws/.idea", ".idea");
    make_link(&f, "ws/.vscode", "loop");
    make_link(&f, "ws/loop", ".vscode");
    make_link(&f, "ws/.husky", "nothing");
    make_link(&f, "ws/.claude", text);
    accept_text(&f, WORKSPACE "  protectBuiltin: true\n");
    check(is_kept(&f, "ws/.idea"));
    check(is_kept(&f, "ws/.vscode"));
    check(is_kept(&f, "ws/loop"));
    check(is_kept(&f, "ws/.husky"));
    check(is_kept(&f, "ws/nothing"));
    check(is_kept(&f, "ws/.claude"));
    check(!is_kept(&f, "ws/other"));
    check_contains(refusal_of(&f, "filesystem: {readwritePaths: [\"@/ws/.idea\"]}\n"), "does not exist");
    fixture_close(&f);
}

TEST(what_a_link_names_is_no_pattern)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    make_link(&f, "ws/.idea", "[ab]*");
    accept_text(&f, WORKSPACE "  protectBuiltin: true\n");
    check(is_kept(&f, "ws/[[]ab][*]"));
    check(!is_kept(&f, "ws/[ab]*"));
    fixture_close(&f);
}

TEST(a_policy_that_another_run_may_rewrite_is_said)
{
    const char *documents[2] = {0};

    fixture_open(&f);
    f.facts.keeps_names = true;
    f.options.documents = documents;
    write_file(&f, "ws/agent.yaml", "");
    write_file(&f, "ws/cordon.yaml", "");
    make_directory(&f, "ws/.cordon");
    write_file(&f, "ws/.cordon/agent.yaml", "");
    write_file(&f, "ws/.cordonx", "");
    write_file(&f, "home/agent.yaml", "");
    documents[0] = kept_path("ws/agent.yaml");
    accept_text(&f, WORKSPACE "  protectBuiltin: true\n");
    check_int(f.plan->warnings.count, 1);
    check_contains(f.plan->warnings.items[0].text, "call it cordon.yaml");
    accept_text(&f, "filesystem: {readonlyPaths: [\"@/ws\"]}\n"); /* the default policy grants more */
    check_int(f.plan->warnings.count, 1);
    documents[0] = kept_path("ws/cordon.yaml");
    accept_text(&f, WORKSPACE "  protectBuiltin: true\n");
    check_int(f.plan->warnings.count, 0);
    accept_text(&f, "filesystem: {readonlyPaths: [\"@/ws\"]}\n");
    check_int(f.plan->warnings.count, 0);
    accept_text(&f, WORKSPACE); /* keeps nothing */
    check_int(f.plan->warnings.count, 1);
    documents[0] = kept_path("ws/.cordon/agent.yaml");
    accept_text(&f, WORKSPACE "  protectBuiltin: true\n");
    check_int(f.plan->warnings.count, 0);
    documents[0] = kept_path("ws/.cordonx");
    accept_text(&f, WORKSPACE "  protectBuiltin: true\n");
    check_int(f.plan->warnings.count, 1);
    documents[0] = kept_path("home/agent.yaml");
    accept_text(&f, WORKSPACE);
    check_int(f.plan->warnings.count, 0);
    fixture_close(&f);
}

TEST(where_a_name_is_kept_its_keeper_answers_before_the_mount)
{
    const struct plan_mount *mount;

    for (int keeps_names = 0; keeps_names < 2; keeps_names++) {
        fixture_open(&f);
        f.facts.keeps_names = keeps_names;
        make_directory(&f, "ws/.git/hooks");
        make_directory(&f, "ws/src");
        accept_text(&f, "isolation: {allowLoss: [protectedPaths.missing]}\n"
                        "filesystem: {protectBuiltin: true, readwritePaths: [\"@/ws\"], readonlyPaths: [\"@/ws/src\"]}\n");
        mount = mount_at(&f, "ws/.git/hooks");
        check_int(mount->first, keeps_names ? BY_KEEPER : BY_MOUNT);
        check_int(mount->behind, keeps_names ? BY_MOUNT : BY_NOTHING);
        check_int(mount_at(&f, "ws/.git")->first, keeps_names ? BY_KEEPER : BY_MOUNT);
        check_int(mount_at(&f, "ws/src")->first, BY_MOUNT); /* readable only, and no name of it is kept */
        fixture_close(&f);
    }
}
