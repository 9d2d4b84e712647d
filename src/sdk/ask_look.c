/* SPDX-License-Identifier: Apache-2.0 */
/* From a call that waits to a question: which file of the host that is, whether somebody may be asked, and in which words. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/kernel/syscalls.h"
#include "base/path.h"
#include "sdk/container.h"

#define OPENED_WITH (O_ACCMODE | O_APPEND | O_TRUNC | O_SYNC | O_DSYNC)

/* A question has to stand on a small screen with all of it in sight. */
#define PATH_SHOWN  600 /* of a file with a longer one nobody is asked */
#define NAME_BEGIN  100 /* of what the program chose freely so much is shown, */
#define NAME_END    50  /* and so much of its end */

void ask_free(struct ask *ask)
{
    if (!ask)
        return;
    fd_close_at(&ask->object);
    arena_free(ask->arena);
}

void ask_free_at(struct ask **ask)
{
    ask_free(*ask);
}

static int flags_of(const struct tier_access *access)
{
#ifdef __x86_64__
    if (access->call == __NR_open)
        return (int)access->args[1];
    if (access->call == __NR_creat)
        return O_CREAT | O_WRONLY | O_TRUNC;
#endif
    return access->call == __NR_openat ? (int)access->args[2] : -1;
}

static const char *copy(struct arena *arena, const char *text, bool *is_broken)
{
    const char *copied = text ? arena_string(arena, text) : NULL;

    *is_broken |= text && !copied;
    return copied;
}

/* What told_access() needs of it, should it be denied later. */
static int access_copy(struct arena *arena, const struct tier_access *from, struct tier_access *to, struct error *err)
{
    bool is_broken = false;

    *to = *from;
    to->ask = 0;
    to->named = copy(arena, from->named, &is_broken);
    to->path = copy(arena, from->path, &is_broken);
    to->second_named = to->second = NULL;
    to->process.exe = copy(arena, from->process.exe, &is_broken);
    to->process.command_line =
        from->process.command_line ? arena_string_n(arena, from->process.command_line, from->process.command_line_size) : NULL;
    is_broken |= from->process.command_line && !to->process.command_line;
    for (size_t i = 0; i < from->parent_count; i++)
        to->parents[i].exe = copy(arena, from->parents[i].exe, &is_broken);
    return is_broken ? error_memory(err) : 0;
}

const char *asks_file(const struct assembly *assembly, struct arena *arena, const char *file)
{
    return !file || file[0] == '/' ? file : path_join(arena, assembly->cwd, file);
}

/* Cordon's own places, and what decides about this run: whatever a rule would say. */
static bool is_own(const struct assembly *assembly, struct arena *arena, const char *path, const struct stat *object)
{
    const struct places *places = &assembly->places;
    const char *const directories[] = {places->config, places->cache, places->state, places->helpers};
    const char *files[CORDON_POLICIES_MAX + 2] = {places->library, assembly->events_file};
    char real[PATH_MAX];
    struct stat st;

    for (size_t i = 0; i < ARRAY_COUNT(directories); i++)
        if (directories[i] && (path_is_within(path, directories[i]) || (realpath(directories[i], real) && path_is_within(path, real))))
            return true;
    for (size_t i = 0; i < assembly->document_count; i++)
        files[2 + i] = asks_file(assembly, arena, assembly->documents[i].document->file);
    for (size_t i = 0; i < ARRAY_COUNT(files); i++)
        if (files[i] && stat(files[i], &st) == 0 && st.st_dev == object->st_dev && st.st_ino == object->st_ino)
            return true;
    return false;
}

/*
 * The object that the name means on the host, held so that it stays this one. A file with several names is none that can be
 * asked about: a rule may mean it by another. 1 = found, 0 = there is none.
 */
