/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets in the plan: where a value comes from, where its placeholder stands, whom it is sent to. Values are read by who
 * starts the container; here one of a variable of the caller is only looked at, and compared with what the program is given.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/owner.h"
#include "policy/compile/compile.h"
#include "policy/model/secrets.h"

bool secrets_have_variable(const struct compile *c, const char *name, size_t length)
{
    for (size_t i = 0; i < c->effective.secret_count; i++) {
        const struct secret *secret = &c->effective.secrets[i];

        if (!secret->file && strlen(secret->name) == length && strncmp(secret->name, name, length) == 0)
            return true;
    }
    return false;
}

/* ---- before the layout ---- */

/* A denial like those of documents, so that the file's other names (hard links) are looked for too. */
static int deny_file(struct compile *c, const struct resolved *object, const struct origin *origin, struct error *err)
{
    struct document *layer = NULL;
    struct path_rule *rule;

    for (size_t i = 0; i < c->real.layer_count; i++)
        if (c->real.layers[i]->kind == LAYER_REQUEST)
            layer = c->real.layers[i];
    rule = layer ? arena_append(c->work, layer->paths, layer->path_count) : NULL;
    if (!rule)
        return error_memory(err);
    *rule = (struct path_rule){.kind = PATH_DENIED, .path = object->real, .origin = *origin};
    return objects_add_point(c, object, true, err);
}

/* Looking at a policy needs nobody's secrets: what the start would refuse for want of a value is said, and the rest is looked at. */
static int printf_like(4, 5)
    lacks_value(struct compile *c, const struct secret *secret, struct error *err, const char *format, ...)
{
    char what[ERROR_TEXT_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    return c->collects ? compile_warning(c, &secret->source_origin, err, "%s; a start without it is refused", what)
                       : compile_problem(c, ERROR_UNENFORCEABLE, &secret->source_origin, err, "%s", what);
}

/* Whoever may read the file needs no placeholder. 1 = nobody inside may; 0 = it is a problem, and was collected. */
static int check_hidden(struct compile *c, const struct secret *secret, const struct resolved *object, struct error *err)
{
    const struct origin *why = NULL;
    const char *where;

    if (!guards_is_exposed(c, object->real))
        return 1;
    policy_access(&c->real, object->real, &why);
    where = why ? origin_text(c->work, why) : "a view";
    return !where ? error_memory(err)
                  : compile_problem(c, ERROR_FORBIDDEN, &secret->source_origin, err,
                                    "%s can be read inside (%.150s), so the program would see the value; deny it there, or "
                                    "move it", secret->text, where);
}

static int guard_file(struct compile *c, const struct secret *secret, struct error *err)
{
    const struct origin *origin = &secret->source_origin;
    const char *refusal, *fault;
    struct resolved object;
    int r = resolve_path(c->resolver, secret->text, &object, err);

    if (r == 0 && object.status == RESOLVE_MISSING) {
        r = check_hidden(c, secret, &object, err);
        return r <= 0 ? r : lacks_value(c, secret, err, "there is no file %s: write the value into it, and chmod 600 it", secret->text);
    }
    if (r < 0)
        return r;
    if (object.status != RESOLVE_FOUND || !S_ISREG(object.mode))
        return compile_problem(c, ERROR_UNENFORCEABLE, origin, err, "%s is not a file that the caller can read", secret->text);
    refusal = resolve_refusal(c->work, c->facts, &object, false);
    if (refusal)
        return compile_problem(c, ERROR_FORBIDDEN, origin, err, "%s cannot be read: %s", secret->text, refusal);
    r = check_hidden(c, secret, &object, err);
    if (r <= 0)
        return r;
    fault = owner_secret_fault(object.uid, object.mode, c->facts->uid);
    if (fault)
        return compile_problem(c, ERROR_FORBIDDEN, origin, err, "%s %s", secret->text, fault);
    return deny_file(c, &object, origin, err);
}

int secrets_guard(struct compile *c, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < c->effective.secret_count && r == 0; i++)
        if (c->effective.secrets[i].source == SECRET_FILE)
            r = guard_file(c, &c->effective.secrets[i], err);
    return r;
}

