/* SPDX-License-Identifier: Apache-2.0 */
/* Paths, patterns and variables. */
#include "load.h"
#include "test.h"

#define PATHS(list, value) NATIVE "filesystem: {" list ": [" value "]}\n"

TEST(paths_are_absolute_and_normalised_with_their_variables_put_in)
{
    const struct document *d =
        must_load(PATHS("readwritePaths", "'${workspace}//a/./b/', '${home}', '/x/${user}/y', "
                                          "'${tmp}', {path: /z, optional: true}"));
    static const char *const expected[] = {"/work/space/a/b", "/home/u", "/x/u/y", "/tmp", "/z"};

    check_int(d->path_count, ARRAY_COUNT(expected));
    for (size_t i = 0; i < d->path_count; i++) {
        check_string(d->paths[i].path, expected[i]);
        check_int(d->paths[i].kind, PATH_READWRITE);
        check_int(d->paths[i].is_optional, i == 4);
    }
    check(d->has_filesystem && d->has_grants);
}

TEST(each_list_has_its_kind_and_only_grants_count_as_grants)
{
    const struct document *d = must_load(NATIVE "filesystem: {deniedPaths: [/a], protectedPaths: "
                                                "[/b], unprotectedPaths: [.git/hooks]}\n");

    check_int(d->paths[0].kind, PATH_DENIED);
    check_int(d->paths[1].kind, PATH_PROTECTED);
    check_string(d->unprotected.items[0].text, ".git/hooks");
    check(d->has_filesystem && !d->has_grants);
    d = must_load(PATHS("cachePaths", ""));
    check(d->has_grants && d->path_count == 0);
    d = must_load(PATHS("cachePaths", "'${home}/.cache'"));
    check_int(d->paths[0].kind, PATH_CACHE);
}

TEST(a_view_has_a_source_a_target_and_an_access)
{
    const struct document *d = must_load(
        NATIVE
        "filesystem: {views: [{target: /b, source: '${home}/a', access: readwrite, optional: "
        "true}, {source: /c, target: /d}]}\n");

    check_int(d->view_count, 2);
    check_string(d->views[0].source, "/home/u/a");
    check_string(d->views[0].target, "/b");
    check(d->views[0].is_writable && d->views[0].is_optional);
    check(!d->views[1].is_writable && !d->views[1].is_optional);
    check_string(d->views[1].origin.member, "filesystem.views[1]");
}

