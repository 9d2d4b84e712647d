/* SPDX-License-Identifier: Apache-2.0 */
/* What is covered cannot be read in the record; who has the key can, until it is erased. */
#include "ocsf/veil.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "events.h"
#include "schema.h"
#include "test.h"

#define ID      RUN_ID ".12"
#define ID_SIZE strlen(ID)

static struct veil *covers(const char *directory, const char *subject, enum veil_mode mode)
{
    const struct veil_options options = {directory, subject, mode, mode, true};
    struct error err = ERROR_INIT;
    struct veil *veil = NULL;

    if (veil_open(&options, &veil, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return veil;
}

TEST(what_is_sealed_is_read_with_its_key_and_no_other)
{
    char directory[] = "/tmp/cordon-veil-XXXXXX", token[VEIL_TOKEN_MAX], text[VEIL_TEXT_MAX + 1];
    size_t size, text_size;

    check(test_make_directory(directory));
    auto_veil struct veil *veil = covers(directory, "uid:1000", VEIL_SEALED);
    size = veil_cover(veil, VEIL_SEALED, ID, ID_SIZE, "file.path", "/home/anna/x", 12, token);
    check(size && size < VEIL_TOKEN_MAX && veil_is_token(token, size));
    check(!memmem(token, size, "anna", 4));
    check_int(veil_read(directory, ID, ID_SIZE, "file.path", token, size, text, &text_size), VEIL_READ);
    check_string(text, "/home/anna/x");
    /* bound to its record and to its member */
    check_int(veil_read(directory, RUN_ID ".13", ID_SIZE, "file.path", token, size, text, &text_size), VEIL_FORGED);
    check_int(veil_read(directory, ID, ID_SIZE, "file.name", token, size, text, &text_size), VEIL_FORGED);
    check_string(text, "");
    for (size_t i = size - 8; i < size; i++) {
        token[i] ^= 1;
        check(veil_read(directory, ID, ID_SIZE, "file.path", token, size, text, &text_size) != VEIL_READ);
        token[i] ^= 1;
    }
}

TEST(an_erased_key_leaves_nothing_to_read_and_a_new_one_does_not_help)
{
    char directory[] = "/tmp/cordon-veil-XXXXXX", token[VEIL_TOKEN_MAX], other[VEIL_TOKEN_MAX], text[VEIL_TEXT_MAX + 1];
    size_t size, other_size, text_size;
    bool was;

    check(test_make_directory(directory));
    auto_veil struct veil *veil = covers(directory, "uid:1000", VEIL_SEALED);
    auto_veil struct veil *neighbour = covers(directory, "uid:1001", VEIL_SEALED);
    size = veil_cover(veil, VEIL_SEALED, ID, ID_SIZE, "file.path", "a", 1, token);
    other_size = veil_cover(neighbour, VEIL_SEALED, ID, ID_SIZE, "file.path", "b", 1, other);
    check_int(veil_erase(directory, "uid:1000", &was, NULL), 0);
    check(was);
    check_int(veil_read(directory, ID, ID_SIZE, "file.path", token, size, text, &text_size), VEIL_ERASED);
    auto_veil struct veil *again = covers(directory, "uid:1000", VEIL_SEALED);
    check(again);
    check_int(veil_read(directory, ID, ID_SIZE, "file.path", token, size, text, &text_size), VEIL_ERASED);
    /* the neighbour's is there */
    check_int(veil_read(directory, ID, ID_SIZE, "file.path", other, other_size, text, &text_size), VEIL_READ);
    check_int(veil_erase(directory, "uid:4000", &was, NULL), 0);
    check(!was);
}

TEST(a_commitment_proves_the_text_and_no_other)
{
    char directory[] = "/tmp/cordon-veil-XXXXXX", token[VEIL_TOKEN_MAX], same[VEIL_TOKEN_MAX], text[VEIL_TEXT_MAX + 1];
    size_t size, text_size;
    bool was;

    check(test_make_directory(directory));
    auto_veil struct veil *veil = covers(directory, "uid:1000", VEIL_SALTED);
    size = veil_cover(veil, VEIL_SALTED, ID, ID_SIZE, "file.path", "/w/a", 4, token);
    check(size && veil_proves(directory, ID, ID_SIZE, "file.path", token, size, "/w/a", 4));
    check(!veil_proves(directory, ID, ID_SIZE, "file.path", token, size, "/w/b", 4));
    check(!veil_proves(directory, RUN_ID ".13", ID_SIZE, "file.path", token, size, "/w/a", 4));
    check_int(veil_read(directory, ID, ID_SIZE, "file.path", token, size, text, &text_size), VEIL_HELD);
    /* equal texts of two records do not look equal */
    check(veil_cover(veil, VEIL_SALTED, RUN_ID ".13", ID_SIZE, "file.path", "/w/a", 4, same) == size);
    check(memcmp(token, same, size) != 0);
    check_int(veil_erase(directory, "uid:1000", &was, NULL), 0);
    check(!veil_proves(directory, ID, ID_SIZE, "file.path", token, size, "/w/a", 4));
}

TEST(a_key_that_others_could_read_is_refused)
{
    char directory[] = "/tmp/cordon-veil-XXXXXX";
    struct veil_options options = {directory, "uid:1000", VEIL_SEALED, VEIL_SEALED, false};
    struct error err = ERROR_INIT;
    struct veil *veil = NULL;

    check(test_make_directory(directory));
    check_int(veil_open(&options, &veil, &err), -ENOENT);
    options.may_make = true;
    check_int(chmod(directory, 0755), 0);
    check_int(veil_open(&options, &veil, &err), -EPERM);
    check_contains(err.text, "mode 0700");
    options.subject = "two\nlines";
    check_int(veil_open(&options, &veil, &err), -EINVAL);
}

TEST(two_that_make_a_key_at_once_have_the_same)
{
    char directory[] = "/tmp/cordon-veil-XXXXXX", token[VEIL_TOKEN_MAX], text[VEIL_TEXT_MAX + 1];
    size_t size, text_size;

    check(test_make_directory(directory));
    auto_veil struct veil *first = covers(directory, "uid:1", VEIL_SEALED);
    auto_veil struct veil *second = covers(directory, "uid:1", VEIL_SEALED);
    size = veil_cover(second, VEIL_SEALED, ID, ID_SIZE, "m", "x", 1, token);
    check_int(veil_read(directory, ID, ID_SIZE, "m", token, size, text, &text_size), VEIL_READ);
    size = veil_cover(first, VEIL_SEALED, ID, ID_SIZE, "m", "y", 1, token);
    check_int(veil_read(directory, ID, ID_SIZE, "m", token, size, text, &text_size), VEIL_READ);
}

/* Every text of every record that names a path or an argument, in each way of covering. */
static void check_nothing_shows(enum veil_mode mode)
{
    static const char *const secrets[] = {"shadow", "/etc", "/w/", "anna/", "notes.txt", "/usr/bin", "\\\"a b", "/v1/things", "CFLAGS", "fsmonitor", "src/a.c"};
    char directory[] = "/tmp/cordon-veil-XXXXXX";
    struct ocsf_context context = test_context;

    check(test_make_directory(directory));
    auto_veil struct veil *veil = covers(directory, "uid:1000", mode);
    auto_ocsf struct ocsf *ocsf = NULL;
    context.veil = veil;
    check_int(ocsf_new(&context, &ocsf, NULL), 0);
    for (size_t i = 0; test_events[i]; i++) {
        const char *body;
        size_t size;

        check_int(ocsf_render(ocsf, test_events[i], strlen(test_events[i]), &body, &size, NULL), 0);
        schema_check(body, size);
        for (size_t j = 0; j < ARRAY_COUNT(secrets); j++)
            if (memmem(body, size, secrets[j], strlen(secrets[j])))
                test_fail(__FILE__, __LINE__, "'%s' stands in %.*s", secrets[j], (int)size, body);
    }
}

TEST(nothing_of_paths_and_arguments_stands_in_a_sealed_record)
{
    check_nothing_shows(VEIL_SEALED);
}

TEST(nothing_of_paths_and_arguments_stands_in_a_salted_record)
{
    check_nothing_shows(VEIL_SALTED);
}
