/* SPDX-License-Identifier: Apache-2.0 */
/* Ownership, the arena, and the hook that makes an allocation fail. */
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdint.h>
#include <unistd.h>

#include "test.h"

TEST(memory_is_zeroed_and_an_empty_block_is_a_block)
{
    auto_free unsigned char *bytes = mem_alloc(100);
    auto_free void *nothing = mem_alloc(0);

    check(bytes && nothing);
    for (int i = 0; i < 100; i++)
        check_int(bytes[i], 0);
}

TEST(exactly_the_chosen_allocation_fails)
{
    auto_free void *first = NULL, *second = NULL, *third = NULL;

    mem_fail_after(1);
    first = mem_alloc(1);
    second = mem_alloc(1);
    third = mem_alloc(1);
    check(first && !second && third);
    check_int(mem_fail_after(-1), -1);
}

TEST(a_failed_resize_leaves_the_old_block_alone)
{
    auto_free char *text = mem_string("kept");
    void *grown;

    check(text);
    mem_fail_after(0);
    grown = mem_resize(text, 1000);
    check(!grown);
    check_string(text, "kept");
}

TEST(what_is_taken_is_not_freed_twice)
{
    auto_free char *owner = mem_string("text");
    auto_free char *next = take_ptr(owner);

    check(!owner);
    check_string(next, "text");
}

TEST(a_taken_descriptor_stays_open_and_an_owned_one_is_closed)
{
    int taken, closed;

    {
        auto_close int kept = open("/dev/null", O_RDONLY | O_CLOEXEC);
        auto_close int dropped = open("/dev/null", O_RDONLY | O_CLOEXEC);

        check(kept >= 0 && dropped >= 0);
        taken = take_fd(kept);
        closed = dropped;
        check_int(kept, -1);
    }
    check(fcntl(taken, F_GETFD) >= 0);
    check_int(fcntl(closed, F_GETFD), -1);
    check_int(close(taken), 0);
}

TEST(closing_does_not_touch_errno)
{
    errno = EXDEV;
    {
        auto_close int none = -1, wrong = 1 << 20;

        (void)none;
        (void)wrong;
    }
    check_int(errno, EXDEV);
}

TEST(the_arena_gives_zeroed_aligned_blocks_that_do_not_overlap)
{
    auto_arena struct arena *arena = arena_new();
    unsigned char *last = NULL;

    check(arena);
    for (size_t size = 1; size < 5000; size += 7) {
        unsigned char *block = arena_alloc(arena, size);

        check(block);
        check_int((uintptr_t)block % alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            check_int(block[i], 0);
        check(!last || last[0] == 0xff);
        memset(block, 0xff, size);
        last = block;
    }
}

TEST(the_arena_holds_a_block_larger_than_its_own_and_refuses_an_absurd_one)
{
    auto_arena struct arena *arena = arena_new();
    char *large;

    check(arena);
    large = arena_alloc(arena, 1 << 20);
    check(large);
    large[(1 << 20) - 1] = 'x';
    check(!arena_alloc(arena, SIZE_MAX));
    check(!arena_alloc(arena, SIZE_MAX / 2 + 1));
}

TEST(freeing_no_arena_is_nothing)
{
    arena_free(NULL);
}

TEST(arena_strings_are_copies)
{
    auto_arena struct arena *arena = arena_new();
    char source[] = "workspace";
    char *whole, *part, *made;

    check(arena);
    whole = arena_string(arena, source);
    part = arena_string_n(arena, source, 4);
    made = arena_printf(arena, "%s-%d", source, 7);
    memset(source, 'x', sizeof(source) - 1);
    check_string(whole, "workspace");
    check_string(part, "work");
    check_string(made, "workspace-7");
}

TEST(an_array_grows_and_keeps_what_it_held)
{
    auto_arena struct arena *arena = arena_new();
    int *numbers = NULL;
    size_t count = 0;

    check(arena);
    for (int i = 0; i < 1000; i++) {
        int *added = arena_append(arena, numbers, count);

        check(added);
        check_int(*added, 0);
        *added = i;
    }
    check_int(count, 1000);
    for (int i = 0; i < 1000; i++)
        check_int(numbers[i], i);
}

TEST(a_text_that_is_there_is_not_appended_again)
{
    struct arena *arena auto_arena = arena_new();
    char again[] = "one";
    const char **texts = NULL;
    size_t count = 0;

    check_int(arena_append_once(arena, &texts, &count, "one"), 0);
    check_int(arena_append_once(arena, &texts, &count, "two"), 0);
    check_int(arena_append_once(arena, &texts, &count, again), 0);
    check_int(arena_append_once(arena, &texts, &count, "on"), 0);
    check_int(count, 3);
    check_string(texts[0], "one");
    check(texts[0] != again);
    check_string(texts[2], "on");
    mem_fail_after(0);
    check_int(arena_append_once(arena, &texts, &count, "two"), 0);
    mem_fail_after(-1);
}

TEST(an_array_that_cannot_grow_keeps_its_count)
{
    auto_arena struct arena *arena = arena_new();
    struct large {
        char bytes[20000];
    } *blocks = NULL;
    size_t count = 0;

    check(arena);
    check(arena_append(arena, blocks, count));
    mem_fail_after(0);
    check(!arena_append(arena, blocks, count));
    mem_fail_after(-1);
    check_int(count, 1);
    check(arena_append(arena, blocks, count));
    check_int(count, 2);
}

static int build_in_arena(void)
{
    auto_arena struct arena *arena = arena_new();

    if (!arena)
        return -ENOMEM;
    for (int i = 0; i < 5; i++)
        if (!arena_alloc(arena, 10000))
            return -ENOMEM;
    return 0;
}

TEST(each_failing_allocation_of_an_arena_is_reported)
{
    test_each_allocation_fails(build_in_arena, 20);
}
