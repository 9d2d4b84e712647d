/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the text, a stack of the braces that are open. */
#include "ocsf/scan.h"

#include <string.h>

#include "base/hash.h"

struct scan {
    const char *at, *end;
    scan_member_fn member;
    void *context;
    char path[SCAN_PATH_MAX];
};

static bool scan_value(struct scan *scan, size_t path_size, uint64_t hash, unsigned depth, struct scan_value *ret_value);

static void skip_blanks(struct scan *scan)
{
    while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\n' || *scan->at == '\r'))
        scan->at++;
}

static bool take(struct scan *scan, char wanted)
{
    if (scan->at == scan->end || *scan->at != wanted)
        return false;
    scan->at++;
    return true;
}

static bool skip_escape(struct scan *scan)
{
    if (scan->end - scan->at < 2)
        return false;
    scan->at++;
    if (*scan->at != 'u')
        return strchr("\"\\/bfnrt", *scan->at) && *scan->at++;
    scan->at++;
    for (int i = 0; i < 4; i++, scan->at++)
        if (scan->at == scan->end || !*scan->at || !strchr("0123456789abcdefABCDEF", *scan->at))
            return false;
    return true;
}

/* Behind its first quote; the value is what stands before the last. */
static bool scan_string(struct scan *scan, struct scan_value *ret_value)
{
    const char *start = scan->at;

    while (scan->at < scan->end) {
        const unsigned char byte = (unsigned char)*scan->at;

        if (byte == '"') {
            *ret_value = (struct scan_value){SCAN_STRING, start, (size_t)(scan->at - start)};
            scan->at++;
            return true;
        }
        if (byte < 0x20)
            return false;
        if (byte != '\\')
            scan->at++;
        else if (!skip_escape(scan))
            return false;
    }
    return false;
}

static size_t skip_digits(struct scan *scan)
{
    const char *start = scan->at;

    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
        scan->at++;
    return (size_t)(scan->at - start);
}

static bool scan_number(struct scan *scan, struct scan_value *ret_value)
{
    const char *start = scan->at, *first;
    size_t digits;

    take(scan, '-');
    first = scan->at;
    digits = skip_digits(scan);
    if (!digits || (digits > 1 && *first == '0'))
        return false;
    if (take(scan, '.') && !skip_digits(scan))
        return false;
    if (scan->at < scan->end && (*scan->at == 'e' || *scan->at == 'E')) {
        scan->at++;
        if (scan->at < scan->end && (*scan->at == '+' || *scan->at == '-'))
            scan->at++;
        if (!skip_digits(scan))
            return false;
    }
    *ret_value = (struct scan_value){SCAN_NUMBER, start, (size_t)(scan->at - start)};
    return true;
}

static bool scan_word(struct scan *scan, const char *word, enum scan_kind kind, struct scan_value *ret_value)
{
    size_t size = strlen(word);

    if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, word, size) != 0)
        return false;
    *ret_value = (struct scan_value){kind, scan->at, size};
    scan->at += size;
    return true;
}

/* Behind its bracket. Nothing in it is told. */
static bool scan_array(struct scan *scan, unsigned depth)
{
    const scan_member_fn member = scan->member;
    struct scan_value item;

    skip_blanks(scan);
    if (take(scan, ']'))
        return true;
    scan->member = NULL;
    for (;;) {
        if (!scan_value(scan, 0, HASH_START, depth + 1, &item))
            return false;
        skip_blanks(scan);
        if (take(scan, ']'))
            break;
        if (!take(scan, ','))
            return false;
    }
    scan->member = member;
    return true;
}

/* One name and its value: told, unless it is an object or its path is too long. */
static bool scan_pair(struct scan *scan, size_t path_size, uint64_t hash, unsigned depth)
{
    const scan_member_fn member = scan->member;
    struct scan_value name, value;
    size_t dot = path_size ? 1 : 0;
    bool fits;

    skip_blanks(scan);
    if (!take(scan, '"') || !scan_string(scan, &name))
        return false;
    fits = member && name.size < sizeof(scan->path) - path_size - dot;
    if (fits) {
        if (dot) {
            scan->path[path_size] = '.';
            hash = hash_step(hash, '.');
        }
        memcpy(scan->path + path_size + dot, name.at, name.size);
        hash = hash_mix(hash, name.at, name.size);
        path_size += dot + name.size;
    } else {
        scan->member = NULL;
    }
    skip_blanks(scan);
    if (!take(scan, ':') || !scan_value(scan, path_size, hash, depth, &value))
        return false;
    if (fits && value.kind != SCAN_OBJECT)
        member(scan->context, scan->path, path_size, hash, value);
    scan->member = member;
    return true;
}

/* Behind its brace. */
static bool scan_pairs(struct scan *scan, size_t path_size, uint64_t hash, unsigned depth)
{
    skip_blanks(scan);
    if (take(scan, '}'))
        return true;
    for (;;) {
        if (!scan_pair(scan, path_size, hash, depth + 1))
            return false;
        skip_blanks(scan);
        if (take(scan, '}'))
            return true;
        if (!take(scan, ','))
            return false;
    }
}

