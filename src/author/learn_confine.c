/* SPDX-License-Identifier: Apache-2.0 */
/* The confinement in which is learned: wide where reading harms nobody, shut where something is sensitive, whoever asks. */
#include <errno.h>
#include <string.h>

#include "author/learn_parts.h"
#include "author/sensitive.h"
#include "base/json.h"

/* What programs read beside what the profiles grant. */
static const char *const readable[] = {"/etc", "/srv", "/var/lib", "/var/cache"};

static void add_item(struct text *out, const char *text)
{
    struct json json = JSON_INIT(out, 0);

    text_add(out, "    - ");
    json_add_string(&json, NULL, text);
    text_add(out, "\n");
}

static int add_denials(struct text *out, struct arena *arena, struct error *err)
{
    size_t count;
    const struct sensitive *rows = sensitive_rows(&count);

    text_add(out, "  deniedPaths:\n");
    for (size_t i = 0; i < count; i++) {
        const char *text = NULL;

        if (strncmp(rows[i].path, "/**/", 4) == 0) {
            text = arena_printf(arena, "${workspace}%s", rows[i].path);
            if (!text)
                return error_memory(err);
        }
        for (size_t j = 0; j < ARRAY_COUNT(readable) && !text; j++)
            if (path_is_within(rows[i].path, readable[j])) {
                text = learn_name_pattern(arena, rows[i].path);
                if (!text)
                    return error_memory(err);
            }
        if (text)
            add_item(out, text);
    }
    return 0;
}

int learn_confinement(const char *const *hosts, char **ret_text, struct error *err)
{
    struct arena *arena auto_arena = arena_new();
    struct text out auto_text = {0};

    if (!arena)
        return error_memory(err);
    text_add(&out, "version: cordon/1\nname: learn\nextends: [coding-agent]\nfilesystem:\n  readonlyPaths:\n");
    for (size_t i = 0; i < ARRAY_COUNT(readable); i++)
        text_printf(&out, "    - {path: %s, optional: true}\n", readable[i]);
    if (add_denials(&out, arena, err) < 0)
        return -ENOMEM;
    /* git takes a configuration that is shut for a failure, and one that is absent for none: so it is where the policy is used. */
    text_add(&out, "environment:\n  set:\n    GIT_CONFIG_NOSYSTEM: \"1\"\n");
    if (hosts && hosts[0])
        text_add(&out, "network:\n  egress:\n    default: deny\n    allow:\n");
    for (size_t i = 0; hosts && hosts[i]; i++) {
        struct json json = JSON_INIT(&out, 0);

        text_add(&out, "      - {to: [{host: ");
        json_add_string(&json, NULL, hosts[i]);
        text_add(&out, "}]}\n");
    }
    return text_take(&out, ret_text, err);
}
