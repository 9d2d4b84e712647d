/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon has of the caller's containers: asked for, put in order, chosen from. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "protocol/socket.h"
#include "sdk/daemon.h"
#include "sdk/daemon_show.h"
#include "sdk/remote.h"

#define ENTRIES_MAX 65536
#define USAGE_MAX   128 /* so many are asked what they use: each is a visit to its keeper */

/* They come in the order in which this cordond heard of them. */
struct list {
    struct daemon_entry *entries;
    size_t count, capacity;
    struct text out;
};

static void list_finish(struct list *list)
{
    for (size_t i = 0; i < list->count; i++)
        mem_free(list->entries[i].bytes);
    mem_free(list->entries);
    text_finish(&list->out);
}
#define auto_list cleanup_with(list_finish)

static int hear_one(struct list *list, const struct protocol_message *message, struct error *err)
{
    uint64_t created = protocol_number(message, TAG_CREATED_MS, 0);
    struct daemon_entry *entry;

    if (list->count == ENTRIES_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "the daemon tells of more containers than there may be");
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 64;
        struct daemon_entry *grown = mem_resize(list->entries, capacity * sizeof(*grown));

        if (!grown)
            return error_memory(err);
        list->entries = grown;
        list->capacity = capacity;
    }
    entry = &list->entries[list->count];
    *entry = (struct daemon_entry){.told = *message, .is_shown = true, .since_ms = created ? created : protocol_number(message, TAG_STARTED_MS, 0), .bytes = mem_alloc(message->size + 1)};
    if (!entry->bytes)
        return error_memory(err);
    memcpy(entry->bytes, message->fields, message->size);
    entry->told.fields = entry->bytes;
    list->count++;
    return 0;
}

static int hear_list(struct list *list, int control, struct error *err)
{
    auto_free struct protocol_received *received = mem_alloc(sizeof(*received));

    if (!received)
        return error_memory(err);
    for (;;) {
        const struct protocol_message *message = &received->message;
        int status = protocol_receive(control, 0, received, err);

        if (status == 0)
            return error_set(err, ERROR_SYSTEM, EPIPE, "the daemon ended while it told what it has");
        if (status > 0)
            status = protocol_permit(message, PROTOCOL_DAEMON, PROTOCOL_CLIENT, PROTOCOL_GREETED, received->fd_count, err);
        protocol_drop(received);
        if (status < 0)
            return status;
        if (message->type == PROTOCOL_DONE)
            return 0;
        if (message->type == PROTOCOL_FAILED) {
            protocol_read_error(message, err);
            return err->errnum ? -err->errnum : -EINVAL;
        }
        if (message->type != PROTOCOL_LISTED)
            return error_set(err, ERROR_INTERNAL, EPROTO, "the daemon says %s", message->row->name);
        status = hear_one(list, message, err);
        if (status < 0)
            return status;
    }
}

static int ask_list(struct list *list, const char *name, bool of_all, struct error *err)
{
    auto_protocol struct protocol_out out = {0};
    auto_close int control = -1;
    int status = daemon_connect(&control, NULL, err);

    if (status == 0)
        status = daemon_greet(control, err);
    if (status < 0)
        return status;
    protocol_begin(&out, PROTOCOL_LIST, 1);
    protocol_add_text(&out, TAG_ID, name);
    if (of_all)
        protocol_add_number(&out, TAG_IS_ALL, 1);
    status = protocol_send(control, 0, &out, NULL, 0, err);
    return status < 0 ? status : hear_list(list, control, err);
}

/* One that ends meanwhile is one of which nobody knows it. */
static void ask_usage(struct list *list)
{
    size_t asked = 0;

    for (size_t i = 0; i < list->count && asked < USAGE_MAX; i++) {
        struct daemon_entry *entry = &list->entries[i];
        struct cordon_container *container = NULL;

        if (!entry->is_shown || !protocol_number(&entry->told, TAG_PID, 0))
            continue;
        asked++;
        entry->has_usage = cordon_attach(protocol_text(&entry->told, TAG_ID), &container, NULL) == 0 && remote_stats(container->remote, entry->usage, NULL) == 0;
        cordon_container_free(container);
    }
}

static int choose(struct list *list, const char *const *filters, struct error *err)
{
    for (size_t i = 0; i < list->count; i++)
        for (size_t j = 0; filters && filters[j]; j++) {
            bool matches;
            int status = daemon_entry_matches(&list->entries[i], filters[j], &matches, err);

            if (status < 0)
                return status;
            if (!matches)
                list->entries[i].is_shown = false;
        }
    return 0;
}

