/* SPDX-License-Identifier: Apache-2.0 */
/* Does one policy send a secret that the other does not? What cannot be shown counts as found. */
#include <errno.h>

#include "policy/model/secrets.h"
#include "policy/model/subset.h"

static int compare_left(struct subset *subset)
{
    struct error err = ERROR_INIT;
    struct secret *secrets = NULL;
    size_t count = 0;
    int status = policy_secrets(subset->a, subset->scratch, NULL, NULL, &secrets, &count, &err);

    if (status < 0)
        return err.kind == ERROR_MEMORY ? -ENOMEM : subset_found(subset, "%s", err.text);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < secrets[i].hosts.count; j++)
            if (!policy_permits_secret(subset->b, &secrets[i], secrets[i].hosts.items[j].text))
                return subset_found(subset, "secrets: %s is sent to %s, which is not allowed", secrets[i].name,
                                    secrets[i].hosts.items[j].text);
    return 0;
}

/* Every host that the item may be sent to is one that some item of `limit` covers. */
static bool item_is_covered(const struct document *limit, const struct secret *item)
{
    if (!item->hosts.is_set)
        return document_permits_secret(limit, item, NULL);
    for (size_t i = 0; i < item->hosts.count; i++)
        if (!document_permits_secret(limit, item, item->hosts.items[i].text))
            return false;
    return true;
}

static bool ceiling_is_covered(const struct document *limit, const struct document *ceiling)
{
    if (!ceiling->secrets.is_set)
        return false;
    for (size_t i = 0; i < ceiling->secrets.count; i++)
        if (!item_is_covered(limit, &ceiling->secrets.items[i]))
            return false;
    return true;
}

/* Ceilings alone permit what all of them do: one of them within each limit is enough. */
static int compare_ceilings(struct subset *subset)
{
    for (size_t i = 0; i < subset->b->layer_count; i++) {
        const struct document *limit = subset->b->layers[i];
        bool is_covered = !document_limits_secrets(limit);

        for (size_t j = 0; j < subset->a->layer_count && !is_covered; j++)
            is_covered = ceiling_is_covered(limit, subset->a->layers[j]);
        if (!is_covered)
            return subset_found(subset, "secrets: any, where only some are allowed");
    }
    return 0;
}

int subset_secrets(struct subset *subset)
{
    for (size_t i = 0; i < subset->a->layer_count; i++)
        if (subset->a->layers[i]->kind != LAYER_CEILING)
            return compare_left(subset);
    return compare_ceilings(subset);
}
