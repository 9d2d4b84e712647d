/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/nest/request.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "policy/document.h"
#include "sdk/places.h"

/* ---- writing ---- */

static int check(const struct cordon_request *request, struct error *err)
{
    const struct {
        bool is_asked;
        const char *what;
    } rows[] = {
        {request->is_reviewed, "a review (--review)"},
        {request->ask_ms, "questions (--ask)"},
        {request->watch != CORDON_WATCH_REFUSED, "watching more than refusals (--watch)"},
        {request->fd_count, "kept descriptors"},
        {request->events_fd >= 0 || request->events_file, "events to a file or descriptor (--events)"},
        {request->is_learning, "learning (cordon learn)"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].is_asked)
            return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "a container inside a container cannot have %s: leave it out",
                             rows[i].what);
    return 0;
}

static int put_policies(const struct cordon_request *request, struct text *out, struct error *err)
{
    auto_arena struct arena *arena = arena_new();
    const struct load_options options = {.kind = LAYER_REQUEST, .layer_name = "document"};

    for (size_t i = 0; arena && i < request->policy_count; i++) {
        const struct request_policy *policy = &request->policies[i];
        char *text = policy->text;
        size_t size = policy->size;
        int status = text ? 0 : document_read_file(arena, policy->name, &options, &text, &size, err);

        if (status < 0)
            return status;
        nest_put_text(out, NEST_POLICY_NAME, policy->name);
        nest_put(out, NEST_POLICY_TEXT, text, size);
    }
    return arena ? 0 : error_memory(err);
}

static int put_directory(const struct cordon_request *request, struct text *out, struct error *err)
{
    const char *pwd = environment_get((const char *const *)environ, "PWD");
    char cwd[PATH_MAX];

    if (request->cwd) {
        nest_put_text(out, NEST_CWD, request->cwd);
        nest_put_text(out, NEST_LOGICAL_CWD, request->logical_cwd);
        return 0;
    }
    if (!getcwd(cwd, sizeof(cwd)))
        return error_system(err, errno, "find the current directory");
    nest_put_text(out, NEST_CWD, cwd);
    nest_put_text(out, NEST_LOGICAL_CWD, pwd && pwd[0] == '/' && strlen(pwd) < PATH_MAX ? pwd : NULL);
    return 0;
}

int nest_request_write(const struct cordon_request *request, struct text *out, struct error *err)
{
    char **environment = request->environment ? request->environment : environ;
    int status = check(request, err);

    if (status == 0)
        status = put_policies(request, out, err);
    nest_put_text(out, NEST_PROFILE, request->profile);
    for (size_t i = 0; i < request->member_count; i++)
        nest_put_text(out, NEST_MEMBER, request->members[i]);
    nest_put_text(out, NEST_WORKSPACE, request->workspace);
    if (status == 0)
        status = put_directory(request, out, err);
    for (size_t i = 0; request->argv && request->argv[i]; i++)
        nest_put_text(out, NEST_ARGUMENT, request->argv[i]);
    for (size_t i = 0; environment && environment[i]; i++)
        nest_put_text(out, NEST_VARIABLE, environment[i]);
    if (request->timeout_ms)
        nest_put_number(out, NEST_TIMEOUT, request->timeout_ms);
    if (request->output_limit)
        nest_put_number(out, NEST_OUTPUT, request->output_limit);
    nest_put_text(out, NEST_TIER, request->tier);
    if (request->is_tty)
        nest_put_number(out, NEST_TERMINAL, (uint64_t)request->rows << 16 | request->columns);
    if (status == 0 && out->is_broken)
        return error_memory(err);
    if (status == 0 && out->length > NEST_BYTES_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "a request for a container inside has more than %zu bytes", NEST_BYTES_MAX);
    return status;
}

/* ---- reading ---- */

struct reading {
    struct cordon_request *request;
    char *policy;                       /* name of the one whose text comes next */
    const char **arguments, **variables; /* of the texts below; NULL-terminated with room for one more */
    size_t argument_count, variable_count;
    uint32_t last; /* field: each comes at its place */
    struct arena *arena;
    struct cordon_error *err;
};

static int no_request(struct reading *reading)
{
    return error_set((struct error *)reading->err, ERROR_INVALID, EBADMSG, "what was sent is no request for a container");
}

static const char *text_of(struct reading *reading, const struct nest_value *value)
{
    return memchr(value->bytes, '\0', value->size) ? NULL : arena_string_n(reading->arena, value->bytes, value->size);
}

static int add_word(struct reading *reading, const struct nest_value *value, const char ***words, size_t *count)
{
    const char **slot;

    if (*count >= CORDON_ARGS_MAX)
        return error_set((struct error *)reading->err, ERROR_LIMIT, E2BIG, "more than %d arguments or variables", CORDON_ARGS_MAX);
    slot = arena_append(reading->arena, *words, *count);
    if (!slot)
        return error_memory((struct error *)reading->err);
    *slot = text_of(reading, value);
    return *slot ? 0 : no_request(reading);
}

