/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys there are, and when there are others. */
#include "identity/issuer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "base/file.h"
#include "base/memory.h"
#include "identity/issuer_state.h"
#include "identity/svid.h"

void issuer_generation_finish(struct issuer_generation *generation)
{
    for (size_t i = 0; i < ARRAY_COUNT(generation->keys); i++)
        EVP_PKEY_free(generation->keys[i]);
    X509_free(generation->certificate);
    *generation = (struct issuer_generation){0};
}

static void state_finish(struct issuer *issuer)
{
    for (size_t i = 0; i < issuer->count; i++)
        issuer_generation_finish(&issuer->generations[i]);
    issuer->count = 0;
    bundle_finish(&issuer->bundle);
}

void issuer_free(struct issuer *issuer)
{
    if (!issuer)
        return;
    state_finish(issuer);
    explicit_bzero(issuer->wrapping, sizeof(issuer->wrapping));
    mem_free(issuer->sealed);
    mem_free(issuer->directory);
    mem_free(issuer);
}

void issuer_free_at(struct issuer **issuer)
{
    issuer_free(*issuer);
    *issuer = NULL;
}

const struct issuer_generation *issuer_signs(const struct issuer *issuer, time_t now)
{
    const struct issuer_generation *signs = NULL;

    for (size_t i = 0; i < issuer->count; i++)
        if (issuer->generations[i].from <= now && now < issuer->generations[i].until)
            signs = &issuer->generations[i];
    return signs;
}

static int generation_make(const struct issuer *issuer, time_t now, time_t from, struct issuer_generation *ret_generation, struct error *err)
{
    struct issuer_generation made = {.from = from, .until = now + (time_t)ISSUER_DAYS * ISSUER_DAY_S};
    int status = 0;

    made.number = issuer->sequence + 1; /* each change of the state counts, so no number comes twice */
    for (size_t i = BUNDLE_X509; i <= BUNDLE_TOKEN && status == 0; i++) {
        status = key_make(&made.keys[i], err);
        if (status == 0)
            status = key_thumbprint(made.keys[i], made.ids[i], err);
    }
    if (status == 0)
        status = svid_make_authority(made.keys[BUNDLE_X509], &issuer->host, made.number, now - SVID_BACKDATED_S, made.until, &made.certificate, err);
    if (status < 0) {
        issuer_generation_finish(&made);
        return status;
    }
    *ret_generation = made;
    return 0;
}

/* What ended no longer counts; of too many the oldest goes. */
static bool forget_old(struct issuer *issuer, time_t now)
{
    bool is_changed = false;

    for (size_t i = 0; i < issuer->count;) {
        if (issuer->generations[i].until > now && issuer->count <= ISSUER_GENERATIONS) {
            i++;
            continue;
        }
        issuer_generation_finish(&issuer->generations[i]);
        issuer->count--;
        memmove(&issuer->generations[i], &issuer->generations[i + 1], (issuer->count - i) * sizeof(issuer->generations[0]));
        issuer->generations[issuer->count] = (struct issuer_generation){0};
        is_changed = true;
    }
    return is_changed;
}

/* 1 = there is a new one. */
static int make_next(struct issuer *issuer, time_t now, struct error *err)
{
    const struct issuer_generation *last = issuer->count ? &issuer->generations[issuer->count - 1] : NULL;
    bool is_needed = !issuer_signs(issuer, now) && (!last || last->from > now), is_due;
    time_t from = now;
    int status;

    /* that is too early by the clock: one that ran ahead made it */
    is_due = last && last->until - now < (time_t)(ISSUER_DAYS - ISSUER_ROTATE_DAYS) * ISSUER_DAY_S;
    if (is_due && issuer_signs(issuer, now))
        from = now + (time_t)ISSUER_OVERLAP_DAYS * ISSUER_DAY_S;
    if ((!is_needed && !is_due) || issuer->count == ISSUER_GENERATIONS)
        return 0;
    status = generation_make(issuer, now, from, &issuer->generations[issuer->count], err);
    if (status < 0)
        return status;
    issuer->count++;
    return 1;
}

static int bundle_fill(struct issuer *issuer, struct error *err)
{
    struct bundle bundle = {.sequence = issuer->sequence};
    int status = 0;

    memcpy(bundle.domain, issuer->host.domain, sizeof(bundle.domain));
    for (size_t i = 0; i < issuer->count && status == 0; i++) {
        const struct issuer_generation *generation = &issuer->generations[i];

        X509_up_ref(generation->certificate);
        status = bundle_add_certificate(&bundle, generation->certificate, err);
        for (size_t use = BUNDLE_JWT; use <= BUNDLE_TOKEN && status == 0; use++) {
            EVP_PKEY_up_ref(generation->keys[use]);
            status = bundle_add_key(&bundle, (enum bundle_use)use, generation->ids[use], generation->keys[use], err);
        }
    }
    if (status < 0) {
        bundle_finish(&bundle);
        return status;
    }
    bundle_finish(&issuer->bundle);
    issuer->bundle = bundle;
    return 0;
}

