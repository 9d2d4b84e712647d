/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting the program. Its process is a copy of init (a few pages) that init waits for until execve() has succeeded
 * or failed; a failure comes back through a shared page, because only init may talk to the parent.
 */
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/limits.h>
#include <linux/mman.h>
#include <linux/sched.h>

#include "base/error.h"
#include "tier/process/init/init.h"
#include "tier/process/init/void.h"

struct outcome {
    int32_t is_failed;
    int32_t listener;  /* number in the table that the program's process shares with its maker */
    uint32_t is_told;
    struct message message;
};

static struct outcome *outcome;

/* How the program's process fails: through the page, then it ends. */
static void child_fail(struct init *init, const char *action, const char *object, long errnum)
{
    struct message *message = &outcome->message;

    message->type = MESSAGE_ERROR;
    message->kind = init->error_kind;
    message->value = (int32_t)errnum;
    string_append(message->action, message->action + sizeof(message->action), action);
    string_append(message->object, message->object + sizeof(message->object), object);
    outcome->is_failed = 1;
    sys_call1(exit_group, 125);
    sys_call1(exit, 125); /* a filter may refuse the one; as process 1 it must not go on */
    __builtin_trap();
}

char **program_pointers(void *record, uint32_t offset, uint32_t count)
{
    uint64_t *slots = (uint64_t *)(void *)((char *)record + offset);

    for (uint32_t i = 0; i < count; i++)
        slots[i] += (uint64_t)(uintptr_t)record;
    return (char **)slots;
}

/* A file without "#!" is a shell script, as execvp() has it. The slot before argv[0] is free for the shell's name. */
static long execute(const struct init *init, const char *path, char **argv, char **envp)
{
    long status = sys_call4(execve, path, argv, envp, init->start);

    if (status == -ENOEXEC) {
        char *first = argv[0];

        argv[-1] = (char *)"/bin/sh";
        argv[0] = (char *)path;
        status = sys_call4(execve, "/bin/sh", argv - 1, envp, init->start);
        argv[0] = first;
    }
    return status;
}

long program_execute(const struct init *init, const char *search, char **argv, char **envp)
{
    char path[PATH_MAX];
    long result = -ENOENT;

    for (const char *name = argv[0]; *name; name++)
        if (*name == '/')
            return execute(init, argv[0], argv, envp);
    if (!argv[0][0])
        return -ENOENT;
    for (;;) {
        char *at = path, *end = path + sizeof(path);
        long status;

        while (*search && *search != ':' && at + 1 < end)
            *at++ = *search++;
        if (at == path)
            at = string_append(at, end, ".");
        at = string_append(string_append(at, end, "/"), end, argv[0]);
        status = at + 1 < end ? execute(init, path, argv, envp) : -ENAMETOOLONG;
        if (status == -EACCES)
            result = -EACCES;
        else if (status != -ENOENT && status != -ENOTDIR && status != -ENAMETOOLONG)
            return status;
        if (!*search)
            return result;
        search++;
    }
}

uint32_t program_refusal(long status)
{
    return status == -ENOENT || status == -ENOTDIR ? ERROR_NOT_FOUND : ERROR_NOT_EXECUTABLE;
}

void signals_unblock(struct init *init)
{
    uint64_t none = 0;

    init_need(init, sys_call4(rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof(none)), "unblock", "signals");
}

/* What the caller ignores must not be ignored here: without SIGCHLD init would miss the program's end. */
void signals_reset(struct init *init)
{
    struct {
        uint64_t handler, flags, restorer, mask;
    } action = {0};

    for (int number = 1; number <= 64; number++)
        if (number != SIGKILL && number != SIGSTOP)
            init_need(init, sys_call4(rt_sigaction, number, &action, 0, sizeof(action.mask)), "reset", "signals");
}

