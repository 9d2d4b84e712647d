/* SPDX-License-Identifier: Apache-2.0 */
/* What became of the documents of a run since. */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "sdk/kept.h"

#define POLICY_BYTES_MAX ((size_t)1 << 20)

static void say(struct text *why, const char *what, const char *name, const char *how)
{
    text_add(why, why->length ? "; " : "");
    text_add(why, what);
    text_add_safe(why, name);
    text_add(why, how);
}

static int compare_document(const struct asked_document *document, bool *ret_is_same, struct text *why, struct error *err)
{
    auto_free char *text = NULL;
    char digest[DIGEST_TEXT_SIZE];
    struct error unread = ERROR_INIT;
    size_t size;
    int status = file_read(document->file, POLICY_BYTES_MAX, &text, &size, &unread);

    if (status == -ENOMEM)
        return error_memory(err);
    if (status < 0) {
        say(why, "policy ", document->file, status == -ENOENT ? " is gone since" : " cannot be read any more");
        *ret_is_same = false;
        return 0;
    }
    digest_text(text, size, digest);
    if (strcmp(digest, document->digest) != 0) {
        say(why, "policy ", document->file, " has changed since");
        *ret_is_same = false;
    }
    return 0;
}

static const char *digest_of(const struct policy *policy, const char *file)
{
    for (size_t i = 0; i < policy->layer_count; i++)
        if (policy->layers[i]->kind == LAYER_CEILING && strcmp(policy->layers[i]->file, file) == 0)
            return policy->layers[i]->digest;
    return NULL;
}

static bool was_there(const struct asked *asked, const char *file)
{
    for (size_t i = 0; i < asked->ceiling_count; i++)
        if (strcmp(asked->ceilings[i].file, file) == 0)
            return true;
    return false;
}

static void compare_ceilings(const struct asked *asked, const struct policy *policy, bool *ret_is_same, struct text *why)
{
    for (size_t i = 0; i < asked->ceiling_count; i++) {
        const char *digest = digest_of(policy, asked->ceilings[i].file);

        if (digest && strcmp(digest, asked->ceilings[i].digest) == 0)
            continue;
        say(why, "ceiling ", asked->ceilings[i].file, digest ? " has changed since" : " is gone since");
        *ret_is_same = false;
    }
    for (size_t i = 0; i < policy->layer_count; i++)
        if (policy->layers[i]->kind == LAYER_CEILING && !was_there(asked, policy->layers[i]->file)) {
            say(why, "ceiling ", policy->layers[i]->file, " is new");
            *ret_is_same = false;
        }
}

int kept_compare(const struct asked *asked, const struct assembly *today, bool *ret_is_same, struct text *why, struct error *err)
{
    bool is_same = strcmp(asked->plan_digest, today->plan->plan_digest) == 0;
    int status = 0;

    for (size_t i = 0; i < asked->document_count && status == 0; i++)
        if (asked->documents[i].file)
            status = compare_document(&asked->documents[i], &is_same, why, err);
    for (size_t i = 0; i < asked->member_count && status == 0; i++)
        if (!asked->members[i].assignment)
            say(why, "setting ", asked->members[i].name, " was not kept, since it looks like a secret");
    if (status < 0)
        return status;
    compare_ceilings(asked, today->policy, &is_same, why);
    *ret_is_same = is_same;
    return 0;
}