TEST(paths_that_could_mean_something_else_are_refused)
{
    static const char *const cases[][2] = {
        {"''", "is empty; write an absolute path"},
        {"'~/x'", "'~' is not expanded; write ${home}"},
        {"'~root'", "'~' is not expanded; write ${home}"},
        {"$HOME/x", "environment variables are not expanded; write ${home}"},
        {"$PWD",
         "environment variables are not expanded; expected one of ${workspace}, ${home}, ${user}, "
         "${tmp}"},
        {"x/y", "'x/y' is not absolute; write ${workspace}/... or ${home}/..."},
        {"'${user}/y'", "'${user}/y' is not absolute; write ${workspace}/... or ${home}/..."},
        {"/a/../b", "holds '..'; write the path without it"},
        {"'${home}/..'", "holds '..'; write the path without it"},
        {"'/a/${HOME}'",
         "unknown variable ${HOME}; expected one of ${workspace}, ${home}, ${user}, ${tmp}"},
        {"'/a/${home'", "'${' without '}'; expected one of ${workspace}, ${home}, ${user}, ${tmp}"},
        {"\"/a\\0b\"", "holds a NUL; remove it"},
        {"\"/a\\nb\"", "holds a control character"},
        {"12", "expected a path, not a number; write it in quotes: \"12\""},
        {"[/a]", "expected a path, not a list"},
        {"{optional: true}", "has no member 'path'"},
        {"/a/*", "patterns are allowed in filesystem.deniedPaths and filesystem.readonlyPaths "
                 "only; name the directory"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[256], error[512];

        snprintf(text, sizeof(text), PATHS("readwritePaths", "%s"), cases[i][0]);
        snprintf(error, sizeof(error), "p.yaml:2:31: filesystem.readwritePaths[0]: %s",
                 cases[i][1]);
        must_refuse(text, error);
    }
}

TEST(paths_have_bounds)
{
    char text[6000], component[300], deep[1000];

    memset(component, 'a', 256);
    component[256] = '\0';
    snprintf(text, sizeof(text), PATHS("readwritePaths", "/%s"), component);
    must_refuse(text, "p.yaml:2:31: filesystem.readwritePaths[0]: has a component of more than 255 "
                      "bytes");
    snprintf(text, sizeof(text), PATHS("readwritePaths", "/%s"), component + 1);
    must_load(text);
    memset(text, '/', sizeof(text));
    memcpy(text, NATIVE "filesystem: {readwritePaths: [", strlen(NATIVE) + 30);
    strcpy(text + sizeof(text) - 3, "]}");
    must_refuse(text, "p.yaml:2:31: filesystem.readwritePaths[0]: is longer than 4095 bytes");
    for (size_t i = 0; i < 129; i++)
        memcpy(deep + 2 * i, "/a", 3);
    snprintf(text, sizeof(text), PATHS("readwritePaths", "%s"), deep);
    must_refuse(text, "p.yaml:2:31: filesystem.readwritePaths[0]: has more than 128 components");
}

TEST(a_variable_without_a_value_is_refused_with_the_remedy)
{
    struct variables variables = test_variables;
    struct load_options options = test_options;
    struct document *document = NULL;
    struct error err = ERROR_INIT;
    const char *text = PATHS("readwritePaths", "'${workspace}'");

    variables.workspace = NULL;
    options.variables = &variables;
    check(document_load_text(test_arena(), "p.yaml", text, strlen(text), &options, &document,
                             &err) < 0);
    check_string(err.text, "p.yaml:2:31: filesystem.readwritePaths[0]: ${workspace} has no value "
                           "here; name a workspace");
}

TEST(patterns_are_kept_where_they_are_allowed)
{
    const struct document *d = must_load(
        PATHS("deniedPaths", "'**/.env', '/a/*.pem', '/b/[!x-z]?', '${home}/**/k', /plain"));
    static const char *const expected[] = {"/**/.env", "/a/*.pem", "/b/[!x-z]?", "/home/u/**/k",
                                           "/plain"};

    for (size_t i = 0; i < ARRAY_COUNT(expected); i++) {
        check_string(d->paths[i].path, expected[i]);
        check_int(d->paths[i].is_glob, i < 4);
    }
    check_int(d->unsupported_count, 0);
}

TEST(patterns_that_do_not_close_are_refused)
{
    static const char *const cases[][2] = {
        {"/a/**b", "'**' must be a whole component; write **/ before a name"},
        {"/a/***", "'**' must be a whole component; write **/ before a name"},
        {"/a/[b", "'[' needs characters and ']' in the same component"},
        {"/a/[]", "'[' needs characters and ']' in the same component"},
        {"/a/[!]", "'[' needs characters and ']' in the same component"},
        {"/a/[b/c]", "'[' needs characters and ']' in the same component"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[256], error[512];

        snprintf(text, sizeof(text), PATHS("deniedPaths", "'%s'"), cases[i][0]);
        snprintf(error, sizeof(error), "p.yaml:2:28: filesystem.deniedPaths[0]: %s", cases[i][1]);
        must_refuse(text, error);
    }
}

/* A workspace called "[x]" is a name, not a pattern. */
TEST(a_variables_value_is_never_a_pattern)
{
    struct variables variables = test_variables;
    struct load_options options = test_options;
    const struct document *d;
    struct document *document = NULL;
    struct error err = ERROR_INIT;
    const char *text = PATHS("deniedPaths", "'${workspace}/*'");

    variables.workspace = "/w/[x]*";
    options.variables = &variables;
    d = must_load_as("p.yaml", PATHS("deniedPaths", "'${workspace}/a'"), &options);
    check(!d->paths[0].is_glob);
    check_string(d->paths[0].path, "/w/[x]*/a");
    check(document_load_text(test_arena(), "p.yaml", text, strlen(text), &options, &document,
                             &err) < 0);
    check_contains(err.text, "a pattern on top of a variable whose value holds");
}

TEST(only_grants_may_be_absent)
{
    must_refuse(PATHS("deniedPaths", "{path: /a, optional: true}"),
                "p.yaml:2:39: filesystem.deniedPaths[0].optional: only grants may be optional; "
                "name protectedPaths.missing in isolation.allowLoss if the name may be missing");
    must_load(PATHS("deniedPaths", "{path: /a}"));
}

TEST(only_built_in_protected_names_can_be_given_up)
{
    static const char *const refused[] = {
        "/a", "'${workspace}/.git/hooks'", ".git", ".git/hooks/", "'.git/*'", "''", "1"};

    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        char text[256];
        struct document *document = NULL;
        struct error err = ERROR_INIT;

        snprintf(text, sizeof(text), PATHS("unprotectedPaths", "%s"), refused[i]);
        check(document_load_text(test_arena(), "p.yaml", text, strlen(text), &test_options,
                                 &document, &err) < 0);
        check_contains(err.text, "p.yaml:2:33: filesystem.unprotectedPaths[0]: ");
        check_contains(err.text,
                       i + 1 < ARRAY_COUNT(refused)
                           ? "is not a built-in protected name; expected one of .git/hooks"
                           : "expected a protected name, not a number");
    }
}
