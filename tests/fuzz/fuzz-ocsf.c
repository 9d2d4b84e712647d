/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: bytes are rendered as a record, in clear and sealed. What comes of them is one line of JSON that a strict
 * reader takes, within its bound, without control characters; and what is no record is refused with a reason.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "ocsf/ocsf.h"
#include "ocsf/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(bool condition)
{
    if (!condition)
        abort();
}

static void count_member(void *context, const char *path, size_t path_size, uint64_t hash, struct scan_value value)
{
    char text[64];
    uint64_t number;
    struct scan_value item;
    size_t at = 0;

    *(size_t *)context += path_size + scan_text(value, text, sizeof(text)) + scan_uint(value, &number);
    while (value.kind == SCAN_ARRAY && scan_item(value, &at, &item))
        if (item.kind == SCAN_OBJECT)
            scan_members(item, count_member, context);
}

static void check_body(const char *body, size_t size)
{
    json_t *json = json_loadb(body, size, JSON_REJECT_DUPLICATES, NULL);

    hold(json && json_is_integer(json_object_get(json, "type_uid")) && json_is_string(json_object_get(json, "x_actor_type")));
    json_decref(json);
    hold(size <= OCSF_BODY_MAX && utf8_is_valid(body, size));
    for (size_t i = 0; i < size; i++)
        hold((unsigned char)body[i] >= 0x20 && body[i] != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ocsf_context context = {.actor = OCSF_AGENT, .identity = "spiffe://a/host/b/user/1/agent/c/d", .has_user = true, .uid = 1};
    static struct ocsf *ocsf;
    struct error err = ERROR_INIT;
    const char *body;
    size_t body_size, count = 0;
    char *copy = malloc(size ? size : 1); /* exactly as large: what is read behind it is found */

    hold(copy != NULL);
    memcpy(copy, data, size);
    if (!ocsf)
        hold(ocsf_new(&context, &ocsf, NULL) == 0);
    if (ocsf_render(ocsf, copy, size, &body, &body_size, &err) == 0)
        check_body(body, body_size);
    else
        hold(err.text[0]);
    if (scan_object(copy, size, count_member, &count, NULL) == 0)
        hold(count <= 8 * size + 8);
    free(copy);
    return 0;
}
