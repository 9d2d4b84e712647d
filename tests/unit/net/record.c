/* SPDX-License-Identifier: Apache-2.0 */
/* Rules as bytes: what comes back is what went in, and nothing else is read. */
#include <errno.h>

#include "base/memory.h"
#include "sample.h"
#include "say.h"
#include "test.h"

static void *write_rules(const struct net_rules *rules, size_t *ret_size)
{
    struct error err = ERROR_INIT;
    void *record;

    if (net_rules_write(rules, &record, ret_size, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return record;
}

TEST(rules_come_back_as_they_were)
{
    struct arena *arena auto_arena = arena_new();
    size_t size;
    void *record auto_free = write_rules(sample_rules(arena), &size);
    struct net_rules *rules;
    const struct net_rule *rule;

    check_int(net_rules_read(arena, record, size, &rules, NULL), 0);
    check_int(rules->layer_count, 2);
    check(rules->layers[0].is_open && !rules->layers[1].is_open);
    check_string(rules->layers[0].where, "layer 1");
    check(!rules->layers[1].where);
    rule = &rules->layers[0].deny[0];
    check_string(rule->where, "deny to=*.b.test any:25-26");
    check_string(rule->peers[0].host, "*.b.test");
    check(!rule->peers[0].has_block && rule->ports[0].has_port);
    check_int(rule->ports[0].first, 25);
    check_int(rule->ports[0].last, 26);
    check_int(rules->layers[1].allow_count, 2);
    rule = &rules->layers[1].allow[0];
    check_int(rule->peer_count, 2);
    check_string(rule->peers[0].host, "a.test");
    check_int(rule->peers[0].block.prefix, 8);
    check_int(rule->peers[0].except_count, 1);
    check_int(rule->peers[0].except[0].prefix, 16);
    check(!rule->peers[1].host);
    check_int(rule->peers[1].block.prefix, 32);
    check_int(rule->port_count, 2);
    check_int(rule->ports[1].protocol, NET_UDP);
    check_int(rule->ports[1].last, 65535);
    check_int(rules->layers[1].deny_count, 1);
    check_int(rules->inward[0].port, 8080);
    check_int(rules->inward[0].to_port, 80);
    check_string(rules->outward[0].where, "ingress.hostLoopback[0]");
}

TEST(requests_programs_and_budgets_come_back_as_they_were)
{
    struct arena *arena auto_arena = arena_new();
    size_t size;
    void *record auto_free = write_rules(sample_rules(arena), &size);
    struct net_rules *rules;
    const struct net_rule *rule;

    check_int(net_rules_read(arena, record, size, &rules, NULL), 0);
    check_int(rules->program_count, 2);
    check_string(rules->programs[1].path, "/usr/bin/git");
    check(rules->programs[1].device == 1ull << 40 && rules->programs[1].inode == 7 && rules->programs[1].size == 9);
    check(rules->programs[1].change_s == -5 && rules->programs[1].change_ns == 999999999);
    check(rules->programs[1].digest[31] == 3 && !rules->programs[1].digest[0]);
    check_int(rules->budget_count, 2);
    check_int(rules->total_count, 1);
    check(rules->budgets[1].bytes_per_second == 1ull << 33 && rules->budgets[1].bytes_down == 4);
    check(rules->budgets[1].ends_run && !rules->budgets[0].ends_run);
    rule = &rules->layers[1].allow[1];
    check(rule->terminates && !rules->layers[1].allow[0].terminates && !rules->layers[1].allow[0].requests);
    check_int(rule->program_count, 2);
    check_int(rule->programs[0], 2);
    check_int(rule->budget, 2);
    check_string(rule->requests->methods[1], "POST");
    check_string(rule->requests->paths[1], "/%C3%A4/*.json");
    check(rule->requests->has_websocket && !rule->requests->has_calls);
    rule = &rules->layers[1].deny[0];
    check(rule->requests->has_calls && rule->requests->is_mcp && !rule->requests->path_count);
    check_string(rule->requests->calls[0], "resources/list");
    check_string(rule->requests->tools[1], "read file");
}

TEST(no_rules_are_rules_too)
{
    struct arena *arena auto_arena = arena_new();
    struct net_rules none = {0}, *rules = NULL;
    size_t size;
    void *record auto_free = write_rules(&none, &size);

    check_int(net_rules_read(arena, record, size, &rules, NULL), 0);
    check_int(rules->layer_count + rules->inward_count + rules->outward_count, 0);
}

TEST(a_record_cut_anywhere_is_refused)
{
    struct arena *arena auto_arena = arena_new();
    size_t size;
    char *record auto_free = write_rules(sample_rules(arena), &size);
    struct net_rules *rules = NULL;

    for (size_t cut = 0; cut < size; cut++) {
        char *part = mem_alloc(cut); /* exactly: a byte read behind it is found by the sanitizer */
        uint32_t said = (uint32_t)cut;
        struct error err = ERROR_INIT;

        memcpy(part, record, cut);
        check_int(net_rules_read(arena, part, cut, &rules, &err), -EINVAL);
        check_contains(err.text, "rules of the network, byte");
        if (cut >= 8) { /* and where it says that it is so short */
            memcpy(part + 4, &said, sizeof(said));
            check_int(net_rules_read(arena, part, cut, &rules, &err), -EINVAL);
        }
        mem_free(part);
    }
    check(!rules);
}

TEST(a_record_with_something_behind_it_is_refused)
{
    struct arena *arena auto_arena = arena_new();
    size_t size;
    char *record auto_free = write_rules(sample_rules(arena), &size);
    char *more auto_free = mem_alloc(size + 4);
    uint32_t said = (uint32_t)size + 4;
    struct net_rules *rules = NULL;
    struct error err = ERROR_INIT;

    memcpy(more, record, size);
    check_int(net_rules_read(arena, more, size + 4, &rules, &err), -EINVAL);
    check_contains(err.text, "a size that is not its own");
    memcpy(more + 4, &said, sizeof(said));
    check_int(net_rules_read(arena, more, size + 4, &rules, &err), -EINVAL);
    check_contains(err.text, "more behind its end");
}

/* Whatever one changed byte makes of it: refused, or rules that are written as exactly these bytes. */
TEST(each_changed_byte_is_refused_or_another_record)
{
    struct arena *arena auto_arena = arena_new();
    size_t size, refused = 0;
    unsigned char *record auto_free = write_rules(sample_rules(arena), &size);

    for (size_t i = 0; i < size; i++) {
        for (int value = 0; value < 256; value += 17) {
            struct arena *own auto_arena = arena_new();
            unsigned char kept = record[i];
            struct net_rules *rules = NULL;
            struct error err = ERROR_INIT;

            record[i] = (unsigned char)value;
            if (net_rules_read(own, record, size, &rules, &err) < 0) {
                check(!rules && err.text[0]);
                refused++;
            } else {
                size_t again_size;
                void *again auto_free = write_rules(rules, &again_size);

                check_int(again_size, size);
                check(memcmp(again, record, size) == 0);
            }
            record[i] = kept;
        }
    }
    check(refused > size * 4);
}

TEST(a_long_place_is_cut_and_a_long_name_is_not)
{
    struct arena *arena auto_arena = arena_new();
    struct net_rules *rules = sample_rules(arena), *read;
    char place[5000], name[300];
    struct error err = ERROR_INIT;
    size_t size;
    void *record auto_free = NULL, *none = NULL;

    memset(place, 'x', sizeof(place) - 1);
    place[sizeof(place) - 1] = '\0';
    rules->layers[0].deny[0].where = place;
    check_int(net_rules_write(rules, &record, &size, &err), 0);
    check_int(net_rules_read(arena, record, size, &read, &err), 0);
    check_int(strlen(read->layers[0].deny[0].where), 1023);
    memset(name, 'x', sizeof(name) - 1);
    name[60] = name[120] = name[180] = name[240] = '.';
    name[sizeof(name) - 1] = '\0';
    rules->layers[0].deny[0].peers[0].host = name;
    check_int(net_rules_write(rules, &none, &size, &err), -EINVAL);
    check_contains(err.text, "too long");
}

TEST(more_rules_than_fit_are_refused)
{
    struct arena *arena auto_arena = arena_new();
    struct net_rules *rules = say_rules(arena, "shut");
    struct net_layer *layer = &rules->layers[0];
    struct error err = ERROR_INIT;
    void *record = NULL;
    size_t size;

    for (int i = 0; i < 70000; i++)
        arena_append(arena, layer->allow, layer->allow_count)->where = "rule";
    check_int(net_rules_write(rules, &record, &size, &err), -E2BIG);
    check_int(err.kind, ERROR_LIMIT);
    check(!record);
    check_int(net_rules_read(arena, "", NET_RECORD_MAX + 1, &rules, &err), -E2BIG);
    layer->allow_count = 25000;
    check_int(net_rules_write(rules, &record, &size, &err), 0);
    mem_free(record);
}

/* A record of a few bytes must not make its reader allocate much. */
TEST(a_count_is_held_against_the_bytes_that_are_left)
{
    uint32_t record[8] = {0x33726e43u, sizeof(record), 0, 0, 0, 0, 0x10000000u, 0}; /* behind both times */
    struct arena *arena auto_arena = arena_new();
    struct net_rules *rules = NULL;
    struct error err = ERROR_INIT;

    check_int(net_rules_read(arena, record, sizeof(record), &rules, &err), -EINVAL);
    check_contains(err.text, "a count of more than there is");
    record[6] = 1;
    check_int(net_rules_read(arena, record, sizeof(record), &rules, &err), -EINVAL);
    record[0]++;
    check_int(net_rules_read(arena, record, sizeof(record), &rules, &err), -EINVAL);
    check_contains(err.text, "another version");
    check(!rules);
}

static struct net_rules *kept_rules;
static void *kept_record;
static size_t kept_size;

static int attempt_write(void)
{
    struct error err = ERROR_INIT;
    void *record;
    size_t size;
    int status = net_rules_write(kept_rules, &record, &size, &err);

    check_int(err.kind, status < 0 ? ERROR_MEMORY : ERROR_NONE);
    if (status == 0)
        mem_free(record);
    return status;
}

static int attempt_read(void)
{
    struct arena *arena auto_arena = arena_new();
    struct error err = ERROR_INIT;
    struct net_rules *rules;
    int status = arena ? net_rules_read(arena, kept_record, kept_size, &rules, &err) : -ENOMEM;

    if (arena)
        check_int(err.kind, status < 0 ? ERROR_MEMORY : ERROR_NONE);
    return status;
}

TEST(writing_and_reading_fail_cleanly_without_memory)
{
    struct arena *arena auto_arena = arena_new();
    struct net_layer *layer;

    kept_rules = sample_rules(arena);
    layer = &kept_rules->layers[0];
    for (int i = 0; i < 100; i++) /* more than the arena's first block */
        arena_append(arena, layer->allow, layer->allow_count)->where = "one of many rules, each with a text";
    kept_record = write_rules(kept_rules, &kept_size);
    test_each_allocation_fails(attempt_write, 20000);
    test_each_allocation_fails(attempt_read, 20000);
    mem_free(kept_record);
}
