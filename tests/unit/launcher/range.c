/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/range.h"

#include <errno.h>
#include <stdlib.h>

#include "test.h"

static void check_parse(const char *text, int wanted, const char *word)
{
    struct range range = {1, 1};
    struct error err = ERROR_INIT;
    int status = range_parse(text, &range, &err);

    check_int(status < 0, wanted < 0);
    if (wanted < 0)
        check(strstr(err.text, word) && range.first == 1);
}

TEST(a_range_is_two_numbers_of_whole_blocks)
{
    check_parse("1879048192-1879113727", 0, "");
    check_parse("1879048192-1879048446", -EINVAL, "multiple");
    check_parse("1879048192", -EINVAL, "FIRST-LAST");
    check_parse("", -EINVAL, "FIRST-LAST");
    check_parse("-5", -EINVAL, "");
    check_parse("00000000000000000000000001-2", -EINVAL, "FIRST-LAST");
    check_parse("512-511", -EINVAL, "");
    check_parse("1879048192-1881145343", -EINVAL, "multiple");
    check_parse("4294967040-4294967295", -EINVAL, "");
}

static void check_etc(const char *name, const char *text, int wanted)
{
    const struct range range = {RANGE_FIRST, RANGE_COUNT};
    char *etc = test_make_directory((char[]){"/tmp/cordon-test-XXXXXX"}), path[128];
    struct error err = ERROR_INIT;

    snprintf(path, sizeof(path), "%s/%s", etc, name);
    test_write_file(path, text, 0644);
    check_int(range_check(&range, etc, &err), wanted);
    check(wanted == 0 || strstr(err.text, name));
}

TEST(a_range_that_an_account_or_a_subordinate_range_has_is_refused)
{
    check_etc("passwd", "root:x:0:0::/:/bin/sh\n", 0);
    check_etc("passwd", "a:x:1:1::/:\nb:x:1879048192:1::/:\n", -EEXIST);
    check_etc("passwd", "b:x:1879113727:1::/:", -EEXIST);
    check_etc("passwd", "b:x:1879113728:1::/:", 0);
    check_etc("group", "b:x:1879050000:\n", -EEXIST);
    check_etc("subuid", "b:100000:65536\n", 0);
    check_etc("subuid", "b:100000:4294867295\n", -EEXIST);
    check_etc("subgid", "b:1879048191:2\n", -EEXIST);
    check_etc("subgid", "b:1879048191:1\n", 0);
    check_etc("subgid", "b:5:99999999999999999999\n", -EEXIST);
    check_etc("subgid", "b:5\n:::\n\n#\n", 0);
}

TEST(a_range_of_systemd_or_of_accounts_is_refused)
{
    static const struct range taken[] = {{1000, 256}, {65280, 512}, {700000 / 256 * 256, 65536}, {1879048192 - 256, 512}, {2147483648u - 256, 512}};
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        check_int(range_check(&taken[i], "/nonexistent", &err), -EEXIST);
    check_int(range_check(&(struct range){RANGE_FIRST, RANGE_COUNT}, "/nonexistent", &err), 0);
    check_int(range_check(&(struct range){65536, 65536}, "/nonexistent", &err), 0);
}
