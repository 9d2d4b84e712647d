/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every way of writing a byte is a lane: it reads the same bytes, makes of them what they mean there, and steps its own
 * state of the one search. For each byte it has made, a lane remembers where that began in the text, as far back as a
 * pattern is long: so a match is known as a stretch of the text, however it was written.
 */
#include "inspect/scrub.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "inspect/queue.h"

#define FILLER '*'

struct lane {
    enum lane_kind kind;
    bool begins[256]; /* bytes at which an idle lane wakes */
    uint32_t state;
    unsigned char unit[LANE_UNIT_MAX]; /* that may become one */
    size_t unit_size;
    uint64_t *starts; /* a ring, by number of the byte made; NULL where each is one of the text */
    uint64_t made;
};

struct scrub {
    const struct values *values;
    struct lane lanes[LANES];
    unsigned lane_count;
    uint64_t ring; /* its size less one */
    struct queue text;
    uint64_t text_at, at; /* offsets: of the first byte held, of the next to come */
    uint64_t held_from;   /* what is before it may go on */
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
        for (unsigned byte = 0; byte < 256; byte++)
            lane->begins[byte] = search_begins(values->search, (unsigned char)byte) || lane_escapes(kind, (unsigned char)byte);
        scrub->lane_count++;
        if (kind != LANE_RAW && !(lane->starts = mem_alloc(ring * sizeof(*lane->starts)))) {
            scrub_free(scrub);
            return error_memory(err);
        }
    }
    *ret_scrub = scrub;
    return 0;
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
    return lane->starts ? lane->starts[(lane->made - count) & scrub->ring] : end - count;
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
    scrub->held_from = scrub->at;
    for (unsigned i = 0; i < scrub->lane_count; i++) {
        uint64_t from = lane_holds(scrub, &scrub->lanes[i]);

        if (from < scrub->held_from)
            scrub->held_from = from;
    }
}

int scrub_push(struct scrub *scrub, const void *bytes, size_t size)
{
    const unsigned char *in = bytes;
    int status = queue_add(&scrub->text, bytes, size);

    if (status < 0)
        return status;
    for (unsigned i = 0; i < scrub->lane_count; i++) {
        struct lane *lane = &scrub->lanes[i];

        for (size_t j = 0; j < size; j++)
            if (lane->state || lane->unit_size || lane->begins[in[j]])
                lane_push(scrub, lane, in[j], scrub->at + j);
    }
    scrub->at += size;
    find_held(scrub);
    return 0;
}

static void forget_states(struct scrub *scrub)
{
    for (unsigned i = 0; i < scrub->lane_count; i++) {
        scrub->lanes[i].state = 0;
        scrub->lanes[i].unit_size = 0;
    }
}

void scrub_end(struct scrub *scrub)
{
    for (unsigned i = 0; i < scrub->lane_count; i++)
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