/* A word that is none is said also where there is no container that it could be about. */
static int check_words(const struct cordon_daemon_query *query, struct error *err)
{
    auto_text struct text ignored = {0};
    struct daemon_entry nothing = {.told = {.size = 0}};
    bool matches;
    int status = 0;

    for (size_t i = 0; status == 0 && query->filters && query->filters[i]; i++)
        status = daemon_entry_matches(&nothing, query->filters[i], &matches, err);
    return status == 0 && query->line ? daemon_show_template(&ignored, &nothing, query->line, err) : status;
}

static int show(struct list *list, const struct cordon_daemon_query *query, enum cordon_format format, struct error *err)
{
    struct json json = JSON_INIT(&list->out, 0);
    bool is_first = true;
    int status = 0;

    if (format == CORDON_JSON) {
        json_begin_object(&json, NULL);
        json_begin_array(&json, "containers");
    } else if (!query->line && !(query->flags & CORDON_LIST_IDS)) {
        if (query->flags & CORDON_LIST_ALL_USERS)
            text_printf(&list->out, "%-10s ", "UID");
        daemon_show_titles(&list->out);
    }
    for (size_t i = 0; status == 0 && i < list->count; i++) {
        const struct daemon_entry *entry = &list->entries[i];

        if (!entry->is_shown)
            continue;
        if (format == CORDON_JSON) {
            text_add(&list->out, is_first ? "" : ",");
            daemon_show_object(&list->out, entry);
        } else if (query->line) {
            status = daemon_show_template(&list->out, entry, query->line, err);
        } else if (query->flags & CORDON_LIST_IDS) {
            text_printf(&list->out, "%s\n", protocol_text(&entry->told, TAG_ID));
        } else {
            if (query->flags & CORDON_LIST_ALL_USERS)
                text_printf(&list->out, "%-10u ", (unsigned)protocol_number(&entry->told, TAG_UID, 0));
            daemon_show_line(&list->out, entry);
        }
        is_first = false;
    }
    if (format == CORDON_JSON) {
        json_end(&json);
        json_end(&json);
        text_add(&list->out, "\n");
    }
    return status;
}

int cordon_daemon_find(const struct cordon_daemon_query *query, enum cordon_format format, char **ret_text, struct cordon_error *public)
{
    struct error *err = public_error(public), failure = ERROR_INIT;
    auto_list struct list list = {0};
    int status;

    if (format != CORDON_TEXT && format != CORDON_JSON)
        return error_set(err, ERROR_INVALID, EINVAL, "unknown format %d", (int)format);
    status = check_words(query, &failure);
    if (status == 0)
        status = ask_list(&list, NULL, query->flags & CORDON_LIST_ALL_USERS, &failure);
    daemon_entries_sort(list.entries, list.count);
    if (status == 0)
        status = choose(&list, query->filters, &failure);
    if (status == 0 && query->flags & CORDON_LIST_USAGE)
        ask_usage(&list);
    if (status == 0)
        status = show(&list, query, format, &failure);
    if (status == 0)
        status = text_take(&list.out, ret_text, &failure);
    if (status < 0 && err)
        *err = failure;
    return status;
}

int cordon_daemon_list(enum cordon_format format, char **ret_text, struct cordon_error *err)
{
    const struct cordon_daemon_query query = {0};

    return cordon_daemon_find(&query, format, ret_text, err);
}

int cordon_daemon_inspect(const char *name, enum cordon_format format, char **ret_text, struct cordon_error *public)
{
    struct error *err = public_error(public), failure = ERROR_INIT;
    auto_list struct list list = {0};
    int status;

    if (!name || !*name || (format != CORDON_TEXT && format != CORDON_JSON))
        return error_set(err, ERROR_INVALID, EINVAL, "inspect: which container, as text or as JSON?");
    status = ask_list(&list, name, false, &failure);
    for (size_t i = 0; status == 0 && i < list.count; i++) {
        if (format == CORDON_JSON) {
            ask_usage(&list);
            daemon_show_object(&list.out, &list.entries[i]);
            text_add(&list.out, "\n");
        } else {
            daemon_show_all(&list.out, &list.entries[i]);
        }
    }
    if (status == 0)
        status = text_take(&list.out, ret_text, &failure);
    if (status < 0 && err)
        *err = failure;
    return status;
}
