/* SPDX-License-Identifier: Apache-2.0 */
/* What appears where the plan puts it: sockets, devices, views, caches, toolchains. */
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "fixture.h"
#include "policy/compile/compile.h"

static struct fixture f;

TEST(sockets_devices_and_pipes_are_not_files)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    fixture_open(&f);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", full_path(&f, "sock"));
    check_int(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
    check_int(mkfifo(full_path(&f, "pipe"), 0600), 0);
    check_contains(refusal_of(&f, "filesystem:\n  readwritePaths: [\"@/sock\"]\n"),
                   "`unixSockets`");
    check_contains(refusal_of(&f, "filesystem:\n  readonlyPaths: [\"@/pipe\"]\n"),
                   "neither a file nor a directory");
    accept_text(&f, "unixSockets: [\"@/sock\"]\n");
    check(mount_at(&f, "sock")->is_socket);
    check_contains(refusal_of(&f, "unixSockets: [\"@/pipe\"]\n"), "it is not a socket");
    check_contains(
        refusal_of(&f, "filesystem:\n  deniedPaths: [\"@/sock\"]\nunixSockets: [\"@/sock\"]\n"),
        "another rule denies it");
    fixture_close(&f);
}

TEST(devices_are_named_and_the_dangerous_ones_refused)
{
    fixture_open(&f);
    accept_text(&f, "devices: [/dev/null]\n");
    check(!mount_at(&f, "/dev/null")); /* there anyway */
    check_contains(refusal_of(&f, "devices: [/dev/none]\n"), "does not exist");
    if (access("/dev/ptmx", F_OK) == 0)
        check_contains(refusal_of(&f, "devices: [/dev/ptmx]\n"),
                       "terminals are the container's own");
    if (access("/dev/mem", F_OK) == 0)
        check_contains(refusal_of(&f, "devices: [/dev/mem]\n"), "memory of the host");
    if (access("/dev/kvm", R_OK | W_OK) == 0) {
        accept_text(&f, "devices: [/dev/kvm]\n");
        check(mount_at(&f, "/dev/kvm")->is_device);
    }
    fixture_close(&f);
}

TEST(a_device_that_reaches_the_host_is_refused_with_its_reason_and_its_neighbours_are_not)
{
    static const struct {
        const char *path;
        unsigned major, minor;
        const char *reason; /* NULL = may be granted */
    } rows[] = {
        {"/dev/mem", 1, 1, "memory of the host"},
        {"/dev/port", 1, 4, "ports of the host"},
        {"/dev/kmsg", 1, 11, "kernel's log"},
        {"/dev/hwrng", 10, 183, NULL},
        {"/dev/snapshot", 10, 231, "memory of the host"},
        {"/dev/kvm", 10, 232, NULL},
        {"/dev/fuse", 10, 229, "filesystem.views"},
        {"/dev/loop-control", 10, 237, "mounts, maps or adds"},
        {"/dev/mapper/control", 10, 236, "mounts, maps or adds"},
        {"/dev/vhost-vsock", 10, 241, "rules for network"},
        {"/dev/vhost-vdpa-0", 511, 0, "rules for network"},
        {"/dev/net/tun", 10, 200, "rules for network"},
        {"/dev/uinput", 10, 223, "host's input"},
        {"/dev/input/event3", 13, 67, "host's input"},
        {"/dev/hidraw0", 245, 0, "host's input"},
        {"/dev/nvram", 10, 144, "firmware"},
        {"/dev/cpu/0/msr", 202, 0, "firmware or the processor"},
        {"/dev/cpu/0/cpuid", 203, 0, NULL},
        {"/dev/sg0", 21, 0, "commands to a disk"},
        {"/dev/bsg/0:0:0:0", 250, 0, "commands to a disk"},
        {"/dev/nvme0", 242, 0, "commands to a disk"},
        {"/dev/vfio/vfio", 10, 196, "writes the host's memory"},
        {"/dev/vfio/12", 240, 0, "writes the host's memory"},
        {"/dev/tpmrm0", 253, 65536, "keys"},
        {"/dev/watchdog0", 249, 0, "restarts"},
        {"/dev/userfaultfd", 10, 126, "faults of the kernel"},
        {"/dev/dri/renderD128", 226, 128, NULL},
        {"/dev/nvidia0", 195, 0, NULL},
        {"/dev/ttyUSB0", 188, 0, NULL},
        {"/dev/bus/usb/001/002", 189, 1, NULL},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const char *reason =
            devices_refusal(rows[i].path, S_IFCHR | 0666, makedev(rows[i].major, rows[i].minor));

        if (!rows[i].reason != !reason)
            test_fail(__FILE__, __LINE__, "%s: %s", rows[i].path, reason ? reason : "grantable");
        if (reason)
            check_contains(reason, rows[i].reason);
    }
    check_contains(devices_refusal("/dev/sda", S_IFBLK | 0660, makedev(8, 0)), "not a character");
    check_contains(devices_refusal("/srv/kvm", S_IFCHR | 0666, makedev(10, 232)), "below /dev");
}

