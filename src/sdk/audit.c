/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log for programs: each call executes cordon-auditor, or cordon-verify, so that this library needs neither SQLite nor TLS. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "sdk/audit.h"
#include "sdk/daemon.h"
#include "sdk/helpers.h"
#include "sdk/places.h"
#include "sdk/request.h"
#include "sdk/tool.h"

#define ARGS_MAX    96
#define SYSTEM_LOG  "/var/lib/cordon/log"
#define TEXT_MAX_   ((size_t)64 << 20)

/* A call that is being put together. */
struct asking {
    int through; /* the daemon's log; 0 = none */
    struct arena *arena;
    struct places places;
    const char *log, *secret, *state;
    bool is_users; /* `through` is of the user's service */
    bool is_own; /* the caller's own log: its key is here */
    const char *argv[ARGS_MAX + 1];
    size_t count;
    bool is_broken; /* out of memory, or too many */
};

static void forget_daemon(struct asking *asking)
{
    if (asking->through)
        close(asking->through);
    asking->through = 0;
}

static void asking_finish(struct asking *asking)
{
    arena_free(asking->arena);
    forget_daemon(asking);
}

static void add(struct asking *asking, const char *option, const char *value)
{
    if (!value)
        return;
    if (asking->count + 2 > ARGS_MAX) {
        asking->is_broken = true;
        return;
    }
    asking->argv[asking->count++] = option;
    asking->argv[asking->count++] = value;
}

static void add_flag(struct asking *asking, const char *option, bool is_set)
{
    if (is_set && asking->count < ARGS_MAX)
        asking->argv[asking->count++] = option;
}

static void add_number(struct asking *asking, const char *option, uint64_t number)
{
    char *text = number ? arena_printf(asking->arena, "%" PRIu64, number) : NULL;

    asking->is_broken |= number && !text;
    add(asking, option, text);
}

static const char *below(struct asking *asking, const char *directory, const char *name)
{
    const char *path = arena_printf(asking->arena, "%s/%s", directory, name);

    asking->is_broken |= !path;
    return path;
}

/* Which log: the one that is named, the caller's own, the machine's. */
static void choose_log(struct asking *asking, const char *named)
{
    const char *own = below(asking, asking->places.state, "log");

    if (named)
        asking->log = arena_string(asking->arena, named);
    else if (own && access(own, F_OK) < 0 && access(SYSTEM_LOG, R_OK | X_OK) == 0)
        asking->log = SYSTEM_LOG;
    else
        asking->log = own;
    asking->is_own = own && asking->log && strcmp(own, asking->log) == 0;
    asking->secret = asking->log ? below(asking, asking->log, "private/key") : NULL;
    asking->is_broken |= !asking->log;
}

/* The verifier's key: the one that is given, else that which lies with the log. */
static void add_key(struct asking *asking, const struct cordon_audit_query *query)
{
    const char *file = asking->log ? arena_printf(asking->arena, "%s/key.pub", asking->log) : NULL;
    auto_free char *text = NULL;
    size_t size;

    if (query->key) {
        add(asking, "--verifier", query->key);
        return;
    }
    if (!file || file_read(file, 1024, &text, &size, NULL) < 0)
        return;
    text[strcspn(text, "\n")] = '\0';
    add(asking, "--verifier", arena_string(asking->arena, text));
}

static void add_query(struct asking *asking, const struct cordon_audit_query *query)
{
    add_key(asking, query);
    add(asking, "--actor", query->actor);
    add(asking, "--agent", query->agent);
    add(asking, "--user", query->user);
    add(asking, "--kind", query->kind);
    add(asking, "--object", query->object);
    add(asking, "--run", query->run);
    add_number(asking, "--since", query->since_ms * 1000);
    add_number(asking, "--before", query->before_ms * 1000);
    add_number(asking, "--first", query->first);
    add_number(asking, "--until", query->until);
    add_number(asking, "--limit", query->limit);
    add_flag(asking, "--whole", query->reads_all);
}

/* The index of each log in the cache, by its path. */
static void add_index(struct asking *asking)
{
    char *name = arena_printf(asking->arena, "audit%s.sqlite", asking->log ? asking->log : "");

    asking->is_broken |= !name;
    for (char *at = name; at && *at; at++)
        if (*at == '/')
            *at = '-';
    if (!asking->is_broken && file_make_directories(asking->places.cache, 0700, NULL) == 0)
        add(asking, "--index", below(asking, asking->places.cache, name));
}

/* The command with what all of them need. `query` may be NULL. */
static int begin(struct asking *asking, const char *command, const struct cordon_audit_query *query, enum cordon_format format, struct error *err)
{
    const char *program;
    int status;

    if (format != CORDON_TEXT && format != CORDON_JSON)
        return error_set(err, ERROR_INVALID, EINVAL, "unknown format %d", (int)format);
    asking->arena = arena_new();
    if (!asking->arena)
        return error_memory(err);
    status = places_find(asking->arena, (const char *const *)environ, &asking->places, err);
    if (status == 0)
        status = helpers_find_auditor(asking->arena, &asking->places, &program, err);
    if (status < 0)
        return status;
    choose_log(asking, query ? query->log : NULL);
    asking->argv[asking->count++] = program;
    asking->argv[asking->count++] = command;
    add_flag(asking, "--errors", true);
    add_flag(asking, "--json", format == CORDON_JSON);
    add(asking, "--log", asking->log);
    add(asking, "--keys", below(asking, asking->places.state, "audit-keys"));
    if (query)
        add_query(asking, query);
    return 0;
}

