/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation. The kernel tells a domain's first refusal before it tells whose domain that is, so the refusal waits
 * for the next record. A refusal is also held until it is clear whether a record of its system call (which knows process and
 * program) follows with the same serial. Then it is looked up among those remembered: a new one is told, a known one
 * counted. At the end of a domain the kernel says how many there were: what is missing was lost on the way.
 */
#include "sensor/fold.h"

#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"

#define PROBES 8u /* a collision of keys counts for another refusal: 2^-64 for each pair, and no rule depends on it */
#define HELD   16u /* processors interleave their records */

/* Of this user alone: who else makes many takes no place of these. */
struct domain {
    uint64_t number; /* 0 = free */
    uint64_t seen;
};

struct remembered {
    uint64_t key, number, untold;
    struct sensor_told told;
    char *text; /* path and program; NULL = free */
};

struct fold {
    struct fold_sink sink;
    unsigned uid;
    uint64_t told; /* how many REFUSED */
    uint32_t next_domain;
    bool has_untold;
    unsigned held_first, held_count;
    struct audit_record held[HELD]; /* a ring: refusals that wait for the record of their call */
    struct domain domains[FOLD_DOMAINS];
    struct remembered remembered[FOLD_REFUSALS];
};

int fold_new(unsigned uid, const struct fold_sink *sink, struct fold **ret_fold, struct error *err)
{
    struct fold *fold = mem_alloc(sizeof(*fold));

    if (!fold)
        return error_memory(err);
    fold->sink = *sink;
    fold->uid = uid;
    *ret_fold = fold;
    return 0;
}

static void forget(struct remembered *entry)
{
    mem_free(entry->text);
    *entry = (struct remembered){0};
}

void fold_free(struct fold *fold)
{
    for (size_t i = 0; fold && i < FOLD_REFUSALS; i++)
        forget(&fold->remembered[i]);
    mem_free(fold);
}

void fold_free_at(struct fold **fold)
{
    fold_free(*fold);
}

static struct domain *domain_find(struct fold *fold, uint64_t number)
{
    for (size_t i = 0; i < FOLD_DOMAINS; i++)
        if (fold->domains[i].number == number)
            return &fold->domains[i];
    return NULL;
}

/* The oldest makes room: its end will not be told. */
static void domain_add(struct fold *fold, uint64_t number)
{
    struct domain *domain = domain_find(fold, 0);

    if (!domain) {
        domain = &fold->domains[fold->next_domain];
        fold->next_domain = (fold->next_domain + 1) % FOLD_DOMAINS;
    }
    *domain = (struct domain){.number = number};
}

/* Who asks is no part of it: a loop of short-lived processes is one refusal. */
static uint64_t key_of(const struct audit_record *record)
{
    uint64_t hash = HASH_START;

    hash = hash_mix(hash, &record->domain, sizeof(record->domain));
    hash = hash_mix(hash, record->right, strlen(record->right) + 1);
    hash = hash_mix(hash, &record->operation, sizeof(record->operation));
    hash = hash_mix(hash, record->device, strlen(record->device) + 1);
    hash = hash_mix(hash, &record->inode, sizeof(record->inode));
    hash = hash_mix(hash, record->path, record->path_length);
    hash = hash_mix(hash, record->address, strlen(record->address) + 1);
    hash = hash_mix(hash, &record->port, sizeof(record->port));
    hash = hash_mix(hash, record->exe, strlen(record->exe) + 1);
    return hash ? hash : 1;
}

static int tell(struct fold *fold, const struct sensor_told *told, const char *path, const char *exe)
{
    return fold->sink.tell(fold->sink.context, told, path, exe);
}

static int tell_repeated(struct fold *fold, struct remembered *entry)
{
    if (!entry->untold)
        return 0;
    entry->told.count = entry->untold;
    entry->untold = 0;
    return tell(fold, &entry->told, entry->text, entry->text + entry->told.path_length);
}

/* As Landlock answers where the call is not told: EPERM for processes, EACCES for the rest. */
static int answer_of(const struct audit_record *record)
{
    if (record->operation == OPERATION_SIGNAL || record->operation == OPERATION_PTRACE || record->operation == OPERATION_MOUNT ||
        strncmp(record->right, "scope.", strlen("scope.")) == 0)
        return EPERM;
    return EACCES;
}

static struct sensor_told told_of(const struct audit_record *record, unsigned caller, int64_t result)
{
    struct sensor_told told = {
        .type = SENSOR_REFUSED,
        .operation = (uint32_t)record->operation,
        .domain = record->domain,
        .count = 1,
        .inode = record->inode,
        .errnum = result < 0 && result > -4096 ? (int32_t)-result : answer_of(record),
        .pid = caller,
        .target = record->pid,
        .flags = (record->is_directory ? SENSOR_IS_DIRECTORY : 0) | (record->is_of_parent ? SENSOR_IS_OF_PARENT : 0) |
                 (record->has_address ? SENSOR_HAS_ADDRESS : 0) | (record->has_path ? SENSOR_HAS_PATH : 0),
        .port = record->port,
        .path_length = (uint16_t)record->path_length,
        .exe_length = (uint16_t)strlen(record->exe),
    };

