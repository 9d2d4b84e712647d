/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a review that need no container: records with a digest, names below a directory, differences. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "review/inside.h"
#include "test.h"

static int directory_make(char *template)
{
    int fd = open(test_make_directory(template), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    check(fd >= 0);
    return fd;
}

TEST(a_record_is_read_as_it_was_written)
{
    char template[] = "/tmp/cordon-review.XXXXXX";
    auto_close int fd = directory_make(template);
    auto_free char *data = NULL;
    struct text out = {0};
    struct fields fields;

    field_put(&out, "a");
    field_put(&out, "");
    field_put_number(&out, UINT64_MAX);
    check_int(fields_save(fd, "r", &out, true, NULL), 0);
    check_int(fields_load(fd, "r", &data, &fields, NULL), 0);
    check(strcmp(field_text(&fields), "a") == 0 && strcmp(field_text(&fields), "") == 0);
    check(field_number(&fields) == UINT64_MAX && !fields.is_bad && fields.at == fields.end);
    field_text(&fields);
    check(fields.is_bad);
}

TEST(a_record_with_one_byte_missing_or_other_is_none)
{
    char template[] = "/tmp/cordon-review.XXXXXX", bytes[256];
    auto_close int fd = directory_make(template);
    struct text out = {0};
    ssize_t size;
    int file;

    field_put(&out, "what is written down");
    check_int(fields_save(fd, "r", &out, false, NULL), 0);
    file = openat(fd, "r", O_RDONLY);
    size = read(file, bytes, sizeof(bytes));
    close(file);
    check(size > 60);
    for (ssize_t i = 0; i < size; i++)
        for (int is_cut = 0; is_cut < 2; is_cut++) {
            auto_free char *data = NULL;
            struct error err = ERROR_INIT;
            struct fields fields;

            bytes[i] ^= 1;
            file = openat(fd, "torn", O_WRONLY | O_CREAT | O_TRUNC, 0600);
            check_int(write(file, bytes, (size_t)(is_cut ? i : size)), is_cut ? i : size);
            close(file);
            bytes[i] ^= 1;
            check(fields_load(fd, "torn", &data, &fields, &err) < 0);
            check(strstr(err.text, "damaged"));
        }
}

TEST(a_record_that_is_not_there_is_no_error)
{
    char template[] = "/tmp/cordon-review.XXXXXX";
    auto_close int fd = directory_make(template);
    auto_free char *data = NULL;
    struct error err = ERROR_INIT;
    struct fields fields;

    check_int(fields_load(fd, "r", &data, &fields, &err), -ENOENT);
    check_int(err.kind, ERROR_NONE);
}

TEST(no_link_leads_out_of_a_tree)
{
    char template[] = "/tmp/cordon-review.XXXXXX";
    auto_close int fd = directory_make(template);
    struct stat st;

    check_int(mkdirat(fd, "d", 0700), 0);
    check_int(symlinkat("/etc", fd, "out"), 0);
    check_int(symlinkat("d", fd, "in"), 0);
    check(place_open(fd, "out/passwd", O_RDONLY) == -ELOOP && place_open(fd, "in", O_RDONLY | O_DIRECTORY) < 0);
    check(place_open(fd, "../etc/passwd", O_RDONLY) == -EXDEV && place_open(fd, "/etc/passwd", O_RDONLY) == -EXDEV);
    check(!place_stat(fd, "out/passwd", &st) && place_stat(fd, "out", &st) && S_ISLNK(st.st_mode));
    check(place_stat(fd, "d", &st) && S_ISDIR(st.st_mode));
}

static void check_diff(const char *before, const char *after, const char *expected)
{
    auto_text struct text out = {0};

    check_int(diff_print(&out, before, strlen(before), after, strlen(after), NULL), 0);
    check(strcmp(out.data ? out.data : "", expected) == 0);
}

TEST(a_difference_is_the_shortest_one)
{
    check_diff("a\nb\nc\n", "a\nb\nc\n", "");
    check_diff("", "", "");
    check_diff("a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
    check_diff("", "a\n", "@@ -0,0 +1,1 @@\n+a\n");
    check_diff("a\n", "", "@@ -1,1 +0,0 @@\n-a\n");
    check_diff("a", "a\n", "@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n");
}

TEST(a_difference_shows_no_control_character)
{
    check_diff("", "\033[2J\tx\n", "@@ -0,0 +1,1 @@\n+\\x1b[2J\tx\n");
}

/* What a person would make of it by applying it: the new text, whatever the texts were. */
TEST(a_difference_applied_is_the_other_text)
{
    srandom(1);
    for (int round = 0; round < 400; round++) {
        char before[256], after[256], *at = before, *to = after;
        auto_text struct text out = {0}, made = {0};

        for (int i = (int)(random() % 40); i > 0; i--)
            *at++ = (char)('a' + random() % 4), *at++ = '\n';
        for (int i = (int)(random() % 40); i > 0; i--)
            *to++ = (char)('a' + random() % 4), *to++ = '\n';
        *at = *to = '\0';
        check_int(diff_print(&out, before, strlen(before), after, strlen(after), NULL), 0);
        at = before;
        for (char *line = strtok(out.data, "\n"); line; line = strtok(NULL, "\n")) {
            unsigned long from;

            if (sscanf(line, "@@ -%lu", &from) == 1) {
                char *until = before + 2 * (from - (from && !strstr(line, ",0 +")));

                text_add_n(&made, at, (size_t)(until - at));
                at = until;
                continue;
            }
            if (line[0] != '+') {
                check(line[1] == *at);
                at += 2;
            }
            if (line[0] != '-')
                text_printf(&made, "%c\n", line[1]);
        }
        text_add(&made, at);
        check(strcmp(made.data ? made.data : "", after) == 0);
    }
}
