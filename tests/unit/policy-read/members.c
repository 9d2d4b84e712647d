/* SPDX-License-Identifier: Apache-2.0 */
/* Each member with a right value, where it goes, and with one thing wrong. */
#include "load.h"
#include "test.h"

TEST(limits_carry_units)
{
    const struct resources *r =
        &must_load(NATIVE "resources: {memory: 512MiB, cpus: 1.5, pids: 100, openFiles: 256, disk: "
                          "1GiB, output: 64KiB, wallTime: 10m, cpuTime: 300ms}\n")
             ->resources;

    check_int(r->memory.value, 512ull << 20);
    check_int(r->cpus.value, 1500);
    check_int(r->pids.value, 100);
    check_int(r->open_files.value, 256);
    check_int(r->disk.value, 1ull << 30);
    check_int(r->output.value, 64 << 10);
    check_int(r->wall_time.value, 600000);
    check_int(r->cpu_time.value, 300);
    check(r->memory.is_set && r->cpu_time.is_set);
    check_string(r->memory.origin.member, "resources.memory");
}

TEST(bare_numbers_zeros_and_unknown_units_are_refused)
{
    must_refuse(NATIVE "resources: {memory: 512}\n",
                "p.yaml:2:21: resources.memory: 512 has no unit; write 512MiB, 1GiB or 64KiB");
    must_refuse(NATIVE "resources: {memory: '512'}\n",
                "p.yaml:2:21: resources.memory: '512' has no known unit (write 512MiB, 1GiB or "
                "64KiB)");
    must_refuse(NATIVE "resources: {memory: 5 MiB}\n",
                "p.yaml:2:21: resources.memory: '5 MiB' has no known unit (write 512MiB, 1GiB or "
                "64KiB)");
    must_refuse(NATIVE "resources: {wallTime: 30}\n",
                "p.yaml:2:23: resources.wallTime: 30 has no unit; write 300ms, 30s, 5m or 2h");
    must_refuse(NATIVE "resources: {wallTime: 0s}\n",
                "p.yaml:2:23: resources.wallTime: must be more than zero");
    must_refuse(NATIVE "resources: {wallTime: 1000000h}\n",
                "p.yaml:2:23: resources.wallTime: '1000000h' is more than 366 days");
    must_refuse(NATIVE "process: {timeout: 30}\n",
                "p.yaml:2:20: process.timeout: 30 has no unit; write 300ms, 30s, 5m or 2h");
    must_refuse(NATIVE "resources: {memory: [1GiB]}\n",
                "p.yaml:2:21: resources.memory: expected a size, not a list");
}

TEST(counts_are_whole_and_bounded)
{
    must_refuse(NATIVE "resources: {pids: 0}\n",
                "p.yaml:2:19: resources.pids: 0 is not in 1..4194304");
    must_refuse(NATIVE "resources: {pids: 99999999999999999999}\n",
                "p.yaml:2:19: resources.pids: '99999999999999999999' is not a whole number");
    must_refuse(NATIVE "resources: {pids: 1.5}\n",
                "p.yaml:2:19: resources.pids: expected a whole number, not a number");
    must_refuse(NATIVE "resources: {pids: '7'}\n",
                "p.yaml:2:19: resources.pids: expected a whole number, not a string; write it "
                "without quotes");
    must_refuse(NATIVE "resources: {pids: -1}\n",
                "p.yaml:2:19: resources.pids: '-1' is not a whole number");
    must_refuse(NATIVE "resources: {pids: 0x10}\n",
                "p.yaml:2:19: resources.pids: '0x10' is not a whole number");
    must_refuse(NATIVE "resources: {cpus: .inf}\n",
                "p.yaml:2:19: resources.cpus: '.inf' is not a positive number with at most three "
                "decimals");
    must_refuse(NATIVE "resources: {cpus: 0}\n",
                "p.yaml:2:19: resources.cpus: '0' is not a positive number with at most three "
                "decimals");
}

TEST(choices_are_answered_with_all_of_them)
{
    must_refuse(NATIVE "isolation: {tier: vm}\n",
                "p.yaml:2:19: isolation.tier: 'vm' is unknown; expected one of auto, process, "
                "container, microvm, instance");
    must_refuse(NATIVE "network: {loopback: Allow}\n",
                "p.yaml:2:21: network.loopback: 'Allow' is unknown; expected one of deny, allow");
    must_refuse(NATIVE "network: {loopback: true}\n",
                "p.yaml:2:21: network.loopback: 'true' is unknown; expected one of deny, allow");
    must_refuse(NATIVE "filesystem: {toolchains: [none]}\n",
                "p.yaml:2:26: filesystem.toolchains: expected one of none, inherit");
    must_refuse(NATIVE "isolation: {allowLoss: [everything]}\n",
                "p.yaml:2:25: isolation.allowLoss[0]: 'everything' is unknown; expected one of "
                "protectedPaths.missing, resources.memory, resources.cpus, resources.pids, "
                "resources.cpuTime, resources.disk, groups, coreDumps, metadata, hardLinks, unixSockets");
}

TEST(true_and_false_are_not_words)
{
    must_refuse(NATIVE "filesystem: {protectBuiltin: yes}\n",
                "p.yaml:2:30: filesystem.protectBuiltin: expected true or false, without quotes");
    must_refuse(NATIVE "filesystem: {protectBuiltin: 1}\n",
                "p.yaml:2:30: filesystem.protectBuiltin: expected true or false");
    check_int(must_load(NATIVE "filesystem: {protectBuiltin: true}\n")->protect_builtin.value, 1);
}

