/* SPDX-License-Identifier: Apache-2.0 */
/* The regular expressions of YAML 1.2.2, 10.3.2, by hand. */
#include "policy/read/scalar.h"

#include <string.h>

#include "base/compiler.h"

#define DIGITS "0123456789"

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

static bool is_all(const char *text, const char *set)
{
    return *text && text[strspn(text, set)] == '\0';
}

static bool is_integer(const char *text)
{
    if (strncmp(text, "0o", 2) == 0)
        return is_all(text + 2, "01234567");
    if (strncmp(text, "0x", 2) == 0)
        return is_all(text + 2, DIGITS "abcdefABCDEF");
    return is_all(text + (*text == '-' || *text == '+'), DIGITS);
}

static bool is_float(const char *text)
{
    static const char *const words[] = {".inf", ".Inf", ".INF"};
    static const char *const not_a_number[] = {".nan", ".NaN", ".NAN"};
    size_t whole, part = 0;

    if (is_one_of(text, not_a_number, ARRAY_COUNT(not_a_number)))
        return true;
    text += *text == '-' || *text == '+';
    if (is_one_of(text, words, ARRAY_COUNT(words)))
        return true;
    whole = strspn(text, DIGITS);
    text += whole;
    if (*text == '.') {
        part = strspn(++text, DIGITS);
        text += part;
    }
    if (!whole && !part)
        return false;
    if (*text != 'e' && *text != 'E')
        return *text == '\0';
    text++;
    text += *text == '-' || *text == '+';
    return is_all(text, DIGITS);
}

enum node_kind scalar_kind(const char *text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    static const char *const bools[] = {"true", "True", "TRUE", "false", "False", "FALSE"};

    if (is_one_of(text, nulls, ARRAY_COUNT(nulls)))
        return NODE_NULL;
    if (is_one_of(text, bools, ARRAY_COUNT(bools)))
        return NODE_BOOL;
    if (is_integer(text))
        return NODE_INTEGER;
    return is_float(text) ? NODE_FLOAT : NODE_STRING;
}
