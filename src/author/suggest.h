/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The narrowest change of a request's documents that would allow what was refused, and how it is written. A suggestion is a
 * proposal: whoever shows it applies it to a copy, compiles that and asks again (suggest_apply()), so that what it promises has
 * been seen to hold.
 */
#ifndef CORDON_AUTHOR_SUGGEST_H
#define CORDON_AUTHOR_SUGGEST_H

#include "base/text.h"
#include "policy/policy.h"
#include "policy/question.h"

#define SUGGEST_EDITS_MAX 8

/* One item that comes into a list of one document, or goes. */
struct suggest_edit {
    const char *file;   /* of the document, NULL = the request has none: a profile */
    const char *member; /* "filesystem.readonlyPaths" */
    const char *value;  /* the item, as JSON, which is YAML too; of a removal for people only */
    const struct origin *removed; /* the item that goes, NULL = one comes */
    size_t there;       /* so many characters of `member` are in the document already: all, a part that ends at a '.', none */
};

struct suggestion {
    struct suggest_edit edits[SUGGEST_EDITS_MAX];
    size_t edit_count; /* 0: `none` says why no rule can */
    const char *none;
    const char *note;  /* what else there is to know, NULL = nothing */
    bool is_wider;     /* more than this comes with it: `note` says what */
    const char *grant; /* the path of the host that is opened, NULL = no path is */
    const char *freed; /* the directory below which a rule that goes held something, NULL = none, or it is not known */
    bool is_write;
};

/* More of what happened than a question has; NULL = not known. */
struct suggest_request {
    const char *method, *path; /* of HTTP */
};

struct suggest_input {
    const struct policy *policy; /* that the plan was compiled from */
    const struct plan *plan;
    const struct plan_index *index;
    const struct variables *variables;
    const struct suggest_request *request;
};

/* For what is JUDGED_REFUSED, _HIDDEN or _MISSING. In `arena`. Looks at the host's files to tell files from directories. */
int suggest(struct arena *arena, const struct suggest_input *input, const struct question *question, const struct judged *judged,
            struct suggestion *ret_suggestion, struct error *err) must_check;

/* To documents that were loaded anew into `policy`, by the same names. */
int suggest_apply(const struct policy *policy, const struct suggestion *suggestion, const struct variables *variables,
                  struct error *err) must_check;

/*
 * What is behind one refusal can be another: `more` is what was proposed for the policy with the suggestion applied. Into one; a
 * reason why no rule can replaces all. False = there is no room for it, or nothing new in it.
 */
bool suggest_join(struct suggestion *suggestion, const struct suggestion *more);

/* As it stands in a document, and as RFC 6902 has it: what one document gets, of all edits with its name. */
void suggest_print_yaml(struct text *out, const struct suggestion *suggestion, const char *file, const char *before);
void suggest_print_patch(struct text *out, const struct suggestion *suggestion, const char *file);

/* Inside. */
struct suggest {
    struct arena *arena;
    const struct suggest_input *input;
    const struct question *question;
    const struct judged *judged;
    struct suggestion *made;
    struct error *err;
};
int suggest_none(struct suggest *s, const char *format, ...) must_check printf_like(2, 3);
/* `value` into the list of each request's document that `is_needed` says lacks it (NULL = all). */
int suggest_add(struct suggest *s, const char *member, const char *value, bool (*is_needed)(const struct suggest *s, const struct document *document));
int suggest_remove(struct suggest *s, const struct origin *origin, const char *value);
/* A text as JSON. NULL without memory. */
const char *suggest_quote(struct arena *arena, const char *text);
int suggest_files(struct suggest *s);   /* suggest_files.c */
int suggest_network(struct suggest *s); /* suggest_network.c */

#endif
