/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the library: one question put to a plan, with the suggestion tried. */
#ifndef CORDON_SDK_WHY_H
#define CORDON_SDK_WHY_H

#include "author/why.h"
#include "event/request.h"
#include "sdk/assemble.h"

#define WHY_ROUNDS 4 /* what is behind a refusal can be another one */

/* From what a plan is made: a request of now, or one that was recorded (`asked`). */
struct why_source {
    const struct cordon_request *request;
    const struct asked *asked; /* NULL = of now */
};

struct why_world {
    const struct why_source *source;
    struct assembly assembly;
    struct plan_index *index;
    struct assembly tried[WHY_ROUNDS]; /* suggestions point into their documents */
    size_t tried_count;
};

int why_world_open(const struct why_source *source, struct why_world *ret_world, struct error *err) must_check;
void why_world_close(struct why_world *world);
#define auto_why_world cleanup_with(why_world_close)

/* Follows links and looks whether the host has the object, as far as the question leaves that open. */
int why_complete(const struct why_world *world, struct why_asked *asked, struct error *err) must_check;

/* The narrowest rule, applied to documents read anew, compiled and asked again; and what it would open. */
int why_settle(struct why_world *world, const struct question *question, const struct suggest_request *request,
               struct suggestion *ret_suggestion, struct radius *ret_radius, struct error *err) must_check;

/* The first that comes to mind, not tried: for lists. */
int why_guess(struct why_world *world, const struct question *question, const struct judged *judged,
              struct suggestion *ret_suggestion, struct error *err) must_check;

#endif
