/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: the kernel's audit records, one a line, each behind a letter for its type. Nothing behind the bytes is
 * read; what comes out is bounded and ends; every refusal of a domain of ours is told or counted, and none of another.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/fold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct count {
    uint64_t refused;
};

static void hold(int condition)
{
    if (!condition)
        abort();
}

static bool is_of_user(void *context, uint64_t domain, const struct audit_record *made, const struct audit_record *call, struct fold_owner *owner)
{
    (void)context, (void)domain, (void)call, (void)owner;
    return made && made->uid == 1000;
}

static int hear(void *context, const struct fold_owner *owner, const struct sensor_told *told, const char *path, const char *exe)
{
    struct count *count = context;

    hold(owner->uid == 1000 && owner->container == 0);
    hold(told->path_length < PATH_MAX && told->exe_length < PATH_MAX);
    hold(!memchr(path, '\0', told->path_length) && !memchr(exe, '\0', told->exe_length));
    if (told->type == SENSOR_REFUSED)
        hold(told->count > 0 && memchr(told->right, '\0', sizeof(told->right)));
    count->refused += told->type == SENSOR_REFUSED ? told->count : 0;
    return 0;
}

static unsigned type_of(uint8_t letter)
{
    static const unsigned types[] = {RECORD_LANDLOCK_ACCESS, RECORD_LANDLOCK_DOMAIN, RECORD_SYSCALL, RECORD_END_OF_EVENT};

    return letter >= 'a' && letter < 'a' + ARRAY_COUNT(types) ? types[letter - 'a'] : letter;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct audit_record record;
    struct count count = {0};
    const struct fold_sink sink = {is_of_user, hear, &count};
    auto_fold struct fold *fold = NULL;
    const uint8_t *at = data, *end = data + size;
    uint64_t denied = 0;

    hold(fold_new(FOLD_RUN, &sink, &fold, NULL) == 0);
    while (at < end) {
        const uint8_t *line = memchr(at, '\n', (size_t)(end - at)), *stop = line ? line : end;
        size_t length = stop > at ? (size_t)(stop - at) - 1 : 0;
        char *copy = malloc(length ? length : 1);

        hold(copy != NULL);
        if (length)
            memcpy(copy, at + 1, length);
        if (stop > at && record_read(type_of(*at), copy, length, &record)) {
            denied += record.kind == RECORD_DENIED;
            hold(fold_take(fold, &record) == 0);
        }
        free(copy);
        at = stop + 1;
    }
    hold(fold_flush(fold) == 0 && fold_tell_repeated(fold) == 0);
    hold(count.refused <= denied);
    return 0;
}
