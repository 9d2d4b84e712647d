/* SPDX-License-Identifier: Apache-2.0 */
/* What a nester begins while it sees the host: the record, the ceilings, the first process, the gateway. It has read nothing of the program's yet. */
#include "sdk/nest/nester.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "sdk/helpers.h"
#include "sdk/nest/beside.h"
#include "sdk/network.h"

#define CEILING_DIRECTORY "/etc/cordon/ceiling.d"
#define EXECUTED_TRIES    10000 /* milliseconds in which a first process executes its program */

int nester_tell_starter(const struct nester_of *n, enum nest_type type, unsigned number, const int *fds, size_t count)
{
    struct nest_packet packet = {.type = type, .number = number};

    snprintf(packet.id, sizeof(packet.id), "%s", cordon_container_id(n->container));
    return beside_tell(&packet, fds, count);
}

const struct event_recorder *nester_recorder(const struct nester_of *n)
{
    return n->wants & NEST_WANTS_SETTLED ? &nest_settling_recorder : n->wants & NEST_WANTS_RECORDS ? &nest_recorder : NULL;
}

static int open_record(struct nester_of *n, struct error *err)
{
    const struct event_options options = {.recorder = nester_recorder(n), .runs_directory = n->around.places.runs, .fd = -1};

    return event_log_open(&options, &n->container->log, err);
}

/* Whoever started the outermost container makes control groups for all of them, so what that one can have counts. */
static void tell_groups(struct facts *facts, const struct around *around)
{
    facts->cgroup = CGROUP_NONE; /* of this process's own making */
    facts->cgroup_memory = around->groups & GROUP_MEMORY;
    facts->cgroup_pids = around->groups & GROUP_PIDS;
    facts->cgroup_cpu = around->groups & GROUP_CPU;
    facts->cgroup_cpuacct = around->groups & GROUP_CPUACCT;
    snprintf(facts->cgroup_why, sizeof(facts->cgroup_why), "%s",
             around->groups_why ? around->groups_why : "it needs a control group of its own below that of the container around");
}

/* Requests are not read on the way: who does that is not to be had inside of another one. */
static int find_facts(struct nester_of *n, struct error *err)
{
    struct assembly *assembly = &n->container->assembly;
    struct facts *facts = &assembly->facts;
    int status;

    assembly->ops = tier_find("process");
    if (!assembly->ops)
        return error_set(err, ERROR_UNENFORCEABLE, ENOSYS, "this build has no process tier");
    status = assembly->ops->probe(TIER_PROBE_PORTS, facts, err);
    if (status == 0)
        status = helpers_tell(assembly->policy->arena, &assembly->places, facts, err);
    if (status < 0)
        return status;
    facts->has_inspector = facts->has_holder = false;
    facts->is_inside = true;
    tell_groups(facts, &n->around);
    assembly->has_facts = true;
    assembly->shared = &n->around.shared;
    return 0;
}

static bool has_ended(int pidfd, int wait_ms)
{
    struct pollfd end = {.fd = pidfd, .events = POLLIN};

    return poll(&end, 1, wait_ms) > 0;
}

/* What a launcher makes is nobody's to look at before it has executed cordon-init, which nothing tells. */
static int open_namespace(pid_t pid, int pidfd, const char *name, int *ret_fd, struct error *err)
{
    char path[64];
    int tries = 0;

    snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
    do /* so often, and not so long: it may be frozen */
        *ret_fd = open(path, O_RDONLY | O_CLOEXEC);
    while (*ret_fd < 0 && errno == EACCES && tries++ < EXECUTED_TRIES && !has_ended(pidfd, 1));
    return *ret_fd < 0 ? error_system(err, errno, "open %s", path) : 0;
}

/* Of the new container, for those that may come to be inside of it; and a hold on it for whoever counts them. */
static int hold_first_process(struct nester_of *n, struct error *err)
{
    pid_t pid = n->container->assembly.ops->pid(n->container->prepared);
    auto_close int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    int status;

    if (pidfd < 0)
        return error_system(err, errno, "hold the first process");
    status = open_namespace(pid, pidfd, "user", &n->user, err);
    if (status == 0)
        status = open_namespace(pid, pidfd, "mnt", &n->mounts, err);
    if (status == 0 && !(n->wants & NEST_HAS_LAUNCHER) && nester_tell_starter(n, NEST_BEGUN, 0, &pidfd, 1) < 0)
        return error_set(err, ERROR_SYSTEM, EPIPE, "who started the container around is gone");
    if (status == 0 && pipe2(n->life, O_CLOEXEC) < 0)
        return error_system(err, errno, "make a lifeline");
    return status;
}

/* For a connection to the signer: heard in obey_starter(). A starter that takes nothing ends this process anyway. */
static void fetch_signer(void *context)
{
    (void)!nester_tell_starter(context, NEST_SIGNER, 0, NULL, 0);
}

/* From inside it can start nothing. Its name is known; who it is on whose behalf is found again with the plan. */
static int prepare_signing(struct nester_of *n, struct error *err)
{
    struct run_identity *identity = &n->container->identity;
    int status = run_identity_find(identity, &n->container->assembly, event_log_run_id(n->container->log), n->container->parent_name, err);

    n->container->signing.fetch = (n->wants & NEST_HAS_SIGNER) ? fetch_signer : NULL;
    n->container->signing.fetch_context = n;
    if (status == 0 && !(n->wants & NEST_HAS_SIGNER))
        signing_prepare(n->container);
    return status;
}

static void take_sensor(struct nester_of *n)
{
    int fd = beside_take_sensor();

    if (fd >= 0)
        sensor_take(&n->container->sensor, fd);
}

int nester_begin_outside(struct nester_of *n, struct error *err)
{
    struct assembly *assembly = &n->container->assembly;
    int status = policy_new(&assembly->policy, err);

    if (status == 0)
        status = around_read(assembly->policy->arena, n->bytes, n->size, &n->around, err);
    if (status < 0)
        return status;
    assembly->places = n->around.places;
    assembly->service = n->wants & NEST_OF_SYSTEM ? SERVICE_OF_SYSTEM : n->wants & NEST_OF_USER ? SERVICE_OF_USER : SERVICE_NONE;
    assembly->variables = n->around.levels[n->around.level_count - 1].variables;
    n->container->around = &n->around;
    n->container->beside = n->wants & NEST_HAS_LAUNCHER ? &nest_beside_launched : &nest_beside;
    n->container->parent_name = n->around.levels[n->around.level_count - 1].identity;
    status = open_record(n, err);
    if (status == 0)
        status = around_add_layers(&n->around, CEILING_DIRECTORY, assembly->policy, &n->outer, err);
    if (status == 0)
        status = find_facts(n, err);
    if (status < 0)
        return status;
    container_prepare(n->container, n->blank);
    if (!n->container->prepared && beside_spawn_failure()->kind != ERROR_NONE) {
        *err = *beside_spawn_failure();
        return error_prepend(err, "the first process of a container inside"), err->errnum > 0 ? -err->errnum : -EIO;
    }
    if (!n->container->prepared)
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "the first process of a container inside cannot be made here: see `cordon doctor`");
    take_sensor(n);
    status = hold_first_process(n, err);
    if (status == 0)
        network_prepare(n->container);
    if (status == 0)
        status = prepare_signing(n, err);
    return status;
}
