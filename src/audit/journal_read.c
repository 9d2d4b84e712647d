/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal as it is found. What a loss of power may leave: the last group in pieces, or of it nothing. Everything else that does not
 * fit is damage, and is said: a group that another one follows was durable before that began.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/journal.h"
#include "audit/journal_frame.h"
#include "audit/tile.h"
#include "base/memory.h"
#include "base/number.h"

struct segment {
    char name[JOURNAL_NAME_SIZE];
    const unsigned char *bytes;
    size_t size;
};

static int damaged(struct error *err, const struct segment *segment, uint64_t at, const char *why)
{
    return error_set(err, ERROR_INVALID, EBADMSG, "%s: byte %llu: %s: acknowledged records are damaged", segment->name,
                     (unsigned long long)at, why);
}

static size_t frame_size(const struct journal_head *head)
{
    size_t size = sizeof(*head) + head->size;

    return size + (JOURNAL_ALIGN - size % JOURNAL_ALIGN) % JOURNAL_ALIGN;
}

/* Nothing is in what fills it up: no byte of a journal may be another. */
static bool is_filled(const struct segment *segment, size_t at, const struct journal_head *head)
{
    size_t end = at + frame_size(head);

    for (at += sizeof(*head) + head->size; at < end && at < segment->size; at++)
        if (segment->bytes[at] != 0)
            return false;
    return true;
}

/* The hashes of a frame's entries. false where it does not hold as many. */
static bool leaves_of(const struct journal_head *head, const unsigned char *bytes, struct merkle_hash *ret_leaves)
{
    const unsigned char *entry;
    size_t at = 0, size;

    for (uint32_t i = 0; i < head->count; i++) {
        if (!bundle_next(bytes, head->size, &at, &entry, &size))
            return false;
        merkle_leaf(entry, size, &ret_leaves[i]);
    }
    return at == head->size;
}

/*
 * Is there a whole frame at `at`? It is believed by its digest, whatever is before it. *ret_leaves (RECORDS) is the caller's to
 * mem_free(). 1, 0 = no frame, or -ENOMEM.
 */
static int frame_at(const struct segment *segment, size_t at, struct journal_head *ret_head, struct merkle_hash **ret_leaves)
{
    auto_free struct merkle_hash *leaves = NULL;
    struct journal_head head;
    struct merkle_hash content, digest;
    const unsigned char *bytes = segment->bytes + at + sizeof(head);

    if (segment->size - at < sizeof(head))
        return 0;
    memcpy(&head, segment->bytes + at, sizeof(head));
    if (head.magic != JOURNAL_MAGIC || head.size > segment->size - at - sizeof(head) ||
        (head.kind == JOURNAL_RECORDS && head.count > head.size / 2))
        return 0;
    if (head.kind == JOURNAL_RECORDS) {
        leaves = mem_alloc((head.count + 1) * sizeof(*leaves));
        if (!leaves)
            return -ENOMEM;
        if (!leaves_of(&head, bytes, leaves))
            return 0;
        merkle_digest(leaves, head.count * sizeof(*leaves), NULL, 0, &content);
    } else {
        merkle_digest(bytes, head.size, NULL, 0, &content);
    }
    journal_head_digest(&head, &content, &digest);
    if (!merkle_equal(&digest, &head.digest) || !is_filled(segment, at, &head))
        return 0;
    *ret_head = head;
    *ret_leaves = take_ptr(leaves);
    return 1;
}

/* Behind where a segment stops to make sense: is there a group that came after the one that is cut off? */
static int look_behind(const struct segment *segment, size_t from, uint64_t group, struct error *err)
{
    for (size_t at = from; at + sizeof(struct journal_head) <= segment->size; at += JOURNAL_ALIGN) {
        auto_free struct merkle_hash *leaves = NULL;
        struct journal_head head;
        int found;

        if (memcmp(segment->bytes + at, &(uint64_t){JOURNAL_MAGIC}, sizeof(uint64_t)) != 0)
            continue;
        found = frame_at(segment, at, &head, &leaves);
        if (found < 0)
            return error_memory(err);
        if (found && head.group > group + 1)
            return damaged(err, segment, from, "no frame, and groups that came later follow");
    }
    return 0;
}

/* All frames of one segment that hold together; what does not begins at *ret_end. */
static int read_segment(struct journal *journal, const struct segment *segment, bool is_oldest, uint64_t *next, journal_take *take,
                        void *context, size_t *ret_end, struct error *err)
{
    size_t at = 0;

    for (;;) {
        auto_free struct merkle_hash *leaves = NULL;
        struct journal_head head;
        struct journal_frame frame;
        int status = frame_at(segment, at, &head, &leaves);

        if (status < 0)
            return error_memory(err);
        if (status > 0 && !(at == 0 && is_oldest) && !merkle_equal(&head.before, &journal->digest))
            status = 0;
        if (status == 0)
            break;
        if ((at == 0) != (head.kind == JOURNAL_WRITERS) || head.first != *next)
            return damaged(err, segment, at, "a frame where it does not belong");
        frame = (struct journal_frame){.kind = head.kind, .count = head.count, .first = head.first,
                                       .bytes = segment->bytes + at + sizeof(head), .size = head.size, .leaves = leaves};
        status = take(context, &frame, err);
        if (status < 0)
            return status;
        *next += head.kind == JOURNAL_RECORDS ? head.count : 0;
        journal->digest = head.digest;
        journal->group = head.group;
        at += frame_size(&head);
        if (at > segment->size)
            at = segment->size;
    }
    *ret_end = at;
    return 0;
}

