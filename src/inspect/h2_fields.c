/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of fields of HTTP/2, as they came. */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "inspect/h2.h"

int h2_fields_add(struct h2_fields **fields, const char *name, size_t name_size, const char *value, size_t value_size)
{
    if (!*fields)
        *fields = mem_alloc(sizeof(**fields));
    if (!*fields)
        return -ENOMEM;
    if ((*fields)->count == HEAD_FIELDS_MAX || (*fields)->bytes.size + name_size + value_size > H2_FIELDS_SIZE)
        return -E2BIG;
    if (!buffer_add(&(*fields)->bytes, name, name_size) || !buffer_add(&(*fields)->bytes, value, value_size))
        return -ENOMEM;
    (*fields)->sizes[(*fields)->count].name_size = (uint32_t)name_size;
    (*fields)->sizes[(*fields)->count++].value_size = (uint32_t)value_size;
    return 0;
}

void h2_fields_free(struct h2_fields *fields)
{
    if (!fields)
        return;
    buffer_finish(&fields->bytes);
    mem_free(fields);
}

/* The next field; *offset begins with 0. */
struct field h2_fields_at(const struct h2_fields *fields, unsigned index, size_t *offset)
{
    const char *at = buffer_bytes(&fields->bytes) + *offset;
    struct field field = {
        .name = {at, fields->sizes[index].name_size},
        .value = {at + fields->sizes[index].name_size, fields->sizes[index].value_size},
    };

    *offset += field.name.size + field.value.size;
    return field;
}

bool h2_fields_find(const struct h2_fields *fields, const char *name, struct span *ret_value)
{
    size_t offset = 0;

    for (unsigned i = 0; fields && i < fields->count; i++) {
        struct field field = h2_fields_at(fields, i, &offset);

        if (!span_equals(field.name, name))
            continue;
        *ret_value = field.value;
        return true;
    }
    return false;
}

static bool is_left_out(const struct field *field, bool has_length)
{
    if (field->name.at[0] == ':' || span_equals(field->name, "host"))
        return true;
    if (span_equals(field->name, "content-length"))
        return !has_length;
    if (span_equals(field->name, "te"))
        return !span_equals(field->value, "trailers");
    return head_is_hop(field);
}

size_t h2_fields_list(const struct h2_fields *fields, nghttp2_nv *list, size_t count, bool has_length)
{
    size_t offset = 0;

    for (unsigned i = 0; fields && i < fields->count; i++) {
        struct field field = h2_fields_at(fields, i, &offset);

        if (!field.name.size || is_left_out(&field, has_length))
            continue;
        list[count++] = (nghttp2_nv){
            .name = (uint8_t *)(uintptr_t)field.name.at,
            .namelen = field.name.size,
            .value = (uint8_t *)(uintptr_t)field.value.at,
            .valuelen = field.value.size,
        };
    }
    return count;
}
