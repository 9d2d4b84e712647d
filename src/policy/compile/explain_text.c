/* SPDX-License-Identifier: Apache-2.0 */
/* The plan for people: one line an entry, grouped, what comes from outside made safe to print. */
#include <errno.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "policy/compile/explain.h"
#include "policy/policy.h"

#define OBJECT_COLUMNS     44 /* what is not a file */
#define OBJECT_COLUMNS_MAX 64 /* longer names push the rest of their line to the right */
#define ACCESS_COLUMNS     12
#define MECHANISM_COLUMNS  22
#define LINE_COLUMNS       118

static void pad(struct text *out, size_t start, size_t columns)
{
    size_t used = out->length - start;

    text_add(out, "  ");
    for (used += 2; used < columns; used++)
        text_add(out, " ");
}

static void add_origin(struct text *out, const struct origin *origin)
{
    if (!origin || !origin->member)
        return;
    if (origin->file) {
        text_add_safe(out, origin->file);
        text_printf(out, origin->line ? ":%u: " : ": ", origin->line);
    } else if (origin->layer) {
        text_add_safe(out, origin->layer);
        text_add(out, ": ");
    }
    text_add_safe(out, origin->member);
}

static void add_mechanisms(struct text *out, enum mechanism first, enum mechanism behind)
{
    if (first == BY_NOTHING)
        return;
    text_add(out, mechanism_name(first));
    if (behind != BY_NOTHING)
        text_printf(out, ", then %s", mechanism_name(behind));
}

/* Blanks at the end of a line are of no use to anybody. */
static void end_line(struct text *out)
{
    while (!out->is_broken && out->length && out->data[out->length - 1] == ' ')
        out->data[--out->length] = '\0';
    text_add(out, "\n");
}

static void add_heading(struct text *out, const char *heading)
{
    text_printf(out, "\n%s\n", heading);
}

/* "  object  verdict  first, then behind  origin", of which `object` is there already. */
static void add_verdict(struct text *out, const char *verdict, enum mechanism first,
                        enum mechanism behind, const struct origin *origin)
{
    size_t start = out->length;

    text_add(out, verdict);
    pad(out, start, ACCESS_COLUMNS);
    start = out->length;
    add_mechanisms(out, first, behind);
    pad(out, start, MECHANISM_COLUMNS);
    add_origin(out, origin);
    end_line(out);
}

static const char *access_word(const struct plan_mount *mount)
{
    switch (mount->kind) {
    case PLAN_BIND:
        if (mount->is_device)
            return "device";
        if (mount->is_socket)
            return "socket";
        return mount->is_writable ? "read-write" : "read-only";
    case PLAN_PIN:
        return "pinned";
    case PLAN_MASK:
        return "denied";
    case PLAN_SYMLINK:
        return "link";
    case PLAN_DIRECTORY:
        return "denied"; /* with something granted below */
    case PLAN_PRIVATE:
    case PLAN_PROC:
    case PLAN_DEV:
        return "private";
    }
    return "unknown";
}

/* A bare parent of what follows. */
static bool is_scaffold(const struct plan_mount *mount)
{
    return mount->kind == PLAN_DIRECTORY && !mount->origin;
}

/* What stands between target and source, NULL when the source goes without saying. */
static const char *arrow_of(const struct plan_mount *mount)
{
    if (mount->kind == PLAN_SYMLINK)
        return " -> ";
    return mount->source && strcmp(mount->source, mount->target) != 0 ? " = " : NULL;
}

static size_t object_columns(const struct plan *plan)
{
    size_t widest = OBJECT_COLUMNS;

    for (size_t i = 0; i < plan->mount_count; i++) {
        const struct plan_mount *mount = &plan->mounts[i];
        const char *arrow = arrow_of(mount);
        size_t width = 4 + strlen(mount->target);

        if (arrow)
            width += strlen(arrow) + strlen(mount->source);
        if (!is_scaffold(mount) && width > widest && width <= OBJECT_COLUMNS_MAX)
            widest = width;
    }
    return widest;
}

static void add_mount(struct text *out, const struct plan_mount *mount, size_t columns)
{
    const char *arrow = arrow_of(mount);
    size_t start = out->length;

    if (is_scaffold(mount))
        return;
    text_add(out, "  ");
    text_add_safe(out, mount->target);
    if (arrow) {
        text_add(out, arrow);
        text_add_safe(out, mount->source);
    }
    pad(out, start, columns);
    add_verdict(out, access_word(mount), mount->first, mount->behind, mount->origin);
}

