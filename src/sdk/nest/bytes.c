/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/nest/bytes.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"

struct head {
    uint32_t field, size;
};

int nest_next(struct nest_bytes *bytes, struct nest_value *ret_value)
{
    struct head head;

    if (!bytes->left)
        return 0;
    if (bytes->left < sizeof(head))
        return -EBADMSG;
    memcpy(&head, bytes->at, sizeof(head));
    if (!head.field || head.field >= NEST_FIELDS_END || head.size > bytes->left - sizeof(head))
        return -EBADMSG;
    *ret_value = (struct nest_value){head.field, (const char *)bytes->at + sizeof(head), head.size};
    bytes->at += sizeof(head) + head.size;
    bytes->left -= sizeof(head) + head.size;
    return 1;
}

int nest_text(const struct nest_value *value, char **ret_text)
{
    char *text;

    if (memchr(value->bytes, '\0', value->size))
        return -EBADMSG;
    text = mem_alloc(value->size + 1);
    if (!text)
        return -ENOMEM;
    memcpy(text, value->bytes, value->size);
    text[value->size] = '\0';
    *ret_text = text;
    return 0;
}

int nest_number(const struct nest_value *value, uint64_t *ret_number)
{
    if (value->size != sizeof(*ret_number))
        return -EBADMSG;
    memcpy(ret_number, value->bytes, sizeof(*ret_number));
    return 0;
}

void nest_put(struct text *out, uint32_t field, const void *bytes, size_t size)
{
    const struct head head = {field, (uint32_t)size};

    if (size > NEST_BYTES_MAX) {
        out->is_broken = true;
        return;
    }
    text_add_n(out, (const char *)&head, sizeof(head));
    if (size)
        text_add_n(out, bytes, size);
}

void nest_put_text(struct text *out, uint32_t field, const char *text)
{
    if (text)
        nest_put(out, field, text, strlen(text));
}

void nest_put_number(struct text *out, uint32_t field, uint64_t number)
{
    nest_put(out, field, &number, sizeof(number));
}
