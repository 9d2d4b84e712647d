/* SPDX-License-Identifier: Apache-2.0 */
/* Names that are others in each run: process numbers, random suffixes, digests, dates. */
#include <ctype.h>
#include <string.h>

#include "author/learn_parts.h"
#include "base/utf8.h"

#define NUMBER_LENGTH 5  /* from here on a row of digits is a pid, a date or a time */
#define DIGEST_LENGTH 8  /* of hexadecimal digits of both sorts */
#define RANDOM_MIN    6  /* mkstemp() */
#define RANDOM_MAX    16
#define VISIBLE_MAX   200 /* of one name in a comment */

enum sort { SORT_DIGIT = 1, SORT_LOWER = 2, SORT_UPPER = 4 };

static unsigned sort_of(char byte)
{
    if (isdigit((unsigned char)byte))
        return SORT_DIGIT;
    return isupper((unsigned char)byte) ? SORT_UPPER : SORT_LOWER;
}

/* How often a letter or digit is followed by one of another sort. */
static unsigned changes(const char *word, size_t length, unsigned *ret_sorts)
{
    unsigned count = 0;

    *ret_sorts = sort_of(word[0]);
    for (size_t i = 1; i < length; i++) {
        unsigned sort = sort_of(word[i]);

        count += sort != sort_of(word[i - 1]);
        *ret_sorts |= sort;
    }
    return count;
}

static bool is_hexadecimal(const char *word, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isxdigit((unsigned char)word[i]) || isupper((unsigned char)word[i]))
            return false;
    return true;
}

/* One word of a name: what stands between its punctuation. Returns from which byte on it varies, `length` = it does not. */
static size_t word_varies(const char *word, size_t length)
{
    static const char *const starts[] = {"tmp", "cc"};
    unsigned sorts, count = changes(word, length, &sorts);

    if (sorts == SORT_DIGIT)
        return length >= NUMBER_LENGTH ? 0 : length;
    if (is_hexadecimal(word, length) && ((length >= DIGEST_LENGTH && sorts & SORT_DIGIT && count >= 2) || length >= 32))
        return 0;
    for (size_t i = 0; i < ARRAY_COUNT(starts); i++) {
        size_t start = strlen(starts[i]);

        if (length >= start + RANDOM_MIN && length <= start + 8 && strncmp(word, starts[i], start) == 0 &&
            changes(word + start, length - start, &sorts) >= 2)
            return start;
    }
    if (length >= RANDOM_MIN && length <= RANDOM_MAX && sorts == (SORT_DIGIT | SORT_LOWER | SORT_UPPER) && count >= 4)
        return 0;
    /* A word of capitals within it, as mkstemp() makes without a digit: aXbYcZ. */
    return length == RANDOM_MIN && count >= 4 ? 0 : length;
}

/* Python's tempfile: "tmp" and eight of lower case, digits and '_'. */
static bool is_of_tempfile(const char *name, size_t length)
{
    bool is_plain = true;

    if (length != 11 || strncmp(name, "tmp", 3) != 0)
        return false;
    for (size_t i = 3; i < length; i++) {
        if (!islower((unsigned char)name[i]) && !isdigit((unsigned char)name[i]) && name[i] != '_')
            return false;
        is_plain = is_plain && islower((unsigned char)name[i]);
    }
    return !is_plain;
}

bool learn_name_varies(const char *name, size_t length, struct text *pattern)
{
    bool varies = false;

    if (is_of_tempfile(name, length)) {
        if (pattern)
            text_add(pattern, "tmp*");
        return true;
    }
    for (size_t i = 0; i < length;) {
        size_t end = i, from;

        while (end < length && isalnum((unsigned char)name[end]))
            end++;
        if (end == i) {
            if (pattern)
                text_add_safe_n(pattern, name + i, 1);
            i++;
            continue;
        }
        from = i + word_varies(name + i, end - i);
        if (pattern)
            text_add_safe_n(pattern, name + i, from - i);
        if (from < end) {
            varies = true;
            if (pattern)
                text_add(pattern, "*");
        }
        i = end;
    }
    return varies;
}

/* Some readers of YAML end a line at these, or take the document to begin. */
static bool ends_lines(const char *text)
{
    return strncmp(text, "\xe2\x80\xa8", 3) == 0 || strncmp(text, "\xe2\x80\xa9", 3) == 0 || strncmp(text, "\xef\xbb\xbf", 3) == 0;
}

/* How much of it people and documents can take as it is; 0 = it must be shown in another way. */
static size_t plain_length(const char *text)
{
    return ends_lines(text) ? 0 : utf8_printable(text);
}

void learn_add_visible(struct text *out, const char *text)
{
    for (size_t shown = 0; *text; shown++) {
        size_t length = plain_length(text);

        if (shown == VISIBLE_MAX) {
            text_add(out, "...");
            return;
        }
        if (length)
            text_add_n(out, text, length);
        else
            text_printf(out, "\\x%02X", (unsigned char)*text);
        text += length ? length : 1;
    }
}

/* Behind what a variable stands for; that is the machine's, and not a program's choice. */
static const char *behind_variable(const struct learn_places *places, const char *path)
{
    if (places->workspace && path_is_within(path, places->workspace))
        return path + strlen(places->workspace);
    return strcmp(places->home, "/") != 0 && path_is_within(path, places->home) ? path + strlen(places->home) : path;
}

/* Patterns and control characters are not names in a document, and a replaced byte is not the file's. */
bool learn_name_can_be_written(const struct learn_places *places, const char *path)
{
    const char *rest = behind_variable(places, path);

    if (strpbrk(rest, "*?[") || strstr(rest, "${") || strstr(rest, "\xef\xbf\xbd") || strlen(path) > PATH_LENGTH_MAX)
        return false;
    for (size_t length; *rest; rest += length) {
        length = plain_length(rest);
        if (!length)
            return false;
    }
    return true;
}

/* What no document can say of a name is any character in its place; bytes that a record does not tell are any number of them. */
static void add_as_pattern(struct text *out, const char *character, size_t length, bool ends_literal)
{
    bool is_plain = length && !strchr("*?[$", *character);

    if (!length || strncmp(character, "\xef\xbf\xbd", 3) == 0)
        text_add(out, out->length && out->data[out->length - 1] == '*' ? "" : "*"); /* "**" would be any depth */
    else if (!is_plain || (ends_literal && !isalnum((unsigned char)*character)))
        text_add(out, "?");
    else if (ends_literal)
        text_printf(out, "[%c]", *character);
    else
        text_add_n(out, character, length);
}

const char *learn_name_pattern(struct arena *arena, const char *path)
{
    struct text pattern auto_text = {0};
    size_t length;

    for (const char *at = path; *at; at += length ? length : 1) {
        length = plain_length(at);
        add_as_pattern(&pattern, at, length, !at[length ? length : 1] && !strpbrk(pattern.data ?: "", "*?"));
    }
    return pattern.is_broken ? NULL : arena_string(arena, pattern.data ?: "");
}

void learn_add_spelled(struct text *out, const struct learn_places *places, const char *path)
{
    const char *rest = behind_variable(places, path);

    if (rest != path)
        text_add(out, places->workspace && path_is_within(path, places->workspace) ? "${workspace}" : "${home}");
    text_add(out, rest);
}
