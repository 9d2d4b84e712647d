/* SPDX-License-Identifier: Apache-2.0 */
/* The tables made ready for speed, and one record after the other by them. */
#include "ocsf/ocsf.h"

#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "ocsf/render.h"

#define TABLE_SIZE 256 /* of members, and of types; a power of two */
#define STEPS_MAX  2048
#define SHAPES_MAX 32

struct named {
    uint64_t hash;
    const char *name; /* NULL = free */
    size_t size;
    unsigned number;
};

/* A row with the place of what it reads. */
struct step {
    const struct ocsf_row *row;
    unsigned slot;
};

struct steps {
    const struct ocsf_shape *shape;
    unsigned first, count;
};

struct ocsf {
    struct ocsf_parts parts;
    struct veil *veil;
    struct named members[TABLE_SIZE], types[TABLE_SIZE];
    unsigned slot_count, step_count, shape_count;
    struct step steps[STEPS_MAX];
    struct steps shapes[SHAPES_MAX];
    unsigned slot_schema, slot_type, slot_id, slot_run, slot_phase;
    unsigned kind_slots[256], outcome_slots[256]; /* where the rows' `when` is */
    struct scan_value values[SLOTS_MAX + 1];      /* the last: what no row reads */
    char body[OCSF_BODY_MAX];
};

static struct named *find(struct named *table, const char *name, size_t size, uint64_t hash)
{
    struct named *at = &table[hash % TABLE_SIZE];

    while (at->name && (at->hash != hash || at->size != size || memcmp(at->name, name, size) != 0))
        at = at == &table[TABLE_SIZE - 1] ? table : at + 1;
    return at;
}

static unsigned slot_of(struct ocsf *ocsf, const char *path)
{
    size_t size = strlen(path);
    const uint64_t hash = hash_mix(HASH_START, path, size);
    struct named *at = find(ocsf->members, path, size, hash);

    if (!at->name && ocsf->slot_count < SLOTS_MAX)
        *at = (struct named){hash, path, size, ocsf->slot_count++};
    return at->name ? at->number : SLOTS_MAX;
}

static bool reads_a_member(const struct ocsf_row *row)
{
    return row->source && row->make != MAKE_CONST && row->make != MAKE_CONST_NUMBER && row->make != MAKE_DEFAULT &&
           row->make != MAKE_NUMBER_IF;
}

static const struct steps *prepare_shape(struct ocsf *ocsf, const struct ocsf_shape *shape)
{
    struct steps *steps = ocsf->shapes;

    for (; steps < ocsf->shapes + ocsf->shape_count; steps++)
        if (steps->shape == shape)
            return steps;
    if (ocsf->shape_count == SHAPES_MAX)
        return NULL;
    *steps = (struct steps){shape, ocsf->step_count, 0};
    for (size_t i = 0; i < SHAPE_LISTS_MAX && shape->lists[i]; i++) {
        for (const struct ocsf_row *row = shape->lists[i]; row->make; row++) {
            if (ocsf->step_count == STEPS_MAX)
                return NULL;
            ocsf->steps[ocsf->step_count++] = (struct step){row, reads_a_member(row) ? slot_of(ocsf, row->source) : SLOTS_MAX};
        }
    }
    steps->count = ocsf->step_count - steps->first;
    ocsf->shape_count++;
    return steps;
}

/* The tables are this file's own: where they outgrow it, every renderer fails, and every test. */
static int prepare(struct ocsf *ocsf, struct error *err)
{
    bool fits = ocsf_kind_count <= ARRAY_COUNT(ocsf->kind_slots) && ocsf_outcome_count <= ARRAY_COUNT(ocsf->outcome_slots);

    ocsf->slot_schema = slot_of(ocsf, "schema");
    ocsf->slot_type = slot_of(ocsf, "type");
    ocsf->slot_id = slot_of(ocsf, "id");
    ocsf->slot_run = slot_of(ocsf, "run");
    ocsf->slot_phase = slot_of(ocsf, "phase");
    for (size_t i = 0; i < ocsf_kind_count && fits; i++) {
        const struct ocsf_kind *kind = &ocsf_kinds[i];
        const uint64_t hash = hash_mix(HASH_START, kind->type, strlen(kind->type));
        struct named *at = find(ocsf->types, kind->type, strlen(kind->type), hash);

        if (!at->name)
            *at = (struct named){hash, kind->type, strlen(kind->type), (unsigned)i};
        ocsf->kind_slots[i] = kind->when ? slot_of(ocsf, kind->when) : SLOTS_MAX;
        fits = prepare_shape(ocsf, kind->shape);
    }
    for (size_t i = 0; i < ocsf_outcome_count && fits; i++)
        ocsf->outcome_slots[i] = ocsf_outcomes[i].when ? slot_of(ocsf, ocsf_outcomes[i].when) : SLOTS_MAX;
    fits = fits && prepare_shape(ocsf, ocsf_kind_other.shape) && ocsf->slot_count < SLOTS_MAX;
    return fits ? 0 : error_set(err, ERROR_INTERNAL, 0, "record: the tables are larger than the room for them");
}

