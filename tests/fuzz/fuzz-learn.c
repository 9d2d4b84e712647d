/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: bytes are a person's document, into which fixed rules are learned. Each single insertion keeps every byte and
 * adds one piece; each removal only takes lines away. A merge that succeeds loads, keeps the person's bytes in their order, allows
 * all that the document did, and nothing that neither the document nor the learned policy of its own allows.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "author/learn_parts.h"

#define SIZE_MAX_FUZZED 4096
#define WORD_MAX_FUZZED 64 /* comparing policies takes time by the length of their patterns */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct learn_places places = {.home = "/home/u", .user = "u", .workspace = "/home/u/work", .caller_path = "/usr/bin"};

static struct learn_rule rules[] = {
    {.kind = LEARN_EXTENDS, .text = "base"},
    {.kind = LEARN_EXTENDS, .text = "git"},
    {.kind = LEARN_READONLY, .text = "/home/u/work"},
    {.kind = LEARN_READONLY, .text = "/srv/data/one.txt"},
    {.kind = LEARN_READWRITE, .text = "/home/u/work/out"},
    {.kind = LEARN_READWRITE, .text = "/srv/data/spool"},
    {.kind = LEARN_CACHE, .text = "/home/u/.cache/ccache"},
    {.kind = LEARN_DENIED, .text = "/home/u/work/**/.env"},
    {.kind = LEARN_TOOLCHAINS, .text = "inherit"},
    {.kind = LEARN_SOCKET, .text = "/srv/app/socket"},
    {.kind = LEARN_HOST, .text = "192.0.2.7", .is_address = true, .port = 80, .protocol = "tcp"},
    {.kind = LEARN_HOST, .text = "example.org", .port = 443, .protocol = "tcp"},
};

/* Made once. */
static struct {
    struct learned learned;
    struct arena *arena;
    struct document *alone;
} world;

static void hold(bool condition, const char *why, const char *text)
{
    if (!condition) {
        fprintf(stderr, "%s\n%s\n", why, text);
        abort();
    }
}

static void make_world(void)
{
    struct error err = ERROR_INIT;
    char *text = NULL;

    world.arena = arena_new();
    hold(world.arena != NULL, "no memory", "");
    for (size_t i = 0; i < ARRAY_COUNT(rules); i++) {
        rules[i].evidence = (struct learn_evidence){.seen = 1, .runs = 1, .objects = 1};
        rules[i].confidence = LEARN_MEDIUM;
    }
    world.learned = (struct learned){.arena = world.arena, .places = &places, .rules = rules, .run_count = 1};
    world.learned.rule_count = ARRAY_COUNT(rules);
    hold(learned_write(&world.learned, &text, &err) == 0, err.text, "");
    hold(learn_load(world.arena, &places, "alone.yaml", text, strlen(text), &world.alone, &err) == 0, err.text, text);
    mem_free(text);
}

/* ---- edits ---- */

/* All of `text`, and one piece between. */
static void check_inserted(const char *text, const char *result)
{
    size_t length = strlen(text), grown = strlen(result), start = 0, end = 0;

    while (start < length && text[start] == result[start])
        start++;
    while (end < length && end < grown && text[length - 1 - end] == result[grown - 1 - end])
        end++;
    hold(grown > length && start + end >= length, "an insertion changed what was there", result);
}

/* Everything in `less` stands in `text` in this order. */
static void check_within(const char *less, const char *text, const char *why)
{
    const char *at = text;

    for (const char *byte = less; *byte; byte++, at++) {
        at = strchr(at, *byte);
        hold(at != NULL, why, text);
    }
}

static void check_edits(const char *text)
{
    static const char *const offered[] = {"learned", NULL};

    for (size_t i = 0; i < ARRAY_COUNT(rules); i++) {
        const char *const *members = learn_kind_members(rules[i].kind);
        struct text lines auto_text = {0}, item auto_text = {0};
        struct error err = ERROR_INIT;
        char *result auto_free = NULL, *less auto_free = NULL, *noted auto_free = NULL;

        learn_rule_comment(&lines, &world.learned, &rules[i], "");
        learn_rule_item(&lines, &world.learned, &rules[i]);
        learn_rule_item(&item, &world.learned, &rules[i]);
        hold(!lines.is_broken && !item.is_broken, "no memory", "");
        if (learn_edit_insert(text, members, lines.data, &result, &err) == 0)
            check_inserted(text, result);
        else
            hold(err.text[0] && !result, "refused without a word", text);
        if (learn_edit_remove(text, members, item.data, &less, &err) > 0)
            check_within(less, text, "a removal made something up");
        if (learn_edit_insert(text, offered, "- \"x\"\n", &noted, &err) == 0)
            check_inserted(text, noted);
    }
}

/* ---- meaning ---- */

static enum access access_of(const struct document *document, const char *path)
{
    return document_access(document, path, NULL);
}

