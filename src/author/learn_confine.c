/* SPDX-License-Identifier: Apache-2.0 */
/* The confinement in which is learned: wide where reading harms nobody, shut where something is sensitive, whoever asks. */
#include <errno.h>
#include <string.h>

#include "author/learn_parts.h"
#include "author/sensitive.h"
#include "base/json.h"

/* What programs read beside what the profiles grant. */
static const char *const readable[] = {"/etc", "/srv", "/var/lib", "/var/cache"};

/* A name that nobody has (RFC 6761, 6.4): a rule about it grants nothing, and there is a gateway. */
#define NOBODY "cordon-learn.invalid"

/* Small trees. What browsers and mail programs keep is large, has no second names, and is not there inside. */
static bool holds_keys(enum sensitive_kind kind)
{
    return kind == SENSITIVE_KEY || kind == SENSITIVE_TOKEN || kind == SENSITIVE_CLOUD || kind == SENSITIVE_PASSWORD;
}

static void add_item(struct text *out, const char *text)
{
    struct json json = JSON_INIT(out, 0);

    text_add(out, "    - ");
    json_add_string(&json, NULL, text);
    text_add(out, "\n");
}

/* Where it is there it is named, so that its other names (hard links) are shut, too; else a pattern, for what may come to be. */
static int add_denial(struct text *out, struct arena *arena, const struct learn_confining *confining, const char *path)
{
    const char *text = confining->exists(path) ? path : NULL;

    for (size_t i = 0; i < ARRAY_COUNT(readable) && !text; i++)
        if (path_is_within(path, readable[i])) {
            text = learn_name_pattern(arena, path);
            if (!text)
                return -ENOMEM;
        }
    if (text)
        add_item(out, text);
    return 0;
}

static bool is_within_readable(const char *path)
{
    for (size_t i = 0; i < ARRAY_COUNT(readable); i++)
        if (path_is_within(path, readable[i]))
            return true;
    return false;
}

static int add_denials(struct text *out, struct arena *arena, const struct learn_confining *confining, struct error *err)
{
    size_t count;
    const struct sensitive *rows = sensitive_rows(&count);

    text_add(out, "  deniedPaths:\n");
    for (size_t i = 0; i < count; i++) {
        bool is_homely = rows[i].path[0] == '~';
        const char *path;
        int r = 0;

        if (strncmp(rows[i].path, "/**/", 4) == 0)
            path = arena_printf(arena, "${workspace}%s", rows[i].path);
        else
            path = is_homely ? arena_printf(arena, "%s%s", confining->home, rows[i].path + 1) : rows[i].path;
        if (!path)
            return error_memory(err);
        if (path[0] == '$')
            add_item(out, path);
        else if (is_within_readable(path) || (is_homely && holds_keys(rows[i].kind)))
            r = add_denial(out, arena, confining, path);
        if (r < 0)
            return error_memory(err);
    }
    return 0;
}

static void add_network(struct text *out, const char *const *hosts, bool records_hosts)
{
    static const char *const nobody[] = {NOBODY, NULL};

    if (records_hosts && !(hosts && hosts[0]))
        hosts = nobody;
    if (!hosts || !hosts[0])
        return;
    text_add(out, "network:\n  egress:\n    default: deny\n    allow:\n");
    for (size_t i = 0; hosts[i]; i++) {
        struct json json = JSON_INIT(out, 0);

        text_add(out, "      - {to: [{host: ");
        json_add_string(&json, NULL, hosts[i]);
        text_add(out, "}]}\n");
    }
}

int learn_confinement(const struct learn_confining *confining, char **ret_text, struct error *err)
{
    struct arena *arena auto_arena = arena_new();
    struct text out auto_text = {0};

    if (!arena)
        return error_memory(err);
    text_add(&out, "version: cordon/1\nname: learn\nextends: [coding-agent]\nfilesystem:\n  readonlyPaths:\n");
    for (size_t i = 0; i < ARRAY_COUNT(readable); i++)
        text_printf(&out, "    - {path: %s, optional: true}\n", readable[i]);
    if (add_denials(&out, arena, confining, err) < 0)
        return -ENOMEM;
    /* git takes a configuration that is shut for a failure, and one that is absent for none: so it is where the policy is used. */
    text_add(&out, "environment:\n  set:\n    GIT_CONFIG_NOSYSTEM: \"1\"\n");
    add_network(&out, confining->hosts, confining->records_hosts);
    return text_take(&out, ret_text, err);
}
