/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every way of writing a byte is a lane: it reads the same bytes, makes of them what they mean there, and steps its own
 * state of the one search. For each byte it has made, a lane remembers where that began in the text, as far back as a
 * pattern is long: so a match is known as a stretch of the text, however it was written.
 *
 * Where nothing escapes all lanes do the same, so the raw one steps for all of them; they part at a byte that may be the
 * beginning of a unit of one of them, and are together again when their states are one and began at one place.
 */
#include "inspect/scrub.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "inspect/queue.h"

#define FILLER '*'

struct lane {
    enum lane_kind kind;
    uint32_t state;
    unsigned char unit[LANE_UNIT_MAX]; /* that may become one */
    size_t unit_size;
    uint64_t *starts; /* a ring, by number of the byte made; NULL where each is one of the text */
    uint64_t made;
    uint64_t parted_made, parted_at; /* when it went apart: what it had made, and where; before that each byte was one of the text */
};

struct scrub {
    const struct values *values;
    struct lane lanes[LANES]; /* the first is the raw one */
    unsigned lane_count;
    bool is_apart;
    bool escapes[256]; /* in any lane */
    bool wakes[256];   /* in state 0 of any lane */
    uint64_t ring; /* its size less one */
    struct queue text;
    uint64_t text_at, at; /* offsets: of the first byte held, of the next to come */
    uint64_t held_from;   /* what is before it may go on */
    uint64_t reach;       /* how many bytes a value may take in the text; 0 = what is held may tell of it */
    uint64_t found;
};

int scrub_new(const struct values *values, struct scrub **ret_scrub, struct error *err)
{
    struct scrub *scrub = mem_alloc(sizeof(*scrub));
    uint64_t ring = 16;

    if (!scrub)
        return error_memory(err);
    scrub->values = values;
    while (ring <= search_longest(values->search) + LANE_UNIT_MAX)
        ring *= 2;
    scrub->ring = ring - 1;
    for (unsigned kind = 0; kind < LANES; kind++) {
        struct lane *lane = &scrub->lanes[scrub->lane_count];

        if (!values->has_lane[kind])
            continue;
        *lane = (struct lane){.kind = kind};
        for (unsigned byte = 0; byte < 256; byte++) {
            scrub->escapes[byte] |= lane_escapes(kind, (unsigned char)byte) != 0;
            scrub->wakes[byte] |= scrub->escapes[byte] || search_begins(values->search, (unsigned char)byte);
        }
        scrub->lane_count++;
        if (kind != LANE_RAW && !(lane->starts = mem_alloc(ring * sizeof(*lane->starts)))) {
            scrub_free(scrub);
            return error_memory(err);
        }
    }
    *ret_scrub = scrub;
    return 0;
}

void scrub_conceal(struct scrub *scrub)
{
    /* a byte takes six as JSON may write it, and up to twelve as a reference of HTML */
    scrub->reach = (uint64_t)search_longest(scrub->values->search) * (scrub->values->has_lane[LANE_HTML] ? 12 : 6);
}

void scrub_free(struct scrub *scrub)
{
    if (!scrub)
        return;
    for (unsigned i = 0; i < scrub->lane_count; i++)
        mem_free(scrub->lanes[i].starts);
    queue_finish(&scrub->text);
    explicit_bzero(scrub->lanes, sizeof(scrub->lanes));
    mem_free(scrub);
}

static void write_over(struct scrub *scrub, uint64_t from, uint64_t to, unsigned label)
{
    const struct net_secret *secret = &scrub->values->secrets->items[values_secret(label)];
    unsigned char *at = queue_head(&scrub->text) + (from - scrub->text_at);
    size_t size = (size_t)(to - from);

    scrub->found |= 1ull << values_secret(label);
    if (values_is_clear(label) && secret->placeholder && strlen(secret->placeholder) == size)
        memcpy(at, secret->placeholder, size);
    else
        memset(at, FILLER, size);
}

/* Where the last `count` bytes that a lane made begin in the text; `end`: behind the last one. */
static uint64_t start_of(const struct scrub *scrub, const struct lane *lane, uint64_t count, uint64_t end)
{
    uint64_t number = lane->made - count;

    if (!lane->starts)
        return end - count;
    return number < lane->parted_made ? lane->parted_at - (lane->parted_made - number) : lane->starts[number & scrub->ring];
}

/* One byte that a lane has made of the text from `from` to `to`. */
static void lane_step(struct scrub *scrub, struct lane *lane, unsigned char byte, uint64_t from, uint64_t to)
{
    uint16_t label;
    unsigned length;

    lane->state = search_step(scrub->values->search, lane->state, byte);
    if (lane->starts)
        lane->starts[lane->made & scrub->ring] = from;
    lane->made++;
    length = search_match(scrub->values->search, lane->state, &label);
    if (length)
        write_over(scrub, start_of(scrub, lane, length, to), to, label);
}

/* Read what waits in the lane's unit; `end`: of it in the text. `is_last`: nothing comes behind. */
static void lane_read_unit(struct scrub *scrub, struct lane *lane, uint64_t end, bool is_last)
{
    while (lane->unit_size) {
        unsigned char made[4];
        uint64_t from = end - lane->unit_size;
        int count = lane_read(lane->kind, lane->unit, lane->unit_size, made);

        if (count == 0 && !is_last)
            return;
        if (count > 0) {
            lane->unit_size = 0;
            for (int i = 0; i < count; i++)
                lane_step(scrub, lane, made[i], from, end);
            return;
        }
        lane_step(scrub, lane, lane->unit[0], from, from + 1);
        lane->unit_size--;
        memmove(lane->unit, lane->unit + 1, lane->unit_size);
    }
}

