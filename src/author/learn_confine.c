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

static bool is_readable(const struct learn_confining *confining, const char *path)
{
    for (size_t i = 0; i < ARRAY_COUNT(readable); i++)
        if (path_is_within(path, readable[i]))
            return true;
    return confining->readable && path_is_within(path, confining->home);
}

/* Where it is there it is named, so that its other names (hard links) are shut, too; else a pattern, for what may come to be. */
static int add_denial(struct text *out, struct arena *arena, const struct learn_confining *confining, const struct sensitive *row)
{
    bool is_homely = row->path[0] == '~';
    const char *path = is_homely ? arena_printf(arena, "%s%s", confining->home, row->path + 1) : row->path;
    bool is_granted;

    if (!path)
        return -ENOMEM;
    is_granted = is_readable(confining, path);
    if (!is_granted && !(is_homely && holds_keys(row->kind)))
        return 0;
    if (!confining->exists(path)) {
        if (!is_granted)
            return 0;
        path = learn_name_pattern(arena, path);
        if (!path)
            return -ENOMEM;
    }
    add_item(out, path);
    return 0;
}

static int add_pattern(struct text *out, struct arena *arena, const char *tree, const struct sensitive *row)
{
    const char *path = arena_printf(arena, "%s%s", tree, row->path);

    if (!path)
        return -ENOMEM;
    add_item(out, path);
    return 0;
}

static int add_denials(struct text *out, struct arena *arena, const struct learn_confining *confining, struct error *err)
{
    size_t count;
    const struct sensitive *rows = sensitive_rows(&count);
    int r = 0;

    text_add(out, "  deniedPaths:\n");
    for (size_t i = 0; i < count && r == 0; i++) {
        if (strncmp(rows[i].path, "/**/", 4) != 0) {
            r = add_denial(out, arena, confining, &rows[i]);
            continue;
        }
        r = add_pattern(out, arena, "${workspace}", &rows[i]);
        if (r == 0 && confining->readable)
            r = add_pattern(out, arena, "${home}", &rows[i]);
    }
    return r < 0 ? error_memory(err) : 0;
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

/* Each name but those that are sensitive themselves, or that a document cannot say. */
static int add_home(struct text *out, const struct learn_confining *confining, struct error *err)
{
    const struct learn_places places = {.home = confining->home};

    if (confining->readable && strpbrk(confining->home, "*?["))
        return error_set(err, ERROR_INVALID, EINVAL, "the home %.200s has a name like a pattern, so what is sensitive in it cannot be shut",
                         confining->home);
    for (size_t i = 0; confining->readable && confining->readable[i]; i++) {
        const char *path = confining->readable[i];
        struct json json = JSON_INIT(out, 0);

        if (learn_sensitive(&places, path) || !learn_name_can_be_written(&places, path))
            continue;
        text_add(out, "    - {path: ");
        json_add_string(&json, NULL, path);
        text_add(out, ", optional: true}\n");
    }
    return 0;
}

int learn_confinement(const struct learn_confining *confining, char **ret_text, struct error *err)
{
    struct arena *arena auto_arena = arena_new();
    struct text out auto_text = {0};
    int r;

    if (!arena)
        return error_memory(err);
    text_add(&out, "version: cordon/1\nname: learn\nextends: [coding-agent]\nfilesystem:\n  readonlyPaths:\n");
    for (size_t i = 0; i < ARRAY_COUNT(readable); i++)
        text_printf(&out, "    - {path: %s, optional: true}\n", readable[i]);
    r = add_home(&out, confining, err);
    if (r < 0)
        return r;
    if (add_denials(&out, arena, confining, err) < 0)
        return -ENOMEM;
    /* git takes a configuration that is shut for a failure, and one that is absent for none: so it is where the policy is used. */
    text_add(&out, "environment:\n  set:\n    GIT_CONFIG_NOSYSTEM: \"1\"\n");
    add_network(&out, confining->hosts, confining->records_hosts);
    return text_take(&out, ret_text, err);
}
