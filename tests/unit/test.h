/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unit test runner. A test's name is the property that it proves. Each test runs in a process
 * of its own and must leave as many open descriptors as it found. `program --list` names the tests,
 * `program NAME...` runs some.
 */
#ifndef CORDON_TESTS_TEST_H
#define CORDON_TESTS_TEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

struct test {
    const char *name;
    void (*run)(void);
    struct test *next;
};

void test_register(struct test *test);

/* End this test as failed. Never returns. */
void test_fail(const char *file, int line, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));

/* End this test as skipped; `missing` says what this machine lacks. With that word in
 * CORDON_TEST_REQUIRE it fails. */
void test_skip(const char *missing) __attribute__((noreturn));

/*
 * As mkdtemp() and mkstemp() (close-on-exec). Whatever way the test ends, the runner removes what still has that name
 * and all that is in it.
 */
char *test_make_directory(char *template);
int test_make_file(char *template);

/* Make or replace a file as a whole: another test's process never sees half of it. */
void test_write_file(const char *path, const char *text, mode_t mode);

/* How often a test of random cases goes around: `rounds`, a fifth of them where a sanitizer watches, which seeks other faults. */
unsigned test_rounds(unsigned rounds);

#define TEST(test_name)                                                                            \
    static void test_name(void);                                                                   \
    static struct test test_name##_entry = {.name = #test_name, .run = test_name};                 \
    __attribute__((constructor)) static void test_name##_register(void)                            \
    {                                                                                              \
        test_register(&test_name##_entry);                                                         \
    }                                                                                              \
    static void test_name(void)

#define check(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            test_fail(__FILE__, __LINE__, "not true: %s", #condition);                             \
    } while (0)

#define check_int(actual, expected)                                                                \
    do {                                                                                           \
        long long actual_ = (long long)(actual), expected_ = (long long)(expected);                \
        if (actual_ != expected_)                                                                  \
            test_fail(__FILE__, __LINE__, "%s is %lld, not %lld", #actual, actual_, expected_);    \
    } while (0)

#define check_string(actual, expected)                                                             \
    do {                                                                                           \
        const char *actual_ = (actual), *expected_ = (expected);                                   \
        if (!actual_ || strcmp(actual_, expected_) != 0)                                           \
            test_fail(__FILE__, __LINE__, "%s is '%s', not '%s'", #actual,                         \
                      actual_ ? actual_ : "(null)", expected_);                                    \
    } while (0)

#define check_contains(text, part)                                                                 \
    do {                                                                                           \
        const char *text_ = (text), *part_ = (part);                                               \
        if (!text_ || !strstr(text_, part_))                                                       \
            test_fail(__FILE__, __LINE__, "'%s' does not contain '%s'", text_ ? text_ : "(null)",  \
                      part_);                                                                      \
    } while (0)

/*
 * Call `attempt` with its 1st, 2nd, ... allocation failing until it succeeds untouched; each
 * failing call must return -ENOMEM and leak nothing. The test fails when `attempt` needs more than
 * `most` allocations.
 */
void test_each_allocation_fails(int (*attempt)(void), long most);

/* Give `one` each file of a fuzzer's corpus; it must return 0, and there must be more than ten. */
void test_corpus(const char *directory, int (*one)(const uint8_t *data, size_t size));

#endif
