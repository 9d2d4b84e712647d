/* SPDX-License-Identifier: Apache-2.0 */
/* Both directions of request_record.h; what a setter refuses at the door is refused here by the same setter. */
#include "sdk/request_record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/single_threaded.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "sdk/request.h"

_Static_assert(RLIM_NLIMITS <= ARRAY_COUNT(((struct request_process *)0)->limits), "all of them fit");

/* Asking for it changes it, which a thread of the caller's might see: then it is read where the kernel shows it, which takes longer. */
static void add_umask(struct protocol_out *out)
{
    char *text = NULL;
    unsigned mask = 022;
    size_t size;
    int status;

    if (__libc_single_threaded) {
        mask = umask(077);
        umask(mask);
        protocol_add_number(out, TAG_UMASK, mask);
        return;
    }
    status = file_read("/proc/self/status", (size_t)64 << 10, &text, &size, NULL);

    if (status == -ENOMEM)
        out->bytes.is_broken = true;
    if (status == 0) {
        const char *at = strstr(text, "\nUmask:");

        if (at)
            sscanf(at, "\nUmask: %o", &mask);
    }
    mem_free(text);
    protocol_add_number(out, TAG_UMASK, mask);
}

static void add_limits(struct protocol_out *out)
{
    for (unsigned resource = 0; resource < RLIM_NLIMITS; resource++) {
        struct rlimit limit;

        if (getrlimit(resource, &limit) == 0)
            protocol_add_bytes(out, TAG_RLIMIT, &(struct request_limit){resource, limit.rlim_cur, limit.rlim_max}, sizeof(struct request_limit));
    }
}

static void add_number(struct protocol_out *out, uint16_t tag, uint64_t value)
{
    if (value)
        protocol_add_number(out, tag, value);
}

static void add_documents(struct protocol_out *out, const struct cordon_request *request)
{
    for (size_t i = 0; i < request->policy_count; i++) {
        const struct request_policy *policy = &request->policies[i];

        protocol_add_text(out, TAG_POLICY_NAME, policy->name);
        if (policy->text)
            protocol_add_bytes(out, TAG_POLICY_TEXT, policy->text, policy->size);
    }
    protocol_add_text(out, TAG_PROFILE, request->profile);
    protocol_add_text(out, TAG_WORKSPACE, request->workspace);
    protocol_add_text(out, TAG_TIER, request->tier);
    for (size_t i = 0; i < request->member_count; i++)
        protocol_add_text(out, TAG_MEMBER, request->members[i]);
}

void request_write(struct protocol_out *out, const struct cordon_request *request)
{
    char *const *environment = request->environment ? request->environment : environ;

    protocol_begin(out, PROTOCOL_RECORD_REQUEST, 0);
    add_documents(out, request);
    for (size_t i = 0; request->argv && request->argv[i]; i++)
        protocol_add_text(out, TAG_ARG, request->argv[i]);
    for (size_t i = 0; environment && environment[i]; i++)
        protocol_add_text(out, TAG_ENVIRONMENT, environment[i]);
    add_number(out, TAG_TIMEOUT_MS, request->timeout_ms);
    add_number(out, TAG_OUTPUT_LIMIT, request->output_limit);
    if (request->is_tty) {
        protocol_add_number(out, TAG_HAS_TTY, 1);
        protocol_add_number(out, TAG_ROWS, request->rows);
        protocol_add_number(out, TAG_COLUMNS, request->columns);
    }
    add_number(out, TAG_WATCH, request->watch);
    add_number(out, TAG_ASK_MS, request->ask_ms);
    add_number(out, TAG_IS_LEARNING, request->is_learning);
    protocol_add_text(out, TAG_EVENTS_FILE, request->events_file);
    add_number(out, TAG_REVIEW, request->is_reviewed);
    protocol_add_text(out, TAG_REVIEW_DIRECTORY, request->review_directory);
    protocol_add_text(out, TAG_CWD, request->cwd);
    protocol_add_text(out, TAG_RESTART, request->restart);
    add_number(out, TAG_LEFT_MS, request->until.left_ms);
    add_number(out, TAG_UNTIL_MS, request->until.at_ms);
    add_umask(out);
    add_limits(out);
}