int ocsf_new(const struct ocsf_context *context, struct ocsf **ret_ocsf, struct error *err)
{
    auto_ocsf struct ocsf *ocsf = mem_alloc(sizeof(*ocsf));
    int status;

    if (!ocsf)
        return error_memory(err);
    ocsf->veil = context->veil;
    status = prepare(ocsf, err);
    if (status == 0)
        status = ocsf_parts_init(&ocsf->parts, context, err);
    if (status < 0)
        return status;
    *ret_ocsf = take_ptr(ocsf);
    return 0;
}

void ocsf_free(struct ocsf *ocsf)
{
    if (!ocsf)
        return;
    ocsf_parts_finish(&ocsf->parts);
    mem_free(ocsf);
}

void ocsf_free_at(struct ocsf **ocsf)
{
    ocsf_free(*ocsf);
}

static void take_member(void *context, const char *path, size_t path_size, uint64_t hash, struct scan_value value)
{
    struct ocsf *ocsf = context;
    const struct named *at = find(ocsf->members, path, path_size, hash);

    if (at->name)
        ocsf->values[at->number] = value;
}

static bool fits(const struct ocsf *ocsf, unsigned slot, const char *when, const char *is)
{
    return !when || (is ? scan_is(ocsf->values[slot], is) : ocsf->values[slot].kind != SCAN_NONE);
}

static const struct ocsf_kind *kind_of(struct ocsf *ocsf, struct scan_value type)
{
    const struct named *at = find(ocsf->types, type.at, type.size, hash_mix(HASH_START, type.at, type.size));

    if (!at->name)
        return &ocsf_kind_other;
    for (size_t i = at->number; i < ocsf_kind_count && strcmp(ocsf_kinds[i].type, at->name) == 0; i++)
        if (fits(ocsf, ocsf->kind_slots[i], ocsf_kinds[i].when, ocsf_kinds[i].is))
            return &ocsf_kinds[i];
    return &ocsf_kind_other;
}

static const struct ocsf_outcome *outcome_of(const struct ocsf *ocsf, const struct ocsf_kind *kind)
{
    for (size_t i = 0; i < ocsf_outcome_count; i++)
        if (ocsf_outcomes[i].type[0] == kind->type[0] && strcmp(ocsf_outcomes[i].type, kind->type) == 0 &&
            fits(ocsf, ocsf->outcome_slots[i], ocsf_outcomes[i].when, ocsf_outcomes[i].is))
            return &ocsf_outcomes[i];
    return NULL;
}

/* Where the first byte is that a JSON string needs an escape for; blanks between members are among them. */
static const char *next_special(const char *text, size_t size)
{
    const char *end = text + size;

    while (text < end && *text != '"' && *text != '\\' && (unsigned char)*text >= 0x20)
        text++;
    return text;
}

/* What no row is about, as it came; escaped once more it is a string of OCSF's object without a form. */
static void write_unmapped(struct rendering *rendering, const char *event, size_t size)
{
    struct emit *emit = &rendering->emit;
    enum veil_mode arguments = veil_arguments(rendering->veil), paths = veil_paths(rendering->veil);

    if (arguments != VEIL_CLEAR || paths != VEIL_CLEAR) {
        /* which of its members tells of an argument or a path nobody knows */
        emit_name(emit, "unmapped.withheld");
        emit_raw(emit, "true", 4);
        return;
    }
    if (size > rendering->bounds.text * 4) {
        emit->is_cut = true;
        return;
    }
    emit_name(emit, "unmapped.record");
    emit_raw(emit, "\"", 1);
    for (size_t at = 0; at < size;) {
        const char *special = next_special(event + at, size - at);
        const size_t plain = (size_t)(special - event) - at;

        emit_text(emit, event + at, plain, plain);
        at += plain;
        if (at == size)
            break;
        emit_raw(emit, event[at] == '"' ? "\\\"" : event[at] == '\\' ? "\\\\" : " ", event[at] == '"' || event[at] == '\\' ? 2 : 1);
        at++;
    }
    emit_raw(emit, "\"", 1);
}

