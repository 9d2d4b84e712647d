/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/within.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/text.h"
#include "policy/policy.h"

static const char *text_of(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);
    const char *text = json_string_value(value);

    return text && strlen(text) == json_string_length(value) ? text : NULL;
}

void within_digest(const json_t *facts, const char *digest, struct within *ret_within)
{
    const char *own = text_of(facts, "policyDigest");

    *ret_within = (struct within){.answer = own && strcmp(own, digest) == 0 ? WITHIN_HOLDS : WITHIN_WIDER, .by = "digest"};
    if (ret_within->answer == WITHIN_WIDER)
        snprintf(ret_within->witness, sizeof(ret_within->witness), "its policy is %.100s", own ? own : "not named");
}

static int refuse(struct error *err, const char *why)
{
    return error_set(err, ERROR_INVALID, EINVAL, "attestation: %s", why);
}

static enum layer_kind kind_of(const json_t *layer)
{
    const char *kind = text_of(layer, "kind");

    return !kind ? 0 : strcmp(kind, "request") == 0 ? LAYER_REQUEST : strcmp(kind, "ceiling") == 0 ? LAYER_CEILING : strcmp(kind, "parent") == 0 ? LAYER_PARENT : 0;
}

/* The layers that it names make the digest that it names, as the library computes it of its own. */
static int check_layers(const json_t *facts, struct error *err)
{
    const json_t *layers = json_object_get(facts, "layers"), *layer;
    const char *digest = text_of(facts, "policyDigest");
    auto_text struct text text = {0};
    char own[DIGEST_TEXT_SIZE];
    size_t i;

    json_array_foreach(layers, i, layer)
    {
        if (!kind_of(layer) || !text_of(layer, "digest"))
            return refuse(err, "a layer of its policy is none");
        text_printf(&text, "%d %s\n", (int)kind_of(layer), text_of(layer, "digest"));
    }
    if (text.is_broken)
        return error_memory(err);
    digest_text(text.data ? text.data : "", text.length, own);
    if (!digest || !json_array_size(layers) || strcmp(own, digest) != 0)
        return refuse(err, "its policy is not what its layers make");
    return 0;
}

static bool is_layer(const json_t *facts, enum layer_kind kind, const char *digest)
{
    const json_t *layer;
    size_t i;

    json_array_foreach(json_object_get(facts, "layers"), i, layer)
    {
        const char *own = text_of(layer, "digest");

        if (own && kind_of(layer) == kind && strcmp(own, digest) == 0)
            return true;
    }
    return false;
}

/* What stands for names in documents is what stood for them where the container is. */
static int find_variables(const json_t *facts, struct variables *ret_variables, struct error *err)
{
    const json_t *told = json_object_get(facts, "variables");

    *ret_variables = (struct variables){.workspace = text_of(told, "workspace"), .home = text_of(told, "home"), .user = text_of(told, "user"), .tmp = "/tmp"};
    if (!ret_variables->workspace || !ret_variables->home || !ret_variables->user || ret_variables->workspace[0] != '/' || ret_variables->home[0] != '/')
        return refuse(err, "it does not say where its workspace and its home are");
    return 0;
}

static int add_as(struct policy *policy, const json_t *facts, const struct within_document *document, enum layer_kind kind,
                  const struct variables *variables, bool *ret_is_it, struct error *err)
{
    const struct load_options options = {.kind = kind, .variables = variables, .layer_name = kind == LAYER_CEILING ? "ceiling" : "document"};
    struct document *loaded = NULL;
    int status = document->is_profile ? document_load_profile(policy->arena, document->name, &options, &loaded, err)
                                      : document_load_text(policy->arena, document->name, document->text, document->size, &options, &loaded, err);

    for (const char *const *set = document->sets; status == 0 && set && *set; set++)
        status = document_set_member(policy->arena, loaded, *set, &options, err);
    *ret_is_it = status == 0 && is_layer(facts, kind, loaded->digest);
    return *ret_is_it ? policy_add_layer(policy, loaded, err) : status;
}

/* As whichever kind of layer the container has it. */
static int add_document(struct policy *policy, const json_t *facts, const struct within_document *document, const struct variables *variables,
                        struct error *err)
{
    bool is_it = false;
    int status = add_as(policy, facts, document, LAYER_REQUEST, variables, &is_it, err);

    if (status == 0 && !is_it && !document->is_profile)
        status = add_as(policy, facts, document, LAYER_CEILING, variables, &is_it, err);
    if (status < 0 || is_it)
        return status;
    return error_set(err, ERROR_INVALID, EINVAL, "%.200s: this is none of the documents by which the container was made", document->name);
}

static int load_outer(const char *name, const char *text, size_t size, bool is_ceiling, const struct variables *variables, struct policy **ret_policy,
                      struct error *err)
{
    const struct load_options options = {.kind = is_ceiling ? LAYER_CEILING : LAYER_REQUEST, .variables = variables,
                                         .layer_name = is_ceiling ? "ceiling" : "document"};
    auto_policy struct policy *policy = NULL;
    struct document *document = NULL;
    int status = policy_new(&policy, err);

    if (status == 0)
        status = document_load_text(policy->arena, name, text, size, &options, &document, err);
    if (status == 0)
        status = policy_add_layer(policy, document, err);
    if (status == 0)
        *ret_policy = take_ptr(policy);
    return status;
}

int within_policy(const json_t *facts, const struct within_document *documents, size_t count, const char *policy_name, const char *policy, size_t policy_size,
                  bool is_ceiling, struct within *ret_within, struct error *err)
{
    auto_policy struct policy *inner = NULL, *outer = NULL;
    struct within within = {.by = "subset"};
    const json_t *losses = json_object_get(facts, "losses");
    const char *witness = NULL;
    struct variables variables;
    int status = check_layers(facts, err);

    if (status == 0)
        status = find_variables(facts, &variables, err);
    if (status == 0)
        status = policy_new(&inner, err);
    for (size_t i = 0; i < count && status == 0; i++)
        status = add_document(inner, facts, &documents[i], &variables, err);
    if (status == 0)
        status = load_outer(policy_name, policy, policy_size, is_ceiling, &variables, &outer, err);
    if (status < 0)
        return status;
    if (!count)
        return error_set(err, ERROR_INVALID, EINVAL, "none of the container's documents was shown: only its digest can be compared");
    within.answer = !json_is_array(losses) || json_array_size(losses) ? WITHIN_WIDER : policy_is_subset(inner, outer, &witness) ? WITHIN_HOLDS : WITHIN_WIDER;
    if (within.answer == WITHIN_WIDER) /* what its documents say is not all that holds */
        snprintf(within.witness, sizeof(within.witness), "%s", witness ? witness : "something that its documents ask for is not enforced where it runs (losses)");
    *ret_within = within;
    return 0;
}
