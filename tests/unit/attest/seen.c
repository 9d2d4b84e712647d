/* SPDX-License-Identifier: Apache-2.0 */
/* No token twice. */
#include "attest/seen.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

TEST(a_token_is_taken_once_and_another_is_not_in_its_way)
{
    char *directory = test_make_directory((char[]){"/tmp/test-seen-XXXXXX"}), path[64];
    struct error err = {0};

    snprintf(path, sizeof(path), "%s/seen", directory);
    check_int(seen_once(path, "one", 200, 100, &err), 0);
    check_int(seen_once(path, "two", 300, 100, &err), 0);
    check_int(seen_once(path, "one", 200, 150, &err), -EALREADY);
    check_contains(err.text, "taken before");
    check_int(seen_once(path, "on", 200, 150, &err), 0);
    check_int(seen_once(path, "one", 400, 201, &err), 0); /* that one ended: the token itself no longer holds */
    check_int(seen_once(path, "two", 300, 201, &err), -EALREADY);
}

TEST(of_many_at_once_one_is_the_first)
{
    char *directory = test_make_directory((char[]){"/tmp/test-seen-XXXXXX"}), path[64];
    int taken = 0;

    snprintf(path, sizeof(path), "%s/seen", directory);
    for (int i = 0; i < 16; i++)
        if (fork() == 0)
            _exit(seen_once(path, "one", 200, 100, NULL) == 0);
    for (int i = 0, how; i < 16; i++) {
        check(wait(&how) > 0);
        taken += WEXITSTATUS(how);
    }
    check_int(taken, 1);
}

TEST(a_list_that_is_torn_or_a_link_takes_nothing)
{
    static const char *const texts[] = {"x", "200 one", "one\n", "200one\n", "\n", "99999999999999999999999 one\n"};
    char *directory = test_make_directory((char[]){"/tmp/test-seen-XXXXXX"}), path[64], link[64];
    struct error err = {0};

    snprintf(path, sizeof(path), "%s/seen", directory);
    snprintf(link, sizeof(link), "%s/link", directory);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        test_write_file(path, texts[i], 0600);
        check(seen_once(path, "two", 200, 100, &err) < 0);
    }
    test_write_file(path, "", 0600);
    check_int(symlink(path, link), 0);
    check(seen_once(link, "two", 200, 100, &err) < 0);
}
