/* SPDX-License-Identifier: Apache-2.0 */
/* The schema is the table: every member is in it, and it is JSON. */
#include <errno.h>
#include <stdlib.h>

#include "load.h"
#include "policy/read/member.h"
#include "policy/read/node.h"
#include "test.h"

static const struct node *schema_root(void)
{
    struct error err = ERROR_INIT;
    struct node *root = NULL;
    char *text auto_free = NULL;

    check_int(policy_schema(&text, &err), 0);
    if (node_read(test_arena(), "schema", text, strlen(text), NODE_JSON, &root, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return root;
}

static size_t check_members(const struct node *schema, const struct member *members)
{
    const struct node *properties = node_get(schema, "properties");
    size_t count = 0;

    check_string(node_get(schema, "additionalProperties")->text, "false");
    for (const struct member *member = members; member->name; member++) {
        const struct node *at = node_get(properties, member->name);

        check(at && member->description);
        check_string(node_get(at, "description")->text, member->description);
        count++;
        if (member->type == VALUE_MAP)
            count += check_members(at, member->members);
        if (member->type == VALUE_LIST && member->item->type == VALUE_MAP)
            count += check_members(node_get(at, "items"), member->item->members);
    }
    return count;
}

TEST(the_schema_has_every_member_of_the_table_and_is_closed_everywhere)
{
    check(check_members(schema_root(), document_members) > 80);
}

TEST(the_schema_lists_choices_requirements_and_losses)
{
    const struct node *root = schema_root(), *properties = node_get(root, "properties");
    const struct node *isolation = node_get(node_get(properties, "isolation"), "properties");
    const struct node *losses =
        node_get(node_get(node_get(isolation, "allowLoss"), "items"), "enum");

    check_string(node_get(root, "required")->items[0]->text, "version");
    check_string(node_get(node_get(isolation, "tier"), "enum")->items[3]->text, "microvm");
    for (size_t i = 0; policy_loss_names()[i]; i++)
        check_string(losses->items[i]->text, policy_loss_names()[i]);
}

TEST(near_misses_are_suggested_and_strangers_are_not)
{
    check_string(member_suggest(document_members, "filesytem"), "filesystem");
    check_string(member_suggest(document_members, "Network"), "network");
    check_string(member_suggest(document_members, "enviroment"), "environment");
    check_string(member_suggest(document_members, "extend"), "extends");
    check(!member_suggest(document_members, "zebra"));
    check(!member_suggest(document_members, "x"));
    check(!member_suggest(document_members,
                          "a-very-long-name-that-nobody-would-ever-write-anywhere"));
    check_int(text_distance("abcd", "abdc", 3), 1);
    check_int(text_distance("abcd", "ABCD", 3), 2);
    check_int(text_distance("abc", "xyz", 2), 3);
}

static int schema_once(void)
{
    struct error err = ERROR_INIT;
    char *text auto_free = NULL;

    return policy_schema(&text, &err);
}

TEST(a_schema_that_runs_out_of_memory_is_given_up_whole)
{
    test_each_allocation_fails(schema_once, 100);
}
