/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May a person be asked, while the program waits, about a file that it was refused? Only about what one more rule about exactly
 * this file would allow, and never about what somebody forbade by name, what a ceiling keeps, or what is sensitive.
 */
#ifndef CORDON_AUTHOR_ASKABLE_H
#define CORDON_AUTHOR_ASKABLE_H

#include "author/suggest.h"

struct askable {
    const char *none;   /* why nobody is asked, NULL = somebody may be */
    const char *member; /* of the rule that would allow it: "filesystem.readonlyPaths" */
    const char *value;  /* its item, as JSON */
    const char *note;   /* what else there is to know, NULL = nothing */
    const char *file;   /* the one document that it is to come into; NULL = there is none, or several */
};

/* `question`: to read or write `outside`, the host's name of a regular file without links in it. In `arena`. */
int askable_judge(struct arena *arena, const struct suggest_input *input, const struct question *question, const char *outside,
                  struct askable *ret_askable, struct error *err) must_check;

/* The same of a connection over TCP, by name where it has one. What a name is resolved to is judged when it is known. */
int askable_judge_connection(struct arena *arena, const struct suggest_input *input, const struct question *question,
                             struct askable *ret_askable, struct error *err) must_check;

/* The layers of the policy's rules that such a rule comes into, a bit each; all others have to let it pass by themselves. */
uint64_t askable_layers(const struct policy *policy);

/*
 * `text` of the document `name` with this rule, and nothing else changed: loaded anew, it allows what it allowed, and
 * `path` as the rule says. Refused where the place for it is not found.
 */
struct rule_place {
    const struct variables *variables;
    const char *name, *text;
    size_t size;
};
int askable_write(const struct rule_place *place, const struct askable *rule, const char *path, char **ret_text,
                  struct error *err) must_check;
/* The same of a connection: one rule more about what it may reach, this one. */
int askable_write_connection(const struct rule_place *place, const struct askable *rule, char **ret_text, struct error *err) must_check;

/* Inside. */
/* The text as the only document of `policy`, in whose arena *ret_document lives. */
int askable_load(const struct rule_place *place, struct policy *policy, const char *text, size_t size, struct document **ret_document,
                 struct error *err) must_check;
/* The document's text with the rule as an item of that list, not yet held against anything. */
int askable_insert(const struct rule_place *place, const char *const *members, const struct askable *rule, char **ret_after,
                   struct error *err) must_check;

#endif
