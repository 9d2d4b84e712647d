/* SPDX-License-Identifier: Apache-2.0 */
/* Documents from files, from text, from a profile's name, and one member from the command line. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/looks.h"
#include "base/path.h"
#include "policy/mxc/mxc.h"
#include "policy/read/reader.h"

#define NATIVE_PREFIX  "cordon/"
#define ASSIGNMENT_MAX 65536

const char *const *policy_loss_names(void)
{
    static const char *const names[] = {
        "protectedPaths.missing", "resources.memory", "resources.cpus", "resources.pids",
        "resources.cpuTime",      "resources.disk",   "groups",         "coreDumps",
        "metadata",               "hardLinks",        "unixSockets",    NULL,
    };

    return names;
}

/* "dir/build.yaml" -> "build" */
static char *name_of_file(struct arena *arena, const char *path)
{
    const char *base = path_base(path);
    const char *dot = strrchr(base, '.');

    return arena_string_n(arena, base, dot && dot != base ? (size_t)(dot - base) : strlen(base));
}

static struct document *new_document(struct arena *arena, const struct load_options *options)
{
    struct document *document = arena_alloc(arena, sizeof(*document));

    if (!document)
        return NULL;
    document->contract = CONTRACT_CORDON;
    document->kind = options->kind;
    document->version = "cordon/1";
    return document;
}

static int load_native(struct arena *arena, const char *name, const struct node *root,
                       const char *text, size_t size, const struct load_options *options,
                       struct document **ret_document, struct error *err)
{
    struct document *document = new_document(arena, options);
    struct reader reader = {
        .arena = arena,
        .document = document,
        .options = options,
        .profiles = &builtin_profiles,
        .layer = options->layer_name ? options->layer_name : "document",
        .err = err,
    };
    int status;

    if (!document)
        return error_memory(err);
    document->file = reader.file = reader.name = arena_string(arena, name);
    document->name = name_of_file(arena, name);
    if (!reader.name || !document->name)
        return error_memory(err);
    digest_text(text, size, document->digest);
    status = reader_read_document(&reader, root);
    if (status == 0)
        *ret_document = document;
    return status;
}

static bool is_json(const char *name, const char *text, size_t size)
{
    size_t length = strlen(name), blank = 0;

    while (blank < size && memchr(" \t\r\n", text[blank], 4))
        blank++;
    if (blank < size && text[blank] == '{')
        return true;
    return length > 5 && strcmp(name + length - 5, ".json") == 0;
}

/* Whether `version` names a contract of ours. MXC documents are JSON; what is neither is refused
 * here for YAML and by MXC's rules for JSON. */
static int check_version(const char *name, const struct node *root, bool is_json_text,
                         bool *ret_is_native, struct error *err)
{
    const struct node *version = node_get(root, "version");
    const struct node *at = version ? version : root;

    *ret_is_native = version && version->kind == NODE_STRING &&
                     strncmp(version->text, NATIVE_PREFIX, strlen(NATIVE_PREFIX)) == 0;
    if (*ret_is_native || is_json_text)
        return 0;
    if (root->kind != NODE_MAP)
        return error_set(err, ERROR_INVALID, EINVAL, "%s:%u:%u: expected a map of members, not %s",
                         name, root->line, root->column, value_kind_phrase(root));
    for (size_t i = 0; !version && i < root->count; i++)
        if (text_distance(root->entries[i].key, "version", 2) <= 2)
            return error_set(err, ERROR_SCHEMA, EINVAL, "%s:%u:%u: %s: unknown member; did you mean 'version'?", name,
                             root->entries[i].line, root->entries[i].column, root->entries[i].key);
    if (!version)
        return error_set(err, ERROR_INVALID, EINVAL,
                         "%s:%u:%u: member 'version' is missing; write version: cordon/1", name,
                         at->line, at->column);
    return error_set(err, ERROR_SCHEMA, EINVAL,
                     "%s:%u:%u: version: expected cordon/1 (MXC documents are read as JSON only)",
                     name, at->line, at->column);
}

