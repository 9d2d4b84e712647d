/* SPDX-License-Identifier: Apache-2.0 */
/* Why: what a request's plan says about an operation that is supposed, and the machinery that recorded ones share. */
#include "sdk/why.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/path.h"
#include "base/utf8.h"
#include "sdk/kept.h"

#define LINKS_MAX     40
#define LINE_MAX_SIZE ((size_t)64 << 10)

static int assemble(const struct why_source *source, const struct suggestion *suggestion, struct assembly *assembly, struct error *err)
{
    int status;

    if (source->asked && !suggestion)
        return kept_assemble(source->asked, source->request, assembly, err);
    status = assembly_open(assembly, source->request, err);
    if (status == 0 && suggestion)
        status = suggest_apply(assembly->policy, suggestion, &assembly->variables, err);
    if (status == 0)
        status = assembly_compile(assembly, source->request, false, err);
    return status;
}

static int index_new(const struct assembly *assembly, struct plan_index **ret_index, struct error *err)
{
    auto_plan_index struct plan_index *index = NULL;
    int status = plan_index_new(assembly->plan, &index, err);

    if (status == 0 && assembly->ops->judge_call)
        status = plan_index_set_calls(index, assembly->ops->judge_call, err);
    if (status == 0)
        *ret_index = take_ptr(index);
    return status;
}

int why_world_open(const struct why_source *source, struct why_world *ret_world, struct error *err)
{
    int status;

    *ret_world = (struct why_world){.source = source};
    status = assemble(source, NULL, &ret_world->assembly, err);
    return status < 0 ? status : index_new(&ret_world->assembly, &ret_world->index, err);
}

void why_world_close(struct why_world *world)
{
    plan_index_free_at(&world->index);
    for (size_t i = 0; i < world->tried_count; i++)
        assembly_finish(&world->tried[i]);
    world->tried_count = 0;
    assembly_finish(&world->assembly);
}

/* questions */

static bool host_look(const struct why_world *world, const char *inside, struct stat *ret_stat, char outside[PATH_MAX])
{
    if (!plan_path_outside(world->index, inside, outside) && snprintf(outside, PATH_MAX, "%s", inside) >= PATH_MAX)
        return false;
    return lstat(outside, ret_stat) == 0;
}

/* One link less, or NULL: none is left. */
static const char *follow_one(const struct why_world *world, const char *path, bool is_followed, struct error *err)
{
    struct arena *arena = world->assembly.policy->arena;
    char part[PATH_MAX], outside[PATH_MAX], text[PATH_MAX];

    for (const char *slash = path + 1; slash; slash = strchr(slash + 1, '/')) {
        const char *end = strchr(slash, '/');
        size_t length = end ? (size_t)(end - path) : strlen(path);
        struct stat st;
        ssize_t size;
        char *parent;

        if ((!end && !is_followed) || length >= sizeof(part))
            return NULL;
        memcpy(part, path, length);
        part[length] = '\0';
        if (!host_look(world, part, &st, outside) || !S_ISLNK(st.st_mode)) {
            if (!end)
                return NULL;
            slash = end;
            continue;
        }
        size = readlink(outside, text, sizeof(text) - 1);
        if (size <= 0)
            return NULL;
        text[size] = '\0';
        parent = path_parent(arena, part);
        return parent ? why_plain_path(arena, parent, arena_printf(arena, "%s%s", text, end ? end : "")) : NULL;
    }
    return NULL;
}

static int follow(const struct why_world *world, const char **path, bool is_followed, struct error *err)
{
    for (int i = 0; i < LINKS_MAX; i++) {
        const char *next = follow_one(world, *path, is_followed, err);

        if (!next)
            return 0;
        *path = next;
    }
    return error_set(err, ERROR_INVALID, ELOOP, "question: %s leads through more than %d links", *path, LINKS_MAX);
}

static bool is_followed_by(enum operation operation)
{
    return operation != OPERATION_LOOK && operation != OPERATION_DELETE && operation != OPERATION_RENAME && operation != OPERATION_LINK &&
           operation != OPERATION_CREATE;
}

