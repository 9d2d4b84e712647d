/* SPDX-License-Identifier: Apache-2.0 */
/* Which machine this is. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "identity/name.h"
#include "test.h"

#define ID "0123456789abcdef0123456789abcdef"

TEST(the_local_trust_domain_is_what_hmac_makes_of_the_id)
{
    struct identity_name name;
    struct error err = ERROR_INIT;
    char text[IDENTITY_TEXT_SIZE];

    check_int(identity_local(ID, &name, &err), 0);
    identity_print(&name, text);
    /* python3 -c 'import hmac; print(hmac.new(b"0123456789abcdef"*2, b"cordon: local trust domain, version 1", "sha256").hexdigest()[:32])' */
    check_string(text, "spiffe://local.14a28c09234767e279e53125df867698/host/14a28c09234767e279e53125df867698");
    check(!strstr(text, "0123456789abcdef"));
    check_int(identity_local("0123456789abcdef0123456789abcdee", &name, &err), 0);
    check(!strstr(text, name.host));
}

static const char *const nowhere[] = {"/nonexistent/machine-id"};

TEST(a_machine_without_an_id_gets_one_of_its_users_state_and_keeps_it)
{
    char *state = test_make_directory((char[]){"/tmp/test-machine-XXXXXX"}), id[33], again[33], path[80];
    bool is_own;
    struct error err = ERROR_INIT;
    struct stat st;

    snprintf(path, sizeof(path), "%s/inner", state);
    check_int(identity_machine_id_of(nowhere, 1, path, id, &is_own, &err), 0);
    check(is_own);
    check_int(strspn(id, "0123456789abcdef"), 32);
    check_int(identity_machine_id_of(nowhere, 1, path, again, &is_own, &err), 0);
    check_string(again, id);
    snprintf(path, sizeof(path), "%s/inner/machine-id", state);
    check_int(stat(path, &st), 0);
    check_int(st.st_mode & 0777, 0600);
}

TEST(what_is_no_id_is_passed_over)
{
    static const char *const texts[] = {"", "uninitialized\n", "00000000000000000000000000000000\n", "0123456789ABCDEF0123456789abcdef\n",
                                        "0123456789abcdef0123456789abcde\n", "0123456789abcdef0123456789abcdef0\n"};
    char *state = test_make_directory((char[]){"/tmp/test-machine-XXXXXX"}), id[33], path[80];
    const char *files[1] = {path};
    bool is_own;
    struct error err = ERROR_INIT;

    snprintf(path, sizeof(path), "%s/system", state);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        test_write_file(path, texts[i], 0644);
        check_int(identity_machine_id_of(files, 1, state, id, &is_own, &err), 0);
        check(is_own);
    }
    test_write_file(path, ID "\n", 0644);
    check_int(identity_machine_id_of(files, 1, state, id, &is_own, &err), 0);
    check(!is_own);
    check_string(id, ID);
}

TEST(where_no_id_is_and_none_can_be_made_the_remedy_is_said)
{
    char id[33];
    bool is_own;
    struct error err = ERROR_INIT;

    check(identity_machine_id_of(nowhere, 1, NULL, id, &is_own, &err) < 0);
    check_contains(err.text, "systemd-machine-id-setup");
    err = ERROR_INIT;
    check(identity_machine_id_of(nowhere, 1, "/dev/null/state", id, &is_own, &err) < 0);
    check_contains(err.text, "systemd-machine-id-setup");
    check_int(err.kind, ERROR_SYSTEM);
}

TEST(an_own_id_that_was_broken_is_named_and_never_replaced)
{
    char *state = test_make_directory((char[]){"/tmp/test-machine-XXXXXX"}), id[33], path[80];
    bool is_own;
    struct error err = ERROR_INIT;

    snprintf(path, sizeof(path), "%s/machine-id", state);
    test_write_file(path, "mine\n", 0600);
    check_int(identity_machine_id_of(nowhere, 1, state, id, &is_own, &err), -EINVAL);
    check_contains(err.text, path);
}

TEST(the_machine_that_runs_this_has_a_name)
{
    char *state = test_make_directory((char[]){"/tmp/test-machine-XXXXXX"}), id[33];
    struct identity_name name;
    struct error err = ERROR_INIT;
    bool is_own;

    check_int(identity_machine_id(state, id, &is_own, &err), 0);
    check_int(identity_local(id, &name, &err), 0);
}
