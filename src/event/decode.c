/* SPDX-License-Identifier: Apache-2.0 */
/* Each type of record by a row of a table. */
#include "event/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"

#define SCHEMA "cordon-event/1"

const char *member_text(struct members members, const char *name)
{
    const json_t *value = json_object_get(members.object, name);

    if (value && !json_is_string(value) && !json_is_null(value))
        *members.is_wrong = true;
    return json_string_value(value);
}

uint64_t member_number(struct members members, const char *name)
{
    const json_t *value = json_object_get(members.object, name);

    if (!value || json_is_null(value))
        return 0;
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        *members.is_wrong = true;
        return 0;
    }
    return (uint64_t)json_integer_value(value);
}

bool member_is_true(struct members members, const char *name)
{
    const json_t *value = json_object_get(members.object, name);

    if (value && !json_is_boolean(value))
        *members.is_wrong = true;
    return json_is_true(value);
}

struct members member_object(struct members members, const char *name)
{
    const json_t *value = json_object_get(members.object, name);

    if (value && !json_is_object(value))
        *members.is_wrong = true;
    return (struct members){value, members.is_wrong};
}

size_t member_texts(struct members members, const char *name, const char **texts, size_t count_max)
{
    const json_t *array = json_object_get(members.object, name), *item;
    size_t i, count = 0;

    if (array && !json_is_array(array))
        *members.is_wrong = true;
    json_array_foreach(array, i, item)
    {
        if (i == count_max)
            break;
        if (!json_is_string(item)) {
            *members.is_wrong = true;
            break;
        }
        texts[count++] = json_string_value(item);
    }
    return count;
}

static int member_int(struct members members, const char *name)
{
    uint64_t number = member_number(members, name);

    if (number > INT32_MAX) {
        *members.is_wrong = true;
        return 0;
    }
    return (int)number;
}

static void decode_losses(struct members members, struct decoded *store, struct event_started *started)
{
    const json_t *losses = json_object_get(members.object, "losses"), *loss;
    size_t i;

    json_array_foreach(losses, i, loss)
    {
        const struct members one = {loss, members.is_wrong};

        if (i == EVENT_ITEMS_MAX)
            break;
        store->losses[i] = (struct event_named){member_text(one, "name"), member_text(one, "text")};
        started->loss_count = i + 1;
    }
    started->losses = store->losses;
}

static void decode_sources(struct members members, struct decoded *store, struct event_started *started)
{
    const json_t *sources = json_object_get(members.object, "watch"), *source;
    size_t i;

    json_array_foreach(sources, i, source)
    {
        const struct members one = {source, members.is_wrong};
        const char *sees[OPERATION_COUNT_];
        size_t count = member_texts(one, "sees", sees, OPERATION_COUNT_);

        if (i == EVENT_SOURCES_MAX)
            break;
        store->sources[i] = (struct event_source){.name = member_text(one, "source"), .blind = member_text(one, "blind")};
        for (size_t j = 0; j < count; j++)
            store->sources[i].sees |= 1u << operation_parse(sees[j]);
        store->sources[i].sees &= ~1u; /* those that are not known here */
        started->source_count = i + 1;
    }
    started->sources = store->sources;
}

/* -1 where it is null or absent. */
static int64_t number_or_none(struct members members, const char *name)
{
    return json_is_integer(json_object_get(members.object, name)) ? (int64_t)member_number(members, name) : -1;
}

static void decode_identity(struct members members, struct decoded *store, struct event_started *started)
{
    const struct members one = member_object(members, "identity"), sponsor = member_object(one, "sponsor"), kernel = member_object(one, "kernel");
    uint64_t uid = member_number(sponsor, "uid");

    store->identity = (struct event_identity){
        .name = member_text(one, "name"),
        .class_name = member_text(one, "class"),
        .instance = member_text(one, "instance"),
        .host_from = member_text(one, "hostFrom"),
        .actor = member_text(one, "actor"),
        .service = member_text(one, "service"),
        .sponsor_uid = (uint32_t)uid,
        .sponsor_name = member_text(sponsor, "name"),
        .sponsor_declared = member_text(sponsor, "declared"),
        .has_kernel = kernel.object != NULL,
        .uid = number_or_none(kernel, "uid"),
        .login_uid = number_or_none(kernel, "loginUid"),
        .session = number_or_none(kernel, "session"),
        .cgroup = member_text(kernel, "cgroup"),
        .as_caller = member_text(kernel, "asCaller"),
    };
    store->identity.proof_count = member_texts(one, "proof", store->identity.proof, EVENT_PROOFS_MAX);
    store->identity.unproved_count = member_texts(one, "unproved", store->identity.unproved, EVENT_PROOFS_MAX);
    *members.is_wrong |= uid > UINT32_MAX;
    started->identity = store->identity.name ? &store->identity : NULL;
}

