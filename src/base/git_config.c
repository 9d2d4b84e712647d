/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The syntax of git's configuration. What git would refuse with an error is passed over up to the end of its line, so
 * that nothing behind it is missed.
 */
#include "base/git_config.h"

#include <string.h>
#include <strings.h>

struct reader {
    const char *at, *end;
    bool is_over;    /* the end was read; it counts as the end of a line */
    char *base;      /* "section" or "section.subsection" of what follows, "" = none */
    char *cut;       /* in base: the key, whatever the entries below say, because a NUL was read there; NULL = none */
    char *key, *value;
};

/* CR LF counts as LF. */
static char take(struct reader *reader)
{
    if (reader->at == reader->end) {
        reader->is_over = true;
        return '\n';
    }
    if (*reader->at == '\r' && reader->end - reader->at > 1 && reader->at[1] == '\n')
        reader->at++;
    return *reader->at++;
}

static void skip_line(struct reader *reader)
{
    while (take(reader) != '\n')
        ;
}

/* What git counts as blank: its own table, the same in every locale. */
static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_key_character(char byte)
{
    return is_letter(byte) || (byte >= '0' && byte <= '9') || byte == '-';
}

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
}

/*
 * git makes one string of section, subsection and key, and it ends at a NUL: everything below [core "pager\0"] is
 * core.pager. `end` = of what was read of it.
 */
static void cut_name(struct reader *reader, const char *end)
{
    if (strlen(reader->base) == (size_t)(end - reader->base))
        return;
    reader->cut = strrchr(reader->base, '.') + 1;
    for (char *at = reader->cut; *at; at++)
        *at = lower(*at);
}

/* Behind the section's name: blanks, and the subsection in quotes, up to the closing bracket. */
static bool read_subsection(struct reader *reader, char *to)
{
    char byte;

    do
        byte = take(reader);
    while (is_blank(byte) && byte != '\n');
    if (byte != '"')
        return false;
    *to++ = '.';
    while ((byte = take(reader)) != '"') {
        if (byte == '\\')
            byte = take(reader);
        if (byte == '\n')
            return false;
        *to++ = byte;
    }
    *to = '\0';
    cut_name(reader, to);
    return take(reader) == ']';
}

/* Behind "[". */
static bool read_header(struct reader *reader)
{
    char *to = reader->base, byte;

    reader->cut = NULL;
    while ((byte = take(reader)) != ']') {
        *to = '\0';
        if (byte != '\n' && is_blank(byte))
            return read_subsection(reader, to);
        if (!is_key_character(byte) && byte != '.')
            return false;
        *to++ = lower(byte);
    }
    *to = '\0';
    return true;
}

/* Behind a backslash; false = the line goes on behind it. */
static bool read_escape(struct reader *reader, char *ret_byte)
{
    char byte = take(reader);

    *ret_byte = byte == 'n' ? '\n' : byte == 't' ? '\t' : byte == 'b' ? '\b' : byte;
    return byte != '\n';
}

/* Quotes group, # and ; begin a comment, blanks around the value go. */
static void read_value(struct reader *reader)
{
    bool is_quoted = false;
    size_t used = 0, kept = 0;
    char byte;

    while ((byte = take(reader)) != '\n') {
        bool is_escaped = byte == '\\';

        if (!is_quoted && (byte == '#' || byte == ';')) {
            skip_line(reader);
            break;
        }
        if (!is_escaped && byte == '"')
            is_quoted = !is_quoted;
        if ((!is_escaped && byte == '"') || (is_escaped && !read_escape(reader, &byte))) {
            kept = used; /* blanks before either are not at the end */
            continue;
        }
        if (!used && !is_quoted && !is_escaped && is_blank(byte))
            continue; /* also those of the line that this one goes on in */
        reader->value[used++] = byte;
        if (is_quoted || is_escaped || !is_blank(byte))
            kept = used;
    }
    reader->value[kept] = '\0';
}

/* A key that begins with `byte`. False when it is none; *ret_has_value: something was assigned. */
static bool read_entry(struct reader *reader, char byte, bool *ret_has_value)
{
    char *to = reader->key;

    for (; is_key_character(byte); byte = take(reader))
        *to++ = lower(byte);
    *to = '\0';
    while (byte == ' ' || byte == '\t')
        byte = take(reader);
    *ret_has_value = byte == '=';
    if (byte == '=')
        read_value(reader);
    else if (byte != '\n')
        skip_line(reader);
    return byte == '=' || byte == '\n';
}

static int give_entry(const struct reader *reader, bool has_value, git_config_visit visit, void *data)
{
    char *dot = strchr(reader->base, '.'), *last = reader->cut ? reader->cut - 1 : NULL;
    struct git_config_entry entry = {reader->base, dot && dot != last ? dot + 1 : NULL,
                                     last ? reader->cut : reader->key, has_value ? reader->value : NULL, last != NULL};
    int status;

    if (dot)
        *dot = '\0';
    if (last)
        *last = '\0';
    status = visit(&entry, data);
    if (dot)
        *dot = '.';
    if (last)
        *last = '.';
    return status;
}

static int read_all(struct reader *reader, git_config_visit visit, void *data)
{
    int status = 0;

    while (!reader->is_over && status == 0) {
        char byte = take(reader);
        bool has_value;

        if (is_blank(byte))
            continue;
        if (byte == '[') {
            if (read_header(reader))
                continue;
            *reader->base = '\0';
            reader->cut = NULL;
            if (reader->at[-1] != '\n')
                skip_line(reader);
        } else if (!is_letter(byte)) { /* a comment, or nothing that git knows */
            skip_line(reader);
        } else if (read_entry(reader, byte, &has_value)) {
            status = give_entry(reader, has_value, visit, data);
        }
    }
    return status;
}

int git_config_each(const char *text, size_t size, git_config_visit visit, void *data, struct error *err)
{
    auto_free char *base = mem_alloc(size + 2);
    auto_free char *key = mem_alloc(size + 1);
    auto_free char *value = mem_alloc(size + 1);
    struct reader reader = {.at = text, .end = text + size, .base = base, .key = key, .value = value};

    if (!base || !key || !value)
        return error_memory(err);
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        reader.at += 3; /* git passes over a byte order mark */
    return read_all(&reader, visit, data);
}

struct wanted {
    struct arena *arena;
    const char *section, *key;
    const char *found;
    struct error *err;
};

static int visit_wanted(const struct git_config_entry *entry, void *data)
{
    struct wanted *wanted = data;

    if (entry->subsection || !entry->value || strcasecmp(entry->section, wanted->section) != 0 ||
        strcasecmp(entry->key, wanted->key) != 0)
        return 0;
    wanted->found = NULL;
    if (!*entry->value)
        return 0;
    wanted->found = arena_string(wanted->arena, entry->value);
    return wanted->found ? 0 : error_memory(wanted->err);
}

int git_config_value(struct arena *arena, const char *text, const char *section, const char *key,
                     const char **ret_value, struct error *err)
{
    struct wanted wanted = {arena, section, key, NULL, err};
    int status = git_config_each(text, strlen(text), visit_wanted, &wanted, err);

    if (status == 0)
        *ret_value = wanted.found;
    return status;
}
