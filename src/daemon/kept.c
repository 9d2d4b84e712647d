/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/kept.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
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

static void tell_one(int core, const unsigned char key[KEY_SIZE])
{
    auto_protocol struct protocol_out out;
    struct error err = ERROR_INIT;

    protocol_begin(&out, PROTOCOL_KEPT, 0);
    protocol_add_bytes(&out, TAG_KEY, key, KEY_SIZE);
    if (protocol_send(core, 0, &out, NULL, 0, &err) < 0)
        daemon_log("containers that are kept cannot be told of: %s", err.text);
}

void kept_tell(int core)
{
    const char *variable = kept_variable();
    DIR *all = *variable ? opendir(variable + strlen(VARIABLE)) : NULL;
    unsigned char(*told)[KEY_SIZE] = mem_alloc(KEPT_KEYS_MAX * sizeof(*told)), key[KEY_SIZE];
    const struct dirent *entry;
    size_t count = 0;

    while (all && told && (entry = readdir(all))) {
        size_t i = 0;

        if (!read_key(entry->d_name, key))
            continue;
        while (i < count && memcmp(told[i], key, KEY_SIZE) != 0)
            i++;
        if (i < count || count == KEPT_KEYS_MAX || !is_nobodys(dirfd(all), entry->d_name))
            continue;
        memcpy(told[count++], key, KEY_SIZE);
        tell_one(core, key);
    }
    if (all)
        closedir(all);
    mem_free(told);
}