static void lane_push(struct scrub *scrub, struct lane *lane, unsigned char byte, uint64_t at)
{
    if (lane->kind == LANE_WIDE && !byte)
        return;
    if (!lane->unit_size && !lane_escapes(lane->kind, byte)) {
        lane_step(scrub, lane, byte, at, at + 1);
        return;
    }
    lane->unit[lane->unit_size++] = byte;
    lane_read_unit(scrub, lane, at + 1, false);
}

/* From where on a lane may still be within a value. */
static uint64_t lane_holds(const struct scrub *scrub, const struct lane *lane)
{
    unsigned depth = search_depth(scrub->values->search, lane->state);
    uint64_t end = scrub->at - lane->unit_size;

    return depth ? start_of(scrub, lane, depth, end) : end;
}

static void find_held(struct scrub *scrub)
{
    scrub->held_from = lane_holds(scrub, &scrub->lanes[0]);
    for (unsigned i = 1; i < scrub->lane_count && scrub->is_apart; i++) {
        uint64_t from = lane_holds(scrub, &scrub->lanes[i]);

        if (from < scrub->held_from)
            scrub->held_from = from;
    }
}

/*
 * As far back as a value may reach, but not beyond a control byte, which none has in any form but the tab and (between the
 * bytes of a wider charset) NUL. It is the text alone that decides this.
 */
static uint64_t find_concealed(const struct scrub *scrub)
{
    const unsigned char *text = queue_head(&scrub->text);
    uint64_t first = scrub->at - scrub->text_at > scrub->reach ? scrub->at - scrub->reach : scrub->text_at, from = scrub->at;

    while (from > first) {
        unsigned char before = text[from - 1 - scrub->text_at];

        if (before < ' ' && before != '\t' && before)
            break;
        from--;
    }
    return from;
}

/* Before the byte at `at`, which escapes in one of them. */
static void part(struct scrub *scrub, uint64_t at)
{
    for (unsigned i = 1; i < scrub->lane_count; i++) {
        struct lane *lane = &scrub->lanes[i];

        lane->state = scrub->lanes[0].state;
        lane->parted_made = lane->made = lane->made + search_longest(scrub->values->search);
        lane->parted_at = at;
    }
    scrub->is_apart = true;
}

/* Behind `end`. Of two prefixes as long that begin at one place each byte is one of the text. */
static bool are_together(const struct scrub *scrub, uint64_t end)
{
    const struct lane *raw = &scrub->lanes[0];
    unsigned depth = search_depth(scrub->values->search, raw->state);

    for (unsigned i = 1; i < scrub->lane_count; i++) {
        const struct lane *lane = &scrub->lanes[i];

        if (lane->state != raw->state || lane->unit_size || (depth && start_of(scrub, lane, depth, end) != end - depth))
            return false;
    }
    return true;
}

/* As long as no byte escapes. How many were taken. */
static size_t push_together(struct scrub *scrub, const unsigned char *in, size_t size, uint64_t at)
{
    struct lane *raw = &scrub->lanes[0];
    size_t i = 0;

    while (i < size) {
        while (!raw->state && i < size && !scrub->wakes[in[i]])
            i++;
        if (i == size || scrub->escapes[in[i]])
            break;
        lane_step(scrub, raw, in[i], at + i, at + i + 1);
        i++;
    }
    return i;
}

int scrub_push(struct scrub *scrub, const void *bytes, size_t size)
{
    const unsigned char *in = bytes;
    int status = queue_add(&scrub->text, bytes, size);
    size_t i = 0;

    if (status < 0)
        return status;
    while (i < size) {
        if (!scrub->is_apart) {
            i += push_together(scrub, in + i, size - i, scrub->at + i);
            if (i == size)
                break;
            part(scrub, scrub->at + i);
        }
        for (unsigned j = 0; j < scrub->lane_count; j++)
            lane_push(scrub, &scrub->lanes[j], in[i], scrub->at + i);
        i++;
        scrub->is_apart = !are_together(scrub, scrub->at + i);
    }
    scrub->at += size;
    find_held(scrub);
    if (scrub->reach) {
        uint64_t from = find_concealed(scrub);

        scrub->held_from = from < scrub->held_from ? from : scrub->held_from;
    }
    return 0;
}

static void forget_states(struct scrub *scrub)
{
    for (unsigned i = 0; i < scrub->lane_count; i++) {
        scrub->lanes[i].state = 0;
        scrub->lanes[i].unit_size = 0;
    }
    scrub->is_apart = false;
}

void scrub_end(struct scrub *scrub)
{
    for (unsigned i = 0; i < scrub->lane_count && scrub->is_apart; i++)
        lane_read_unit(scrub, &scrub->lanes[i], scrub->at, true);
    forget_states(scrub);
    scrub->held_from = scrub->at;
}

void scrub_reset(struct scrub *scrub)
{
    forget_states(scrub);
    queue_take(&scrub->text, queue_size(&scrub->text));
    scrub->text_at = scrub->held_from = scrub->at;
    scrub->found = 0;
}

size_t scrub_ready(const struct scrub *scrub)
{
    return (size_t)(scrub->held_from - scrub->text_at);
}

const unsigned char *scrub_head(const struct scrub *scrub)
{
    return queue_head(&scrub->text);
}

void scrub_take(struct scrub *scrub, size_t size)
{
    queue_take(&scrub->text, size);
    scrub->text_at += size;
}

uint64_t scrub_found(const struct scrub *scrub)
{
    return scrub->found;
}
