/* SPDX-License-Identifier: Apache-2.0 */
/* Runs while Cordon is built: embed-templates OUTPUT NAME.yaml... writes the documents as constant C. */
#include <stdio.h>
#include <string.h>

#include "base/embed.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"

#define TEMPLATE_SIZE_MAX 65536

static int embed(FILE *out, const char *path)
{
    const char *base = path_base(path);
    char *text auto_free = NULL;
    struct error err = ERROR_INIT;
    size_t size;

    if (file_read(path, TEMPLATE_SIZE_MAX, &text, &size, &err) < 0) {
        fprintf(stderr, "embed-templates: %s\n", err.text);
        return -1;
    }
    fprintf(out, "    {.name = \"%.*s\", .text =\n    ", (int)strcspn(base, "."), base);
    embed_string(out, text, size);
    fputs("},\n", out);
    return 0;
}

int main(int argc, char **argv)
{
    FILE *out;
    int status = 0;

    if (argc < 3 || !(out = fopen(argv[1], "w")))
        return 1;
    fputs("/* Made from templates/ by embed-templates. */\n#include \"author/draft.h\"\n\n"
          "const struct draft_template draft_templates[] = {\n", out);
    for (int i = 2; i < argc && status == 0; i++)
        status = embed(out, argv[i]);
    fputs("    {.name = NULL},\n};\n\nconst char *const draft_template_names[] = {", out);
    for (int i = 2; i < argc; i++)
        fprintf(out, "\"%.*s\", ", (int)strcspn(path_base(argv[i]), "."), path_base(argv[i]));
    fputs("NULL};\n", out);
    return fclose(out) != 0 || status < 0;
}
