/* SPDX-License-Identifier: Apache-2.0 */
/* Words of protocols: methods, header names, paths of requests, JSON pointers, names of programs. */
#include <string.h>

#include "net/request.h"
#include "net/secrets.h"
#include "policy/read/reader.h"

#define UPPER      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER      "abcdefghijklmnopqrstuvwxyz"
#define DIGITS     "0123456789"
#define TOKEN      UPPER LOWER DIGITS "!#$%&'*+-.^_`|~" /* RFC 9110, 5.6.2 */
#define UNRESERVED UPPER LOWER DIGITS "-._~"            /* RFC 3986, 2.3 */

#define WORD_MAX     256
#define CALL_MAX 127 /* RECORD_CALL_MAX: longer ones are in no call that passes */
#define PREFIX_MAX   32
#define PROGRAM_MAX  255
#define AUDIENCE_MAX 511 /* as tokens have it */

static bool consists_of(const char *text, const char *characters, size_t maximum)
{
    size_t length = strlen(text);

    return length && length <= maximum && strspn(text, characters) == length;
}

static bool is_printable(const char *text, size_t maximum)
{
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] == 0x7f)
            return false;
    return length && length <= maximum;
}

static const char *method_fault(const char *text)
{
    if (!consists_of(text, UPPER DIGITS "-_", NET_METHOD_SIZE - 1) || strchr(DIGITS "-_", text[0]))
        return strcmp(text, "*") == 0 ? "is not a method of HTTP; for every method leave 'methods' out"
                                      : "is not a method of HTTP; methods are upper case, like GET";
    if (strcmp(text, "CONNECT") == 0)
        return "makes a tunnel, in which nothing is judged; grant its destination by a rule of its own";
    return NULL;
}

/* What frames a message, names the host or says with whom it goes on cannot hold a secret, nor what says how a body is read. */
static const char *header_fault(const char *text)
{
    if (!consists_of(text, TOKEN, WORD_MAX))
        return "is not the name of a header";
    return net_secret_is_reserved(text, strlen(text)) || strcasecmp(text, "content-type") == 0
               ? "shapes the request itself; no secret belongs there"
               : NULL;
}

static const char *url_path_fault(const char *text)
{
    if (strchr(text, '?'))
        return "holds a query, which is not looked at: end it before the '?'";
    if (text[0] != '/')
        return "does not begin with '/'; write /v1/**";
    if (strlen(text) >= NET_PATTERN_SIZE)
        return "is longer than 1023 bytes";
    if (net_path_pattern_check(text) < 0)
        return "is no pattern of a path in the one spelling: no '//', '.' and '..', ';', '\\', '#', no encoding of what may stand as "
               "it is, '**' only alone between slashes";
    return NULL;
}

/* RFC 6901: '~' only in ~0 and ~1. */
static const char *pointer_fault(const char *text)
{
    if (text[0] != '/')
        return consists_of(text, UNRESERVED, WORD_MAX) ? NULL : "is neither a JSON pointer (/a/b) nor the name of a field";
    if (!is_printable(text, WORD_MAX))
        return "is not a JSON pointer: blanks and control characters, or more than " STRINGIFY(WORD_MAX) " bytes";
    for (const char *at = strchr(text, '~'); at; at = strchr(at + 1, '~'))
        if (at[1] != '0' && at[1] != '1')
            return "is not a JSON pointer: write '~' as ~0 and '/' as ~1";
    return NULL;
}

/* What token_word_is_valid() takes, so that what a policy says can stand in a token. */
static bool is_audience(const char *text)
{
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] > '~' || text[i] == '"' || text[i] == '\\')
            return false;
    return length && length <= AUDIENCE_MAX;
}

const char *value_word_fault(enum value_type type, const char *text)
{
    switch (type) {
    case VALUE_METHOD:
        return method_fault(text);
    case VALUE_TOKEN:
        return header_fault(text);
    case VALUE_FIELD:
        return consists_of(text, UNRESERVED, WORD_MAX) ? NULL : "is not a parameter's name; write letters, digits, '-', '.', '_'";
    case VALUE_WORD:
        if (strchr(text, '*'))
            return "has a '*', which stands for no other names here: write each; 'tools/call' in mcp.methods is every tool";
        return is_printable(text, CALL_MAX) ? NULL : "is not one word of at most " STRINGIFY(CALL_MAX) " printable characters";
    case VALUE_URL_PATH:
        return url_path_fault(text);
    case VALUE_PREFIX:
        return consists_of(text, UPPER LOWER DIGITS "-_", PREFIX_MAX)
                   ? NULL
                   : "is not a beginning of a placeholder; write at most " STRINGIFY(PREFIX_MAX) " letters, digits, '-', '_'";
    case VALUE_POINTER:
        return pointer_fault(text);
    case VALUE_AUDIENCE:
        return is_audience(text) ? NULL
                                 : "is not whom a token is for; write what that one calls itself, like https://api.example.org: at most " STRINGIFY(
                                       AUDIENCE_MAX) " printable characters, no blanks, '\"' or '\\'";
    default:
        return NULL;
    }
}

int value_program(const struct reader *reader, const struct place *place, const struct node *node, struct value *value)
{
    int status = value_check_string(reader, place, node, "a program");

    if (status < 0)
        return status;
    if (strchr(node->text, '/') || node->text[0] == '$' || node->text[0] == '~')
        return value_parse_path(reader, place, node->text, NULL, &value->text);
    if (!is_printable(node->text, PROGRAM_MAX) || strcmp(node->text, ".") == 0 || strcmp(node->text, "..") == 0)
        return reader_refuse(reader, place, "'%.60s' is not a program's name; write git, or /usr/bin/git", node->text);
    return 0;
}