static int want_file(struct compile *c, const struct secret *secret, struct error *err)
{
    struct layout_want want = {
        .state = LAYOUT_FILE, .content = PLAN_PLACEHOLDER, .source = "(placeholder)", .origin = &secret->file_origin};
    const struct origin *why = NULL;
    int r = placed_target(c, secret->file, &want.path, err);

    if (r < 0)
        return r;
    if (path_is_within(want.path, "/proc") || path_is_within(want.path, "/dev") || path_is_within(want.path, "/sys"))
        return compile_problem(c, ERROR_UNENFORCEABLE, want.origin, err, "%s: no file of this container can be there; choose another "
                                                                         "place", secret->file);
    if (objects_access(c, want.path, &why) == ACCESS_DENIED && why)
        return compile_problem(c, ERROR_INVALID, want.origin, err, "%s is denied; choose another place", secret->file);
    r = placed_is_there(c, want.path, false, &want.is_there, err);
    return r < 0 ? r : layout_want(c->layout, &want, err);
}

int secrets_want_files(struct compile *c, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < c->effective.secret_count && r == 0; i++)
        if (c->effective.secrets[i].file)
            r = want_file(c, &c->effective.secrets[i], err);
    return r;
}

/* ---- hosts ---- */

static int check_host(struct compile *c, const struct string_item *host, struct error *err)
{
    if (!c->net_rules || net_decide_name(c->net_rules, host->text).verdict != NET_PERMIT)
        return compile_problem(c, ERROR_INVALID, &host->origin, err,
                               "no rule lets %s be reached: add it to network.egress.allow, with 'tls: terminate'", host->text);
    /* nobody sees where the placeholder stands otherwise */
    if (!net_rules_open_tls_to(c->net_rules, host->text))
        return compile_problem(c, ERROR_INVALID, &host->origin, err,
                               "no rule about %s has 'tls: terminate', so nobody could put the value in: add it there", host->text);
    return 0;
}

/* ---- sources ---- */

