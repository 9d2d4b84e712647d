/* SPDX-License-Identifier: Apache-2.0 */
/* The semantics of paths, rule by rule, each with what is nearly it. */
#include "policy/model/access.h"

#include "generate.h"
#include "test.h"

#define REQUEST(policy, layer)                                                                     \
    auto_policy struct policy *policy = make_policy();                                             \
    struct document *layer = make_layer(policy, LAYER_REQUEST)

TEST(what_is_not_granted_is_denied_for_want_of_a_rule)
{
    const struct origin *why = (const struct origin *)"unset";
    REQUEST(policy, layer);

    make_path(policy, layer, PATH_READWRITE, "/w");
    check_int(policy_access(policy, "/w/a", &why), ACCESS_WRITE);
    check_string(why->member, "/w");
    check_int(policy_access(policy, "/ww", &why), ACCESS_DENIED);
    check(why == NULL);
}

TEST(the_most_specific_path_decides_whatever_the_order)
{
    REQUEST(policy, layer);

    make_path(policy, layer, PATH_READWRITE, "/w/a/b");
    make_path(policy, layer, PATH_DENIED, "/w/a");
    make_path(policy, layer, PATH_READONLY, "/w");
    check_int(policy_access(policy, "/w/x", NULL), ACCESS_READ);
    check_int(policy_access(policy, "/w/a/x", NULL), ACCESS_DENIED);
    check_int(policy_access(policy, "/w/a/b/x", NULL), ACCESS_WRITE);
}

TEST(at_the_same_path_denied_beats_read_only_beats_read_write)
{
    const struct origin *why;
    REQUEST(policy, layer);

    make_path(policy, layer, PATH_READWRITE, "/w");
    make_path(policy, layer, PATH_READONLY, "/w");
    check_int(policy_access(policy, "/w", NULL), ACCESS_READ);
    make_path(policy, layer, PATH_DENIED, "/w");
    check_int(policy_access(policy, "/w", &why), ACCESS_DENIED);
    check(why != NULL);
}

TEST(a_denial_of_the_root_reaches_the_kernels_file_systems)
{
    REQUEST(policy, layer);
    struct document *ceiling = make_layer(policy, LAYER_CEILING);

    make_path(policy, layer, PATH_READONLY, "/sys");
    make_path(policy, layer, PATH_READONLY, "/");
    check_int(policy_access(policy, "/sys/class", NULL), ACCESS_READ);
    check_int(policy_access(policy, "/proc/1", NULL), ACCESS_DENIED);
    make_path(policy, ceiling, PATH_DENIED, "/");
    check_int(policy_access(policy, "/sys/class", NULL), ACCESS_DENIED);
    check_int(policy_access(policy, "/usr", NULL), ACCESS_DENIED);
}

TEST(a_pattern_takes_away_but_never_grants)
{
    REQUEST(policy, layer);

    make_path(policy, layer, PATH_READWRITE, "/w");
    make_path(policy, layer, PATH_DENIED, "/**/.env");
    make_path(policy, layer, PATH_READONLY, "/**/*.lock");
    make_path(policy, layer, PATH_READWRITE, "/**/x");
    check_int(policy_access(policy, "/w/d/.env/x", NULL), ACCESS_DENIED);
    check_int(policy_access(policy, "/w/d/a.lock", NULL), ACCESS_READ);
    check_int(policy_access(policy, "/w/.envrc", NULL), ACCESS_WRITE);
    check_int(policy_access(policy, "/other/a.lock", NULL), ACCESS_DENIED);
    check_int(policy_access(policy, "/other/x", NULL), ACCESS_DENIED);
}

TEST(a_protected_name_can_be_read_even_where_something_below_it_is_granted)
{
    REQUEST(policy, layer);

    make_path(policy, layer, PATH_READWRITE, "/w");
    make_path(policy, layer, PATH_PROTECTED, "/w/.git/hooks");
    make_path(policy, layer, PATH_READWRITE, "/w/.git/hooks/mine");
    check_int(policy_access(policy, "/w/.git/hooks/mine", NULL), ACCESS_READ);
    check_int(policy_access(policy, "/w/.git/hook", NULL), ACCESS_WRITE);
}