int why_complete(const struct why_world *world, struct why_asked *asked, struct error *err)
{
    struct question *question = &asked->question;
    char outside[PATH_MAX];
    struct stat st;
    int status = 0;

    if (!question->path || question->operation == OPERATION_LIMIT)
        return 0;
    if (!asked->is_exact)
        status = follow(world, &question->path, is_followed_by(question->operation), err);
    if (status == 0 && question->second && !asked->is_exact)
        status = follow(world, &question->second, false, err);
    if (status < 0 || asked->has_exists)
        return status;
    question->exists = host_look(world, question->path, &st, outside);
    question->is_directory = question->is_directory || (question->exists && S_ISDIR(st.st_mode));
    return 0;
}

/* suggestions */

static int try(struct why_world *world, const struct suggestion *suggestion, const struct question *question, struct judged *ret_judged,
               struct plan_index **ret_index, struct error *err)
{
    struct assembly *assembly = &world->tried[world->tried_count++];
    int status = assemble(world->source, suggestion, assembly, err);

    if (status == 0)
        status = index_new(assembly, ret_index, err);
    if (status == 0)
        plan_judge(*ret_index, question, ret_judged);
    return status;
}

static struct suggest_input input_of(const struct assembly *assembly, const struct plan_index *index, const struct suggest_request *request)
{
    return (struct suggest_input){assembly->policy, assembly->plan, index, &assembly->variables, request};
}

static int give_up(struct why_world *world, struct suggestion *suggestion, const char *text, struct error *err)
{
    *suggestion = (struct suggestion){.none = arena_string(world->assembly.policy->arena, text)};
    return suggestion->none ? 0 : error_memory(err);
}

/* *ret_is_done: nothing more is to be tried. */
static int settle_round(struct why_world *world, const struct assembly *now, const struct plan_index *index,
                        const struct question *question, struct judged *judged, const struct suggest_request *request,
                        struct suggestion *total, struct plan_index **ret_index, bool *ret_is_done, struct error *err)
{
    struct suggest_input input = input_of(now, index, request);
    struct suggestion more = {0};
    struct error refusal = ERROR_INIT;
    int status = suggest(world->assembly.policy->arena, &input, question, judged, &more, err);

    *ret_is_done = true;
    if (status < 0)
        return status;
    if (!suggest_join(total, &more))
        return total->none ? 0 : give_up(world, total, "no rule that was tried allows it", err);
    if (world->tried_count == WHY_ROUNDS)
        return give_up(world, total, "no rule that was tried allows it", err);
    status = try(world, total, question, judged, ret_index, &refusal);
    if (status < 0 && refusal.kind != ERROR_MEMORY)
        return give_up(world, total, refusal.text, err);
    if (status < 0)
        return error_memory(err);
    *ret_is_done = judged->judgement == JUDGED_ALLOWED || judged->judgement == JUDGED_DEPENDS;
    return 0;
}

int why_settle(struct why_world *world, const struct question *question, const struct suggest_request *request,
               struct suggestion *ret_suggestion, struct radius *ret_radius, struct error *err)
{
    const struct sensitive_places places = {world->assembly.variables.home, world->assembly.variables.workspace};
    const struct suggest_input first = input_of(&world->assembly, world->index, request);
    const struct assembly *now = &world->assembly;
    auto_plan_index struct plan_index *tried = NULL;
    struct suggestion total = {0};
    struct judged judged;
    bool is_done = false;
    int status = 0;

    plan_judge(world->index, question, &judged);
    while (status == 0 && !is_done) {
        struct plan_index *next = NULL;

        status = settle_round(world, now, tried ? tried : world->index, question, &judged, request, &total, &next, &is_done, err);
        if (next) {
            plan_index_free(tried);
            tried = next;
            now = &world->tried[world->tried_count - 1];
        }
    }
    if (status == 0)
        status = radius_look(world->assembly.policy->arena, &first, tried, &total, &places, ret_radius, err);
    if (status == 0)
        *ret_suggestion = total;
    return status;
}

int why_guess(struct why_world *world, const struct question *question, const struct judged *judged,
              struct suggestion *ret_suggestion, struct error *err)
{
    const struct suggest_input input = input_of(&world->assembly, world->index, NULL);

    return suggest(world->assembly.policy->arena, &input, question, judged, ret_suggestion, err);
}

/* the public functions */

static int answer(struct why_world *world, struct why_asked *asked, bool is_brief, enum cordon_format format, bool has_colour,
                  struct text *out, struct error *err)
{
    struct suggestion suggestion;
    struct radius radius;
    struct judged judged;
    struct why why = {.question = &asked->question, .judged = &judged};
    int status = why_complete(world, asked, err);