static const char *value_of(const char *const *environment, const char *name)
{
    size_t length = strlen(name);

    for (; environment && *environment; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            return *environment + length + 1;
    return NULL;
}

/* The same value under another name, or as a part of it, would be seen. */
static int check_variable(struct compile *c, const struct secret *secret, struct error *err)
{
    const char *value = value_of(c->options->caller_env, secret->text), *fault;
    size_t length;
    int r = 0;

    if (!value || !*value)
        return lacks_value(c, secret, err, "the caller has no variable %s, or it is empty: export it before the start",
                           secret->text);
    length = net_secret_value_length(value, strlen(value));
    fault = net_secret_value_fault(value, length);
    if (fault)
        return compile_problem(c, ERROR_UNENFORCEABLE, &secret->source_origin, err, "the value of %s %s", secret->text, fault);
    for (size_t i = 0; i < c->plan->env_count && r == 0; i++) {
        const char *entry = c->plan->env[i], *given = strchr(entry, '=') + 1;

        if (memmem(given, strlen(given), value, length) || value_of((const char *const[]){entry, NULL}, secret->text))
            r = compile_problem(c, ERROR_FORBIDDEN, &secret->source_origin, err,
                                "variable %.*s of the program has the value of %s, so it would see it; take it out of environment",
                                (int)strcspn(entry, "="), entry, secret->text);
    }
    return r;
}

/* In the caller's PATH, where the name has no slash. */
static int find_command(struct compile *c, const struct secret *secret, struct resolved *ret_object, struct error *err)
{
    const char *name = secret->command[0], *at = c->options->caller_path;

    if (name[0] == '/')
        return resolve_path(c->resolver, name, ret_object, err);
    *ret_object = (struct resolved){.status = RESOLVE_MISSING};
    for (; at && *at; at += strcspn(at, ":"), at += strspn(at, ":")) {
        char *directory = arena_string_n(c->work, at, strcspn(at, ":"));
        const char *path = directory && *directory == '/' ? path_join(c->work, directory, name) : "";
        int r;

        path = path && *path ? path_normalise(c->work, path) : path;
        if (!directory || !path)
            return error_memory(err);
        if (!*path)
            continue;
        r = resolve_path(c->resolver, path, ret_object, err);
        if (r < 0 || (ret_object->status == RESOLVE_FOUND && S_ISREG(ret_object->mode) && (ret_object->mode & 0111)))
            return r;
        ret_object->status = RESOLVE_MISSING;
    }
    return 0;
}

/* Of an argument it is not known what the program does with it: what is a file that could be written inside is taken for one. */
static int check_arguments(struct compile *c, const struct secret *secret, struct error *err)
{
    int r = 0;

    for (size_t i = 1; i < secret->command_count && r == 0; i++) {
        const char *path = secret->command[i][0] == '/' ? path_normalise(c->work, secret->command[i]) : "";
        struct resolved object;

        if (!path)
            return error_memory(err);
        if (!*path || strlen(path) > PATH_LENGTH_MAX)
            continue;
        r = resolve_path(c->resolver, path, &object, err);
        if (r == 0 && object.status == RESOLVE_FOUND)
            r = outside_check(c, &object, &secret->source_origin, err);
    }
    return r;
}

static int add_command(struct compile *c, const struct secret *secret, struct plan_secret *slot, struct error *err)
{
    struct resolved object;
    int r = find_command(c, secret, &object, err);

    if (r < 0)
        return r;
    if (object.status != RESOLVE_FOUND || !S_ISREG(object.mode) || !(object.mode & 0111))
        return compile_problem(c, ERROR_UNENFORCEABLE, &secret->source_origin, err, "there is no program %s: install it, or name its file",
                               secret->command[0]);
    r = outside_check(c, &object, &secret->source_origin, err);
    if (r == 0)
        r = check_arguments(c, secret, err);
    if (r < 0)
        return r;
    slot->command = arena_alloc(c->arena, (secret->command_count + 1) * sizeof(*slot->command));
    for (size_t i = 0; slot->command && i < secret->command_count; i++)
        if (!(slot->command[i] = arena_string(c->arena, i ? secret->command[i] : object.given)))
            return error_memory(err);
    return slot->command ? 0 : error_memory(err);
}

static int add_source(struct compile *c, const struct secret *secret, struct plan_secret *slot, struct error *err)
{
    const char *text = secret->text;
    struct resolved object;
    int r = 0;

    slot->source = secret->source;
    switch (secret->source) {
    case SECRET_COMMAND:
        return add_command(c, secret, slot, err);
    case SECRET_ENV:
        r = check_variable(c, secret, err);
        break;
    case SECRET_FILE:
        r = resolve_path(c->resolver, text, &object, err);
        if (r == 0 && object.status == RESOLVE_FOUND)
            r = outside_check(c, &object, &secret->source_origin, err);
        text = object.real;
        slot->device = object.device;
        slot->inode = object.inode;
        break;
    default:
        break;
    }
    if (r < 0)
        return r;
    slot->text = arena_string(c->arena, text);
    return slot->text ? 0 : error_memory(err);
}

/* ---- into the plan ---- */

static int copy_hosts(struct compile *c, const struct secret *secret, struct plan_secret *slot)
{
    slot->hosts = arena_alloc(c->arena, secret->hosts.count * sizeof(*slot->hosts));
    slot->fields = arena_alloc(c->arena, secret->field_count * sizeof(*slot->fields));
    if (!slot->hosts || !slot->fields)
        return -ENOMEM;
    for (size_t i = 0; i < secret->hosts.count; i++)
        if (!(slot->hosts[slot->host_count++] = arena_string(c->arena, secret->hosts.items[i].text)))
            return -ENOMEM;
    for (size_t i = 0; i < secret->field_count; i++) {
        slot->fields[i] = (struct net_secret_field){secret->fields[i].place, arena_string(c->arena, secret->fields[i].field)};
        if (!slot->fields[i].field)
            return -ENOMEM;
    }
    slot->field_count = secret->field_count;
    return 0;
}

static int add_texts(struct compile *c, const struct secret *secret, struct plan_secret *slot, struct error *err)
{
    const char *file = NULL;
    int r = secret->file ? placed_target(c, secret->file, &file, err) : 0;

    if (r < 0)
        return r;
    slot->name = arena_string(c->arena, secret->name);
    slot->prefix = arena_string(c->arena, secret->prefix ? secret->prefix : "");
    slot->where = origin_text(c->arena, &secret->origin);
    slot->file = file ? arena_string(c->arena, file) : NULL;
    slot->variable = file ? NULL : slot->name;
    if (!slot->name || !slot->prefix || !slot->where || (file && !slot->file) || copy_hosts(c, secret, slot) < 0)
        return error_memory(err);
    return compile_origin(c, &secret->origin, &slot->origin, err);
}

static int add_secret(struct compile *c, const struct secret *secret, struct error *err)
{
    struct plan_secret *slot = arena_append(c->arena, c->plan->secrets, c->plan->secret_count);
    int r = slot ? add_texts(c, secret, slot, err) : error_memory(err);

    for (size_t i = 0; i < secret->hosts.count && r == 0; i++)
        r = check_host(c, &secret->hosts.items[i], err);
    return r < 0 ? r : add_source(c, secret, slot, err);
}

/* What a request asks for and another layer takes away. */
static int say_taken(struct compile *c, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < c->policy->layer_count; i++) {
        const struct document *layer = c->policy->layers[i];

        for (size_t j = 0; layer->kind == LAYER_REQUEST && j < layer->secrets.count; j++) {
            const struct secret *secret = &layer->secrets.items[j];

            for (size_t k = 0; k < secret->hosts.count && r == 0; k++)
                if (!policy_permits_secret(c->policy, secret, secret->hosts.items[k].text))
                    r = compile_warning(c, &secret->hosts.items[k].origin, err, "secret %s is not sent to %s: another layer does not "
                                                                                "permit it", secret->name, secret->hosts.items[k].text);
        }
    }
    return r;
}

