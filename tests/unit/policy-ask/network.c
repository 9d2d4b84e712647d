/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, names, socket files, system calls, limits. */
#include <netinet/in.h>

#include "asked.h"
#include "base/kernel/syscalls.h"

static struct fixture f;

static void open_with(const char *yaml)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    f.facts.cgroup_memory = true;
    accept_text(&f, yaml);
    ask_about(&f);
}

static void close_all(void)
{
    ask_end();
    fixture_close(&f);
}

static const char *to(const char *host, const char *address, unsigned port)
{
    struct question question = {.operation = OPERATION_CONNECT, .host = host, .port = port};

    if (address)
        check_int(net_address_parse(address, strlen(address), &question.address), 0);
    return answer_to(&question);
}

TEST(without_a_network_nothing_is_reached)
{
    open_with("network: {loopback: deny}\n");
    check_string(to("example.com", NULL, 443), "refused EAFNOSUPPORT seccomp");
    check_string(to(NULL, "127.0.0.1", 80), "refused EAFNOSUPPORT seccomp");
    close_all();
}

TEST(a_loopback_of_its_own_is_all)
{
    open_with("network: {loopback: allow}\n");
    check_string(to(NULL, "127.0.0.1", 80), "allowed");
    check_string(to(NULL, "192.0.2.1", 80), "refused ENETUNREACH namespace");
    close_all();
}

TEST(rules_about_names_decide_by_name_port_and_program)
{
    open_with("network:\n  egress:\n    allow:\n      - {to: [{host: example.com}], ports: [{port: 443}]}\n      - {to: [{host: '*.npmjs.org'}]}\n"
              "    deny:\n      - {to: [{host: bad.npmjs.org}]}\n");
    check_string(to("example.com", NULL, 443), "allowed");
    check_string(last_judged.origin->member, "network.egress.allow[0]");
    check_string(to("example.com", "93.184.216.34", 443), "allowed");
    check_string(to("example.com", NULL, 80), "refused EACCES gateway");
    check_string(to("example.com", NULL, 0), "allowed"); /* its name is resolved */
    check_string(to("other.com", NULL, 0), "refused EACCES gateway");
    check_string(to("other.com", NULL, 443), "refused EACCES gateway");
    check(last_judged.origin == NULL);
    check_string(last_judged.reason, "no rule grants it");
    check_string(to("registry.npmjs.org", NULL, 443), "allowed");
    check_contains(to("bad.npmjs.org", NULL, 443), "refused");
    check_string(last_judged.origin->member, "network.egress.deny[0]");
    check_contains(to(NULL, "93.184.216.34", 443), "refused");
    check_string(to("example.com", "169.254.169.254", 443), "refused EACCES gateway");
    close_all();
}

TEST(a_socket_of_the_host_is_reached_by_name_only)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    make_directory(&f, "ws/run");
    accept_text(&f, "filesystem: {readwritePaths: ['@/ws']}\n");
    ask_about(&f);
    check_answer(CONNECT, "ws/run/service", "refused EACCES keeper");
    check_new(CONNECT, "ws/run/service", "allowed");
    check_new(BIND, "ws/run/own", "allowed");
    check_answer(CONNECT, "/run/dbus", "hidden ENOENT absence");
    close_all();
}

static void judge_call(const struct plan_filter *filter, int number, struct plan_call *ret_call)
{
    *ret_call = number == __NR_bpf     ? (struct plan_call){JUDGED_REFUSED, EPERM, "loads programs into the kernel"}
                : number == __NR_ioctl ? (struct plan_call){JUDGED_DEPENDS, EPERM, ""}
                                       : (struct plan_call){JUDGED_ALLOWED, 0, ""};
}

static const char *call(int number)
{
    struct question question = {.operation = OPERATION_SYSCALL, .call = number};

    return answer_to(&question);
}

TEST(system_calls_are_the_filters_to_answer)
{
    struct plan_index *index;
    struct judged judged;
    struct question question = {.operation = OPERATION_SYSCALL, .call = __NR_bpf};

    open_with("syscalls: {deny: [ptrace], allow: [kcmp]}\n");
    check_string(call(__NR_ptrace), "refused EPERM seccomp");
    check_string(last_judged.origin->member, "syscalls.deny[0]");
    check_string(call(__NR_kcmp), "allowed");
    check_string(last_judged.origin->member, "syscalls.allow[0]");
    check_string(call(__NR_bpf), "depends"); /* nobody told */
    check_string(call(100000), "refused ENOSYS seccomp");
    check_int(plan_index_new(f.plan, &index, &f.err), 0);
    check_int(plan_index_set_calls(index, judge_call, &f.err), 0);
    plan_judge(index, &question, &judged);
    check_int(judged.judgement, JUDGED_REFUSED);
    check_string(judged.reason, "loads programs into the kernel");
    question.call = __NR_read;
    plan_judge(index, &question, &judged);
    check_int(judged.judgement, JUDGED_ALLOWED);
    question.call = __NR_ioctl;
    plan_judge(index, &question, &judged);
    check_int(judged.judgement, JUDGED_DEPENDS);
    plan_index_free(index);
    close_all();
}

TEST(a_limit_names_its_member_and_mechanism)
{
    struct question question = {.operation = OPERATION_LIMIT, .path = "resources.memory"};

    open_with("resources: {memory: 64MiB}\n");
    check_string(answer_to(&question), "refused ENOMEM cgroup");
    check_string(last_judged.origin->member, "resources.memory");
    question.path = "resources.pids";
    check_string(answer_to(&question), "allowed");
    question.path = NULL;
    check_string(answer_to(&question), "depends");
    close_all();
}

TEST(what_is_not_known_depends_on_it)
{
    struct question question = {.operation = OPERATION_READ};

    open_with("filesystem: {readwritePaths: ['@/ws']}\n");
    check_string(answer_to(&question), "depends");
    question.operation = OPERATION_RENAME;
    question.path = "/x";
    check_string(answer_to(&question), "depends");
    question.operation = OPERATION_CONNECT;
    question.path = NULL;
    check_string(answer_to(&question), "depends");
    question.operation = OPERATION_SIGNAL;
    check_string(answer_to(&question), "depends");
    question.operation = OPERATION_NONE;
    check_string(answer_to(&question), "depends");
    question.operation = OPERATION_MOUNT;
    check_string(answer_to(&question), "refused EPERM seccomp");
    close_all();
}
