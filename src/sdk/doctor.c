/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine and this caller can do: one row a feature, with what is missing and the command
 * that mends it. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "sdk/assemble.h"
#include "sdk/helpers.h"
#include "sdk/machine.h"
#include "sdk/sensor.h"
#include "sdk/standing.h"

enum need {
    NEED_ALWAYS,    /* without it nothing is contained */
    NEED_TREE,      /* without it the same, or what Landlock and the filter enforce alone (decision 0055) */
    NEED_SOMETIMES, /* without it some policies are refused */
    NEED_TO_SEE,    /* without it less is seen of what is refused, and all of it is refused */
};

struct machine {
    struct facts facts;
    struct places places;
    struct error helpers;  /* why the helper programs cannot be used */
    struct error ceilings; /* what refuses every policy */
    const char *sensor;    /* the program, NULL = it is not there */
    const char *no_records; /* why the kernel's records of what Landlock refuses are not to be had, NULL = they are */
    char mend_sensor[PATH_MAX + 64];
    struct machine_daemon daemon; /* of all users */
    struct standing standing; /* for whoever is not inside */
};

struct feature {
    const char *name;
    enum need need;
    const char *purpose; /* what it is for */
    bool (*has)(const struct machine *machine);
    const char *(*why)(const struct machine *machine); /* NULL = `missing` says it */
    const char *missing;
    const char *(*mend)(const struct machine *machine); /* NULL = none helps, or `why` has it */
};

static bool has_helpers(const struct machine *m)
{
    return m->helpers.kind == ERROR_NONE;
}
static const char *why_helpers(const struct machine *m)
{
    return m->helpers.text;
}
static bool has_ceilings(const struct machine *m)
{
    return m->ceilings.kind == ERROR_NONE;
}
static const char *why_ceilings(const struct machine *m)
{
    return m->ceilings.text;
}
static bool has_userns(const struct machine *m)
{
    return m->facts.user_namespaces;
}
static const char *why_userns(const struct machine *m)
{
    return m->facts.user_namespaces_why;
}
static bool has_mount_api(const struct machine *m)
{
    return m->facts.mount_api;
}
static bool has_proc(const struct machine *m)
{
    return m->facts.proc_mount;
}
static const char *why_proc(const struct machine *m)
{
    return m->facts.proc_mount_why;
}
static bool has_seccomp(const struct machine *m)
{
    return m->facts.seccomp;
}
static bool has_landlock(const struct machine *m)
{
    return m->facts.landlock_abi >= LANDLOCK_ABI_FILES;
}
static bool has_scopes(const struct machine *m)
{
    return m->facts.landlock_abi >= LANDLOCK_ABI_SCOPES;
}
static bool has_keeper(const struct machine *m)
{
    return m->facts.keeps_names;
}
static const char *why_keeper(const struct machine *m)
{
    return m->facts.keeps_names_why;
}
static const char *why_cgroup(const struct machine *m)
{
    return m->facts.cgroup_why;
}
static bool has_memory(const struct machine *m)
{
    return m->facts.cgroup_memory;
}
static bool has_cpus(const struct machine *m)
{
    return m->facts.cgroup_cpu;
}
static bool has_pids(const struct machine *m)
{
    return m->facts.cgroup_pids || m->facts.has_rlimit_nproc_per_userns;
}
static bool has_cpu_time(const struct machine *m)
{
    return m->facts.cgroup_cpuacct;
}
static bool has_groups(const struct machine *m)
{
    return m->facts.group_count == 0 || m->facts.can_drop_groups;
}
static bool has_core_dumps(const struct machine *m)
{
    return !m->facts.has_core_socket;
}

static bool has_gateway(const struct machine *m)
{
    return m->facts.has_gateway && !m->facts.no_tproxy;
}
static const char *why_gateway(const struct machine *m)
{
    return m->facts.has_gateway ? m->facts.tproxy_why : "cordon-gateway is not there, or could be changed by others";
}
static bool has_inspector(const struct machine *m)
{
    return m->facts.has_inspector;
}
static bool has_holder(const struct machine *m)
{
    return m->facts.has_holder;
}

static bool has_fuse(const struct machine *m)
{
    (void)m;
    return access("/dev/fuse", R_OK | W_OK) == 0;
}
static bool has_sensor(const struct machine *m)
{
    return sensor_machine_listens() || (m->sensor && sensor_may_listen(m->sensor));
}
static const char *why_sensor(const struct machine *m)
{
    return m->sensor ? "cordon-sensor has no right to read the kernel's audit records"
                     : "cordon-sensor is not there, or could be changed by others";
}
static bool has_records(const struct machine *m)
{
    return !m->no_records;
}
static const char *why_records(const struct machine *m)
{
    return m->no_records;
}

