/* SPDX-License-Identifier: Apache-2.0 */
/* /etc/cordon/ceiling.d: who may write a ceiling, and that a doubtful one refuses. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "generate.h"
#include "test.h"

static char directory[] = "/tmp/cordon-ceilings-XXXXXX";
static const struct variables variables = {
    .workspace = "/w", .home = "/home/u", .user = "u", .tmp = "/tmp"};

static void in_directory(const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", directory, name);
}

static void write_ceiling(const char *name, const char *text)
{
    char path[256];

    in_directory(name, path);
    test_write_file(path, text, 0644);
    check(chmod(path, 0644) == 0);
}

static void begin(void)
{
    if (getuid() != 0)
        test_skip("root");
    check(test_make_directory(directory) != NULL);
}

static void finish(void)
{
    char command[300];

    snprintf(command, sizeof(command), "rm -rf '%s'", directory);
    check(system(command) == 0);
}

#define MEMORY(size) "version: cordon/1\nresources:\n  memory: " size "\n"

static void check_refused(enum error_kind kind, const char *part)
{
    auto_policy struct policy *policy = make_policy();
    struct error err = ERROR_INIT;

    check(policy_add_ceilings(policy, directory, &variables, &err) < 0);
    check_contains(err.text, part);
    check_int(err.kind, kind);
    check_int(policy->layer_count, 0);
}

TEST(ceilings_are_layers_in_the_order_of_their_names)
{
    auto_policy struct policy *policy = make_policy();
    struct error err = ERROR_INIT;

    begin();
    write_ceiling("20-b.yaml", MEMORY("2GiB"));
    write_ceiling("10-a.yaml", MEMORY("1GiB"));
    if (policy_add_ceilings(policy, directory, &variables, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    check_int(policy->layer_count, 2);
    check_int(policy->layers[0]->kind, LAYER_CEILING);
    check_int(policy->layers[0]->resources.memory.value, 1 << 30);
    check_contains(policy->layers[0]->file, "10-a.yaml");
    check_string(policy->layers[0]->resources.memory.origin.layer, "ceiling");
    finish();
}

TEST(no_directory_means_no_ceilings_but_a_shut_one_refuses)
{
    auto_policy struct policy *policy = make_policy();

    check(policy_add_ceilings(policy, "/nonexistent/ceiling.d", &variables, NULL) == 0);
    check_int(policy->layer_count, 0);
    check(policy_add_ceilings(policy, "/etc/passwd", &variables, NULL) == -ENOTDIR);
}

TEST(a_ceiling_that_others_may_write_refuses)
{
    char path[256];

    begin();
    write_ceiling("a.yaml", MEMORY("1GiB"));
    in_directory("a.yaml", path);
    check(chmod(path, 0664) == 0);
    check_refused(ERROR_FORBIDDEN, "writable by others");
    check(chmod(path, 0644) == 0 && chown(path, 12345, 0) == 0);
    check_refused(ERROR_FORBIDDEN, "owned by uid 12345");
    check(chown(path, 0, 0) == 0 && chmod(directory, 0777) == 0);
    check_refused(ERROR_FORBIDDEN, "writable by others");
    check(chmod(directory, 0755) == 0 && chown(directory, 12345, 0) == 0);
    check_refused(ERROR_FORBIDDEN, "owned by uid 12345");
    finish();
}

TEST(a_link_or_a_pipe_is_no_ceiling)
{
    char path[256], target[256];

    begin();
    write_ceiling("a.yaml", MEMORY("1GiB"));
    in_directory("a.yaml", target);
    in_directory("b.yaml", path);
    check(symlink(target, path) == 0);
    check_refused(ERROR_SYSTEM, "b.yaml");
    check(unlink(path) == 0 && mkfifo(path, 0644) == 0);
    check_refused(ERROR_INVALID, "not a regular file");
    finish();
}

TEST(a_malformed_or_misnamed_ceiling_refuses_and_leaves_no_layer)
{
    begin();
    write_ceiling("a.yaml", MEMORY("1GiB"));
    write_ceiling("b.yaml", "version: cordon/1\nresourcs: {}\n");
    check_refused(ERROR_INVALID, "resourcs");
    write_ceiling("b.yaml", MEMORY("1GiB"));
    write_ceiling("c.yml", MEMORY("1GiB"));
    check_refused(ERROR_INVALID, "not named *.yaml");
    finish();
}

TEST(a_hidden_ceiling_refuses_and_what_an_editor_left_does_not)
{
    auto_policy struct policy *policy = make_policy();

    begin();
    write_ceiling("a.yaml", MEMORY("1GiB"));
    write_ceiling(".a.yaml.swp", "b0VIM");
    check_int(policy_add_ceilings(policy, directory, &variables, NULL), 0);
    check_int(policy->layer_count, 1);
    write_ceiling(".b.yaml", MEMORY("1GiB"));
    check_refused(ERROR_INVALID, ".b.yaml: hidden");
    finish();
}

static void check_above(const char *above, enum error_kind kind, const char *part)
{
    auto_policy struct policy *policy = make_policy();
    struct error err = ERROR_INIT;
    char inner[300];

    snprintf(inner, sizeof(inner), "%s/ceiling.d", above);
    check_int(policy_add_ceilings(policy, inner, &variables, &err), part ? -EPERM : 0);
    if (part) {
        check_contains(err.text, part);
        check_int(err.kind, kind);
    }
}

TEST(a_directory_of_ceilings_that_others_may_exchange_refuses)
{
    char inner[256];

    begin();
    in_directory("ceiling.d", inner);
    check(mkdir(inner, 0755) == 0);
    check_above(directory, 0, NULL);
    check(chmod(directory, 0777) == 0);
    check_above(directory, ERROR_FORBIDDEN, "writable by others");
    check(chmod(directory, 01777) == 0); /* nobody can move what is root's */
    check_above(directory, 0, NULL);
    check(chmod(directory, 0755) == 0 && chown(directory, 12345, 0) == 0);
    check_above(directory, ERROR_FORBIDDEN, "owned by uid 12345");
    check(rmdir(inner) == 0);
    check_above(directory, ERROR_FORBIDDEN, "owned by uid 12345"); /* moved away, perhaps */
    finish();
}

static int attempt_add(void)
{
    struct policy *policy;
    struct error err = ERROR_INIT;
    int status = policy_new(&policy, &err);

    if (status < 0)
        return status;
    status = policy_add_ceilings(policy, directory, &variables, &err);
    check_int(policy->layer_count, status < 0 ? 0 : 1);
    policy_free(policy);
    return status;
}

TEST(ceilings_fail_cleanly_without_memory)
{
    begin();
    write_ceiling("a.yaml", MEMORY("1GiB"));
    test_each_allocation_fails(attempt_add, 2000);
    finish();
}