TEST(environment_is_taken_by_name_and_set_by_value)
{
    const struct document *d = must_load(
        NATIVE "environment: {inherit: [PATH, LC_*, PATH], set: {A: 'x y', B: '', NO: 'yes'}}\n");

    check_int(d->env_inherit.count, 2);
    check_string(d->env_inherit.items[1].text, "LC_*");
    check_int(d->env_set_count, 3);
    check_string(d->env_set[0].value, "x y");
    check_string(d->env_set[1].value, "");
    check_string(d->env_set[2].name, "NO");
    check(!d->env_is_exact);
}

TEST(environment_names_that_take_everything_or_are_none_are_refused)
{
    must_refuse(NATIVE "environment: {inherit: ['*']}\n",
                "p.yaml:2:25: environment.inherit[0]: '*' would take the caller's whole "
                "environment, credentials included; name the variables");
    must_refuse(NATIVE "environment: {inherit: ['A*B']}\n",
                "p.yaml:2:25: environment.inherit[0]: 'A*B' is not a variable's name; write NAME "
                "or a beginning of names and '*'");
    must_refuse(NATIVE "environment: {set: {A=B: c}}\n",
                "p.yaml:2:21: environment.set.A=B: 'A=B' is not a variable's name; write letters, "
                "digits and '_', no digit first");
    must_refuse(NATIVE "environment: {set: {1A: c}}\n",
                "p.yaml:2:21: environment.set.1A: '1A' is not a variable's name; write letters, "
                "digits and '_', no digit first");
}

TEST(process_env_is_exactly_the_environment_unless_it_says_otherwise)
{
    const struct document *exact =
        must_load(NATIVE "extends: [git]\nprocess: {env: [A=b=c, D=]}\n");
    const struct document *layered =
        must_load(NATIVE "extends: [git]\nprocess: {env: [A=b], inheritDefaultEnv: true}\n");

    check(exact->env_is_exact && !exact->env_inherit.is_set);
    check_int(exact->env_set_count, 2);
    check_string(exact->env_set[0].value, "b=c");
    check(!layered->env_is_exact && layered->env_inherit.count > 3);
    check(layered->env_set_count > 2);
    must_refuse(NATIVE "process: {env: [A]}\n",
                "p.yaml:2:17: process.env[0]: 'A' is not NAME=value");
    must_refuse(NATIVE "process: {env: [=x]}\n",
                "p.yaml:2:17: process.env[0]: '=x' is not NAME=value");
    must_refuse(NATIVE "process: {env: [A=b]}\nenvironment: {set: {C: d}}\n",
                "p.yaml:1:1: both 'environment' and 'process.env' are given; write "
                "environment.set");
}

TEST(process_members_are_stored_with_their_origins)
{
    const struct document *d = must_load(
        NATIVE "process: {commandLine: make test, cwd: '${workspace}/sub', timeout: 2m}\n");

    check_string(d->command_line, "make test");
    check_string(d->command_origin.member, "process.commandLine");
    check_string(d->cwd, "/work/space/sub");
    check_int(d->timeout.value, 120000);
    must_refuse(NATIVE "process: {commandLine: ''}\n",
                "p.yaml:2:24: process.commandLine: is empty");
    must_refuse(NATIVE "process: {cwd: sub}\n",
                "p.yaml:2:16: process.cwd: 'sub' is not absolute; write ${workspace}/... or "
                "${home}/...");
}

TEST(names_devices_sockets_and_system_calls_are_checked)
{
    const struct document *d =
        must_load(NATIVE "name: a.b-c_1\ncontainerId: x1\ndevices: [/dev/kvm]\n"
                         "unixSockets: ['${home}/s']\nsyscalls: {deny: [ptrace], allow: [bpf]}\n"
                         "$schema: x\n_comment: {any: [thing]}\n");

    check_string(d->name, "a.b-c_1");
    check_string(d->container_id, "x1");
    check_string(d->devices.items[0].text, "/dev/kvm");
    check_string(d->unix_sockets.items[0].text, "/home/u/s");
    check_string(d->syscalls_deny.items[0].text, "ptrace");
    check_string(d->syscalls_allow.items[0].text, "bpf");
    must_refuse(NATIVE "name: a b\n",
                "p.yaml:2:7: name: 'a b' is not a name; write at most 64 letters, digits, '.', '_' "
                "or '-', a letter or digit first");
    must_refuse(NATIVE "name: ../x\n",
                "p.yaml:2:7: name: '../x' is not a name; write at most 64 letters, digits, '.', "
                "'_' or '-', a letter or digit first");
    must_refuse(NATIVE "devices: [kvm]\n",
                "p.yaml:2:11: devices[0]: 'kvm' is not absolute; write ${workspace}/... or "
                "${home}/...");
    must_refuse(NATIVE "syscalls: {deny: [Ptrace]}\n",
                "p.yaml:2:19: syscalls.deny[0]: 'Ptrace' is not a system call's name; write it as "
                "in the manual, like ptrace");
}

TEST(members_that_are_required_are_missed)
{
    must_refuse(NATIVE "filesystem: {views: [{source: /a}]}\n",
                "p.yaml:2:22: filesystem.views[0]: member 'target' is missing");
    must_refuse(NATIVE "secrets: [{name: A, source: env:A}]\n",
                "p.yaml:2:11: secrets[0]: member 'hosts' is missing");
    must_refuse(NATIVE "secrets: [{name: A, source: env:A, hosts: []}]\n",
                "p.yaml:2:43: secrets[0].hosts: is an empty list; leave the member out");
}
