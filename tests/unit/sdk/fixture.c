/* SPDX-License-Identifier: Apache-2.0 */
/* The fixture. */
#include "fixture.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../facts.h"
#include "base/file.h"
#include "test.h"

static char root[64];

/* What an installation has beside its program. */
static void make_helpers(void)
{
    static const char *const names[] = {"cordon-init", "cordon-gateway", "cordon-inspector", "cordon-holder"};
    char program[PATH_MAX], directory[PATH_MAX + 32], path[PATH_MAX + 64];
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
    struct error err;

    check(length > 0);
    program[length] = '\0';
    *strrchr(program, '/') = '\0';
    *strrchr(program, '/') = '\0';
    snprintf(directory, sizeof(directory), "%s/libexec/cordon", program);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        if (access(path, X_OK) == 0) /* perhaps made by the owner of the build */
            continue;
        check_int(file_make_directories(directory, 0755, &err), 0);
        test_write_file(path, "", 0755);
    }
}

static void make_directory(const char *name, char *ret_path, size_t size)
{
    snprintf(ret_path, size, "%s/%s", root, name);
    check_int(mkdir(ret_path, 0755), 0);
}

const char *fixture_open(void)
{
    char path[128];

    umask(022);
    make_helpers();
    strcpy(root, "/tmp/cordon-test-sdk.XXXXXX");
    check(test_make_directory(root) != NULL);
    make_directory("home", path, sizeof(path));
    setenv("HOME", path, 1);
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("XDG_CACHE_HOME");
    make_directory("state", path, sizeof(path));
    setenv("XDG_STATE_HOME", path, 1);
    make_directory("work", path, sizeof(path));
    check_int(chdir(path), 0);
    fake_counts = (struct fake_counts){0};
    fake_script = (struct fake_script){
        .status = {.end = TIER_EXITED, .has_times = true, .has_rss = true, .user_us = 10, .system_us = 20, .max_rss_bytes = 30},
        .facts = facts_made_up(),
    };
    return root;
}

void fixture_close(void)
{
    char command[128];

    check_int(chdir("/"), 0);
    snprintf(command, sizeof(command), "rm -rf '%s'", root);
    check_int(system(command), 0);
}

struct cordon_request *fixture_request(void)
{
    const char *const argv[] = {"true", NULL};
    struct cordon_request *request = NULL;

    check_int(cordon_request_new(&request, NULL), 0);
    check_int(cordon_request_set_command(request, argv, NULL), 0);
    return request;
}

char *fixture_events(void)
{
    char path[512], name[256] = "", *data = NULL;
    struct error err = ERROR_INIT;
    struct dirent *entry;
    size_t size;
    DIR *runs;

    snprintf(path, sizeof(path), "%s/state/cordon/runs", root);
    runs = opendir(path);
    check(runs != NULL);
    while ((entry = readdir(runs)))
        if (entry->d_name[0] != '.')
            snprintf(name, sizeof(name), "%s", entry->d_name);
    closedir(runs);
    snprintf(path, sizeof(path), "%s/state/cordon/runs/%s/events.jsonl", root, name);
    check_int(file_read(path, 1 << 20, &data, &size, &err), 0);
    return data;
}