static bool has_machine_sensor(const struct machine *m)
{
    (void)m;
    return sensor_machine_listens();
}
static const char *mend_machine_sensor(const struct machine *m)
{
    return m->facts.is_root ? "systemctl enable --now cordon-sensor.service" : "sudo systemctl enable --now cordon-sensor.service";
}

static bool has_daemon(const struct machine *m)
{
    return m->daemon.is_there;
}
static const char *why_daemon(const struct machine *m)
{
    return m->daemon.why;
}
static const char *mend_daemon(const struct machine *m)
{
    return *m->daemon.mend ? m->daemon.mend : NULL;
}

/* Whoever may be started by it finds its socket. */
static bool has_launcher(const struct machine *m)
{
    (void)m;
    return access("/run/cordon/keepers-launcher.sock", F_OK) == 0;
}
static const char *mend_launcher(const struct machine *m)
{
    return m->facts.is_root ? "systemctl enable --now cordon-launcher.socket cordon-launcher-keepers.socket"
                            : "sudo systemctl enable --now cordon-launcher.socket cordon-launcher-keepers.socket";
}

/* Its keys are its own user's: what it signs no user signed. */
static bool has_authority(const struct machine *m)
{
    (void)m;
    return access("/var/lib/cordon/identity/bundle.json", R_OK) == 0;
}
static const char *mend_authority(const struct machine *m)
{
    return m->facts.is_root ? "systemctl enable --now cordon-signer.socket" : "sudo systemctl enable --now cordon-signer.socket";
}

static const char *mend_fuse(const struct machine *m)
{
    return m->facts.is_root ? "modprobe fuse" : "sudo modprobe fuse; sudo chmod 666 /dev/fuse";
}

static const char *mend_sensor(const struct machine *m)
{
    return m->sensor ? m->mend_sensor : "make install";
}

static const char *mend_records(const struct machine *m)
{
    if (m->facts.landlock_abi < LANDLOCK_ABI_RECORDS || !has_sensor(m))
        return NULL;
    return m->facts.is_root ? "auditctl -e 1 (of the package auditd; it is the whole machine's)"
                            : "sudo auditctl -e 1 (of the package auditd; it is the whole machine's)";
}

static const char *mend_helpers(const struct machine *m)
{
    return m->helpers.errnum == EPERM ? NULL : "make install"; /* else the reason says what to do */
}

static const char *mend_gateway(const struct machine *m)
{
    return m->facts.no_tproxy ? NULL : "make install";
}

/* A probe's reason holds the command where it is one of many (max_user_namespaces, ...). */
static const char *mend_userns(const struct machine *m)
{
    if (m->facts.is_chrooted)
        return "enter the directory as the root of a mount namespace instead, from outside: "
               "sudo unshare --mount sh -c 'mount --rbind DIR DIR && cd DIR && "
               "mount --move . / && exec chroot .'";
    if (m->facts.is_apparmor_userns_restricted)
        return "sudo apparmor_parser -r /etc/apparmor.d/cordon (make install puts the profile "
               "there)";
    return NULL;
}

static const char *mend_landlock(const struct machine *m)
{
    return "add 'landlock' to the kernel's lsm= boot parameter";
}

static const char *mend_cgroup(const struct machine *m)
{
    if (m->facts.cgroup_is_bare)
        return m->facts.is_root ? "boot with cgroup_no_v1=all, or mount a cgroup v1 hierarchy of them writable here; or name "
                                  "the limit in isolation.allowLoss"
                                : "run cordon as root, who may use cgroup v1 where that is writable; or boot with "
                                  "cgroup_no_v1=all; or name the limit in isolation.allowLoss";
    if (m->facts.is_root)
        return "make /sys/fs/cgroup writable here, or name the limit in isolation.allowLoss";
    if (m->facts.has_systemd)
        return "systemd-run --user --scope -p Delegate=yes cordon run ...";
    return "run cordon as root, or name the limit in isolation.allowLoss (systemd, which could "
           "delegate a control group, does not run here)";
}

static const char *mend_core_dumps(const struct machine *m)
{
    return "sysctl kernel.core_pattern=core, or another that does not begin with '@'; or name coreDumps in "
           "isolation.allowLoss";
}

