/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs while Cordon is built: embed-profiles OUTPUT NAME.yaml... reads each profile with the reader
 * that documents go through and writes its text, its digest and its tree as constant C.
 */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/embed.h"
#include "base/file.h"
#include "base/path.h"
#include "policy/read/node.h"

struct writer {
    FILE *out;
    unsigned next; /* number of the next node */
};

static unsigned write_node(struct writer *writer, const struct node *node);

static void write_items(struct writer *writer, const struct node *node, unsigned *numbers)
{
    for (size_t i = 0; i < node->count; i++)
        numbers[i] =
            write_node(writer, node->kind == NODE_MAP ? node->entries[i].value : node->items[i]);
}

static void write_children(struct writer *writer, const struct node *node, const unsigned *numbers,
                           unsigned number)
{
    fprintf(writer->out, "static const %s c%u[] = {\n",
            node->kind == NODE_MAP ? "struct node_entry" : "struct node *const", number);
    for (size_t i = 0; i < node->count; i++) {
        if (node->kind == NODE_LIST) {
            fprintf(writer->out, "    &n%u,\n", numbers[i]);
            continue;
        }
        fputs("    {", writer->out);
        embed_string(writer->out, node->entries[i].key, strlen(node->entries[i].key));
        fprintf(writer->out, ", %u, %u, (struct node *)&n%u},\n", node->entries[i].line,
                node->entries[i].column, numbers[i]);
    }
    fputs("};\n", writer->out);
}

/* Children first, so that what a node points to has been declared. Returns the node's number. */
static unsigned write_node(struct writer *writer, const struct node *node)
{
    unsigned *numbers auto_free = mem_alloc((node->count + 1) * sizeof(*numbers));
    unsigned number;

    if (!numbers)
        return 0;
    write_items(writer, node, numbers);
    number = writer->next++;
    if (node->count)
        write_children(writer, node, numbers, number);
    fprintf(writer->out, "static const struct node n%u = {%d, %u, %u, %u, %u, ", number,
            (int)node->kind, node->line, node->column, node->end_line, node->end_column);
    if (node->text)
        embed_string(writer->out, node->text, node->length);
    else
        fputs("NULL", writer->out);
    fprintf(writer->out, ", %zu, ", node->length);
    if (node->count && node->kind == NODE_LIST)
        fprintf(writer->out, "(struct node **)c%u, NULL, %zu};\n", number, node->count);
    else if (node->count)
        fprintf(writer->out, "NULL, (struct node_entry *)c%u, %zu};\n", number, node->count);
    else
        fputs("NULL, NULL, 0};\n", writer->out);
    return number;
}

struct embedded {
    char name[64];
    char digest[DIGEST_TEXT_SIZE];
    char *text;
    size_t size;
    unsigned root;
};

static int embed(struct writer *writer, struct arena *arena, const char *path,
                 struct embedded *embedded, struct error *err)
{
    const char *base = path_base(path);
    struct node *root;
    int status = file_read(path, NODE_TEXT_MAX, &embedded->text, &embedded->size, err);

    if (status == 0)
        status = node_read(arena, path, embedded->text, embedded->size, NODE_YAML, &root, err);
    if (status < 0)
        return status;
    snprintf(embedded->name, sizeof(embedded->name), "%.*s", (int)strcspn(base, "."), base);
    digest_text(embedded->text, embedded->size, embedded->digest);
    embedded->root = write_node(writer, root);
    return 0;
}

static void write_table(FILE *out, const struct embedded *all, int count)
{
    fputs("static const struct profile profiles[] = {\n", out);
    for (int i = 0; i < count; i++) {
        fprintf(out, "    {.name = \"%s\", .digest = \"%s\", .root = &n%u, .text =\n    ",
                all[i].name, all[i].digest, all[i].root);
        embed_string(out, all[i].text, all[i].size);
        fputs("},\n", out);
    }
    fputs("};\n\nconst struct profile_set builtin_profiles = {profiles, ARRAY_COUNT(profiles)};\n\n"
          "const char *const *profile_names(void)\n{\n"
          "    static const char *const names[] = {",
          out);
    for (int i = 0; i < count; i++)
        fprintf(out, "\"%s\", ", all[i].name);
    fputs("NULL};\n\n    return names;\n}\n", out);
}

int main(int argc, char **argv)
{
    struct embedded *all auto_free = mem_alloc((size_t)argc * sizeof(*all));
    struct arena *arena auto_arena = arena_new();
    struct error err = ERROR_INIT;
    struct writer writer = {.next = 1};
    int status = 0;

    if (argc < 3 || !all || !arena || !(writer.out = fopen(argv[1], "w")))
        return 1;
    fputs("/* Made from profiles/ by embed-profiles. */\n#include \"base/compiler.h\"\n"
          "#include \"policy/document.h\"\n#include \"policy/read/profile.h\"\n\n",
          writer.out);
    for (int i = 2; i < argc && status == 0; i++)
        status = embed(&writer, arena, argv[i], &all[i - 2], &err);
    if (status < 0)
        fprintf(stderr, "embed-profiles: %s\n", err.text);
    else
        write_table(writer.out, all, argc - 2);
    for (int i = 2; i < argc; i++)
        mem_free(all[i - 2].text);
    return fclose(writer.out) != 0 || status < 0;
}
