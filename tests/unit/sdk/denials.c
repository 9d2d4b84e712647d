/* SPDX-License-Identifier: Apache-2.0 */
/* What a tier saw refused, as the record has it and as the caller is told. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/kernel/syscalls.h"
#include "sdk/container.h"
#include "sensor/sensor.h"
#include "runs.h"
#include "test.h"

static struct tier_access refused(enum operation operation, const char *path)
{
    return (struct tier_access){.operation = operation, .source = "keeper", .layer = BY_MOUNT, .errnum = EROFS, .call = __NR_mkdirat,
                                .has_args = true, .args = {0, 0, 0755}, .named = path, .path = path, .count = 1};
}

/* Run with these accesses; how many the caller is told of, and `part` of what of them. */
static void check_denials(const struct tier_access *accesses, size_t count, uint64_t lost, uint64_t told, const char *text)
{
    struct cordon_request *request;
    struct cordon_container *container = NULL;
    uint64_t denials = 0;
    char *got = NULL;

    fake_script.accesses = accesses;
    fake_script.access_count = count;
    fake_script.lost = lost;
    request = fixture_request();
    check_int(cordon_spawn(request, &container, &err), 0);
    check_int(cordon_container_denials(container, &denials, NULL, &err), -EAGAIN);
    check_int(cordon_container_wait(container, -1, &status, &err), 1);
    check_int(cordon_container_denials(container, &denials, &got, &err), 0);
    check_int((int)denials, (int)told);
    check_string(got, text);
    cordon_string_free(got);
    cordon_container_free(container);
    cordon_request_free(request);
}

TEST(a_refusal_is_recorded_with_rule_layer_and_decoded_arguments)
{
    struct tier_access access = refused(OPERATION_CREATE, "/usr/new");
    static const char arguments[] = "mkdir\0--token=abc\0/usr/new";

    fixture_open();
    access.process = (struct tier_process){.pid = 7, .host_pid = 4711, .exe = "/usr/bin/mkdir", .command_line = arguments,
                                           .command_line_size = sizeof(arguments)};
    access.parents[0] = (struct tier_process){.pid = 3, .exe = "/usr/bin/dash"};
    access.parent_count = 1;
    check_denials(&access, 1, 0, 1, "create /usr/new: EROFS");
    check_events("\"watch\":[{\"source\":\"keeper\",\"sees\":[\"create\"],\"blind\":\"all else\"}]");
    check_events("\"type\":\"access.denied\",\"operation\":\"create\"");
    check_events("\"call\":\"mkdirat\",\"args\":\"mode=0755\",\"errno\":\"EROFS\"");
    check_events("\"pid\":7,\"hostPid\":4711,\"exe\":\"/usr/bin/mkdir\",\"commandLine\":[\"mkdir\",\"--token=");
    check_events("\"parents\":[{\"pid\":3,\"hostPid\":null,\"exe\":\"/usr/bin/dash\"}]");
    check_events("filesystem.readonlyPaths[0]\",\"layer\":\"mount\",\"source\":\"keeper\",\"reason\":\"read-only here\"");
    fixture_close();
}

/* Where no rule is in the way it is not said that one was. */
TEST(what_permissions_refuse_is_no_rule_s)
{
    struct tier_access access = refused(OPERATION_CREATE, "/tmp/new");

    fixture_open();
    access.layer = BY_KERNEL;
    access.errnum = EACCES;
    check_denials(&access, 1, 0, 1, "create /tmp/new: EACCES");
    check_events("\"rule\":null,\"layer\":\"kernel\",\"source\":\"keeper\",\"reason\":\"no rule is in the way");
    fixture_close();
}

TEST(equal_refusals_are_one_record_and_losses_are_counted)
{
    struct tier_access accesses[3] = {refused(OPERATION_CREATE, "/usr/a"), refused(OPERATION_CREATE, "/usr/a"),
                                      refused(OPERATION_DELETE, "/usr/b")};

    fixture_open();
    check_denials(accesses, 3, 5, 8, "delete /usr/b: EROFS");
    check_events("\"type\":\"access.repeated\"");
    check_events("\"type\":\"access.lost\",\"source\":\"keeper\",\"count\":5");
    fixture_close();
}

