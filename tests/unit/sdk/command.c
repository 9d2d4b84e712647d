/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon` as a user has it: statuses, options, signals, events. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apart.h"
#include "base/file.h"
#include "sandbox.h"
#include "test.h"

#define CORDON CORDON_TEST_PROGRAM

static struct ran ran;

TEST(statuses_of_run_are_those_of_shells)
{
    sandbox_open();
    RUN(&ran, CORDON, "run", "--", "sh", "-c", "exit 42");
    check_int(ran.status, 42);
    RUN(&ran, CORDON, "run", "sh", "-c", "kill -KILL $$");
    check_int(ran.status, 128 + SIGKILL);
    check_string(ran.err, "");
    RUN(&ran, CORDON, "run", "--", "no-such-program");
    check_int(ran.status, 127);
    check_contains(ran.err, "cordon: ");
    RUN(&ran, CORDON, "run", "--", "/etc/passwd");
    check_int(ran.status, 126);
    RUN(&ran, CORDON, "run", "--timeout", "1500ms", "--", "sleep", "100");
    check_int(ran.status, 124);
    check_contains(ran.err, "ended after 1500ms: --timeout");
    sandbox_close();
}

TEST(usage_errors_of_run_are_125_and_of_tools_2)
{
    RUN(&ran, CORDON, "run");
    check_int(ran.status, 125);
    check_string(ran.err, "cordon: no command: cordon run [OPTION...] [--] COMMAND [ARG...]; see "
                          "cordon run --help\n");
    RUN(&ran, CORDON, "run", "--nonsense", "--", "true");
    check_int(ran.status, 125);
    check_contains(ran.err, "'--nonsense' is not an option of 'cordon run'");
    RUN(&ran, CORDON, "run", "--timeout");
    check_int(ran.status, 125);
    check_contains(ran.err, "--timeout needs a value");
    RUN(&ran, CORDON, "run", "--timeout=5", "--", "true");
    check_int(ran.status, 125);
    check_contains(ran.err, "30s");
    RUN(&ran, CORDON, "run", "--tty=yes", "--", "true");
    check_int(ran.status, 125);
    RUN(&ran, CORDON, "run", "--events", "fd:x", "--", "true");
    check_int(ran.status, 125);
    RUN(&ran, CORDON, "doctor", "--nonsense");
    check_int(ran.status, 2);
    RUN(&ran, CORDON, "nonsense");
    check_int(ran.status, 2);
    RUN(&ran, CORDON, "policy");
    check_int(ran.status, 2);
    check_contains(ran.out, "cordon policy check");
    RUN(&ran, CORDON, "policy", "nonsense");
    check_int(ran.status, 2);
    check_contains(ran.err, "'policy nonsense' is not a command");
    RUN(&ran, CORDON, "version", "x");
    check_int(ran.status, 2);
    RUN(&ran, CORDON);
    check_int(ran.status, 2);
}

TEST(a_document_may_name_the_command_and_is_asked_for_one_otherwise)
{
    sandbox_open();
    RUN(&ran, CORDON, "run", "--set", "process.commandLine=exit 7");
    check_int(ran.status, 7);
    RUN(&ran, CORDON, "run", "--set", "resources.pids=7");
    check_int(ran.status, 125);
    check_contains(ran.err, "no command: neither the caller nor a document");
    sandbox_close();
}

TEST(a_missing_policy_is_refused_with_the_remedy)
{
    sandbox_open();
    RUN(&ran, CORDON, "run", "--policy", "node", "--", "true");
    check_int(ran.status, 125);
    check_contains(ran.err, "there is no such file; for the built-in profile: --profile node\n");
    RUN(&ran, CORDON, "policy", "check", "nonesuch.yaml");
    check_int(ran.status, 2);
    check_contains(ran.out, "cordon policy profiles lists them");
    sandbox_close();
}

TEST(an_error_is_one_line_of_text_or_one_json_object)
{
    RUN(&ran, CORDON, "run", "--policy", "/nowhere.yaml", "--", "true");
    check_int(ran.status, 125);
    check(strncmp(ran.err, "cordon: ", 8) == 0);
    check(strchr(ran.err, '\n') == ran.err + strlen(ran.err) - 1);
    RUN(&ran, CORDON, "run", "--json", "--policy", "/nowhere.yaml", "--", "true");
    check_int(ran.status, 125);
    check(strncmp(ran.err, "{\"error\":{\"kind\":\"", 18) == 0);
    check(strchr(ran.err, '\n') == ran.err + strlen(ran.err) - 1);
}

TEST(help_and_completion_name_every_option)
{
    static const char *const options[] = {"policy", "workspace", "tier", "timeout",
                                          "tty",    "events",    "set",  "json"};
    static const char *const shells[] = {"bash", "zsh", "fish"};

    RUN(&ran, CORDON, "help", "run");
    check_int(ran.status, 0);
    for (size_t i = 0; i < ARRAY_COUNT(options); i++)
        check_contains(ran.out, options[i]);
    for (size_t s = 0; s < ARRAY_COUNT(shells); s++) {
        RUN(&ran, CORDON, "completion", shells[s]);
        check_int(ran.status, 0);
        for (size_t i = 0; i < ARRAY_COUNT(options); i++)
            check_contains(ran.out, options[i]);
        check_contains(ran.out, "auto process");
        check_contains(ran.out, "policy profiles");
        check_contains(ran.out, " resources.memory");
    }
    RUN(&ran, CORDON, "--help");
    check_contains(ran.out, "policy explain");
    RUN(&ran, CORDON, "--version");
    check_contains(ran.out, "cordon 0.1.0\n");
}

TEST(a_command_that_was_nearly_right_is_told_what_is_meant)
{
    RUN(&ran, CORDON, "policy", "--help");
    check_int(ran.status, 0);
    check_contains(ran.out, "policy explain");
    RUN(&ran, CORDON, "explain");
    check_int(ran.status, 2);
    check_contains(ran.err, "write 'cordon policy explain'");
    RUN(&ran, CORDON, "nonsense");
    check_contains(ran.err, "see 'cordon help'");
    RUN(&ran, CORDON, "help", "policy", "nonsense");
    check_int(ran.status, 2);
    check_contains(ran.err, "'policy nonsense' is not a command");
    RUN(&ran, CORDON, "doctor", "nonsense");
    check_contains(ran.err, "one argument too many: cordon doctor\n");
    RUN(&ran, CORDON, "run", "--profile", "base", "--profile", "git", "--", "true");
    check_int(ran.status, 125);
    check_contains(ran.err, "extends: [base, git]");
    RUN(&ran, CORDON, "help");
    check_contains(ran.out, "cordon completion");
}

TEST(runs_are_listed_and_shown)
{
    sandbox_open();
    RUN(&ran, CORDON, "runs");
    check_int(ran.status, 0);
    check_string(ran.out, "no run is recorded yet\n");
    RUN(&ran, CORDON, "run", "--", "sh", "-c", "exit 7");
    RUN(&ran, CORDON, "run", "--policy", "/nowhere.yaml", "--", "true");
    RUN(&ran, CORDON, "runs", "-n", "1");
    check_int(ran.status, 0);
    check_contains(ran.out, "refused: system");
    check_contains(ran.out, "1 older");
    check(!strstr(ran.out, "exited 7"));
    RUN(&ran, CORDON, "runs", "--json");
    check_contains(ran.out, "\"exitStatus\": 7");
    RUN(&ran, CORDON, "runs", "show", "last");
    check_int(ran.status, 0);
    check_contains(ran.out, "/nowhere.yaml");
    sandbox_close();
}

TEST(what_runs_is_asked_for_wrongly_is_refused)
{
    sandbox_open();
    RUN(&ran, CORDON, "runs", "show");
    check_int(ran.status, 2);
    check_contains(ran.err, "no run: cordon runs show RUN");
    RUN(&ran, CORDON, "runs", "show", "last");
    check_int(ran.status, 2);
    check_contains(ran.err, "no run is recorded yet");
    RUN(&ran, CORDON, "runs", "show", "nonsense!");
    check_int(ran.status, 2);
    RUN(&ran, CORDON, "runs", "-n", "0");
    check_int(ran.status, 2);
    check_contains(ran.err, "--number 0: write a number from 1");
    RUN(&ran, CORDON, "runs", "last");
    check_int(ran.status, 2);
    check_contains(ran.err, "one argument too many");
    RUN(&ran, CORDON, "show");
    check_contains(ran.err, "write 'cordon runs show'");
    sandbox_close();
}

/* What bash offers for the words `line`, of which the last is being written; sorted, one line. */
static const char *completed(const char *line)
{
    static char script[1024];
    size_t end;

    snprintf(script, sizeof(script),
             "source <(" CORDON " completion bash) && COMP_WORDS=(" CORDON " %s) && "
             "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) && { _cordon; "
             "printf '%%s\n' \"${COMPREPLY[@]}\" | sort | tr '\n' ' '; }",
             line);
    RUN(&ran, "/bin/bash", "-c", script);
    check_int(ran.status, 0);
    check_string(ran.err, "");
    end = strlen(ran.out);
    while (end && ran.out[end - 1] == ' ')
        ran.out[--end] = '\0';
    return ran.out;
}

TEST(bash_completes_commands_and_options)
{
    check_string(completed("pol"), "policy");
    check_string(completed("run"), "run runs");
    check_string(completed("runs s"), "show");
    check_string(completed("runs --n"), "--number");
    check_string(completed("runs show --j"), "--json");
    check_string(completed("policy ex"), "explain");
    check_string(completed("run --ti"), "--tier --timeout");
    check_string(completed("run --tty --js"), "--json");
    check_string(completed("policy explain --ti"), "--tier");
}

TEST(bash_completes_values_of_options)
{
    static const char *const profiles = "base build coding-agent git node python restricted-host shell";

    check_string(completed("run --tier ''"), "auto process");
    check_string(completed("run --tier = p"), "process"); /* --tier=p, as bash splits it */
    check_string(completed("run --timeout ''"), "");
    check_string(completed("run --watch ''"), "full hidden refused");
    check_string(completed("run --watch = h"), "hidden");
    check_string(completed("policy diff --fail-on ''"), "any never wider");
    check_string(completed("policy simulate --fail-on ''"), "allowed any denied never");
    check_string(completed("policy simulate --run la"), "last");
    check_string(completed("policy init --packages p"), "pip");
    check_string(completed("policy init --template ''"), "ci-job claude-code codex data-analysis mcp-server openclaw workspace");
    check_string(completed("learn --network ''"), "host: off record");
    check_string(completed("learn --changes d"), "direct discard");
    check_string(completed("policy check --profile ''"), profiles);
    check_string(completed("run --profile ="), profiles);
    check_string(completed("run --set resources.wall"), "resources.wallTime=");
    check_contains(completed("run --set ''"), "network.egress.default=");
    check(!strstr(ran.out, "version="));
    check(!strstr(ran.out, "network= "));
    check(!strstr(ran.out, "[]"));
    check_string(completed("run --set resources.memory = 5"), "");
}

TEST(bash_completes_documents_and_directories)
{
    sandbox_open();
    RUN(&ran, "/bin/sh", "-c",
        "mkdir 'a place'; : >one.yaml; : >two.json; : >three.yml; : >note.txt");
    check_string(completed("run --policy ''"), "a place one.yaml three.yml two.json");
    check_string(completed("run -p t"), "three.yml two.json");
    check_string(completed("policy check o"), "one.yaml");
    check_string(completed("run --workspace ''"), "a place");
    check_string(completed("run --events n"), "note.txt");
    sandbox_close();
}

TEST(bash_completes_what_a_command_takes)
{
    sandbox_open();
    RUN(&ran, "/bin/sh", "-c", ": >one.yaml; : >note.txt");
    check_string(completed("policy diff o"), "one.yaml");
    check_string(completed("policy prove o"), "one.yaml");
    check_string(completed("policy prove --can-w"), "--can-write");
    check_string(completed("reach o"), "one.yaml");
    check_string(completed("runs show l"), "last");
    check_string(completed("why l"), "last");
    check_string(completed("commit last n"), "note.txt");
    check_string(completed("policy profiles coding"), "coding-agent");
    check_string(completed("completion f"), "fish");
    check_string(completed("doctor o"), "");
    RUN(&ran, CORDON, "run", "--policy", "/nowhere.yaml", "--", "true");
    check_int(ran.status, 125);
    check_int(strlen(completed("why 0")), 26);
    /* When there are more than `cordon runs` lists, its last line says how many, and is no run. */
    RUN(&ran, "/bin/sh", "-c", "for run in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do " CORDON " run --policy /nowhere.yaml -- true; done");
    RUN(&ran, CORDON, "runs");
    check_contains(ran.out, "1 older: cordon runs -n NUMBER");
    check_string(completed("runs show old"), "");
    check_string(completed("runs show l"), "last");
    sandbox_close();
}

TEST(bash_completes_what_follows_the_contained_command_as_its_own)
{
    sandbox_open();
    RUN(&ran, "/bin/sh", "-c", ": >--tier.txt; : >note.txt");
    check_string(completed("run --tier process -- cat --ti"), "--tier.txt");
    check_string(completed("run -p x.yaml cat n"), "note.txt");
    check_contains(completed("run -- bas"), "bash");
    check_contains(completed("learn --into x.yaml -- bas"), "bash");
    check_string(completed("learn -- cat n"), "note.txt");
    check_string(completed("run -- --ti"), "");
    sandbox_close();
}

TEST(policy_check_tells_its_verdict_by_status)
{

    sandbox_open();
    RUN(&ran, "/bin/sh", "-c",
        "printf 'version: cordon/1\\n' >good.yaml; printf 'version: cordon/1\\nx: 1\\n' >bad.yaml;"
        "printf 'version: cordon/1\\nisolation: {tier: microvm}\\n' >other.yaml");
    RUN(&ran, CORDON, "policy", "check", "good.yaml");
    check_int(ran.status, 0);
    check_contains(ran.out, "enforceable\n");
    RUN(&ran, CORDON, "policy", "check", "bad.yaml");
    check_int(ran.status, 1);
    check_contains(ran.out, "bad.yaml:2:1");
    RUN(&ran, CORDON, "policy", "check", "--json", "other.yaml");
    check_int(ran.status, 3);
    check_contains(ran.out, "\"verdict\": \"unenforceable\"");
    RUN(&ran, CORDON, "policy", "profiles");
    check_contains(ran.out, "coding-agent\n");
    RUN(&ran, CORDON, "policy", "profiles", "git");
    check_contains(ran.out, "cordon/1");
    RUN(&ran, CORDON, "policy", "profiles", "nonsense");
    check_int(ran.status, 2);
    RUN(&ran, CORDON, "policy", "explain", "good.yaml");
    check_int(ran.status, 0);
    RUN(&ran, CORDON, "policy", "schema");
    check_int(ran.status, 0);
    check_contains(ran.out, "\"$schema\"");
    sandbox_close();
}

TEST(output_to_a_full_device_is_an_error)
{
    RUN(&ran, "/bin/sh", "-c", CORDON " version >/dev/full");
    check_int(ran.status, 2);
    check_contains(ran.err, "write to stdout");
}

TEST(closed_standard_streams_are_null_inside)
{
    sandbox_open();
    RUN(&ran, "/bin/sh", "-c", CORDON " run -- readlink /proc/self/fd/0 /proc/self/fd/2 <&- 2>&-");
    check_int(ran.status, 0);
    check_string(ran.out, "/dev/null\n/dev/null\n");
    sandbox_close();
}

TEST(too_much_output_ends_the_run)
{
    sandbox_open();
    RUN(&ran, CORDON, "run", "--set", "resources.output=1000B", "--", "sh", "-c",
        "while :; do echo 0123456789; done");
    check_int(ran.status, 125);
    check_int(strlen(ran.out), 1000);
    check_contains(ran.err, "resources.output");
    RUN(&ran, CORDON, "run", "--set", "resources.output=11B", "--", "echo", "0123456789");
    check_int(ran.status, 0);
    check_string(ran.out, "0123456789\n");
    sandbox_close();
}

TEST(events_go_to_a_descriptor_and_a_file)
{
    sandbox_open();
    RUN(&ran, "/bin/sh", "-c", CORDON " run --events fd:3 -- true 3>events && cat events");
    check_int(ran.status, 0);
    check_contains(ran.out, "\"type\":\"run.started\"");
    check_contains(ran.out, "\"type\":\"run.exited\",\"end\":\"exited\",\"code\":0");
    RUN(&ran, CORDON, "run", "--events", "here.jsonl", "--", "sh", "-c", "echo x >>here.jsonl");
    check(ran.status != 0); /* the record of a run is not the program's to write */
    RUN(&ran, "/bin/cat", "here.jsonl");
    check_contains(ran.out, "run.exited");
    sandbox_close();
}

/* Start `cordon run` and wait until the program inside says "ready". */
static pid_t start(const char *script, int *ret_out)
{
    char word[16] = "";
    int out[2];
    pid_t pid;

    check_int(pipe2(out, O_CLOEXEC), 0);
    pid = fork();
    check(pid >= 0);
    if (pid == 0) {
        dup2(open("/dev/null", O_RDWR), 0);
        dup2(out[1], 1);
        execl(CORDON, "cordon", "run", "--", "bash", "-c", script, (char *)NULL);
        _exit(99);
    }
    close(out[1]);
    check_int(read(out[0], word, 6), 6);
    check_string(word, "ready\n");
    *ret_out = out[0];
    return pid;
}

TEST(signals_reach_the_program_and_its_status_comes_back)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

    sandbox_open();
    for (size_t i = 0; i < ARRAY_COUNT(signals); i++) {
        char script[128];
        pid_t pid;
        int out;

        snprintf(script, sizeof(script),
                 "trap 'exit %zu' %d; echo ready; while :; do sleep 0.05; done", 10 + i,
                 signals[i]);
        pid = start(script, &out);
        check_int(kill(pid, signals[i]), 0);
        check_int(sandbox_finish(pid), 10 + (int)i);
        close(out);
    }
    sandbox_close();
}

/* Three within two seconds end it; on a slow machine it takes some more until three came that fast. */
TEST(a_third_interrupt_ends_a_program_that_ignores_them)
{
    char word[16] = "";
    pid_t pid;
    int out, status;

    sandbox_open();
    pid = start("trap 'echo again' INT; echo ready; while :; do sleep 0.05; done", &out);
    check_int(kill(pid, SIGINT), 0);
    check_int(read(out, word, 6), 6); /* it goes on */
    check_string(word, "again\n");
    while (waitpid(pid, &status, WNOHANG) == 0) {
        struct pollfd one = {.fd = out, .events = POLLIN};

        check_int(kill(pid, SIGINT), 0);
        if (poll(&one, 1, 100) > 0 && read(out, word, sizeof(word)) < 0)
            break;
    }
    check(WIFEXITED(status));
    check_int(WEXITSTATUS(status), 128 + SIGKILL);
    close(out);
    sandbox_close();
}

TEST(a_stop_stops_both_and_a_continue_lets_both_go_on)
{
    pid_t pid;
    int out, status;

    sandbox_open();
    pid = start("trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done", &out);
    check_int(kill(pid, SIGTSTP), 0);
    check_int(waitpid(pid, &status, WUNTRACED), pid);
    check(WIFSTOPPED(status));
    check_int(kill(pid, SIGTERM), 0);
    check_int(kill(pid, SIGCONT), 0);
    check_int(sandbox_finish(pid), 5);
    close(out);
    sandbox_close();
}

TEST(the_container_ends_with_cordon)
{
    char byte;
    pid_t pid;
    int out;

    sandbox_open();
    pid = start("trap '' TERM HUP INT; echo ready; while :; do sleep 0.05; done", &out);
    check_int(kill(pid, SIGKILL), 0);
    check_int(sandbox_finish(pid), 1000 + SIGKILL);
    check_int(read(out, &byte, 1), 0); /* the last writer is gone */
    close(out);
    sandbox_close();
}

static const char opening[] = "version: cordon/1\nextends: [base]\nidentity: {}\nnetwork:\n  egress:\n    allow:\n"
                              "      - to: [{host: api.example.com}]\n        tls: terminate\n";

/* Who reads requests is waited for before there is a container, and notices it first. */
TEST(where_the_machine_makes_no_namespaces_it_is_that_what_is_said)
{
    sandbox_open();
    if (!apart_may(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET))
        test_skip("userns");
    test_write_file("opening.yaml", opening, 0644);
    RUN(&ran, CORDON, "run", "--policy", "opening.yaml", "--", "true");
    check(!strstr(ran.err, "user namespaces"));
    apart_forbid_all(CLONE_NEWUSER | CLONE_NEWNS);
    RUN(&ran, CORDON, "run", "--policy", "opening.yaml", "--", "true");
    check_int(ran.status, 125);
    check_contains(ran.err, "user namespaces");
    check(!strstr(ran.err, "cordon-inspector"));
    sandbox_close();
}
