/* SPDX-License-Identifier: Apache-2.0 */
/* What may be done with objects under names, one name of each class that the policies tell apart.
 */
#include <errno.h>
#include <string.h>

#include "policy/model/access.h"
#include "policy/model/path_classes.h"
#include "policy/model/subset.h"

static const char *verb(enum access access)
{
    return access == ACCESS_WRITE ? "writing" : "reading";
}

static int found_access(struct subset *subset, const char *path, const struct object *object,
                        enum access access, const struct origin *a_why, const struct origin *b_why)
{
    const char *a_origin = subset_origin(subset, a_why), *b_origin = subset_origin(subset, b_why);
    const char *what = object->kind == OBJECT_CACHE     ? "a kept private directory at "
                       : object->kind == OBJECT_PRIVATE ? "a private directory at "
                                                        : "";
    bool has_other_name = object->kind == OBJECT_HOST && strcmp(object->path, path) != 0;

    if (!a_origin || !b_origin)
        return -ENOMEM;
    return subset_found(subset, "%s %s%s%s%s: granted%s, not allowed%s", verb(access), what,
                        has_other_name ? object->path : path,
                        has_other_name ? " under the name " : "", has_other_name ? path : "",
                        a_origin, b_origin);
}

static int compare_object(struct subset *subset, const char *path, const struct object *object,
                          enum access access, const struct origin *a_why)
{
    const struct origin *b_why;
    enum access permitted;

    if (access == ACCESS_DENIED)
        return 0;
    permitted = policy_permits(subset->b, path, object, &b_why);
    /* An empty private directory gives nothing of the host away: only a rule that denies its name
     * counts against it. */
    if (access <= permitted || (object->kind == OBJECT_PRIVATE && (permitted || !b_why)))
        return 0;
    return found_access(subset, path, object, access, a_why, b_why);
}

static bool has_request(const struct policy *policy)
{
    for (size_t i = 0; i < policy->layer_count; i++)
        if (policy->layers[i]->kind != LAYER_CEILING)
            return true;
    return false;
}

static int visit_path(const char *path, void *data)
{
    struct subset *subset = data;
    const struct origin *why;
    struct object object;
    enum access access = policy_object(subset->a, path, &object, &why);
    int status = compare_object(subset, path, &object, access, why);

    if (status == 0 && access == ACCESS_DENIED)
        status = PATH_DENIED_BY_A;
    if (status == 1 || status < 0 || has_request(subset->a))
        return status;
    /* Ceilings alone permit the object of that name as well as what their views show there. */
    object = (struct object){.kind = OBJECT_HOST};
    memcpy(object.path, path, strlen(path) + 1);
    access = policy_permits(subset->a, path, &object, &why);
    status = compare_object(subset, path, &object, access, why);
    return status; /* never pruned: what another layer would show below is not known here */
}

int subset_paths(struct subset *subset)
{
    struct path_classes classes;
    int status = path_classes_init(&classes, subset->scratch, subset->a, subset->b);

    if (status < 0)
        return status;
    return path_classes_visit(&classes, visit_path, subset);
}
