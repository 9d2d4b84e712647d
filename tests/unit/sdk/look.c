/* SPDX-License-Identifier: Apache-2.0 */
/* Check, explain and doctor, over machines that are made up. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "fixture.h"
#include "protocol/service.h"
#include "sdk/machine.h"
#include "test.h"

static int check_policy(const char *text, char **ret_report, struct cordon_error *err)
{
    struct cordon_request *request = NULL;
    int kind;

    check_int(cordon_request_new(&request, err), 0);
    check_int(cordon_request_add_policy_text(request, "p.yaml", text, strlen(text), err), 0);
    kind = cordon_check(request, CORDON_JSON, ret_report, err);
    cordon_request_free(request);
    return kind;
}

TEST(check_tells_enforceable_from_invalid_from_unenforceable)
{
    struct cordon_error err = {0};
    char *report = NULL;

    fixture_open();
    check_int(check_policy("version: cordon/1\nname: a\n", &report, &err), 0);
    check_contains(report, "\"verdict\": \"enforceable\"");
    cordon_string_free(report);

    check_int(check_policy("version: cordon/1\nfilesystme: {}\n", &report, &err),
              CORDON_ERROR_INVALID);
    check_contains(report, "\"verdict\": \"invalid\"");
    check_contains(report, "p.yaml:2:1");
    check_contains(err.text, "filesystme");
    cordon_string_free(report);

    check_int(check_policy("version: cordon/1\nisolation: {tier: microvm}\n", &report, &err),
              CORDON_ERROR_UNENFORCEABLE);
    check_contains(report, "\"verdict\": \"unenforceable\"");
    check_contains(err.text, "microvm");
    cordon_string_free(report);
    check_int(fake_counts.starts, 0);
    fixture_close();
}

/* What a port of the host needs to be opened costs every start to find out. */
TEST(a_port_of_the_host_is_asked_about_where_a_policy_opens_one)
{
    struct cordon_error err = {0};
    char *report = NULL;

    fixture_open();
    check_int(check_policy("version: cordon/1\nnetwork: {ingress: {hostLoopbackPorts: [{port: 80}]}}\n", &report, &err), 0);
    check(!(fake_counts.probed & TIER_PROBE_PORTS));
    cordon_string_free(report);
    check_int(check_policy("version: cordon/1\nnetwork: {ingress: {ports: [{port: 80, hostPort: 8080}]}}\n", &report, &err), 0);
    check(fake_counts.probed & TIER_PROBE_PORTS);
    cordon_string_free(report);
    fixture_close();
}

TEST(check_lists_every_problem)
{
    struct cordon_error err = {0};
    char *report = NULL;

    fixture_open();
    check(check_policy("version: cordon/1\nisolation: {tier: microvm}\n"
                       "filesystem: {readonlyPaths: [/nonexistent-object]}\n",
                       &report, &err) > 0);
    check_contains(report, "microvm");
    check_contains(report, "/nonexistent-object");
    cordon_string_free(report);
    fixture_close();
}

TEST(members_are_set_on_the_one_document_and_refused_with_several)
{
    struct cordon_request *request = NULL;
    struct cordon_error err = {0};
    const char *text = "version: cordon/1\n";

    fixture_open();
    check_int(cordon_request_new(&request, &err), 0);
    check_int(cordon_request_add_policy_text(request, "a.yaml", text, strlen(text), &err), 0);
    check_int(cordon_request_set_member(request, "resources.pids=7", &err), 0);
    check_int(cordon_check(request, CORDON_TEXT, NULL, &err), 0);
    check_int(cordon_request_set_member(request, "resources.nonsense=7", &err), 0);
    check_int(cordon_check(request, CORDON_TEXT, NULL, &err), CORDON_ERROR_INVALID);
    check_contains(err.text, "nonsense");
    check_int(cordon_request_add_policy_text(request, "b.yaml", text, strlen(text), &err), 0);
    check_int(cordon_check(request, CORDON_TEXT, NULL, &err), CORDON_ERROR_INVALID);
    check_contains(err.text, "several policy documents");
    cordon_request_free(request);
    fixture_close();
}

