/* SPDX-License-Identifier: Apache-2.0 */
/* The growing string, and how foreign text is made safe for a terminal. */
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "test.h"

TEST(text_grows_past_its_first_block)
{
    auto_text struct text text = {0};

    for (int i = 0; i < 1000; i++)
        text_printf(&text, "%03d,", i);
    check_int(text.length, 4000);
    check_int(text.data[4000], '\0');
    check(memcmp(text.data + 3996, "999,", 4) == 0);
}

TEST(text_may_hold_any_bytes)
{
    auto_text struct text text = {0};

    text_add_n(&text, "a\0b", 3);
    check_int(text.length, 3);
    check(memcmp(text.data, "a\0b", 4) == 0);
}

TEST(a_text_to_which_nothing_was_added_is_the_empty_string)
{
    auto_text struct text text = {0};
    auto_free char *taken = NULL;

    check_int(text_take(&text, &taken, NULL), 0);
    check_string(taken, "");
}

TEST(what_is_taken_leaves_an_empty_text_that_can_be_used_again)
{
    auto_text struct text text = {0};
    auto_free char *first = NULL, *second = NULL;

    text_add(&text, "one");
    check_int(text_take(&text, &first, NULL), 0);
    text_add(&text, "two");
    check_int(text_take(&text, &second, NULL), 0);
    check_string(first, "one");
    check_string(second, "two");
}

TEST(a_lost_piece_is_reported_at_the_end_and_the_output_untouched)
{
    auto_text struct text text = {0};
    struct error err = ERROR_INIT;
    char mark, *taken = &mark;

    mem_fail_after(0);
    text_add(&text, "lost");
    text_add(&text, "kept?");
    text_printf(&text, "%d", 1);
    mem_fail_after(-1);
    check(text.is_broken);
    check_int(text_take(&text, &taken, &err), -ENOMEM);
    check_int(err.kind, ERROR_MEMORY);
    check(taken == &mark);
}

TEST(foreign_text_reaches_a_terminal_only_as_letters)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"plain", "plain"},
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
        {"\033]0;title\007", "\\x1b]0;title\\x07"},
        {"a\nb\tc", "a\\x0ab\\x09c"},
        {"\xc2\x9b", "\\xc2\\x9b"},          /* CSI as one character */
        {"\x9b", "\\x9b"},                   /* and as a bare byte */
        {"\xe2\x80\xae", "\\xe2\\x80\\xae"}, /* right-to-left override */
        {"\xc3", "\\xc3"},                   /* cut off */
        {"\xc0\xaf", "\\xc0\\xaf"},          /* overlong slash */
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        auto_text struct text text = {0};

        text_add_safe(&text, rows[i].in);
        check_string(text.data, rows[i].out);
    }
}

TEST(safe_text_ends_where_it_is_told)
{
    auto_text struct text text = {0};

    text_add_safe_n(&text, "\033[31m=x", 5);
    text_add_safe_n(&text, "\xc3\xbc", 1);
    text_add_safe_n(&text, "a\0b", 3);
    text_add_safe_n(&text, "never", 0);
    check_string(text.data, "\\x1b[31m\\xc3a\\x00b");
}

TEST(what_is_put_has_room_to_the_last_byte_or_nothing_goes_on)
{
    char room[4] = "zzz";
    int status = 0;
    pid_t pid;

    text_put(room, sizeof(room), "abc");
    check_string(room, "abc");
    text_put(room, sizeof(room), "");
    check_string(room, "");
    pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        dup2(null, STDERR_FILENO); /* it says why */
        text_put(room, sizeof(room), "abcd");
        _exit(0);
    }
    check_int(waitpid(pid, &status, 0), pid);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static int fill_text(void)
{
    auto_text struct text text = {0};
    auto_free char *taken = NULL;

    for (int i = 0; i < 300; i++)
        text_add(&text, "some words ");
    return text_take(&text, &taken, NULL);
}

TEST(each_failing_allocation_of_a_text_is_reported)
{
    test_each_allocation_fails(fill_text, 20);
}
