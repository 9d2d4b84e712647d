/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: a configuration that a program wrote is read as git would read it, and whatever git would refuse,
 * nothing before or behind it is missed. The second reader here is written from git-config(1) and from what git does, and
 * shares no code with the first. With CORDON_FUZZ_GIT set each text is given to git itself too, which is held to the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sdk/git_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(bool condition)
{
    if (!condition)
        abort();
}

/* ---- entries as `git config --list -z` writes them: name, and \n and value when there is one, then NUL ---- */

struct list {
    char *data;
    size_t size, capacity;
};

static void list_add(struct list *list, const char *bytes, size_t size)
{
    if (list->size + size > list->capacity) {
        list->capacity = (list->size + size) * 2;
        list->data = realloc(list->data, list->capacity);
        hold(list->data);
    }
    if (size)
        memcpy(list->data + list->size, bytes, size);
    list->size += size;
}

static void list_add_string(struct list *list, const char *string)
{
    list_add(list, string, strlen(string));
}

/* The last part of a name does not care for case; what is in no section has no dot before it. */
static void list_add_name(struct list *list, const char *name)
{
    const char *dot = strrchr(name, '.');

    if (name[0] == '.')
        name++;
    for (const char *at = name; *at; at++) {
        char byte = (!dot || at > dot) && *at >= 'A' && *at <= 'Z' ? (char)(*at | 0x20) : *at;

        list_add(list, &byte, 1);
    }
}

/* Before 2.46 git made every blank within a value a space. */
static void list_add_value(struct list *list, const char *value)
{
    list_add(list, "\n", 1);
    for (; *value; value++)
        list_add(list, *value == '\t' || *value == '\r' ? " " : value, 1);
}

static bool is_same(const struct list *a, const struct list *b)
{
    return a->size == b->size && (!a->size || memcmp(a->data, b->data, a->size) == 0);
}

static bool begins_with(const struct list *list, const struct list *part)
{
    return list->size >= part->size && (!part->size || memcmp(list->data, part->data, part->size) == 0);
}

/* ---- the reader under test ---- */

struct seen {
    struct list list, again; /* again: the same, as a text that says the same */
    size_t count, stop;
};

static bool is_plain(const char *name)
{
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0' && *name >= 'a' && *name <= 'z';
}

static void write_quoted(struct list *text, const char *string, const char *escaped)
{
    static const char from[] = "\n\t\b\"\\", to[] = "ntb\"\\";

    list_add(text, "\"", 1);
    for (; *string; string++) {
        if (strchr(escaped, *string)) {
            list_add(text, "\\", 1);
            list_add(text, to + (strchr(from, *string) - from), 1);
        } else {
            list_add(text, string, 1);
        }
    }
    list_add(text, "\"", 1);
}

static void write_entry(struct list *text, const struct git_config_entry *entry)
{
    list_add_string(text, "[");
    list_add_string(text, entry->section);
    if (entry->subsection) {
        list_add_string(text, " ");
        write_quoted(text, entry->subsection, "\"\\");
    }
    list_add_string(text, "]");
    list_add_string(text, entry->key);
    if (entry->value) {
        list_add_string(text, "=");
        write_quoted(text, entry->value, "\n\t\b\"\\");
    }
    list_add_string(text, "\n");
}

static void judge(const struct git_config_entry *entry)
{
    const struct git_key *row = git_key_find(entry);

    if (!row)
        return;
    hold(entry->value && *entry->value && row->why);
    hold(strcmp(row->section, entry->section) == 0 && (!row->key || strcmp(row->key, entry->key) == 0));
    hold(entry->subsection ? row->has_any : row->has_none);
}

static int see(const struct git_config_entry *entry, void *data)
{
    struct seen *seen = data;
    struct list name = {0};

    hold(!strchr(entry->section, '.') && !strchr(entry->key, '.'));
    judge(entry);
    list_add_string(&name, entry->section);
    if (entry->subsection) {
        list_add_string(&name, ".");
        list_add_string(&name, entry->subsection);
    }
    list_add_string(&name, ".");
    list_add(&name, entry->key, strlen(entry->key) + 1);
    list_add_name(&seen->list, name.data);
    if (entry->value)
        list_add_value(&seen->list, entry->value);
    list_add(&seen->list, "", 1);
    if (is_plain(entry->key))
        write_entry(&seen->again, entry);
    free(name.data);
    return ++seen->count == seen->stop ? 7 : 0;
}