int document_load_text(struct arena *arena, const char *name, const char *text, size_t size,
                       const struct load_options *options, struct document **ret_document,
                       struct error *err)
{
    struct error unwanted = ERROR_INIT;
    bool json = is_json(name, text, size), is_native = false;
    struct node *root;
    int status;

    if (!err)
        err = &unwanted;
    status = node_read(arena, name, text, size, json ? NODE_JSON : NODE_YAML, &root, err);
    if (status == 0)
        status = check_version(name, root, json, &is_native, err);
    if (status < 0)
        return status;
    if (!is_native)
        return mxc_document_load(arena, name, root, text, size, options, ret_document, err);
    return load_native(arena, name, root, text, size, options, ret_document, err);
}

/* Most often somebody meant a profile: its name, or the name that a file of it would have. */
static int refuse_missing(struct arena *arena, const char *path, struct error *err)
{
    const char *name = name_of_file(arena, path);

    if (name && profile_find(&builtin_profiles, name))
        return error_set(err, ERROR_SYSTEM, ENOENT,
                         "policy %s: there is no such file; for the built-in profile: --profile %s",
                         path, name);
    return error_set(err, ERROR_SYSTEM, ENOENT,
                     "policy %s: there is no such file; without one of your own, take a built-in "
                     "profile: --profile NAME (cordon policy profiles lists them)",
                     path);
}

int document_read_file(struct arena *arena, const char *path, const struct load_options *options, char **ret_text,
                       size_t *ret_size, struct error *err)
{
    char *text auto_free = NULL;
    size_t size;
    int status;

    look_content(path, true);
    status = file_read(path, NODE_TEXT_MAX, &text, &size, err);
    char *copy;

    if (status == -ENOENT && options->kind == LAYER_REQUEST)
        return refuse_missing(arena, path, err);
    if (status < 0)
        return status;
    copy = arena_alloc(arena, size + 1);
    if (!copy)
        return error_memory(err);
    *ret_text = memcpy(copy, text, size);
    *ret_size = size;
    return 0;
}

int document_load_file(struct arena *arena, const char *path, const struct load_options *options,
                       struct document **ret_document, struct error *err)
{
    size_t size;
    char *text;
    int status = document_read_file(arena, path, options, &text, &size, err);

    return status < 0 ? status : document_load_text(arena, path, text, size, options, ret_document, err);
}

int document_load_profile(struct arena *arena, const char *profile,
                          const struct load_options *options, struct document **ret_document,
                          struct error *err)
{
    const struct profile *found = profile_find(&builtin_profiles, profile);
    struct error unwanted = ERROR_INIT;
    struct place place = {0};
    struct document *document;
    struct reader reader = {
        .arena = arena,
        .options = options,
        .profiles = &builtin_profiles,
        .name = "built-in",
        .layer = "built-in",
        .err = err ? err : &unwanted,
    };
    int status;

    if (!found && strpbrk(profile, "/."))
        return error_set(err, ERROR_INVALID, EINVAL,
                         "no profile '%s'; for a document of your own: --policy %s", profile,
                         profile);
    if (!found)
        return error_set(err, ERROR_INVALID, EINVAL,
                         "no profile '%s'; cordon policy profiles lists them", profile);
    document = reader.document = new_document(arena, options);
    if (!document)
        return error_memory(err);
    document->name = found->name;
    snprintf(document->digest, sizeof(document->digest), "%s", found->digest);
    status = reader_fold_profile(&reader, &place, found->name);
    if (status == 0)
        *ret_document = document;
    return status;
}

/* root {a: {b: value}} for "a.b" */
static int wrap_value(struct arena *arena, char *path, struct node *value, struct node **ret_root,
                      struct error *err)
{
    unsigned column = 1;
    char *dot = strchr(path, '.');
    struct node *map = arena_alloc(arena, sizeof(*map));
    int status = 0;