    memcpy(told.right, record->right, sizeof(told.right));
    memcpy(told.address, record->address, sizeof(told.address));
    return told;
}

/* Told once, then counted. Without memory it is told each time. */
static void remember(struct remembered *entry, uint64_t key, uint64_t number, const struct sensor_told *told,
                     const struct audit_record *record)
{
    char *text = mem_alloc((size_t)told->path_length + told->exe_length + 1);

    forget(entry);
    if (!text)
        return;
    memcpy(text, record->path, told->path_length);
    memcpy(text + told->path_length, record->exe, told->exe_length);
    *entry = (struct remembered){.key = key, .number = number, .told = *told, .text = text};
}

/* Remembered among a few places by its key; the one that was told first makes room. */
static int refusal_take(struct fold *fold, const struct audit_record *record, unsigned caller, int64_t result)
{
    uint64_t key = key_of(record);
    struct remembered *victim = NULL;
    struct sensor_told told;
    int status;

    for (unsigned i = 0; i < PROBES; i++) {
        struct remembered *entry = &fold->remembered[(key + i) % FOLD_REFUSALS];

        if (entry->key == key && entry->told.domain == record->domain) {
            entry->untold++;
            fold->has_untold = true;
            return 0;
        }
        if (!victim || entry->number < victim->number)
            victim = entry;
    }
    told = told_of(record, caller, result);
    status = tell_repeated(fold, victim);
    if (status == 0)
        status = tell(fold, &told, record->path, record->exe);
    remember(victim, key, ++fold->told, &told, record);
    return status;
}

/* The oldest that is held; `call` NULL: no record of its call came. */
static int held_release(struct fold *fold, const struct audit_record *call)
{
    struct audit_record *held = &fold->held[fold->held_first];
    struct domain *domain = domain_find(fold, held->domain);

    fold->held_first = (fold->held_first + 1) % HELD;
    fold->held_count--;
    if (!domain) /* of another user, or made before this program listened */
        return 0;
    domain->seen++;
    if (call)
        memcpy(held->exe, call->exe, strlen(call->exe) + 1);
    return refusal_take(fold, held, call ? call->pid : 0, call ? call->result : 0);
}

static int denied_take(struct fold *fold, const struct audit_record *record)
{
    int status = fold->held_count == HELD ? held_release(fold, NULL) : 0;

    fold->held[(fold->held_first + fold->held_count++) % HELD] = *record;
    return status;
}

/* Everything up to the refusal of this event: those before it have no call, or it was lost. */
static int call_take(struct fold *fold, const struct audit_record *record)
{
    int status = 0;
    unsigned at = 0;

    while (at < fold->held_count && fold->held[(fold->held_first + at) % HELD].serial != record->serial)
        at++;
    if (at == fold->held_count)
        return 0;
    for (; at > 0 && status == 0; at--)
        status = held_release(fold, NULL);
    return status == 0 ? held_release(fold, record->kind == RECORD_CALL ? record : NULL) : status;
}

static int domain_take_new(struct fold *fold, const struct audit_record *record)
{
    struct sensor_told told = {.type = SENSOR_DOMAIN, .domain = record->domain, .pid = record->pid};

    if (record->uid != fold->uid || domain_find(fold, record->domain))
        return 0;
    domain_add(fold, record->domain);
    return tell(fold, &told, "", "");
}

static int domain_take_end(struct fold *fold, const struct audit_record *record)
{
    struct domain *domain = domain_find(fold, record->domain);
    struct sensor_told told = {.type = SENSOR_GONE, .domain = record->domain};
    int status = 0;

    if (!domain)
        return 0;
    for (size_t i = 0; i < FOLD_REFUSALS && status == 0; i++)
        if (fold->remembered[i].told.domain == record->domain) {
            status = tell_repeated(fold, &fold->remembered[i]);
            forget(&fold->remembered[i]);
        }
    told.count = record->denials > domain->seen ? record->denials - domain->seen : 0;
    domain->number = 0;
    return status == 0 ? tell(fold, &told, "", "") : status;
}

int fold_take(struct fold *fold, const struct audit_record *record)
{
    int status = 0;

    switch (record->kind) {
    case RECORD_DENIED:
        return denied_take(fold, record);
    case RECORD_DOMAIN_NEW:
        return domain_take_new(fold, record);
    case RECORD_CALL:
    case RECORD_LAST:
        return call_take(fold, record);
    case RECORD_DOMAIN_END:
        status = fold_flush(fold);
        return status == 0 ? domain_take_end(fold, record) : status;
    default:
        return 0;
    }
}

bool fold_holds(const struct fold *fold)
{
    return fold->held_count > 0;
}

int fold_flush(struct fold *fold)
{
    int status = 0;

    while (fold->held_count && status == 0)
        status = held_release(fold, NULL);
    return status;
}

int fold_tell_repeated(struct fold *fold)
{
    int status = 0;

    if (!fold->has_untold)
        return 0;
    fold->has_untold = false;
    for (size_t i = 0; i < FOLD_REFUSALS && status == 0; i++)
        status = tell_repeated(fold, &fold->remembered[i]);
    return status;
}
