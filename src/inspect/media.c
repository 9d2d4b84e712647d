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

/*
 * Those that are known not to: a charset may have a dozen names (RFC 2978; those of .NET, Java and iconv among them), and Java has
 * a dozen forms of EBCDIC alone. UTF-16 and its like put NULs between the bytes.
 */
static bool shows_ascii(const char *name, size_t size)
{
    static const char *const names[] = {"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-", "iso8859-", "iso_8859-", "latin1", "windows-", "cp125",
                                        "koi8-", "euc-", "gb2312", "gbk", "gb18030", "big5", "shift_jis", "shift-jis", "sjis", "ks_c_5601",
                                        "iso-2022-jp", "iso-2022-kr", "tis-620", "binary"};

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (strlen(names[i]) <= size && strncasecmp(name, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

bool media_hides_ascii(const char *type, size_t size)
{
    static const char key[] = "charset";

    for (size_t i = 0; i + sizeof(key) - 1 <= size; i++) {
        const char *at = type + i + sizeof(key) - 1;
        size_t left = size - i - (sizeof(key) - 1);

        if (strncasecmp(type + i, key, sizeof(key) - 1) != 0)
            continue;
        trim(&at, &left);
        if (!left || *at != '=')
            continue;
        at++;
        left--;
        trim(&at, &left);
        if (left && (*at == '"' || *at == '\'')) {
            at++;
            left--;
        }
        if (!shows_ascii(at, left))
            return true;
    }
    return false;
}
