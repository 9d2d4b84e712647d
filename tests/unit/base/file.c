/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files, bounded, and complete writes; in a directory of the test's own. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "test.h"

static char folder[64];

/* A path in a fresh directory. */
static const char *folder_path(const char *name)
{
    static char path[128];

    if (!folder[0]) {
        strcpy(folder, "/tmp/cordon-test-XXXXXX");
        check(test_make_directory(folder));
    }
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_file(const char *path, const char *content, size_t size)
{
    auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    check(fd >= 0);
    check_int(file_write_all(fd, content, size), 0);
}

TEST(a_file_is_read_whole_with_its_nul_bytes)
{
    const char *path = folder_path("whole");
    auto_free char *data = NULL;
    size_t size = 0;

    write_file(path, "a\0b", 3);
    check_int(file_read(path, 100, &data, &size, NULL), 0);
    check_int(size, 3);
    check(memcmp(data, "a\0b", 4) == 0); /* and a NUL behind it */
}

TEST(an_empty_file_is_an_empty_string)
{
    const char *path = folder_path("empty");
    auto_free char *data = NULL;
    size_t size = 7;

    write_file(path, "", 0);
    check_int(file_read(path, 0, &data, &size, NULL), 0);
    check_int(size, 0);
    check_string(data, "");
}

TEST(a_file_of_the_maximum_is_read_and_one_byte_more_is_refused)
{
    const char *path = folder_path("large");
    auto_free char *data = NULL, *content = mem_alloc(100000);
    struct error err = ERROR_INIT;
    size_t size = 7;

    check(content);
    memset(content, 'x', 100000);
    write_file(path, content, 100000);
    check_int(file_read(path, 99999, &data, &size, &err), -EFBIG);
    check_int(err.kind, ERROR_LIMIT);
    check_contains(err.text, "99999");
    check(!data);
    check_int(size, 7);
    check_int(file_read(path, 100000, &data, &size, &err), 0);
    check_int(size, 100000);
    check(memcmp(data, content, 100000) == 0);
}

TEST(what_is_not_a_regular_file_is_refused_without_waiting_for_it)
{
    struct error err = ERROR_INIT;
    auto_free char *data = NULL;
    size_t size = 0;
    const char *fifo = folder_path("fifo");

    check_int(file_read("/tmp", 100, &data, &size, &err), -EINVAL);
    check_contains(err.text, "not a regular file");
    check_int(file_read("/dev/zero", 100, &data, &size, &err), -EINVAL);
    check_int(mkfifo(fifo, 0600), 0);
    check_int(file_read(fifo, 100, &data, &size, &err), -EINVAL);
    check(!data);
}

TEST(a_missing_file_is_named)
{
    struct error err = ERROR_INIT;
    auto_free char *data = NULL;
    size_t size = 0;

    check_int(file_read(folder_path("none"), 100, &data, &size, &err), -ENOENT);
    check_int(err.kind, ERROR_SYSTEM);
    check_contains(err.text, "/none: No such file");
}

TEST(a_pipe_is_read_to_its_end_and_no_further_than_the_maximum)
{
    struct error err = ERROR_INIT;
    auto_free char *data = NULL;
    size_t size = 0;
    auto_close int reader = -1;
    int ends[2];

    check_int(pipe2(ends, O_CLOEXEC), 0);
    reader = ends[0];
    check_int(file_write_all(ends[1], "hello", 5), 0);
    check_int(close(ends[1]), 0);
    check_int(file_read_fd(reader, "stdin", 4, &data, &size, &err), -EFBIG);
    check_string(err.text, "stdin: more than 4 bytes");
}

static int read_a_file(void)
{
    auto_free char *data = NULL;
    size_t size;

    return file_read(folder_path("each"), 100000, &data, &size, NULL);
}

TEST(each_failing_allocation_of_a_read_is_reported)
{
    static char content[20000];

    write_file(folder_path("each"), content, sizeof(content));
    test_each_allocation_fails(read_a_file, 10);
}

static void ignore_signal(int signal_number)
{
    (void)signal_number;
}

/* The reader takes little at a time and signals the writer, so that writes are short and
 * interrupted. */
TEST(a_write_goes_on_after_short_writes_and_signals)
{
    struct sigaction action = {.sa_handler = ignore_signal}; /* no SA_RESTART */
    static char content[300000];
    int ends[2], status;
    pid_t reader, writer = getpid();

    check_int(sigaction(SIGUSR1, &action, NULL), 0);
    check_int(pipe2(ends, O_CLOEXEC), 0);
    memset(content, 'x', sizeof(content));
    reader = fork();
    if (reader == 0) {
        char piece[1000];
        size_t total = 0;
        ssize_t got;

        close(ends[1]);
        while ((got = read(ends[0], piece, sizeof(piece))) > 0) {
            total += (size_t)got;
            if (total % 8000 == 0)
                kill(writer, SIGUSR1);
        }
        _exit(total == sizeof(content) ? 0 : 1);
    }
    check(reader > 0);
    close(ends[0]);
    check_int(file_write_all(ends[1], content, sizeof(content)), 0);
    signal(SIGUSR1, SIG_IGN); /* the reader goes on with what is in the pipe */
    close(ends[1]);
    check_int(waitpid(reader, &status, 0), reader);
    check_int(status, 0);
}

TEST(a_write_that_fails_says_so)
{
    auto_close int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

    check(full >= 0);
    check_int(file_write_all(full, "x", 1), -ENOSPC);
    check_int(file_write_all(-1, "x", 1), -EBADF);
    check_int(file_write_all(-1, "", 0), 0);
}

TEST(a_number_of_the_kernel_is_read_and_nothing_else_is_one)
{
    static const char *const none[] = {"", "max\n", "-1\n", " 7\n"};
    const char *path = folder_path("number");

    write_file(path, "1024\n", 5);
    check_int(file_number(path, 7), 1024);
    write_file(path, "0 2147483647\n", 13);
    check_int(file_number(path, 7), 0);
    for (size_t i = 0; i < ARRAY_COUNT(none); i++) {
        write_file(path, none[i], strlen(none[i]));
        check_int(file_number(path, 7), 7);
    }
    check_int(file_number("/nonexistent", 7), 7);
}

TEST(directories_are_made_down_to_the_last_with_the_mode)
{
    const char *path = folder_path("a//b/c/");
    struct stat st;

    check_int(file_make_directories(path, 0700, NULL), 0);
    check_int(stat(path, &st), 0);
    check(S_ISDIR(st.st_mode));
    check_int(st.st_mode & 07777, 0700);
    check_int(file_make_directories(path, 0700, NULL), 0);
}

TEST(a_file_in_the_way_of_a_directory_is_an_error)
{
    struct error err = ERROR_INIT;

    write_file(folder_path("file"), "", 0);
    check_int(file_make_directories(folder_path("file/below"), 0700, &err), -ENOTDIR);
    check_int(file_make_directories(folder_path("file"), 0700, &err), -ENOTDIR);
    check_contains(err.text, "/file");
}

TEST(a_relative_or_overlong_directory_is_refused)
{
    static char longer[5000];
    struct error err = ERROR_INIT;

    check(file_make_directories("relative/path", 0700, &err) < 0);
    check(file_make_directories("", 0700, &err) < 0);
    memset(longer, 'x', sizeof(longer) - 1);
    longer[0] = '/';
    check_int(file_make_directories(longer, 0700, &err), -ENAMETOOLONG);
}

TEST(a_file_is_replaced_through_a_link_and_keeps_its_permissions)
{
    char link[128], real[128];
    struct stat before, after;
    auto_free char *data = NULL;
    size_t size = 0;

    snprintf(real, sizeof(real), "%s", folder_path("real"));
    snprintf(link, sizeof(link), "%s", folder_path("link"));
    write_file(real, "old", 3);
    check_int(chmod(real, 0640), 0);
    check_int(stat(real, &before), 0);
    check_int(symlink(real, link), 0);
    check_int(file_replace(link, "new and longer", 14, NULL), 0);
    check_int(lstat(link, &after), 0);
    check(S_ISLNK(after.st_mode));
    check_int(stat(real, &after), 0);
    check_int(after.st_mode & 07777, 0640);
    check(after.st_ino != before.st_ino);
    check_int(file_read(real, 100, &data, &size, NULL), 0);
    check_string(data, "new and longer");
}

TEST(a_file_that_cannot_be_replaced_is_as_it_was_and_nothing_lies_beside_it)
{
    struct error err = ERROR_INIT;
    auto_free char *data = NULL;
    size_t size = 0;
    char path[128];

    snprintf(path, sizeof(path), "%s", folder_path("directory"));
    check_int(mkdir(path, 0700), 0);
    check(file_replace(path, "x", 1, &err) < 0);
    check_contains(err.text, "/directory");
    check_int(rmdir(path), 0);
    check_int(rmdir(folder), 0); /* it is empty */
    check_int(file_replace(path, "x", 1, &err), -ENOENT);
    check_int(mkdir(folder, 0700), 0);
    check_int(file_replace(path, "made", 4, NULL), 0);
    check_int(file_read(path, 10, &data, &size, NULL), 0);
    check_string(data, "made");
}
