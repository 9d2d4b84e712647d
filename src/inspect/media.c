/* SPDX-License-Identifier: Apache-2.0 */
/* One parameter at most is understood: a charset. */
#include "inspect/media.h"

#include <string.h>
#include <strings.h>

#include "base/compiler.h"

static void trim(const char **at, size_t *size)
{
    while (*size && ((*at)[0] == ' ' || (*at)[0] == '\t')) {
        (*at)++;
        (*size)--;
    }
    while (*size && ((*at)[*size - 1] == ' ' || (*at)[*size - 1] == '\t'))
        (*size)--;
}

static bool is_text(const char *at, size_t size, const char *text)
{
    trim(&at, &size);
    return size == strlen(text) && strncasecmp(at, text, size) == 0;
}

bool media_is(const char *type, size_t size, const char *name)
{
    const char *end = memchr(type, ';', size);
    size_t length = end ? (size_t)(end - type) : size, rest = end ? size - length - 1 : 0;

    return is_text(type, length, name) && (!end || is_text(end + 1, rest, "") || is_text(end + 1, rest, "charset=utf-8") ||
                                           is_text(end + 1, rest, "charset=\"utf-8\""));
}

/* In the charsets' names, of which there are many for one (RFC 2978; those of .NET, Java and iconv among them). */
bool media_hides_ascii(const char *type, size_t size)
{
    static const char *const names[] = {"utf-16", "utf16", "utf_16", "x-utf-16", "utf-32", "utf32", "utf_32", "x-utf-32", "utf-7", "utf7",
                                        "unicode", "x-unicode", "csunicode", "csutf", "ucs", "iso-10646", "scsu", "bocu", "ebcdic",
                                        "ibm037", "cp037", "ibm1047", "ibm500", "cp500"};
    static const char key[] = "charset=";

    for (size_t i = 0; i + sizeof(key) - 1 <= size; i++) {
        const char *at = type + i + sizeof(key) - 1;
        size_t left = size - i - (sizeof(key) - 1);

        if (strncasecmp(type + i, key, sizeof(key) - 1) != 0)
            continue;
        if (left && (*at == '"' || *at == '\'')) {
            at++;
            left--;
        }
        for (size_t j = 0; j < ARRAY_COUNT(names); j++)
            if (strlen(names[j]) <= left && strncasecmp(at, names[j], strlen(names[j])) == 0)
                return true;
    }
    return false;
}
