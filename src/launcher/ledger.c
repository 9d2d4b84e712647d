/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/ledger.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

#define MAGIC      0x44497543u /* "CuID" */
#define NOBODY     UINT32_MAX
#define STATUS_MAX 2048 /* bytes of /proc/PID/status up to behind "Uid:" */

/* One block in the file; an empty one (a hole) belongs to nobody. */
struct entry {
    uint32_t magic, block, owner, check;
};

static uint32_t check_of(const struct entry *entry)
{
    return ~(entry->magic * 31 + entry->block * 2654435761u + entry->owner);
}

static uint32_t block_count(const struct ledger *ledger)
{
    return ledger->range.count / RANGE_BLOCK;
}

static int entries_read(struct ledger *ledger, struct error *err)
{
    static const struct entry empty;

    for (uint32_t i = 0; i < block_count(ledger); i++) {
        struct entry entry = {0};
        ssize_t got = pread(ledger->file, &entry, sizeof(entry), (off_t)(i * sizeof(entry)));

        ledger->owners[i] = NOBODY;
        if (got < 0)
            return error_system(err, errno, "read the ledger of uids");
        if (memcmp(&entry, &empty, sizeof(entry)) == 0)
            continue;
        if (got != sizeof(entry) || entry.magic != MAGIC || entry.block != i || entry.check != check_of(&entry) || entry.owner == NOBODY)
            return error_set(err, ERROR_SYSTEM, EUCLEAN,
                             "the ledger of uids is damaged at block %u: put back a copy of it, or give the launcher another range (--uids), so "
                             "that no container is given a uid with files of another user's", i);
        ledger->owners[i] = entry.owner;
    }
    return 0;
}

int ledger_open(struct ledger *ret_ledger, const char *directory, const struct range *range, struct error *err)
{
    struct ledger ledger = {.range = *range, .file = -1, .proc = "/proc"};
    char path[512];
    int status;

    snprintf(path, sizeof(path), "%s/uids-%u-%u", directory, range->first, range->count);
    ledger.owners = mem_alloc(block_count(&ledger) * sizeof(*ledger.owners));
    ledger.next = mem_alloc(block_count(&ledger) * sizeof(*ledger.next));
    ledger.states = mem_alloc(range->count);
    if (!ledger.owners || !ledger.states || !ledger.next) {
        ledger_close(&ledger);
        return error_memory(err);
    }
    ledger.file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    status = ledger.file < 0 ? error_system(err, errno, "open the ledger of uids %s", path) : entries_read(&ledger, err);
    if (status < 0) {
        ledger_close(&ledger);
        return status;
    }
    *ret_ledger = ledger;
    return 0;
}

void ledger_close(struct ledger *ledger)
{
    fd_close_at(&ledger->file);
    ledger->file = -1;
    mem_free(ledger->owners);
    mem_free(ledger->next);
    mem_free(ledger->states);
    ledger->owners = ledger->next = NULL;
    ledger->states = NULL;
}

/* ---- who runs ---- */

