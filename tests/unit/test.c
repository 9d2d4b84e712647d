/* SPDX-License-Identifier: Apache-2.0 */
/* The runner: one process per test, a time limit, the count of descriptors, one line per result. */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define TEST_SECONDS_MORE 4 /* so often again, while the machine has more to do than it can */
#define TEST_SECONDS_MAX 120 /* CORDON_TEST_SECONDS says otherwise, on an emulated processor */
#define STATUS_SKIPPED   77

/* What the running test has made below /tmp. */
#define LEFT_MAX 32
struct left {
    unsigned count;
    char paths[LEFT_MAX][128];
};

static struct test *tests;
static struct left *left;

void test_register(struct test *test)
{
    test->next = tests;
    tests = test;
}

void test_fail(const char *file, int line, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "  %s:%d: ", file, line);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    fflush(NULL);
    _exit(1);
}

unsigned test_rounds(unsigned rounds)
{
#if defined(CORDON_SANITIZED)
    return rounds / 5;
#else
    return rounds;
#endif
}

/* In memory that the runner shares with the test. */
static void will_remove(const char *path)
{
    if (left->count == LEFT_MAX || strlen(path) >= sizeof(left->paths[0]))
        test_fail(__FILE__, __LINE__, "too many or too long temporary names: %s", path);
    strcpy(left->paths[left->count++], path);
}

char *test_make_directory(char *template)
{
    char *made = mkdtemp(template);

    if (made)
        will_remove(made);
    return made;
}

int test_make_file(char *template)
{
    int fd = mkostemp(template, O_CLOEXEC);

    if (fd >= 0)
        will_remove(template);
    return fd;
}

void test_write_file(const char *path, const char *text, mode_t mode)
{
    char temporary[4096];
    int fd;

    snprintf(temporary, sizeof(temporary), "%s.new.%ld", path, (long)getpid());
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) < 0 ||
        rename(temporary, path) < 0)
        test_fail(__FILE__, __LINE__, "write %s: %s", path, strerror(errno));
}

void test_skip(const char *missing)
{
    const char *required = getenv("CORDON_TEST_REQUIRE");

    fprintf(stderr, "  missing: %s\n", missing);
    fflush(NULL);
    _exit(required && strstr(required, missing) ? 1 : STATUS_SKIPPED);
}

static int count_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;

    while (dir && readdir(dir))
        count++;
    if (dir)
        closedir(dir);
    return count;
}

void test_each_allocation_fails(int (*attempt)(void), long most)
{
    for (long n = 0; n < most; n++) {
        int status;

        mem_fail_after(n);
        status = attempt();
        if (mem_fail_after(-1) >= 0) { /* never reached: every allocation succeeded */
            check_int(status, 0);
            return;
        }
        if (status != -ENOMEM)
            test_fail(__FILE__, __LINE__, "allocation %ld failed, the call returned %d", n, status);
    }
    test_fail(__FILE__, __LINE__, "more than %ld allocations", most);
}

static unsigned seconds_max(void)
{
    const char *asked = getenv("CORDON_TEST_SECONDS");
    int seconds = asked ? atoi(asked) : 0;

    return seconds > 0 ? (unsigned)seconds : TEST_SECONDS_MAX;
}

/* Many more processes want to run than there are processors: "12.34 ..." */
static bool is_machine_busy(void)
{
    char text[32] = "";
    int fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (fd >= 0)
        close(fd);
    return size > 0 && atoi(text) > 4 * sysconf(_SC_NPROCESSORS_ONLN);
}

/* What stands still does so on any machine; what is slow on a busy one is no fault of its. */
static void on_time(int signal_number)
{
    static int more = TEST_SECONDS_MORE;

    if (more-- > 0 && is_machine_busy()) {
        alarm(seconds_max());
        return;
    }
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* After a test that failed half-way there may be directories in it that even their owner cannot enter. */
static void remove_left(void)
{
    for (unsigned i = 0; i < left->count; i++) {
        char command[sizeof(left->paths[0]) * 2 + 64];

        snprintf(command, sizeof(command), "chmod -R u+rwX '%s' 2>/dev/null; rm -rf '%s'", left->paths[i],
                 left->paths[i]);
        if (access(left->paths[i], F_OK) == 0 && system(command) != 0)
            fprintf(stderr, "  left behind: %s\n", left->paths[i]);
    }
}

/* The test that runs, and the signal that ended it before its time. */
static volatile sig_atomic_t running, ended_by;

static void end_running(int signal_number)
{
    ended_by = signal_number;
    if (running)
        kill(running, SIGKILL);
}

static void on_ending(void (*handler)(int))
{
    const struct sigaction action = {.sa_handler = handler};

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

static int wait_for(pid_t pid, int *ret_status)
{
    pid_t waited;

    do
        waited = waitpid(pid, ret_status, 0);
    while (waited < 0 && errno == EINTR);
    return waited == pid ? 0 : -1;
}

static int run_one(const struct test *test)
{
    pid_t pid;
    int status;

    left->count = 0;
    fflush(NULL);
    running = pid = fork();
    if (pid == 0) {
        int before = count_descriptors();

        on_ending(SIG_DFL);
        sigaction(SIGALRM, &(const struct sigaction){.sa_handler = on_time, .sa_flags = SA_RESTART}, NULL);
        alarm(seconds_max());
        test->run();
        check_int(count_descriptors(), before);
        fflush(NULL);
        exit(0); /* not _exit(): LeakSanitizer reports at exit */
    }
    if (ended_by && pid > 0)
        kill(pid, SIGKILL); /* it came before the child was known */
    if (pid < 0 || wait_for(pid, &status) < 0)
        return 1;
    remove_left();
    running = 0;
    if (ended_by)
        exit(128 + ended_by);
    if (WIFSIGNALED(status)) {
        fprintf(stderr, "  ended by signal %d\n", WTERMSIG(status));
        return 1;
    }
    return WEXITSTATUS(status);
}

static bool is_wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(name, argv[i]) == 0)
            return true;
    return argc < 2;
}

int main(int argc, char **argv)
{
    int passed = 0, failed = 0, skipped = 0;

    left = mmap(NULL, sizeof(*left), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (left == MAP_FAILED)
        return 1;
    on_ending(end_running);
    for (struct test *test = tests; test; test = test->next) {
        int result;

        if (argc > 1 && strcmp(argv[1], "--list") == 0) {
            puts(test->name);
            continue;
        }
        if (!is_wanted(test->name, argc, argv))
            continue;
        result = run_one(test);
        passed += result == 0;
        skipped += result == STATUS_SKIPPED;
        failed += result != 0 && result != STATUS_SKIPPED;
        printf("%s %s\n",
               result == 0                ? "ok  "
               : result == STATUS_SKIPPED ? "skip"
                                          : "FAIL",
               test->name);
    }
    if (argc > 1 && strcmp(argv[1], "--list") == 0)
        return 0;
    printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed || passed + skipped == 0;
}

void test_corpus(const char *directory, int (*one)(const uint8_t *data, size_t size))
{
    DIR *corpus = opendir(directory);
    size_t count = 0;

    check(corpus);
    for (struct dirent *entry = readdir(corpus); entry; entry = readdir(corpus)) {
        char path[4096];
        char *data auto_free = NULL;
        struct error err = ERROR_INIT;
        size_t size;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
        check_int(file_read(path, (size_t)1 << 20, &data, &size, &err), 0);
        check_int(one((const uint8_t *)data, size), 0);
        count++;
    }
    closedir(corpus);
    check(count > 10);
}