static bool scan_value(struct scan *scan, size_t path_size, uint64_t hash, unsigned depth, struct scan_value *ret_value)
{
    const char *start;
    char first;

    skip_blanks(scan);
    if (scan->at == scan->end || depth > SCAN_DEPTH_MAX)
        return false;
    start = scan->at;
    first = *start;
    if (first == '"')
        return scan->at++, scan_string(scan, ret_value);
    if (first == 't')
        return scan_word(scan, "true", SCAN_TRUE, ret_value);
    if (first == 'f')
        return scan_word(scan, "false", SCAN_FALSE, ret_value);
    if (first == 'n')
        return scan_word(scan, "null", SCAN_NULL, ret_value);
    if (first != '{' && first != '[')
        return scan_number(scan, ret_value);
    scan->at++;
    if (first == '{' ? !scan_pairs(scan, path_size, hash, depth) : !scan_array(scan, depth))
        return false;
    *ret_value = (struct scan_value){first == '{' ? SCAN_OBJECT : SCAN_ARRAY, start, (size_t)(scan->at - start)};
    return true;
}

int scan_object(const char *text, size_t size, scan_member_fn member, void *context, struct error *err)
{
    struct scan scan = {.at = text, .end = text + size, .member = member, .context = context};
    struct scan_value value;

    skip_blanks(&scan);
    if (scan.at == scan.end || *scan.at != '{' || !scan_value(&scan, 0, HASH_START, 0, &value))
        return error_set(err, ERROR_INVALID, 0, "record: no JSON object (at byte %zu)", (size_t)(scan.at - text));
    skip_blanks(&scan);
    if (scan.at != scan.end)
        return error_set(err, ERROR_INVALID, 0, "record: more than one JSON object (at byte %zu)", (size_t)(scan.at - text));
    return 0;
}

bool scan_item(struct scan_value array, size_t *at, struct scan_value *ret_item)
{
    struct scan scan = {.at = array.at + (*at ? *at : 1), .end = array.at + array.size};

    skip_blanks(&scan);
    if (scan.at == scan.end || *scan.at == ']')
        return false;
    take(&scan, ',');
    if (!scan_value(&scan, 0, HASH_START, 0, ret_item))
        return false;
    *at = (size_t)(scan.at - array.at);
    return true;
}

void scan_members(struct scan_value object, scan_member_fn member, void *context)
{
    struct scan scan = {.at = object.at + 1, .end = object.at + object.size, .member = member, .context = context};

    (void)!scan_pairs(&scan, 0, HASH_START, 0);
}

bool scan_is(struct scan_value value, const char *text)
{
    return value.kind == SCAN_STRING && value.size == strlen(text) && memcmp(value.at, text, value.size) == 0;
}

static unsigned hex_quad(const char *digits)
{
    unsigned number = 0;

    for (int i = 0; i < 4; i++)
        number = number << 4 | (unsigned)((digits[i] & 0xf) + (digits[i] > '9' ? 9 : 0));
    return number;
}

static size_t put_point(uint32_t point, char ret_bytes[4])
{
    if (point < 0x80) {
        ret_bytes[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        ret_bytes[0] = (char)(0xc0 | point >> 6);
        ret_bytes[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        ret_bytes[0] = (char)(0xe0 | point >> 12);
        ret_bytes[1] = (char)(0x80 | (point >> 6 & 0x3f));
        ret_bytes[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    ret_bytes[0] = (char)(0xf0 | point >> 18);
    ret_bytes[1] = (char)(0x80 | (point >> 12 & 0x3f));
    ret_bytes[2] = (char)(0x80 | (point >> 6 & 0x3f));
    ret_bytes[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

/* Behind the backslash, which is a valid escape; half of a pair, and NUL, are U+FFFD. */
static size_t read_escape(const char **at, const char *end, char ret_bytes[4])
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char kind = *(*at)++;
    const char *known = strchr(from, kind);
    uint32_t point;

    if (kind != 'u') {
        ret_bytes[0] = known ? to[known - from] : kind;
        return 1;
    }
    point = hex_quad(*at);
    *at += 4;
    if (point >= 0xd800 && point < 0xdc00 && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u') {
        const unsigned low = hex_quad(*at + 2);

        if (low >= 0xdc00 && low < 0xe000) {
            point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
            *at += 6;
        }
    }
    if (!point || (point >= 0xd800 && point < 0xe000))
        point = 0xfffd;
    return put_point(point, ret_bytes);
}

bool scan_text(struct scan_value value, char *ret_text, size_t ret_size)
{
    const char *at = value.at, *end;
    size_t length = 0, step;
    char bytes[4];

    if (value.kind != SCAN_STRING || !ret_size)
        return false;
    end = at + value.size;
    while (at < end) {
        if (*at != '\\') {
            bytes[0] = *at++;
            step = 1;
        } else {
            at++;
            step = read_escape(&at, end, bytes);
        }
        if (step >= ret_size - length)
            return false;
        memcpy(ret_text + length, bytes, step);
        length += step;
    }
    ret_text[length] = '\0';
    return true;
}

bool scan_uint(struct scan_value value, uint64_t *ret_number)
{
    uint64_t number = 0;

    if (value.kind != SCAN_NUMBER || !value.size)
        return false;
    for (size_t i = 0; i < value.size; i++) {
        if (value.at[i] < '0' || value.at[i] > '9' || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(value.at[i] - '0'), &number))
            return false;
    }
    *ret_number = number;
    return true;
}
