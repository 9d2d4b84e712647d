/* SPDX-License-Identifier: Apache-2.0 */
/* Questions as JSON, read with jansson. */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "author/why.h"
#include "base/kernel/syscalls.h"
#include "base/path.h"
#include "net/name.h"

static void json_free_at(json_t **value)
{
    json_decref(*value);
}

const char *why_plain_path(struct arena *arena, const char *cwd, const char *path)
{
    char *whole = path[0] == '/' ? arena_string(arena, path) : path_join(arena, cwd, path), *out;
    size_t used = 0;

    out = whole ? arena_alloc(arena, strlen(whole) + 2) : NULL;
    for (const char *at = whole; out && *at;) {
        size_t length;

        at += strspn(at, "/");
        length = strcspn(at, "/");
        if (length == 2 && strncmp(at, "..", 2) == 0) {
            while (used && out[--used] != '/')
                ;
        } else if (length && !(length == 1 && *at == '.')) {
            out[used++] = '/';
            memcpy(out + used, at, length);
            used += length;
        }
        at += length;
    }
    if (out && !used)
        out[used++] = '/';
    if (out)
        out[used] = '\0';
    return out;
}

struct reading {
    struct arena *arena;
    const char *cwd;
    struct why_asked *asked;
    struct error *err;
};

static int wrong(struct reading *reading, const char *member, const char *what)
{
    return error_set(reading->err, ERROR_INVALID, EINVAL, "question: %s: %s", member, what);
}

static int take_path(struct reading *reading, const char *member, const json_t *value, const char **ret_path)
{
    const char *text = json_string_value(value);

    if (!text || !*text || strlen(text) > PATH_LENGTH_MAX)
        return wrong(reading, member, "a path is wanted");
    *ret_path = why_plain_path(reading->arena, reading->cwd, text);
    return *ret_path ? 0 : error_memory(reading->err);
}

static int take_operation(struct reading *reading, const json_t *value)
{
    const char *text = json_string_value(value);

    reading->asked->question.operation = text ? operation_parse(text) : OPERATION_NONE;
    return reading->asked->question.operation ? 0 : wrong(reading, "operation", "one of look, list, read, write, create, delete, "
                                                          "rename, link, metadata, execute, mount, connect, bind, signal, ptrace, syscall, limit is wanted");
}

static int take_host(struct reading *reading, const json_t *value)
{
    const char *text = json_string_value(value);
    struct question *question = &reading->asked->question;
    char name[NET_NAME_SIZE];

    if (!text || !*text)
        return wrong(reading, "host", "a name or an address is wanted");
    if (net_address_parse(text, strlen(text), &question->address) == 0)
        return 0;
    if (net_name_canonical(text, strlen(text), name, NULL) < 0)
        return wrong(reading, "host", "it is neither a name nor an address");
    question->host = arena_string(reading->arena, name);
    return question->host ? 0 : error_memory(reading->err);
}

static int take_protocol(struct reading *reading, const json_t *value)
{
    static const char *const names[] = {[NET_TCP] = "tcp", [NET_UDP] = "udp", [NET_ICMP] = "icmp"};
    const char *text = json_string_value(value);

    for (unsigned i = NET_TCP; text && i <= NET_ICMP; i++)
        if (strcmp(text, names[i]) == 0) {
            reading->asked->question.protocol = i;
            return 0;
        }
    return wrong(reading, "protocol", "tcp, udp or icmp is wanted");
}

static int take_call(struct reading *reading, const json_t *value)
{
    const char *text = json_string_value(value);

    reading->asked->question.call = text ? kernel_syscall_number(text) : -1;
    if (reading->asked->question.call < 0)
        return wrong(reading, "syscall", "it is not a system call that this build knows");
    return 0;
}

static int take_flag(struct reading *reading, const char *member, const json_t *value, bool *ret_flag)
{
    if (!json_is_boolean(value))
        return wrong(reading, member, "true or false is wanted");
    *ret_flag = json_is_true(value);
    return 0;
}

