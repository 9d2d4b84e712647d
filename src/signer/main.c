/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cordon-signer [--system] [--directory DIRECTORY] [--domain TRUST-DOMAIN --host HOST] [--tpm TCTI] [--control-user USER]
 *
 * Runs for one machine as a user of its own, or for one user as that user. It is started with a listening socket named `signer` (LISTEN_FDS),
 * to which cordond comes, and the next one after it; or with one that is connected, named `cordond`, by which it is told of keepers; or, without any word, with one as descriptor 3, which says first where the authority is (SIGN_BEGIN).
 * It ends with that socket, or on SIGTERM. It makes no socket, and executes nothing but cordon-tpm, before it gives up its rights.
 */
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "identity/issuer.h"
#include "protocol/service.h"
#include "signer/client.h"
#include "signer/signer.h"
#include "signer/tpm.h"

#define FAILED 1

static const char usage[] = "usage: cordon-signer [--system] [--directory DIRECTORY] [--domain TRUST-DOMAIN --host HOST] [--tpm TCTI] [--control-user USER]\n";

struct options {
    const char *directory, *domain, *host, *tpm, *control_user;
    bool is_system;
};

static struct signer signer;

static time_t wall_clock(void)
{
    return time(NULL);
}

static int options_read(int argc, char **argv, struct options *options, struct error *err)
{
    const struct {
        const char *name;
        const char **value;
    } rows[] = {{"--directory", &options->directory}, {"--domain", &options->domain}, {"--host", &options->host}, {"--tpm", &options->tpm},
                  {"--control-user", &options->control_user}};

    for (int i = 1; i < argc; i++) {
        bool is_known = strcmp(argv[i], "--system") == 0;

        options->is_system |= is_known;
        for (size_t j = 0; j < ARRAY_COUNT(rows) && !is_known; j++)
            if (strcmp(argv[i], rows[j].name) == 0 && i + 1 < argc) {
                *rows[j].value = argv[++i];
                is_known = true;
            }
        if (!is_known)
            return error_set(err, ERROR_INVALID, EINVAL, "unknown option '%.100s'; %s", argv[i], usage);
    }
    if (!options->domain != !options->host)
        return error_set(err, ERROR_INVALID, EINVAL, "--domain and --host go together");
    return 0;
}

/* /var/lib/cordon/identity; of a user $XDG_STATE_HOME/cordon/identity. `*ret_state`: what is around it. */
static int find_directory(const struct options *options, char ret_state[PATH_MAX], char ret_directory[PATH_MAX], struct error *err)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int length;

    if (options->directory && options->directory[0] == '/') /* an id of its own, where the machine has none, is the user's: beside it */
        length = snprintf(ret_state, PATH_MAX, "%.*s", (int)(strrchr(options->directory, '/') - options->directory), options->directory);
    else if (options->is_system)
        length = snprintf(ret_state, PATH_MAX, "/var/lib/cordon");
    else if (state && state[0] == '/')
        length = snprintf(ret_state, PATH_MAX, "%s/cordon", state);
    else if (home && home[0] == '/')
        length = snprintf(ret_state, PATH_MAX, "%s/.local/state/cordon", home);
    else
        return error_set(err, ERROR_INVALID, ENOENT, "neither --directory nor HOME says where the authority is kept");
    if (length >= PATH_MAX - 16)
        return error_set(err, ERROR_LIMIT, ENAMETOOLONG, "the name of the state directory is too long");
    if (options->directory && strlen(options->directory) < PATH_MAX)
        text_put(ret_directory, PATH_MAX, options->directory);
    else if (snprintf(ret_directory, PATH_MAX, "%s/identity", ret_state) >= PATH_MAX)
        return error_set(err, ERROR_LIMIT, ENAMETOOLONG, "the name of the state directory is too long");
    return 0;
}

static int find_host(const struct options *options, const char *state, struct identity_name *ret_host, struct error *err)
{
    char machine_id[33];
    bool is_own;
    int status;

    if (options->domain)
        return identity_host(options->domain, options->host, ret_host, err);
    status = identity_machine_id(state, machine_id, &is_own, err);
    return status < 0 ? status : identity_local(machine_id, ret_host, err);
}

/* A descriptor for each connection, as far as it may. */
static void raise_files(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        (void)!setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* The keys are in this process's memory: nobody looks into it. */
static int shut_memory(struct error *err)
{
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) < 0)
        return error_system(err, errno, "keep others from the memory of this process");
    umask(022);
    return 0;
}

static void tick(struct loop_timer *timer)
{
    struct error err = ERROR_INIT;
    int status = issuer_step(signer.issuer, wall_clock(), &err);

    /* what could not be renewed now holds for weeks, and is tried again */
    if (status > 0)
        signer_tell(&signer, NULL, &(struct signer_note){.code = "rotated"});
    if (status < 0)
        fprintf(stderr, "cordon-signer: %s\n", err.text);
    loop_start(signer.loop, timer, SIGNER_STEP_MS);
}

/* Whose connections are cordond's: of the user's service the user's own. */
static int find_control(const struct options *options, uid_t *ret_uid, struct error *err)
{
    const struct passwd *found = options->control_user ? getpwnam(options->control_user) : NULL;

    *ret_uid = found ? found->pw_uid : geteuid();
    if (options->control_user && !found)
        return error_set(err, ERROR_INVALID, EINVAL, "--control-user %.100s: there is no such user", options->control_user);
    return 0;
}

