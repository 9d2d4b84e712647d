/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a policy that --set can name, out of the JSON Schema that the library prints. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define PATH_MAX_MEMBER 256

/* What a value of the schema is: only what `properties` hold are members. */
enum place { PLACE_MEMBER, PLACE_PROPERTIES, PLACE_OTHER };

struct walk {
    const char *at; /* in a well-formed document: the library has written it */
    char path[PATH_MAX_MEMBER];
    const char *before, *after; /* printed around each */
};

static void walk_value(struct walk *walk, enum place place);

static void skip_blanks(struct walk *walk)
{
    walk->at += strspn(walk->at, " \n,:");
}

/* Past a string; *ret_size is what stands between its quotes. */
static const char *walk_string(struct walk *walk, size_t *ret_size)
{
    const char *start = ++walk->at;

    while (*walk->at && *walk->at != '"')
        walk->at += *walk->at == '\\' && walk->at[1] ? 2 : 1;
    *ret_size = (size_t)(walk->at - start);
    if (*walk->at)
        walk->at++;
    return start;
}

/* Not a setting of a run: what makes a document what it is. */
static bool is_fixed(const char *path)
{
    return strcmp(path, "version") == 0 || strcmp(path, "extends") == 0 || path[0] == '$' ||
           path[0] == '_';
}

static void walk_entry(struct walk *walk, enum place place, bool *is_parent)
{
    size_t size, length = strlen(walk->path);
    const char *key = walk_string(walk, &size);

    skip_blanks(walk);
    if (place == PLACE_PROPERTIES) {
        snprintf(walk->path + length, sizeof(walk->path) - length, "%s%.*s", length ? "." : "",
                 (int)size, key);
        walk_value(walk, PLACE_MEMBER);
        walk->path[length] = '\0';
    } else if (place == PLACE_MEMBER && size == strlen("properties") &&
               strncmp(key, "properties", size) == 0) {
        *is_parent = true;
        walk_value(walk, PLACE_PROPERTIES);
    } else {
        walk_value(walk, PLACE_OTHER);
    }
}

static void walk_value(struct walk *walk, enum place place)
{
    char last = *walk->at == '{' ? '}' : ']';
    bool is_object = *walk->at == '{', is_parent = false;
    size_t size;

    if (*walk->at == '"') {
        walk_string(walk, &size);
    } else if (!is_object && *walk->at != '[') {
        walk->at += strcspn(walk->at, ",]}\n");
    } else {
        for (walk->at++, skip_blanks(walk); *walk->at && *walk->at != last; skip_blanks(walk)) {
            if (is_object)
                walk_entry(walk, place, &is_parent);
            else
                walk_value(walk, PLACE_OTHER);
        }
        walk->at += *walk->at != '\0';
    }
    if (place == PLACE_MEMBER && !is_parent && walk->path[0] && !is_fixed(walk->path))
        printf("%s%s%s", walk->before, walk->path, walk->after);
}

void print_members(const char *before, const char *after)
{
    struct walk walk = {.before = before, .after = after};
    char *schema = NULL;

    if (cordon_schema(&schema, NULL) < 0)
        return;
    walk.at = schema;
    walk_value(&walk, PLACE_MEMBER);
    cordon_string_free(schema);
}
