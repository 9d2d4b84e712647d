/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: any text as an MXC document. Whatever it holds, it is accepted whole or refused with
 * a code and a text; what is accepted has only absolute paths and names that an environment can
 * carry. The first byte chooses strict JSON or YAML, which a caller might wrongly hand over.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "policy/mxc/mxc.h"
#include "policy/read/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses the text that it gathered when a quoted scalar does not end. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml";
}

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void check_document(const struct document *document)
{
    must(document->contract == CONTRACT_MXC && document->version && document->name);
    must(document->phase || document->command_line);
    must(!document->cwd || document->cwd[0] == '/');
    for (size_t i = 0; i < document->path_count; i++)
        must(document->paths[i].path[0] == '/' && !document->paths[i].is_glob &&
             !path_has_dotdot(document->paths[i].path));
    for (size_t i = 0; i < document->env_set_count; i++)
        must(document->env_set[i].name[0] && !strchr(document->env_set[i].name, '='));
    for (size_t i = 0; i < document->unsupported_count; i++)
        must(document->unsupported[i].member && document->unsupported[i].reason);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct load_options options = {.kind = LAYER_REQUEST};
    struct arena *arena auto_arena = arena_new();
    struct document *document = NULL;
    struct error err = ERROR_INIT;
    struct node *root;
    const char *text;

    if (!size || size > 65536 || !arena)
        return 0;
    text = (const char *)data + 1;
    if (node_read(arena, "fuzz", text, size - 1, data[0] == 'y' ? NODE_YAML : NODE_JSON, &root,
                  &err) < 0)
        return 0;
    if (mxc_document_load(arena, "fuzz", root, text, size - 1, &options, &document, &err) == 0) {
        check_document(document);
        return 0;
    }
    must(!document && err.kind != ERROR_NONE && err.text[0]);
    must(mxc_error_code(&err) != MXC_OK && *mxc_code_name(mxc_error_code(&err)));
    must(*mxc_error_message(&err) != '\0');
    return 0;
}