TEST(built_in_names_are_protected_below_every_writable_root_unless_given_up)
{
    REQUEST(policy, layer);

    make_path(policy, layer, PATH_READWRITE, "/w");
    check_int(policy_access(policy, "/w/.git/hooks/x", NULL), ACCESS_WRITE);
    make_setting(&layer->protect_builtin, 1);
    check_int(policy_access(policy, "/w/.git/hooks/x", NULL), ACCESS_READ);
    check_int(policy_access(policy, "/w/sub/.git/hooks", NULL), ACCESS_WRITE);
    check_int(policy_access(policy, "/w/.git/hooksy", NULL), ACCESS_WRITE);
    make_item(policy, &layer->unprotected, ".git/hooks");
    check_int(policy_access(policy, "/w/.git/hooks/x", NULL), ACCESS_WRITE);
    check_int(policy_access(policy, "/w/.git/config", NULL), ACCESS_READ);
}

TEST(a_writable_root_that_ends_inside_a_protected_name_has_the_rest_of_it_protected)
{
    REQUEST(policy, layer);

    make_path(policy, layer, PATH_READWRITE, "/w/.git");
    make_path(policy, layer, PATH_READWRITE, "/w/x.git");
    make_setting(&layer->protect_builtin, 1);
    check_int(policy_access(policy, "/w/.git/hooks/x", NULL), ACCESS_READ);
    check_int(policy_access(policy, "/w/.git/config", NULL), ACCESS_READ);
    check_int(policy_access(policy, "/w/.git/commondir", NULL), ACCESS_READ);
    check_int(policy_access(policy, "/w/.git/objects", NULL), ACCESS_WRITE);
    check_int(policy_access(policy, "/w/x.git/hooks", NULL), ACCESS_WRITE);
    make_item(policy, &layer->unprotected, ".git/hooks");
    check_int(policy_access(policy, "/w/.git/hooks/x", NULL), ACCESS_WRITE);
}

TEST(a_ceiling_protects_built_in_names_that_the_request_gives_up)
{
    struct document *ceiling;
    REQUEST(policy, layer);

    make_path(policy, layer, PATH_READWRITE, "/w");
    ceiling = make_layer(policy, LAYER_CEILING);
    make_setting(&ceiling->protect_builtin, 1);
    check_int(policy_access(policy, "/w/.npmrc", NULL), ACCESS_READ);
}

TEST(the_root_does_not_bring_in_the_kernels_file_systems)
{
    REQUEST(policy, layer);

    make_path(policy, layer, PATH_READONLY, "/");
    check_int(policy_access(policy, "/etc", NULL), ACCESS_READ);
    check_int(policy_access(policy, "/devices", NULL), ACCESS_READ);
    check_int(policy_access(policy, "/proc/1/environ", NULL), ACCESS_DENIED);
    check_int(policy_access(policy, "/sys", NULL), ACCESS_DENIED);
    make_path(policy, layer, PATH_READONLY, "/sys");
    check_int(policy_access(policy, "/sys/x", NULL), ACCESS_READ);
}

TEST(a_view_shows_its_source_and_hides_what_has_that_name)
{
    struct object object;
    REQUEST(policy, layer);

    make_path(policy, layer, PATH_READWRITE, "/w");
    make_view(policy, layer, "/data", "/w/data", false);
    check_int(policy_object(policy, "/w/data/x", &object, NULL), ACCESS_READ);
    check_string(object.path, "/data/x");
    check_int(policy_object(policy, "/w/datax", &object, NULL), ACCESS_WRITE);
    check_string(object.path, "/w/datax");
}

TEST(a_view_does_not_get_around_a_rule_about_its_source)
{
    REQUEST(policy, layer);

    make_path(policy, layer, PATH_DENIED, "/data/keys");
    make_path(policy, layer, PATH_DENIED, "/**/.env");
    make_path(policy, layer, PATH_READONLY, "/data/docs");
    make_view(policy, layer, "/data", "/mnt", true);
    check_int(policy_access(policy, "/mnt/x", NULL), ACCESS_WRITE);
    check_int(policy_access(policy, "/mnt/keys/k", NULL), ACCESS_DENIED);
    check_int(policy_access(policy, "/mnt/.env", NULL), ACCESS_DENIED);
    check_int(policy_access(policy, "/mnt/docs/d", NULL), ACCESS_READ);
}

