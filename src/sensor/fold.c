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

#define PROBES        8u  /* a collision of keys counts for another refusal: 2^-64 for each pair, and no rule depends on it */
#define DOMAIN_PROBES 64u
#define HELD          32u /* processors interleave their records */
#define OF_NO_DOMAIN  (1ull << 63) /* with the container's number: what was refused without one. Landlock's own are smaller */

/* Of those alone that somebody listens to: who else makes many takes no place of these. */
struct domain {
    uint64_t number; /* 0 = free */
    uint64_t seen, order;
    struct fold_owner owner;
};

struct remembered {
    uint64_t key, order;
    struct fold_owner owner;
    struct sensor_told told;
    char *text; /* path and program; NULL = free */
};

struct fold {
    struct fold_sink sink;
    struct fold_size size;
    uint64_t told;    /* how many REFUSED */
    uint64_t domains_made;
    bool has_untold;
    unsigned held_first, held_count;
    struct audit_record held[HELD]; /* a ring: refusals that wait for the record of their call */
    struct domain *domains;
    struct remembered *remembered;
    uint64_t *domain_of, *untold; /* of each that is remembered, apart: these are walked */
};

int fold_new(struct fold_size size, const struct fold_sink *sink, struct fold **ret_fold, struct error *err)
{
    auto_fold struct fold *fold = mem_alloc(sizeof(*fold));

    if (!fold)
        return error_memory(err);
    fold->sink = *sink;
    fold->domains = mem_alloc(size.domains * sizeof(*fold->domains));
    fold->remembered = mem_alloc(size.refusals * sizeof(*fold->remembered));
    fold->domain_of = mem_alloc(size.refusals * sizeof(*fold->domain_of));
    fold->untold = mem_alloc(size.refusals * sizeof(*fold->untold));
    if (!fold->domains || !fold->remembered || !fold->domain_of || !fold->untold)
        return error_memory(err);
    fold->size = size;
    *ret_fold = take_ptr(fold);
    return 0;
}

static void forget(struct fold *fold, uint32_t at)
{
    mem_free(fold->remembered[at].text);
    fold->remembered[at] = (struct remembered){0};
    fold->domain_of[at] = fold->untold[at] = 0;
}

void fold_free(struct fold *fold)
{
    if (!fold)
        return;
    for (uint32_t i = 0; i < fold->size.refusals; i++)
        if (fold->domain_of[i])
            forget(fold, i);
    mem_free(fold->domains);
    mem_free(fold->remembered);
    mem_free(fold->domain_of);
    mem_free(fold->untold);
    mem_free(fold);
}

void fold_free_at(struct fold **fold)
{
    fold_free(*fold);
}

static struct domain *domain_at(struct fold *fold, uint64_t number, uint32_t i)
{
    return &fold->domains[((number * 0x9e3779b97f4a7c15u >> 32) + i) & (fold->size.domains - 1)];
}

static struct domain *domain_find(struct fold *fold, uint64_t number)
{
    for (uint32_t i = 0; i < DOMAIN_PROBES; i++)
        if (domain_at(fold, number, i)->number == number)
            return domain_at(fold, number, i);
    return NULL;
}

/* The oldest of its places makes room: its end will not be told. */
static struct domain *domain_add(struct fold *fold, uint64_t number, const struct fold_owner *owner)
{
    struct domain *victim = domain_at(fold, number, 0);

    for (uint32_t i = 0; i < DOMAIN_PROBES && victim->number; i++) {
        struct domain *place = domain_at(fold, number, i);

        if (!place->number || place->order < victim->order)
            victim = place;
    }
    *victim = (struct domain){.number = number, .order = ++fold->domains_made, .owner = *owner};
    return victim;
}

/* Who asks is no part of it: a loop of short-lived processes is one refusal. */
static uint64_t key_of(const struct sensor_told *told, const char *path, const char *exe)
{
    uint64_t hash = HASH_START;

    hash = hash_mix(hash, &told->domain, sizeof(told->domain));
    hash = hash_mix(hash, told->right, strlen(told->right) + 1);
    hash = hash_mix(hash, &told->operation, sizeof(told->operation));
    hash = hash_mix(hash, &told->flags, sizeof(told->flags));
    hash = hash_mix(hash, &told->inode, sizeof(told->inode));
    hash = hash_mix(hash, &told->path_length, sizeof(told->path_length));
    hash = hash_mix(hash, path, told->path_length);
    hash = hash_mix(hash, told->address, strlen(told->address) + 1);
    hash = hash_mix(hash, &told->port, sizeof(told->port));
    hash = hash_mix(hash, exe, told->exe_length);
    return hash ? hash : 1;
}

