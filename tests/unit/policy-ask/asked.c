/* SPDX-License-Identifier: Apache-2.0 */
/* Questions of these tests. */
#include "asked.h"

static struct fixture *the_fixture;
static struct plan_index *the_index;
struct judged last_judged;

void ask_about(struct fixture *fixture)
{
    plan_index_free_at(&the_index);
    the_fixture = fixture;
    check_int(plan_index_new(fixture->plan, &the_index, &fixture->err), 0);
}

void ask_end(void)
{
    plan_index_free_at(&the_index);
}

const char *answer_to(const struct question *question)
{
    static char text[200];

    plan_judge(the_index, question, &last_judged);
    check(last_judged.reason != NULL);
    if (last_judged.judgement == JUDGED_ALLOWED)
        check(last_judged.errnum == 0 && last_judged.first == BY_NOTHING);
    snprintf(text, sizeof(text), "%s%s%s%s%s", judgement_name(last_judged.judgement), last_judged.errnum ? " " : "",
             last_judged.errnum ? strerrorname_np(last_judged.errnum) : "", last_judged.first ? " " : "",
             last_judged.first ? mechanism_name(last_judged.first) : "");
    return text;
}

const char *answer(enum operation operation, const char *path, const char *second, bool exists)
{
    struct question question = {
        .operation = operation,
        .path = full_path(the_fixture, path),
        .second = second ? full_path(the_fixture, second) : NULL,
        .exists = exists,
    };

    return answer_to(&question);
}