static int take_member(struct reading *reading, const char *name, const json_t *value)
{
    struct why_asked *asked = reading->asked;
    struct question *question = &asked->question;

    if (strcmp(name, "operation") == 0)
        return take_operation(reading, value);
    if (strcmp(name, "path") == 0)
        return take_path(reading, name, value, &question->path);
    if (strcmp(name, "second") == 0)
        return take_path(reading, name, value, &question->second);
    if (strcmp(name, "program") == 0)
        return take_path(reading, name, value, &question->exe);
    if (strcmp(name, "host") == 0)
        return take_host(reading, value);
    if (strcmp(name, "protocol") == 0)
        return take_protocol(reading, value);
    if (strcmp(name, "syscall") == 0)
        return take_call(reading, value);
    if (strcmp(name, "exact") == 0)
        return take_flag(reading, name, value, &asked->is_exact);
    if (strcmp(name, "directory") == 0)
        return take_flag(reading, name, value, &question->is_directory);
    if (strcmp(name, "exists") == 0) {
        asked->has_exists = true;
        return take_flag(reading, name, value, &question->exists);
    }
    if (strcmp(name, "limit") == 0) {
        question->path = json_is_string(value) ? arena_string(reading->arena, json_string_value(value)) : NULL;
        return question->path ? 0 : wrong(reading, name, "the name of a member is wanted, as resources.memory");
    }
    if (strcmp(name, "port") == 0) {
        if (!json_is_integer(value) || json_integer_value(value) < 1 || json_integer_value(value) > 65535)
            return wrong(reading, name, "1 to 65535 is wanted");
        question->port = (unsigned)json_integer_value(value);
        return 0;
    }
    return wrong(reading, name, "unknown member; it is one of operation, path, second, program, host, port, protocol, syscall, limit, exists, directory, exact");
}

/* What is said of another operation would be passed over, and the answer be about something else. */
static int check_members(struct reading *reading, const json_t *root)
{
    const struct question *question = &reading->asked->question;
    enum operation operation = question->operation;
    bool is_net = operation == OPERATION_CONNECT || operation == OPERATION_BIND;
    bool is_two = operation == OPERATION_RENAME || operation == OPERATION_LINK;
    bool is_call = operation == OPERATION_SYSCALL, is_limit = operation == OPERATION_LIMIT;
    const struct {
        const char *member;
        bool belongs;
    } rows[] = {
        {"path", !is_call && !is_limit}, {"second", is_two}, {"host", is_net}, {"port", is_net}, {"protocol", is_net},
        {"limit", is_limit}, {"syscall", is_call || operation == OPERATION_METADATA},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (!rows[i].belongs && json_object_get(root, rows[i].member))
            return error_set(reading->err, ERROR_INVALID, EINVAL, "question: %s: it means nothing for %s", rows[i].member, operation_name(operation));
    if (json_object_get(root, "path") && json_object_get(root, "host"))
        return wrong(reading, "host", "it is either a path or a host");
    return is_call && !json_object_get(root, "syscall") ? wrong(reading, "syscall", "it is missing") : 0;
}

int why_read_question(struct arena *arena, const char *line, size_t size, const char *cwd, struct why_asked *ret_asked,
                      struct error *err)
{
    struct why_asked asked = {0};
    struct reading reading = {arena, cwd, &asked, err};
    json_error_t fault;
    cleanup_with(json_free_at) json_t *root = json_loadb(line, size, JSON_REJECT_DUPLICATES, &fault);
    const char *name;
    json_t *value;
    int r = 0;

    if (!json_is_object(root))
        return error_set(err, ERROR_INVALID, EINVAL, "question: an object in JSON is wanted%s%s", root ? "" : ": ", root ? "" : fault.text);
    json_object_foreach(root, name, value) {
        r = take_member(&reading, name, value);
        if (r < 0)
            return r;
    }
    if (!asked.question.operation)
        return wrong(&reading, "operation", "it is missing");
    r = check_members(&reading, root);
    if (r < 0)
        return r;
    *ret_asked = asked;
    return 0;
}
