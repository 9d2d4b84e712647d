/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/process/init/mounts.h"

#include <linux/errno.h>

#include "tier/process/init/sys.h"

static uint64_t number_take(char **at)
{
    uint64_t number = 0;

    while (**at >= '0' && **at <= '9')
        number = number * 10 + (uint64_t)(*(*at)++ - '0');
    return number;
}

static void blank_skip(char **at)
{
    if (**at == ' ')
        (*at)++;
}

static int is_octal(const char *at)
{
    return at[0] >= '0' && at[0] <= '3' && at[1] >= '0' && at[1] <= '7' && at[2] >= '0' && at[2] <= '7';
}

/* One field, in place: blanks and the like are written as \040. */
static const char *field_take(char **at)
{
    char *start = *at, *to = *at;

    while (**at && **at != ' ') {
        if (**at == '\\' && is_octal(*at + 1)) {
            *to++ = (char)(((*at)[1] - '0') << 6 | ((*at)[2] - '0') << 3 | ((*at)[3] - '0'));
            *at += 4;
        } else {
            *to++ = *(*at)++;
        }
    }
    if (**at)
        (*at)++;
    *to = '\0';
    return start;
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue" */
static void row_take(struct mount_row *row, char *line)
{
    row->id = number_take(&line);
    blank_skip(&line);
    number_take(&line);
    blank_skip(&line);
    row->device = number_take(&line) << 32;
    if (*line == ':')
        line++;
    row->device |= number_take(&line);
    blank_skip(&line);
    row->root = field_take(&line);
    row->point = field_take(&line);
}

static long text_read(struct mounts *mounts, long fd)
{
    size_t used = 0;
    long got;

    do {
        got = sys_call3(read, fd, mounts->text + used, MOUNTS_TEXT_SIZE - 1 - used);
        used += got > 0 ? (size_t)got : 0;
    } while (got > 0 && used < MOUNTS_TEXT_SIZE - 1);
    mounts->text[used] = '\0';
    return got < 0 ? got : got > 0 ? -E2BIG : 0;
}

long mounts_read(struct mounts *mounts, long fd)
{
    char *line = mounts->text;
    long status = text_read(mounts, fd);

    mounts->count = 0;
    while (status == 0 && *line) {
        char *end = strchr(line, '\n');

        if (!end || mounts->count == MOUNTS_MAX)
            return -E2BIG;
        *end = '\0';
        row_take(&mounts->rows[mounts->count++], line);
        line = end + 1;
    }
    return status;
}

const struct mount_row *mounts_find(const struct mounts *mounts, uint64_t id)
{
    for (uint32_t i = 0; i < mounts->count; i++)
        if (mounts->rows[i].id == id)
            return &mounts->rows[i];
    return 0;
}
