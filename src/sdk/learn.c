/* SPDX-License-Identifier: Apache-2.0 */
/* Learning from records of the store and from files of events, into a new policy or into one that is there. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "author/author.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "event/read.h"
#include "sdk/learn_home.h"
#include "sdk/places.h"
#include "sdk/request.h"

#define POLICY_SIZE_MAX (1024 * 1024)

extern char **environ;

static bool exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static const char *const *environment_of(const struct cordon_request *request)
{
    return request->environment ? (const char *const *)request->environment : (const char *const *)environ;
}

static int write_confinement(const struct cordon_request *request, const char *const *hosts, uint32_t flags, char **ret_text,
                             struct error *err)
{
    struct arena *arena auto_arena = arena_new();
    struct learn_confining confining = {.hosts = hosts, .records_hosts = flags & CORDON_LEARN_RECORD_HOSTS, .exists = exists};
    struct places places = {0};
    int r;

    if (!arena)
        return error_memory(err);
    r = places_find_caller(arena, environment_of(request), &places, err);
    confining.home = places.home;
    if (r == 0 && flags & CORDON_LEARN_READ_HOME)
        r = learn_home_list(arena, places.home, request->workspace, &confining.readable, err);
    return r < 0 ? r : learn_confinement(&confining, ret_text, err);
}

int cordon_request_set_learning(struct cordon_request *request, const char *const *hosts, uint32_t flags, struct cordon_error *err)
{
    char *text auto_free = NULL;
    int r;

    if (flags & ~(CORDON_LEARN_IN_PLACE | CORDON_LEARN_RECORD_HOSTS | CORDON_LEARN_READ_HOME))
        return error_set(public_error(err), ERROR_INVALID, EINVAL, "unknown flags 0x%x", flags);
    r = write_confinement(request, hosts, flags, &text, public_error(err));
    if (r == 0)
        r = cordon_request_add_policy_text(request, "learn", text, strlen(text), err);
    if (r == 0)
        r = cordon_request_set_watch(request, CORDON_WATCH_FULL, err);
    if (r == 0 && !(flags & CORDON_LEARN_IN_PLACE) && !request->is_reviewed)
        r = cordon_request_set_review(request, NULL, err);
    if (r == 0)
        request->is_learning = true;
    return r;
}

/* A record that somebody else wrote would have rules of theirs learned as ours. */
static int check_owner(int fd, const char *name, struct error *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return error_system(err, errno, "events %s", name);
    if (st.st_uid != geteuid())
        return error_set(err, ERROR_FORBIDDEN, EPERM, "events %s belong to uid %u, not to you: look at them, then copy them", name,
                         (unsigned)st.st_uid);
    if (S_ISREG(st.st_mode) && st.st_mode & 022)
        return error_set(err, ERROR_FORBIDDEN, EPERM, "events %s are writable by others: look at them, then chmod go-w", name);
    return 0;
}

static int open_reader(struct run_store **store, const char *runs, const char *run, struct event_reader **ret_reader,
                       struct error *err)
{
    const char *id;
    int r;

    if (strchr(run, '/')) {
        auto_close int fd = -1;

        r = event_file_open(run, &fd, err);
        if (r == 0)
            r = check_owner(fd, run, err);
        return r < 0 ? r : event_reader_new(take_fd(fd), NULL, ret_reader, err);
    }
    r = *store ? 0 : run_store_open(runs, store, err);
    if (r == 0)
        r = run_store_find(*store, run, &id, err);
    return r < 0 ? r : run_store_read(*store, id, ret_reader, err);
}

static int read_runs(struct learn_input *input, const char *places_runs, const char *const *runs, struct error *err)
{
    struct run_store *store auto_run_store = NULL;

    for (size_t i = 0; runs[i]; i++) {
        struct event_reader *reader auto_event_reader = NULL;
        int r = open_reader(&store, places_runs, runs[i], &reader, err);

        if (r == 0)
            r = learn_input_read(input, reader, err);
        if (r < 0)
            return error_prepend(err, "learn from %s", runs[i]);
    }
    return 0;
}