static int tell(struct fold *fold, const struct fold_owner *owner, const struct sensor_told *told, const char *path, const char *exe)
{
    return fold->sink.tell(fold->sink.context, owner, told, path, exe);
}

static int tell_repeated(struct fold *fold, uint32_t at)
{
    struct remembered *entry = &fold->remembered[at];

    if (!fold->untold[at])
        return 0;
    entry->told.count = fold->untold[at];
    fold->untold[at] = 0;
    return tell(fold, &entry->owner, &entry->told, entry->text, entry->text + entry->told.path_length);
}

/* As Landlock answers where the call is not told: EPERM for processes, EACCES for the rest. */
static int answer_of(const struct audit_record *record)
{
    if (record->operation == OPERATION_SIGNAL || record->operation == OPERATION_PTRACE || record->operation == OPERATION_MOUNT ||
        strncmp(record->right, "scope.", strlen("scope.")) == 0)
        return EPERM;
    return EACCES;
}

static struct sensor_told told_of(const struct audit_record *record, const struct audit_record *call)
{
    int64_t result = call ? call->result : 0;
    struct sensor_told told = {
        .type = SENSOR_REFUSED,
        .operation = (uint32_t)record->operation,
        .domain = record->domain,
        .count = 1,
        .inode = record->inode,
        .errnum = result < 0 && result > -4096 ? (int32_t)-result : answer_of(record),
        .pid = call ? call->pid : 0,
        .target = record->pid,
        .flags = (record->is_directory ? SENSOR_IS_DIRECTORY : 0) | (record->is_of_parent ? SENSOR_IS_OF_PARENT : 0) |
                 (record->has_address ? SENSOR_HAS_ADDRESS : 0) | (record->has_path ? SENSOR_HAS_PATH : 0),
        .port = record->port,
        .login_uid = call ? call->login_uid : SENSOR_NO_UID,
        .path_length = (uint16_t)record->path_length,
        .exe_length = (uint16_t)strlen(record->exe),
    };

    memcpy(told.right, record->right, sizeof(told.right));
    memcpy(told.address, record->address, sizeof(told.address));
    return told;
}

/* Told once, then counted. Without memory it is told each time. */
static void remember(struct fold *fold, uint32_t at, uint64_t key, const struct remembered *refusal, const char *path, const char *exe)
{
    const struct sensor_told *told = &refusal->told;
    char *text = mem_alloc((size_t)told->path_length + told->exe_length + 1);

    forget(fold, at);
    if (!text)
        return;
    memcpy(text, path, told->path_length);
    memcpy(text + told->path_length, exe, told->exe_length);
    fold->remembered[at] = *refusal;
    fold->remembered[at].text = text;
    fold->remembered[at].key = key;
    fold->remembered[at].order = ++fold->told;
    fold->domain_of[at] = told->domain ? told->domain : OF_NO_DOMAIN | refusal->owner.container;
}

static bool owner_is(const struct fold_owner *a, const struct fold_owner *b)
{
    return a->container == b->container && a->uid == b->uid;
}

/* Remembered among a few places by its key; the one that was told first makes room. */
static int refusal_take(struct fold *fold, const struct remembered *refusal, const char *path, const char *exe)
{
    uint64_t key = key_of(&refusal->told, path, exe);
    uint32_t victim = key & (fold->size.refusals - 1);
    int status;

    for (unsigned i = 0; i < PROBES; i++) {
        uint32_t at = (key + i) & (fold->size.refusals - 1);
        struct remembered *entry = &fold->remembered[at];

        if (entry->key == key && entry->told.domain == refusal->told.domain && owner_is(&entry->owner, &refusal->owner)) {
            fold->untold[at]++;
            fold->has_untold = true;
            return 0;
        }
        if (entry->order < fold->remembered[victim].order)
            victim = at;
    }
    status = tell_repeated(fold, victim);
    if (status == 0)
        status = tell(fold, &refusal->owner, &refusal->told, path, exe);
    remember(fold, victim, key, refusal, path, exe);
    return status;
}

