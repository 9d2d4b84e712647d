/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first draft of a policy: a template, a document with comments, and what somebody asked for put where it belongs. What
 * comes out was read by the reader that documents go through.
 */
#ifndef CORDON_AUTHOR_DRAFT_H
#define CORDON_AUTHOR_DRAFT_H

#include "base/error.h"
#include "base/memory.h"

struct draft_template {
    const char *name, *text;
};
extern const struct draft_template draft_templates[]; /* ends with a row without a name */
extern const char *const draft_template_names[];      /* ends with NULL */
#define DRAFT_TEMPLATE_DEFAULT "workspace"

/* Lists end with NULL; a list may be NULL. */
struct draft {
    const char *template_name;    /* NULL = DRAFT_TEMPLATE_DEFAULT */
    const char *const *hosts;     /* "api.example.org", "db.example.org:5432" */
    const char *const *packages;  /* "npm", "pip", "cargo", "go", "maven", "gem" */
    const char *const *git;       /* hosts to fetch from, over https */
    const char *const *git_push;  /* the same to push to, with a token out of the caller's environment */
    const char *const *secrets;   /* "NAME=HOST": a variable of the caller's, and whom it is shown to */
    const char *const *ports;     /* "3000", "3000:8080": inside, and on this machine's loopback */
};

/* Caller mem_free()s. ERROR_INVALID names what was asked for and cannot be. */
int draft_make(const struct draft *draft, char **ret_text, struct error *err) must_check;

#endif
