/* SPDX-License-Identifier: Apache-2.0 */
/* Building a request: copies, bounds, nothing is opened. */
#include "sdk/request.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "sdk/keeping.h"

_Static_assert(sizeof(struct cordon_error) == sizeof(struct error), "one value, two names");
_Static_assert(offsetof(struct cordon_error, errnum) == offsetof(struct error, errnum), "errnum");
_Static_assert(offsetof(struct cordon_error, text) == offsetof(struct error, text), "text");
_Static_assert((int)CORDON_ERROR_SCHEMA == (int)ERROR_SCHEMA, "kinds");
_Static_assert((int)CORDON_ERROR_NOT_EXECUTABLE == (int)ERROR_NOT_EXECUTABLE, "kinds");

#define ARGUMENT_BYTES_MAX ((size_t)2 << 20) /* of a command or an environment, together */
#define CAPTURE_MAX        ((size_t)256 << 20)
#define TIMEOUT_MAX_MS     (366ull * 24 * 3600 * 1000)
#define POLICY_BYTES_MAX   ((size_t)1 << 20)

int cordon_request_new(struct cordon_request **ret_request, struct cordon_error *err)
{
    struct cordon_request *request = mem_alloc(sizeof(*request));

    if (!request)
        return error_memory(public_error(err));
    for (int i = 0; i < 3; i++)
        request->stdio[i] = CORDON_STDIO_INHERIT;
    request->cancel_fd = request->events_fd = request->launcher_fd = request->sensor_fd = -1;
    *ret_request = request;
    return 0;
}

static void strings_free(char **strings)
{
    for (size_t i = 0; strings && strings[i]; i++)
        mem_free(strings[i]);
    mem_free(strings);
}

static void strings_free_at(char ***strings)
{
    strings_free(*strings);
}

void cordon_request_free(struct cordon_request *request)
{
    if (!request)
        return;
    for (size_t i = 0; i < request->policy_count; i++) {
        mem_free(request->policies[i].name);
        mem_free(request->policies[i].text);
    }
    for (size_t i = 0; i < request->member_count; i++)
        mem_free(request->members[i]);
    mem_free(request->profile);
    mem_free(request->workspace);
    mem_free(request->tier);
    mem_free(request->name);
    mem_free(request->restart);
    mem_free(request->review_directory);
    mem_free(request->events_file);
    mem_free(request->cwd);
    mem_free(request->logical_cwd);
    strings_free(request->argv);
    strings_free(request->environment);
    mem_free(request);
}

/* Replace *slot by a copy of `value`; NULL takes it back. */
static int replace_string(char **slot, const char *what, const char *value, struct error *err)
{
    char *copy = NULL;

    if (value && !*value)
        return error_set(err, ERROR_INVALID, EINVAL, "%s: empty", what);
    if (value) {
        copy = mem_string(value);
        if (!copy)
            return error_memory(err);
    }
    mem_free(*slot);
    *slot = copy;
    return 0;
}

static int replace_strings(char ***slot, const char *what, const char *const *values,
                           struct error *err)
{
    __attribute__((cleanup(strings_free_at))) char **copy = NULL;
    size_t count = 0, bytes = 0;

    while (values[count]) {
        bytes += strlen(values[count]) + 1;
        if (++count > CORDON_ARGS_MAX || bytes > ARGUMENT_BYTES_MAX)
            return error_set(err, ERROR_LIMIT, E2BIG, "%s: more than %d elements or %zu bytes",
                             what, CORDON_ARGS_MAX, ARGUMENT_BYTES_MAX);
    }
    copy = mem_alloc((count + 1) * sizeof(*copy));
    if (!copy)
        return error_memory(err);
    for (size_t i = 0; i < count; i++) {
        copy[i] = mem_string(values[i]);
        if (!copy[i])
            return error_memory(err);
    }
    strings_free(*slot);
    *slot = take_ptr(copy);
    return 0;
}

