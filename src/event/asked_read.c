/* SPDX-License-Identifier: Apache-2.0 */
/* request.json, read: closed, since a plan is compiled from it; what is not known refuses. */
#include <errno.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "event/decode.h"
#include "event/request.h"
#include "event/runs.h"
#include "event/store.h"

#define FILE_BYTES_MAX ((size_t)16 << 20) /* every byte of the texts as an escape, and the rest */

struct reading {
    struct arena *arena;
    bool is_wrong, is_broken; /* it is not what it should be; out of memory */
};

static const char *take_text(struct reading *reading, struct members members, const char *name)
{
    const char *text = member_text(members, name), *copy;

    if (!text)
        return NULL;
    copy = arena_string(reading->arena, text);
    if (!copy)
        reading->is_broken = true;
    return copy;
}

static const char *take_needed(struct reading *reading, struct members members, const char *name)
{
    const char *text = take_text(reading, members, name);

    if (!text && !reading->is_broken)
        reading->is_wrong = true;
    return text ? text : "";
}

/* An array of objects: its items in a new array of `size` bytes each, NULL = none. */
static void *take_items(struct reading *reading, struct members members, const char *name, size_t size, size_t *ret_count)
{
    const json_t *array = json_object_get(members.object, name), *item;
    size_t i, count = json_array_size(array);
    void *items;

    json_array_foreach(array, i, item)
        reading->is_wrong |= !json_is_object(item);
    if (!json_is_array(array) || count > REQUEST_ITEMS_MAX || reading->is_wrong) {
        reading->is_wrong = true;
        return NULL;
    }
    items = arena_alloc(reading->arena, (count + 1) * size);
    if (!items)
        reading->is_broken = true;
    else
        *ret_count = count;
    return items;
}

static struct members item_of(struct members members, const char *name, size_t index)
{
    return (struct members){json_array_get(json_object_get(members.object, name), index), members.is_wrong};
}

static void read_document(struct reading *reading, struct members members, struct asked_document *document)
{
    char digest[DIGEST_TEXT_SIZE];

    document->name = take_needed(reading, members, "name");
    document->file = take_text(reading, members, "file");
    document->digest = take_needed(reading, members, "digest");
    document->text = take_text(reading, members, "text");
    document->withheld = take_text(reading, members, "withheld");
    if (!document->text == !document->withheld && !reading->is_broken)
        reading->is_wrong = true;
    if (!document->text)
        return;
    document->size = strlen(document->text);
    digest_text(document->text, document->size, digest);
    if (strcmp(digest, document->digest) != 0)
        reading->is_wrong = true;
}

static void read_lists(struct reading *reading, struct members members, struct asked *asked)
{
    struct asked_document *documents =
        take_items(reading, members, "documents", sizeof(*documents), &asked->document_count);
    struct asked_member *assignments = take_items(reading, members, "members", sizeof(*assignments), &asked->member_count);
    struct asked_ceiling *ceilings = take_items(reading, members, "ceilings", sizeof(*ceilings), &asked->ceiling_count);

    for (size_t i = 0; i < asked->document_count; i++)
        read_document(reading, item_of(members, "documents", i), &documents[i]);
    for (size_t i = 0; i < asked->member_count; i++) {
        assignments[i].name = take_needed(reading, item_of(members, "members", i), "name");
        assignments[i].assignment = take_text(reading, item_of(members, "members", i), "assignment");
    }
    for (size_t i = 0; i < asked->ceiling_count; i++) {
        ceilings[i].file = take_needed(reading, item_of(members, "ceilings", i), "file");
        ceilings[i].digest = take_needed(reading, item_of(members, "ceilings", i), "digest");
    }
    asked->documents = documents;
    asked->members = assignments;
    asked->ceilings = ceilings;
}

static void read_command(struct reading *reading, struct members members, struct asked *asked)
{
    const json_t *command = json_object_get(members.object, "command");
    const char *argv[EVENT_ARGS_MAX];
    const char **copy;
    size_t count;

    if (!command || json_is_null(command))
        return;
    count = member_texts(members, "command", argv, EVENT_ARGS_MAX);
    copy = arena_alloc(reading->arena, (count + 1) * sizeof(*copy));
    if (!copy)
        reading->is_broken = true;
    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = arena_string(reading->arena, argv[i]);
        if (!copy[i])
            reading->is_broken = true;
    }
    asked->argv = copy;
}

/* Every name is one of ours: whoever adds one changes what the plan would be. */
static bool is_closed(const json_t *object)
{
    static const char *const names[] = {"schema", "run", "documents", "profile", "members", "ceilings", "workspace", "tier", "cwd",
                                        "logicalCwd", "eventsFile", "command", "commandIsCut", "mechanism", "planDigest"};
    size_t known = 0;

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        known += json_object_get(object, names[i]) != NULL;
    return known == json_object_size(object);
}

static int refuse(struct error *err)
{
    return error_set(err, ERROR_INVALID, EINVAL, "what the run was asked for (%s) is damaged: the run cannot be judged again",
                     STORE_REQUEST_NAME);
}

int asked_parse(const char *text, size_t size, struct arena *arena, struct asked *ret_asked, struct error *err)
{
    json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    struct reading reading = {.arena = arena};
    const struct members members = {value, &reading.is_wrong};
    const char *schema = value ? member_text(members, "schema") : NULL;
    struct asked asked = {0};

    if (!schema || strcmp(schema, "cordon-request/1") != 0 || !is_closed(value)) {
        json_decref(value);
        return refuse(err);
    }
    read_lists(&reading, members, &asked);
    read_command(&reading, members, &asked);
    asked.profile = take_text(&reading, members, "profile");
    asked.workspace = take_text(&reading, members, "workspace");
    asked.tier = take_text(&reading, members, "tier");
    asked.cwd = take_needed(&reading, members, "cwd");
    asked.logical_cwd = take_text(&reading, members, "logicalCwd");
    asked.events_file = take_text(&reading, members, "eventsFile");
    asked.mechanism = take_needed(&reading, members, "mechanism");
    asked.plan_digest = take_needed(&reading, members, "planDigest");
    json_decref(value);
    if (reading.is_broken)
        return error_memory(err);
    if (reading.is_wrong || asked.cwd[0] != '/')
        return refuse(err);
    *ret_asked = asked;
    return 0;
}

int asked_read(const struct run_store *store, const char *id, struct arena *arena, struct asked *ret_asked, struct error *err)
{
    auto_free char *text = NULL;
    auto_close int fd = -1;
    size_t size;
    int status = store_open_file(store->fd, id, STORE_REQUEST_NAME, &fd, err);

    if (status < 0)
        return status;
    status = file_read_fd(fd, STORE_REQUEST_NAME, FILE_BYTES_MAX, &text, &size, err);
    if (status == 0)
        status = asked_parse(text, size, arena, ret_asked, err);
    return status < 0 ? error_prepend(err, "run %s", id) : 0;
}
