/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: any bytes are loaded as a policy, or refused with one line that names the text.
 * A text that begins with "--set " changes coding-agent instead. The unit tests replay the corpus.
 *   CC=clang meson setup -Db_sanitize=address,undefined -Db_lundef=false
 *     -Dc_args=-fsanitize=fuzzer-no-link DIR && ninja -C DIR tests/unit/policy-read/fuzz-native
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "policy/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses the text that it gathered when a quoted scalar does not end. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml";
}

static void hold(bool condition)
{
    if (!condition)
        abort();
}

static void check_document(const struct document *document)
{
    hold(document->name && document->version);
    for (size_t i = 0; i < document->path_count; i++) {
        const struct path_rule *rule = &document->paths[i];

        hold(rule->path && rule->path[0] == '/' && !path_has_dotdot(rule->path));
        hold(strlen(rule->path) <= PATH_LENGTH_MAX);
        hold(!rule->is_glob || rule->kind == PATH_DENIED || rule->kind == PATH_READONLY);
        hold(rule->origin.layer && rule->origin.member);
    }
    for (size_t i = 0; i < document->view_count; i++)
        hold(document->views[i].source && document->views[i].target);
    for (size_t i = 0; i < document->env_set_count; i++)
        hold(document->env_set[i].name[0] && document->env_set[i].value);
}

static int load(struct arena *arena, const char *text, size_t size,
                const struct load_options *options, struct document **ret_document,
                struct error *err)
{
    static const char prefix[] = "--set ";
    size_t skip = sizeof(prefix) - 1;
    char *assignment;
    int status;

    if (size < skip || memcmp(text, prefix, skip) != 0)
        return document_load_text(arena, "fuzz", text, size, options, ret_document, err);
    assignment = arena_string_n(arena, text + skip, size - skip);
    hold(assignment);
    status = document_load_profile(arena, "coding-agent", options, ret_document, err);
    hold(status == 0);
    status = document_set_member(arena, *ret_document, assignment, options, err);
    check_document(*ret_document);
    if (status < 0)
        *ret_document = NULL;
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct variables variables = {
        .workspace = "/work/space", .home = "/home/u", .user = "u", .tmp = "/tmp"};
    static const struct load_options options = {
        .kind = LAYER_REQUEST, .variables = &variables, .layer_name = "document"};
    struct arena *arena auto_arena = arena_new();
    struct error err = ERROR_INIT;
    struct document *document = NULL;
    char *text = malloc(size ? size : 1); /* exactly: a byte read behind it is found */

    hold(arena && text);
    if (size)
        memcpy(text, data, size);
    if (load(arena, text, size, &options, &document, &err) == 0)
        check_document(document);
    else
        hold(!document && err.text[0] && err.kind != ERROR_NONE);
    free(text);
    return 0;
}