static int request_add_policy(struct cordon_request *request, const char *name, const char *text,
                              size_t size, struct error *err)
{
    auto_free char *name_copy = NULL, *text_copy = NULL;
    struct request_policy *policy;

    if (!name || !*name)
        return error_set(err, ERROR_INVALID, EINVAL, "policy: empty name");
    if (request->profile)
        return error_set(err, ERROR_INVALID, EINVAL,
                         "a policy document and a profile: write 'extends: [%s]' in the document",
                         request->profile);
    if (request->policy_count == CORDON_POLICIES_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "more than %d policy documents",
                         CORDON_POLICIES_MAX);
    if (text && size > POLICY_BYTES_MAX)
        return error_set(err, ERROR_LIMIT, EFBIG, "%s: more than %zu bytes", name,
                         POLICY_BYTES_MAX);
    name_copy = mem_string(name);
    if (!name_copy)
        return error_memory(err);
    if (text) {
        text_copy = mem_alloc(size + 1);
        if (!text_copy)
            return error_memory(err);
        memcpy(text_copy, text, size);
    }
    policy = &request->policies[request->policy_count++];
    policy->name = take_ptr(name_copy);
    policy->text = take_ptr(text_copy);
    policy->size = size;
    return 0;
}

int cordon_request_add_policy_file(struct cordon_request *request, const char *path,
                                   struct cordon_error *err)
{
    return request_add_policy(request, path, NULL, 0, public_error(err));
}

int cordon_request_add_policy_text(struct cordon_request *request, const char *name,
                                   const char *text, size_t size, struct cordon_error *err)
{
    return request_add_policy(request, name, text ? text : "", text ? size : 0, public_error(err));
}

int cordon_request_set_profile(struct cordon_request *request, const char *profile,
                               struct cordon_error *err)
{
    if (profile && request->policy_count)
        return error_set(public_error(err), ERROR_INVALID, EINVAL,
                         "a policy document and a profile: write 'extends: [%s]' in the document",
                         profile);
    return replace_string(&request->profile, "profile", profile, public_error(err));
}

int cordon_request_set_workspace(struct cordon_request *request, const char *directory,
                                 struct cordon_error *err)
{
    return replace_string(&request->workspace, "workspace", directory, public_error(err));
}

int cordon_request_set_directory(struct cordon_request *request, const char *directory, struct cordon_error *err)
{
    int status;

    if (directory && directory[0] != '/')
        return error_set(public_error(err), ERROR_INVALID, EINVAL, "directory %s: give an absolute path", directory);
    status = replace_string(&request->cwd, "directory", directory, public_error(err));
    return status < 0 ? status : replace_string(&request->logical_cwd, "directory", directory, public_error(err));
}

int cordon_request_set_name(struct cordon_request *request, const char *name, struct cordon_error *err)
{
    return replace_string(&request->name, "name", name, public_error(err));
}

int cordon_request_set_tier(struct cordon_request *request, const char *tier,
                            struct cordon_error *err)
{
    if (tier && strcmp(tier, "auto") == 0)
        tier = NULL;
    return replace_string(&request->tier, "tier", tier, public_error(err));
}

int cordon_request_set_member(struct cordon_request *request, const char *assignment,
                              struct cordon_error *err)
{
    char *copy;

    if (!assignment || !strchr(assignment, '=') || assignment[0] == '=')
        return error_set(public_error(err), ERROR_INVALID, EINVAL,
                         "setting '%s': write MEMBER=VALUE, as in resources.memory=512MiB",
                         assignment ? assignment : "");
    if (request->member_count == CORDON_MEMBERS_MAX)
        return error_set(public_error(err), ERROR_LIMIT, E2BIG, "more than %d settings",
                         CORDON_MEMBERS_MAX);
    copy = mem_string(assignment);
    if (!copy)
        return error_memory(public_error(err));
    request->members[request->member_count++] = copy;
    return 0;
}

int cordon_request_set_command(struct cordon_request *request, const char *const *argv,
                               struct cordon_error *err)
{
    if (!argv || !argv[0] || !argv[0][0])
        return error_set(public_error(err), ERROR_INVALID, EINVAL, "the command is empty");
    return replace_strings(&request->argv, "the command", argv, public_error(err));
}

int cordon_request_set_environment(struct cordon_request *request, const char *const *environment,
                                   struct cordon_error *err)
{
    if (!environment) {
        strings_free(take_ptr(request->environment));
        return 0;
    }
    return replace_strings(&request->environment, "the environment", environment,
                           public_error(err));
}

int cordon_request_set_timeout_ms(struct cordon_request *request, uint64_t timeout_ms,
                                  struct cordon_error *err)
{
    if (timeout_ms > TIMEOUT_MAX_MS)
        return error_set(public_error(err), ERROR_INVALID, ERANGE, "timeout: more than 366 days");
    request->timeout_ms = timeout_ms;
    return 0;
}

