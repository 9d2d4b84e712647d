/* SPDX-License-Identifier: Apache-2.0 */
/* Redaction of command lines: one pass over the words of an argument. */
#include "base/redact.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* A name that holds one of these (any case, '-' and '_' alike) names a secret. */
static const char *const secret_words[] = {
    "token",      "secret",        "passw",     "passphrase",  "apikey",
    "api_key",    "access_key",    "accesskey", "private_key", "privatekey",
    "credential", "authorization", "cookie",    "auth_key",    "signing_key",
};

/* Words that begin like this are a token whatever stands before them. */
static const char *const token_marks[] = {
    "ghp_",  "gho_", "ghu_", "ghs_", "ghr_",  "github_pat_", "glpat-", "sk-",  "xoxb-",   "xoxp-",
    "xoxa-", "AKIA", "ASIA", "npm_", "pypi-", "hf_",         "eyJ",    "AIza", "dop_v1_",
};
#define TOKEN_LENGTH_MIN 16

static bool name_is_secret(const char *name, size_t length)
{
    char plain[64];

    if (length >= sizeof(plain)) {
        name += length - (sizeof(plain) - 1);
        length = sizeof(plain) - 1;
    }
    for (size_t i = 0; i < length; i++)
        plain[i] = name[i] == '-' ? '_' : (char)tolower((unsigned char)name[i]);
    plain[length] = '\0';
    for (size_t i = 0; i < ARRAY_COUNT(secret_words); i++)
        if (strstr(plain, secret_words[i]))
            return true;
    return strcmp(plain, "pw") == 0;
}

static bool is_name_byte(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

static size_t name_length(const char *at)
{
    size_t length = 0;

    while (is_name_byte(at[length]))
        length++;
    return length;
}

/* Length of a value: to its closing quote, else to a blank or a separator of shells and URLs. */
static size_t value_length(const char *at)
{
    if (*at == '\'' || *at == '"') {
        const char *end = strchr(at + 1, *at);

        return end ? (size_t)(end - at) + 1 : strlen(at);
    }
    return strcspn(at, " \t\n\"'&;|");
}

static bool is_token(const char *word, size_t length)
{
    if (length < TOKEN_LENGTH_MIN)
        return false;
    for (size_t i = 0; i < ARRAY_COUNT(token_marks); i++)
        if (strncmp(word, token_marks[i], strlen(token_marks[i])) == 0)
            return true;
    return false;
}

/* "scheme://user:password@host": how much of `at` is up to the colon, and the password. */
static bool find_url_password(const char *at, size_t *ret_before, size_t *ret_length)
{
    size_t user, rest;

    if (strncmp(at, "://", 3) != 0)
        return false;
    user = 3 + strcspn(at + 3, ":@/ \t\n\"'");
    if (at[user] != ':')
        return false;
    rest = strcspn(at + user + 1, "@/ \t\n\"'");
    if (!rest || at[user + 1 + rest] != '@')
        return false;
    *ret_before = user + 1;
    *ret_length = rest;
    return true;
}

/* A name at `at`: copy it, and hide the value behind it when it is secret. Bytes consumed. */
static size_t redact_named(struct text *out, const char *at)
{
    size_t length = name_length(at), sep = 0;
    bool is_header = false;

    if (is_token(at, length)) {
        text_add(out, REDACTED);
        return length;
    }
    if (at[length] == '=') {
        sep = 1;
    } else if (at[length] == ':' && at[length + 1] != '/') {
        sep = 1 + strspn(at + length + 1, " ");
        is_header = true;
    }
    text_add_n(out, at, length + sep);
    if (!sep || !at[length + sep] || !name_is_secret(at, length))
        return length + sep;
    text_add(out, REDACTED);
    at += length + sep;
    /* "Authorization: Bearer xyz" hides scheme and token */
    return length + sep + (is_header ? strcspn(at, "\n\"'") : value_length(at));
}

void redact_argument(struct text *out, const char *arg, bool is_value)
{
    const char *at = arg;

    if (is_value && *arg) {
        text_add(out, REDACTED);
        return;
    }
    while (*at) {
        size_t before, length;

        if (is_name_byte(*at)) {
            at += redact_named(out, at);
        } else if (find_url_password(at, &before, &length)) {
            text_add_n(out, at, before);
            text_add(out, REDACTED);
            at += before + length;
        } else {
            text_add_n(out, at++, 1);
        }
    }
}

void redact_variable(struct text *out, const char *name, const char *value)
{
    redact_argument(out, value, name_is_secret(name, strlen(name)));
}

bool redact_next(const char *arg)
{
    return arg[0] == '-' && arg[1] == '-' && arg[2] && !strchr(arg, '=') && !strchr(arg, ' ') &&
           name_is_secret(arg + 2, strlen(arg + 2));
}
