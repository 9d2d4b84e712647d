/* SPDX-License-Identifier: Apache-2.0 */
/* Where values come from, what is refused, and that nothing that is told holds one. */
#include "sdk/secret.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "net/secrets.h"
#include "test.h"

#define VALUE "s3cr3t-value-of-this-test"

static struct error err;
static struct locked value;
static const char *const environment[] = {"TOKEN=" VALUE, "PATH=/usr/bin:/bin", "EMPTY=", NULL};
static struct secret_reading reading = {.environment = environment, .cancel_fd = -1};
static struct plan_secret secret;

static int read_secret(void)
{
    int status;

    err = (struct error)ERROR_INIT;
    locked_finish(&value);
    check_int(locked_init(&value, NET_SECRET_VALUE_MAX + 3, &err), 0);
    status = secret_read(&secret, &reading, &value, &err);
    check(!strstr(err.text, VALUE));
    if (status < 0)
        check_contains(err.text, "p.yaml:1: secret NAME: ");
    return status;
}

static void is_value(void)
{
    check_int(value.length, strlen(VALUE));
    check(memcmp(value.bytes, VALUE, value.length) == 0);
    locked_finish(&value);
}

static void from(enum secret_source source, const char *text)
{
    secret = (struct plan_secret){.name = "NAME", .source = source, .text = text, .where = "p.yaml:1", .prefix = ""};
}

static int run(const char *script)
{
    static const char *argv[] = {"/bin/sh", "-c", NULL, NULL};

    argv[2] = script;
    from(SECRET_COMMAND, NULL);
    secret.command = argv;
    return read_secret();
}

TEST(a_variable_of_the_caller_is_a_source)
{
    from(SECRET_ENV, "TOKEN");
    check_int(read_secret(), 0);
    is_value();
    from(SECRET_ENV, "TOKE");
    check_int(read_secret(), -ENOENT);
    from(SECRET_ENV, "EMPTY");
    check_int(read_secret(), -ENOENT);
    locked_finish(&value);
}

TEST(a_file_that_only_its_owner_reads_is_a_source)
{
    static char path[] = "/tmp/cordon-unit-XXXXXX";
    static const mode_t open_to_others[] = {0640, 0604, 0620, 0602, 0660, 0666};
    char large[NET_SECRET_VALUE_MAX + 2];
    struct stat st;
    int fd = test_make_file(path);

    check(fd >= 0);
    from(SECRET_FILE, path);
    check_int(fstat(fd, &st), 0);
    close(fd);
    secret.device = st.st_dev;
    secret.inode = st.st_ino;
    fd = open(path, O_WRONLY | O_CLOEXEC);
    check_int(write(fd, VALUE "\r\n", sizeof(VALUE) + 1), sizeof(VALUE) + 1);
    check_int(read_secret(), 0);
    is_value();
    for (size_t i = 0; i < ARRAY_COUNT(open_to_others); i++) {
        check_int(chmod(path, open_to_others[i]), 0);
        check_int(read_secret(), -EPERM);
        check_contains(err.text, "chmod 600");
    }
    check_int(chmod(path, 0400), 0);
    secret.inode++;
    check_int(read_secret(), -ESTALE);
    secret.inode--;
    memset(large, 'x', sizeof(large));
    check_int(pwrite(fd, large, sizeof(large) - 1, 0), sizeof(large) - 1);
    check_int(read_secret(), -E2BIG);
    check_int(ftruncate(fd, sizeof(large) - 2), 0);
    check_int(read_secret(), 0);
    check_int(value.length, NET_SECRET_VALUE_MAX);
    locked_finish(&value);
    close(fd);
    unlink(path);
    check_int(read_secret(), -ENOENT);
    check_int(symlink("/etc/passwd", path), 0);
    check_int(read_secret(), -ELOOP);
    unlink(path);
    locked_finish(&value);
}

