/* SPDX-License-Identifier: Apache-2.0 */
/* What is left to a signer that somebody took over, and that it can still do its work. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "scene.h"
#include "signer/signer.h"

/* What the child returns, or -signal. */
static int in_child(int (*attempt)(const char *directory), bool is_confined)
{
    char directory[] = "/tmp/test-signer-XXXXXX";
    int status;
    pid_t pid;

    check(test_make_directory(directory) != NULL);
    pid = fork();
    if (pid == 0) {
        struct error err = ERROR_INIT;

        if (is_confined && signer_confine(directory, &err) < 0)
            _exit(99);
        _exit(attempt(directory));
    }
    check(waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* 0 = it could be done. */
static int read_passwd(const char *unused_arg directory)
{
    return openat(AT_FDCWD, "/etc/passwd", O_RDONLY | O_CLOEXEC) < 0;
}

static int write_elsewhere(const char *unused_arg directory)
{
    int fd = openat(AT_FDCWD, "/tmp/test-signer-elsewhere", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (fd >= 0)
        unlinkat(AT_FDCWD, "/tmp/test-signer-elsewhere", 0);
    return fd < 0;
}

static int make_process(const char *unused_arg directory)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return pid < 0;
}

static int execute(const char *unused_arg directory)
{
    execl("/bin/true", "true", NULL);
    return 1;
}

static int make_socket(const char *unused_arg directory)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0;
}

static int send_signal(const char *unused_arg directory)
{
    return kill(getppid(), 0) < 0;
}

TEST(nothing_but_its_own_directory_is_left_to_it)
{
    static int (*const attempts[])(const char *directory) = {read_passwd, write_elsewhere, make_process, execute, make_socket, send_signal};

    for (size_t i = 0; i < ARRAY_COUNT(attempts); i++) {
        int free_status = in_child(attempts[i], false), confined = in_child(attempts[i], true);

        if (free_status != 0)
            test_fail(__FILE__, __LINE__, "attempt %zu does not succeed unconfined either: %d", i, free_status);
        if (confined == 0 || confined == 99)
            test_fail(__FILE__, __LINE__, "attempt %zu: %d", i, confined);
    }
}

static int rotate(const char *directory)
{
    struct identity_name host;
    struct issuer *issuer = NULL;
    struct error err = ERROR_INIT;
    auto_json json_t *claims = json_pack("{s:s, s:s}", "sub", AGENT, "aud", "a");
    auto_text struct text text = {0};
    time_t now = 1800000000;
    int status = identity_parse(HOST, strlen(HOST), &host, &err);

    if (status == 0)
        status = issuer_open(directory, &host, now, &issuer, &err);
    if (status == 0)
        status = signer_confine(directory, &err);
    if (status == 0)
        status = issuer_step(issuer, now + 61 * ISSUER_DAY_S, &err) == 1 ? 0 : -1;
    if (status == 0)
        status = token_make(issuer, TOKEN_SVID, claims, now + 63 * ISSUER_DAY_S, now + 64 * ISSUER_DAY_S, &text, &err);
    issuer_free(issuer);
    return status < 0;
}

TEST(the_next_keys_are_made_and_kept_without_any_right_but_these)
{
#if defined(CORDON_SANITIZED)
    test_skip("a build without sanitizers"); /* their calls are not on the list */
#endif
    check_int(in_child(rotate, false), 0);
}

TEST(the_program_is_confined_when_it_answers)
{
    struct scene scene;
    struct signer_status status;
    char path[64], *text = NULL;
    size_t size = 0;

    scene_open(&scene);
    check_int(signer_status(scene.keeper, &status, &scene.err), 0);
    snprintf(path, sizeof(path), "/proc/%llu/status", (unsigned long long)status.pid);
    check_int(file_read(path, 65536, &text, &size, &scene.err), 0);
    check_contains(text, "NoNewPrivs:\t1\n");
    check_contains(text, "Seccomp:\t2\n");
    mem_free(text);
    /* not dumpable: its files below /proc are root's, whoever it runs as */
    snprintf(path, sizeof(path), "/proc/%llu/mem", (unsigned long long)status.pid);
    check(geteuid() == 0 || open(path, O_RDONLY | O_CLOEXEC) < 0);
    scene_close(&scene);
}