    if (dot)
        *dot = '\0';
    if (!*path)
        return error_set(err, ERROR_INVALID, EINVAL,
                         "setting: a member's name is missing; write MEMBER=VALUE");
    if (map)
        map->entries = arena_alloc(arena, sizeof(*map->entries));
    if (!map || !map->entries)
        return error_memory(err);
    *map = (struct node){
        .kind = NODE_MAP, .line = 1, .column = column, .entries = map->entries, .count = 1};
    map->entries[0] = (struct node_entry){.key = path, .line = 1, .column = column, .value = value};
    if (dot)
        status = wrap_value(arena, dot + 1, value, &map->entries[0].value, err);
    if (status == 0)
        *ret_root = map;
    return status;
}

/* The members that make a document what it is are not settings of a run. */
static bool is_fixed(const char *member)
{
    static const char *const fixed[] = {"version", "extends", "$schema", "_comment"};

    for (size_t i = 0; i < ARRAY_COUNT(fixed); i++)
        if (strcmp(member, fixed[i]) == 0)
            return true;
    return false;
}

static int read_assignment(struct arena *arena, const char *assignment, struct node **ret_root,
                           struct error *err)
{
    const char *equals = strchr(assignment, '=');
    size_t size = strlen(assignment);
    char *member, *padded;
    struct node *value;
    int status;

    if (!equals || size > ASSIGNMENT_MAX)
        return error_set(err, ERROR_INVALID, EINVAL,
                         "setting '%.60s' is not MEMBER=VALUE, like resources.memory=512MiB",
                         assignment);
    member = arena_string_n(arena, assignment, (size_t)(equals - assignment));
    padded = arena_string(arena, assignment);
    if (!member || !padded)
        return error_memory(err);
    if (is_fixed(member))
        return error_set(err, ERROR_INVALID, EINVAL,
                         "setting: %s cannot be set here; write it into a document", member);
    memset(padded, ' ', (size_t)(equals - assignment) + 1); /* so that columns are the setting's */
    status = node_read(arena, "setting", padded, size, NODE_YAML, &value, err);
    if (status == 0)
        status = wrap_value(arena, member, value, ret_root, err);
    return status;
}

/* What a setting may change in place, so that a refused one leaves the document as it was. */
static int detach_arrays(struct arena *arena, struct document *document, struct error *err)
{
    struct env_item *env = NULL;
    struct unsupported *unsupported = NULL;
    size_t env_count = 0, unsupported_count = 0;

    for (size_t i = 0; i < document->env_set_count; i++) {
        struct env_item *item = arena_append(arena, env, env_count);

        if (!item)
            return error_memory(err);
        *item = document->env_set[i];
    }
    for (size_t i = 0; i < document->unsupported_count; i++) {
        struct unsupported *item = arena_append(arena, unsupported, unsupported_count);

        if (!item)
            return error_memory(err);
        *item = document->unsupported[i];
    }
    document->env_set = env;
    document->unsupported = unsupported;
    return 0;
}

/* The document is another one now, and must not pass for what its file alone says. */
static int chain_digest(struct arena *arena, struct document *document, const char *assignment,
                        struct error *err)
{
    const char *both = arena_printf(arena, "%s\n%s", document->digest, assignment);

    if (!both)
        return error_memory(err);
    digest_text(both, strlen(both), document->digest);
    return 0;
}

int document_set_member(struct arena *arena, struct document *document, const char *assignment,
                        const struct load_options *options, struct error *err)
{
    struct error unwanted = ERROR_INIT;
    struct document changed = *document;
    struct reader reader = {
        .arena = arena,
        .document = &changed,
        .options = options,
        .profiles = &builtin_profiles,
        .name = "setting",
        .layer = "setting",
        .is_partial = true,
        .err = err ? err : &unwanted,
    };
    struct node *root;
    int status;

    if (document->contract != CONTRACT_CORDON)
        return error_set(err, ERROR_INVALID, EINVAL,
                         "setting: only cordon/1 documents can be changed; this one is MXC %s",
                         document->version);
    status = detach_arrays(arena, &changed, reader.err);
    if (status == 0)
        status = read_assignment(arena, assignment, &root, reader.err);
    if (status == 0)
        status = reader_read_document(&reader, root);
    if (status == 0)
        status = chain_digest(arena, &changed, assignment, reader.err);
    if (status == 0)
        *document = changed;
    return status;
}