static const struct feature features[] = {
    {"helpers", NEED_ALWAYS, "Cordon's own helper programs", has_helpers, why_helpers, NULL,
     mend_helpers},
    {"ceilings", NEED_ALWAYS, "the organisation's limits to all policies, where there are any", has_ceilings, why_ceilings,
     NULL, NULL},
    {"user-namespaces", NEED_TREE, "a container of one's own without privilege", has_userns,
     why_userns, "no user namespace can be made", mend_userns},
    {"mount-api", NEED_TREE, "the private file tree (kernel 5.12)", has_mount_api, NULL,
     "open_tree, move_mount or mount_setattr is missing or filtered", NULL},
    {"private-proc", NEED_TREE, "a /proc that shows the container only", has_proc, why_proc,
     "no new procfs can be mounted", NULL},
    {"seccomp", NEED_ALWAYS, "refusing system calls", has_seccomp, NULL,
     "the kernel has no seccomp filters", NULL},
    {"landlock", NEED_SOMETIMES, "the second layer behind the file tree (kernel 5.19)",
     has_landlock, NULL, "the kernel does not run Landlock", mend_landlock},
    {"landlock-scopes", NEED_SOMETIMES, "signals and abstract sockets as a second layer (6.12)",
     has_scopes, NULL, "needs Landlock ABI 6", NULL},
    {"kept-names", NEED_SOMETIMES,
     "names that do not exist yet (5.14); nested.namespaces, which root is refused, and which takes Landlock for files away",
     has_keeper, why_keeper, "the filter cannot ask", NULL},
    {"gateway", NEED_SOMETIMES, "a way out by rules (cordon-gateway, nft_tproxy)", has_gateway, why_gateway, NULL, mend_gateway},
    {"inspector", NEED_SOMETIMES, "rules about requests, TLS that is opened (cordon-inspector)", has_inspector, NULL,
     "cordon-inspector is not there, or could be changed by others", mend_gateway},
    {"holder", NEED_SOMETIMES, "secrets that the program never sees (cordon-holder)", has_holder, NULL,
     "cordon-holder is not there, or could be changed by others", mend_gateway},
    {"limit-memory", NEED_SOMETIMES, "resources.memory", has_memory, why_cgroup,
     "no memory controller", mend_cgroup},
    {"limit-cpus", NEED_SOMETIMES, "resources.cpus", has_cpus, why_cgroup, "no cpu controller",
     mend_cgroup},
    {"limit-pids", NEED_SOMETIMES, "resources.pids", has_pids, why_cgroup, "no pids controller",
     mend_cgroup},
    {"limit-cpu-time", NEED_SOMETIMES, "resources.cpuTime", has_cpu_time, why_cgroup,
     "no accounting of CPU time", mend_cgroup},
    {"groups", NEED_SOMETIMES, "giving up supplementary groups", has_groups, NULL,
     "the caller is in supplementary groups that it cannot drop: what they may read is reachable "
     "where the policy grants the path",
     NULL},
    {"core-dumps", NEED_SOMETIMES, "keeping core dumps from the host's handler", has_core_dumps, NULL,
     "kernel.core_pattern names a socket, and the kernel looks at no limit before it sends a dump there",
     mend_core_dumps},
    {"watch-hidden", NEED_TO_SEE, "seeing what is looked for and hidden (--watch hidden, /dev/fuse)", has_fuse, NULL,
     "/dev/fuse is not there, or not for this user", mend_fuse},
    {"sensor", NEED_TO_SEE, "seeing what Landlock refuses where it alone contains (cordon-sensor, CAP_AUDIT_READ)", has_sensor, why_sensor, NULL,
     mend_sensor},
    {"landlock-records", NEED_TO_SEE, "the kernel's audit records of that (6.15)", has_records, why_records, NULL, mend_records},
    {"machine-daemon", NEED_TO_SEE, "containers of all users, which are found again after a reboot (cordond --system)", has_daemon, why_daemon, NULL, mend_daemon},
    {"machine-sensor", NEED_TO_SEE, "the kernel's refusals of all containers of the machine, each in its own record (cordon-sensord)", has_machine_sensor, NULL,
     "cordon-sensord does not run: what the kernel refuses containers of the system's daemon is in no record, but what process 1 tells", mend_machine_sensor},
    {"own-uids", NEED_TO_SEE, "telling containers from their caller by uid and login uid (cordon-launcher)", has_launcher, NULL,
     "without the system's daemon a container is told from its caller by its first process, which is held, and where there is one by its control "
     "group: the kernel's audit records name the caller for both", mend_launcher},
    {"machine-authority", NEED_TO_SEE, "certificates and tokens of containers that no user could have signed (cordon-signer)", has_authority, NULL,
     "without the system's daemon they are signed by a process of the user's own: they prove what this user's Cordon says, and no more", mend_authority},
};