#define GROUPS_MAX 1024 /* as many as the launcher takes */

/* Groups and login uid: a keeper has those of its first client. */
static int add_process(unsigned char key[DIGEST_SIZE], struct error *err)
{
    static const char purpose[] = "cordon: one keeper for equal processes";
    struct {
        unsigned char key[DIGEST_SIZE];
        char login_uid[16];
        gid_t gid, groups[GROUPS_MAX];
    } like = {.gid = getegid()};
    auto_close int login = open("/proc/self/loginuid", O_RDONLY | O_CLOEXEC);
    int count = getgroups(GROUPS_MAX, like.groups);

    if (count < 0)
        return error_system(err, errno, "ask for this process's groups");
    memcpy(like.key, key, sizeof(like.key));
    if (login >= 0 && read(login, like.login_uid, sizeof(like.login_uid)) < 0)
        return error_system(err, errno, "read /proc/self/loginuid");
    digest_hmac(purpose, sizeof(purpose), &like, offsetof(__typeof__(like), groups) + (size_t)count * sizeof(gid_t), key);
    return 0;
}

int request_key(const struct cordon_request *request, unsigned char ret_key[DIGEST_SIZE], struct error *err)
{
    static const char purpose[] = "cordon: one keeper for equal requests";
    auto_protocol struct protocol_out out;
    int status;

    protocol_begin(&out, PROTOCOL_RECORD_REQUEST, 0);
    add_documents(&out, request);
    if (!request->workspace) {
        char cwd[PATH_MAX];

        protocol_add_text(&out, TAG_CWD, request->cwd ? request->cwd : getcwd(cwd, sizeof(cwd)) ? cwd : "");
    }
    add_number(&out, TAG_IS_LEARNING, request->is_learning);
    for (unsigned resource = 0; resource < RLIM_NLIMITS; resource++) {
        struct rlimit limit;

        if (getrlimit(resource, &limit) == 0)
            protocol_add_bytes(&out, TAG_RLIMIT, &(struct request_limit){resource, 0, limit.rlim_max}, sizeof(struct request_limit));
    }
    status = protocol_finish(&out, err);
    if (status == 0)
        digest_hmac(purpose, sizeof(purpose), out.bytes.data, out.bytes.length, ret_key);
    return status < 0 ? status : add_process(ret_key, err);
}

/* ---- reading ---- */

struct list {
    const char *items[CORDON_ARGS_MAX + 1];
    size_t count;
};

static int read_list(const struct protocol_message *message, uint16_t tag, struct list *list, struct error *err)
{
    struct protocol_field field;

    for (size_t at = 0; protocol_next(message, &at, &field);) {
        if (field.tag != tag)
            continue;
        if (list->count == CORDON_ARGS_MAX)
            return error_set(err, ERROR_LIMIT, E2BIG, "more than %d elements of a command or an environment", CORDON_ARGS_MAX);
        list->items[list->count++] = field.data;
    }
    list->items[list->count] = NULL;
    return 0;
}

static int read_command(const struct protocol_message *message, struct cordon_request *request, struct error *err)
{
    struct cordon_error *public = (struct cordon_error *)err;
    auto_free struct list *list = mem_alloc(sizeof(*list));
    int status;

    if (!list)
        return error_memory(err);
    status = read_list(message, TAG_ARG, list, err);
    if (status == 0 && list->count)
        status = cordon_request_set_command(request, list->items, public);
    list->count = 0;
    if (status == 0)
        status = read_list(message, TAG_ENVIRONMENT, list, err);
    return status < 0 ? status : cordon_request_set_environment(request, list->items, public);
}

/* A document's text follows its name; where there is none, the file is read when it is used. */
static int read_documents(const struct protocol_message *message, struct cordon_request *request, struct error *err)
{
    struct cordon_error *public = (struct cordon_error *)err;
    struct protocol_field field, next;
    int status = 0;

    for (size_t at = 0; status == 0 && protocol_next(message, &at, &field);) {
        size_t behind = at;

        if (field.tag == TAG_POLICY_NAME && protocol_next(message, &behind, &next) && next.tag == TAG_POLICY_TEXT)
            status = cordon_request_add_policy_text(request, field.data, next.data, next.size, public);
        else if (field.tag == TAG_POLICY_NAME)
            status = cordon_request_add_policy_file(request, field.data, public);
        else if (field.tag == TAG_MEMBER)
            status = cordon_request_set_member(request, field.data, public);
    }
    return status;
}

