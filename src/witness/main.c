/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cordon-witness: cosigns checkpoints of logs over HTTP (C2SP tlog-witness). Theory of operation: it holds its key and what it last signed
 * for each log, in one directory; it listens, gives up all other files, every new socket and process, and the system calls that it does not name (confine.c), and only then answers. TLS, where it is wanted,
 * is a proxy's in front of it: what it answers is signed by itself.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <microhttpd.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "protocol/service.h"
#include "witness/confine.h"
#include "witness/witness.h"

#define STATUS_FAILED   1
#define STATUS_USAGE    2
#define CONNECTIONS_MAX 256
#define PER_ADDRESS_MAX 32
#define TIMEOUT_S       20
#define KEY_FILE_MAX    4096

static const char usage[] =
    "Usage: cordon-witness --state DIRECTORY --name NAME --log KEY... [OPTION...]\n"
    "\n"
    "  --state DIRECTORY  its key and what it last signed; made where it is not there\n"
    "  --name NAME        of its key: witness.example/w1\n"
    "  --log KEY          the verifier key of a log, or @FILE with it; may be said several times\n"
    "  --listen ADDRESS   IPv4 address and port (default 127.0.0.1:7380)\n"
    "  --version          print it\n";

enum { OPTION_STATE = 256, OPTION_NAME, OPTION_LOG, OPTION_LISTEN, OPTION_HELP, OPTION_VERSION };

static const struct option options[] = {
    {"state", required_argument, NULL, OPTION_STATE}, {"name", required_argument, NULL, OPTION_NAME},
    {"log", required_argument, NULL, OPTION_LOG},     {"listen", required_argument, NULL, OPTION_LISTEN},
    {"help", no_argument, NULL, OPTION_HELP},         {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static volatile sig_atomic_t is_ending;

struct settings {
    const char *state, *name, *listen;
    const char *logs[WITNESS_LOGS_MAX];
    size_t log_count;
};

/* ---- HTTP ---- */

/* Of one request: what has come of its body. */
struct upload {
    struct text body;
    bool is_too_long;
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type, const struct text *body)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(body->length, body->data ? body->data : (char *)(uintptr_t)"", MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result;

    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", type);
    result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result take_upload(struct witness *witness, struct MHD_Connection *connection, struct upload *upload)
{
    auto_text struct text text = {0};
    enum witness_status status = WITNESS_BAD_REQUEST;

    if (!upload->is_too_long && !upload->body.is_broken)
        status = witness_take(witness, upload->body.data ? upload->body.data : "", upload->body.length, (uint64_t)time(NULL), &text);
    return answer(connection, (unsigned)status, status == WITNESS_CONFLICT && text.length ? "text/x.tlog.size" : "text/plain; charset=utf-8", &text);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                              const char *data, size_t *data_size, void **state)
{
    const struct text nothing = {0};
    struct upload *upload = *state;

    if (strcmp(url, "/add-checkpoint") != 0)
        return answer(connection, MHD_HTTP_NOT_FOUND, "text/plain", &nothing);
    if (strcmp(method, "POST") != 0)
        return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain", &nothing);
    if (!upload) {
        *state = mem_alloc(sizeof(struct upload));
        return *state ? MHD_YES : MHD_NO;
    }
    if (*data_size == 0)
        return take_upload(context, connection, upload);
    if (upload->body.length + *data_size > WITNESS_BODY_MAX)
        upload->is_too_long = true;
    else
        text_add_n(&upload->body, data, *data_size);
    *data_size = 0;
    return MHD_YES;
}

static void completed(void *context, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
    struct upload *upload = *state;

    if (upload)
        text_finish(&upload->body);
    mem_free(upload);
    *state = NULL;
}

/* ---- the beginning ---- */

static int listen_at(const char *text, int *ret_fd, struct error *err)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    const char *colon = strrchr(text, ':');
    char host[64] = "";
    auto_close int fd = -1;
    uint64_t port;
    int one = 1;

    if (!colon || (size_t)(colon - text) >= sizeof(host))
        return error_set(err, ERROR_INVALID, EINVAL, "--listen %s: not ADDRESS:PORT", text);
    memcpy(host, text, (size_t)(colon - text));
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1 || number_parse(colon + 1, 0, 65535, &port, NULL) < 0)
        return error_set(err, ERROR_INVALID, EINVAL, "--listen %s: not an IPv4 address and a port", text);
    address.sin_port = htons((uint16_t)port);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, SOMAXCONN) < 0)
        return error_system(err, errno, "listen at %s", text);
    *ret_fd = take_fd(fd);
    return 0;
}

