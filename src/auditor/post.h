/* SPDX-License-Identifier: Apache-2.0 */
/* Sends one request to a collector, again and again where that is asked for. */
#ifndef CORDON_AUDITOR_POST_H
#define CORDON_AUDITOR_POST_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/error.h"

struct post;

struct post_options {
    const char *url;            /* http:// or https:// */
    const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
    const char *authorities;    /* file of certificates, NULL = the host's */
    unsigned tries;             /* at most so many; 0 = 8 */
    unsigned wait_ms;           /* before the second, doubled after that up to 30 s; 0 = 500 */
};

int post_open(const struct post_options *options, struct post **ret_post, struct error *err) must_check;
void post_close(struct post *post);
void post_close_at(struct post **post);
#define auto_post cleanup_with(post_close_at)

/*
 * 0: the collector took it (2xx). Connections that fail and the answers 408, 429 and 5xx are tried again, as OTLP has it
 * (Retry-After is kept); other answers are an error at once.
 */
int post_send(struct post *post, const char *body, size_t size, struct error *err) must_check;

#endif
