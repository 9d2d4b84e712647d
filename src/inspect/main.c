/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cordon-inspector: reads what the programs of one container say to servers where a rule is about requests.
 *
 * Theory of operation. It is started with one end of a socket pair, an empty environment and the rights of the caller. It
 * enters namespaces of its own, in which there is no file and no network; hears the rules, whom to believe, and the sockets
 * to the gateway and the holder; makes the authority of this container, where a rule opens TLS; and gives up every
 * capability, new processes, and all calls that open a file or make or connect a socket (worker/confine.c). Only then is
 * READY said.
 *
 * From there on it has what the gateway gives it: connections that are made already, two sockets each. It reads what a
 * program asks, has net_decide() judge each request, and writes what is permitted anew. It keeps no secret but the key of
 * its authority, which is believed in this container alone. It ends when either channel ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "inspect/authority.h"
#include "inspect/calls.h"
#include "inspect/control.h"
#include "inspect/sessions.h"
#include "inspect/tls.h"
#include "worker/channel.h"
#include "worker/confine.h"
#include "worker/start.h"

#define STATUS_FAILED 125
#define TRUST_MAX     ((size_t)4 << 20)
#define HEAP_SLACK    (1 << 20) /* kept for the next connections */

#define BIT(type) (1u << (type))

struct given {
    int gateway, holder;
    char *trust;
    size_t trust_size;
    unsigned trust_own; /* the first ones, which are the policy's */
};

static int take_secrets(struct inspector *inspector, int fd, struct error *err)
{
    auto_free char *record = NULL;
    size_t size;
    int status = worker_read_sealed(fd, NET_SECRETS_RECORD_MAX, "the secrets", &record, &size, err);

    inspector->secrets_arena = arena_new();
    if (!inspector->secrets_arena)
        return error_memory(err);
    if (status == 0)
        status = net_secrets_read(inspector->secrets_arena, record, size, &inspector->secrets, err);
    return status < 0 ? status : placeholders_init(&inspector->placeholders, inspector->secrets, err);
}

/* Each message once; RULES comes first. *ret_is_last: BEGIN. */
static int take(struct inspector *inspector, struct given *given, bool *ret_is_last, struct error *err)
{
    uint32_t wanted = inspector->rules ? BIT(WORKER_SECRETS) | BIT(WORKER_TRUST) | BIT(WORKER_GATEWAY) | BIT(WORKER_HOLDER) |
                                             BIT(WORKER_BEGIN)
                                       : BIT(WORKER_RULES);
    struct worker_message message;
    auto_close int fd = -1;
    int status = worker_receive(wanted, &message, &fd, err);

    if (status < 0)
        return status;
    switch (message.type) {
    case WORKER_RULES:
        return control_read_rules(inspector, fd, err);
    case WORKER_SECRETS:
        return inspector->secrets ? error_set(err, ERROR_INTERNAL, EPROTO, "the secrets come twice") : take_secrets(inspector, fd, err);
    case WORKER_TRUST:
        mem_free(given->trust);
        given->trust = NULL;
        given->trust_own = message.kind;
        return worker_read_sealed(fd, TRUST_MAX, "the certificates that are believed", &given->trust, &given->trust_size, err);
    case WORKER_GATEWAY:
        fd_close_at(&given->gateway);
        given->gateway = take_fd(fd);
        return 0;
    case WORKER_HOLDER:
        fd_close_at(&given->holder);
        given->holder = take_fd(fd);
        return 0;
    default:
        *ret_is_last = true;
        return given->gateway >= 0 ? 0 : error_set(err, ERROR_INTERNAL, EPROTO, "there is no gateway to listen to");
    }
}

static int prepare_tls(struct inspector *inspector, struct given *given, struct error *err)
{
    int status = tls_prepare(err);

    inspector->sessions = sessions_new();
    if (status == 0 && !inspector->sessions)
        status = error_memory(err);
    if (status == 0)
        status = authority_new(time(NULL), &inspector->authority, err);
    if (status == 0)
        status = tls_to_programs(&inspector->to_programs, err);
    if (status == 0)
        status = tls_to_servers(&inspector->to_servers, err);
    if (status == 0)
        status = believed_begin(&inspector->believed, inspector->to_servers, take_ptr(given->trust), given->trust_size,
                                given->trust_own, err);
    return status;
}

/* -1 where nothing is opened. */
static int seal_authority(const struct inspector *inspector, int *ret_fd, struct error *err)
{
    auto_close int fd = -1;
    auto_free char *text = NULL;
    size_t size;
    int status;

    if (!inspector->authority)
        return 0;
    status = authority_print(inspector->authority, &text, &size, err);
    if (status < 0)
        return status;
    fd = memfd_create("cordon-authority", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return error_system(err, errno, "make room for the container's authority");
    status = file_write_all(fd, text, size);
    if (status < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
        return error_system(err, status < 0 ? -status : errno, "seal the container's authority");
    *ret_fd = take_fd(fd);
    return 0;
}

static int begin(struct inspector *inspector, int *ret_authority, struct error *err)
{
    struct given given = {.gateway = -1, .holder = -1};
    bool is_last = false;
    int status = worker_close_others(err);

    /* first of all: its own /proc/self is closed to whoever is not dumpable, and nothing is there yet to be looked at */
    if (status == 0)
        status = confine_apart(err);
    if (status == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        status = error_system(err, errno, "hide this process's memory");
    while (status == 0 && !is_last)
        status = take(inspector, &given, &is_last, err);
    if (status == 0 && net_rules_open_tls(inspector->rules))
        status = prepare_tls(inspector, &given, err);
    if (status == 0)
        status = seal_authority(inspector, ret_authority, err);
    calls_prepare();
    mem_free(given.trust);
    if (status == 0)
        status = confine_limits(CONFINE_PARSER, err);
    if (status == 0)
        status = loop_open(&inspector->loop, err);
    inspector->holder = given.holder;
    if (status == 0)
        status = control_open(inspector, given.gateway, err);
    return status == 0 ? confine_thread(CONFINE_PARSER, err) : status;
}

int main(void)
{
    static struct inspector inspector = {.holder = -1, .events.channel = -1};
    static const struct worker_message ready = {.type = WORKER_READY};
    struct error err = ERROR_INIT;
    int authority = -1;

    signal(SIGPIPE, SIG_IGN);
    mallopt(M_TRIM_THRESHOLD, HEAP_SLACK);
    mallopt(M_MMAP_THRESHOLD, HEAP_SLACK);
    if (begin(&inspector, &authority, &err) < 0) {
        channel_send_error(WORKER_CHANNEL, &err);
        channel_end(WORKER_CHANNEL);
        return STATUS_FAILED;
    }
    if (channel_send_with(WORKER_CHANNEL, &ready, &authority, authority >= 0, false) < 0)
        return STATUS_FAILED;
    fd_close_at(&authority);
    return loop_run(inspector.loop) < 0 ? STATUS_FAILED : EXIT_SUCCESS;
}