static struct seen read_text(const char *text, size_t size, size_t stop)
{
    char *copy = malloc(size ? size : 1); /* exactly: a byte read behind it is found */
    struct seen seen = {.stop = stop};
    struct error err = ERROR_INIT;

    hold(copy);
    if (size)
        memcpy(copy, text, size);
    hold(git_config_each(copy, size, see, &seen, &err) == (stop && seen.count == stop ? 7 : 0));
    free(copy);
    return seen;
}

static void seen_finish(struct seen *seen)
{
    free(seen->list.data);
    free(seen->again.data);
}

/* ---- the second reader ---- */

struct model {
    struct list text; /* without a byte order mark, CR LF as LF */
    size_t at;
    struct list list, name, value;
};

static int model_next(struct model *model)
{
    size_t at = model->at++;

    return at < model->text.size ? (unsigned char)model->text.data[at] : '\n';
}

static bool is_one_of(int byte, const char *set)
{
    return byte && strchr(set, byte);
}

static bool is_name_byte(int byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '-';
}

static void model_add_lower(struct list *list, int byte)
{
    char lower = (char)(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);

    list_add(list, &lower, 1);
}

static bool model_subsection(struct model *model, int byte)
{
    while (is_one_of(byte, " \t\r"))
        byte = model_next(model);
    if (byte != '"')
        return false;
    list_add(&model->name, ".", 1);
    for (byte = model_next(model); byte != '"'; byte = model_next(model)) {
        char literal;

        if (byte == '\\')
            byte = model_next(model);
        if (byte == '\n')
            return false;
        literal = (char)byte;
        list_add(&model->name, &literal, 1);
    }
    return model_next(model) == ']';
}

static bool model_header(struct model *model)
{
    model->name.size = 0;
    for (;;) {
        int byte = model_next(model);

        if (byte == ']')
            return model->name.size != 0;
        if (is_one_of(byte, " \t\r"))
            return model_subsection(model, byte);
        if (!is_name_byte(byte) && byte != '.')
            return false;
        model_add_lower(&model->name, byte);
    }
}

static bool model_value(struct model *model)
{
    bool is_quoted = false;
    size_t blanks = 0;

    model->value.size = 0;
    for (;;) {
        int byte = model_next(model);
        char literal;

        if (byte == '\n')
            return !is_quoted;
        if (!is_quoted && is_one_of(byte, "#;")) {
            while (model_next(model) != '\n')
                ;
            return true;
        }
        if (!is_quoted && is_one_of(byte, " \t\r")) {
            blanks += model->value.size != 0;
            continue;
        }
        for (; blanks; blanks--)
            list_add(&model->value, " ", 1);
        if (byte == '"') {
            is_quoted = !is_quoted;
            continue;
        }
        if (byte == '\\') {
            byte = model_next(model);
            if (byte == '\n')
                continue;
            if (!is_one_of(byte, "tbn\"\\"))
                return false;
            byte = byte == 't' ? '\t' : byte == 'b' ? '\b' : byte == 'n' ? '\n' : byte;
        }
        literal = (char)byte;
        list_add(&model->value, &literal, 1);
    }
}

static bool model_entry(struct model *model, int byte)
{
    size_t stem = model->name.size;
    bool has_value = false;

    list_add(&model->name, ".", stem != 0);
    for (; is_name_byte(byte); byte = model_next(model))
        model_add_lower(&model->name, byte);
    while (byte == ' ' || byte == '\t')
        byte = model_next(model);
    if (byte == '=')
        has_value = model_value(model);
    if (byte != '\n' && !has_value)
        return false;
    list_add(&model->name, "", 1);
    list_add_name(&model->list, model->name.data);
    if (has_value) {
        list_add(&model->value, "", 1);
        list_add_value(&model->list, model->value.data);
    }
    list_add(&model->list, "", 1);
    model->name.size = stem;
    return true;
}

