/* SPDX-License-Identifier: Apache-2.0 */
/* jansson's verdict as one of our errors, with a hint for the mistakes that people make. */
#include "policy/read/json_syntax.h"

#include <errno.h>
#include <jansson.h>
#include <locale.h>
#include <stdbool.h>
#include <string.h>

#include "policy/read/node.h"

/* Whole numbers of any size are right JSON, and a string may hold \u0000; members have bounds of
 * their own, and errors that name them. */
#define SYNTAX_FLAGS (JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL)

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), wanted = strlen(end);

    return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

/* jansson's texts end with the token that it did not expect. */
static const char *syntax_hint(const char *what, const char *text, size_t offset)
{
    if (ends_with(what, " near '#'") || ends_with(what, " near '/'"))
        return "; JSON has no comments";
    if (ends_with(what, " near '''"))
        return "; JSON strings have double quotes";
    if (!ends_with(what, " near '}'") && !ends_with(what, " near ']'"))
        return "";
    while (offset && strchr(" \t\r\n", text[offset - 1]))
        offset--;
    return offset && text[offset - 1] == ',' ? "; remove the comma before it" : "";
}

/* In the C locale: jansson 2.14 aborts at "1.5" where the decimal point is more than one byte. */
static int syntax_load(const char *text, size_t size, json_error_t *ret_fault)
{
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t callers;
    json_t *tree;

    if (!c_locale)
        return -ENOMEM;
    callers = uselocale(c_locale);
    tree = json_loadb(text, size, SYNTAX_FLAGS, ret_fault);
    uselocale(callers);
    freelocale(c_locale);
    if (!tree)
        return -EINVAL;
    json_decref(tree);
    return 0;
}

int json_syntax_check(const char *text, size_t size, size_t *ret_offset, struct error *err)
{
    json_error_t fault = {.text = ""};
    int status = syntax_load(text, size, &fault);
    size_t offset;

    if (status == 0)
        return 0;
    if (status == -ENOMEM || !fault.text[0]) /* all that jansson does not explain is no memory */
        return error_memory(err);
    offset = fault.position > 0 ? (size_t)fault.position - 1 : 0;
    *ret_offset = offset;
    if (json_error_code(&fault) == json_error_stack_overflow)
        return error_set(err, ERROR_LIMIT, E2BIG, "nested deeper than " STRINGIFY(NODE_DEPTH_MAX));
    return error_set(err, ERROR_INVALID, EINVAL, "%s%s", fault.text,
                     syntax_hint(fault.text, text, offset));
}
