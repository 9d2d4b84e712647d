/* SPDX-License-Identifier: Apache-2.0 */
#include "mxc-test.h"

#include <errno.h>

static const struct variables variables = {
    .workspace = "/work", .home = "/home/u", .user = "u", .tmp = "/tmp"};
static const struct load_options options = {
    .kind = LAYER_REQUEST, .variables = &variables, .layer_name = "document"};

struct verdict mxc_read(const char *text)
{
    struct verdict verdict = {.arena = arena_new(), .err = ERROR_INIT};
    struct node *root;

    check(verdict.arena != NULL);
    verdict.status =
        node_read(verdict.arena, "dir/p.json", text, strlen(text), NODE_JSON, &root, &verdict.err);
    check_int(verdict.status, 0);
    verdict.status = mxc_document_load(verdict.arena, "dir/p.json", root, text, strlen(text),
                                       &options, &verdict.document, &verdict.err);
    if (verdict.status < 0) {
        check(verdict.document == NULL);
        check_int(strncmp(verdict.err.text, "dir/p.json:", 11), 0);
    }
    return verdict;
}

void verdict_finish(struct verdict *verdict)
{
    arena_free(verdict->arena);
}

void check_accepted(const char *text)
{
    struct verdict verdict = mxc_read(text);

    if (verdict.status < 0)
        test_fail(__FILE__, __LINE__, "refused: %s", verdict.err.text);
    if (verdict.document->unsupported_count)
        test_fail(__FILE__, __LINE__, "unsupported: %s", verdict.document->unsupported[0].member);
    verdict_finish(&verdict);
}

void check_unsupported(const char *text, const char *member)
{
    struct verdict verdict = mxc_read(text);
    bool is_found = false;

    if (verdict.status < 0)
        test_fail(__FILE__, __LINE__, "refused: %s", verdict.err.text);
    for (size_t i = 0; i < verdict.document->unsupported_count; i++) {
        const struct unsupported *row = &verdict.document->unsupported[i];

        check(row->reason && *row->reason && row->origin.line);
        is_found = is_found || strcmp(row->member, member) == 0;
    }
    if (!is_found)
        test_fail(__FILE__, __LINE__, "%s is not unsupported in %s", member, text);
    verdict_finish(&verdict);
}

static struct verdict read_refused(const char *text, enum mxc_code code)
{
    struct verdict verdict = mxc_read(text);

    if (verdict.status == 0)
        test_fail(__FILE__, __LINE__, "accepted: %s", text);
    if (mxc_error_code(&verdict.err) != code)
        test_fail(__FILE__, __LINE__, "%s: %s", mxc_code_name(mxc_error_code(&verdict.err)),
                  verdict.err.text);
    return verdict;
}

void check_refused(const char *text, enum mxc_code code, const char *message)
{
    struct verdict verdict = read_refused(text, code);

    check_string(mxc_error_message(&verdict.err), message);
    verdict_finish(&verdict);
}

void check_refused_about(const char *text, enum mxc_code code, const char *part)
{
    struct verdict verdict = read_refused(text, code);

    check_contains(verdict.err.text, part);
    verdict_finish(&verdict);
}

void check_warning(const char *text, const char *warning)
{
    struct verdict verdict = mxc_read(text);

    if (verdict.status < 0)
        test_fail(__FILE__, __LINE__, "refused: %s", verdict.err.text);
    check_int(verdict.document->warnings.count, warning ? 1 : 0);
    if (warning)
        check_string(verdict.document->warnings.items[0].text, warning);
    verdict_finish(&verdict);
}
