/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A person who answers by a list, through the library: asker ANSWERS TIMEOUT-MS WORKSPACE EVENTS POLICY COMMAND...
 * ANSWERS has a letter for each question about a connection, of which the last goes on (files are denied): d deny, o once,
 * r for this run, h for FOR_MS, w write the rule, x by another question's digest and number and then deny, t let its time run out, k the
 * person's program is killed, n the network becomes that of the policy in OTHER, g the gateway is killed, and the file
 * `withdrawn` is made in the workspace when nothing is asked any more. What was asked is in the file EVENTS.asked: number,
 * operation and destination, digest, and every line of its text behind a tab. Ends as the program does.
 */
/*
 * A person who answers by a list, through the library: asker ANSWERS TIMEOUT-MS WORKSPACE EVENTS POLICY COMMAND... ANSWERS has a letter
 * for each question about a connection, of which the last goes on (files are denied): d deny, o once, r for this run, w write the rule, x by another question's digest and
 * number and then deny, t let its time run out, k the person's program is killed, n the network
 * becomes that of the policy in OTHER, g the gateway is killed, and `withdrawn` is made in the workspace when nothing is asked any more. What was asked is in the file EVENTS.asked: number,
 * operation and destination, digest, and every line of its text behind a tab. Ends as the program does.
 */
#include <cordon/cordon.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *answers;
static FILE *asked;
static uint64_t answered;

static int fail(const struct cordon_error *err)
{
    fprintf(stderr, "asker: %s\n", err->text);
    return 1;
}

static void note(const struct cordon_approval *approval)
{
    fprintf(asked, "%" PRIu64 " %s %s %s\n\t", approval->number, approval->operation, approval->path, approval->digest);
    for (const char *at = approval->text; *at; at++) {
        fputc(*at, asked);
        if (*at == '\n' && at[1])
            fputc('\t', asked);
    }
    fflush(asked);
}

static void refuse_others(struct cordon_container *container, const struct cordon_approval *approval)
{
    static const char other[] = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    struct cordon_error err;
    int by_digest = cordon_container_answer(container, approval->number, other, CORDON_ANSWER_ONCE, &err);
    int by_number = cordon_container_answer(container, approval->number + 1, approval->digest, CORDON_ANSWER_ONCE, &err);

    fprintf(asked, "%s\n", by_digest == -ESTALE && by_number == -ESTALE ? "both refused" : "TAKEN");
}

/* Of this process's children the one of that name. */
static bool is_killed;

static void kill_gateway(void)
{
    char path[64], name[32], children[4096] = "";
    FILE *file = fopen("/proc/thread-self/children", "re");
    size_t length = file ? fread(children, 1, sizeof(children) - 1, file) : 0;

    if (file)
        fclose(file);
    children[length] = '\0';
    for (char *at = strtok(children, " "); at; at = strtok(NULL, " ")) {
        snprintf(path, sizeof(path), "/proc/%s/comm", at);
        file = fopen(path, "re");
        if (file && fgets(name, sizeof(name), file) && strcmp(name, "cordon-gateway\n") == 0)
            kill((pid_t)atoi(at), SIGKILL);
        if (file)
            fclose(file);
    }
}

static int change(struct cordon_container *container, struct cordon_error *err)
{
    struct cordon_request *request = NULL;
    int status = cordon_request_new(&request, err);

    if (status == 0)
        status = cordon_request_add_policy_file(request, getenv("OTHER"), err);
    if (status == 0)
        status = cordon_container_set_network(container, request, err);
    cordon_request_free(request);
    return status;
}

/* 0, or negative. */
static int answer(struct cordon_container *container, const struct cordon_approval *approval, struct cordon_error *err)
{
    char letter = *answers;
    enum cordon_answer given = CORDON_ANSWER_DENY;

    if (strcmp(approval->operation, "connect") != 0)
        return cordon_container_answer(container, approval->number, approval->digest, given, err);
    answers += answers[1] != '\0';
    if (letter == 'k')
        kill(getpid(), SIGKILL);
    if (letter == 'x')
        refuse_others(container, approval);
    if (letter == 't')
        return 0;
    if (letter == 'n')
        return change(container, err);
    if (letter == 'g') {
        kill_gateway();
        is_killed = true;
        return 0;
    }
    if (letter == 'h')
        return cordon_container_answer_for(container, approval->number, approval->digest, strtoull(getenv("FOR_MS"), NULL, 10), err);
    if (letter == 'o')
        given = CORDON_ANSWER_ONCE;
    if (letter == 'r')
        given = CORDON_ANSWER_RUN;
    if (letter == 'w')
        given = CORDON_ANSWER_RULE;
    return cordon_container_answer(container, approval->number, approval->digest, given, err);
}

/* 0, or negative. */
static int mark(const char *directory)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof(path), "%s/withdrawn", directory);
    file = fopen(path, "we");
    is_killed = false;
    return file ? fclose(file) : -1;
}

/* 1 = the program has ended. */
static int step(const char *workspace, struct cordon_container *container, struct cordon_status *status, struct cordon_error *err)
{
    struct pollfd polled = {.fd = cordon_container_poll_fd(container, err), .events = POLLIN};
    struct cordon_approval approval;
    int ended = cordon_container_try_wait(container, status, err);

    if (ended != 0)
        return ended;
    if (cordon_container_approval(container, &approval) && approval.number != answered) {
        answered = approval.number;
        note(&approval);
        return answer(container, &approval, err);
    }
    if (is_killed && !cordon_container_approval(container, &approval))
        return mark(workspace);
    poll(&polled, 1, 1000);
    return 0;
}

static int start(char **argv, struct cordon_container **ret_container, struct cordon_error *err)
{
    struct cordon_request *request = NULL;
    int status = cordon_request_new(&request, err);

    if (status == 0)
        status = cordon_request_add_policy_file(request, argv[5], err);
    if (status == 0 && getenv("CEILING"))
        status = cordon_request_add_policy_file(request, getenv("CEILING"), err);
    if (status == 0)
        status = cordon_request_set_workspace(request, argv[3], err);
    if (status == 0)
        status = cordon_request_set_events_file(request, argv[4], err);
    if (status == 0)
        status = cordon_request_set_command(request, (const char *const *)argv + 6, err);
    if (status == 0)
        status = cordon_request_set_ask(request, strtoull(argv[2], NULL, 10), err);
    if (status == 0)
        status = cordon_spawn(request, ret_container, err);
    cordon_request_free(request);
    return status;
}

int main(int argc, char **argv)
{
    struct cordon_container *container = NULL;
    struct cordon_error err = {0};
    struct cordon_status status = {0};
    char file[4096];
    int ended = 0;

    if (argc < 7)
        return 2;
    answers = argv[1];
    snprintf(file, sizeof(file), "%s.asked", argv[4]);
    asked = fopen(file, "we");
    if (!asked || start(argv, &container, &err) < 0)
        return fail(&err);
    while (ended == 0)
        ended = step(argv[3], container, &status, &err);
    cordon_container_free(container);
    return ended < 0 ? fail(&err) : status.exit_status;
}