int cordon_request_set_output_limit(struct cordon_request *request, uint64_t bytes,
                                    struct cordon_error *err)
{
    request->output_limit = bytes;
    return 0;
}

int cordon_request_set_stdio(struct cordon_request *request, int stdin_fd, int stdout_fd,
                             int stderr_fd, struct cordon_error *err)
{
    const int fds[3] = {stdin_fd, stdout_fd, stderr_fd};

    for (int i = 0; i < 3; i++)
        if (fds[i] < CORDON_STDIO_INHERIT || (fds[i] >= 0 && fcntl(fds[i], F_GETFD) < 0))
            return error_set(public_error(err), ERROR_INVALID, EBADF,
                             "standard stream %d: descriptor %d is not open", i, fds[i]);
    memcpy(request->stdio, fds, sizeof(fds));
    return 0;
}

int cordon_request_set_tty(struct cordon_request *request, unsigned short rows,
                           unsigned short columns, struct cordon_error *err)
{
    if (!rows != !columns)
        return error_set(public_error(err), ERROR_INVALID, EINVAL,
                         "a terminal of %u rows and %u columns", rows, columns);
    request->is_tty = rows != 0;
    request->rows = rows;
    request->columns = columns;
    return 0;
}

int cordon_request_set_capture(struct cordon_request *request, size_t stdout_max, size_t stderr_max,
                               struct cordon_error *err)
{
    const size_t most[2] = {stdout_max, stderr_max};

    for (int i = 0; i < 2; i++)
        if (most[i] != SIZE_MAX && most[i] > CAPTURE_MAX)
            return error_set(public_error(err), ERROR_LIMIT, ERANGE,
                             "capture: at most %zu bytes each", CAPTURE_MAX);
    for (int i = 0; i < 2; i++) {
        request->captures[i] = most[i] != SIZE_MAX;
        request->capture_max[i] = request->captures[i] ? most[i] : 0;
    }
    return 0;
}

int cordon_request_keep_fd(struct cordon_request *request, int fd, struct cordon_error *err)
{
    size_t at;

    if (fd < 3 || fd > 1023)
        return error_set(public_error(err), ERROR_INVALID, EBADF,
                         "descriptor %d: only 3 to 1023 can be kept", fd);
    if (fcntl(fd, F_GETFD) < 0)
        return error_set(public_error(err), ERROR_INVALID, EBADF, "descriptor %d is not open", fd);
    for (size_t i = 0; i < request->fd_count; i++)
        if (request->fds[i] == fd)
            return 0;
    if (request->fd_count == CORDON_FDS_MAX)
        return error_set(public_error(err), ERROR_LIMIT, E2BIG, "more than %d kept descriptors",
                         CORDON_FDS_MAX);
    at = request->fd_count++;
    for (; at > 0 && request->fds[at - 1] > fd; at--) /* a tier takes them in ascending order */
        request->fds[at] = request->fds[at - 1];
    request->fds[at] = fd;
    return 0;
}

int cordon_request_set_cancel_fd(struct cordon_request *request, int fd, struct cordon_error *err)
{
    if (fd < -1 || (fd >= 0 && fcntl(fd, F_GETFD) < 0))
        return error_set(public_error(err), ERROR_INVALID, EBADF,
                         "giving up: descriptor %d is not open", fd);
    request->cancel_fd = fd;
    return 0;
}

int cordon_request_set_launcher(struct cordon_request *request, int fd, struct cordon_error *err)
{
    if (fd < -1 || (fd >= 0 && fcntl(fd, F_GETFD) < 0))
        return error_set(public_error(err), ERROR_INVALID, EBADF, "the launcher: descriptor %d is not open", fd);
    request->launcher_fd = fd;
    return 0;
}

int cordon_request_set_sensor(struct cordon_request *request, int fd, struct cordon_error *err)
{
    if (fd < -1 || (fd >= 0 && fcntl(fd, F_GETFD) < 0))
        return error_set(public_error(err), ERROR_INVALID, EBADF, "the sensor: descriptor %d is not open", fd);
    request->sensor_fd = fd;
    return 0;
}

void request_set_recorder(struct cordon_request *request, const struct event_recorder *recorder)
{
    request->recorder = recorder;
}

void request_set_service(struct cordon_request *request, enum service_of of)
{
    request->service = of;
}

