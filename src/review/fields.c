/* SPDX-License-Identifier: Apache-2.0 */
/* Small records of this part's own: fields, each ended by a zero, and behind them a digest, so that a torn one is none. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "review/inside.h"

void field_put(struct text *out, const char *text)
{
    text_add_n(out, text ? text : "", (text ? strlen(text) : 0) + 1);
}

void field_put_number(struct text *out, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    field_put(out, text);
}

const char *field_text(struct fields *fields)
{
    const char *text = fields->at;
    const char *end = fields->is_bad ? NULL : memchr(text, 0, (size_t)(fields->end - text));

    if (!end) {
        fields->is_bad = true;
        return "";
    }
    fields->at = end + 1;
    return text;
}

uint64_t field_number(struct fields *fields)
{
    const char *text = field_text(fields);
    char *end;
    unsigned long long number;

    errno = 0;
    number = strtoull(text, &end, 10);
    if (!*text || *end || *text == '-' || errno)
        fields->is_bad = true;
    return fields->is_bad ? 0 : number;
}

static int save(int directory, const char *name, const char *data, size_t size, bool is_synced, struct error *err)
{
    auto_close int fd = -1;
    char temporary[64];
    int status;

    snprintf(temporary, sizeof(temporary), "%s.new", name);
    fd = openat(directory, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_system(err, errno, "create %s", temporary);
    status = file_write_all(fd, data, size);
    if (status == 0 && is_synced && fsync(fd) < 0)
        status = -errno;
    if (status == 0 && renameat(directory, temporary, directory, name) < 0)
        status = -errno;
    if (status == 0 && is_synced && fsync(directory) < 0)
        status = -errno;
    if (status < 0)
        unlinkat(directory, temporary, 0);
    return status < 0 ? error_system(err, -status, "write %s", name) : 0;
}

int fields_save(int directory, const char *name, struct text *out, bool is_synced, struct error *err)
{
    char digest[DIGEST_TEXT_SIZE];
    auto_free char *data = NULL;
    size_t size;
    int status;

    if (!out->is_broken) {
        digest_text(out->data, out->length, digest);
        field_put(out, digest);
    }
    size = out->length;
    status = text_take(out, &data, err);
    return status < 0 ? status : save(directory, name, data, size, is_synced, err);
}

int fields_load(int directory, const char *name, char **ret_data, struct fields *ret_fields, struct error *err)
{
    auto_close int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    auto_free char *data = NULL;
    char digest[DIGEST_TEXT_SIZE];
    size_t size, rest;
    int status;

    if (fd < 0)
        return errno == ENOENT ? -ENOENT : error_system(err, errno, "open %s", name);
    status = file_read_fd(fd, name, STATE_SIZE_MAX, &data, &size, err);
    if (status < 0)
        return status;
    if (size < DIGEST_TEXT_SIZE)
        return error_set(err, ERROR_SYSTEM, EBADMSG, "%s is damaged: it is cut short", name);
    rest = size - DIGEST_TEXT_SIZE;
    digest_text(data, rest, digest);
    if (memcmp(digest, data + rest, DIGEST_TEXT_SIZE) != 0)
        return error_set(err, ERROR_SYSTEM, EBADMSG, "%s is damaged: its digest is another", name);
    *ret_fields = (struct fields){.at = data, .end = data + rest};
    *ret_data = take_ptr(data);
    return 0;
}
