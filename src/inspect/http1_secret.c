/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that hold a placeholder where no value may be put: refused, and told of with the name of the secret. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "inspect/http1.h"

/* Who is verified for it, NULL = nobody. */
static const char *host_of(const struct http1 *http)
{
    return http->flow->hold ? http->flow->about.name : NULL;
}

static struct placeholders *placeholders_of(const struct http1 *http)
{
    return http->flow->inspector->secrets ? &http->flow->inspector->placeholders : NULL;
}

int http1_refuse_secret(struct http1 *http, unsigned secret, const char *what, const struct head *head)
{
    const struct net_secret *item = &http->flow->inspector->secrets->items[secret];
    const struct tell_request told = http1_told(http);
    struct verdict verdict = {.reason = NET_PLACEHOLDER, .status = 403, .code = "secret", .secret = item->name, .what = what};
    int status;

    if (http->up == UP_BODY && http->down != DOWN_HEAD) { /* it has an answer already, in part */
        tell_secret_denied(http->flow, &told, item->name, item->where);
        return -EPERM;
    }
    buffer_finish(&http->flow->sides[SERVER].out);
    strncpy(verdict.where, item->where, sizeof(verdict.where) - 1);
    status = http1_refuse(http, &verdict, head);
    return status < 0 ? status : -EACCES;
}

static int check_fields(struct http1 *http, const struct head *head, unsigned *ret_secret, struct error *err)
{
    struct placeholders *placeholders = placeholders_of(http);
    int status = 0;

    for (unsigned i = 0; i < head->field_count && status == 0; i++) {
        struct placeholder_text text auto_placeholder_text = {0};
        const struct field *field = &head->fields[i];

        status = placeholder_split_field(placeholders, host_of(http), field->name.at, field->name.size, field->value.at,
                                         field->value.size, &text, ret_secret, err);
    }
    return status;
}

static int check_target(struct http1 *http, const struct request *request, unsigned *ret_secret, struct error *err)
{
    struct placeholder_text text auto_placeholder_text = {0};
    struct buffer target = {0};
    int status = -ENOMEM;

    if (buffer_add(&target, request->path, strlen(request->path)) && buffer_add(&target, request->query.at, request->query.size))
        status = placeholder_split_target(placeholders_of(http), host_of(http), buffer_bytes(&target), target.size, &text,
                                          ret_secret, err);
    buffer_finish(&target);
    return status;
}

int http1_check_head(struct http1 *http, const struct head *head, const struct request *request)
{
    struct error err = ERROR_INIT;
    unsigned secret = 0;
    int status;

    if (!placeholders_of(http))
        return 0;
    status = placeholder_check(placeholders_of(http), request->method, strlen(request->method), "the method", &secret, &err);
    if (status == 0)
        status = check_target(http, request, &secret, &err);
    if (status == 0)
        status = check_fields(http, head, &secret, &err);
    return status == -EACCES ? http1_refuse_secret(http, secret, err.text, head) : status;
}

int http1_check_body(struct http1 *http, const char *body, size_t size)
{
    static const struct head complete = {.has_body = false}; /* nothing of it is left to read */
    struct error err = ERROR_INIT;
    unsigned secret = 0;
    int status;

    if (!placeholders_of(http))
        return 0;
    status = placeholder_check(placeholders_of(http), body, size, "a body", &secret, &err);
    return status == -EACCES ? http1_refuse_secret(http, secret, err.text, &complete) : status;
}

/* ---- bodies that go by ---- */

int http1_scan_begin(struct http1 *http)
{
    struct error err = ERROR_INIT;

    if (!placeholders_of(http))
        return 0;
    if (http->scrub) {
        scrub_reset(http->scrub);
        return 0;
    }
    return scrub_new(&placeholders_of(http)->values, &http->scrub, &err);
}

static int refuse_scanned(struct http1 *http)
{
    uint64_t found = scrub_found(http->scrub);
    unsigned secret = (unsigned)__builtin_ctzll(found);
    struct error err = ERROR_INIT;

    error_set(&err, ERROR_FORBIDDEN, EACCES, "the placeholder of secret '%s' is in a body, where no value is put in",
              http->flow->inspector->secrets->items[secret].name);
    return http1_refuse_secret(http, secret, err.text, NULL);
}

int http1_scan(struct http1 *http, const char *bytes, size_t size, bool is_last, struct buffer *out)
{
    bool is_chunked = http->is_chunked[PROGRAM] && !http->flow->hold;
    size_t ready;

    if (!http->scrub)
        return http1_write_body(out, is_chunked, bytes, size) ? 0 : -ENOMEM;
    if (scrub_push(http->scrub, bytes, size) < 0)
        return -ENOMEM;
    if (is_last)
        scrub_end(http->scrub);
    if (scrub_found(http->scrub))
        return refuse_scanned(http);
    ready = scrub_ready(http->scrub);
    if (ready && !http1_write_body(out, is_chunked, (const char *)scrub_head(http->scrub), ready))
        return -ENOMEM;
    scrub_take(http->scrub, ready);
    return 0;
}