static size_t proc_read(const char *proc, const char *pid, const char *name, char *text, size_t size)
{
    char path[320];
    auto_close int fd = -1;
    ssize_t got;

    snprintf(path, sizeof(path), "%s/%s/%s", proc, pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    got = fd < 0 ? -1 : read(fd, text, size - 1);
    text[got > 0 ? got : 0] = '\0';
    return got > 0 ? (size_t)got : 0;
}

static void use_note(struct ledger *ledger, unsigned char *used, unsigned long id)
{
    if (id <= UINT32_MAX && range_has(&ledger->range, (uint32_t)id))
        used[id - ledger->range.first] = 1;
}

static void process_note(struct ledger *ledger, unsigned char *used, const char *pid)
{
    char text[STATUS_MAX], *at;

    if (proc_read(ledger->proc, pid, "loginuid", text, sizeof(text)))
        use_note(ledger, used, strtoul(text, NULL, 10));
    if (!proc_read(ledger->proc, pid, "status", text, sizeof(text)))
        return;
    at = strstr(text, "\nUid:");
    if (!at)
        return;
    at += strlen("\nUid:");
    for (int i = 0; i < 4; i++)
        use_note(ledger, used, strtoul(at, &at, 10));
}

/* What is neither live nor any process's is free. */
static int scan(struct ledger *ledger, struct error *err)
{
    auto_free unsigned char *used = mem_alloc(ledger->range.count);
    DIR *directory = opendir(ledger->proc);

    if (!used || !directory) {
        int errnum = errno;

        if (directory)
            closedir(directory);
        return used ? error_system(err, errnum, "look at the machine's processes") : error_memory(err);
    }
    ledger->scans++;
    for (struct dirent *entry; (entry = readdir(directory));)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
            process_note(ledger, used, entry->d_name);
    closedir(directory);
    for (uint32_t i = 0; i < ledger->range.count; i++)
        if (ledger->states[i] == LEDGER_LEFT && !used[i])
            ledger->states[i] = LEDGER_FREE;
    return 0;
}

/* ---- giving ---- */

/* The one that was given back longest ago comes last. */
static bool block_take(struct ledger *ledger, uint32_t block, uint32_t *ret_uid)
{
    for (uint32_t i = 0; i < RANGE_BLOCK; i++) {
        uint32_t at = (ledger->next[block] + i) % RANGE_BLOCK, index = block * RANGE_BLOCK + at;

        if (ledger->states[index] != LEDGER_FREE)
            continue;
        ledger->states[index] = LEDGER_LIVE;
        ledger->next[block] = at + 1;
        *ret_uid = ledger->range.first + index;
        return true;
    }
    return false;
}

static bool owned_take(struct ledger *ledger, uint32_t caller, uint32_t *ret_uid)
{
    for (uint32_t i = 0; i < block_count(ledger); i++)
        if (ledger->owners[i] == caller && block_take(ledger, i, ret_uid))
            return true;
    return false;
}

static int block_own(struct ledger *ledger, uint32_t caller, struct error *err)
{
    struct entry entry = {.magic = MAGIC, .owner = caller};
    uint32_t block = 0;

    while (block < block_count(ledger) && ledger->owners[block] != NOBODY)
        block++;
    if (block == block_count(ledger))
        return error_set(err, ERROR_LIMIT, EUSERS,
                         "all uids of the containers' range are given to callers, and those of uid %u are in use: end containers, or give "
                         "the launcher a larger range (--uids)", caller);
    entry.block = block;
    entry.check = check_of(&entry);
    if (pwrite(ledger->file, &entry, sizeof(entry), (off_t)(block * sizeof(entry))) != sizeof(entry) || fdatasync(ledger->file) < 0)
        return error_system(err, errno ? errno : EIO, "write the ledger of uids");
    ledger->owners[block] = caller;
    ledger->is_new = true;
    ledger->new_block = block;
    return 0;
}

int ledger_take(struct ledger *ledger, uint32_t caller, uint32_t *ret_uid, struct error *err)
{
    int status;

    ledger->is_new = false;
    if (caller == NOBODY)
        return error_set(err, ERROR_INVALID, EINVAL, "a caller without a uid is given none");
    if (owned_take(ledger, caller, ret_uid))
        return 0;
    status = scan(ledger, err);
    if (status < 0 || owned_take(ledger, caller, ret_uid))
        return status;
    status = block_own(ledger, caller, err);
    if (status == 0 && !owned_take(ledger, caller, ret_uid))
        status = error_set(err, ERROR_LIMIT, EBUSY, "processes that are no container's run with uids of the containers' range: `ps -eo uid,pid` names them");
    return status;
}

void ledger_give(struct ledger *ledger, uint32_t uid)
{
    if (range_has(&ledger->range, uid))
        ledger->states[uid - ledger->range.first] = LEDGER_LEFT;
}

int ledger_keep(struct ledger *ledger, uint32_t caller, uint32_t uid, struct error *err)
{
    uint32_t index = uid - ledger->range.first;

    if (!range_has(&ledger->range, uid) || ledger->owners[index / RANGE_BLOCK] != caller || ledger->states[index] == LEDGER_LIVE)
        return error_set(err, ERROR_INTERNAL, EINVAL, "uid %u is not uid %u's to have", uid, caller);
    ledger->states[index] = LEDGER_LIVE;
    return 0;
}