const struct explain_network *explain_network(enum plan_network network)
{
    static const struct explain_network rows[] = {
        [PLAN_NET_NONE] = {"none", "no network", "refused", BY_SECCOMP, BY_NAMESPACE},
        [PLAN_NET_LOOPBACK] = {"loopback", "own loopback and nothing else", "own", BY_NAMESPACE,
                               BY_NOTHING},
        [PLAN_NET_HOST] = {"host", "the host's network, everything", "allowed", BY_NOTHING,
                           BY_NOTHING},
    };

    return &rows[network];
}

static void add_network(struct text *out, const struct plan *plan)
{
    const struct explain_network *row = explain_network(plan->network);
    size_t start = out->length;

    text_printf(out, "  %s", row->subject);
    pad(out, start, OBJECT_COLUMNS);
    add_verdict(out, row->verdict, row->first, row->behind, plan->network_origin);
}

static void add_calls(struct text *out, const char *const *names,
                      const struct origin *const *origins, size_t count, const char *verdict)
{
    for (size_t i = 0; i < count; i++) {
        size_t start = out->length;

        text_printf(out, "  %s", names[i]);
        pad(out, start, OBJECT_COLUMNS);
        add_verdict(out, verdict, strcmp(verdict, "refused") == 0 ? BY_SECCOMP : BY_NOTHING,
                    BY_NOTHING, origins[i]);
    }
}

static void add_value(struct text *out, const struct plan_limit *limit)
{
    const char *name = strchr(limit->member, '.') + 1;

    if (strcmp(name, "memory") == 0 || strcmp(name, "disk") == 0 || strcmp(name, "output") == 0)
        number_print_size(out, limit->value);
    else if (strcmp(name, "wallTime") == 0 || strcmp(name, "cpuTime") == 0)
        number_print_duration(out, limit->value);
    else if (strcmp(name, "cpus") == 0)
        text_printf(out, "%llu.%03llu", (unsigned long long)(limit->value / 1000),
                    (unsigned long long)(limit->value % 1000));
    else
        text_printf(out, "%llu", (unsigned long long)limit->value);
}

static void add_limits(struct text *out, const struct plan *plan)
{
    size_t start;

    for (size_t i = 0; i < plan->limit_count; i++) {
        const struct plan_limit *limit = &plan->limits[i];

        start = out->length;
        text_printf(out, "  %s ", limit->member);
        add_value(out, limit);
        pad(out, start, OBJECT_COLUMNS);
        add_verdict(out, "kept", limit->by, BY_NOTHING, limit->origin);
    }
    if (!plan->timeout_ms)
        return;
    start = out->length;
    text_add(out, "  time until it is ended ");
    number_print_duration(out, plan->timeout_ms);
    pad(out, start, OBJECT_COLUMNS);
    add_verdict(out, "kept", BY_SUPERVISOR, BY_NOTHING, plan->timeout_origin);
}