int secrets_add(struct compile *c, struct error *err)
{
    int r = say_taken(c, err);

    for (size_t i = 0; i < c->effective.secret_count && r == 0; i++)
        r = add_secret(c, &c->effective.secrets[i], err);
    return r;
}

/* ---- afterwards ---- */

static int put_variable(struct plan *plan, const struct plan_secret *secret, const char *placeholder, struct error *err)
{
    size_t origin_count = plan->env_count;
    const struct origin **origin = arena_append(plan->arena, plan->env_origins, origin_count);
    const char **slot = arena_append(plan->arena, plan->env, plan->env_count);
    const char **end;

    if (slot)
        *slot = arena_printf(plan->arena, "%s=%s", secret->variable, placeholder);
    end = slot && *slot ? arena_append(plan->arena, plan->env, plan->env_count) : NULL;
    if (!origin || !end)
        return error_memory(err);
    plan->env_count--;
    *origin = secret->origin;
    return 0;
}

int plan_put_placeholder(struct plan *plan, size_t number, const char *placeholder, struct error *err)
{
    const struct plan_secret *secret = &plan->secrets[number];
    const char *text;

    if (secret->variable)
        return put_variable(plan, secret, placeholder, err);
    text = arena_string(plan->arena, placeholder);
    if (!text)
        return error_memory(err);
    for (size_t i = 0; i < plan->mount_count; i++)
        if (plan->mounts[i].content == PLAN_PLACEHOLDER && strcmp(plan->mounts[i].target, secret->file) == 0) {
            plan->mounts[i].source = text;
            return 0;
        }
    return error_set(err, ERROR_INTERNAL, ENOENT, "the plan has no file %s for the placeholder of %s", secret->file, secret->name);
}