static void decode_started(struct members members, struct decoded *store, struct event_record *record)
{
    struct event_started *started = &record->started;

    record->kind = RECORD_STARTED;
    started->policy = member_text(members, "policy");
    started->policy_digest = member_text(members, "policyDigest");
    started->plan_digest = member_text(members, "planDigest");
    started->tier = member_text(members, "tier");
    started->mechanism = member_text(members, "mechanism");
    started->network = member_text(members, "network");
    started->workspace = member_text(members, "workspace");
    started->terminal = member_text(members, "terminal");
    store->texts[member_texts(members, "argv", store->texts, EVENT_ARGS_MAX)] = NULL;
    started->argv = store->texts;
    record->is_cut = member_is_true(members, "argvIsCut");
    started->pid = (int64_t)member_number(members, "pid");
    started->timeout_ms = member_number(members, "timeoutMs");
    started->layer_count = member_texts(members, "layers", store->layers, EVENT_ITEMS_MAX);
    started->layers = store->layers;
    started->warning_count = member_texts(members, "warnings", store->warnings, EVENT_ITEMS_MAX);
    started->warnings = store->warnings;
    decode_losses(members, store, started);
    decode_sources(members, store, started);
    started->is_review = member_is_true(members, "review");
    started->audit_arguments = member_text(member_object(members, "audit"), "arguments");
    started->audit_paths = member_text(member_object(members, "audit"), "paths");
    decode_identity(members, store, started);
    started->parent = member_text(members, "parent");
}

static int kind_of_error(const char *name)
{
    for (int kind = ERROR_NONE + 1; kind <= ERROR_SCHEMA; kind++)
        if (name && strcmp(error_kind_name(kind), name) == 0)
            return kind;
    return ERROR_INTERNAL;
}

static void decode_failed(struct members members, struct decoded *store unused_arg, struct event_record *record)
{
    const char *text = member_text(members, "text");

    record->kind = RECORD_FAILED;
    record->failed.kind = kind_of_error(member_text(members, "kind"));
    record->failed.errnum = member_int(members, "errno");
    snprintf(record->failed.text, sizeof(record->failed.text), "%s", text ? text : "");
}

static void decode_finding(struct members members, struct decoded *store unused_arg, struct event_record *record)
{
    record->kind = RECORD_FINDING;
    record->finding = (struct event_finding){
        .kind = member_text(members, "kind"),
        .path = member_text(members, "path"),
        .key = member_text(members, "key"),
        .value = member_text(members, "value"),
        .text = member_text(members, "text"),
        .remedy = member_text(members, "remedy"),
    };
}

static bool is_known(struct members members, const char *name)
{
    return json_is_integer(json_object_get(members.object, name));
}

static void decode_exited(struct members members, struct decoded *store unused_arg, struct event_record *record)
{
    struct members usage = member_object(members, "usage");

    record->kind = RECORD_EXITED;
    record->exited = (struct event_exited){
        .end = member_text(members, "end"),
        .code = member_int(members, "code"),
        .exit_status = member_int(members, "exitStatus"),
        .is_oom_killed = member_is_true(members, "oomKilled"),
        .has_times = is_known(usage, "userUs") && is_known(usage, "systemUs"),
        .has_rss = is_known(usage, "maxRssBytes"),
        .wall_us = member_number(usage, "wallUs"),
        .user_us = member_number(usage, "userUs"),
        .system_us = member_number(usage, "systemUs"),
        .max_rss_bytes = member_number(usage, "maxRssBytes"),
        .output_bytes = member_number(usage, "outputBytes"),
    };
}

static void decode_exec(struct members members, struct decoded *store, struct event_record *record)
{
    size_t count;

    if (strcmp(record->type, "exec.exited") == 0) {
        decode_exited(members, store, record);
        record->kind = RECORD_EXEC_EXITED;
        record->number = member_number(members, "number");
        return;
    }
    count = member_texts(members, "argv", store->texts, EVENT_ARGS_MAX);
    store->texts[count] = NULL;
    record->kind = RECORD_EXEC;
    record->is_cut = member_is_true(members, "argvIsCut");
    record->exec = (struct event_exec){
        .number = member_number(members, "number"),
        .argv = store->texts,
        .directory = member_text(members, "directory"),
        .terminal = member_text(members, "terminal"),
        .pid = (unsigned)member_int(members, "pid"),
        .timeout_ms = member_number(members, "timeoutMs"),
    };
}

static void decode_limit(struct members members, struct decoded *store unused_arg, struct event_record *record)
{
    bool is_timeout = strcmp(record->type, "run.timeout") == 0;

    record->kind = is_timeout ? RECORD_TIMEOUT : RECORD_LIMIT;
    record->limit.member = member_text(members, "member");
    record->limit.value = member_number(members, is_timeout ? "timeoutMs" : "limit");
}