/* What others are to believe, beside the keys; whoever reads it needs nothing else. */
static int bundle_publish(const struct issuer *issuer, struct error *err)
{
    auto_text struct text json = {0}, pem = {0};
    char path[PATH_MAX];
    int status = bundle_write(&issuer->bundle, &json, err);

    if (status == 0)
        status = bundle_write_pem(&issuer->bundle, &pem, err);
    snprintf(path, sizeof(path), "%s/bundle.json", issuer->directory);
    if (status == 0)
        status = file_replace(path, json.data, json.length, err);
    snprintf(path, sizeof(path), "%s/bundle.pem", issuer->directory);
    return status < 0 ? status : file_replace(path, pem.data, pem.length, err);
}

/* One process at a time makes keys. */
static int lock_open(const struct issuer *issuer, int *ret_fd, struct error *err)
{
    char path[PATH_MAX];
    auto_close int fd = -1;

    snprintf(path, sizeof(path), "%s/lock", issuer->directory);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || flock(fd, LOCK_EX) < 0)
        return error_system(err, errno, "lock %s", path);
    *ret_fd = take_fd(fd);
    return 0;
}

/* A new authority: one key for all that it keeps. */
static int wrapping_make(struct issuer *issuer, struct error *err)
{
    if (RAND_bytes(issuer->wrapping, sizeof(issuer->wrapping)) != 1)
        return key_error(err, "random bytes");
    return issuer->by->seal(issuer->by->context, issuer->wrapping, &issuer->sealed, err);
}

int issuer_step(struct issuer *issuer, time_t now, struct error *err)
{
    auto_close int lock = -1;
    struct issuer there = {.directory = issuer->directory, .host = issuer->host, .protection = issuer->protection, .by = issuer->by};
    bool is_changed;
    int status = lock_open(issuer, &lock, err), made = 0;

    there.sealed = issuer->sealed;
    memcpy(there.wrapping, issuer->wrapping, sizeof(there.wrapping));
    if (status == 0)
        status = issuer_state_read(&there, err);
    if (status == 0 && there.by && !there.sealed)
        status = wrapping_make(&there, err);
    issuer->sealed = there.sealed; /* what was made is its own, also when nothing follows */
    memcpy(issuer->wrapping, there.wrapping, sizeof(there.wrapping));
    if (status < 0)
        return status;
    is_changed = forget_old(&there, now);
    made = make_next(&there, now, err);
    is_changed |= made > 0;
    there.sequence += is_changed;
    status = made < 0 ? made : 0;
    if (status == 0 && is_changed)
        status = issuer_state_write(&there, err);
    if (status == 0)
        status = bundle_fill(&there, err);
    if (status == 0 && is_changed)
        status = bundle_publish(&there, err);
    if (status < 0) {
        state_finish(&there);
        return status;
    }
    is_changed = there.sequence != issuer->sequence;
    state_finish(issuer);
    *issuer = there;
    return is_changed;
}

/* It holds keys: nobody else's, and shut for all others. */
static int directory_check(const char *directory, struct error *err)
{
    struct stat st;

    if (lstat(directory, &st) < 0)
        return error_system(err, errno, "%s", directory);
    if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
        return error_set(err, ERROR_FORBIDDEN, EPERM, "%s is not a directory of uid %u, and is to hold the keys of the authority", directory, (unsigned)geteuid());
    if (st.st_mode & 022)
        return error_set(err, ERROR_FORBIDDEN, EPERM, "%s holds the keys of the authority, and others may write in it: chmod go-w it", directory);
    return 0;
}

int issuer_open(const char *directory, const struct identity_name *host, time_t now, struct issuer **ret_issuer, struct error *err)
{
    return issuer_open_by(directory, host, NULL, now, ret_issuer, err);
}

int issuer_open_by(const char *directory, const struct identity_name *host, const struct issuer_protection *protection, time_t now,
                   struct issuer **ret_issuer, struct error *err)
{
    auto_issuer struct issuer *issuer = mem_alloc(sizeof(*issuer));
    int status;

    if (!issuer || !(issuer->directory = mem_string(directory)))
        return error_memory(err);
    if (directory[0] != '/' || strlen(directory) > PATH_MAX - 64)
        return error_set(err, ERROR_INVALID, EINVAL, "authority: '%.200s' is no absolute path", directory);
    if (host->kind != IDENTITY_HOST)
        return error_set(err, ERROR_INVALID, EINVAL, "authority: it is a machine's");
    issuer->host = *host;
    issuer->by = protection;
    issuer->protection = protection ? protection->name : "file";
    status = file_make_directories(directory, 0700, err);
    if (status == 0)
        status = directory_check(directory, err);
    if (status == 0)
        status = issuer_step(issuer, now, err);
    if (status < 0)
        return error_prepend(err, "authority");
    if (!issuer_signs(issuer, now))
        return error_set(err, ERROR_SYSTEM, ETIME, "authority: the clock stands before the time at which its keys were made: set the clock, or remove %s/authority.json", directory);
    *ret_issuer = take_ptr(issuer);
    return 0;
}