/* The row's own words where the probe has none. */
static const char *why_missing(const struct feature *feature, const struct machine *machine)
{
    const char *why = feature->why ? feature->why(machine) : NULL;

    if (machine->facts.is_in_cordon)
        return "this is inside a container of Cordon, which withholds it; cordon doctor outside tells of the machine";
    if (why && *why)
        return why;
    return feature->missing ? feature->missing : "";
}

static const char *mend_command(const struct feature *feature, const struct machine *machine)
{
    return feature->mend && !machine->facts.is_in_cordon ? feature->mend(machine) : NULL;
}

/* The missing feature before this one that is mended the same way. */
static const struct feature *mended_before(const struct feature *feature,
                                           const struct machine *machine)
{
    for (const struct feature *other = features; feature->mend && other < feature; other++)
        if (!other->has(machine) && other->mend == feature->mend)
            return other;
    return NULL;
}

static const char *mechanism_of(const struct facts *facts)
{
    return !in_place_why(facts) ? "namespaces" : in_place_is_possible(facts) ? "landlock" : NULL;
}

static enum cordon_level level_of(const struct machine *machine)
{
    enum cordon_level level = CORDON_FULL;

    for (size_t i = 0; i < ARRAY_COUNT(features); i++) {
        if (features[i].need == NEED_TO_SEE || features[i].has(machine))
            continue;
        if (features[i].need == NEED_ALWAYS || (features[i].need == NEED_TREE && !in_place_is_possible(&machine->facts)))
            return CORDON_NONE;
        level = CORDON_PARTIAL;
    }
    return level;
}

static const char *level_name(enum cordon_level level)
{
    static const char *const names[] = {"full", "partial", "none"};

    return names[level];
}

static void print_missing(struct text *out, const struct feature *feature,
                          const struct machine *machine)
{
    const struct feature *before = machine->facts.is_in_cordon ? NULL : mended_before(feature, machine);
    const char *why = why_missing(feature, machine), *mend = mend_command(feature, machine);

    if (before && strcmp(why, why_missing(before, machine)) == 0) {
        text_printf(out, "         as %s\n", before->name);
        return;
    }
    text_printf(out, "         %s\n", why);
    if (mend && before)
        text_printf(out, "         mend: as %s\n", before->name);
    else if (mend)
        text_printf(out, "         mend: %s\n", mend);
}

static void print_text(struct text *out, const struct machine *machine)
{
    const struct facts *facts = &machine->facts;

    text_printf(out, "kernel %s, uid %u%s%s%s\n", facts->kernel, (unsigned)facts->uid,
                facts->is_in_cordon      ? ", inside a container of Cordon"
                : facts->is_in_container ? ", inside a container"
                                         : "",
                facts->is_chrooted ? ", in a chroot" : "", facts->is_wsl ? ", on WSL" : "");
    for (size_t i = 0; i < ARRAY_COUNT(features); i++) {
        bool has = features[i].has(machine);

        text_printf(out, "%-8s %-16s %s\n", has ? "yes" : features[i].need == NEED_TO_SEE ? "no" : "MISSING", features[i].name,
                    features[i].purpose);
        if (!has)
            print_missing(out, &features[i], machine);
    }
    if (facts->has_windows_interop)
        text_printf(out, "Windows interop: closed inside%s; drives only where a policy names them\n",
                    facts->own_formats ? ", its programs are not even started"
                                       : " (neither its sockets nor vsock; programs reach nothing. Linux 6.7 would not start them)");
    if (in_place_why(facts) && in_place_is_possible(facts))
        text_add(out, "no user namespaces: policies without denied, read-only or protected names in writable trees, views,\n"
                      "caches, loopback and private names run by Landlock and system call filter alone\n"
                      "(--profile restricted-host is one, `cordon policy check` tells of others)\n");
    if (!facts->is_in_cordon)
        standing_print(out, &machine->standing);
    text_printf(out, "containment: %s\n", level_name(level_of(machine)));
}