static int ask_daemon(struct asking *asking, struct error *err)
{
    int fd, status = daemon_ask_log(&fd, &asking->is_users, err);

    asking->through = status == 0 ? fd : 0;
    return status;
}

/* Commands that write a record of their own do it in the caller's own log, or through the daemon that writes it, or the machine's: of another log the key is not here. */
static void add_writer(struct asking *asking)
{
    const bool is_machines = asking->log && strcmp(asking->log, SYSTEM_LOG) == 0;

    if (!asking->is_own && !is_machines)
        return;
    if (asking->is_own)
        add(asking, "--secret", asking->secret);
    add(asking, "--machine", asking->places.state);
    if (ask_daemon(asking, NULL) == 0 && asking->is_users == is_machines)
        forget_daemon(asking); /* it has another log */
    add_number(asking, "--through", asking->through ? TOOL_GIVEN : 0);
}

static int run(struct asking *asking, tool_take_fn take, void *context, struct error *err)
{
    const struct tool tool = {asking->argv, take, context, asking->through};
    struct error said = ERROR_INIT;
    int exit_status, status;

    if (asking->is_broken)
        return error_memory(err);
    status = tool_run(&tool, &exit_status, &said, err);
    if (status < 0 || exit_status == 0 || exit_status == -1)
        return status;
    if (said.kind == ERROR_NONE)
        return error_set(err, ERROR_SYSTEM, EIO, "cordon-auditor ended with status %d", exit_status);
    if (err)
        *err = said;
    return said.errnum ? -said.errnum : -EINVAL;
}

static int gather(void *context, const char *text, size_t size)
{
    struct text *out = context;

    if (out->length + size > TEXT_MAX_)
        return 1;
    text_add_n(out, text, size);
    return 0;
}

static int run_text(struct asking *asking, char **ret_text, struct error *err)
{
    auto_text struct text text = {0};
    int status;

    text_add(&text, "");
    status = run(asking, gather, &text, err);
    return status < 0 ? status : text_take(&text, ret_text, err);
}

int cordon_audit_search(const struct cordon_audit_query *query, enum cordon_format format, cordon_audit_fn take, void *context,
                        struct cordon_error *public_err)
{
    struct asking asking cleanup_with(asking_finish) = {0};
    struct error *err = public_error(public_err);
    int status = begin(&asking, "search", query, format, err);

    if (status < 0)
        return status;
    add_index(&asking);
    return run(&asking, take, context, err);
}

int cordon_audit_tail(const struct cordon_audit_query *query, int follows, enum cordon_format format, cordon_audit_fn take, void *context,
                      struct cordon_error *public_err)
{
    struct asking asking cleanup_with(asking_finish) = {0};
    struct error *err = public_error(public_err);
    int status = begin(&asking, "tail", query, format, err);

    add_flag(&asking, "--follow", follows);
    return status < 0 ? status : run(&asking, take, context, err);
}

int cordon_audit_timeline(const struct cordon_audit_query *query, enum cordon_format format, cordon_audit_fn take, void *context,
                          struct cordon_error *public_err)
{
    struct asking asking cleanup_with(asking_finish) = {0};
    struct error *err = public_error(public_err);
    int status = begin(&asking, "timeline", query, format, err);

    if (status < 0)
        return status;
    add_index(&asking);
    return run(&asking, take, context, err);
}

int cordon_audit_export(const struct cordon_audit_query *query, const struct cordon_audit_export *export_to, cordon_audit_fn take, void *context,
                        struct cordon_error *public_err)
{
    struct asking asking cleanup_with(asking_finish) = {0};
    struct error *err = public_error(public_err);
    int status = begin(&asking, "export", query, CORDON_TEXT, err);

    if (status < 0)
        return status;
    add(&asking, "--format", export_to->form);
    add(&asking, "--url", export_to->url);
    add(&asking, "--state", export_to->state);
    add(&asking, "--authorities", export_to->authorities);
    for (size_t i = 0; export_to->headers && export_to->headers[i]; i++)
        add(&asking, "--header", export_to->headers[i]);
    return run(&asking, take, context, err);
}

int cordon_audit_prove(const struct cordon_audit_query *query, const char *record, char **ret_text, struct cordon_error *public_err)
{
    struct asking asking cleanup_with(asking_finish) = {0};
    struct error *err = public_error(public_err);
    int status = begin(&asking, "prove", query, CORDON_TEXT, err);

    if (status < 0)
        return status;
    add(&asking, "--id", record);
    add_index(&asking);
    return run_text(&asking, ret_text, err);
}

