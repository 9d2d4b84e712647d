/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/tpm.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/file.h"
#include "base/memory.h"

#define BLOB_MAX  4096
#define STATE_MAX ((size_t)128 << 10)

extern char **environ;

bool signer_tpm_is_fit(const char *directory)
{
    char path[PATH_MAX], *text = NULL;
    size_t size = 0;
    bool is_fit;

    if (access(TPM_DEVICE, R_OK | W_OK) < 0 || snprintf(path, sizeof(path), "%s/authority.json", directory) >= (int)sizeof(path))
        return false;
    if (file_read(path, STATE_MAX, &text, &size, NULL) < 0)
        return access(path, F_OK) < 0;
    is_fit = strstr(text, "\"keyProtection\": \"tpm\"") != NULL;
    explicit_bzero(text, size);
    mem_free(text);
    return is_fit;
}

static int start(const struct signer_tpm *tpm, const char *verb, int in, int out, pid_t *ret_pid, struct error *err)
{
    char *argv[] = {(char *)"cordon-tpm", (char *)(uintptr_t)verb, (char *)(uintptr_t)tpm->words, NULL};
    posix_spawn_file_actions_t actions;
    int status;

    posix_spawn_file_actions_init(&actions);
    status = posix_spawn_file_actions_adddup2(&actions, in, 0);
    if (status == 0)
        status = posix_spawn_file_actions_adddup2(&actions, out, 1);
    if (status == 0)
        status = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    if (status == 0)
        status = posix_spawn(ret_pid, tpm->program, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return status ? error_system(err, status, "start %s", tpm->program) : 0;
}

/* What goes in is small enough for a pipe that nobody reads yet. */
static int ask(const struct signer_tpm *tpm, const char *verb, const void *bytes, size_t size, char **ret_bytes, size_t *ret_size, struct error *err)
{
    auto_close int in = -1, in_end = -1, out = -1, out_end = -1;
    int in_pipe[2], out_pipe[2], how = 0, status;
    pid_t pid = -1;

    if (pipe2(in_pipe, O_CLOEXEC) < 0)
        return error_system(err, errno, "make a pipe");
    in = in_pipe[1];
    in_end = in_pipe[0];
    if (pipe2(out_pipe, O_CLOEXEC) < 0)
        return error_system(err, errno, "make a pipe");
    out = out_pipe[0];
    out_end = out_pipe[1];
    status = file_write_all(in, bytes, size);
    if (status == 0)
        status = start(tpm, verb, in_end, out_end, &pid, err);
    if (status < 0)
        return status;
    fd_close_at(&in);
    fd_close_at(&out_end);
    in = out_end = -1;
    status = file_read_fd(out, "cordon-tpm", BLOB_MAX, ret_bytes, ret_size, err);
    while (waitpid(pid, &how, 0) < 0)
        if (errno != EINTR)
            return error_system(err, errno, "wait for cordon-tpm");
    if (status == 0 && (!WIFEXITED(how) || WEXITSTATUS(how))) {
        explicit_bzero(*ret_bytes, *ret_size);
        mem_free(take_ptr(*ret_bytes));
        status = error_set(err, ERROR_SYSTEM, EIO, "the TPM (%s) does not %s the authority's key: see above", tpm->words, verb);
    }
    return status;
}

static int seal(void *context, const unsigned char key[WRAP_KEY_SIZE], char **ret_sealed, struct error *err)
{
    auto_free char *blob = NULL;
    char *text;
    size_t size = 0;
    int status = ask(context, "seal", key, WRAP_KEY_SIZE, &blob, &size, err);

    if (status < 0)
        return status;
    text = mem_alloc(BASE64_TEXT_SIZE(size));
    if (!text)
        return error_memory(err);
    base64_encode(blob, size, text);
    *ret_sealed = text;
    return 0;
}

static int unseal(void *context, const char *sealed, unsigned char ret_key[WRAP_KEY_SIZE], struct error *err)
{
    unsigned char blob[BLOB_MAX];
    auto_free char *key = NULL;
    size_t size = 0;
    ssize_t blob_size = base64_decode_exact(sealed, strlen(sealed), blob, sizeof(blob));
    int status = blob_size > 0 ? ask(context, "unseal", blob, (size_t)blob_size, &key, &size, err)
                               : error_set(err, ERROR_INVALID, EINVAL, "what the TPM sealed was changed");

    if (status < 0)
        return status;
    if (size == WRAP_KEY_SIZE)
        memcpy(ret_key, key, size);
    explicit_bzero(key, size);
    return size == WRAP_KEY_SIZE ? 0 : error_set(err, ERROR_SYSTEM, EIO, "the TPM unsealed what is no key");
}

/* Beside this program; in a build tree, in its own part. */
int signer_tpm_find(struct signer_tpm *tpm, const char *words, struct error *err)
{
    static const char *const places[] = {"cordon-tpm", "../tpm/cordon-tpm"};
    char own[PATH_MAX / 2];
    ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);

    if (length <= 0)
        return error_system(err, errno, "find this program");
    own[length] = '\0';
    *strrchr(own, '/') = '\0';
    tpm->words = words;
    tpm->protection = (struct issuer_protection){.name = "tpm", .seal = seal, .unseal = unseal, .context = tpm};
    for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
        snprintf(tpm->program, sizeof(tpm->program), "%s/%s", own, places[i]);
        if (access(tpm->program, X_OK) == 0)
            return 0;
    }
    return error_set(err, ERROR_NOT_FOUND, ENOENT, "this installation has no cordon-tpm: it was built without the libraries of TPMs (libtss2-dev)");
}