static void child_run(struct init *init, char **argv, char **envp)
{
    const char *cwd = init_string(init, init->record->cwd);
    long status;

    init_need(init, sys_call0(setsid), "start", "session");
    if (init->tty >= 0) {
        init_need(init, sys_call3(ioctl, init->tty, TIOCSCTTY, 0), "take", "terminal");
        for (int fd = 0; fd < 3; fd++)
            init_need(init, sys_call3(dup3, init->tty, fd, 0), "connect", "terminal");
    }
    signals_unblock(init);
    init->error_kind = ERROR_INVALID;
    init_need(init, sys_call1(chdir, cwd), "enter working directory", cwd);
    init->error_kind = ERROR_SYSTEM;
    outcome->listener = rights_apply(init);
    status = program_execute(init, init_string(init, init->record->search_path), argv, envp);
    init->error_kind = program_refusal(status);
    child_fail(init, "execute", argv[0], -status);
}

int program_launch(struct init *init)
{
    const struct record *record = init->record;
    char **argv = program_pointers((void *)(uintptr_t)record, record->argv, record->argc);
    char **envp = program_pointers((void *)(uintptr_t)record, record->envp, record->env_count);
    /* One table of descriptors until exec: so the keeper has the filter's listener, and the program has not. */
    long flags = CLONE_VFORK | SIGCHLD | (init_has_keeper(init) || init_is_in_place(init) ? CLONE_FILES : 0);

    outcome->listener = -1;
    init->program = init_need(init, sys_call5(clone, flags, 0, 0, 0, 0), "start", "program");
    if (init->program == 0) {
        init->on_fail = child_fail;
        child_run(init, argv, envp);
    }
    if (outcome->is_failed) {
        init_send(init, &outcome->message, -1);
        sys_call1(exit_group, 125);
    }
    return outcome->listener;
}

void program_tell(struct init *init)
{
    __atomic_store_n(&outcome->is_told, 1, __ATOMIC_RELEASE);
    init_need(init, sys_call6(futex, &outcome->is_told, FUTEX_WAKE, 1, 0, 0, 0), "wake", "process 1");
}

static void launch_by_keeper(struct init *init)
{
    second_keep(init);
    rights_drop_last(init, "perhaps after the program had started, drop");
    while (!__atomic_load_n(&outcome->is_told, __ATOMIC_ACQUIRE))
        sys_call6(futex, &outcome->is_told, FUTEX_WAIT, 0, 0, 0, 0);
}

/* The container stands: programs come later (programs.c). Its streams are /dev/null, for programs that are given none. */
static void stand(struct init *init)
{
    struct message running = {.type = MESSAGE_RUNNING, .kind = void_has_home() ? RECORD_RUNS_OVER_VOID : 0};

    rights_limit(init, 1);
    if (init_has_keeper(init)) {
        second_keep(init);
        starter_await(init);
        rights_drop_last(init, "drop");
    } else {
        second_end(init);
        starter_make(init);
        starter_await(init);
    }
    init_send(init, &running, -1);
}

void program_start(struct init *init)
{
    struct message running = {.type = MESSAGE_RUNNING, .kind = void_has_home() ? RECORD_RUNS_OVER_VOID : 0};
    int ruleset = init->ruleset;

    if (init_stands(init)) {
        stand(init);
        return;
    }
    outcome = (struct outcome *)init_need(init,
                                          sys_call6(mmap, 0, sizeof(*outcome), PROT_READ | PROT_WRITE,
                                                    MAP_SHARED | MAP_ANONYMOUS, -1, 0),
                                          "map", "outcome");
    if (init_is_in_place(init)) {
        metadata_start(init, program_launch(init));
        ruleset = -1; /* closed by the program's process, which shared the table; the number is another's by now */
    } else if (init_has_keeper(init)) {
        launch_by_keeper(init);
    } else {
        second_end(init);
        program_launch(init);
    }
    init_need(init, sys_call3(close_range, 0, 2, 0), "after the program had started, close", "standard streams");
    for (uint32_t i = 0; i < init->begin.fd_count; i++)
        sys_call1(close, init->begin.fds[i]);
    if (init->tty >= 0)
        sys_call1(close, init->tty);
    if (ruleset >= 0)
        sys_call1(close, ruleset);
    running.value = init_is_in_place(init) ? (int32_t)init->program : 0;
    init_send(init, &running, -1);
}
