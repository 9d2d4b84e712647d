/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64 of a text that holds a value depends on how many bytes stand before it, modulo 3: each of the three has digits that
 * are the value's alone, and these are the pattern. What is left at its ends tells at most four bits of a byte each.
 */
#include "inspect/values.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "inspect/spelling.h"

#define FORMS_PER_BYTE 13u /* once in clear, two alphabets of three beginnings at 4/3, two cases of hexadecimal at 2 */

struct scratch {
    char *text;
    size_t size;
};

static void scratch_finish(struct scratch *scratch)
{
    if (scratch->text)
        explicit_bzero(scratch->text, scratch->size);
    mem_free(scratch->text);
}

unsigned values_secret(unsigned label)
{
    return label / 2;
}

bool values_is_clear(unsigned label)
{
    return label % 2 == 0;
}

static int check_value(const struct net_secret *secret, struct error *err)
{
    if (!secret->value || strlen(secret->value) != secret->value_length)
        return error_set(err, ERROR_INTERNAL, EBADMSG, "secret '%s' came without its value", secret->name);
    if (secret->value_length < NET_SECRET_VALUE_MIN)
        return error_set(err, ERROR_INVALID, EINVAL,
                         "secret '%s': its value has %zu bytes; one of less than %u cannot be found in answers", secret->name,
                         secret->value_length, NET_SECRET_VALUE_MIN);
    if (secret->value_length > NET_SECRET_VALUE_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "secret '%s': its value has more than %u bytes", secret->name,
                         NET_SECRET_VALUE_MAX);
    if (!hold_is_value(secret->value, secret->value_length))
        return error_set(err, ERROR_INVALID, EINVAL, "secret '%s': its value holds a control byte, which no field may have",
                         secret->name);
    return 0;
}

static int add_base64(struct search *search, const struct net_secret *secret, struct scratch *scratch, unsigned label)
{
    size_t length = secret->value_length;
    char *bytes = scratch->text, *digits = scratch->text + length + 2;
    int status = 0;

    for (size_t before = 0; before < 3 && status == 0; before++) {
        size_t first = (before * 8 + 5) / 6, end = (before + length) * 8 / 6;

        memset(bytes, 0, before);
        memcpy(bytes + before, secret->value, length);
        spelling_base64(bytes, before + length, digits);
        status = search_add(search, digits + first, end - first, (uint16_t)label);
        for (size_t i = first; i < end; i++)
            digits[i] = digits[i] == '+' ? '-' : digits[i] == '/' ? '_' : digits[i];
        if (status == 0)
            status = search_add(search, digits + first, end - first, (uint16_t)label);
    }
    return status;
}

static int add_hexadecimal(struct search *search, const struct net_secret *secret, struct scratch *scratch, unsigned label)
{
    static const char *const alphabets[] = {"0123456789abcdef", "0123456789ABCDEF"};
    int status = 0;

    for (size_t i = 0; i < ARRAY_COUNT(alphabets) && status == 0; i++) {
        for (size_t j = 0; j < secret->value_length; j++) {
            scratch->text[2 * j] = alphabets[i][(unsigned char)secret->value[j] >> 4];
            scratch->text[2 * j + 1] = alphabets[i][(unsigned char)secret->value[j] & 15];
        }
        status = search_add(search, scratch->text, 2 * secret->value_length, (uint16_t)label);
    }
    return status;
}

/* Beside the five of HTML there are templates that write '/', '=', '`', '+' and other bytes so: all but what nobody does. */
static bool may_be_reference(unsigned char byte)
{
    return !((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
             (byte && strchr("-_.", byte)));
}

static int add_secret(struct values *values, unsigned number, struct error *err)
{
    const struct net_secret *secret = &values->secrets->items[number];
    size_t length = secret->value_length;
    cleanup_with(scratch_finish) struct scratch scratch = {.size = 3 * length + 16};
    int status;

    scratch.text = mem_alloc(scratch.size);
    if (!scratch.text)
        return error_memory(err);
    status = search_add(values->search, secret->value, length, (uint16_t)(2 * number));
    if (status == 0)
        status = add_base64(values->search, secret, &scratch, 2 * number + 1);
    if (status == 0)
        status = add_hexadecimal(values->search, secret, &scratch, 2 * number + 1);
    if (status < 0)
        return error_set(err, ERROR_INTERNAL, -status, "secret '%s': its forms take more room than was counted", secret->name);
    values->has_lane[LANE_FORM] |= strchr(secret->value, ' ') != NULL;
    for (size_t i = 0; i < length; i++)
        values->has_lane[LANE_HTML] |= may_be_reference((unsigned char)secret->value[i]);
    return 0;
}

int values_init(struct values *values, const struct net_secrets *secrets, struct error *err)
{
    size_t bytes = 0;
    int status = 0;

    *values = (struct values){
        .secrets = secrets,
        .has_lane = {[LANE_RAW] = true, [LANE_PERCENT] = true, [LANE_JSON] = true, [LANE_WIDE] = true},
    };
    if (secrets->count > NET_SECRETS_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "more than %u secrets", NET_SECRETS_MAX);
    for (size_t i = 0; i < secrets->count && status == 0; i++) {
        status = check_value(&secrets->items[i], err);
        bytes += FORMS_PER_BYTE * secrets->items[i].value_length + 16;
    }
    if (status == 0)
        status = search_new(bytes, &values->search, err);
    for (unsigned i = 0; i < secrets->count && status == 0; i++)
        status = add_secret(values, i, err);
    if (status == 0)
        status = search_link(values->search, err);
    if (status < 0)
        values_finish(values);
    return status;
}

void values_finish(struct values *values)
{
    search_free(values->search);
    *values = (struct values){0};
}
