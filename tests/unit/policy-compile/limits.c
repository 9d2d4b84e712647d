/* SPDX-License-Identifier: Apache-2.0 */
/* Limits, and what may go unenforced by name. */
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fixture.h"

static struct fixture f;

static const char limits[] =
    "resources: {memory: 512MiB, cpus: 1.5, pids: 64, openFiles: 100, disk: 1GiB, output: 1MiB,"
    " wallTime: 30s, cpuTime: 20s}\nprocess: {timeout: 60s}\n";

TEST(limits_are_kept_by_what_is_here)
{
    fixture_open(&f);
    f.facts.cgroup = CGROUP_V2;
    f.facts.cgroup_memory = f.facts.cgroup_cpu = f.facts.cgroup_pids = f.facts.cgroup_cpuacct =
        true;
    accept_text(&f, limits);
    check_int(f.plan->limit_count, 8);
    check_int(plan_limit_value(f.plan, "resources.memory"), 512 << 20);
    check_int(plan_limit_value(f.plan, "resources.cpus"), 1500);
    check_int(plan_limit_value(f.plan, "resources.none"), 0);
    check_int(f.plan->timeout_ms, 30000);
    check_string(f.plan->timeout_member, "resources.wallTime");
    for (size_t i = 0; i < f.plan->limit_count; i++)
        if (strcmp(f.plan->limits[i].member, "resources.pids") == 0)
            check_int(f.plan->limits[i].by, BY_CGROUP);
    fixture_close(&f);
}

TEST(limits_that_nothing_keeps_are_refused_or_named_losses)
{
    fixture_open(&f);
    snprintf(f.facts.cgroup_why, sizeof(f.facts.cgroup_why), "no delegation");
    check_contains(refusal_of(&f, "resources: {memory: 1GiB}\n"), "no delegation");
    check_contains(f.err.text, "add 'resources.memory' to isolation.allowLoss");
    refusal_of(&f, "resources: {cpus: 1}\n");
    refusal_of(&f, "resources: {cpuTime: 1s}\n");
    accept_text(&f, "resources: {pids: 64}\n");
    check_int(f.plan->limits[0].by, BY_RLIMIT);
    accept_text(&f, "resources: {memory: 1GiB}\nisolation: {allowLoss: [resources.memory]}\n");
    check_int(f.plan->limit_count, 0);
    check_int(plan_limit_value(f.plan, "resources.memory"), 0);
    check_string(f.plan->losses[0].name, "resources.memory");
    f.facts.is_root = true; /* RLIMIT_NPROC exempts root's processes */
    check_contains(refusal_of(&f, "resources: {pids: 64}\n"), "resources.pids");
    fixture_close(&f);
}

TEST(core_dumps_to_a_socket_of_the_host_are_refused_or_a_named_loss)
{
    fixture_open(&f);
    f.facts.has_core_socket = true;
    check_contains(refusal_of(&f, ""), "kernel.core_pattern begins with '@'");
    check_contains(f.err.text, "add 'coreDumps' to isolation.allowLoss");
    accept_text(&f, "isolation: {allowLoss: [coreDumps]}\n");
    check_string(f.plan->losses[0].name, "coreDumps");
    for (size_t i = 0; i < f.plan->statement_count; i++)
        if (strcmp(f.plan->statements[i].subject, "core dumps to the host's handler") == 0)
            check_string(f.plan->statements[i].verdict, "sent there");
    f.facts.has_core_socket = false;
    accept_text(&f, "");
    check_int(f.plan->loss_count, 0);
    for (size_t i = 0; i < f.plan->statement_count; i++)
        if (strcmp(f.plan->statements[i].subject, "core dumps to the host's handler") == 0)
            check_string(f.plan->statements[i].verdict, "none");
    fixture_close(&f);
}

