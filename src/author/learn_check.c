/* SPDX-License-Identifier: Apache-2.0 */
/* The written policy, read back and asked about everything that was needed: nothing is promised that it does not give. */
#include <string.h>

#include "author/learn_parts.h"

int learn_load(struct arena *arena, const struct learn_places *places, const char *name, const char *text, size_t size,
               struct document **ret_document, struct error *err)
{
    const struct variables variables = {
        .workspace = places->workspace, .home = places->home, .user = places->user, .tmp = "/tmp"};
    const struct load_options options = {.kind = LAYER_REQUEST, .variables = &variables, .layer_name = "document"};

    return document_load_text(arena, name, text, size, &options, ret_document, err);
}

static enum access access_to(const struct learned *learned, const struct document *document, const struct learn_need *need,
                             const char *path, const struct origin **ret_why)
{
    *ret_why = NULL;
    /* Which directories these are is only known when it is compiled. */
    if (need->place == LEARN_PLACE_TOOLCHAIN && policy_toolchain_covers(learned->places->home, learned->places->caller_path, path))
        return document->toolchains.value ? ACCESS_READ : ACCESS_DENIED;
    return document_access(document, path, ret_why);
}

static const char *tell_refusal(struct arena *arena, const struct origin *why)
{
    if (!why)
        return "no rule that may be learned covers it";
    if (why->member && strstr(why->member, "protectBuiltin"))
        return "a protected name: programs outside obey what it holds";
    return arena_printf(arena, "%s takes it away", why->member ?: "another rule");
}

int learn_check(const struct learn_needs *needs, struct learned *learned, struct error *err)
{
    struct arena *work auto_arena = arena_new();
    char *text auto_free = NULL;
    struct document *document;
    int r;

    if (!work)
        return error_memory(err);
    r = learned_write(learned, &text, err);
    if (r == 0)
        r = learn_load(work, learned->places, "the learned policy", text, strlen(text), &document, err);
    for (size_t i = 0; i < needs->count && r == 0; i++) {
        const struct learn_need *need = &needs->items[i];
        const struct learn_use *use = need->use;
        const char *path = need->path;
        const struct origin *why;
        enum access access;

        /* Of an entry the name itself is asked about: the directory may be open and the name protected. */
        if (need->is_entry)
            path = use->second && path_is_within(use->second, path) && !path_is_within(use->path, path) ? use->second : use->path;
        access = access_to(learned, document, need, path, &why);
        if (access == ACCESS_DENIED || (need->is_write && access != ACCESS_WRITE)) {
            const char *reason = tell_refusal(learned->arena, why);

            if (!reason)
                return error_memory(err);
            r = learn_omit(learned, use, path, reason, why != NULL, err);
        }
    }
    return r;
}