static int find_object(const struct plan_index *index, struct ask *ask, struct stat *ret_stat, struct error *err)
{
    char outside[PATH_MAX], link[64], path[PATH_MAX];
    const char *inside = ask->access.path;
    ssize_t length;

    if (!inside || inside[0] != '/' || strlen(inside) >= PATH_MAX)
        return 0;
    ask->object = open(plan_path_outside(index, inside, outside) ? outside : inside,
                       O_PATH | O_CLOEXEC | (flags_of(&ask->access) & O_NOFOLLOW));
    if (ask->object < 0 || fstat(ask->object, ret_stat) < 0 || !S_ISREG(ret_stat->st_mode) || ret_stat->st_nlink != 1)
        return 0;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", ask->object);
    length = readlink(link, path, sizeof(path) - 1);
    if (length <= 0 || length > PATH_SHOWN || path[0] != '/')
        return 0;
    path[length] = '\0';
    ask->path = arena_string(ask->arena, path);
    return ask->path ? 1 : error_memory(err);
}

static struct question question_of(const struct plan_index *index, const struct ask *ask, const char *outside, char inside[PATH_MAX])
{
    return (struct question){
        .operation = ask->operation,
        .path = plan_path_inside(index, outside, inside) ? inside : outside,
        .exists = true,
        .exe = ask->access.process.exe,
    };
}

/* By where it is, and by how it was named, if that is another name. */
static int find_rule(const struct cordon_container *container, struct ask *ask, struct error *err)
{
    const struct assembly *assembly = &container->assembly;
    const struct plan_index *index = container->denials.index;
    const struct suggest_input input = {assembly->policy, assembly->plan, index, &assembly->variables, NULL};
    char inside[PATH_MAX];
    struct question question = question_of(index, ask, ask->path, inside);
    struct askable other;
    int status = askable_judge(ask->arena, &input, &question, ask->path, &ask->rule, err);

    if (status < 0 || ask->rule.none || strcmp(ask->access.path, question.path) == 0)
        return status;
    status = askable_judge(ask->arena, &input, &question, ask->access.path, &other, err);
    if (status == 0 && other.none && !other.member && strcmp(other.none, "no rule about this one file would allow it") != 0)
        ask->rule.none = other.none;
    return status;
}

int asks_try(const struct cordon_container *container, const struct ask *ask, struct error *err)
{
    const struct tier_exact exact = {ask->object, ask->path, ask->flags & ~O_TRUNC};
    auto_close int fd = -1;

    return container->assembly.ops->open_exact(&exact, &fd, err);
}

static const char *operation_words(const struct ask *ask)
{
    if (ask->operation == OPERATION_READ)
        return "read";
    if (ask->flags & O_TRUNC)
        return "empty and write";
    return (ask->flags & O_ACCMODE) == O_WRONLY ? "write" : "read and write";
}

/* Without blanks in a row, which could move what follows to where a line of Cordon's own would stand. */
static void add_shown(struct text *out, const char *bytes, size_t length)
{
    for (size_t i = 0, end; i < length; i = end) {
        bool is_blank = bytes[i] == ' ';

        for (end = i + 1; end < length && (bytes[end] == ' ') == is_blank;)
            end++;
        if (!is_blank || end - i == 1)
            text_add_safe_n(out, bytes + i, end - i);
        else
            text_printf(out, " (%zu blanks) ", end - i);
    }
}

void asks_add_name(struct text *out, const char *name)
{
    size_t length = strlen(name);

    if (length <= NAME_BEGIN + NAME_END) {
        add_shown(out, name, length);
        return;
    }
    add_shown(out, name, NAME_BEGIN);
    text_printf(out, " (%zu bytes) ", length - NAME_BEGIN - NAME_END);
    add_shown(out, name + length - NAME_END, NAME_END);
}

int asks_settle_text(struct ask *ask, const struct text *text, struct error *err)
{
    ask->text = text->is_broken ? NULL : arena_string(ask->arena, text->data);
    return ask->text ? 0 : error_memory(err);
}