static int take_directory(struct reading *reading, char **slot, const char *text)
{
    if (*slot || text[0] != '/' || strlen(text) >= PATH_MAX)
        return no_request(reading);
    *slot = mem_string(text);
    return *slot ? 0 : error_memory((struct error *)reading->err);
}

static int take_number(struct reading *reading, const struct nest_value *value)
{
    struct cordon_request *request = reading->request;
    uint64_t number;

    if (nest_number(value, &number) < 0)
        return no_request(reading);
    switch (value->field) {
    case NEST_TIMEOUT:
        return cordon_request_set_timeout_ms(request, number, reading->err);
    case NEST_OUTPUT:
        return cordon_request_set_output_limit(request, number, reading->err);
    default:
        if (number >> 32 || !(number >> 16) || !(number & 0xffff))
            return no_request(reading);
        return cordon_request_set_tty(request, (unsigned short)(number >> 16), (unsigned short)(number & 0xffff), reading->err);
    }
}

static int take_text(struct reading *reading, uint32_t field, const char *text)
{
    struct cordon_request *request = reading->request;

    switch (field) {
    case NEST_POLICY_NAME:
        reading->policy = arena_string(reading->arena, text);
        return reading->policy ? 0 : error_memory((struct error *)reading->err);
    case NEST_PROFILE:
        return cordon_request_set_profile(request, text, reading->err);
    case NEST_MEMBER:
        return cordon_request_set_member(request, text, reading->err);
    case NEST_WORKSPACE:
        return cordon_request_set_workspace(request, text, reading->err);
    case NEST_CWD:
        return take_directory(reading, &request->cwd, text);
    case NEST_LOGICAL_CWD:
        return take_directory(reading, &request->logical_cwd, text);
    case NEST_TIER:
        return cordon_request_set_tier(request, text, reading->err);
    default:
        return no_request(reading);
    }
}

static int take_policy(struct reading *reading, const struct nest_value *value)
{
    char *name = take_ptr(reading->policy);

    if (!name)
        return no_request(reading);
    return cordon_request_add_policy_text(reading->request, name, value->bytes, value->size, reading->err);
}

static int take(struct reading *reading, const struct nest_value *value)
{
    bool is_pair = reading->last == NEST_POLICY_TEXT && value->field == NEST_POLICY_NAME;
    const char *text;

    if ((value->field < reading->last && !is_pair) || value->field > NEST_TERMINAL ||
        (reading->policy && value->field != NEST_POLICY_TEXT))
        return no_request(reading);
    reading->last = value->field;
    switch (value->field) {
    case NEST_POLICY_TEXT:
        return take_policy(reading, value);
    case NEST_ARGUMENT:
        return add_word(reading, value, &reading->arguments, &reading->argument_count);
    case NEST_VARIABLE:
        return add_word(reading, value, &reading->variables, &reading->variable_count);
    case NEST_TIMEOUT:
    case NEST_OUTPUT:
    case NEST_TERMINAL:
        return take_number(reading, value);
    default:
        text = text_of(reading, value);
        return text ? take_text(reading, value->field, text) : no_request(reading);
    }
}

static void request_free_at(struct cordon_request **request)
{
    cordon_request_free(*request);
}

/* Both lists end with NULL; a command that is not there is the document's. */
static int complete(struct reading *reading)
{
    const char **end = arena_append(reading->arena, reading->variables, reading->variable_count);
    int status = end ? 0 : error_memory((struct error *)reading->err);

    if (end)
        *end = NULL;
    if (status == 0 && (!reading->request->cwd || reading->policy))
        return no_request(reading);
    if (status == 0)
        status = cordon_request_set_environment(reading->request, reading->variables, reading->err);
    if (status < 0 || !reading->argument_count)
        return status;
    end = arena_append(reading->arena, reading->arguments, reading->argument_count);
    if (!end)
        return error_memory((struct error *)reading->err);
    *end = NULL;
    return cordon_request_set_command(reading->request, reading->arguments, reading->err);
}

int nest_request_read(const void *bytes, size_t size, struct cordon_request **ret_request, struct error *err)
{
    cleanup_with(request_free_at) struct cordon_request *request = NULL;
    auto_arena struct arena *arena = arena_new();
    struct nest_bytes left = {bytes, size};
    struct reading reading = {.arena = arena, .err = (struct cordon_error *)err};
    struct nest_value value;
    int status = arena ? cordon_request_new(&request, reading.err) : error_memory(err), more = 1;

    reading.request = request;
    while (status == 0 && (more = nest_next(&left, &value)) > 0)
        status = take(&reading, &value);
    if (status == 0 && more < 0)
        status = no_request(&reading);
    if (status == 0)
        status = complete(&reading);
    if (status == 0)
        *ret_request = take_ptr(request);
    return status;
}