static void check_path(const struct document *before, const struct document *after, const char *path, const char *text)
{
    enum access was = access_of(before, path), is = access_of(after, path), alone = access_of(world.alone, path);

    hold(is >= was, path, "is lost");
    if (is > was && is > alone) {
        fprintf(stderr, "%s: %d before, %d alone, %d merged\n", path, was, alone, is);
        hold(false, "a merge allows what neither side does", text);
    }
}

/* Each name that a rule has, something in it, and what is secret in it. */
static void check_paths_of(const struct document *before, const struct document *after, const struct document *of, const char *text)
{
    static const char *const below[] = {"", "/x", "/.env", "/x/.env", "/.git/hooks/x", "/.git/config"};

    for (size_t i = 0; i < of->path_count; i++)
        for (size_t j = 0; j < ARRAY_COUNT(below) && !of->paths[i].is_glob; j++) {
            char path[8192];

            snprintf(path, sizeof(path), "%s%s", strcmp(of->paths[i].path, "/") == 0 ? "" : of->paths[i].path, below[j]);
            if (path[0])
                check_path(before, after, path, text);
        }
}

static bool has_text(const struct string_list *list, const char *wanted)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].text, wanted) == 0)
            return true;
    return false;
}

static void check_list(const struct string_list *before, const struct string_list *after, const struct string_list *alone, const char *text)
{
    for (size_t i = 0; i < after->count; i++)
        hold(has_text(before, after->items[i].text) || has_text(alone, after->items[i].text), "a list has what neither side has", text);
    for (size_t i = 0; i < before->count; i++)
        hold(has_text(after, before->items[i].text), "a list has lost something", text);
}

static void check_meaning(const char *text, const char *merged)
{
    struct arena *arena auto_arena = arena_new();
    struct document *before = NULL, *after = NULL;
    struct error err = ERROR_INIT;

    hold(arena && learn_load(arena, &places, "before.yaml", text, strlen(text), &before, &err) == 0, err.text, text);
    hold(learn_load(arena, &places, "after.yaml", merged, strlen(merged), &after, &err) == 0, err.text, merged);
    check_paths_of(before, after, before, merged);
    check_paths_of(before, after, after, merged);
    check_paths_of(before, after, world.alone, merged);
    check_list(&before->unix_sockets, &after->unix_sockets, &world.alone->unix_sockets, merged);
    check_list(&before->env_inherit, &after->env_inherit, &world.alone->env_inherit, merged);
    check_list(&before->devices, &after->devices, &world.alone->devices, merged);
    check_list(&before->syscalls_allow, &after->syscalls_allow, &world.alone->syscalls_allow, merged);
    check_list(&before->syscalls_deny, &after->syscalls_deny, &world.alone->syscalls_deny, merged);
    check_list(&before->allow_loss, &after->allow_loss, &world.alone->allow_loss, merged);
    hold(after->network.allow_count <= before->network.allow_count + world.alone->network.allow_count &&
             after->network.deny_count == before->network.deny_count,
         "rules of the network came from nowhere or went", merged);
    hold(after->view_count == before->view_count && after->secrets.count == before->secrets.count &&
             after->env_set_count <= before->env_set_count + world.alone->env_set_count &&
             after->unprotected.count == before->unprotected.count,
         "what learning knows nothing of has changed", merged);
}

static bool has_long_word(const char *text)
{
    while (*text) {
        size_t length = strcspn(text, " \n");

        if (length > WORD_MAX_FUZZED)
            return true;
        text += length + (text[length] != '\0');
    }
    return false;
}

/* Twice is once. */
static void check_merge(const char *text)
{
    struct learn_merge result = {0}, again = {0};
    struct error err = ERROR_INIT;
    char *merged auto_free = NULL, *second auto_free = NULL;

    if (learned_merge(&world.learned, "policy.yaml", text, strlen(text), &merged, &result, &err) < 0) {
        hold(err.text[0] && !merged && !result.notes, "refused without a word", text);
        return;
    }
    if (!strstr(text, "readonly ")) /* what was offered to be read may give way to the same to be written */
        check_within(text, merged, "a merge has lost bytes");
    check_meaning(text, merged);
    hold(learned_merge(&world.learned, "policy.yaml", merged, strlen(merged), &second, &again, &err) == 0, err.text, merged);
    if (strcmp(second, merged) != 0)
        fprintf(stderr, "%s\n---- again:\n", merged);
    hold(strcmp(second, merged) == 0 && again.added == 0, "a second merge changes something", second);
    mem_free(result.notes);
    mem_free(again.notes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text auto_free = NULL;

    if (!world.alone)
        make_world();
    if (size > SIZE_MAX_FUZZED || memchr(data, '\0', size))
        return 0;
    text = mem_alloc(size + 1);
    hold(text != NULL, "no memory", "");
    memcpy(text, data, size);
    text[size] = '\0';
    check_edits(text);
    if (!has_long_word(text))
        check_merge(text);
    return 0;
}
