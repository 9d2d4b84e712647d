/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the tests of the reader. */
#include "load.h"

#include <stdlib.h>

#include "test.h"

const struct variables test_variables = {
    .workspace = "/work/space", .home = "/home/u", .user = "u", .tmp = "/tmp"};
const struct load_options test_options = {
    .kind = LAYER_REQUEST, .variables = &test_variables, .layer_name = "document"};

static struct arena *shared;

static void free_shared(void)
{
    arena_free(shared);
}

struct arena *test_arena(void)
{
    if (!shared) {
        shared = arena_new();
        atexit(free_shared);
    }
    check(shared);
    return shared;
}

struct document *must_load_as(const char *name, const char *text,
                              const struct load_options *options)
{
    struct error err = ERROR_INIT;
    struct document *document = NULL;

    if (document_load_text(test_arena(), name, text, strlen(text), options, &document, &err) < 0)
        test_fail(__FILE__, __LINE__, "not loaded: %s", err.text);
    check(document);
    return document;
}

struct document *must_load(const char *text)
{
    return must_load_as("p.yaml", text, &test_options);
}

void must_refuse_as(const char *name, const char *text, const char *error)
{
    struct error err = ERROR_INIT;
    struct document *document = NULL;

    check(document_load_text(test_arena(), name, text, strlen(text), &test_options, &document,
                             &err) < 0);
    check_string(err.text, error);
    check(!document);
}

void must_refuse(const char *text, const char *error)
{
    must_refuse_as("p.yaml", text, error);
}