/* The file as it is now, NULL = there is none. */
static int read_policy(const char *path, char **ret_text, size_t *ret_size, struct error *err)
{
    struct error failure = ERROR_INIT;
    int r = file_read(path, POLICY_SIZE_MAX, ret_text, ret_size, &failure);

    if (r == -ENOENT) {
        *ret_text = NULL;
        return 0;
    }
    if (r < 0 && err)
        *err = failure;
    return r;
}

/* Nobody's work of the moments since it was read is lost. */
static int write_policy(const char *path, const char *before, const char *after, struct error *err)
{
    char *now auto_free = NULL;
    size_t size;
    int r = read_policy(path, &now, &size, err);

    if (r < 0)
        return r;
    if (!before != !now || (before && strcmp(before, now) != 0))
        return error_set(err, ERROR_SYSTEM, EAGAIN, "%s was changed meanwhile; learn again", path);
    if (before && strcmp(before, after) == 0)
        return 0;
    return file_replace(path, after, strlen(after), err);
}

static int learn_into(const struct learned *learned, const char *path, char **ret_text, struct learn_merge *ret_merge,
                      struct error *err)
{
    char *before auto_free = NULL, *after auto_free = NULL;
    size_t size;
    int r = read_policy(path, &before, &size, err);

    if (r == 0 && before)
        r = learned_merge(learned, path, before, size, &after, ret_merge, err);
    else if (r == 0)
        r = learned_write(learned, &after, err);
    ret_merge->had_document = before != NULL;
    if (r == 0)
        r = write_policy(path, before, after, err);
    if (r == 0)
        *ret_text = take_ptr(after);
    return r;
}

static int learn(const struct cordon_request *request, const char *const *runs, const char *into, uint32_t flags,
                 char **ret_policy, char **ret_summary, struct error *err)
{
    const char *const *environment = environment_of(request);
    struct arena *arena auto_arena = arena_new();
    struct learn_input *input auto_learn_input = NULL;
    struct learned *learned auto_learned = NULL;
    struct learn_merge merge = {0};
    char *policy auto_free = NULL, *text auto_free = NULL, *notes auto_free = NULL;
    struct learn_options options = {.takes_denied_hosts = flags & CORDON_LEARN_DENIED_HOSTS};
    struct places places = {0};
    int r;

    if (!arena)
        return error_memory(err);
    r = places_find_caller(arena, environment, &places, err);
    if (r == 0)
        r = learn_input_new(&input, err);
    if (r == 0)
        r = read_runs(input, places.runs, runs, err);
    if (r < 0)
        return r;
    options.places = (struct learn_places){.home = places.home,
                                           .user = places.user,
                                           .workspace = input->workspace,
                                           .caller_path = environment_get(environment, "PATH")};
    r = learn_policy(input, &options, &learned, err);
    if (r == 0)
        r = into ? learn_into(learned, into, &policy, &merge, err) : learned_write(learned, &policy, err);
    notes = merge.notes;
    if (r == 0)
        r = flags & CORDON_LEARN_JSON ? learned_json(learned, merge.had_document ? &merge : NULL, policy, &text, err)
                                      : learned_summary(learned, merge.had_document ? &merge : NULL, &text, err);
    if (r < 0)
        return r;
    if (ret_summary)
        *ret_summary = take_ptr(text);
    *ret_policy = take_ptr(policy);
    return 0;
}

int cordon_learn(const struct cordon_request *request, const char *const *runs, const char *into, uint32_t flags,
                 char **ret_policy, char **ret_summary, struct cordon_error *err)
{
    struct error *failure = public_error(err);

    if (flags & ~(CORDON_LEARN_DENIED_HOSTS | CORDON_LEARN_JSON))
        return error_set(failure, ERROR_INVALID, EINVAL, "unknown flags 0x%x", flags);
    if (!runs || !runs[0])
        return error_set(failure, ERROR_INVALID, EINVAL, "no run to learn from");
    if (into && !*into)
        return error_set(failure, ERROR_INVALID, EINVAL, "the name of the policy is empty");
    return learn(request, runs, into, flags, ret_policy, ret_summary, failure);
}
