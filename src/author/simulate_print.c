/* SPDX-License-Identifier: Apache-2.0 */
/* A simulation, for people and for programs. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "author/simulate_inside.h"
#include "base/json.h"

/* What breaks programs first, then what opens, then what nobody knows; within each the most frequent first. */
static int compare_groups(const void *a, const void *b)
{
    const struct simulate_group *left = *(const struct simulate_group *const *)a, *right = *(const struct simulate_group *const *)b;

    if (left->simulated != right->simulated)
        return left->simulated < right->simulated ? -1 : 1;
    if (left->events != right->events)
        return left->events > right->events ? -1 : 1;
    return (left > right) - (left < right);
}

static const struct simulate_group **groups_sorted(const struct simulation *simulation)
{
    const struct simulate_group **groups = mem_alloc((simulation->group_count + 1) * sizeof(*groups));

    for (size_t i = 0; groups && i < simulation->group_count; i++)
        groups[i] = &simulation->groups[i];
    if (groups)
        qsort(groups, simulation->group_count, sizeof(*groups), compare_groups);
    return groups;
}

static void print_rule(struct text *out, const struct simulate_group *group)
{
    const struct origin *origin = group->origin;

    if (!origin) {
        text_add(out, "no rule");
        return;
    }
    text_add_safe(out, origin->file ? origin->file : origin->layer ? origin->layer : "built-in");
    if (origin->line)
        text_printf(out, ":%u:%u", origin->line, origin->column);
    if (origin->member) {
        text_add(out, ": ");
        text_add_safe(out, origin->member);
    }
}

static void print_group(struct text *out, const struct simulate_group *group)
{
    text_add(out, "  ");
    print_rule(out, group);
    text_add(out, "\n      ");
    text_add_safe(out, *group->reason ? group->reason : "granted");
    text_printf(out, "; %" PRIu64 " event%s, %" PRIu64 " object%s\n", group->events, group->events == 1 ? "" : "s", group->objects,
                group->objects == 1 ? "" : "s");
    for (size_t i = 0; i < group->example_count; i++) {
        const struct simulate_example *example = &group->examples[i];

        text_printf(out, "      %6" PRIu64 "  %s ", example->count, operation_name(example->operation));
        text_add_safe(out, example->object);
        if (example->second) {
            text_add(out, " -> ");
            text_add_safe(out, example->second);
        }
        if (example->exe) {
            text_add(out, "  by ");
            text_add_safe(out, example->exe);
        }
        text_add(out, "\n              ");
        text_add_safe(out, example->id);
        text_add(out, "\n");
    }
    if (group->objects > group->example_count)
        text_printf(out, "              and %" PRIu64 " more\n", group->objects - group->example_count);
}

int simulation_print_text(const struct simulation *simulation, char **ret_text, struct error *err)
{
    const struct simulation_sum *sum = &simulation->sum;
    const struct simulate_group **groups = groups_sorted(simulation);
    auto_text struct text out = {0};
    enum simulated last = SIMULATED_SAME;

    if (!groups)
        return error_memory(err);
    text_printf(&out, "%" PRIu64 " newly denied, %" PRIu64 " newly allowed, %" PRIu64 " unchanged (%" PRIu64 " allowed, %" PRIu64 " denied)",
                sum->counts[SIMULATED_DENIED], sum->counts[SIMULATED_ALLOWED], sum->counts[SIMULATED_SAME], sum->same_allowed,
                sum->same_denied);
    if (sum->counts[SIMULATED_UNDECIDED])
        text_printf(&out, ", %" PRIu64 " undecided", sum->counts[SIMULATED_UNDECIDED]);
    text_printf(&out, "\n%" PRIu64 " event%s of %" PRIu64 " run%s\n", sum->events, sum->events == 1 ? "" : "s", sum->runs,
                sum->runs == 1 ? "" : "s");
    if (sum->damaged)
        text_printf(&out, "%" PRIu64 " damaged line%s passed over\n", sum->damaged, sum->damaged == 1 ? "" : "s");
    for (size_t i = 0; i < simulation->group_count; i++) {
        if (groups[i]->simulated != last)
            text_printf(&out, "\n%s\n", simulated_name(groups[i]->simulated));
        last = groups[i]->simulated;
        print_group(&out, groups[i]);
    }
    if (simulation->more_groups)
        text_printf(&out, "\nand %" PRIu64 " more events of other rules\n", simulation->more_groups);
    mem_free(groups);
    return text_take(&out, ret_text, err);
}

static void add_group(struct json *json, const struct simulate_group *group)
{
    json_begin_object(json, NULL);
    json_add_string(json, "change", simulated_name(group->simulated));
    origin_json(json, "origin", group->origin);
    json_add_string(json, "reason", group->reason);
    json_add_string(json, "layer", group->layer ? mechanism_name(group->layer) : NULL);
    json_add_uint(json, "events", group->events);
    json_add_uint(json, "objects", group->objects);
    json_begin_array(json, "examples");
    for (size_t i = 0; i < group->example_count; i++) {
        const struct simulate_example *example = &group->examples[i];

        json_begin_object(json, NULL);
        json_add_string(json, "id", example->id);
        json_add_string(json, "operation", operation_name(example->operation));
        json_add_string(json, "object", example->object);
        json_add_string(json, "second", example->second);
        json_add_string(json, "exe", example->exe);
        json_add_uint(json, "events", example->count);
        json_end(json);
    }
    json_end(json);
    json_end(json);
}

int simulation_print_json(const struct simulation *simulation, char **ret_json, struct error *err)
{
    const struct simulation_sum *sum = &simulation->sum;
    const struct simulate_group **groups = groups_sorted(simulation);
    auto_text struct text out = {0};
    struct json json = JSON_INIT(&out, 2);

    if (!groups)
        return error_memory(err);
    json_begin_object(&json, NULL);
    json_add_string(&json, "schema", "cordon-simulate/1");
    json_add_uint(&json, "runs", sum->runs);
    json_add_uint(&json, "events", sum->events);
    json_add_uint(&json, "newlyDenied", sum->counts[SIMULATED_DENIED]);
    json_add_uint(&json, "newlyAllowed", sum->counts[SIMULATED_ALLOWED]);
    json_add_uint(&json, "unchanged", sum->counts[SIMULATED_SAME]);
    json_add_uint(&json, "unchangedAllowed", sum->same_allowed);
    json_add_uint(&json, "unchangedDenied", sum->same_denied);
    json_add_uint(&json, "undecided", sum->counts[SIMULATED_UNDECIDED]);
    json_add_uint(&json, "otherRecords", sum->others);
    json_add_uint(&json, "damagedLines", sum->damaged);
    json_begin_array(&json, "rules");
    for (size_t i = 0; i < simulation->group_count; i++)
        add_group(&json, groups[i]);
    json_end(&json);
    json_add_uint(&json, "eventsOfFurtherRules", simulation->more_groups);
    json_end(&json);
    text_add(&out, "\n");
    mem_free(groups);
    return text_take(&out, ret_json, err);
}