static int read_settings(const struct protocol_message *message, struct cordon_request *request, struct error *err)
{
    struct cordon_error *public = (struct cordon_error *)err;
    uint64_t rows = protocol_number(message, TAG_ROWS, 0), columns = protocol_number(message, TAG_COLUMNS, 0);
    const char *profile = protocol_text(message, TAG_PROFILE), *workspace = protocol_text(message, TAG_WORKSPACE);
    const char *tier = protocol_text(message, TAG_TIER), *events = protocol_text(message, TAG_EVENTS_FILE), *cwd = protocol_text(message, TAG_CWD);
    int status = 0;

    if (rows > USHRT_MAX || columns > USHRT_MAX)
        return error_set(err, ERROR_INVALID, ERANGE, "a terminal of more rows or columns than there can be");
    if (profile)
        status = cordon_request_set_profile(request, profile, public);
    if (status == 0 && workspace)
        status = cordon_request_set_workspace(request, workspace, public);
    if (status == 0 && cwd)
        status = cordon_request_set_directory(request, cwd, public);
    if (status == 0 && tier)
        status = cordon_request_set_tier(request, tier, public);
    if (status == 0 && events)
        status = cordon_request_set_events_file(request, events, public);
    if (status == 0)
        status = cordon_request_set_timeout_ms(request, protocol_number(message, TAG_TIMEOUT_MS, 0), public);
    if (status == 0)
        status = cordon_request_set_output_limit(request, protocol_number(message, TAG_OUTPUT_LIMIT, 0), public);
    if (status == 0 && protocol_number(message, TAG_HAS_TTY, 0))
        status = cordon_request_set_tty(request, (unsigned short)rows, (unsigned short)columns, public);
    if (status == 0)
        status = cordon_request_set_restart(request, protocol_text(message, TAG_RESTART), public);
    if (status == 0)
        status = cordon_request_set_watch(request, (enum cordon_watch)protocol_number(message, TAG_WATCH, 0), public);
    if (status == 0)
        status = cordon_request_set_ask(request, protocol_number(message, TAG_ASK_MS, 0), public);
    if (status == 0 && protocol_number(message, TAG_REVIEW, 0))
        status = cordon_request_set_review(request, protocol_text(message, TAG_REVIEW_DIRECTORY), public);
    return status;
}

static void request_free_at(struct cordon_request **request)
{
    cordon_request_free(*request);
}

int request_read(const struct protocol_message *message, struct cordon_request **ret_request, struct error *err)
{
    cleanup_with(request_free_at) struct cordon_request *request = NULL;
    int status = cordon_request_new(&request, (struct cordon_error *)err);

    if (status == 0)
        status = read_documents(message, request, err);
    if (status == 0)
        status = read_command(message, request, err);
    if (status == 0)
        status = read_settings(message, request, err);
    if (status < 0)
        return status;
    for (int i = 0; i < 3; i++)
        request->stdio[i] = CORDON_STDIO_NULL;
    request->daemon = DAEMON_HERE;
    request->is_learning = protocol_number(message, TAG_IS_LEARNING, 0) != 0;
    *ret_request = take_ptr(request);
    return 0;
}

int request_read_process(const struct protocol_message *message, struct request_process *ret_process, struct error *err)
{
    struct request_process process = {.umask = (unsigned)protocol_number(message, TAG_UMASK, 022) & 0777};
    struct protocol_field field;

    for (size_t at = 0; protocol_next(message, &at, &field);) {
        if (field.tag != TAG_RLIMIT)
            continue;
        if (process.limit_count == ARRAY_COUNT(process.limits) || field.size != sizeof(process.limits[0]))
            return error_set(err, ERROR_INVALID, EPROTO, "limits that no process has");
        memcpy(&process.limits[process.limit_count++], field.data, field.size);
    }
    *ret_process = process;
    return 0;
}