TEST(the_home_is_refused_as_workspace_without_a_policy_and_taken_with_one)
{
    struct cordon_request *request = NULL;
    struct cordon_error err = {0};
    const char *text = "version: cordon/1\n";

    fixture_open();
    check_int(cordon_request_new(&request, &err), 0);
    check_int(cordon_request_set_workspace(request, getenv("HOME"), &err), 0);
    check_int(cordon_check(request, CORDON_TEXT, NULL, &err), CORDON_ERROR_FORBIDDEN);
    check_contains(err.text, "your home");
    check_int(cordon_request_add_policy_text(request, "a.yaml", text, strlen(text), &err), 0);
    check_int(cordon_check(request, CORDON_TEXT, NULL, &err), 0);
    cordon_request_free(request);
    fixture_close();
}

TEST(explain_prints_the_plan_in_both_formats)
{
    struct cordon_request *request;
    struct cordon_error err = {0};
    char *text = NULL;

    fixture_open();
    request = fixture_request();
    check_int(cordon_explain(request, CORDON_TEXT, &text, &err), 0);
    check_contains(text, "coding-agent");
    cordon_string_free(text);
    check_int(cordon_explain(request, CORDON_JSON, &text, &err), 0);
    check_int(text[0], '{');
    cordon_string_free(text);
    check_int(cordon_explain(request, (enum cordon_format)9, &text, &err), -EINVAL);
    cordon_request_free(request);
    fixture_close();
}

TEST(doctor_is_full_where_all_is_there)
{
    enum cordon_level level = CORDON_NONE;
    char *text = NULL;

    fixture_open();
    check_int(cordon_doctor(CORDON_TEXT, &text, &level, NULL), 0);
    check_int(level, CORDON_FULL);
    check(!strstr(text, "MISSING"));
    cordon_string_free(text);
    fixture_close();
}

/* Of this machine, whatever it has: less is seen, nothing less is contained. */
TEST(doctor_says_what_seeing_refusals_needs_and_counts_it_for_no_containment)
{
    enum cordon_level level = CORDON_NONE;
    char *text = NULL;

    fixture_open();
    check_int(cordon_doctor(CORDON_TEXT, &text, &level, NULL), 0);
    check_int(level, CORDON_FULL);
    check_contains(text, access("/dev/fuse", R_OK | W_OK) == 0 ? "yes      watch-hidden" : "no       watch-hidden");
    check_contains(text, "no       sensor"); /* these tests have none beside them */
    check_contains(text, "cordon-sensor is not there");
    check_contains(text, "no       landlock-records");
    check_contains(text, access("/run/cordon/control.sock", F_OK) == 0 ? " machine-daemon" : "no       machine-daemon");
    check_contains(text, access("/run/cordon/keepers-launcher.sock", F_OK) == 0 ? "yes      own-uids" : "no       own-uids");
    check_contains(text, access("/var/lib/cordon/identity/bundle.json", R_OK) == 0 ? "yes      machine-authority" : "no       machine-authority");
    cordon_string_free(text);
    fake_script.facts.landlock_abi = 6;
    check_int(cordon_doctor(CORDON_TEXT, &text, &level, NULL), 0);
    check_int(level, CORDON_FULL);
    check_contains(text, "no       landlock-records");
    check_contains(text, "needs Landlock ABI 7");
    cordon_string_free(text);
    fixture_close();
}