    if (status < 0)
        return status;
    plan_judge(world->index, &asked->question, &judged);
    if (!is_brief && judged.judgement != JUDGED_ALLOWED && judged.judgement != JUDGED_DEPENDS) {
        status = why_settle(world, &asked->question, NULL, &suggestion, &radius, err);
        why.suggestion = &suggestion;
        why.radius = &radius;
    }
    if (status == 0 && format == CORDON_JSON)
        why_print_json(out, &why);
    else if (status == 0)
        why_print_text(out, &why, has_colour);
    return status;
}

/* The caller's question in the form in which all are read, so that all are checked in one place. */
static int print_asked(struct text *out, const struct cordon_question *question, struct error *err)
{
    struct json json = JSON_INIT(out, 0);
    const struct {
        const char *name, *text;
    } rows[] = {
        {"operation", question->operation}, {"path", question->path},         {"second", question->second},
        {"program", question->program},     {"host", question->host},         {"protocol", question->protocol},
        {"syscall", question->syscall},     {"limit", question->limit},
    };

    json_begin_object(&json, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (!rows[i].text)
            continue;
        if (!utf8_is_valid(rows[i].text, strlen(rows[i].text)))
            return error_set(err, ERROR_INVALID, EINVAL, "question: %s: it is not UTF-8, and no document can name it", rows[i].name);
        json_add_string(&json, rows[i].name, rows[i].text);
    }
    if (question->port)
        json_add_uint(&json, "port", question->port);
    json_end(&json);
    return out->is_broken ? error_memory(err) : 0;
}

static int check_format(enum cordon_format format, struct error *err)
{
    return format == CORDON_TEXT || format == CORDON_JSON ? 0 : error_set(err, ERROR_INVALID, EINVAL, "unknown format %d", (int)format);
}

int cordon_why_supposed(const struct cordon_request *request, const struct cordon_question *question, uint32_t flags,
                        enum cordon_format format, char **ret_text, struct cordon_error *err)
{
    const struct why_source source = {.request = request};
    auto_why_world struct why_world world = {0};
    auto_text struct text out = {0}, line = {0};
    struct why_asked asked;
    int status = check_format(format, public_error(err));

    if (status == 0 && flags & ~CORDON_WHY_COLOUR)
        status = error_set(public_error(err), ERROR_INVALID, EINVAL, "unknown flags 0x%x", flags);
    if (status == 0)
        status = why_world_open(&source, &world, public_error(err));
    if (status < 0)
        return status;
    status = print_asked(&line, question, public_error(err));
    if (status == 0)
        status = why_read_question(world.assembly.policy->arena, line.data, line.length, world.assembly.cwd, &asked, public_error(err));
    if (status == 0)
        status = answer(&world, &asked, false, format, flags & CORDON_WHY_COLOUR, &out, public_error(err));
    return status < 0 ? status : text_take(&out, ret_text, public_error(err));
}

int cordon_why_questions(const struct cordon_request *request, const char *lines, size_t size, char **ret_text,
                         struct cordon_error *err)
{
    const struct why_source source = {.request = request};
    auto_why_world struct why_world world = {0};
    auto_text struct text out = {0};
    int status = why_world_open(&source, &world, public_error(err));
    const char *end = lines + size;

    for (unsigned number = 1; status == 0 && lines < end; number++) {
        const char *stop = memchr(lines, '\n', (size_t)(end - lines));
        size_t length = (size_t)((stop ? stop : end) - lines);
        struct why_asked asked;

        if (length > LINE_MAX_SIZE)
            status = error_set(public_error(err), ERROR_LIMIT, E2BIG, "question: longer than %zu bytes", LINE_MAX_SIZE);
        if (status == 0)
            status = why_read_question(world.assembly.policy->arena, lines, length, world.assembly.cwd, &asked, public_error(err));
        if (status == 0)
            status = answer(&world, &asked, true, CORDON_JSON, false, &out, public_error(err));
        if (status < 0)
            return error_prepend(public_error(err), "line %u", number), status;
        lines += length + 1;
    }
    if (status == 0)
        text_add(&out, "");
    return status < 0 ? status : text_take(&out, ret_text, public_error(err));
}
