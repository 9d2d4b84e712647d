/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/seen.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define LINE_MAX_SIZE 160

/* Those that still hold, and whether `id` is one of them. -EINVAL for a line that is none. */
static int filter(const char *text, const char *id, time_t now, struct text *kept, size_t *count)
{
    for (const char *line = text; *line;) {
        const char *end = strchr(line, '\n');
        char *word;
        long long until;
        size_t length;

        if (!end || end - line > LINE_MAX_SIZE)
            return -EINVAL;
        errno = 0;
        until = strtoll(line, &word, 10);
        if (errno || word == line || *word != ' ')
            return -EINVAL;
        length = (size_t)(end - word - 1);
        if (until > now) {
            if (length == strlen(id) && memcmp(word + 1, id, length) == 0)
                return -EALREADY;
            text_add_n(kept, line, (size_t)(end + 1 - line));
            ++*count;
        }
        line = end + 1;
    }
    return 0;
}

int seen_once(const char *file, const char *id, time_t until, time_t now, struct error *err)
{
    auto_text struct text kept = {0};
    auto_free char *text = NULL;
    auto_close int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    size_t size = 0, count = 0;
    int status;

    if (fd < 0 || flock(fd, LOCK_EX) < 0)
        return error_system(err, errno, "%s", file);
    status = file_read_fd(fd, file, (size_t)SEEN_MAX * LINE_MAX_SIZE, &text, &size, err);
    if (status < 0)
        return status;
    status = strlen(text) == size ? filter(text, id, now, &kept, &count) : -EINVAL;
    if (status == -EALREADY)
        return error_set(err, ERROR_FORBIDDEN, EALREADY, "token: it was taken before");
    if (status < 0)
        return error_set(err, ERROR_INVALID, EINVAL, "%s: this is no list of tokens that were taken", file);
    if (count >= SEEN_MAX)
        return error_set(err, ERROR_LIMIT, ENOSPC, "%s: more than %d tokens that have not ended", file, SEEN_MAX);
    text_printf(&kept, "%lld %s\n", (long long)until, id);
    if (kept.is_broken)
        return error_memory(err);
    /* in its place, for the lock is on it: one that is torn is no list any more, and nothing is taken by it */
    if (pwrite(fd, kept.data, kept.length, 0) != (ssize_t)kept.length || ftruncate(fd, (off_t)kept.length) < 0 || fdatasync(fd) < 0)
        return error_system(err, errno, "note in %s", file);
    return 0;
}