static void decode_network(struct members members, struct decoded *store unused_arg, struct event_record *record)
{
    struct event_network *network = &record->network;

    record->kind = RECORD_NETWORK;
    network->type = record->type;
    network->connection = member_number(members, "connection");
    network->protocol = member_text(members, "protocol");
    network->address = member_text(members, "address");
    network->port = (unsigned)member_int(members, "port");
    network->name = member_text(members, "name");
    network->pid = (unsigned)member_int(members, "pid");
    network->exe = member_text(members, "exe");
    network->program = member_text(members, "program");
    network->has_request = json_object_get(members.object, "method") != NULL;
    network->method = member_text(members, "method");
    network->path = member_text(members, "path");
    network->call = member_text(members, "call");
    network->tool = member_text(members, "tool");
    network->status = (unsigned)member_int(members, "status");
    network->secret = member_text(members, "secret");
    network->rule = member_text(members, "rule");
    network->reason = member_text(members, "reason");
    network->errnum = member_int(members, "errno");
    network->bytes_up = member_number(members, "bytesUp");
    network->bytes_down = member_number(members, "bytesDown");
    network->duration_us = member_number(members, "durationUs");
}

/* "<run>.<sequence>" */
static bool read_id(const char *id, unsigned *ret_sequence)
{
    char *end;
    unsigned long sequence;

    if (!id || strlen(id) <= RUN_ID_LENGTH || id[RUN_ID_LENGTH] != '.' || id[RUN_ID_LENGTH + 1] < '1' ||
        id[RUN_ID_LENGTH + 1] > '9')
        return false;
    sequence = strtoul(id + RUN_ID_LENGTH + 1, &end, 10);
    if (*end || sequence > UINT32_MAX)
        return false;
    *ret_sequence = (unsigned)sequence;
    return true;
}

static void decode_count(struct members members, struct decoded *store unused_arg, struct event_record *record)
{
    record->count.count = member_number(members, "count");
    record->kind = strcmp(record->type, "exec.lost") == 0 ? RECORD_EXEC_LOST : RECORD_NETWORK_LOST;
    if (strcmp(record->type, "access.lost") == 0) {
        record->kind = RECORD_LOST;
        record->count.source = member_text(members, "source");
    } else if (strcmp(record->type, "access.repeated") == 0) {
        record->kind = RECORD_REPEATED;
        record->count.of = member_text(members, "of");
        if (!read_id(record->count.of, &record->count.of_sequence))
            *members.is_wrong = true;
    }
}

static void decode_approval(struct members members, struct decoded *store unused_arg, struct event_record *record)
{
    const char *operation = member_text(members, "operation");

    record->kind = RECORD_APPROVAL;
    record->approval = (struct event_approval){
        .number = member_number(members, "number"),
        .digest = member_text(members, "digest"),
        .operation = operation ? operation_parse(operation) : OPERATION_NONE,
        .path = member_text(members, "path"),
        .named = member_text(members, "named"),
        .name = member_text(members, "name"),
        .address = member_text(members, "address"),
        .port = (unsigned)member_number(members, "port"),
        .pid = (unsigned)member_int(members, "pid"),
        .exe = member_text(members, "exe"),
        .rule = member_text(members, "rule"),
        .timeout_ms = member_number(members, "timeoutMs"),
        .answer = member_text(members, "answer"),
        .has_uid = is_known(members, "uid"),
        .uid = (unsigned)member_number(members, "uid"),
        .count = member_number(members, "count"),
    };
}

static const struct {
    const char *type;
    void (*decode)(struct members members, struct decoded *store, struct event_record *record);
} types[] = {
    {"access.denied", decode_access},
    {"access.used", decode_access},
    {"access.repeated", decode_count},
    {"access.lost", decode_count},
    {"approval.asked", decode_approval},
    {"approval.answered", decode_approval},
    {"exec.started", decode_exec},
    {"exec.exited", decode_exec},
    {"exec.lost", decode_count},
    {"run.started", decode_started},
    {"run.failed", decode_failed},
    {"run.finding", decode_finding},
    {"run.exited", decode_exited},
    {"run.timeout", decode_limit},
    {"limit.reached", decode_limit},
    {"network.connected", decode_network},
    {"network.closed", decode_network},
    {"network.denied", decode_network},
    {"network.failed", decode_network},
    {"network.name-denied", decode_network},
    {"network.request", decode_network},
    {"network.request-denied", decode_network},
    {"network.secret-denied", decode_network},
    {"network.lost", decode_count},
};

bool decode_record(const json_t *value, struct decoded *store, struct event_record *ret_record)
{
    bool is_wrong = !json_is_object(value);
    const struct members members = {value, &is_wrong};
    const char *schema = member_text(members, "schema");

    memset(ret_record, 0, sizeof(*ret_record)); /* all of the union */
    ret_record->type = member_text(members, "type");
    ret_record->id = member_text(members, "id");
    ret_record->run = member_text(members, "run");
    ret_record->time = member_text(members, "time");
    if (!schema || strcmp(schema, SCHEMA) != 0 || !ret_record->type || !ret_record->time || !ret_record->run ||
        !run_id_is_valid(ret_record->run) || !read_id(ret_record->id, &ret_record->sequence) ||
        strncmp(ret_record->id, ret_record->run, RUN_ID_LENGTH) != 0)
        return false;
    for (size_t i = 0; i < ARRAY_COUNT(types); i++)
        if (strcmp(types[i].type, ret_record->type) == 0) {
            types[i].decode(members, store, ret_record);
            break;
        }
    return !is_wrong;
}
