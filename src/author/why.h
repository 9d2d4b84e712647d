/* SPDX-License-Identifier: Apache-2.0 */
/* An answer to 'why', as text for 80 columns and as JSON (cordon-why/1), and questions as JSON. */
#ifndef CORDON_AUTHOR_WHY_H
#define CORDON_AUTHOR_WHY_H

#include "author/radius.h"
#include "event/read.h"

struct why {
    const struct question *question;
    const struct judged *judged;
    const struct suggestion *suggestion; /* NULL = none was looked for */
    const struct radius *radius;         /* NULL = none */
    const struct event_record *record;   /* what was seen; NULL = it is supposed */
    uint64_t count;                      /* so often; 0 = it is supposed */
    const char *changed; /* why the plan of today is another one than the run's; NULL = it is the same, or none is meant */
};

/* Refused with a line that names the member. Texts live in `arena`; a path that is relative is taken from `cwd`. */
struct why_asked {
    struct question question;
    bool has_exists; /* else it is looked at */
    bool is_exact;   /* the path is taken as it is: links on it are not followed */
};
int why_read_question(struct arena *arena, const char *line, size_t size, const char *cwd, struct why_asked *ret_asked,
                      struct error *err) must_check;

/* "/x/y/../z" without "..", by names alone. NULL without memory. */
const char *why_plain_path(struct arena *arena, const char *cwd, const char *path);

void why_print_text(struct text *out, const struct why *why, bool has_colour);
void why_print_json(struct text *out, const struct why *why); /* one line */

/* Words to 80 columns behind a label of `width`; what has no blank stays whole. Safe for a terminal. */
void why_print_wrapped(struct text *out, unsigned indent, const char *label, unsigned width, const char *text);

/* The object of a question in short, safe for a terminal: "write /etc/hosts", "connect example.com:443". */
void why_print_question(struct text *out, const struct question *question);

#endif
