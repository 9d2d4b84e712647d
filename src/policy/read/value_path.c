/* SPDX-License-Identifier: Apache-2.0 */
/* Paths in documents: variables, patterns, and what a path must not hold. */
#include <string.h>

#include "base/path.h"
#include "policy/read/reader.h"

#define VARIABLES      "${workspace}, ${home}, ${user}, ${tmp}"
#define NAME_BYTES_MAX 255

struct expansion {
    char text[PATH_LENGTH_MAX + 1];
    size_t length;
    bool has_pattern; /* in what the document says itself */
    bool has_hidden;  /* pattern characters in a variable's value */
};

static bool has_pattern(const char *text)
{
    return text[strcspn(text, "*?[")] != '\0';
}

static int variable_value(const struct reader *reader, const struct place *place, const char *name,
                          size_t length, const char **ret_value)
{
    const struct variables *variables = reader->options->variables;
    const struct {
        const char *name, *value, *remedy;
    } known[] = {
        {"workspace", variables ? variables->workspace : NULL, "name a workspace"},
        {"home", variables ? variables->home : NULL, "write the path itself"},
        {"user", variables ? variables->user : NULL, "write the name itself"},
        {"tmp", variables ? variables->tmp : NULL, "write /tmp"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        if (strlen(known[i].name) != length || memcmp(known[i].name, name, length) != 0)
            continue;
        if (!known[i].value || !*known[i].value)
            return reader_refuse(reader, place, "${%s} has no value here; %s", known[i].name,
                                 known[i].remedy);
        *ret_value = known[i].value;
        return 0;
    }
    return reader_refuse(reader, place, "unknown variable ${%.*s}; expected one of " VARIABLES,
                         length > 40 ? 40 : (int)length, name);
}

static int expansion_add(const struct reader *reader, const struct place *place,
                         struct expansion *expansion, const char *text, size_t length)
{
    if (length > PATH_LENGTH_MAX - expansion->length)
        return reader_refuse(reader, place, "is longer than " STRINGIFY(PATH_LENGTH_MAX) " bytes");
    memcpy(expansion->text + expansion->length, text, length);
    expansion->length += length;
    expansion->text[expansion->length] = '\0';
    return 0;
}

static int path_expand(const struct reader *reader, const struct place *place, const char *text,
                       struct expansion *expansion)
{
    while (*text) {
        const char *start = strstr(text, "${"), *end, *value = NULL;
        size_t literal = start ? (size_t)(start - text) : strlen(text);
        int status = expansion_add(reader, place, expansion, text, literal);

        expansion->has_pattern |= strcspn(text, "*?[") < literal;
        if (status < 0 || !start)
            return status;
        end = strchr(start, '}');
        if (!end)
            return reader_refuse(reader, place, "'${' without '}'; expected one of " VARIABLES);
        status = variable_value(reader, place, start + 2, (size_t)(end - start - 2), &value);
        if (status == 0)
            status = expansion_add(reader, place, expansion, value, strlen(value));
        if (status < 0)
            return status;
        expansion->has_hidden |= has_pattern(value);
        text = end + 1;
    }
    return 0;
}

/* '[' closes within its component, '**' is a component of its own. */
static const char *pattern_fault(const char *path)
{
    while (*path) {
        size_t length = strcspn(path, "/");
        const char *stars = memmem(path, length, "**", 2);

        if (stars && length != 2)
            return "'**' must be a whole component; write **/ before a name";
        for (size_t i = 0; i < length; i++) {
            const char *close;

            if (path[i] != '[')
                continue;
            close = memchr(path + i + 1, ']', length - i - 1);
            if (!close || close == path + i + 1 || (path[i + 1] == '!' && close == path + i + 2))
                return "'[' needs characters and ']' in the same component";
            i = (size_t)(close - path);
        }
        path += length;
        path += strspn(path, "/");
    }
    return NULL;
}

static const char *path_bounds_fault(const char *path)
{
    size_t depth = 0;

    if (strlen(path) > PATH_LENGTH_MAX)
        return "is longer than " STRINGIFY(PATH_LENGTH_MAX) " bytes";
    for (const char *c = path; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return "holds a control character";
    while (*path) {
        size_t length = strcspn(path, "/");

        if (length > NAME_BYTES_MAX)
            return "has a component of more than 255 bytes";
        depth += length > 0;
        path += length;
        path += strspn(path, "/");
    }
    return depth > PATH_DEPTH_MAX ? "has more than " STRINGIFY(PATH_DEPTH_MAX) " components" : NULL;
}

/* What is wrong with the text as written, before variables are put in. */
static const char *path_spelling_fault(const char *text)
{
    if (!*text)
        return "is empty; write an absolute path";
    if (text[0] == '~')
        return "'~' is not expanded; write ${home}";
    if (strncmp(text, "$HOME", 5) == 0)
        return "environment variables are not expanded; write ${home}";
    if (text[0] == '$' && text[1] != '{')
        return "environment variables are not expanded; expected one of " VARIABLES;
    return NULL;
}

static int path_check(const struct reader *reader, const struct place *place, const char *text,
                      const struct expansion *expansion)
{
    const char *path = expansion->text;
    const char *fault = path_bounds_fault(path);

    if (path[0] != '/')
        return reader_refuse(
            reader, place, "'%.80s' is not absolute; write ${workspace}/... or ${home}/...", text);
    if (path_has_dotdot(path))
        return reader_refuse(reader, place, "holds '..'; write the path without it");
    if (!fault && expansion->has_pattern && expansion->has_hidden)
        fault = "a pattern on top of a variable whose value holds '*', '?' or '['; write the path "
                "itself";
    if (!fault && expansion->has_pattern)
        fault = pattern_fault(path);
    return fault ? reader_refuse(reader, place, "%s", fault) : 0;
}

int value_parse_path(const struct reader *reader, const struct place *place, const char *text,
                     bool *ret_is_glob, const char **ret_path)
{
    struct expansion expansion;
    const char *fault = path_spelling_fault(text), *path;
    int status = 0;

    expansion.length = 0;
    expansion.text[0] = '\0';
    expansion.has_pattern = expansion.has_hidden = false;
    if (fault)
        return reader_refuse(reader, place, "%s", fault);
    if (ret_is_glob && strncmp(text, "**/", 3) == 0)
        status = expansion_add(reader, place, &expansion, "/", 1); /* anywhere */
    if (status == 0)
        status = path_expand(reader, place, text, &expansion);
    if (status < 0)
        return status;
    if (expansion.has_pattern && !ret_is_glob)
        return reader_refuse(reader, place,
                             "patterns are allowed in filesystem.deniedPaths and "
                             "filesystem.readonlyPaths only; name the directory");
    status = path_check(reader, place, text, &expansion);
    if (status < 0)
        return status;
    path = path_normalise(reader->arena, expansion.text);
    if (!path)
        return error_memory(reader->err);
    if (ret_is_glob)
        *ret_is_glob = expansion.has_pattern;
    *ret_path = path;
    return 0;
}