/* A rule of the policy says more than a call that is refused whatever the policy is, also when that came later. */
TEST(the_most_telling_refusal_is_shown_and_is_safe_to_show)
{
    struct tier_access accesses[3] = {refused(OPERATION_CREATE, "/usr/\x1b[2Jx\n"), refused(OPERATION_SYSCALL, NULL),
                                      refused(OPERATION_SYSCALL, NULL)};

    fixture_open();
    for (int i = 1; i < 3; i++) {
        accesses[i].layer = BY_SECCOMP;
        accesses[i].source = "filter";
        accesses[i].errnum = EPERM;
        accesses[i].call = __NR_unshare;
        accesses[i].args[0] = 0x10000000;
    }
    check_denials(accesses, 3, 0, 3, "create /usr/\\x1b[2Jx\\x0a: EROFS");
    check_events("\"call\":\"unshare\",\"args\":\"flags=CLONE_NEWUSER\"");
    fixture_close();
}

TEST(without_refusals_nothing_is_told)
{
    fixture_open();
    check_denials(NULL, 0, 0, 0, "");
    fixture_close();
}

static struct tier_access absent(const char *path)
{
    return (struct tier_access){.operation = OPERATION_READ, .source = "void", .layer = BY_ABSENCE, .errnum = ENOENT, .call = __NR_openat,
                                .named = path, .path = path, .count = 1};
}

/* ENOENT is a refusal where something is there that the plan hides, and nobody's where nothing is. */
TEST(what_is_hidden_is_recorded_and_what_is_nowhere_is_not)
{
    struct tier_access accesses[3] = {absent("/etc/shadow"), absent("/nowhere/at/all"), absent("/etc/passwd/below")};
    char *events;

    fixture_open();
    check_denials(accesses, 3, 0, 1, "read /etc/shadow: ENOENT");
    check_events("\"path\":\"/etc/shadow\",\"secondNamed\":null,\"second\":null,\"outside\":null,\"hidden\":true");
    check_events("\"rule\":null,\"layer\":\"absence\",\"source\":\"void\",\"reason\":\"no rule grants it\"");
    events = fixture_events();
    check(strstr(events, "nowhere") == NULL);
    free(events);
    fixture_close();
}

TEST(how_much_is_watched_is_one_of_what_is_known)
{
    struct cordon_request *request;

    fixture_open();
    request = fixture_request();
    check_int(cordon_request_set_watch(request, CORDON_WATCH_HIDDEN, &err), 0);
    check_int(cordon_request_set_watch(request, CORDON_WATCH_REFUSED, &err), 0);
    check_int(cordon_request_set_watch(request, (enum cordon_watch)7, &err), -EINVAL);
    check_contains(err.text, "watch 7");
    check_int(err.kind, CORDON_ERROR_INVALID);
    cordon_request_free(request);
    fixture_close();
}

/* How many refusals the caller is told of, where this is all that the kernel's sensor says. */
static uint64_t count_with_gap(bool is_announced, uint64_t missing)
{
    const struct sensor_told gap = {.type = SENSOR_GAP, .flags = SENSOR_GAP_LISTENER, .count = missing, .login_uid = SENSOR_NO_UID};
    struct cordon_request *request;
    struct cordon_container *container = NULL;
    uint64_t denials = 0;
    int ends[2];

    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    check_int((int)send(ends[1], &gap, sizeof(gap), 0), (int)sizeof(gap));
    request = fixture_request();
    check_int(cordon_spawn(request, &container, &err), 0);
    sensor_take(&container->sensor, ends[0]);
    container->sensor.is_announced = is_announced;
    check_int(cordon_container_wait(container, -1, &status, &err), 1);
    check_int(cordon_container_denials(container, &denials, NULL, &err), 0);
    cordon_container_free(container);
    cordon_request_free(request);
    close(ends[1]);
    return denials;
}

/* What the sensor missed beside process 1 may be what that one has told: it is a loss of the record, and no refusal more. */
TEST(what_two_sources_see_is_not_counted_where_one_of_them_missed_it)
{
    fixture_open();
    check_int((int)count_with_gap(true, 2817), 0);
    check_events("\"type\":\"access.lost\",\"source\":\"landlock\",\"count\":2817");
    check_int((int)count_with_gap(false, 2817), 2817); /* nobody else tells of those */
    fixture_close();
}