static size_t render(struct ocsf *ocsf, struct rendering *rendering, const char *event, size_t size)
{
    const struct steps *steps = prepare_shape(ocsf, rendering->kind->shape);
    const char *done = NULL;

    emit_begin(&rendering->emit, ocsf->body, sizeof(ocsf->body));
    for (unsigned i = steps->first; i < steps->first + steps->count; i++) {
        const struct step *step = &ocsf->steps[i];

        if (done && strcmp(done, step->row->target) == 0)
            continue;
        done = make_row(rendering, step->row, ocsf->values[step->slot]) && step->row->make != MAKE_CONTEXT ? step->row->target : NULL;
    }
    if (rendering->kind == &ocsf_kind_other)
        write_unmapped(rendering, event, size);
    if (rendering->emit.is_cut) {
        emit_name(&rendering->emit, "x_is_cut");
        emit_raw(&rendering->emit, "true", 4);
    }
    return emit_end(&rendering->emit, ocsf->body);
}

static int read_event(struct ocsf *ocsf, const char *event, size_t size, struct error *err)
{
    int status;

    if (size > OCSF_EVENT_MAX)
        return error_set(err, ERROR_LIMIT, EFBIG, "record: more than %zu bytes", OCSF_EVENT_MAX);
    memset(ocsf->values, 0, sizeof(ocsf->values));
    status = scan_object(event, size, take_member, ocsf, err);
    if (status < 0)
        return status;
    if (!scan_is(ocsf->values[ocsf->slot_schema], "cordon-event/1"))
        return error_set(err, ERROR_INVALID, 0, "record: its schema is not cordon-event/1");
    if (ocsf->values[ocsf->slot_type].kind != SCAN_STRING || ocsf->values[ocsf->slot_id].kind != SCAN_STRING ||
        !ocsf->values[ocsf->slot_id].size)
        return error_set(err, ERROR_INVALID, 0, "record: without type or id");
    return 0;
}

int ocsf_render(struct ocsf *ocsf, const char *event, size_t size, const char **ret_body, size_t *ret_size, struct error *err)
{
    /* the largest that fit */
    static const struct bounds bounds[] = {{4096, 64}, {512, 16}, {96, 4}};
    struct rendering rendering = {.parts = &ocsf->parts, .veil = ocsf->veil};
    size_t length = 0;
    int status;

    if (size && event[size - 1] == '\n')
        size--;
    status = read_event(ocsf, event, size, err);
    if (status < 0)
        return status;
    rendering.id = ocsf->values[ocsf->slot_id];
    rendering.run = ocsf->values[ocsf->slot_run].kind == SCAN_STRING ? ocsf->values[ocsf->slot_run] : (struct scan_value){0};
    rendering.is_pending = scan_is(ocsf->values[ocsf->slot_phase], "pending");
    rendering.kind = kind_of(ocsf, ocsf->values[ocsf->slot_type]);
    rendering.outcome = outcome_of(ocsf, rendering.kind);
    for (size_t i = 0; i < ARRAY_COUNT(bounds) && !length; i++) {
        rendering.bounds = bounds[i];
        rendering.emit.is_cut = i > 0;
        length = render(ocsf, &rendering, event, size);
    }
    if (!length)
        return error_set(err, ERROR_LIMIT, EFBIG, "record: does not fit into %d bytes", OCSF_BODY_MAX);
    *ret_body = ocsf->body;
    *ret_size = length;
    return 0;
}

bool ocsf_knows(const char *type)
{
    for (size_t i = 0; i < ocsf_kind_count; i++)
        if (strcmp(ocsf_kinds[i].type, type) == 0)
            return true;
    return false;
}

const char *ocsf_type_at(size_t number)
{
    for (size_t i = 0; i < ocsf_kind_count; i++)
        if ((i == 0 || strcmp(ocsf_kinds[i].type, ocsf_kinds[i - 1].type) != 0) && !number--)
            return ocsf_kinds[i].type;
    return NULL;
}
