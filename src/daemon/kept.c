/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/daemon.h"
#include "daemon/parts.h"

#define NAME_SIZE (25 + 1 + 2 * KEY_SIZE) /* ID.KEY */
#define VARIABLE  "CORDON_CONTAINERS="

const char *kept_variable(void)
{
    static char variable[sizeof(VARIABLE) + PATH_MAX];
    char path[PATH_MAX];

    parts_find_state(path, "containers");
    if (*path)
        snprintf(variable, sizeof(variable), VARIABLE "%s", path);
    return variable;
}

static bool read_key(const char *name, unsigned char ret_key[KEY_SIZE])
{
    if (name[0] != 'c' || strlen(name) != NAME_SIZE || name[25] != '.' || strspn(name + 26, "0123456789abcdef") != 2 * KEY_SIZE)
        return false;
    for (size_t i = 0; i < KEY_SIZE; i++) {
        unsigned byte;

        sscanf(name + 26 + 2 * i, "%2x", &byte);
        ret_key[i] = (unsigned char)byte;
    }
    return true;
}

/* Whoever has it holds its lock. */
static bool is_nobodys(int all, const char *name)
{
    char path[NAME_SIZE + 8];
    auto_close int lock = -1;

    snprintf(path, sizeof(path), "%s/lock", name);
    lock = openat(all, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    return lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0;
}

/* `kept`: the system's; NULL = the user's own. */
static void tell_one(int core, const unsigned char key[KEY_SIZE], const struct launcher_kept *kept)
{
    auto_protocol struct protocol_out out;
    struct error err = ERROR_INIT;

    protocol_begin(&out, PROTOCOL_KEPT, 0);
    protocol_add_bytes(&out, TAG_KEY, key, KEY_SIZE);
    if (kept) {
        protocol_add_number(&out, TAG_UID, kept->uid);
        protocol_add_number(&out, TAG_GID, kept->gid);
        protocol_add_text(&out, TAG_NAME, kept->name);
    }
    if (protocol_send(core, 0, &out, NULL, 0, &err) < 0)
        daemon_log("containers that are kept cannot be told of: %s", err.text);
}

/* Each key once. */
static void tell_all(int core, DIR *all, unsigned char (*told)[KEY_SIZE])
{
    unsigned char key[KEY_SIZE];
    const struct dirent *entry;
    size_t count = 0, over = 0;

    while ((errno = 0, entry = readdir(all))) {
        size_t i = 0;

        if (!read_key(entry->d_name, key))
            continue;
        while (i < count && memcmp(told[i], key, KEY_SIZE) != 0)
            i++;
        if (i < count || !is_nobodys(dirfd(all), entry->d_name))
            continue;
        if (count == KEPT_KEYS_MAX) {
            over++;
            continue;
        }
        memcpy(told[count++], key, KEY_SIZE);
        tell_one(core, key, NULL);
    }
    if (errno)
        daemon_log("containers that are kept may not all be found: %s", strerror(errno));
    if (over)
        daemon_log("containers that are kept are of more than %d kinds: %zu of them are taken up when one of these is not there any more", KEPT_KEYS_MAX, over);
}

void kept_tell(int core)
{
    const char *variable = kept_variable(), *path = variable + (*variable ? strlen(VARIABLE) : 0);
    DIR *all = *path ? opendir(path) : NULL;
    auto_free unsigned char(*told)[KEY_SIZE] = mem_alloc(KEPT_KEYS_MAX * sizeof(*told));

    if (*path && !all && errno != ENOENT)
        daemon_log("containers that are kept cannot be looked for: %s: %s", path, strerror(errno));
    if (all && !told)
        daemon_log("containers that are kept cannot be looked for: out of memory");
    if (all && told)
        tell_all(core, all, told);
    if (all)
        closedir(all);
}

/* ---- the system's ---- */

int kept_ask(struct launcher *launcher, int core, uint64_t *ret_wait_ms, struct error *err)
{
    struct launcher_kept kept = {.next = 0};
    int status = 0;

    do {
        status = launcher_kept(launcher, NULL, kept.next, &kept, err);
        if (status == 0 && *kept.name)
            tell_one(core, kept.key, &kept);
    } while (status == 0 && *kept.name);
    if (status == 0)
        *ret_wait_ms = kept.wait_ms;
    return status;
}

/* Nobody's: none, and then nothing is started. */
static size_t groups_of(uid_t uid, gid_t groups[LAUNCH_KEPT_MAX])
{
    const struct passwd *account = getpwuid(uid);
    int count = LAUNCH_KEPT_MAX;

    if (!account)
        return 0;
    if (getgrouplist(account->pw_name, account->pw_gid, groups, &count) < 0)
        count = LAUNCH_KEPT_MAX; /* of more than there is room for, the first */
    return (size_t)count;
}

int kept_start(struct launcher *launcher, const char *record, int channel, pid_t *ret_pid, struct error *err)
{
    struct launcher_keeper started = {.pidfd = -1};
    struct launcher_kept kept;
    gid_t groups[LAUNCH_KEPT_MAX];
    int status = launcher_kept(launcher, record, 0, &kept, err);

    if (status == 0)
        status = launcher_again(launcher, record, groups, groups_of(kept.uid, groups), channel, &started, err);
    fd_close_at(&started.pidfd);
    *ret_pid = started.pid;
    return status;
}
