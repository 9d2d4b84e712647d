/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon policy init`, `policy lint` and `reach` as a user has them, and the card before a first run. */
#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "sandbox.h"
#include "test.h"

#define CORDON CORDON_TEST_PROGRAM

static struct ran ran;

static char *read_whole(const char *path)
{
    char *text = NULL;
    struct error err;
    size_t size;

    check_int(file_read(path, 1 << 20, &text, &size, &err), 0);
    return text;
}

TEST(each_template_is_enforceable_here_and_clean)
{
    static const char *const names[] = {"workspace", "claude-code", "codex", "openclaw", "mcp-server", "ci-job", "data-analysis"};

    sandbox_open();
    setenv("ANTHROPIC_API_KEY", "sk-ant-0123456789", 1);
    setenv("OPENAI_API_KEY", "sk-0123456789", 1);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        RUN(&ran, CORDON, "policy", "init", "--force", "--template", names[i]);
        check_int(ran.status, 0);
        RUN(&ran, CORDON, "policy", "check", "cordon.yaml");
        check_string(ran.out, "enforceable\n");
        RUN(&ran, CORDON, "policy", "lint", "cordon.yaml", "--threshold", "0.5");
        check_int(ran.status, 0);
        check_contains(ran.out, "0 errors, 0 warnings");
        RUN(&ran, CORDON, "policy", "explain", "cordon.yaml");
        check_int(ran.status, 0);
        check_contains(ran.out, names[i]);
        RUN(&ran, CORDON, "reach", "cordon.yaml");
        check_int(ran.status, 0);
        check_contains(ran.out, names[i]);
    }
    sandbox_close();
}

TEST(a_policy_that_is_there_is_only_written_over_when_that_is_asked_for)
{
    char *text;

    sandbox_open();
    test_write_file("cordon.yaml", "mine", 0644);
    RUN(&ran, CORDON, "policy", "init");
    check_int(ran.status, 2);
    check_contains(ran.err, "cordon.yaml is there already: name another file, or add --force");
    text = read_whole("cordon.yaml");
    check_string(text, "mine");
    mem_free(text);
    RUN(&ran, CORDON, "policy", "init", "--template", "nonsense", "--force");
    check_int(ran.status, 2);
    text = read_whole("cordon.yaml");
    check_string(text, "mine");
    mem_free(text);
    check_int(symlink("nowhere", "link.yaml"), 0); /* nothing is made through a link */
    RUN(&ran, CORDON, "policy", "init", "link.yaml");
    check_int(ran.status, 2);
    check(access("nowhere", F_OK) < 0);
    RUN(&ran, CORDON, "policy", "init", "--force");
    check_int(ran.status, 0);
    text = read_whole("cordon.yaml");
    check_contains(text, "version: cordon/1");
    mem_free(text);
    RUN(&ran, CORDON, "policy", "init", "-");
    check_contains(ran.out, "version: cordon/1");
    check_string(ran.err, "");
    sandbox_close();
}

TEST(lint_ends_with_a_status_for_scripts)
{
    sandbox_open();
    test_write_file("a.yaml", "version: cordon/1\nextends: [base]\nunixSockets: [/run/docker.sock]\n", 0644);
    test_write_file("b.yaml", "version: cordon/1\nextends: [base]\nisolation: {allowLoss: [groups]}\n", 0644);
    RUN(&ran, CORDON, "policy", "lint", "--offline", "a.yaml");
    check_int(ran.status, 1);
    RUN(&ran, CORDON, "policy", "lint", "--offline", "b.yaml");
    check_int(ran.status, 0);
    RUN(&ran, CORDON, "policy", "lint", "--offline", "--threshold", "0.8", "b.yaml");
    check_int(ran.status, 0);
    RUN(&ran, CORDON, "policy", "lint", "--offline", "--threshold", "0.7", "b.yaml");
    check_int(ran.status, 4);
    RUN(&ran, CORDON, "policy", "lint", "--threshold", "11", "b.yaml");
    check_int(ran.status, 2);
    RUN(&ran, CORDON, "policy", "lint", "--threshold", "1.55", "b.yaml");
    check_int(ran.status, 2);
    RUN(&ran, CORDON, "policy", "lint", "--sarif", "--json", "b.yaml");
    check_int(ran.status, 2);
    RUN(&ran, CORDON, "policy", "lint", "nowhere.yaml");
    check_int(ran.status, 1);
    check_contains(ran.out, "machine.refused");
    sandbox_close();
}

TEST(lint_tells_what_no_run_of_this_very_policy_used)
{
    static const char policy[] = "version: cordon/1\nextends: [base]\nnetwork:\n  egress:\n    allow:\n"
                                 "      - {to: [{host: a.example.org}], ports: [{port: 443, protocol: tcp}]}\n";

    sandbox_open();
    test_write_file("a.yaml", policy, 0644);
    RUN(&ran, CORDON, "policy", "lint", "--used", "a.yaml");
    check(!strstr(ran.out, "wide.unused"));
    RUN(&ran, CORDON, "run", "--", "true"); /* another policy's run */
    RUN(&ran, CORDON, "policy", "lint", "--used", "a.yaml");
    check(!strstr(ran.out, "wide.unused"));
    RUN(&ran, CORDON, "run", "--policy", "a.yaml", "--", "true");
    if (ran.status)
        test_skip("gateway");
    RUN(&ran, CORDON, "policy", "lint", "--used", "a.yaml");
    check_contains(ran.out, "a.yaml:6:9: warning: network.egress.allow[0] [wide.unused]");
    sandbox_close();
}

/* `cordon run` on a terminal: all that came out of it. */
static void run_on_terminal(char *text, size_t size, const char *const *argv)
{
    size_t length = 0;
    ssize_t got;
    int master;
    pid_t pid = forkpty(&master, NULL, NULL, NULL);

    check(pid >= 0);
    if (pid == 0) {
        unsetenv("CORDON_CARD");
        execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    while (length < size - 1 && (got = read(master, text + length, size - 1 - length)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    close(master);
    check_int(sandbox_finish(pid), 0);
}

#define ON_TERMINAL(text, ...) run_on_terminal(text, sizeof(text), (const char *const[]){__VA_ARGS__, NULL})

TEST(a_card_comes_before_the_first_run_on_a_terminal_and_never_again)
{
    static char text[16384];

    sandbox_open();
    RUN(&ran, CORDON, "run", "--", "echo", "done"); /* no terminal: no card, and nothing remembered */
    check_string(ran.err, "");
    ON_TERMINAL(text, CORDON, "run", "--json", "--", "echo", "done");
    check(!strstr(text, "What a program can do here"));
    ON_TERMINAL(text, CORDON, "run", "--no-card", "--", "echo", "done");
    check(!strstr(text, "What a program can do here"));
    ON_TERMINAL(text, CORDON, "run", "--", "echo", "done");
    check_contains(text, "What a program can do here under 'coding-agent'");
    check_contains(strstr(text, "What a program"), "done");
    ON_TERMINAL(text, CORDON, "run", "--", "echo", "done");
    check_string(text, "done\r\n");
    ON_TERMINAL(text, CORDON, "run", "--set", "resources.openFiles=99", "--", "echo", "done");
    check_contains(text, "open files 99");
    sandbox_close();
}

TEST(init_asks_on_a_terminal)
{
    static const char answers[] = "claude-code\nexample.org\nnpm\n\n\n\n8080\n";
    const char *const argv[] = {CORDON, "policy", "init", "asked.yaml", NULL};
    char *text, output[8192];
    int master;
    pid_t pid;

    sandbox_open();
    pid = forkpty(&master, NULL, NULL, NULL);
    check(pid >= 0);
    if (pid == 0) {
        execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    check_int(write(master, answers, sizeof(answers) - 1), (long long)sizeof(answers) - 1);
    while (read(master, output, sizeof(output)) > 0)
        ;
    close(master);
    check_int(sandbox_finish(pid), 0);
    text = read_whole("asked.yaml");
    check_contains(text, "name: claude-code");
    check_contains(text, "{host: example.org}");
    check_contains(text, "{host: registry.npmjs.org}");
    check_contains(text, "- {port: 8080}");
    mem_free(text);
    sandbox_close();
}

/* Where PATH leads, and not how it is written, is what a shell looks through. */
TEST(a_proof_knows_the_directories_of_path_however_it_spells_them)
{
    static const char *const spellings[] = {"%s/tools", "%s//./tools/", "%s/other/../tools", "%s/link"};
    const char *home, *path = getenv("PATH");
    char text[4096], many[4096] = "/usr/bin";

    sandbox_open();
    home = getenv("HOME");
    snprintf(text, sizeof(text), "version: cordon/1\nextends: [base]\nfilesystem: {protectBuiltin: true, readwritePaths: ['%s/tools']}\n", home);
    test_write_file("p.yaml", text, 0644);
    snprintf(text, sizeof(text), "%s/tools", home);
    check_int(mkdir(text, 0755), 0);
    snprintf(text, sizeof(text), "%s/other", home);
    check_int(mkdir(text, 0755), 0);
    snprintf(text, sizeof(text), "%s/link", home);
    check_int(symlink("tools", text), 0);
    for (size_t i = 0; i < ARRAY_COUNT(spellings); i++) {
        snprintf(text, sizeof(text), spellings[i], home);
        setenv("PATH", text, 1);
        RUN(&ran, CORDON, "policy", "prove", "p.yaml", "--writable-executed-outside", "--here");
        check_int(ran.status, 1);
        check_contains(ran.out, "/tools can be written");
    }
    for (size_t i = 0; i < 128; i++)
        snprintf(many + strlen(many), sizeof(many) - strlen(many), ":/opt/d%zu", i);
    setenv("PATH", many, 1); /* nobody looks at the rest, so nothing is proven */
    RUN(&ran, CORDON, "policy", "prove", "p.yaml", "--writable-executed-outside", "--here");
    check_int(ran.status, 2);
    check_contains(ran.err, "PATH");
    setenv("PATH", path, 1); /* the twin */
    RUN(&ran, CORDON, "policy", "prove", "p.yaml", "--writable-executed-outside", "--here");
    check_int(ran.status, 0);
    sandbox_close();
}