static int add_log(struct witness *witness, const char *text, struct error *err)
{
    auto_free char *bytes = NULL;
    size_t size = strlen(text);
    struct note_key key;
    int status = 0;

    if (text[0] == '@') {
        status = file_read(text + 1, KEY_FILE_MAX, &bytes, &size, err);
        text = bytes;
    }
    while (status == 0 && size > 0 && text[size - 1] == '\n')
        size--;
    if (status == 0)
        status = note_key_read(text, size, &key, err);
    if (status == 0 && key.type != NOTE_ED25519)
        return error_set(err, ERROR_INVALID, EINVAL, "%s: not the key of a log", key.name);
    return status == 0 ? witness_add_log(witness, &key, err) : status;
}

static int begin(const struct settings *settings, struct witness **ret_witness, int *ret_fd, struct error *err)
{
    auto_witness struct witness *witness = NULL;
    int status = merkle_prepare(err);

    if (status == 0)
        status = witness_open(settings->state, settings->name, &witness, err);
    for (size_t i = 0; i < settings->log_count && status == 0; i++)
        status = add_log(witness, settings->logs[i], err);
    if (status == 0)
        status = service_socket("witness", ret_fd, err);
    if (status == -ENOENT)
        status = listen_at(settings->listen, ret_fd, err);
    if (status == 0)
        status = witness_confine(settings->state, NULL, false, err);
    if (status == 0)
        *ret_witness = take_ptr(witness);
    return status;
}

static void end(int number)
{
    is_ending = 1;
}

/* A signal is heard while it waits, and at no other time. */
static int run(struct MHD_Daemon *server)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd ready = {.fd = info ? info->epoll_fd : -1, .events = POLLIN};
    MHD_UNSIGNED_LONG_LONG left_ms = 0;
    sigset_t waiting;

    sigprocmask(SIG_SETMASK, NULL, &waiting);
    sigdelset(&waiting, SIGTERM);
    sigdelset(&waiting, SIGINT);
    while (!is_ending && ready.fd >= 0) {
        bool has_left = MHD_get_timeout(server, &left_ms) == MHD_YES;
        struct timespec left = {.tv_sec = has_left ? (time_t)(left_ms / 1000) : 0, .tv_nsec = has_left ? (long)(left_ms % 1000) * 1000000 : 0};

        if (ppoll(&ready, 1, has_left ? &left : NULL, &waiting) >= 0 && MHD_run(server) != MHD_YES)
            return STATUS_FAILED;
    }
    return is_ending ? EXIT_SUCCESS : STATUS_FAILED;
}

static void tell(const struct witness *witness, int fd)
{
    char text[NOTE_KEY_TEXT_SIZE];
    struct sockaddr_in address;
    socklen_t size = sizeof(address);
    struct note_key key;

    witness_key(witness, &key);
    note_key_print(&key, text);
    getsockname(fd, (struct sockaddr *)&address, &size);
    printf("%s\nport %u\n", text, ntohs(address.sin_port));
    fflush(stdout);
    service_notify("READY=1");
}

/* One thread answers all: what is compared and what is remembered is never another's in between. Nobody is answered before the last right is given up. */
static int serve(struct witness *witness, int fd)
{
    struct MHD_Daemon *server;
    struct error err = ERROR_INIT;
    sigset_t set;
    int status;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGTERM, end);
    signal(SIGINT, end);
    server = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, handle, witness, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                              MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)PER_ADDRESS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S,
                              MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
    if (!server) {
        fprintf(stderr, "cordon-witness: could not begin to answer\n");
        return STATUS_FAILED;
    }
    tell(witness, fd);
    status = witness_shut_calls(&err) < 0 ? STATUS_FAILED : run(server);
    if (status != EXIT_SUCCESS)
        fprintf(stderr, "cordon-witness: %s\n", err.kind ? err.text : "could not go on answering");
    MHD_stop_daemon(server);
    return status;
}

static int refuse(const char *text)
{
    fprintf(stderr, "cordon-witness: %s\n%s", text, usage);
    return STATUS_USAGE;
}

int main(int argc, char **argv)
{
    static struct settings settings = {.listen = "127.0.0.1:7380"};
    auto_witness struct witness *witness = NULL;
    struct error err = ERROR_INIT;
    int option, fd = -1;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == OPTION_HELP)
            return fputs(usage, stdout) == EOF;
        if (option == OPTION_VERSION)
            return puts("cordon-witness " CORDON_VERSION_TEXT) == EOF;
        if (option == OPTION_STATE)
            settings.state = optarg;
        else if (option == OPTION_NAME)
            settings.name = optarg;
        else if (option == OPTION_LISTEN)
            settings.listen = optarg;
        else if (option == OPTION_LOG && settings.log_count < WITNESS_LOGS_MAX)
            settings.logs[settings.log_count++] = optarg;
        else
            return STATUS_USAGE;
    }
    if (!settings.state || !settings.name || optind != argc)
        return refuse("--state and --name are needed, and nothing behind the options");
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (begin(&settings, &witness, &fd, &err) < 0) {
        fprintf(stderr, "cordon-witness: %s\n", err.text);
        return STATUS_FAILED;
    }
    return serve(witness, fd);
}