/* What comes with the rule beside what was asked for. */
static void add_reach(struct text *out, const struct ask *ask)
{
    struct stat st = {0};

    text_add(out, "\nopens  this one file");
    if (fstat(ask->object, &st) == 0)
        text_printf(out, " (%lld bytes, mode %04o)", (long long)st.st_size, (unsigned)st.st_mode & 07777);
    text_add(out, ask->operation == OPERATION_READ ? ", to read; nothing beside it" : ", to read and change; nothing beside it");
    if (ask->operation == OPERATION_WRITE && st.st_mode & 0111)
        text_add(out, "\n       it can be executed: whoever runs it outside runs what the program wrote");
}

/* A line each, safe to show: what a program chose comes last in its line. */
static int say(struct ask *ask, struct error *err)
{
    auto_text struct text text = {0};

    text_printf(&text, "the program wants to %s this file:\n  ", operation_words(ask));
    add_shown(&text, ask->path, strlen(ask->path));
    if (ask->access.named && strcmp(ask->access.named, ask->path) != 0) {
        text_add(&text, "\nnamed  ");
        asks_add_name(&text, ask->access.named);
    }
    text_printf(&text, "\nby     process %u, ", ask->access.process.pid);
    asks_add_name(&text, ask->access.process.exe ? ask->access.process.exe : "a program that is not known");
    text_printf(&text, "\nrule   %s: ", ask->rule.member);
    text_add_safe(&text, ask->rule.value);
    add_reach(&text, ask);
    text_add(&text, "\n");
    return asks_settle_text(ask, &text, err);
}

int asks_settle_digest(struct ask *ask, const char *kind, struct error *err)
{
    auto_text struct text text = {0};

    text_printf(&text, "cordon-question/1\n%s\n%s\n", operation_name(ask->operation), kind);
    text_add(&text, ask->path);
    text_add_n(&text, "", 1);
    text_add(&text, ask->access.process.exe ? ask->access.process.exe : "");
    if (text.is_broken)
        return error_memory(err);
    digest_text(text.data, text.length, ask->digest);
    return 0;
}

static int ask_new(const struct tier_access *access, struct ask **ret_ask, struct error *err)
{
    struct arena *arena auto_arena = arena_new();
    struct ask *ask = arena ? arena_alloc(arena, sizeof(*ask)) : NULL;
    int status = ask ? access_copy(arena, access, &ask->access, err) : error_memory(err);

    if (status < 0)
        return status;
    ask->access.ask = access->ask;
    ask->object = -1;
    ask->flags = flags_of(access) & OPENED_WITH;
    ask->operation = (ask->flags & O_ACCMODE) == O_RDONLY && !(ask->flags & O_TRUNC) ? OPERATION_READ : OPERATION_WRITE;
    ask->arena = take_ptr(arena);
    *ret_ask = ask;
    return 0;
}

int asks_find(const struct cordon_container *container, const struct tier_access *access, struct ask **ret_ask, struct error *err)
{
    struct ask *ask auto_ask = NULL;
    char kind[64]; /* how, and the very file */
    struct stat st;
    int status;

    *ret_ask = NULL;
    if (flags_of(access) < 0)
        return 0;
    status = ask_new(access, &ask, err);
    if (status == 0)
        status = find_object(container->denials.index, ask, &st, err);
    if (status <= 0)
        return status;
    ask->is_own = is_own(&container->assembly, ask->arena, ask->path, &st);
    snprintf(kind, sizeof(kind), "%d\n%llu:%llu", ask->flags, (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
    status = asks_settle_digest(ask, kind, err);
    if (status == 0)
        *ret_ask = take_ptr(ask);
    return status;
}

int asks_judge(const struct cordon_container *container, struct ask *ask, struct error *err)
{
    int status;

    if (ask->is_own)
        return 0;
    if (ask->operation == OPERATION_WRITE && container->assembly.plan->is_reviewed)
        return 0; /* what it changes waits for a review; this would not */
    status = find_rule(container, ask, err);
    if (status < 0 || ask->rule.none || asks_try(container, ask, NULL) < 0)
        return status;
    status = say(ask, err);
    return status < 0 ? status : 1;
}
