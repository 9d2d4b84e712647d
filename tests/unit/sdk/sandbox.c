/* SPDX-License-Identifier: Apache-2.0 */
/* The sandbox of end-to-end tests. */
#include "sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cordon/cordon.h"
#include "test.h"

static char root[64];

static void use_directory(const char *variable, const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", root, name);
    check_int(mkdir(path, 0755), 0);
    if (variable)
        setenv(variable, path, 1);
}

const char *sandbox_open(void)
{
    enum cordon_level level = CORDON_NONE;
    char path[128], *text = NULL;

    umask(022);
    strcpy(root, "/tmp/cordon-test-command.XXXXXX");
    check(test_make_directory(root) != NULL);
    use_directory("HOME", "home");
    use_directory("XDG_CONFIG_HOME", "config");
    use_directory("XDG_CACHE_HOME", "cache");
    use_directory("XDG_STATE_HOME", "state");
    use_directory(NULL, "work");
    setenv("PATH", "/usr/bin:/bin", 1);
    setenv("CORDON_CARD", "0", 1); /* what is on a terminal is compared */
    snprintf(path, sizeof(path), "%s/work", root);
    check_int(chdir(path), 0);
    check_int(cordon_doctor(CORDON_TEXT, &text, &level, NULL), 0);
    cordon_string_free(text);
    if (level == CORDON_NONE) {
        sandbox_close();
        test_skip("userns");
    }
    return root;
}

void sandbox_close(void)
{
    char command[256];

    check_int(chdir("/"), 0);
    /* without the directory a keeper makes nothing ready for it any more; what it is at may come in between once */
    snprintf(command, sizeof(command), "rm -rf '%s/work'; rm -rf '%s' 2>/dev/null || rm -rf '%s'", root, root, root);
    check_int(system(command), 0);
}

static void take(struct pollfd *source, char *into, size_t size)
{
    size_t used = strlen(into);
    ssize_t got = read(source->fd, into + used, size - 1 - used);

    if (got > 0) {
        into[used + (size_t)got] = '\0';
        return;
    }
    close(source->fd);
    source->fd = -1;
}

void sandbox_run(struct ran *ran, const char *const *argv)
{
    int out[2], err[2], status;
    struct pollfd sources[2];
    pid_t pid;

    memset(ran, 0, sizeof(*ran));
    check_int(pipe2(out, O_CLOEXEC), 0);
    check_int(pipe2(err, O_CLOEXEC), 0);
    pid = fork();
    check(pid >= 0);
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);

        dup2(null, 0);
        dup2(out[1], 1);
        dup2(err[1], 2);
        execv(argv[0], (char *const *)argv);
        _exit(99);
    }
    close(out[1]);
    close(err[1]);
    sources[0] = (struct pollfd){.fd = out[0], .events = POLLIN};
    sources[1] = (struct pollfd){.fd = err[0], .events = POLLIN};
    while (sources[0].fd >= 0 || sources[1].fd >= 0) {
        check(poll(sources, 2, -1) > 0);
        if (sources[0].revents)
            take(&sources[0], ran->out, sizeof(ran->out));
        if (sources[1].revents)
            take(&sources[1], ran->err, sizeof(ran->err));
    }
    check_int(waitpid(pid, &status, 0), pid);
    ran->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int sandbox_finish(pid_t pid)
{
    int status;

    check_int(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}
