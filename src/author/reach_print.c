/* SPDX-License-Identifier: Apache-2.0 */
/* The card on a screen of 80 by 24, and as JSON. */
#include <string.h>

#include "author/reach.h"
#include "base/json.h"
#include "base/path.h"

#define LABEL_COLUMNS 12

/* Items behind a label, on so many lines at most; what does not fit is counted. */
struct card {
    struct text *out;
    size_t column;
    unsigned line, line_max;
};

/* Columns of a text that is safe to print: bytes that begin a character. */
static size_t width_of(const char *text)
{
    size_t width = 0;

    for (; *text; text++)
        width += (*text & 0xc0) != 0x80;
    return width;
}

/* Room for it, and for what has to stand behind it; on the next line where there is one. */
static bool make_room(struct card *card, size_t width, size_t behind, bool is_first)
{
    size_t before = is_first ? 0 : 2;

    if (card->column + before + width + behind <= REACH_COLUMNS) {
        text_add(card->out, is_first ? "" : ", ");
        card->column += before;
        return true;
    }
    if (is_first || card->line + 1 >= card->line_max)
        return is_first;
    text_printf(card->out, ",\n%*s", LABEL_COLUMNS, "");
    card->column = LABEL_COLUMNS;
    card->line++;
    return true;
}

/* A name that is too long for a line is cut in its middle. */
static void add_cut(struct text *out, const char *text, size_t columns)
{
    size_t length = strlen(text), head = columns / 2 - 2, tail = columns - head - 3;

    while (head && (text[head] & 0xc0) == 0x80)
        head--;
    while (tail && (text[length - tail] & 0xc0) == 0x80)
        tail--;
    text_add_n(out, text, head);
    text_add(out, "...");
    text_add(out, text + length - tail);
}

#define REST_COLUMNS 16 /* ", and 12345 more" */
#define ITEM_COLUMNS (REACH_COLUMNS - LABEL_COLUMNS - REST_COLUMNS)

/* The item as it is printed: safe, and not too long. */
static void add_item(struct text *out, const char *item)
{
    auto_text struct text safe = {0};

    text_add_safe(&safe, item);
    out->is_broken = out->is_broken || safe.is_broken;
    if (safe.is_broken || !safe.data)
        return;
    if (safe.length > ITEM_COLUMNS)
        add_cut(out, safe.data, ITEM_COLUMNS);
    else
        text_add(out, safe.data);
}

static void add_list(struct text *out, const char *label, const struct reach_list *list, const char *none, unsigned line_max)
{
    struct card card = {out, LABEL_COLUMNS, 0, line_max};
    size_t at = 0;

    text_printf(out, "  %-*s", LABEL_COLUMNS - 2, label);
    if (!list->count)
        text_add(out, none);
    for (; at < list->count; at++) {
        bool is_last = at + 1 == list->count, is_last_line = card.line + 1 >= line_max;
        auto_text struct text item = {0};
        size_t width;

        add_item(&item, list->items[at]);
        if (item.is_broken) {
            out->is_broken = true;
            break;
        }
        width = width_of(item.data ? item.data : "");
        if (!make_room(&card, width, is_last ? 0 : is_last_line ? REST_COLUMNS : 1, at == 0))
            break;
        text_add(out, item.data ? item.data : "");
        card.column += width;
    }
    if (at < list->count)
        text_printf(out, "%sand %zu more", at ? ", " : "", list->count - at);
    text_add(out, "\n");
}

static void add_line(struct text *out, const char *label, const char *text)
{
    text_printf(out, "  %-*s%s\n", LABEL_COLUMNS - 2, label, text);
}

static void print_title(struct text *out, const struct reach *reach)
{
    auto_text struct text name = {0};

    text_add_safe(&name, reach->plan->name);
    out->is_broken = out->is_broken || name.is_broken;
    text_printf(out, "What a program can do here under '%.44s'\n", name.data ? name.data : "");
}

static void print_files(struct text *out, const struct reach *reach)
{
    auto_text struct text line = {0};

    add_list(out, "read", &reach->read, "nothing of yours beside what it may change", 2);
    text_printf(&line, "%zu places of the system, read-only", reach->system_count);
    out->is_broken = out->is_broken || line.is_broken;
    add_line(out, "", line.data ? line.data : "");
    add_list(out, "sensitive", &reach->sensitive, reach->sensitive_is_cut ? "nothing known among the first names" : "nothing known",
             2);
    add_list(out, "change", &reach->change, "nothing of yours", 2);
    text_finish(&line);
    text_printf(&line, "%zu places of its own%s", reach->private_count, reach->kept.count ? ", caches that stay" : "");
    if (reach->kept_names)
        text_printf(&line, "; %zu names shut to changes", reach->kept_names);
    out->is_broken = out->is_broken || line.is_broken;
    add_line(out, "", line.data ? line.data : "");
    add_line(out, "run", "whatever it can read or writes itself; set-user-ID gives nothing");
}