/* False = git refuses it; what git gave before it did is in the list. */
static bool model_read(struct model *model)
{
    while (model->at < model->text.size) {
        int byte = model_next(model);

        if (is_one_of(byte, " \t\r\n"))
            continue;
        if (is_one_of(byte, "#;")) {
            while (model_next(model) != '\n')
                ;
        } else if (byte == '[') {
            if (!model_header(model))
                return false;
        } else if (!is_name_byte(byte) || byte <= '9' || !model_entry(model, byte)) {
            return false;
        }
    }
    return true;
}

static void model_begin(struct model *model, const char *text, size_t size)
{
    size_t i = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    for (; i < size; i++)
        if (text[i] != '\r' || i + 1 == size || text[i + 1] != '\n')
            list_add(&model->text, text + i, 1);
}

/* ---- git itself ---- */

/* False = it refuses the text. */
static bool git_read(const char *text, size_t size, struct list *ret_list)
{
    char command[128], buffer[4096];
    struct list said = {0};
    int fd = memfd_create("text", 0), status;
    FILE *pipe;
    size_t got;

    hold(fd >= 0 && write(fd, text, size) == (ssize_t)size);
    snprintf(command, sizeof(command), "exec git config --file /proc/self/fd/%d --list -z 2>/dev/null", fd);
    pipe = popen(command, "re");
    hold(pipe != NULL);
    while ((got = fread(buffer, 1, sizeof(buffer), pipe)) > 0)
        list_add(&said, buffer, got);
    status = pclose(pipe);
    close(fd);
    for (size_t i = 0; i < said.size; i += strlen(said.data + i) + 1) {
        char *value = strchr(said.data + i, '\n');

        hold(said.data[said.size - 1] == '\0');
        if (value)
            *value = '\0';
        list_add_name(ret_list, said.data + i);
        if (value) {
            list_add_value(ret_list, value + 1);
            *value = '\n';
        }
        list_add(ret_list, "", 1);
    }
    free(said.data);
    return status == 0;
}

/* ---- what must hold ---- */

/* Whatever stands between two lines, both are read. */
static void check_between(const char *text, size_t size)
{
    static const char first[] = "[core]\npager = first\n", last[] = "\n\n[core]\npager = last\n";
    static const char first_entry[] = "core.pager\nfirst", last_entry[] = "core.pager\nlast";
    struct list all = {0};
    struct seen seen;

    list_add_string(&all, first);
    list_add(&all, text, size);
    list_add_string(&all, last);
    seen = read_text(all.data, all.size, 0);
    hold(seen.list.size >= sizeof(first_entry) + sizeof(last_entry));
    hold(memcmp(seen.list.data, first_entry, sizeof(first_entry)) == 0);
    hold(memcmp(seen.list.data + seen.list.size - sizeof(last_entry), last_entry, sizeof(last_entry)) == 0);
    seen_finish(&seen);
    free(all.data);
}

/* Of entries that can be written, what is written says the same. */
static void check_written(const struct seen *seen)
{
    struct seen again = read_text(seen->again.data, seen->again.size, 0);
    struct seen third = read_text(again.again.data, again.again.size, 0);

    hold(again.count <= seen->count && is_same(&again.again, &seen->again) && is_same(&again.list, &third.list));
    seen_finish(&again);
    seen_finish(&third);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct seen seen = read_text(text, size, 0);
    struct model model = {0};
    bool is_accepted;

    model_begin(&model, text, size);
    is_accepted = model_read(&model);
    hold(is_accepted ? is_same(&seen.list, &model.list) : begins_with(&seen.list, &model.list));
    check_between(text, size);
    check_written(&seen);
    if (seen.count) {
        struct seen part = read_text(text, size, 1 + size % seen.count);

        hold(part.count == 1 + size % seen.count && begins_with(&seen.list, &part.list));
        seen_finish(&part);
    }
    if (getenv("CORDON_FUZZ_GIT")) {
        struct list theirs = {0};

        hold(git_read(text, size, &theirs) == is_accepted);
        hold(is_same(&theirs, &model.list)); /* also what it said before it refused */
        free(theirs.data);
    }
    seen_finish(&seen);
    free(model.text.data);
    free(model.list.data);
    free(model.name.data);
    free(model.value.data);
    return 0;
}
