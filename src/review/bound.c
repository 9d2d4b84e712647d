/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that waits of a run as one number, so that a commit can be bound to what was shown. Of each object its number, size and
 * change time, which no program sets: another content has another. While programs run that is not so (what they have
 * mapped they change without a mark), and there is none.
 */
#include <errno.h>
#include <string.h>

#include "base/digest.h"
#include "review/inside.h"

static void put_object(struct text *out, const struct object *object)
{
    bool is_directory = S_ISDIR(object->mode); /* what is in it stands for itself */

    field_put_number(out, object->mode);
    field_put_number(out, object->uid);
    field_put_number(out, object->inode);
    field_put_number(out, is_directory ? 0 : object->size);
    field_put_number(out, is_directory ? 0 : object->changed_ns);
}

int bound_digest(const struct review *review, char ret_text[DIGEST_TEXT_SIZE], struct error *err)
{
    auto_text struct text out = {0};

    ret_text[0] = '\0';
    if (review->is_running)
        return 0;
    field_put(&out, review->run);
    for (size_t i = 0; i < review->change_count; i++) {
        const struct change *change = &review->changes[i];

        field_put_number(&out, change->tree);
        field_put(&out, change->path);
        field_put_number(&out, change->type);
        put_object(&out, &change->before);
        put_object(&out, &change->after);
        field_put(&out, change->refused);
    }
    if (out.is_broken)
        return error_memory(err);
    digest_text(out.data, out.length, ret_text);
    return 0;
}

int bound_check(const struct review *review, const char *expected, struct error *err)
{
    char digest[DIGEST_TEXT_SIZE];
    int status = expected ? bound_digest(review, digest, err) : 0;

    if (status < 0 || !expected || strcmp(expected, digest) == 0)
        return status;
    return error_set(err, ERROR_FORBIDDEN, ESTALE, "what waits of run %s is not what was shown as %.80s: look at it again with `cordon review %s`",
                     review->run, expected, review->run);
}
