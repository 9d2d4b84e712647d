/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/process/told_take.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/kernel/syscalls.h"
#include "base/memory.h"
#include "base/spawn.h"

#define HOSTS 1024 /* processes whose number outside is remembered; of two in one place, the later */
#define JOINED_MAX (2 * PATH_MAX + 2)

static const char *const source_names[TOLD_SOURCES] = {NULL, "keeper", "filter", "void", "watch"};

/* A record while it is looked at: as large as the largest, and there only then. */
struct scratch {
    union {
        struct told_record record;
        char bytes[TOLD_RECORD_MAX + sizeof(uint64_t)];
    };
    char texts[TOLD_RECORD_MAX]; /* each with a zero behind it */
    char paths[2][JOINED_MAX];
};

struct told {
    struct told_memory *memory;
    struct scratch *scratch; /* while told_take() runs */
    uint32_t taken; /* what the memory says of it is process 1's to change */
    uint32_t handles;
    uint32_t lost[TOLD_SOURCES];
    struct host {
        uint32_t process;
        pid_t host;
    } *hosts; /* HOSTS of them, from the first that was handed */
};

int told_open(struct told **ret_told, int *ret_fd, struct error *err)
{
    auto_close int fd = memfd_create("cordon-told", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct told *told;
    void *memory;

    if (fd < 0)
        return error_system(err, errno, "create a memory file");
    /* what process 1 cannot make smaller can be read without a signal */
    if (ftruncate(fd, sizeof(struct told_memory)) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
        return error_system(err, errno, "make room for refusals");
    told = mem_alloc(sizeof(*told));
    if (!told)
        return error_memory(err);
    memory = mmap(NULL, sizeof(struct told_memory), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        mem_free(told);
        return error_system(err, errno, "map refusals");
    }
    told->memory = memory;
    told->memory->is_awaited = 1;
    *ret_told = told;
    *ret_fd = take_fd(fd);
    return 0;
}

void told_free(struct told *told)
{
    if (!told)
        return;
    munmap(told->memory, sizeof(struct told_memory));
    mem_free(told->hosts);
    mem_free(told);
}

void told_hand(struct told *told, const struct message *message, int fd)
{
    uint32_t process = (uint32_t)message->value;

    if (!process)
        return;
    if (!told->hosts)
        told->hosts = mem_alloc(HOSTS * sizeof(*told->hosts));
    if (told->hosts) /* else it is told without a number outside */
        told->hosts[process % HOSTS] = (struct host){process, fd < 0 ? 0 : spawn_pid_of(fd)};
    __atomic_store_n(&told->memory->handles, ++told->handles, __ATOMIC_RELAXED);
}

uint32_t told_until(const struct told *told)
{
    return __atomic_load_n(&told->memory->put, __ATOMIC_SEQ_CST);
}

bool told_await(struct told *told)
{
    __atomic_store_n(&told->memory->is_awaited, 1, __ATOMIC_SEQ_CST);
    return told_until(told) == told->taken;
}

/* Of `path`, absolute: without empty, "." and ".." components. */
static void normalise(char *path)
{
    char *to = path;

    for (const char *at = path; *at;) {
        size_t length = strcspn(at + 1, "/");

        if (length == 2 && at[1] == '.' && at[2] == '.')
            while (to > path && *--to != '/')
                ;
        else if (length > 1 || (length == 1 && at[1] != '.')) {
            memmove(to, at, length + 1);
            to += length + 1;
        }
        at += length + 1;
    }
    if (to == path)
        *to++ = '/';
    *to = '\0';
}

static const char *join(char path[JOINED_MAX], const char *directory, const char *name)
{
    snprintf(path, JOINED_MAX, "/%s/%s", directory, name);
    normalise(path);
    return path;
}

/* The first of one path's texts; NULL where nothing is known. */
static const char *path_of(char path[JOINED_MAX], const char *const *texts)
{
    if (*texts[TOLD_DIRECTORY] == '/')
        return join(path, texts[TOLD_DIRECTORY], texts[TOLD_NAME]);
    if (*texts[TOLD_BASE] == '/')
        return join(path, texts[TOLD_BASE], texts[TOLD_NAMED]);
    return NULL;
}

static const char *or_null(const char *text)
{
    return *text ? text : NULL;
}

static enum mechanism layer_of(unsigned layer)
{
    switch (layer) {
    case TOLD_LAYER_MOUNT:
        return BY_MOUNT;
    case TOLD_LAYER_KEEPER:
        return BY_KEEPER;
    case TOLD_LAYER_FILTER:
        return BY_SECCOMP;
    case TOLD_LAYER_ABSENCE:
        return BY_ABSENCE;
    case TOLD_LAYER_MODE:
        return BY_MODE;
    default:
        return BY_KERNEL;
    }
}

static void processes_fill(struct told *told, const char *const *texts, bool pids_are_ours, struct tier_access *access)
{
    const struct told_record *record = &told->scratch->record;
    uint32_t at = record->process % HOSTS;
    bool is_handed = record->flags & TOLD_HAS_HANDLE && told->hosts && told->hosts[at].process == record->process;

    access->process = (struct tier_process){
        .pid = record->process,
        .host_pid = pids_are_ours ? (pid_t)record->process : is_handed ? told->hosts[at].host : 0,
        .exe = or_null(texts[TOLD_EXE]),
        .command_line = record->lengths[TOLD_COMMAND_LINE] ? texts[TOLD_COMMAND_LINE] : NULL,
        .command_line_size = record->lengths[TOLD_COMMAND_LINE],
        .is_cut = record->flags & TOLD_IS_CUT,
    };
    access->parent_count = record->parent_count;
    for (size_t i = 0; i < record->parent_count; i++)
        access->parents[i] = (struct tier_process){.pid = record->parents[i],
                                                   .host_pid = pids_are_ours ? (pid_t)record->parents[i] : 0,
                                                   .exe = or_null(texts[TOLD_PARENT_EXE + i])};
}

/* The record that lies in `told`, whole. false = nobody could have written it. */
static bool texts_split(struct told *told, const char *texts[TOLD_TEXTS])
{
    const struct told_record *record = &told->scratch->record;
    const char *from = told->scratch->bytes + sizeof(*record);
    size_t sum = sizeof(*record);
    char *to = told->scratch->texts;

    for (int i = 0; i < TOLD_TEXTS; i++) {
        if (record->lengths[i] > TOLD_TEXT_MAX)
            return false;
        sum += record->lengths[i];
    }
    if (sum > record->size || record->source == TOLD_SKIP || record->source >= TOLD_SOURCES ||
        record->parent_count > TOLD_PARENTS)
        return false;
    for (int i = 0; i < TOLD_TEXTS; i++) {
        memcpy(to, from, record->lengths[i]);
        texts[i] = to;
        to += record->lengths[i];
        from += record->lengths[i];
        *to++ = '\0';
    }
    return true;
}

static int record_tell(struct told *told, const struct tier_watcher *watcher, bool pids_are_ours, struct error *err)
{
    const struct told_record *record = &told->scratch->record;
    const char *texts[TOLD_TEXTS];
    struct tier_access access = {.errnum = record->errnum, .call = record->call, .has_args = true, .count = record->count ? record->count : 1, .ask = record->ask};
    bool is_foreign = record->flags & TOLD_IS_FOREIGN;

    if (!texts_split(told, texts))
        return error_set(err, ERROR_INTERNAL, EBADMSG, "init told of a refusal that cannot be read");
    access.source = source_names[record->source];
    access.layer = record->errnum ? layer_of(record->layer) : BY_NOTHING;
    access.operation = told_operation(record->call, record->args, record->source == TOLD_BY_FILTER, record->flags,
                                      &access.is_directory);
    if (record->source == TOLD_BY_VOID)
        access.operation = told_look(record->call, record->args, access.operation);
    if (record->call < 0)
        access.has_args = false;
    memcpy(access.args, record->args, sizeof(access.args));
    access.named = or_null(texts[TOLD_NAMED]);
    access.path = is_foreign ? NULL : path_of(told->scratch->paths[0], texts);
    if (access.path && access.operation == OPERATION_CREATE && told_is_unnamed(record->call, record->args))
        strncat(told->scratch->paths[0], strcmp(access.path, "/") ? "/?" : "?", sizeof(told->scratch->paths[0]) - strlen(access.path) - 1);
    access.second_named = or_null(texts[TOLD_SECOND_NAMED]);
    access.second = is_foreign ? NULL : path_of(told->scratch->paths[1], texts + TOLD_NAME_TEXTS);
    if (access.operation == OPERATION_SIGNAL) {
        access.target_pid = (unsigned)record->args[0];
        access.signal = (int)record->args[record->call == __NR_tgkill || record->call == __NR_rt_tgsigqueueinfo ? 2 : 1];
    }
    if (access.operation == OPERATION_PTRACE)
        access.target_pid = (unsigned)record->args[record->call == __NR_ptrace];
    processes_fill(told, texts, pids_are_ours, &access);
    return watcher->accessed(watcher->context, &access, access.source, 0, err);
}

/* Copied before it is looked at. 0 = it is only there to fill the ring's end. */
static int record_copy(struct told *told, uint32_t until, uint32_t *ret_size, struct error *err)
{
    const char *ring = (const char *)told->memory->ring + told->taken % TOLD_RING_SIZE;
    uint32_t rest = TOLD_RING_SIZE - told->taken % TOLD_RING_SIZE, left = until - told->taken, size;

    memcpy(&size, ring, sizeof(size));
    if (size == 0) {
        *ret_size = rest;
        if (rest < left)
            return 0;
    } else if (size >= sizeof(struct told_record) && size <= TOLD_RECORD_MAX && size % 8 == 0 && size <= left && size <= rest) {
        memcpy(told->scratch->bytes, ring, size);
        told->scratch->record.size = size;
        *ret_size = size;
        return 1;
    }
    return error_set(err, ERROR_INTERNAL, EBADMSG, "init told of refusals what cannot be read");
}

static int losses_tell(struct told *told, const struct tier_watcher *watcher, struct error *err)
{
    int status = 0;

    for (int i = TOLD_SKIP + 1; i < TOLD_SOURCES && status == 0; i++) {
        uint32_t lost = __atomic_load_n(&told->memory->lost[i], __ATOMIC_RELAXED), more = lost - told->lost[i];

        told->lost[i] = lost;
        if (more)
            status = watcher->accessed(watcher->context, NULL, source_names[i], more, err);
    }
    return status;
}

static int records_take(struct told *told, uint32_t until, const struct tier_watcher *watcher, bool pids_are_ours, struct error *err)
{
    int status = 0;

    while (told->taken != until && status >= 0) {
        uint32_t size = 0;

        status = record_copy(told, until, &size, err);
        if (status > 0)
            status = record_tell(told, watcher, pids_are_ours, err);
        told->taken += size;
        __atomic_store_n(&told->memory->taken, told->taken, __ATOMIC_RELEASE);
    }
    return status;
}

int told_take(struct told *told, uint32_t until, const struct tier_watcher *watcher, bool pids_are_ours, struct error *err)
{
    int status = 0;

    if (until - told->taken > TOLD_RING_SIZE)
        return error_set(err, ERROR_INTERNAL, EBADMSG, "init told of more refusals than there is room for");
    if (told->taken != until) {
        told->scratch = mem_alloc(sizeof(*told->scratch));
        if (!told->scratch)
            return error_memory(err);
        status = records_take(told, until, watcher, pids_are_ours, err);
        mem_free(take_ptr(told->scratch));
    }
    return status < 0 ? status : losses_tell(told, watcher, err);
}