/* Where no process can connect on behalf, a granted directory brings in the sockets that the host has there. */
TEST(sockets_in_granted_directories_are_kept_shut_or_a_named_loss)
{
    fixture_open(&f);
    accept_text(&f, "filesystem:\n  readonlyPaths: [\"@/ws\"]\n");
    check(f.plan->filter.keeps_sockets);
    check(!f.plan->filter.keeps_names);
    /* a pipe in a read-only tree: Landlock shuts it unless it lies in a writable one */
    make_directory(&f, "ws/in");
    f.facts.keeps_names = true;
    accept_text(&f, "filesystem:\n  readonlyPaths: [\"@/ws/in\"]\n  readwritePaths: [\"@/ws\"]\n");
    check(f.plan->filter.keeps_names);
    accept_text(&f, "filesystem:\n  readonlyPaths: [/usr/share]\n");
    check(!f.plan->filter.keeps_names);
    f.facts.landlock_abi = 0;
    accept_text(&f, "filesystem:\n  readonlyPaths: [/usr/share]\n");
    check(f.plan->filter.keeps_names);
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws\"]\n");
    check(!f.plan->filter.keeps_names);
    f.facts.landlock_abi = 7;
    f.facts.keeps_names = false;
    accept_text(&f, "filesystem:\n  readonlyPaths: [/bin/sh]\n");
    check(!f.plan->filter.keeps_sockets);
    f.facts.keeps_sockets = false;
    accept_text(&f, "filesystem:\n  readonlyPaths: [/bin/sh]\n");
    check_int(f.plan->loss_count, 0);
    check_contains(refusal_of(&f, "filesystem:\n  readwritePaths: [\"@/ws\"]\n"),
                   "cannot be kept shut: ; to go on without, add 'unixSockets' to isolation.allowLoss");
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws\"]\nisolation: {allowLoss: [unixSockets]}\n");
    check_int(f.plan->loss_count, 1);
    check_string(f.plan->losses[0].name, "unixSockets");
    check(!f.plan->filter.keeps_sockets);
    fixture_close(&f);
}

/* To send to one is to be able to send to all; a stream, or a socket that nobody serves, asks for nothing. */
TEST(a_datagram_service_of_the_host_is_a_named_loss)
{
    static const int types[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *text = "filesystem:\n  readwritePaths: [\"@/ws\"]\nunixSockets: [\"@/sock\"]\n";

    fixture_open(&f);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", full_path(&f, "sock"));
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        int fd = socket(AF_UNIX, types[i] | SOCK_CLOEXEC, 0);

        check_int(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        if (types[i] == SOCK_DGRAM) {
            check_contains(refusal_of(&f, text), "sock takes datagrams");
            accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws\"]\nunixSockets: [\"@/sock\"]\n"
                            "isolation: {allowLoss: [unixSockets]}\n");
            check(f.plan->filter.sends_datagrams && f.plan->filter.keeps_sockets);
            check_int(f.plan->loss_count, 1);
        } else {
            check_int(listen(fd, 1), 0);
            accept_text(&f, text);
            check(!f.plan->filter.sends_datagrams && f.plan->filter.keeps_sockets);
        }
        accept_text(&f, "filesystem:\n  readonlyPaths: [/bin/sh]\nunixSockets: [\"@/sock\"]\n"); /* nothing else is there */
        close(fd);
        accept_text(&f, text);
        check(!f.plan->filter.sends_datagrams);
        check_int(unlink(address.sun_path), 0);
    }
    fixture_close(&f);
}

TEST(a_loss_that_a_ceiling_does_not_allow_is_not_allowed)
{
    fixture_open(&f);
    add_layer(&f, LAYER_CEILING, "isolation: {allowLoss: []}\n");
    add_layer(&f, LAYER_REQUEST,
              "resources: {memory: 1GiB}\nisolation: {allowLoss: [resources.memory]}\n");
    check(compile_layers(&f) < 0);
    check_int(f.err.kind, ERROR_UNENFORCEABLE);
    fixture_close(&f);
}
