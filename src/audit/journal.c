/* SPDX-License-Identifier: Apache-2.0 */
/* The journal as it is written; journal_read.c reads it. */
#include "audit/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/journal_frame.h"
#include "base/memory.h"

#define NEW_NAME "journal/new"

void journal_name(uint64_t first, char ret_name[JOURNAL_NAME_SIZE])
{
    snprintf(ret_name, JOURNAL_NAME_SIZE, "journal/%020" PRIu64, first);
}

void journal_head_digest(const struct journal_head *head, const struct merkle_hash *content, struct merkle_hash *ret_digest)
{
    merkle_digest(head, offsetof(struct journal_head, digest), content, sizeof(*content), ret_digest);
}

static void content_of(const struct journal_frame *frame, struct merkle_hash *ret_content)
{
    if (frame->leaves)
        merkle_digest(frame->leaves, frame->count * sizeof(*frame->leaves), NULL, 0, ret_content);
    else
        merkle_digest(frame->bytes, frame->size, NULL, 0, ret_content);
}

static size_t padding_of(size_t size)
{
    return (JOURNAL_ALIGN - size % JOURNAL_ALIGN) % JOURNAL_ALIGN;
}

size_t journal_room(const struct journal *journal)
{
    uint64_t used = journal->offset + JOURNAL_FRAME_SIZE + JOURNAL_ALIGN;

    return journal->fd < 0 || used >= journal->segment_bytes ? 0 : (size_t)(journal->segment_bytes - used);
}

int journal_write(struct journal *journal, const struct journal_frame *frame)
{
    static const char zeros[JOURNAL_ALIGN];
    struct journal_head head = {.magic = JOURNAL_MAGIC, .kind = frame->kind, .size = (uint32_t)frame->size, .count = frame->count,
                                .first = frame->first, .group = journal->group + 1, .before = journal->digest};
    const struct iovec parts[] = {{&head, sizeof(head)},
                                  {(void *)(uintptr_t)frame->bytes, frame->size},
                                  {(void *)(uintptr_t)zeros, padding_of(frame->size)}};
    struct merkle_hash content;
    int status;

    if (frame->size > journal_room(journal))
        return -ENOSPC;
    content_of(frame, &content);
    journal_head_digest(&head, &content, &head.digest);
    status = journal->machine->write(journal->machine->context, journal->fd, parts, ARRAY_COUNT(parts), journal->offset);
    if (status == 0 && !journal->is_volatile)
        status = journal->machine->sync(journal->machine->context, journal->fd);
    if (status < 0)
        return status;
    journal->offset += sizeof(head) + frame->size + padding_of(frame->size);
    journal->group++;
    journal->digest = head.digest;
    return 0;
}

/* A segment gets its name when its first frames last: none is ever found without. Of `next` everything but the descriptor is done. */
static int make_segment(struct journal *next, const struct journal_frame *writers, const struct journal_frame *records)
{
    const struct log_machine *machine = next->machine;
    char name[JOURNAL_NAME_SIZE];
    int status;

    next->fd = -1;
    next->offset = 0;
    status = machine->reserve(machine->context, next->directory, NEW_NAME, next->segment_bytes, &next->fd);
    if (status == 0)
        status = journal_write(next, writers);
    if (status == 0 && records && records->count)
        status = journal_write(next, records);
    journal_name(writers->first, name);
    if (status == 0)
        status = machine->rename(machine->context, next->directory, NEW_NAME, name);
    if (status == 0 && !next->is_volatile)
        status = machine->sync_directory(machine->context, next->directory, "journal");
    if (status < 0) {
        fd_close_at(&next->fd);
        (void)!machine->remove(machine->context, next->directory, NEW_NAME);
    }
    return status;
}

int journal_rotate(struct journal *journal, uint64_t first, const void *writers, size_t size)
{
    const struct journal_frame frame = {.kind = JOURNAL_WRITERS, .first = first, .bytes = writers, .size = size};
    struct journal next = *journal;
    int status;

    if (journal->segment_count == JOURNAL_SEGMENTS)
        return -ENOSPC;
    status = make_segment(&next, &frame, NULL);
    if (status < 0)
        return status;
    next.segments[next.segment_count - 1].end = first;
    next.segments[next.segment_count++] = (struct journal_segment){first, UINT64_MAX};
    fd_close_at(&journal->fd);
    *journal = next;
    return 0;
}

static int remove_segment(const struct journal *journal, uint64_t first)
{
    char name[JOURNAL_NAME_SIZE];

    journal_name(first, name);
    return journal->machine->remove(journal->machine->context, journal->directory, name);
}

/* Those that stay because they cannot be removed are known for what they are by their lower groups. */
static void remove_others(const struct journal *journal, uint64_t kept)
{
    for (unsigned i = 0; i < journal->segment_count; i++)
        if (journal->segments[i].first != kept)
            (void)!remove_segment(journal, journal->segments[i].first);
    for (unsigned i = 0; i < journal->stale_count; i++)
        if (journal->stale[i] != kept)
            (void)!remove_segment(journal, journal->stale[i]);
}

int journal_restart(struct journal *journal, const void *writers, size_t size, const struct journal_frame *records)
{
    const struct journal_frame frame = {.kind = JOURNAL_WRITERS, .count = JOURNAL_FRESH, .first = records->first, .bytes = writers, .size = size};
    uint64_t needed = records->size + size + 4 * JOURNAL_FRAME_SIZE + JOURNAL_SEGMENT_MIN / 2;
    struct journal next = *journal;
    int status;

    if (next.segment_bytes < needed)
        next.segment_bytes = needed;
    status = make_segment(&next, &frame, records);
    if (status < 0)
        return status;
    remove_others(journal, records->first);
    fd_close_at(&journal->fd);
    next.segments[0] = (struct journal_segment){records->first, UINT64_MAX};
    next.segment_count = 1;
    next.stale_count = 0;
    *journal = next;
    return 0;
}

int journal_retire(struct journal *journal, uint64_t size)
{
    while (journal->segment_count > 1 && journal->segments[0].end <= size) {
        int status = remove_segment(journal, journal->segments[0].first);

        if (status < 0)
            return status;
        memmove(journal->segments, journal->segments + 1, --journal->segment_count * sizeof(journal->segments[0]));
    }
    return 0;
}

void journal_finish(struct journal *journal)
{
    fd_close_at(&journal->fd);
}
