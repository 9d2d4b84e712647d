/* SPDX-License-Identifier: Apache-2.0 */
/* Does one policy send a secret that the other does not? What cannot be shown counts as found. */
#include <errno.h>

#include "policy/model/secrets.h"
#include "policy/model/subset.h"

/* "KEY as header Authorization of api.example.org": what it is put into is part of what is compared. */
static const char *placed(struct subset *subset, const struct secret *secret, const char *host)
{
    static const char *const places[] = {[NET_SECRET_HEADER] = "header ", [NET_SECRET_QUERY] = "query parameter ",
                                         [NET_SECRET_BASIC] = "user or password", [NET_SECRET_BODY] = "body field "};
    const char *text = arena_printf(subset->scratch, "%s to %s", secret->name ? secret->name : secret->file, host);

    for (size_t i = 0; i < secret->field_count && text; i++) {
        const struct net_secret_field *field = &secret->fields[i];

        text = arena_printf(subset->scratch, "%s%s%s%s", text, i ? ", " : " in ", places[field->place], field->field);
    }
    return text;
}

static int tell_host(struct subset *subset, const struct secret *secret, const struct string_item *host)
{
    const char *subject = placed(subset, secret, host->text);

    if (!subject)
        return -ENOMEM;
    return subset_tell(subset, &(struct subset_item){.member = "secrets", .subject = subject, .a_origin = &secret->origin},
                       "secrets: %s is sent to %s, which is not allowed", secret->name, host->text);
}

static int compare_left(struct subset *subset)
{
    struct error err = ERROR_INIT;
    struct secret *secrets = NULL;
    size_t count = 0;
    int status = policy_secrets(subset->a, subset->scratch, NULL, NULL, &secrets, &count, &err);

    if (status < 0)
        return err.kind == ERROR_MEMORY ? -ENOMEM
                                        : subset_tell(subset, &(struct subset_item){.member = "secrets"}, "%s", err.text);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < secrets[i].hosts.count && status == 0; j++)
            if (!policy_permits_secret(subset->b, &secrets[i], secrets[i].hosts.items[j].text))
                status = tell_host(subset, &secrets[i], &secrets[i].hosts.items[j]);
    return status;
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
        if (!is_covered) /* one such limit says all that there is to say */
            return subset_tell(subset, &(struct subset_item){.member = "secrets", .b_origin = &limit->secrets.origin},
                               "secrets: any, where only some are allowed");
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
