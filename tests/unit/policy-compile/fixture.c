/* SPDX-License-Identifier: Apache-2.0 */
/* The fixture of the compiler's tests. */
#include "fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

const char *full_path(struct fixture *fixture, const char *path)
{
    static char buffers[4][4096];
    static unsigned next;
    char *buffer = buffers[next++ % 4];

    if (path[0] == '/')
        return path;
    snprintf(buffer, sizeof(buffers[0]), "%s%s%s", fixture->root, *path ? "/" : "", path);
    return buffer;
}

static char *kept_path(struct fixture *fixture, const char *path)
{
    return strdup(full_path(fixture, path));
}

void fixture_open(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    snprintf(fixture->root, sizeof(fixture->root), "/tmp/cordon-compile-XXXXXX");
    check(test_make_directory(fixture->root) != NULL);
    make_directory(fixture, "ws");
    make_directory(fixture, "home");
    fixture->facts = (struct facts){
        .kernel = "6.18.0",
        .kernel_major = 6,
        .kernel_minor = 18,
        .uid = geteuid(),
        .gid = getegid(),
        .user_namespaces = true,
        .mount_api = true,
        .proc_mount = true,
        .landlock_abi = 7,
        .seccomp = true,
        .keeps_sockets = true,
        .has_gateway = true,
        .has_inspector = true,
        .has_holder = true,
        .knows_programs = true,
        .keeps_budgets = true,
        .leads_icmp = true,
        .has_rlimit_nproc_per_userns = true,
    };
    fixture->variables = (struct variables){
        .workspace = kept_path(fixture, "ws"),
        .home = kept_path(fixture, "home"),
        .user = "tester",
        .tmp = "/tmp",
    };
    fixture->options = (struct compile_options){
        .variables = &fixture->variables,
        .self_paths = fixture->self,
        .readonly_self = fixture->readonly_self,
        .cache_directory = kept_path(fixture, "cache"),
        .caller_cwd = fixture->variables.workspace,
    };
    check_int(policy_new(&fixture->policy, &fixture->err), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

void fixture_close(struct fixture *fixture)
{
    plan_free(fixture->plan);
    policy_free(fixture->policy);
    nftw(fixture->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free((char *)fixture->variables.workspace);
    free((char *)fixture->variables.home);
    free((char *)fixture->options.cache_directory);
}

void make_directory(struct fixture *fixture, const char *path)
{
    check_int(file_make_directories(full_path(fixture, path), 0755, &fixture->err), 0);
}

void make_file(struct fixture *fixture, const char *path)
{
    int fd = open(full_path(fixture, path), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    check(fd >= 0);
    close(fd);
}

void write_file(struct fixture *fixture, const char *path, const char *text)
{
    test_write_file(full_path(fixture, path), text, 0644);
}

void make_link(struct fixture *fixture, const char *path, const char *text)
{
    check_int(symlink(text, full_path(fixture, path)), 0);
}

void set_mode(struct fixture *fixture, const char *path, mode_t mode)
{
    check_int(chmod(full_path(fixture, path), mode), 0);
}

static char *put_root(struct fixture *fixture, const char *yaml)
{
    auto_text struct text text = {0};
    char *whole = NULL;

    text_add(&text, "version: cordon/1\n");
    for (; *yaml; yaml++) {
        if (*yaml == '@')
            text_add(&text, fixture->root);
        else
            text_add_n(&text, yaml, 1);
    }
    check_int(text_take(&text, &whole, &fixture->err), 0);
    return whole;
}

void add_layer(struct fixture *fixture, enum layer_kind kind, const char *yaml)
{
    struct load_options options = {
        .kind = kind, .variables = &fixture->variables, .layer_name = "document"};
    auto_free char *text = put_root(fixture, yaml);
    struct document *document;
    const char *name = kind == LAYER_CEILING ? "ceiling.yaml" : "test.yaml";

    if (document_load_text(fixture->policy->arena, name, text, strlen(text), &options, &document,
                           &fixture->err) < 0)
        test_fail(__FILE__, __LINE__, "%s\n%s", fixture->err.text, text);
    check_int(policy_add_layer(fixture->policy, document, &fixture->err), 0);
}

int compile_layers(struct fixture *fixture)
{
    plan_free(fixture->plan);
    fixture->plan = NULL;
    return policy_compile(fixture->policy, &fixture->facts, &fixture->options, &fixture->plan,
                          &fixture->err);
}

int compile_text(struct fixture *fixture, const char *yaml)
{
    fixture->policy->layer_count = 0;
    add_layer(fixture, LAYER_REQUEST, yaml);
    return compile_layers(fixture);
}

const char *refusal_of(struct fixture *fixture, const char *yaml)
{
    if (compile_text(fixture, yaml) >= 0)
        test_fail(__FILE__, __LINE__, "accepted: %s", yaml);
    return fixture->err.text;
}

void accept_text(struct fixture *fixture, const char *yaml)
{
    if (compile_text(fixture, yaml) < 0)
        test_fail(__FILE__, __LINE__, "%s\n%s", fixture->err.text, yaml);
}

const struct plan_mount *mount_at(struct fixture *fixture, const char *path)
{
    const char *target = full_path(fixture, path);

    for (size_t i = 0; i < fixture->plan->mount_count; i++)
        if (strcmp(fixture->plan->mounts[i].target, target) == 0)
            return &fixture->plan->mounts[i];
    return NULL;
}

const char *what_is_at(struct fixture *fixture, const char *path)
{
    const struct plan_mount *mount = mount_at(fixture, path);

    if (!mount)
        return "none";
    if (mount->kind == PLAN_BIND)
        return mount->is_writable ? "bind rw" : "bind ro";
    if (mount->kind == PLAN_DIRECTORY && mount->mode == 0311)
        return "passage";
    return plan_mount_kind_name(mount->kind);
}

bool is_kept(struct fixture *fixture, const char *path)
{
    const char *name = full_path(fixture, path);

    for (size_t i = 0; i < fixture->plan->name_count; i++)
        if (fixture->plan->names[i].kind == PLAN_NAME_KEPT &&
            strcmp(fixture->plan->names[i].pattern, name) == 0)
            return true;
    return false;
}

bool has_environment(const struct plan *plan, const char *entry)
{
    for (size_t i = 0; i < plan->env_count; i++)
        if (strcmp(plan->env[i], entry) == 0)
            return true;
    return false;
}

void drop_root(void)
{
    if (geteuid() == 0 && seteuid(65534) < 0)
        test_skip("seteuid");
}

void regain_root(void)
{
    if (getuid() == 0)
        check_int(seteuid(0), 0);
}