TEST(a_view_shows_an_object_elsewhere_and_its_rules_with_it)
{
    fixture_open(&f);
    make_directory(&f, "data/a/secret");
    accept_text(
        &f, "filesystem:\n  views: [{source: \"@/data\", target: \"@/in\", access: readwrite}]\n"
            "  deniedPaths: [\"@/data/a/secret\"]\n");
    check_string(what_is_at(&f, "in"), "bind rw");
    check_string(mount_at(&f, "in")->source, full_path(&f, "data"));
    check_string(what_is_at(&f, "in/a"), "pin");
    check_string(mount_at(&f, "in/a")->source, full_path(&f, "data/a"));
    check_string(what_is_at(&f, "in/a/secret"), "mask");
    check_string(what_is_at(&f, "data"), "none");
    fixture_close(&f);
}

TEST(a_missing_name_counts_under_the_views_name_too)
{
    fixture_open(&f);
    make_directory(&f, "data");
    check_contains(
        refusal_of(
            &f,
            "filesystem:\n  views: [{source: \"@/data\", target: \"@/in\", access: readwrite}]\n"
            "  deniedPaths: [\"@/data/.env\"]\n"),
        "/data/.env does not exist yet");
    fixture_close(&f);
}

TEST(a_view_into_a_granted_tree_needs_a_name_there)
{
    static const char text[] =
        "filesystem:\n  readwritePaths: [\"@/ws\"]\n"
        "  views: [{source: \"@/data\", target: \"@/ws/in\", access: readonly}]\n";

    fixture_open(&f);
    make_directory(&f, "data");
    check_contains(refusal_of(&f, text), "has nothing of the same type there");
    make_file(&f, "ws/in");
    check_contains(refusal_of(&f, text), "has nothing of the same type there");
    check_int(unlink(full_path(&f, "ws/in")), 0);
    make_directory(&f, "ws/in");
    accept_text(&f, text);
    check_string(what_is_at(&f, "ws/in"), "bind ro");
    fixture_close(&f);
}

TEST(a_view_cannot_reach_what_is_never_granted)
{
    fixture_open(&f);
    make_directory(&f, "self/keys");
    f.self[0] = full_path(&f, "self/keys");
    check_contains(refusal_of(&f, "filesystem:\n  views: [{source: \"@/self/keys\", target: "
                                  "\"@/in\", access: readonly}]\n"),
                   "is never granted");
    accept_text(
        &f, "filesystem:\n  views: [{source: \"@/self\", target: \"@/in\", access: readonly}]\n");
    check_string(what_is_at(&f, "in/keys"), "mask");
    check_contains(
        refusal_of(&f, "filesystem:\n  views: [{source: /, target: \"@/in\", access: readonly}]\n"),
        "cannot be shown");
    check_contains(
        refusal_of(
            &f,
            "filesystem:\n  views: [{source: \"@/self\", target: /proc/x, access: readonly}]\n"),
        "cannot be shown");
    fixture_close(&f);
}

