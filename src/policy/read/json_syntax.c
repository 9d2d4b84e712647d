/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 8259 by recursive descent; the comments name its sections. */
#include "policy/read/json_syntax.h"

#include <stdbool.h>
#include <string.h>

struct scan {
    const char *text;
    size_t size, at;
    unsigned depth, depth_max;
    const char *fault;
};

static bool scan_fail(struct scan *scan, const char *fault)
{
    if (!scan->fault)
        scan->fault = fault;
    return false;
}

static char scan_peek(const struct scan *scan)
{
    return scan->at < scan->size ? scan->text[scan->at] : '\0';
}

static void scan_blank(struct scan *scan) /* 2: ws */
{
    while (scan->at < scan->size && memchr(" \t\n\r", scan->text[scan->at], 4))
        scan->at++;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool scan_digits(struct scan *scan)
{
    if (!is_digit(scan_peek(scan)))
        return scan_fail(scan, "a digit is missing in a number");
    while (is_digit(scan_peek(scan)))
        scan->at++;
    return true;
}

static bool scan_number(struct scan *scan) /* 6 */
{
    if (scan_peek(scan) == '-')
        scan->at++;
    if (scan_peek(scan) == '0') {
        scan->at++;
        if (is_digit(scan_peek(scan)))
            return scan_fail(scan, "a number must not begin with 0");
    } else if (!scan_digits(scan)) {
        return false;
    }
    if (scan_peek(scan) == '.') {
        scan->at++;
        if (!scan_digits(scan))
            return false;
    }
    if (scan_peek(scan) == 'e' || scan_peek(scan) == 'E') {
        scan->at++;
        if (scan_peek(scan) == '+' || scan_peek(scan) == '-')
            scan->at++;
        if (!scan_digits(scan))
            return false;
    }
    return true;
}

static int hex_value(const char *digits)
{
    int value = 0;

    for (int i = 0; i < 4; i++) {
        const char *all = "0123456789abcdef";
        const char *found = digits[i] ? strchr(all, digits[i] | 0x20) : NULL;

        if (!found)
            return -1;
        value = value * 16 + (int)(found - all);
    }
    return value;
}

/* Four digits behind "\u", and a second escape behind the first half of a surrogate pair. */
static bool scan_unicode(struct scan *scan)
{
    int unit = scan->size - scan->at >= 4 ? hex_value(scan->text + scan->at) : -1;

    if (unit < 0)
        return scan_fail(scan, "\\u needs four hexadecimal digits");
    if (unit >= 0xdc00 && unit <= 0xdfff)
        return scan_fail(scan, "half of a surrogate pair");
    scan->at += 4;
    if (unit < 0xd800 || unit > 0xdbff)
        return true;
    if (scan->size - scan->at < 6 || memcmp(scan->text + scan->at, "\\u", 2) != 0)
        return scan_fail(scan, "half of a surrogate pair");
    unit = hex_value(scan->text + scan->at + 2);
    if (unit < 0xdc00 || unit > 0xdfff)
        return scan_fail(scan, "half of a surrogate pair");
    scan->at += 6;
    return true;
}

static bool scan_string(struct scan *scan) /* 7 */
{
    if (scan_peek(scan) != '"')
        return scan_fail(scan, scan_peek(scan) == '\'' ? "JSON strings have double quotes"
                                                       : "a string in double quotes is missing");
    for (scan->at++; scan->at < scan->size; scan->at++) {
        unsigned char c = (unsigned char)scan->text[scan->at];

        if (c == '"') {
            scan->at++;
            return true;
        }
        if (c < 0x20)
            return scan_fail(scan, "a control character in a string; write it as \\u00XX");
        if (c != '\\')
            continue;
        scan->at++;
        if (scan_peek(scan) == 'u') {
            scan->at++;
            if (!scan_unicode(scan))
                return false;
            scan->at--;
        } else if (!scan_peek(scan) || !strchr("\"\\/bfnrt", scan_peek(scan))) {
            return scan_fail(scan, "an escape that JSON does not have");
        }
    }
    return scan_fail(scan, "a string that does not end");
}

static bool scan_value(struct scan *scan);

static bool scan_pair(struct scan *scan)
{
    if (!scan_string(scan))
        return false;
    scan_blank(scan);
    if (scan_peek(scan) != ':')
        return scan_fail(scan, "':' is missing behind a member's name");
    scan->at++;
    return scan_value(scan);
}

/* 4 and 5: what stands between the brackets, both included. */
static bool scan_container(struct scan *scan, char close, bool (*scan_item)(struct scan *))
{
    if (++scan->depth > scan->depth_max)
        return scan_fail(scan, "nested too deep");
    scan->at++;
    scan_blank(scan);
    if (scan_peek(scan) == close) {
        scan->at++;
        scan->depth--;
        return true;
    }
    for (;;) {
        scan_blank(scan);
        if (scan_peek(scan) == close)
            return scan_fail(scan, "a comma must not stand before a closing bracket");
        if (!scan_item(scan))
            return false;
        scan_blank(scan);
        if (scan_peek(scan) == close)
            break;
        if (scan_peek(scan) != ',')
            return scan_fail(scan,
                             close == '}' ? "',' or '}' is missing" : "',' or ']' is missing");
        scan->at++;
    }
    scan->at++;
    scan->depth--;
    return true;
}

static bool scan_word(struct scan *scan)
{
    static const char *const words[] = {"true", "false", "null"};
    char next;

    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        size_t length = strlen(words[i]);

        if (scan->size - scan->at < length || memcmp(scan->text + scan->at, words[i], length) != 0)
            continue;
        scan->at += length;
        next = scan_peek(scan);
        if (!next || strchr(" \t\n\r,]}", next))
            return true;
        break;
    }
    return scan_fail(scan, scan_peek(scan) == '/' || scan_peek(scan) == '#' ? "JSON has no comments"
                                                                            : "not a JSON value");
}

static bool scan_value(struct scan *scan) /* 3 */
{
    char c;

    scan_blank(scan);
    if (scan->at == scan->size)
        return scan_fail(scan, "a value is missing");
    c = scan_peek(scan);
    if (c == '{')
        return scan_container(scan, '}', scan_pair);
    if (c == '[')
        return scan_container(scan, ']', scan_value);
    if (c == '"' || c == '\'')
        return scan_string(scan);
    if (c == '-' || is_digit(c))
        return scan_number(scan);
    return scan_word(scan);
}

const char *json_syntax_fault(const char *text, size_t size, unsigned depth_max, size_t *ret_offset)
{
    struct scan scan = {.text = text, .size = size, .depth_max = depth_max};

    if (scan_value(&scan)) {
        scan_blank(&scan);
        if (scan.at == scan.size)
            return NULL;
        scan_fail(&scan, scan_peek(&scan) == '/' || scan_peek(&scan) == '#'
                             ? "JSON has no comments"
                             : "something follows the end of the document");
    }
    *ret_offset = scan.at;
    return scan.fault;
}