TEST(what_a_command_prints_is_a_source)
{
    check_int(run("echo $TOKEN"), 0);
    is_value();
    check_int(run("printf %s $TOKEN; echo noise >&2; exec >&-; sleep 0.01"), 0);
    is_value();
    check_int(run("(sleep 300 &) ; echo $TOKEN"), 0); /* what it left behind holds nobody up, and ends */
    is_value();
    check_int(run("test $(pwd) = / && ! read x && ! echo x 2>/dev/null >/dev/tty && test $(ls /proc/self/fd | wc -l) = 4 && echo $TOKEN"), 0);
    is_value();
    check_int(run("trap '' TERM; kill -USR1 $$; echo no"), -EIO); /* signals are as they are by default */
    check_contains(err.text, "signal 10");
    locked_finish(&value);
}

TEST(a_command_that_fails_says_why_and_not_what_it_printed)
{
    static const char *none[] = {"/tmp/no-such-program", NULL};

    check_int(run("echo $TOKEN; echo 'cannot \033[1m unlock' >&2; exit 3"), -EIO);
    check_contains(err.text, "status 3: cannot \\x1b[1m unlock");
    check_int(run("yes $TOKEN"), -E2BIG);
    check_int(run("true"), -EINVAL);
    check_contains(err.text, "empty");
    check_int(run("echo $TOKEN; echo $TOKEN"), -EINVAL);
    check_int(run("printf '%s\\0' $TOKEN"), -EINVAL);
    check_int(run("printf '%s\\033' $TOKEN"), -EINVAL);
    check_contains(err.text, "control byte");
    check_int(run("printf '%s\\177' $TOKEN"), -EINVAL);
    check_int(run("printf '%s\\tx' $TOKEN"), 0);
    check_int(run("printf 1234567"), -EINVAL);
    check_contains(err.text, "the value has less than 8 bytes");
    check(!strstr(err.text, "1234567"));
    check_int(run("printf 12345678"), 0);
    check_int(value.length, NET_SECRET_VALUE_MIN);
    from(SECRET_COMMAND, NULL);
    secret.command = none;
    check_int(read_secret(), -ENOENT);
    locked_finish(&value);
}

TEST(a_command_has_a_bound_of_time_and_can_be_given_up)
{
    uint64_t bound_ms = 25, before;
    int ends[2];

    do { /* on a busy machine it takes longer until it says anything */
        bound_ms *= 2;
        before = clock_monotonic_ns();
        reading.deadline_ns = before + bound_ms * NS_PER_MS;
        check_int(run("echo waiting >&2; sleep 300 & wait"), -ETIMEDOUT);
        check(clock_monotonic_ns() - before >= bound_ms * NS_PER_MS);
    } while (!strstr(err.text, "(it said: waiting)") && bound_ms < 20000);
    check_contains(err.text, "(it said: waiting)");
    reading.deadline_ns = 0;
    check_int(pipe(ends), 0);
    check_int(write(ends[1], "x", 1), 1);
    reading.cancel_fd = ends[0];
    check_int(run("sleep 300"), -ECANCELED);
    close(ends[0]);
    close(ends[1]);
    locked_finish(&value);
}

TEST(a_key_of_the_kernels_keyrings_is_a_source)
{
    long key = syscall(SYS_add_key, "user", "cordon-unit-test", VALUE, strlen(VALUE), KEY_SPEC_PROCESS_KEYRING);

    if (key < 0)
        test_skip("keyrings");
    from(SECRET_KEYRING, "cordon-unit-test");
    check_int(read_secret(), 0);
    is_value();
    from(SECRET_KEYRING, "cordon-unit-other");
    check_int(read_secret(), -ENOKEY);
    check_contains(err.text, "secret-tool");
    locked_finish(&value);
}

TEST(a_value_is_in_locked_memory_that_is_zeroes_when_it_goes)
{
    static char smaps[65536];
    struct locked locked = {0};
    char *line, address[32];
    FILE *file;

#if defined(CORDON_SANITIZED)
    test_skip("a build without sanitizers"); /* they have mlock() do nothing */
#endif
    check_int(locked_init(&locked, 4096, &err), 0);
    memset(locked.bytes, 'x', locked.size);
    snprintf(address, sizeof(address), "%lx-", (unsigned long)locked.bytes);
    file = fopen("/proc/self/smaps", "re");
    check(file != NULL);
    smaps[fread(smaps, 1, sizeof(smaps) - 1, file)] = '\0';
    fclose(file);
    line = strstr(smaps, address);
    check(line != NULL);
    line = strstr(line, "VmFlags:");
    *strchr(line, '\n') = '\0';
    check_contains(line, " lo ");
    check_contains(line, " dd ");
    check_contains(line, " wf ");
    locked_finish(&locked);
    check(!locked.bytes);
}