TEST(caches_are_private_to_policy_and_workspace_and_kept)
{
    const char *first;
    struct stat st;

    fixture_open(&f);
    accept_text(&f, "name: one\nfilesystem:\n  cachePaths: [\"${home}/.cache\"]\n");
    check_string(what_is_at(&f, "home/.cache"), "bind rw");
    first = strdup(mount_at(&f, "home/.cache")->source);
    check_contains(first, full_path(&f, "cache/"));
    check_int(stat(first, &st), 0);
    check_int(st.st_mode & 07777, 0700);
    check_int(st.st_ino, mount_at(&f, "home/.cache")->inode);
    accept_text(&f, "name: one\nfilesystem:\n  cachePaths: [\"${home}/.cache\"]\n");
    check_string(mount_at(&f, "home/.cache")->source, first);
    accept_text(&f, "name: two\nfilesystem:\n  cachePaths: [\"${home}/.cache\"]\n");
    check(strcmp(mount_at(&f, "home/.cache")->source, first) != 0);
    free((char *)first);
    fixture_close(&f);
}

TEST(explaining_makes_no_cache)
{
    fixture_open(&f);
    f.options.is_dry_run = true;
    accept_text(&f, "filesystem:\n  cachePaths: [\"${home}/.cache\"]\n");
    check_string(what_is_at(&f, "home/.cache"), "bind rw");
    check(access(full_path(&f, "cache"), F_OK) < 0);
    fixture_close(&f);
}

TEST(toolchains_come_without_credentials)
{
    fixture_open(&f);
    make_directory(&f, "home/.cargo/bin");
    make_file(&f, "home/.cargo/credentials.toml");
    make_directory(&f, "home/.rustup");
    make_directory(&f, "home/.nvm/versions/node/v24/bin");
    make_directory(&f, "home/.ssh/bin");
    make_directory(&f, "home/b");
    f.options.caller_path = full_path(&f, "home/.cargo/bin");
    accept_text(&f, "filesystem:\n  toolchains: inherit\n");
    check_string(what_is_at(&f, "home/.cargo/bin"), "bind ro");
    check_string(what_is_at(&f, "home/.rustup"), "bind ro");
    check_string(what_is_at(&f, "home/.cargo"), "directory");
    f.options.caller_path = full_path(&f, "home/.nvm/versions/node/v24/bin");
    accept_text(&f, "filesystem:\n  toolchains: inherit\n");
    check_string(what_is_at(&f, "home/.nvm/versions"), "bind ro");
    f.options.caller_path = full_path(&f, "home/b");
    accept_text(&f, "filesystem:\n  toolchains: inherit\n");
    check_string(what_is_at(&f, "home/b"), "bind ro");
    f.options.caller_path = full_path(&f, "home/.ssh/bin");
    accept_text(&f, "filesystem:\n  toolchains: inherit\n");
    check_string(what_is_at(&f, "home/.ssh/bin"), "none");
    make_directory(&f, "home/secret");
    make_link(&f, "home/turned", full_path(&f, "home/secret"));
    f.options.caller_path = full_path(&f, "home/turned");
    accept_text(&f, "filesystem:\n  toolchains: inherit\n");
    check_string(what_is_at(&f, "home/secret"), "none");
    check_string(what_is_at(&f, "home/turned"), "none");
    check_contains(f.plan->warnings.items[0].text, "is not granted for that");
    f.options.caller_path = full_path(&f, "home");
    accept_text(&f, "filesystem:\n  toolchains: inherit\n");
    check_string(what_is_at(&f, "home"), "private");
    f.options.caller_path = full_path(&f, "home/.cargo/bin");
    accept_text(&f, "filesystem:\n  toolchains: none\n");
    check_string(what_is_at(&f, "home/.cargo/bin"), "none");
    fixture_close(&f);
}