static void print_json(struct text *out, const struct machine *machine)
{
    const struct facts *facts = &machine->facts;
    struct json json = JSON_INIT(out, 2);

    json_begin_object(&json, NULL);
    json_add_string(&json, "level", level_name(level_of(machine)));
    json_add_string(&json, "kernel", facts->kernel);
    json_add_uint(&json, "uid", facts->uid);
    json_add_string(&json, "mechanism", mechanism_of(facts));
    json_add_int(&json, "landlockAbi", facts->landlock_abi);
    json_add_uint(&json, "landlockErrata", facts->landlock_errata);
    json_add_bool(&json, "insideContainer", facts->is_in_container);
    json_add_bool(&json, "insideCordon", facts->is_in_cordon);
    json_add_bool(&json, "chroot", facts->is_chrooted);
    json_add_bool(&json, "wsl", facts->is_wsl);
    json_add_bool(&json, "windowsInterop", facts->has_windows_interop);
    json_begin_array(&json, "features");
    for (size_t i = 0; i < ARRAY_COUNT(features); i++) {
        const struct feature *feature = &features[i];
        bool has = feature->has(machine);

        json_begin_object(&json, NULL);
        json_add_string(&json, "name", feature->name);
        json_add_string(&json, "purpose", feature->purpose);
        json_add_bool(&json, "needed", feature->need < NEED_SOMETIMES);
        json_add_bool(&json, "has", has);
        json_add_string(&json, "missing", has ? NULL : why_missing(feature, machine));
        json_add_string(&json, "mend", has ? NULL : mend_command(feature, machine));
        json_end(&json);
    }
    json_end(&json);
    if (!facts->is_in_cordon)
        standing_write(&json, &machine->standing);
    json_end(&json);
    text_add(out, "\n");
}

/* Loaded as every run does; what their variables stand for does not matter here. */
static int examine_ceilings(struct machine *machine, struct error *err)
{
    const struct variables variables = {.workspace = "/workspace", .home = "/home", .user = "user", .tmp = "/tmp"};
    auto_policy struct policy *policy = NULL;
    int status = policy_new(&policy, err);

    if (status < 0)
        return status;
    if (policy_add_ceilings(policy, NULL, &variables, &machine->ceilings) < 0 && machine->ceilings.kind == ERROR_NONE)
        return error_set(err, ERROR_INTERNAL, EINVAL, "a failure without a word");
    return 0;
}

/* As a run does that Landlock alone contains: the sensor has a process of its own be refused, and hears of it or not. */
static void examine_records(struct arena *arena, struct machine *machine)
{
    struct sensor sensor = SENSOR_INIT;

    if (helpers_find_sensor(arena, &machine->places, &machine->sensor, NULL) < 0)
        machine->sensor = NULL;
    if (machine->sensor)
        snprintf(machine->mend_sensor, sizeof(machine->mend_sensor), "sudo setcap cap_audit_read+ep %s", machine->sensor);
    if (machine->facts.landlock_abi < LANDLOCK_ABI_RECORDS) {
        machine->no_records = "needs Landlock ABI 7";
        return;
    }
    sensor_begin(&sensor, machine->sensor, &machine->no_records);
    sensor_kill(&sensor);
}

static int examine(struct arena *arena, struct machine *machine, struct error *err)
{
    const struct tier_ops *ops = tier_find("process");
    int status;

    if (!ops)
        return error_set(err, ERROR_INTERNAL, ENOSYS, "this build has no process tier");
    status = ops->probe(TIER_PROBE_CGROUP | TIER_PROBE_NAMESPACES, &machine->facts, err);
    if (status == 0 &&
        places_find(arena, (const char *const *)environ, &machine->places, &machine->helpers) < 0 &&
        machine->helpers.kind == ERROR_NONE)
        status = error_set(err, ERROR_INTERNAL, EINVAL, "a failure without a word");
    if (status == 0 && machine->helpers.kind == ERROR_NONE)
        status = helpers_tell(arena, &machine->places, &machine->facts, err);
    machine->no_records = "the helper programs cannot be used";
    if (status == 0 && machine->helpers.kind == ERROR_NONE)
        examine_records(arena, machine);
    machine_daemon_look(MACHINE_CONTROL, machine_users, &machine->facts, &machine->daemon);
    if (status == 0)
        status = standing_find(arena, &machine->places, !in_place_why(&machine->facts), &machine->standing, err);
    return status < 0 ? status : examine_ceilings(machine, err);
}

int cordon_doctor(enum cordon_format format, char **ret_text, enum cordon_level *ret_level,
                  struct cordon_error *err)
{
    auto_arena struct arena *arena = arena_new();
    auto_text struct text out = {0};
    struct machine machine = {0};
    int status;

    if (format != CORDON_TEXT && format != CORDON_JSON)
        return error_set(public_error(err), ERROR_INVALID, EINVAL, "unknown format %d",
                         (int)format);
    if (!arena)
        return error_memory(public_error(err));
    status = examine(arena, &machine, public_error(err));
    if (status < 0)
        return status;
    if (format == CORDON_JSON)
        print_json(&out, &machine);
    else
        print_text(&out, &machine);
    status = text_take(&out, ret_text, public_error(err));
    if (status == 0 && ret_level)
        *ret_level = level_of(&machine);
    return status;
}
