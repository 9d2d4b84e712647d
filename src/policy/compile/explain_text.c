/* SPDX-License-Identifier: Apache-2.0 */
/* The plan for people: a section for each sort of rule, what comes from outside made safe to print.
 */
#include <errno.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "policy/compile/explain.h"
#include "policy/compile/explain_rows.h"
#include "policy/policy.h"

/* files */

static const char *access_word(const struct plan_mount *mount)
{
    switch (mount->kind) {
    case PLAN_BIND:
        if (mount->is_device)
            return "device";
        if (mount->is_socket)
            return "socket";
        if (mount->is_reviewed)
            return "reviewed";
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
    case PLAN_FILE:
        return "private";
    case PLAN_SERVED:
        return "served";
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
    if (mount->kind == PLAN_FILE) /* the source is its text */
        return NULL;
    return mount->source && strcmp(mount->source, mount->target) != 0 ? " = " : NULL;
}

static size_t count_mounts(const struct plan *plan)
{
    return plan->mount_count;
}

static struct explain_row mount_row(const struct plan *plan, size_t at)
{
    const struct plan_mount *mount = &plan->mounts[at];

    return (struct explain_row){is_scaffold(mount) ? NULL : access_word(mount), mount->first,
                                mount->behind, mount->origin};
}

static void add_mount(struct text *out, const struct plan *plan, size_t at, size_t column)
{
    const struct plan_mount *mount = &plan->mounts[at];
    const char *arrow = arrow_of(mount);

    text_add_safe(out, mount->target);
    if (!arrow)
        return;
    if (column + strlen(mount->target) + strlen(arrow) + strlen(mount->source) >
        EXPLAIN_LINE_COLUMNS)
        text_add(out, "\n       ");
    text_add(out, arrow);
    text_add_safe(out, mount->source);
}

/* names */

static size_t count_names(const struct plan *plan)
{
    return plan->name_count;
}

static struct explain_row name_row(const struct plan *plan, size_t at)
{
    const struct plan_name *name = &plan->names[at];

    return (struct explain_row){plan_name_kind_name(name->kind), BY_KEEPER, BY_NOTHING, name->origin};
}

static void add_name(struct text *out, const struct plan *plan, size_t at, size_t column)
{
    text_add_safe(out, plan->names[at].pattern);
}

/* system calls */

static size_t count_calls(const struct plan *plan)
{
    return plan->filter.deny_count + plan->filter.allow_count;
}

static struct explain_row call_row(const struct plan *plan, size_t at)
{
    const struct plan_filter *filter = &plan->filter;

    if (at < filter->deny_count)
        return (struct explain_row){"refused", BY_SECCOMP, BY_NOTHING, filter->deny_origins[at]};
    return (struct explain_row){"allowed", BY_NOTHING, BY_NOTHING,
                                filter->allow_origins[at - filter->deny_count]};
}

static void add_call(struct text *out, const struct plan *plan, size_t at, size_t column)
{
    const struct plan_filter *filter = &plan->filter;

    text_add(out,
             at < filter->deny_count ? filter->deny[at] : filter->allow[at - filter->deny_count]);
}

/* limits */

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

static size_t count_limits(const struct plan *plan)
{
    return plan->limit_count + (plan->timeout_ms ? 1 : 0);
}

/* The last one is the time limit, whatever member it comes from. */
static struct explain_row limit_row(const struct plan *plan, size_t at)
{
    if (at == plan->limit_count)
        return (struct explain_row){"", BY_SUPERVISOR, BY_NOTHING, plan->timeout_origin};
    return (struct explain_row){"", plan->limits[at].by, BY_NOTHING, plan->limits[at].origin};
}

static void add_limit(struct text *out, const struct plan *plan, size_t at, size_t column)
{
    if (at == plan->limit_count) {
        text_add(out, "time until it is ended ");
        number_print_duration(out, plan->timeout_ms);
        return;
    }
    text_printf(out, "%s ", plan->limits[at].member);
    add_value(out, &plan->limits[at]);
}

/* environment */

static bool is_plain(const char *entry)
{
    static const char *const names[] = {
        "PATH=",
        "HOME=",
        "USER=",
        "LOGNAME=",
        "SHELL=",
        "TERM=",
        "LANG=",
        "LC_",
        "TZ=",
        "PAGER=",
        "EDITOR=",
        "TMPDIR=",
        "PWD=",
        "COLORTERM=",
        "GIT_AUTHOR_NAME=",
        "GIT_AUTHOR_EMAIL=",
        "GIT_COMMITTER_NAME=",
        "GIT_COMMITTER_EMAIL=",
    };

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (strncmp(entry, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* What a policy sets is written in it for everybody who reads it. */
static bool is_set_by_policy(const struct origin *origin)
{
    return origin && origin->member && strncmp(origin->member, "environment.inherit", 19) != 0;
}

const char *explain_value(const struct plan *plan, size_t at)
{
    const char *entry = plan->env[at];

    return is_plain(entry) || is_set_by_policy(plan->env_origins[at]) ? strchr(entry, '=') + 1
                                                                      : NULL;
}

/* The working directory, the command line where a document has one, the variables. */
static size_t count_environment(const struct plan *plan)
{
    return 2 + plan->env_count + plan->private_count;
}

static struct explain_row environment_row(const struct plan *plan, size_t at)
{
    struct explain_row row = {.verdict = ""};

    if (at == 0)
        row.origin = plan->cwd_origin;
    else if (at == 1 && plan->command_line)
        row.origin = plan->command_origin;
    else if (at == 1)
        row.verdict = NULL;
    else if (at < 2 + plan->env_count)
        row.origin = plan->env_origins[at - 2];
    return row;
}

static void add_environment(struct text *out, const struct plan *plan, size_t at, size_t column)
{
    const char *entry, *value;

    if (at < 2) {
        text_add(out, at ? "command line " : "working directory ");
        text_add_safe(out, at ? plan->command_line : plan->cwd);
        return;
    }
    if (at >= 2 + plan->env_count) {
        text_printf(out, "%s= a directory of this run", plan->privates[at - 2 - plan->env_count].variable);
        return;
    }
    entry = plan->env[at - 2];
    value = explain_value(plan, at - 2);
    text_add_safe_n(out, entry, strcspn(entry, "="));
    text_add(out, value ? "=" : " (the caller's value, not shown)");
    text_add_safe(out, value ? value : "");
}

/* statements */

static size_t count_statements(const struct plan *plan)
{
    return plan->statement_count;
}

static struct explain_row statement_row(const struct plan *plan, size_t at)
{
    const struct plan_statement *statement = &plan->statements[at];

    return (struct explain_row){statement->verdict, statement->first, statement->behind,
                                statement->origin};
}

static void add_statement(struct text *out, const struct plan *plan, size_t at, size_t column)
{
    text_add(out, plan->statements[at].subject);
}

static const struct explain_section sections[] = {
    {"Files (what refuses first, what stands behind it)", count_mounts, mount_row, add_mount},
    {"Names, there or not (kept: stays as it is; old: where it was there before)", count_names, name_row, add_name},
    {"Network", explain_network_count, explain_network_row, explain_network_subject},
    {"Secrets, and authorities for TLS that is opened", explain_secrets_count, explain_secrets_row, explain_secrets_subject},
    {"System calls, beside the baseline", count_calls, call_row, add_call},
    {"Limits", count_limits, limit_row, add_limit},
    {"Environment", count_environment, environment_row, add_environment},
    {"Statements, true of every container", count_statements, statement_row, add_statement},
};

/* what does not hold */

/* "  origin: text", or the text alone. */
static void add_remark(struct text *out, const char *remark, const struct origin *origin)
{
    text_add(out, "  ");
    text_add_safe(out, remark);
    if (origin && origin->member) {
        text_add(out, " (");
        explain_print_origin(out, origin);
        text_add(out, ")");
    }
    text_add(out, "\n");
}

static bool is_same_loss(const struct plan_loss *a, const struct plan_loss *b)
{
    return strcmp(a->name, b->name) == 0 && explain_is_same_group(a->origin, b->origin);
}

/* How many characters of words at their ends all these texts share: " does not exist yet". */
static size_t shared_end(const struct plan_loss *losses, size_t count)
{
    const char *end = strchr(losses[0].text, ' ');

    for (size_t i = 1; end && i < count; i++)
        while (end) {
            size_t length = strlen(losses[i].text), size = strlen(end);

            if (length > size && strcmp(losses[i].text + length - size, end) == 0)
                break;
            end = strchr(end + 1, ' ');
        }
    return count > 1 && end ? strlen(end) : 0;
}

/* Losses of one cause share a heading and are set as a paragraph: there can be dozens. */
static void add_loss_group(struct text *out, const struct plan_loss *losses, size_t count)
{
    size_t shared = shared_end(losses, count), start = 0;

    text_printf(out, "  %s", losses[0].name);
    if (losses[0].origin && losses[0].origin->member) {
        text_add(out, " (");
        explain_print_group(out, losses[0].origin, losses[0].origin->line);
        text_add(out, ")");
    }
    if (shared) {
        text_add(out, "\n   ");
        text_add_safe(out, losses[0].text + strlen(losses[0].text) - shared);
        text_add(out, ":");
    }
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(losses[i].text) - shared;

        if (i)
            text_add(out, ",");
        if (!i || out->length - start + 1 + length > EXPLAIN_LINE_COLUMNS - 1) {
            text_add(out, "\n    ");
            start = out->length - 4;
        } else {
            text_add(out, " ");
        }
        text_add_safe_n(out, losses[i].text, length);
    }
    text_add(out, "\n");
}

static void add_losses(struct text *out, const struct plan *plan)
{
    size_t end;

    if (plan->loss_count)
        explain_print_heading(out, "Losses, allowed by isolation.allowLoss");
    for (size_t i = 0; i < plan->loss_count; i = end) {
        end = i + 1;
        while (end < plan->loss_count && is_same_loss(&plan->losses[end], &plan->losses[i]))
            end++;
        add_loss_group(out, plan->losses + i, end - i);
    }
}

static void add_remarks(struct text *out, const struct plan *plan)
{
    if (plan->problem_count)
        explain_print_heading(out, "Problems: this policy cannot be launched here");
    for (size_t i = 0; i < plan->problem_count; i++)
        add_remark(out, plan->problems[i].error.text, NULL);
    if (plan->warnings.count)
        explain_print_heading(out, "Warnings");
    for (size_t i = 0; i < plan->warnings.count; i++)
        add_remark(out, plan->warnings.items[i].text, &plan->warnings.items[i].origin);
}

/* The digest of each stands on a line of its own: the two are longer than a terminal is wide. */
static void add_layers(struct text *out, const struct plan *plan)
{
    explain_print_heading(out, "Layers");
    for (const char *const *layer = plan->layers; layer && *layer; layer++) {
        const char *digest = strrchr(*layer, ' '); /* a name may hold blanks, a digest none */
        size_t length = digest ? (size_t)(digest - *layer) : strlen(*layer);

        text_add(out, "  ");
        text_add_safe_n(out, *layer, length);
        text_printf(out, "%s%s\n", digest ? "\n   " : "", digest ? digest : "");
    }
}

int plan_explain_text(const struct plan *plan, char **ret_text, struct error *err)
{
    auto_text struct text out = {0};

    text_add(&out, "Policy ");
    text_add_safe(&out, plan->name);
    text_printf(&out, ", tier %s, by %s\n", plan->tier,
                plan->wall == PLAN_WALL_LANDLOCK ? "Landlock and system call filter alone (no namespaces)" : "namespaces");
    text_printf(&out, "policy %s\nplan   %s\n", plan->policy_digest, plan->plan_digest);
    for (size_t i = 0; i < ARRAY_COUNT(sections); i++)
        explain_print_section(&out, plan, &sections[i]);
    add_losses(&out, plan);
    add_remarks(&out, plan);
    add_layers(&out, plan);
    return text_take(&out, ret_text, err);
}
