/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens are verified by a program of its own, which holds nothing: what somebody else wrote is not parsed by whoever uses this
 * library.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "identity/name.h"
#include "sdk/helpers.h"
#include "sdk/places.h"
#include "sdk/request.h"
#include "sdk/serving.h"

#define ARGUMENTS_MAX 128
#define REPORT_MAX    ((size_t)256 << 10)
#define EXIT_HOLDS    0
#define EXIT_REFUSED  1

struct command {
    const char *argv[ARGUMENTS_MAX + 1];
    size_t count;
    struct arena *arena;
};

static void add(struct command *command, const char *option, const char *value)
{
    if (!value || command->count + 2 > ARGUMENTS_MAX)
        return;
    if (option)
        command->argv[command->count++] = option;
    command->argv[command->count++] = value;
}

/* As cordon_id_bundle(). */
static int add_bundle(struct command *command, const struct places *places, const struct cordon_id_check *check, struct error *err)
{
    struct serving serving = {0};
    int status = check->bundle ? 0 : serving_find(command->arena, places, &serving, err);

    if (status == 0)
        add(command, "--bundle", check->bundle ? check->bundle : serving_bundle(command->arena, places, serving.of, "bundle.json"));
    return status;
}

/* The authority of whose service runs this user's containers, where no other is named. */
static int find_own(struct command *command, const struct places *places, const struct cordon_id_check *check, struct error *err)
{
    char machine_id[33];
    struct identity_name host;
    bool is_own;
    int status = add_bundle(command, places, check, err);

    if (status < 0)
        return status;
    if (check->domain) {
        add(command, "--domain", check->domain);
        return 0;
    }
    if (check->bundle)
        return error_set(err, ERROR_INVALID, EINVAL, "whose bundle it is has to be said: --domain");
    status = identity_machine_id(places->state, machine_id, &is_own, err);
    if (status == 0)
        status = identity_local(machine_id, &host, err);
    if (status == 0)
        add(command, "--domain", arena_string(command->arena, host.domain));
    return status;
}

static int fill(struct command *command, const struct places *places, const struct cordon_id_check *check, struct error *err)
{
    static const char profile[] = "profile:";
    int status;

    add(command, NULL, "cordon-verify-token");
    status = find_own(command, places, check, err);
    add(command, "--audience", check->audience);
    add(command, "--kind", check->kind);
    add(command, "--nonce", check->nonce);
    add(command, "--seen", check->seen);
    add(command, "--digest", check->digest);
    add(command, "--within", check->within);
    add(command, "--ceiling", check->ceiling);
    for (const char *const *document = check->documents; document && *document; document++)
        if (strncmp(*document, profile, sizeof(profile) - 1) == 0)
            add(command, "--profile", *document + sizeof(profile) - 1);
        else
            add(command, "--document", *document);
    add(command, NULL, check->token);
    if (status == 0 && command->count + 2 > ARGUMENTS_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "too many documents");
    return status;
}

static int start(const char *program, struct command *command, int out, int errors, pid_t *ret_pid, struct error *err)
{
    posix_spawn_file_actions_t actions;
    int status;

    posix_spawn_file_actions_init(&actions);
    status = posix_spawn_file_actions_adddup2(&actions, out, 1);
    if (status == 0)
        status = posix_spawn_file_actions_adddup2(&actions, errors, 2);
    if (status == 0)
        status = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    if (status == 0)
        status = posix_spawn(ret_pid, program, &actions, NULL, (char *const *)(uintptr_t)command->argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return status ? error_system(err, status, "start %s", program) : 0;
}

/* All of one, then all of the other: what goes to the second is one line. */
static int collect(int out, int errors, char **ret_out, char **ret_errors, struct error *err)
{
    size_t size;
    int status = file_read_fd(out, "the report", REPORT_MAX, ret_out, &size, err);

    return status < 0 ? status : file_read_fd(errors, "the report", REPORT_MAX, ret_errors, &size, err);
}

static int pipe_open(int ends[2], struct error *err)
{
    return pipe2(ends, O_CLOEXEC) < 0 ? error_system(err, errno, "make a pipe") : 0;
}

static int run(const char *program, struct command *command, char **ret_out, char **ret_errors, int *ret_exit, struct error *err)
{
    auto_close int out = -1, out_end = -1, errors = -1, errors_end = -1;
    int ends[2], how = 0, collected, status = pipe_open(ends, err);
    pid_t pid = -1;

    if (status < 0)
        return status;
    out = ends[0];
    out_end = ends[1];
    status = pipe_open(ends, err);
    if (status < 0)
        return status;
    errors = ends[0];
    errors_end = ends[1];
    status = start(program, command, out_end, errors_end, &pid, err);
    if (status < 0)
        return status;
    fd_close_at(&out_end);
    fd_close_at(&errors_end);
    out_end = errors_end = -1;
    collected = collect(out, errors, ret_out, ret_errors, err);
    while (waitpid(pid, &how, 0) < 0)
        if (errno != EINTR)
            return error_system(err, errno, "wait for %s", program);
    *ret_exit = WIFEXITED(how) ? WEXITSTATUS(how) : -1;
    return collected;
}

/* What it said, without its name and what follows the first line. */
static int refuse(const char *said, int exit_status, struct error *err)
{
    static const char name[] = "cordon-verify-token: ";
    const char *text = strncmp(said, name, sizeof(name) - 1) == 0 ? said + sizeof(name) - 1 : said;

    return error_set(err, exit_status == EXIT_REFUSED ? ERROR_FORBIDDEN : ERROR_INVALID, exit_status == EXIT_REFUSED ? EACCES : EINVAL, "%.*s",
                     (int)strcspn(text, "\n"), text);
}

int cordon_id_verify(const struct cordon_id_check *check, char **ret_report, uint32_t *ret_answer, struct cordon_error *err)
{
    auto_arena struct arena *arena = arena_new();
    struct command command = {.arena = arena};
    auto_free char *out = NULL, *errors = NULL;
    struct places places = {0};
    const char *program = NULL;
    int exit_status = -1, status = arena ? places_find(arena, (const char *const *)environ, &places, public_error(err)) : error_memory(public_error(err));

    if (status == 0 && (!check->token || !check->audience))
        status = error_set(public_error(err), ERROR_INVALID, EINVAL, "a token, and for whom it is to be, are needed");
    if (status == 0)
        status = helpers_find_verifier(arena, &places, &program, public_error(err));
    if (status == 0)
        status = fill(&command, &places, check, public_error(err));
    if (status == 0)
        status = run(program, &command, &out, &errors, &exit_status, public_error(err));
    if (status < 0)
        return status;
    if (exit_status != EXIT_HOLDS && exit_status != (int)CORDON_ID_WIDER)
        return refuse(errors, exit_status, public_error(err));
    *ret_report = take_ptr(out);
    *ret_answer = (uint32_t)exit_status;
    return 0;
}
