/* SPDX-License-Identifier: Apache-2.0 */
/* Records of runs (cordon-event/1) as uses: equal ones of a run become one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "author/learn_parts.h"

int learn_input_new(struct learn_input **ret_input, struct error *err)
{
    struct arena *arena auto_arena = arena_new();
    struct learn_input *input = arena ? arena_alloc(arena, sizeof(*input)) : NULL;

    if (!input)
        return error_memory(err);
    input->texts = learn_texts_new(arena);
    if (!input->texts)
        return error_memory(err);
    input->arena = take_ptr(arena);
    *ret_input = input;
    return 0;
}

void learn_input_free(struct learn_input *input)
{
    if (!input)
        return;
    mem_free(input->uses); /* the rest, and the input itself, lie in its arena */
    arena_free(input->arena);
}

void learn_input_free_at(struct learn_input **input)
{
    learn_input_free(*input);
}

static int compare_texts(const char *a, const char *b)
{
    if (!a || !b)
        return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

static int compare_uses(const struct learn_use *a, const struct learn_use *b)
{
    const long long numbers[][2] = {
        {a->run, b->run},
        {a->operation, b->operation},
        {a->port, b->port},
        {a->is_refused, b->is_refused},
        {a->is_hidden, b->is_hidden},
        {a->is_missing, b->is_missing},
        {a->is_address, b->is_address},
        {a->is_private, b->is_private},
        {a->is_shut, b->is_shut},
        {a->is_name_only, b->is_name_only},
    };
    const char *const texts[][2] = {
        {a->path, b->path}, {a->named, b->named}, {a->second, b->second},     {a->host, b->host},
        {a->exe, b->exe},   {a->call, b->call},   {a->protocol, b->protocol}, {a->kind, b->kind},
        {a->text, b->text},
    };
    int order = 0;

    for (size_t i = 0; i < ARRAY_COUNT(numbers) && order == 0; i++)
        order = (numbers[i][0] > numbers[i][1]) - (numbers[i][0] < numbers[i][1]);
    for (size_t i = 0; i < ARRAY_COUNT(texts) && order == 0; i++)
        order = compare_texts(texts[i][0], texts[i][1]);
    return order;
}

static int compare_any_uses(const void *a, const void *b)
{
    return compare_uses(a, b);
}

/* Equal ones become one; sorted, so that the order in which they came means nothing. */
static void fold(struct learn_input *input)
{
    size_t kept = 0;

    if (input->count)
        qsort(input->uses, input->count, sizeof(*input->uses), compare_any_uses);
    for (size_t i = 0; i < input->count; i++)
        if (kept && compare_uses(&input->uses[kept - 1], &input->uses[i]) == 0)
            input->uses[kept - 1].count = learn_count_add(input->uses[kept - 1].count, input->uses[i].count);
        else
            input->uses[kept++] = input->uses[i];
    input->count = kept;
}

static int find_run(struct learn_input *input, const char *id, unsigned *ret_run, struct error *err)
{
    const char **added;

    for (size_t i = 0; i < input->run_count; i++)
        if (strcmp(input->runs[i], id) == 0) {
            *ret_run = (unsigned)i;
            return 0;
        }
    if (input->run_count == LEARN_RUNS_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "more than %d runs; learn from some, then from the others --into the policy",
                         LEARN_RUNS_MAX);
    if (input->seen_count == input->run_count && !arena_append(input->arena, input->seen, input->seen_count))
        return error_memory(err);
    added = arena_append(input->arena, input->runs, input->run_count);
    if (added)
        *added = arena_string(input->arena, id);
    if (!added || !*added)
        return error_memory(err);
    *ret_run = (unsigned)(input->run_count - 1);
    return 0;
}

static int copy_text(struct learn_input *input, const char *text, const char **ret_text, struct error *err)
{
    *ret_text = NULL;
    return text ? learn_text_keep(input->texts, text, ret_text, err) : 0;
}

uint64_t learn_count_add(uint64_t a, uint64_t b)
{
    uint64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* A path that is absolute; others say nothing without a place. */
static int copy_path(struct learn_input *input, const char *text, const char **ret_path, struct error *err)
{
    struct arena *work auto_arena = NULL;
    char *path;

    *ret_path = NULL;
    if (!text || text[0] != '/' || strlen(text) > PATH_LENGTH_MAX || path_has_dotdot(text))
        return 0;
    work = arena_new();
    path = work ? path_normalise(work, text) : NULL;
    return path ? copy_text(input, path, ret_path, err) : error_memory(err);
}

/* No policy can name it. */
static bool is_too_deep(const char *path)
{
    size_t depth = 0;

    for (; path && *path; path++)
        depth += *path == '/';
    return depth > PATH_DEPTH_MAX;
}

static bool is_cut(const struct event_record *record)
{
    const struct event_access *access = &record->access;

    return record->is_cut || is_too_deep(access->path) || is_too_deep(access->named) || is_too_deep(access->second);
}

static int read_access(struct learn_input *input, const struct event_access *access, struct learn_use *use, struct error *err)
{
    int r;

    use->operation = access->operation;
    use->is_refused = strcmp(access->type, "access.denied") == 0;
    use->is_hidden = access->is_hidden;
    use->is_shut = use->is_refused && access->rule && strstr(access->rule, "filesystem.deniedPaths");
    use->is_private = !use->is_refused && !access->outside;
    use->is_missing = use->is_refused && access->errnum == ENOENT && !access->is_hidden;
    use->count = access->count;
    r = copy_text(input, access->kind, &use->kind, err);
    if (r == 0)
        r = copy_path(input, access->path, &use->path, err);
    if (r == 0)
        r = copy_path(input, access->named, &use->named, err);
    if (r == 0)
        r = copy_path(input, access->second, &use->second, err);
    if (r == 0)
        r = copy_text(input, access->process.exe, &use->exe, err);
    if (r == 0)
        r = copy_text(input, access->call, &use->call, err);
    if (r == 0 && !use->path)
        use->path = use->named;
    if (r == 0 && !use->path)
        r = copy_text(input, access->path ?: access->named, &use->text, err);
    if (use->path && use->named && strcmp(use->path, use->named) == 0)
        use->named = NULL;
    return r;
}

static int read_network(struct learn_input *input, const struct event_network *network, struct learn_use *use, struct error *err)
{
    const char *host = network->name && *network->name ? network->name : network->address;
    int r;

    use->is_name_only = strcmp(network->type, "network.name-denied") == 0;
    use->is_refused = use->is_name_only || strcmp(network->type, "network.denied") == 0;
    if (!host || !*host || (!use->is_refused && strcmp(network->type, "network.connected") != 0))
        return 0;
    use->operation = OPERATION_CONNECT;
    use->is_address = host == network->address;
    use->port = network->port;
    r = copy_text(input, host, &use->host, err);
    if (r == 0)
        r = copy_text(input, network->protocol, &use->protocol, err);
    if (r == 0)
        r = copy_text(input, network->exe, &use->exe, err);
    return r;
}

/* Equal ones were only counted behind the first of them. `from`: where those of this reading begin, as they came. */
static void repeat_use(struct learn_input *input, size_t from, const struct event_record *record)
{
    size_t low = from, high = input->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (input->uses[middle].sequence < record->count.of_sequence)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < input->count && input->uses[low].sequence == record->count.of_sequence &&
        strcmp(input->runs[input->uses[low].run], record->run) == 0)
        input->uses[low].count = learn_count_add(input->uses[low].count, record->count.count);
}

/* Rules about ${workspace} are about one directory. */
static int read_started(struct learn_input *input, const struct event_record *record, struct error *err)
{
    const char *workspace = record->started.workspace;

    if (!workspace || !*workspace)
        return 0;
    if (input->workspace && strcmp(input->workspace, workspace) != 0)
        return error_set(err, ERROR_INVALID, EINVAL,
                         "run %s had the workspace %s, another had %s; learn from each alone, from the second --into the policy",
                         record->run, workspace, input->workspace);
    return copy_path(input, workspace, &input->workspace, err);
}

/* Folded in place, so the array is the input's own and not the arena's. */
static int add_use(struct learn_input *input, const struct learn_use *use, size_t *from, struct error *err)
{
    if (input->count == LEARN_USES_MAX) {
        fold(input);
        *from = input->count;
        /* With room for many more, or a file could have it folded for each of its lines. */
        if (input->count > LEARN_USES_MAX / 4 * 3)
            return error_set(err, ERROR_LIMIT, E2BIG, "more different uses than %d; learn from some of the runs",
                             LEARN_USES_MAX / 4 * 3);
    }
    if (input->count == input->room) {
        size_t room = input->room ? input->room * 2 : 64;
        struct learn_use *uses = mem_resize(input->uses, room * sizeof(*uses));

        if (!uses)
            return error_memory(err);
        input->uses = uses;
        input->room = room;
    }
    input->uses[input->count++] = *use;
    return 0;
}

/* Was it in a file that was read before this one? */
static bool was_read(struct learn_seen *seen, const struct event_record *record)
{
    seen->now = record->sequence > seen->now ? record->sequence : seen->now;
    return record->sequence <= seen->before;
}

static int read_record(struct learn_input *input, const struct event_record *record, size_t *from, struct error *err)
{
    struct learn_use use = {.sequence = record->sequence};
    int r = find_run(input, record->run, &use.run, err);

    if (r < 0 || was_read(&input->seen[use.run], record))
        return r;
    if (record->kind == RECORD_STARTED)
        r = read_started(input, record, err);
    else if (record->kind == RECORD_REPEATED)
        repeat_use(input, *from, record);
    else if (record->kind == RECORD_LOST || record->kind == RECORD_NETWORK_LOST)
        input->lost = learn_count_add(input->lost, record->count.count);
    else if (record->kind == RECORD_ACCESS)
        r = is_cut(record) ? 0 : read_access(input, &record->access, &use, err);
    else if (record->kind == RECORD_NETWORK)
        r = read_network(input, &record->network, &use, err);
    /* Of a name that was not recorded whole, or is too deep, nothing can be learned. */
    input->lost += record->kind == RECORD_ACCESS && is_cut(record);
    if (r < 0 || use.operation == OPERATION_NONE)
        return r;
    if (use.count == 0)
        use.count = 1;
    return add_use(input, &use, from, err);
}

int learn_input_read(struct learn_input *input, struct event_reader *reader, struct error *err)
{
    struct event_record record;
    size_t from = input->count;
    int r;

    for (size_t i = 0; i < input->run_count; i++)
        input->seen[i].before = input->seen[i].now;
    while ((r = event_reader_next(reader, &record, err)) > 0) {
        r = read_record(input, &record, &from, err);
        if (r < 0)
            return r;
    }
    if (r == 0)
        input->lost += event_reader_state(reader).damaged;
    fold(input);
    return r;
}
