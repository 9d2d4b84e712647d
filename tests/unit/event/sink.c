/* SPDX-License-Identifier: Apache-2.0 */
/* The file for events: by which ways it is reached, and by which not. */
#include "event/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "test.h"

static struct error err;

static int open_at(const char *path)
{
    int fd = -1, status;

    err = ERROR_INIT;
    status = sink_open(path, &fd, &err);
    check_int(fd >= 0, status == 0);
    fd_close_at(&fd);
    return status;
}

/* In a directory of its own: real/, and `link` to it. */
static void directory_enter(char *template)
{
    check(test_make_directory(template) != NULL);
    check_int(chdir(template), 0);
    check_int(mkdir("real", 0755), 0);
    check_int(symlink("real", "link"), 0);
}

TEST(a_file_for_events_is_made_for_its_owner_only)
{
    static char directory[] = "/tmp/cordon-unit-XXXXXX";
    char path[128];
    struct stat st;

    directory_enter(directory);
    umask(0);
    check_int(open_at("real/new.jsonl"), 0);
    check_int(stat("real/new.jsonl", &st), 0);
    check_int(st.st_mode & 07777, 0600);
    check_int(open_at("real//../real/./new.jsonl"), 0);
    check_int(open_at("plain.jsonl"), 0);
    snprintf(path, sizeof(path), "%s/real/other.jsonl", directory);
    check_int(open_at(path), 0);
    check_int(open_at("nowhere/new.jsonl"), -ENOENT);
    check_int(open_at("plain.jsonl/new.jsonl"), -ENOTDIR);
    check_int(open_at("real"), -EISDIR);
    check_int(chdir("/"), 0);
}

/* Made by this user, who is root where root runs the test: neither counts as the system's. */
TEST(a_link_on_the_way_to_the_file_for_events_is_refused)
{
    static char directory[] = "/tmp/cordon-unit-XXXXXX";
    char path[128];
    struct stat st;

    directory_enter(directory);
    check_int(open_at("link/new.jsonl"), -ELOOP);
    check_contains(err.text, "name the place itself");
    snprintf(path, sizeof(path), "%s/link/new.jsonl", directory);
    check_int(open_at(path), -ELOOP);
    check_int(symlink("/tmp", "absolute"), 0);
    check_int(open_at("absolute/cordon-unit-new.jsonl"), -ELOOP);
    check_int(symlink("real/target", "last"), 0);
    check_int(open_at("last"), -ELOOP);
    check_contains(err.text, "name the file itself");
    check_int(stat("real/new.jsonl", &st), -1);
    check_int(chdir("/"), 0);
}

TEST(a_link_of_the_system_is_followed)
{
    struct stat st;

    if (lstat("/bin", &st) < 0 || !S_ISLNK(st.st_mode) || st.st_uid != 0)
        test_skip("merged-usr");
    check_int(open_at("/bin/no-such-directory/x"), -ENOENT);
}