int cordon_audit_hold(const struct cordon_audit_query *query, const char *name, int is_release, enum cordon_format format, char **ret_text,
                      struct cordon_error *public_err)
{
    struct asking asking cleanup_with(asking_finish) = {0};
    struct error *err = public_error(public_err);
    int status = begin(&asking, "hold", query, format, err);

    if (status < 0)
        return status;
    add(&asking, "--name", name);
    add_flag(&asking, "--release", is_release);
    add_writer(&asking);
    return run_text(&asking, ret_text, err);
}

int cordon_audit_retain(const struct cordon_audit_query *query, const char *how_long, int is_applied, enum cordon_format format, char **ret_text,
                        struct cordon_error *public_err)
{
    struct asking asking cleanup_with(asking_finish) = {0};
    struct error *err = public_error(public_err);
    int status = begin(&asking, "retain", query, format, err);

    if (status < 0)
        return status;
    add(&asking, how_long && strspn(how_long, "0123456789") == strlen(how_long) ? "--days" : "--name", how_long);
    add_flag(&asking, "--apply", is_applied);
    add_writer(&asking);
    return run_text(&asking, ret_text, err);
}

int cordon_audit_retain_always(const struct cordon_audit_query *query, const char *how_long, enum cordon_format format, char **ret_text,
                               struct cordon_error *public_err)
{
    struct asking asking cleanup_with(asking_finish) = {0};
    struct error *err = public_error(public_err);
    int status = begin(&asking, "retain", query, format, err);

    if (status < 0)
        return status;
    add(&asking, how_long && strspn(how_long, "0123456789") == strlen(how_long) ? "--days" : "--name", how_long);
    add_flag(&asking, "--always", true);
    add_writer(&asking);
    return run_text(&asking, ret_text, err);
}

int cordon_audit_erase(const struct cordon_audit_query *query, const char *subject, enum cordon_format format, char **ret_text,
                       struct cordon_error *public_err)
{
    struct asking asking cleanup_with(asking_finish) = {0};
    struct error *err = public_error(public_err);
    int status = begin(&asking, "erase", query, format, err);

    if (status < 0)
        return status;
    add(&asking, "--subject", subject);
    add_writer(&asking);
    return run_text(&asking, ret_text, err);
}

int cordon_audit_record(const char *run_id, enum cordon_format format, char **ret_text, struct cordon_error *public_err)
{
    struct asking asking cleanup_with(asking_finish) = {0};
    const struct cordon_audit_query query = {.run = run_id};
    struct error *err = public_error(public_err);
    int status = begin(&asking, "record", &query, format, err);

    if (status < 0)
        return status;
    if (!asking.is_own)
        return error_set(err, ERROR_INTERNAL, EINVAL, "runs are written to the caller's own log alone");
    add(&asking, "--runs", asking.places.runs);
    add_writer(&asking);
    return run_text(&asking, ret_text, err);
}

int audit_tell_run(const char *run_id, unsigned first, struct error *err)
{
    struct asking asking cleanup_with(asking_finish) = {0};
    const struct cordon_audit_query query = {.run = run_id, .first = first};
    auto_text struct text text = {0};
    int status = begin(&asking, "record", &query, CORDON_JSON, err);

    if (status == 0)
        status = ask_daemon(&asking, err);
    if (status < 0)
        return status;
    add(&asking, "--runs", asking.places.runs);
    add(&asking, "--machine", asking.places.state);
    add_number(&asking, "--through", TOOL_GIVEN);
    return run(&asking, gather, &text, err);
}

int cordon_audit_verify(const struct cordon_audit_query *query, enum cordon_format format, char **ret_text, int *ret_verdict, struct cordon_error *public_err)
{
    struct asking asking cleanup_with(asking_finish) = {0};
    struct error *err = public_error(public_err), said = ERROR_INIT;
    auto_text struct text text = {0};
    struct tool tool = {asking.argv, gather, &text, 0};
    const char *program;
    int verdict, status = begin(&asking, "verify", query, format, err);

    if (status == 0)
        status = helpers_find_log_verifier(asking.arena, &asking.places, &program, err);
    if (status < 0)
        return status;
    memset(asking.argv, 0, sizeof(asking.argv));
    asking.count = 0;
    asking.argv[asking.count++] = program;
    asking.argv[asking.count++] = "log";
    add_flag(&asking, "--json", format == CORDON_JSON);
    add_key(&asking, query);
    if (asking.count > 2 && strcmp(asking.argv[asking.count - 2], "--verifier") == 0)
        asking.argv[asking.count - 2] = "--key";
    add_flag(&asking, asking.log ? asking.log : "", true);
    if (asking.is_broken)
        return error_memory(err);
    text_add(&text, "");
    status = tool_run(&tool, &verdict, &said, err);
    if (status == 0 && verdict != 0 && !text.length && said.kind != ERROR_NONE) {
        if (err)
            *err = said;
        return -EIO;
    }
    if (status == 0)
        status = text_take(&text, ret_text, err);
    if (status == 0)
        *ret_verdict = verdict;
    return status;
}
