/* SPDX-License-Identifier: Apache-2.0 */
#include "learn_fixture.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"

unsigned sequence;

const struct learn_options usual = {
    .places = {.home = "/home/u", .user = "u", .workspace = "/home/u/work", .caller_path = "/usr/bin:/home/u/.cargo/bin"}};

/* One line of a record. `object` is the inside of "object". */
void event(struct text *out, const char *run, const char *type, const char *operation, const char *exe, const char *errnum,
                  unsigned count, const char *object)
{
    text_printf(out,
                "{\"schema\":\"cordon-event/1\",\"id\":\"" RUN "%s.%u\",\"time\":\"t\",\"run\":\"" RUN "%s\",\"type\":\"%s\",\"operation\":\"%s\","
                "\"object\":{%s},\"call\":null,\"errno\":%s,\"process\":{\"pid\":2,\"exe\":\"%s\"},\"count\":%u}\n",
                run, ++sequence, run, type, operation, object, errnum, exe, count);
}

void used(struct text *out, const char *run, const char *operation, const char *path, const char *exe)
{
    char object[1024];

    snprintf(object, sizeof(object), "\"kind\":\"file\",\"named\":null,\"path\":\"%s\",\"outside\":\"%s\",\"hidden\":false", path, path);
    event(out, run, "access.used", operation, exe, "null", 1, object);
}

void used_inside(struct text *out, const char *run, const char *operation, const char *path, const char *exe)
{
    char object[1024];

    snprintf(object, sizeof(object), "\"kind\":\"file\",\"named\":null,\"path\":\"%s\",\"outside\":null,\"hidden\":false", path);
    event(out, run, "access.used", operation, exe, "null", 1, object);
}

void denied(struct text *out, const char *run, const char *operation, const char *path, const char *errnum, bool hidden)
{
    char object[1024];

    snprintf(object, sizeof(object), "\"kind\":\"file\",\"path\":\"%s\",\"hidden\":%s", path, hidden ? "true" : "false");
    event(out, run, "access.denied", operation, GIT, errnum, 1, object);
}

void host(struct text *out, const char *run, const char *type, const char *name, unsigned port)
{
    text_printf(out,
                "{\"schema\":\"cordon-event/1\",\"id\":\"" RUN "%s.%u\",\"time\":\"t\",\"run\":\"" RUN "%s\",\"type\":\"%s\",\"connection\":1,\"protocol\":\"tcp\","
                "\"address\":\"192.0.2.1\",\"port\":%u,\"name\":%s%s%s,\"exe\":\"" GIT "\"}\n",
                run, ++sequence, run, type, port, name ? "\"" : "", name ? name : "null", name ? "\"" : "");
}

struct learn_input *read_input(const struct text *events)
{
    struct error err = ERROR_INIT;
    struct learn_input *input;

    struct event_reader *reader auto_event_reader = NULL;
    int fd = memfd_create("record", MFD_CLOEXEC);

    check(!events->is_broken);
    check_int(file_write_all(fd, events->data ?: "", events->length), 0);
    check_int(lseek(fd, 0, SEEK_SET), 0);
    check_int(event_reader_new(fd, NULL, &reader, &err), 0);
    check_int(learn_input_new(&input, &err), 0);
    if (learn_input_read(input, reader, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return input;
}

struct learned *learn_with(const struct text *events, const struct learn_options *options)
{
    struct learn_input *input auto_learn_input = read_input(events);
    struct error err = ERROR_INIT;
    struct learned *learned = NULL;

    if (learn_policy(input, options, &learned, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return learned;
}

char *written(const struct learned *learned)
{
    struct error err = ERROR_INIT;
    char *text = NULL;

    if (learned_write(learned, &text, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return text;
}

char *policy_of(const struct text *events)
{
    struct learned *learned auto_learned = learn_with(events, &usual);

    return written(learned);
}

enum access access_in(const char *text, const char *path)
{
    struct arena *arena auto_arena = arena_new();
    struct error err = ERROR_INIT;
    struct document *document;

    if (learn_load(arena, &usual.places, "policy", text, strlen(text), &document, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s\n%s", err.text, text);
    return document_access(document, path, NULL);
}