TEST(two_views_of_different_objects_under_one_name_contradict)
{
    REQUEST(policy, layer);

    make_view(policy, layer, "/a", "/mnt", true);
    check_int(policy_access(policy, "/mnt", NULL), ACCESS_WRITE);
    make_view(policy, layer, "/b", "/mnt", true);
    check_int(policy_access(policy, "/mnt", NULL), ACCESS_DENIED);
}

TEST(a_ceiling_limits_the_object_that_a_view_shows_not_only_its_name)
{
    struct document *ceiling;
    REQUEST(policy, layer);

    make_view(policy, layer, "/home/u/secret", "/w/x", true);
    ceiling = make_layer(policy, LAYER_CEILING);
    make_path(policy, ceiling, PATH_READWRITE, "/w");
    check_int(policy_access(policy, "/w/x", NULL), ACCESS_DENIED);
    make_path(policy, ceiling, PATH_READONLY, "/home/u/secret");
    check_int(policy_access(policy, "/w/x", NULL), ACCESS_READ);
    make_path(policy, ceiling, PATH_DENIED, "/w/x");
    check_int(policy_access(policy, "/w/x", NULL), ACCESS_DENIED);
}

TEST(a_ceiling_limits_only_what_it_names)
{
    const struct origin *why;
    struct document *ceiling;
    REQUEST(policy, layer);

    make_path(policy, layer, PATH_READWRITE, "/w");
    make_path(policy, layer, PATH_PRIVATE, "/home/u");
    ceiling = make_layer(policy, LAYER_CEILING);
    check_int(policy_access(policy, "/w", NULL), ACCESS_WRITE);
    make_path(policy, ceiling, PATH_DENIED, "/w/secret");
    check_int(policy_access(policy, "/w/a", NULL), ACCESS_WRITE);
    check_int(policy_access(policy, "/w/secret/a", &why), ACCESS_DENIED);
    check_string(why->member, "/w/secret");
    make_path(policy, ceiling, PATH_READONLY, "/usr"); /* now its grants limit */
    check_int(policy_access(policy, "/w/a", &why), ACCESS_DENIED);
    check(why == NULL);
    check_int(policy_access(policy, "/usr/a", NULL), ACCESS_DENIED);   /* nobody asked for it */
    check_int(policy_access(policy, "/home/u/a", NULL), ACCESS_WRITE); /* nothing of the host */
}

TEST(layers_intersect_and_the_reason_is_of_the_layer_that_decided)
{
    const struct origin *why;
    struct document *second;
    REQUEST(policy, layer);

    make_path(policy, layer, PATH_READWRITE, "/w");
    second = make_layer(policy, LAYER_REQUEST);
    make_path(policy, second, PATH_READONLY, "/w/docs");
    check_int(policy_access(policy, "/w", NULL), ACCESS_DENIED);
    check_int(policy_access(policy, "/w/docs/a", &why), ACCESS_READ);
    check_string(why->member, "/w/docs");
    check_int(document_access(second, "/w/docs", NULL), ACCESS_READ);
}

TEST(a_private_directory_is_not_the_hosts_of_the_same_name)
{
    struct document *second;
    struct object object;
    REQUEST(policy, layer);

    make_path(policy, layer, PATH_PRIVATE, "/home/u");
    make_path(policy, layer, PATH_READWRITE, "/home/u/w");
    check_int(policy_object(policy, "/home/u/w", &object, NULL), ACCESS_WRITE);
    check_int(object.kind, OBJECT_HOST);
    second = make_layer(policy, LAYER_REQUEST);
    make_path(policy, second, PATH_PRIVATE, "/home/u");
    check_int(policy_object(policy, "/home/u/w", &object, NULL), ACCESS_WRITE);
    check_int(object.kind, OBJECT_PRIVATE);
}

TEST(more_layers_than_fit_are_refused)
{
    struct error err = ERROR_INIT;
    REQUEST(policy, layer);

    for (int i = 1; i < POLICY_LAYERS_MAX; i++)
        check(policy_add_layer(policy, layer, &err) == 0);
    check(policy_add_layer(policy, layer, &err) < 0);
    check_int(err.kind, ERROR_LIMIT);
    check_int(policy->layer_count, POLICY_LAYERS_MAX);
}