static const char *nothing_outside(const struct plan *plan)
{
    return plan->network == PLAN_NET_LOOPBACK ? "nothing outside: a loopback of its own alone" : "nothing outside";
}

static void print_network(struct text *out, const struct reach *reach)
{
    add_list(out, "reach", &reach->hosts, nothing_outside(reach->plan), 3);
    if (reach->denied.count)
        add_list(out, "  but not", &reach->denied, "", 1);
    if (reach->doors.count)
        add_list(out, "", &reach->doors, "", 1);
}

static void print_use(struct text *out, const struct reach *reach)
{
    if (reach->secrets.count)
        add_list(out, "secrets", &reach->secrets, "", 1);
    if (reach->variables.count)
        add_list(out, "variables", &reach->variables, "", 1);
    if (reach->sockets.count)
        add_list(out, "sockets", &reach->sockets, "", 1);
    if (reach->devices.count)
        add_list(out, "devices", &reach->devices, "", 1);
    if (!reach->secrets.count && !reach->variables.count && !reach->sockets.count && !reach->devices.count)
        add_line(out, "use", "no secrets, sockets or devices");
    add_list(out, "limits", &reach->limits, "none but the machine's", 1);
}

static unsigned count_lines(const struct text *text)
{
    unsigned count = 0;

    for (size_t i = 0; i < text->length; i++)
        count += text->data[i] == '\n';
    return count;
}

int reach_print_text(const struct reach *reach, char **ret_text, struct error *err)
{
    unsigned last = REACH_LINES - 1 - (reach->losses.count > 0) - (reach->problems.count > 0);
    auto_text struct text out = {0};

    print_title(&out, reach);
    print_files(&out, reach);
    print_network(&out, reach);
    print_use(&out, reach);
    for (size_t i = 0; i < reach->cannot.count && count_lines(&out) < last; i++)
        add_line(&out, i ? "" : "cannot", reach->cannot.items[i]);
    if (reach->losses.count)
        add_list(&out, "not kept", &reach->losses, "", 1);
    if (reach->problems.count)
        add_list(&out, "refused", &reach->problems, "", 1);
    text_printf(&out, "  %-*s%.19s, %s tier by %s\n", LABEL_COLUMNS - 2, "policy", reach->plan->policy_digest, reach->plan->tier,
                reach->plan->wall == PLAN_WALL_LANDLOCK ? "Landlock alone" : "namespaces");
    return text_take(&out, ret_text, err);
}

static void add_array(struct json *json, const char *key, const struct reach_list *list)
{
    json_begin_array(json, key);
    for (size_t i = 0; i < list->count; i++)
        json_add_string(json, NULL, list->items[i]);
    json_end(json);
}

int reach_print_json(const struct reach *reach, char **ret_json, struct error *err)
{
    static const char *const networks[] = {[PLAN_NET_NONE] = "none", [PLAN_NET_LOOPBACK] = "loopback", [PLAN_NET_HOST] = "host",
                                           [PLAN_NET_GATEWAY] = "gateway"};
    auto_text struct text out = {0};
    struct json json = JSON_INIT(&out, 2);

    json_begin_object(&json, NULL);
    json_add_string(&json, "schema", "cordon-reach/1");
    json_add_string(&json, "policy", reach->plan->name);
    json_add_string(&json, "policyDigest", reach->plan->policy_digest);
    json_add_string(&json, "planDigest", reach->plan->plan_digest);
    json_add_string(&json, "tier", reach->plan->tier);
    json_add_string(&json, "wall", plan_wall_name(reach->plan->wall));
    add_array(&json, "read", &reach->read);
    json_add_uint(&json, "systemPlaces", reach->system_count);
    add_array(&json, "sensitive", &reach->sensitive);
    json_add_bool(&json, "sensitiveIsCut", reach->sensitive_is_cut);
    add_array(&json, "change", &reach->change);
    add_array(&json, "kept", &reach->kept);
    json_add_uint(&json, "privatePlaces", reach->private_count);
    json_add_uint(&json, "keptNames", reach->kept_names);
    json_add_string(&json, "network", networks[reach->plan->network]);
    add_array(&json, "reach", &reach->hosts);
    add_array(&json, "neverReach", &reach->denied);
    add_array(&json, "doors", &reach->doors);
    add_array(&json, "secrets", &reach->secrets);
    add_array(&json, "variables", &reach->variables);
    add_array(&json, "sockets", &reach->sockets);
    add_array(&json, "devices", &reach->devices);
    add_array(&json, "limits", &reach->limits);
    add_array(&json, "cannot", &reach->cannot);
    add_array(&json, "notEnforced", &reach->losses);
    add_array(&json, "refused", &reach->problems);
    json_end(&json);
    text_add(&out, "\n");
    return text_take(&out, ret_json, err);
}
