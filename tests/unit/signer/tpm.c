/* SPDX-License-Identifier: Apache-2.0 */
/* An authority whose keys are worth nothing without the TPM that sealed them. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "scene.h"

#define PROGRAM "/usr/bin/swtpm"

struct software_tpm {
    char directory[40], state[80], socket[80], words[100];
    pid_t pid;
};

static bool can_connect(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), status;

    strncpy(name.sun_path, path, sizeof(name.sun_path) - 1);
    status = connect(fd, (struct sockaddr *)&name, sizeof(name));
    close(fd);
    return status == 0;
}

/* It ends with its last connection, so it is started for each. */
static void tpm_start(struct software_tpm *tpm)
{
    char server[120], control[120], control_path[90];

    snprintf(server, sizeof(server), "type=unixio,path=%s", tpm->socket);
    snprintf(control_path, sizeof(control_path), "%s.ctrl", tpm->socket); /* where the TSS looks for it */
    snprintf(control, sizeof(control), "type=unixio,path=%s", control_path);
    tpm->pid = fork();
    if (tpm->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* also where the test fails */
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 2);
        execl(PROGRAM, "swtpm", "socket", "--tpm2", "--tpmstate", tpm->state, "--server", server, "--ctrl", control, "--flags",
              "not-need-init,startup-clear", (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 1000 && !can_connect(control_path); i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static void tpm_open(struct software_tpm *tpm)
{
    *tpm = (struct software_tpm){.directory = "/tmp/test-signer-XXXXXX"};
    check(test_make_directory(tpm->directory) != NULL);
    snprintf(tpm->state, sizeof(tpm->state), "dir=%s", tpm->directory);
    snprintf(tpm->socket, sizeof(tpm->socket), "%s/tpm", tpm->directory);
    snprintf(tpm->words, sizeof(tpm->words), "swtpm:path=%s", tpm->socket);
    tpm_start(tpm);
}

static void tpm_stop(struct software_tpm *tpm)
{
    kill(tpm->pid, SIGTERM);
    waitpid(tpm->pid, NULL, 0);
    unlink(tpm->socket);
}

static void need_tpm(void)
{
    if (access(PROGRAM, X_OK) < 0)
        test_skip("swtpm");
    if (access(CORDON_TEST_TPM, X_OK) < 0)
        test_skip("a build with libtss2-dev");
}

/* Does it serve? */
static bool starts(struct scene *scene)
{
    int ends[2], fd = -1;
    bool begins;

    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    scene->process.pid = fork();
    if (scene->process.pid == 0) {
        dup2(ends[1], 30);
        dup2(30, SIGNER_CHANNEL);
        setenv("LISTEN_FDS", "1", 1);
        setenv("LISTEN_FDNAMES", "cordond", 1);
        fclose(stderr);
        execl(CORDON_TEST_SIGNER, "cordon-signer", "--directory", scene->directory, "--domain", "local.test", "--host", "box", scene->tpm ? "--tpm" : NULL,
              scene->tpm, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    begins = signer_serve(ends[0], PERSON, &fd, &scene->err) == 0;
    if (fd >= 0)
        close(fd);
    close(ends[0]);
    waitpid(scene->process.pid, NULL, 0);
    return begins;
}

TEST(keys_that_a_tpm_protects_are_found_again_with_it_alone)
{
    struct software_tpm tpm, other;
    struct scene scene = {.directory = "/tmp/test-signer-XXXXXX", .keeper = -1, .err = ERROR_INIT};
    struct signer_status status;
    char path[80], *text = NULL, *before, *after;
    size_t size = 0;

    need_tpm();
    check(test_make_directory(scene.directory) != NULL);
    tpm_open(&tpm);
    scene.tpm = tpm.words;
    scene_start(&scene);
    check_int(signer_status(scene.keeper, &status, &scene.err), 0);
    check_string(status.protection, "tpm");
    check_int(signer_open(scene.keeper, AGENT, NULL, NULL, &scene.err), 0);
    before = scene_ask(&scene, AGENT, &(struct signer_question){.what = "bundle"});
    scene_close(&scene);
    snprintf(path, sizeof(path), "%s/authority.json", scene.directory);
    check_int(file_read(path, 1 << 20, &text, &size, &scene.err), 0);
    check(!strstr(text, "PRIVATE KEY") && strstr(text, "\"keyProtection\": \"tpm\""));
    mem_free(text);

    tpm_stop(&tpm); /* the machine is off and on again */
    tpm_start(&tpm);
    scene.keeper = -1;
    scene_start(&scene);
    check_int(signer_open(scene.keeper, AGENT, NULL, NULL, &scene.err), 0);
    after = scene_ask(&scene, AGENT, &(struct signer_question){.what = "bundle"});
    check_string(after, before);
    scene_close(&scene);
    mem_free(before);
    mem_free(after);

    tpm_open(&other); /* the disk in another machine */
    scene.tpm = other.words;
    check(!starts(&scene));
    scene.tpm = NULL; /* and without any */
    check(!starts(&scene));
    tpm_stop(&other);
    tpm_stop(&tpm);
}