/* How many bytes behind `at` are not zero any more, from the last of them on. */
static uint64_t cut_off(const struct segment *segment, size_t at)
{
    size_t end = segment->size;

    while (end > at && segment->bytes[end - 1] == 0)
        end--;
    return end - at;
}

static int map_segment(const struct journal *journal, uint64_t first, struct segment *ret_segment, struct error *err)
{
    struct segment segment = {.size = 0};
    auto_close int fd = -1;
    struct stat about;
    void *bytes;

    journal_name(first, segment.name);
    fd = openat(journal->directory, segment.name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &about) < 0)
        return error_system(err, errno, "open %s", segment.name);
    if (!S_ISREG(about.st_mode) || about.st_size < (off_t)sizeof(struct journal_head) || about.st_size > JOURNAL_SEGMENT_MAX)
        return damaged(err, &segment, 0, "not of a segment's size");
    segment.size = (size_t)about.st_size;
    bytes = mmap(NULL, segment.size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return error_system(err, errno, "read %s", segment.name);
    segment.bytes = bytes;
    *ret_segment = segment;
    return 0;
}

static int compare_first(const void *a, const void *b)
{
    const struct journal_segment *first = a, *second = b;

    return first->first < second->first ? -1 : first->first > second->first;
}

static int list_segments(struct journal *journal, struct error *err)
{
    int fd = openat(journal->directory, "journal", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (!entries) {
        fd_close_at(&fd);
        return error_system(err, errno, "list the journal");
    }
    journal->segment_count = 0;
    while ((entry = readdir(entries))) {
        uint64_t first;

        if (strlen(entry->d_name) != 20 || number_parse(entry->d_name + strspn(entry->d_name, "0"), 1, INT64_MAX, &first, NULL) < 0) {
            if (strcmp(entry->d_name, "00000000000000000000") != 0)
                continue;
            first = 0;
        }
        if (journal->segment_count == JOURNAL_SEGMENTS) {
            closedir(entries);
            return error_set(err, ERROR_LIMIT, E2BIG, "journal: more than " STRINGIFY(JOURNAL_SEGMENTS) " segments");
        }
        journal->segments[journal->segment_count++] = (struct journal_segment){first, UINT64_MAX};
    }
    closedir(entries);
    qsort(journal->segments, journal->segment_count, sizeof(journal->segments[0]), compare_first);
    return 0;
}

/* The first frame of a segment, where it holds. */
static int look_at_first(const struct journal *journal, uint64_t first, struct journal_head *ret_head, struct error *err)
{
    auto_free struct merkle_hash *leaves = NULL;
    struct journal_head head = {.kind = 0};
    struct segment segment;
    int status = map_segment(journal, first, &segment, err);

    if (status < 0)
        return status;
    if (frame_at(&segment, 0, &head, &leaves) < 0)
        status = error_memory(err);
    munmap((void *)(uintptr_t)segment.bytes, segment.size);
    *ret_head = head;
    return status;
}

/* Without those that came before the last fresh start. */
static int leave_stale(struct journal *journal, struct error *err)
{
    uint64_t groups[JOURNAL_SEGMENTS], fresh = 0;
    unsigned kept = 0;

    for (unsigned i = 0; i < journal->segment_count; i++) {
        struct journal_head head;
        int status = look_at_first(journal, journal->segments[i].first, &head, err);

        if (status < 0)
            return status;
        groups[i] = head.kind ? head.group : UINT64_MAX; /* a damaged one is not left out: it will be found */
        if (head.kind == JOURNAL_WRITERS && head.count == JOURNAL_FRESH && head.group > fresh)
            fresh = head.group;
    }
    journal->stale_count = 0;
    for (unsigned i = 0; i < journal->segment_count; i++) {
        if (groups[i] < fresh)
            journal->stale[journal->stale_count++] = journal->segments[i].first;
        else
            journal->segments[kept++] = journal->segments[i];
    }
    journal->segment_count = kept;
    return 0;
}

static int read_one(struct journal *journal, unsigned i, uint64_t *next, journal_take *take, void *context, uint64_t *ret_cut,
                    struct error *err)
{
    bool is_last = i + 1 == journal->segment_count;
    struct segment segment = {.size = 0};
    size_t end = 0;
    int status = map_segment(journal, journal->segments[i].first, &segment, err);

    if (status < 0)
        return status;
    if (journal->segments[i].first != *next)
        status = damaged(err, &segment, 0, "records before it are missing");
    if (status == 0)
        status = read_segment(journal, &segment, i == 0, next, take, context, &end, err);
    if (status == 0 && end == 0)
        status = damaged(err, &segment, 0, "its first frame is missing");
    if (status == 0 && !is_last && *next != journal->segments[i + 1].first)
        status = damaged(err, &segment, end, "records behind it are missing");
    if (status == 0 && is_last)
        status = look_behind(&segment, end, journal->group, err);
    if (status == 0) {
        journal->segments[i].end = *next;
        *ret_cut = is_last ? cut_off(&segment, end) : 0;
    }
    munmap((void *)(uintptr_t)segment.bytes, segment.size);
    return status;
}

int journal_read(struct journal *journal, journal_take *take, void *context, uint64_t *ret_cut, struct error *err)
{
    int status = list_segments(journal, err);
    uint64_t next;

    *ret_cut = 0;
    if (status == 0)
        status = leave_stale(journal, err);
    if (status < 0 || journal->segment_count == 0)
        return status;
    next = journal->segments[0].first;
    for (unsigned i = 0; i < journal->segment_count && status == 0; i++)
        status = read_one(journal, i, &next, take, context, ret_cut, err);
    return status;
}