int fold_take_call(struct fold *fold, const struct fold_owner *owner, const struct sensor_told *told, const char *path, const char *exe)
{
    struct remembered refusal = {.owner = *owner, .told = *told};

    return refusal_take(fold, &refusal, path, exe);
}

static int domain_tell(struct fold *fold, uint64_t number, const struct fold_owner *owner)
{
    struct sensor_told told = {.type = SENSOR_DOMAIN, .domain = number, .pid = owner->maker, .login_uid = SENSOR_NO_UID};

    return tell(fold, owner, &told, "", "");
}

/* By the call: of which container it is, if that was not clear from its making. NULL, and 0: nobody listens. */
static int domain_learn(struct fold *fold, uint64_t number, const struct audit_record *call, struct domain **domain)
{
    struct fold_owner owner = *domain ? (*domain)->owner : (struct fold_owner){.uid = SENSOR_NO_UID};

    if (*domain && owner.container)
        return 0;
    if (!fold->sink.whose(fold->sink.context, number, NULL, call, &owner) || (*domain && !owner.container))
        return 0;
    if (!*domain)
        *domain = domain_add(fold, number, &owner);
    (*domain)->owner = owner;
    owner.uid = SENSOR_NO_UID; /* who hears of users was told */
    return domain_tell(fold, number, &owner);
}

/* The oldest that is held; `call` NULL: no record of its call came. */
static int held_release(struct fold *fold, const struct audit_record *call)
{
    struct audit_record *held = &fold->held[fold->held_first];
    struct domain *domain = domain_find(fold, held->domain);
    struct remembered refusal;
    int status;

    fold->held_first = (fold->held_first + 1) % HELD;
    fold->held_count--;
    status = domain_learn(fold, held->domain, call, &domain);
    if (status < 0 || !domain) /* of somebody who does not listen, or made before this program did */
        return status;
    domain->seen++;
    if (call)
        memcpy(held->exe, call->exe, strlen(call->exe) + 1);
    refusal = (struct remembered){.owner = domain->owner, .told = told_of(held, call)};
    return refusal_take(fold, &refusal, held->path, held->exe);
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
    struct fold_owner owner = {.uid = record->uid, .maker = record->pid};

    if (domain_find(fold, record->domain) || !fold->sink.whose(fold->sink.context, record->domain, record, NULL, &owner))
        return 0;
    domain_add(fold, record->domain, &owner);
    return domain_tell(fold, record->domain, &owner);
}

static int domain_take_end(struct fold *fold, const struct audit_record *record)
{
    struct domain *domain = domain_find(fold, record->domain);
    struct sensor_told told = {.type = SENSOR_GONE, .domain = record->domain, .login_uid = SENSOR_NO_UID};
    struct fold_owner owner;
    int status = 0;

    if (!domain)
        return 0;
    for (uint32_t i = 0; i < fold->size.refusals && status == 0; i++)
        if (fold->domain_of[i] == record->domain) {
            status = tell_repeated(fold, i);
            forget(fold, i);
        }
    owner = domain->owner;
    told.count = record->denials > domain->seen ? record->denials - domain->seen : 0;
    *domain = (struct domain){0};
    return status == 0 ? tell(fold, &owner, &told, "", "") : status;
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

bool fold_knows_serial(const struct fold *fold, uint64_t serial)
{
    for (unsigned i = 0; i < HELD; i++)
        if (fold->held[i].serial == serial)
            return true;
    return false;
}

int fold_tell_repeated(struct fold *fold)
{
    int status = 0;

    if (!fold->has_untold)
        return 0;
    fold->has_untold = false;
    for (uint32_t i = 0; i < fold->size.refusals && status == 0; i++)
        status = tell_repeated(fold, i);
    return status;
}

/* Its domains stay with those who hear of users, of whom nothing may be told twice or be missing. */
void fold_forget_container(struct fold *fold, uint32_t container)
{
    for (uint32_t i = 0; i < fold->size.domains; i++)
        if (fold->domains[i].owner.container == container)
            fold->domains[i].owner.container = 0;
    for (uint32_t i = 0; i < fold->size.refusals; i++)
        if (fold->domain_of[i] == (OF_NO_DOMAIN | container))
            forget(fold, i);
        else if (fold->domain_of[i] && fold->remembered[i].owner.container == container)
            fold->remembered[i].owner.container = 0;
}