void request_set_signer(struct cordon_request *request, struct signer_link *link)
{
    request->signer = link;
}

int cordon_request_set_events_fd(struct cordon_request *request, int fd, struct cordon_error *err)
{
    if (fd < 0 || fcntl(fd, F_GETFD) < 0)
        return error_set(public_error(err), ERROR_INVALID, EBADF,
                         "events: descriptor %d is not open", fd);
    mem_free(take_ptr(request->events_file));
    request->events_fd = fd;
    return 0;
}

int cordon_request_set_events_file(struct cordon_request *request, const char *path,
                                   struct cordon_error *err)
{
    int status = replace_string(&request->events_file, "events file", path, public_error(err));

    if (status == 0)
        request->events_fd = -1;
    return status;
}

int cordon_request_set_watch(struct cordon_request *request, enum cordon_watch watch, struct cordon_error *err)
{
    if (watch != CORDON_WATCH_REFUSED && watch != CORDON_WATCH_HIDDEN && watch != CORDON_WATCH_FULL)
        return error_set(public_error(err), ERROR_INVALID, EINVAL,
                         "watch %d: 0 (what is refused), 2 (what is hidden, too) and 1 (all that is used) are known", (int)watch);
    request->watch = watch;
    return 0;
}

int cordon_parse_duration(const char *text, uint64_t *ret_ms, struct cordon_error *err)
{
    return number_parse_duration(text, ret_ms, public_error(err));
}

static int copy_texts(const struct cordon_request *from, struct cordon_request *to, struct error *err)
{
    const struct {
        char **slot;
        const char *what, *value;
    } texts[] = {{&to->profile, "profile", from->profile}, {&to->workspace, "workspace", from->workspace},
                 {&to->tier, "tier", from->tier},          {&to->cwd, "directory", from->cwd},
                 {&to->logical_cwd, "directory", from->logical_cwd}};
    int status = 0;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && status == 0; i++)
        status = replace_string(texts[i].slot, texts[i].what, texts[i].value, err);
    return status;
}

int request_copy_container(const struct cordon_request *request, struct cordon_request **ret_copy, struct error *err)
{
    struct cordon_error *public = (struct cordon_error *)err;
    struct cordon_request *copy = NULL;
    int status = cordon_request_new(&copy, public);

    for (size_t i = 0; i < request->policy_count && status == 0; i++) {
        const struct request_policy *policy = &request->policies[i];

        status = request_add_policy(copy, policy->name, policy->text, policy->size, err);
        if (status == 0)
            copy->policies[i].is_file = policy->is_file;
    }
    for (size_t i = 0; i < request->member_count && status == 0; i++)
        status = cordon_request_set_member(copy, request->members[i], public);
    if (status == 0)
        status = copy_texts(request, copy, err);
    if (status == 0)
        copy->launcher_fd = request->launcher_fd, copy->recorder = request->recorder, copy->service = request->service;
    if (status == 0 && request->environment)
        status = cordon_request_set_environment(copy, (const char *const *)request->environment, public);
    if (status < 0)
        cordon_request_free(copy);
    else
        *ret_copy = copy;
    return status;
}

static bool texts_are_same(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) == 0 : one == other;
}

static bool policies_are_same(const struct request_policy *one, const struct request_policy *other)
{
    return texts_are_same(one->name, other->name) && one->is_file == other->is_file && !one->text == !other->text &&
           (!one->text || (one->size == other->size && memcmp(one->text, other->text, one->size) == 0));
}

bool request_is_same_container(const struct cordon_request *one, const struct cordon_request *other)
{
    if (one->policy_count != other->policy_count || one->member_count != other->member_count || one->launcher_fd != other->launcher_fd ||
        one->is_learning != other->is_learning || one->is_reviewed != other->is_reviewed)
        return false;
    for (size_t i = 0; i < one->policy_count; i++)
        if (!policies_are_same(&one->policies[i], &other->policies[i]))
            return false;
    for (size_t i = 0; i < one->member_count; i++)
        if (strcmp(one->members[i], other->members[i]) != 0)
            return false;
    return texts_are_same(one->profile, other->profile) && texts_are_same(one->workspace, other->workspace) &&
           texts_are_same(one->tier, other->tier) && texts_are_same(one->cwd, other->cwd) &&
           texts_are_same(one->logical_cwd, other->logical_cwd) && texts_are_same(one->events_file, other->events_file);
}