TEST(doctor_names_what_is_missing_and_the_command_that_mends_it)
{
    enum cordon_level level = CORDON_FULL;
    char *text = NULL;

    fixture_open();
    fake_script.facts.cgroup_memory = false;
    strcpy(fake_script.facts.cgroup_why, "not delegated");
    check_int(cordon_doctor(CORDON_TEXT, &text, &level, NULL), 0);
    check_int(level, CORDON_PARTIAL);
    check_contains(text, "MISSING  limit-memory");
    check_contains(text, "not delegated");
    cordon_string_free(text);

    fake_script.facts.user_namespaces = false;
    check_int(cordon_doctor(CORDON_TEXT, &text, &level, NULL), 0);
    check_int(level, CORDON_PARTIAL);
    check_contains(text, "MISSING  user-namespaces");
    check_contains(text, "run by Landlock and system call filter alone");
    cordon_string_free(text);

    fake_script.facts.landlock_abi = 5;
    fake_script.facts.is_apparmor_userns_restricted = true;
    check_int(cordon_doctor(CORDON_JSON, &text, &level, NULL), 0);
    check_int(level, CORDON_NONE);
    check_contains(text, "\"level\": \"none\"");
    check_contains(text, "sudo apparmor_parser -r /etc/apparmor.d/cordon");
    cordon_string_free(text);
    fixture_close();
}

static int count_of(const char *text, const char *part)
{
    int count = 0;

    for (; (text = strstr(text, part)); text += strlen(part))
        count++;
    return count;
}

TEST(doctor_names_systemd_where_it_runs_and_each_remedy_once)
{
    struct facts *facts = &fake_script.facts;
    char *text = NULL;

    fixture_open();
    facts->is_root = false;
    facts->cgroup_memory = facts->cgroup_cpu = facts->cgroup_cpuacct = false;
    facts->has_systemd = true;
    check_int(cordon_doctor(CORDON_TEXT, &text, NULL, NULL), 0);
    check_int(count_of(text, "systemd-run"), 1);
    check_int(count_of(text, "mend: as limit-memory\n"), 2);
    cordon_string_free(text);
    strcpy(facts->cgroup_why, "not delegated");
    facts->has_systemd = false;
    check_int(cordon_doctor(CORDON_TEXT, &text, NULL, NULL), 0);
    check_int(count_of(text, "systemd-run"), 0);
    check_int(count_of(text, "not delegated"), 1);
    check_int(count_of(text, " as limit-memory\n"), 2);
    check_int(count_of(text, "isolation.allowLoss"), 1);
    cordon_string_free(text);
    facts->has_systemd = facts->is_root = true;
    check_int(cordon_doctor(CORDON_TEXT, &text, NULL, NULL), 0);
    check_int(count_of(text, "systemd-run"), 0);
    check_int(count_of(text, "/sys/fs/cgroup writable"), 1);
    cordon_string_free(text);
    fixture_close();
}

TEST(doctor_names_a_chroot_and_the_way_around_it)
{
    char *text = NULL;

    fixture_open();
    fake_script.facts.user_namespaces = false;
    fake_script.facts.is_chrooted = true;
    fake_script.facts.is_apparmor_userns_restricted = true;
    check_int(cordon_doctor(CORDON_TEXT, &text, NULL, NULL), 0);
    check_contains(text, ", in a chroot\n");
    check_contains(text, "mount --move . /");
    check(!strstr(text, "apparmor"));
    cordon_string_free(text);
    fixture_close();
}

TEST(doctor_inside_a_container_of_cordon_says_so_and_blames_no_machine)
{
    char *text = NULL;

    fixture_open();
    fake_script.facts.landlock_abi = 0;
    fake_script.facts.user_namespaces = false;
    check_int(cordon_doctor(CORDON_TEXT, &text, NULL, NULL), 0);
    check_contains(text, "lsm= boot parameter");
    cordon_string_free(text);
    fake_script.facts.is_in_cordon = true;
    check_int(cordon_doctor(CORDON_TEXT, &text, NULL, NULL), 0);
    check_contains(text, ", inside a container of Cordon\n");
    check_contains(text, "which withholds it");
    check(!strstr(text, "lsm=") && !strstr(text, "mend:"));
    cordon_string_free(text);
    fixture_close();
}