/* With the sockets and words of a service. *ret_listens: cordond comes to it, and after it the next one. */
static int begin_service(const struct options *options, char directory[PATH_MAX], struct identity_name *ret_host, int *ret_fd, bool *ret_listens,
                         struct error *err)
{
    char state[PATH_MAX];
    int status = find_directory(options, state, directory, err);

    if (status == 0)
        status = find_host(options, state, ret_host, err);
    if (status < 0)
        return status;
    status = service_socket("signer", ret_fd, NULL);
    *ret_listens = status == 0;
    return status == 0 ? 0 : service_socket("cordond", ret_fd, err);
}

/* Of whoever started it: the one message that comes before all others. */
static int begin_told(char directory[PATH_MAX], struct identity_name *ret_host, uint32_t *ret_request, struct error *err)
{
    struct protocol_received *received = &signer.received;
    const char *path, *name;
    int status = protocol_receive(SIGNER_CHANNEL, 0, received, err);

    if (status == 0)
        return error_set(err, ERROR_SYSTEM, ECONNRESET, "whoever started this is gone");
    if (status > 0)
        status = protocol_permit(&received->message, PROTOCOL_DAEMON, PROTOCOL_SIGNER, PROTOCOL_NEW, received->fd_count, err);
    protocol_drop(received);
    if (status < 0)
        return status;
    path = protocol_text(&received->message, TAG_PATH);
    name = protocol_text(&received->message, TAG_SIGN_NAME);
    if (strlen(path) >= PATH_MAX)
        return error_set(err, ERROR_LIMIT, ENAMETOOLONG, "the name of the directory is too long");
    text_put(directory, PATH_MAX, path);
    *ret_request = received->message.request;
    return identity_parse(name, strlen(name), ret_host, err);
}

/* By a TPM where that is asked for, and for a machine where there is one. */
static int open_issuer(const struct options *options, const char *directory, const struct identity_name *host, struct error *err)
{
    static struct signer_tpm tpm; /* as long as the issuer */
    const char *words = options->tpm ? options->tpm : options->is_system && signer_tpm_is_fit(directory) ? TPM_WORDS : NULL;
    int status = words ? signer_tpm_find(&tpm, words, err) : 0;

    if (status == -ENOENT && !options->tpm)
        words = NULL;
    else if (status < 0)
        return status;
    return issuer_open_by(directory, host, words ? &tpm.protection : NULL, wall_clock(), &signer.issuer, err);
}

static int open_all(const struct options *options, const char *directory, const struct identity_name *host, struct error *err)
{
    int status = open_issuer(options, directory, host, err);

    if (status == 0)
        status = loop_open(&signer.loop, err);
    if (status < 0)
        return status;
    signer.listener.fd = -1;
    signer.now = wall_clock;
    signer.timer.due = tick;
    if (getrandom(&signer.secret, sizeof(signer.secret), 0) != sizeof(signer.secret))
        return error_system(err, errno, "random bytes");
    loop_start(signer.loop, &signer.timer, SIGNER_STEP_MS);
    return 0;
}

static int begin(const struct options *options, bool is_service, struct error *err)
{
    char directory[PATH_MAX];
    struct identity_name host;
    auto_protocol struct protocol_out out;
    uint32_t request = 0;
    uid_t control = 0;
    bool listens = false;
    int fd = SIGNER_CHANNEL, status = shut_memory(err);

    raise_files();
    if (status == 0)
        status = is_service ? begin_service(options, directory, &host, &fd, &listens, err) : begin_told(directory, &host, &request, err);
    if (status == 0)
        status = open_all(options, directory, &host, err);
    if (status == 0)
        status = find_control(options, &control, err);
    if (status == 0)
        status = listens ? signer_listen(&signer, fd, control, err) : signer_connect(&signer, fd, NULL, true, err);
    signer.is_system = options->is_system;
    signer.is_single = !is_service;
    if (status == 0 && is_service)
        service_notify("READY=1"); /* before the way to it is shut */
    if (status == 0)
        status = signer_confine(directory, err);
    if (!is_service && status < 0)
        protocol_send_error(fd, request, err, NULL);
    protocol_begin(&out, PROTOCOL_DONE, request);
    return status < 0 || is_service ? status : protocol_send(fd, 0, &out, NULL, 0, err);
}

int main(int argc, char **argv)
{
    struct options options = {0};
    struct error err = ERROR_INIT;
    bool is_service = getenv("LISTEN_FDNAMES") != NULL; /* else its only word is the number of the descriptor */
    int status;

    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return fputs(usage, stdout) < 0;
    signal(SIGPIPE, SIG_IGN);
    status = is_service ? options_read(argc, argv, &options, &err) : 0;
    if (status == 0)
        status = begin(&options, is_service, &err);
    if (status == 0)
        status = loop_run(signer.loop);
    if (status < 0)
        fprintf(stderr, "cordon-signer: %s\n", err.text[0] ? err.text : strerror(-status));
    return status < 0 ? FAILED : 0;
}
