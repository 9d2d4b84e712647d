/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Says of each file named in its arguments what the MXC front end makes of it, one line each:
 * "accepted", "backend: MEMBER REASON" (valid, but not to be launched here), or "CODE MESSAGE".
 * tests/compare/mxc-oracle compares this with what MXC's own program says.
 */
#include <stdio.h>

#include "base/file.h"
#include "policy/mxc/mxc.h"
#include "policy/read/node.h"

static int load(struct arena *arena, const char *path, struct document **ret_document,
                struct error *err)
{
    static const struct load_options options = {.kind = LAYER_REQUEST};
    char *text auto_free = NULL;
    struct node *root;
    size_t size;
    int status = file_read(path, NODE_TEXT_MAX, &text, &size, err);

    if (status == 0)
        status = node_read(arena, path, text, size, NODE_JSON, &root, err);
    return status < 0
               ? status
               : mxc_document_load(arena, path, root, text, size, &options, ret_document, err);
}

static void print_verdict(const char *path)
{
    struct arena *arena auto_arena = arena_new();
    struct error err = ERROR_INIT;
    struct document *document;

    if (!arena || load(arena, path, &document, &err) < 0)
        printf("%s %s\n", mxc_code_name(mxc_error_code(&err)), mxc_error_message(&err));
    else if (document->unsupported_count)
        printf("backend: %s %s\n", document->unsupported[0].member,
               document->unsupported[0].reason);
    else
        puts("accepted");
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        print_verdict(argv[i]);
    return 0;
}