TEST(doctor_tells_a_hierarchy_without_controllers_from_one_that_cannot_be_written)
{
    char *text = NULL;

    fixture_open();
    fake_script.facts.is_root = true;
    fake_script.facts.cgroup_memory = false;
    check_int(cordon_doctor(CORDON_TEXT, &text, NULL, NULL), 0);
    check_contains(text, "mend: make /sys/fs/cgroup writable here");
    cordon_string_free(text);
    fake_script.facts.cgroup_is_bare = true;
    check_int(cordon_doctor(CORDON_TEXT, &text, NULL, NULL), 0);
    check_contains(text, "mend: boot with cgroup_no_v1=all");
    check(!strstr(text, "/sys/fs/cgroup writable"));
    cordon_string_free(text);
    fixture_close();
}

TEST(doctor_refuses_a_format_that_it_does_not_know)
{
    struct cordon_error err = {0};
    char *text = NULL;

    fixture_open();
    check_int(cordon_doctor((enum cordon_format)9, &text, NULL, &err), -EINVAL);
    check_contains(err.text, "unknown format 9");
    check(!text);
    fixture_close();
}

static int attempt_check(void)
{
    struct cordon_request *request = NULL;
    struct cordon_error err = {0};
    int kind, status = cordon_request_new(&request, &err);

    if (status < 0)
        return status;
    kind = cordon_check(request, CORDON_TEXT, NULL, &err);
    cordon_request_free(request);
    return kind == CORDON_ERROR_MEMORY ? -ENOMEM : -kind;
}

TEST(checking_survives_each_failed_allocation)
{
    fixture_open();
    check_int(attempt_check(), 0);
    test_each_allocation_fails(attempt_check, 20000);
    fixture_close();
}

/* What is missing first, and the command for whoever reads it. */
TEST(doctor_says_what_the_machines_daemon_lacks)
{
    static const char *const there[] = {"root", NULL}, *const none[] = {"root", "cordon-no-such", NULL};
    struct facts facts = {.kernel = "6.12.3-amd64", .kernel_major = 6, .kernel_minor = 12, .is_root = true, .has_systemd = true};
    struct machine_daemon daemon;
    char path[] = "/tmp/cordon-test-XXXXXX/control.sock";
    int fd = -1;

    path[strlen("/tmp/cordon-test-XXXXXX")] = '\0';
    check(mkdtemp(path) != NULL);
    path[strlen("/tmp/cordon-test-XXXXXX")] = '/';
    machine_daemon_look(path, there, &facts, &daemon);
    check(!daemon.is_there);
    check_contains(daemon.why, "there is no /tmp/cordon-test-");
    check_string(daemon.mend, "systemctl enable --now cordond.socket cordond.service");
    facts.has_systemd = false;
    machine_daemon_look(path, there, &facts, &daemon);
    check_string(daemon.mend, "cordond --system");
    facts.is_root = false;
    machine_daemon_look(path, none, &facts, &daemon);
    check_string(daemon.why, "there is no user cordon-no-such, whom a part of it runs as");
    check(strncmp(daemon.mend, "sudo ", 5) == 0);
    facts.kernel_minor = 4;
    machine_daemon_look(path, none, &facts, &daemon);
    check_contains(daemon.why, "Linux 6.5");
    check_string(daemon.mend, "");
    /* one that listens is there, whatever else is said of it; one that has gone is not */
    check_int(service_listen(path, 0600, &fd, NULL), 0);
    machine_daemon_look(path, none, &facts, &daemon);
    check(daemon.is_there);
    close(fd);
    facts.kernel_major = 7;
    machine_daemon_look(path, there, &facts, &daemon);
    check(!daemon.is_there);
    check_contains(daemon.why, "nobody answers at ");
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
}