/* ---- all of a plan's ---- */

static struct plan plan;
static struct plan_secret secrets[2];
static const char *hosts[] = {"api.example.org"};
static struct net_secret_field fields[] = {{NET_SECRET_HEADER, "authorization"}};
static struct plan_mount mount = {.kind = PLAN_FILE, .content = PLAN_PLACEHOLDER, .target = "/run/token", .source = ""};

static void plan_make(struct arena *arena)
{
    for (size_t i = 0; i < 2; i++)
        secrets[i] = (struct plan_secret){.name = i ? "SECOND" : "FIRST", .source = SECRET_ENV, .text = "TOKEN", .prefix = i ? "ghp_" : "",
                                          .variable = i ? NULL : "FIRST", .file = i ? "/run/token" : NULL, .hosts = hosts,
                                          .host_count = 1, .fields = fields, .field_count = 1, .where = "p.yaml:1"};
    plan = (struct plan){.arena = arena, .secrets = secrets, .secret_count = 2, .mounts = &mount, .mount_count = 1};
    plan.env = arena_append(arena, plan.env, plan.env_count);
    plan.env_origins = arena_alloc(arena, 8);
    plan.env_count = 0;
}

static struct net_secrets *record_of(struct arena *arena, int fd)
{
    struct net_secrets *record = NULL;
    struct stat st;
    void *bytes;

    check_int(fcntl(fd, F_GET_SEALS) & (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK), F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK);
    check_int(fstat(fd, &st), 0);
    bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    check(bytes != MAP_FAILED);
    check_int(net_secrets_read(arena, bytes, (size_t)st.st_size, &record, &err), 0);
    munmap(bytes, (size_t)st.st_size);
    return record;
}

static void is_placeholder(const char *text, const char *prefix)
{
    check(strncmp(text, prefix, strlen(prefix)) == 0);
    check_int(strlen(text), strlen(prefix) + 32);
    for (text += strlen(prefix); *text; text++)
        check(isalnum((unsigned char)*text));
}

TEST(the_program_gets_placeholders_the_holder_values_and_the_inspector_none)
{
    auto_arena struct arena *arena = arena_new();
    auto_close int placeholders = -1, values = -1;
    struct net_secrets *without, *with;

    check(arena != NULL);
    plan_make(arena);
    check_int(secrets_begin(&plan, &reading, &placeholders, &values, &err), 0);
    without = record_of(arena, placeholders);
    with = record_of(arena, values);
    check_int(without->count, 2);
    check_int(with->count, 2);
    for (size_t i = 0; i < 2; i++) {
        check(!without->items[i].value);
        check_int(without->items[i].value_length, strlen(VALUE));
        check_string(with->items[i].value, VALUE);
        check_string(with->items[i].placeholder, without->items[i].placeholder);
        is_placeholder(with->items[i].placeholder, i ? "ghp_" : "");
    }
    check_int(plan.env_count, 1);
    check_contains(plan.env[0], "FIRST=");
    check_string(plan.env[0] + 6, with->items[0].placeholder);
    check_contains(mount.source, with->items[1].placeholder);
    check(strcmp(with->items[0].placeholder, with->items[1].placeholder + 4) != 0);
}

TEST(a_secret_without_a_value_leaves_nothing_behind)
{
    auto_arena struct arena *arena = arena_new();
    int placeholders = -1, values = -1;

    check(arena != NULL);
    plan_make(arena);
    secrets[1].text = "UNKNOWN";
    check_int(secrets_begin(&plan, &reading, &placeholders, &values, &err), -ENOENT);
    check_contains(err.text, "secret SECOND: the variable UNKNOWN is not set");
    check_int(placeholders, -1);
    check_int(values, -1);
}