static bool is_plain(const char *entry)
{
    static const char *const names[] = {
        "PATH=", "HOME=", "USER=",  "LOGNAME=", "SHELL=",  "TERM=", "LANG=",
        "LC_",   "TZ=",   "PAGER=", "EDITOR=",  "TMPDIR=", "PWD=",  "COLORTERM=",
    };

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (strncmp(entry, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

const char *explain_value(const char *entry)
{
    return is_plain(entry) ? strchr(entry, '=') + 1 : NULL;
}

/* Nothing stands in the way of what is given. */
static void add_given(struct text *out, size_t start, const struct origin *origin)
{
    pad(out, start, OBJECT_COLUMNS);
    add_verdict(out, "given", BY_NOTHING, BY_NOTHING, origin);
}

static void add_environment(struct text *out, const struct plan *plan)
{
    size_t start;

    for (size_t i = 0; i < plan->env_count; i++) {
        const char *entry = plan->env[i], *value = explain_value(entry);

        start = out->length;
        text_add(out, "  ");
        text_add_safe_n(out, entry, strcspn(entry, "="));
        text_add(out, value ? "=" : ", whose value is not shown");
        text_add_safe(out, value ? value : "");
        add_given(out, start, plan->env_origins[i]);
    }
    start = out->length;
    text_add(out, "  working directory ");
    text_add_safe(out, plan->cwd);
    add_given(out, start, plan->cwd_origin);
    if (plan->command_line) {
        start = out->length;
        text_add(out, "  command line ");
        text_add_safe(out, plan->command_line);
        add_given(out, start, plan->command_origin);
    }
}

static void add_statements(struct text *out, const struct plan *plan)
{
    for (size_t i = 0; i < plan->statement_count; i++) {
        const struct plan_statement *statement = &plan->statements[i];
        size_t start = out->length;

        text_printf(out, "  %s", statement->subject);
        pad(out, start, OBJECT_COLUMNS);
        start = out->length;
        text_add(out, statement->verdict);
        pad(out, start, OBJECT_COLUMNS - 4);
        start = out->length;
        add_mechanisms(out, statement->first, statement->behind);
        pad(out, start, MECHANISM_COLUMNS);
        add_origin(out, statement->origin);
        end_line(out);
    }
}

/* "  origin: text", or the text alone. */
static void add_remark(struct text *out, const char *remark, const struct origin *origin)
{
    text_add(out, "  ");
    text_add_safe(out, remark);
    if (origin && origin->member) {
        text_add(out, " (");
        add_origin(out, origin);
        text_add(out, ")");
    }
    text_add(out, "\n");
}

static bool is_same_loss(const struct plan_loss *a, const struct plan_loss *b)
{
    return strcmp(a->name, b->name) == 0 && a->origin == b->origin;
}

/* Losses of one cause share a heading and are set as a paragraph: there can be dozens. */
static void add_losses(struct text *out, const struct plan *plan)
{
    size_t start = 0;

    for (size_t i = 0; i < plan->loss_count; i++) {
        const struct plan_loss *loss = &plan->losses[i];

        if (!i || !is_same_loss(loss, loss - 1)) {
            add_remark(out, loss->name, loss->origin);
            text_add(out, "    ");
            start = out->length - 4;
        } else if (out->length - start + strlen(loss->text) > LINE_COLUMNS) {
            text_add(out, ",\n    ");
            start = out->length - 4;
        } else {
            text_add(out, ", ");
        }
        text_add_safe(out, loss->text);
        if (i + 1 == plan->loss_count || !is_same_loss(loss, loss + 1))
            text_add(out, "\n");
    }
}

static void add_remarks(struct text *out, const struct plan *plan)
{
    if (plan->loss_count)
        add_heading(out, "Losses, allowed by isolation.allowLoss");
    add_losses(out, plan);
    if (plan->problem_count)
        add_heading(out, "Problems: this policy cannot be launched here");
    for (size_t i = 0; i < plan->problem_count; i++)
        add_remark(out, plan->problems[i].error.text, NULL);
    if (plan->warnings.count)
        add_heading(out, "Warnings");
    for (size_t i = 0; i < plan->warnings.count; i++)
        add_remark(out, plan->warnings.items[i].text, &plan->warnings.items[i].origin);
}

static void add_layers(struct text *out, const struct plan *plan)
{
    for (const char *const *layer = plan->layers; layer && *layer; layer++) {
        text_add(out, "  ");
        text_add_safe(out, *layer);
        text_add(out, "\n");
    }
}

int plan_explain_text(const struct plan *plan, char **ret_text, struct error *err)
{
    auto_text struct text out = {0};
    size_t columns = object_columns(plan);

    text_add(&out, "Policy ");
    text_add_safe(&out, plan->name);
    text_printf(&out, ", tier %s\n", plan->tier);
    text_printf(&out, "policy %s\nplan   %s\n", plan->policy_digest, plan->plan_digest);
    add_heading(&out, "Files (what refuses first, then what stands behind it)");
    for (size_t i = 0; i < plan->mount_count; i++)
        add_mount(&out, &plan->mounts[i], columns);
    add_heading(&out, "Network");
    add_network(&out, plan);
    if (plan->filter.deny_count || plan->filter.allow_count) {
        add_heading(&out, "System calls, beside the baseline");
        add_calls(&out, plan->filter.deny, plan->filter.deny_origins, plan->filter.deny_count,
                  "refused");
        add_calls(&out, plan->filter.allow, plan->filter.allow_origins, plan->filter.allow_count,
                  "allowed");
    }
    if (plan->limit_count || plan->timeout_ms) {
        add_heading(&out, "Limits");
        add_limits(&out, plan);
    }
    add_heading(&out, "Environment");
    add_environment(&out, plan);
    add_heading(&out, "Statements, true of every container");
    add_statements(&out, plan);
    add_remarks(&out, plan);
    add_heading(&out, "Layers");
    add_layers(&out, plan);
    return text_take(&out, ret_text, err);
}
