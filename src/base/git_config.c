/* SPDX-License-Identifier: Apache-2.0 */
/* The syntax of git's configuration, as far as finding one value goes. */
#include "base/git_config.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char *skip_line(const char *at)
{
    at += strcspn(at, "\n");
    return at + (*at == '\n');
}

static size_t word_length(const char *at)
{
    size_t length = 0;

    while (isalnum((unsigned char)at[length]) || at[length] == '-' || at[length] == '.')
        length++;
    return length;
}

static bool is_word(const char *at, size_t length, const char *word)
{
    return length == strlen(word) && strncasecmp(at, word, length) == 0;
}

/* Behind "[": is it `section`? Returns what follows the closing bracket, on the same line. */
static const char *read_section(const char *at, const char *section, bool *ret_is_it)
{
    size_t length = word_length(at);
    bool is_quoted = false;

    *ret_is_it = is_word(at, length, section) && at[length] == ']';
    for (at += length; *at && *at != '\n' && (is_quoted || *at != ']'); at++) {
        if (*at == '"')
            is_quoted = !is_quoted;
        else if (*at == '\\' && at[1] && at[1] != '\n')
            at++;
    }
    return at + (*at == ']');
}

/* What git counts as blank: its own table, the same in every locale. */
static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* An escape's character, 0 = the line goes on behind it. *at is behind the backslash. */
static char read_escape(const char **at)
{
    char escaped = **at;

    if (escaped == '\r' && (*at)[1] == '\n')
        (*at)++;
    if (**at)
        (*at)++;
    switch (escaped) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'b':
        return '\b';
    case '\r':
    case '\n':
        return '\0';
    default:
        return escaped;
    }
}

/* Quotes group, # and ; begin a comment, blanks around the value go. Returns the next line. */
static const char *read_value(const char *at, char *to)
{
    bool is_quoted = false;
    size_t used = 0, kept = 0;

    while (*at && *at != '\n') {
        char byte = *at++;
        bool is_escaped = byte == '\\';

        if (!is_quoted && (byte == '#' || byte == ';'))
            break;
        if (is_escaped)
            byte = read_escape(&at);
        else if (byte == '"')
            is_quoted = !is_quoted;
        if (!byte || (byte == '"' && !is_escaped)) {
            kept = used; /* blanks before either are not at the end */
            continue;
        }
        if (!used && !is_quoted && !is_escaped && is_blank(byte))
            continue; /* also those of the line that this one goes on in */
        to[used++] = byte;
        if (is_quoted || is_escaped || !is_blank(byte))
            kept = used;
    }
    to[kept] = '\0';
    return skip_line(at);
}

static bool search(const char *at, const char *section, const char *key, char *found, char *other)
{
    bool is_section = false, is_found = false;

    while (*at) {
        size_t length;
        bool is_key;

        at += strspn(at, " \t\r\n");
        if (*at == '[') {
            at = read_section(at + 1, section, &is_section);
            continue;
        }
        length = word_length(at);
        is_key = is_section && is_word(at, length, key);
        at += length;
        at += strspn(at, " \t");
        if (!length || *at != '=') {
            at = skip_line(at);
            continue;
        }
        at = read_value(at + 1, is_key ? found : other);
        is_found = is_found || is_key;
    }
    return is_found;
}

int git_config_value(struct arena *arena, const char *text, const char *section, const char *key,
                     const char **ret_value, struct error *err)
{
    size_t size = strlen(text) + 1;
    auto_free char *found = mem_alloc(size);
    auto_free char *other = mem_alloc(size);
    const char *value = NULL;

    if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3; /* git passes over a byte order mark */
    if (!found || !other)
        return error_memory(err);
    if (search(text, section, key, found, other) && *found) {
        value = arena_string(arena, found);
        if (!value)
            return error_memory(err);
    }
    *ret_value = value;
    return 0;
}
