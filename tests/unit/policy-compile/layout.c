/* SPDX-License-Identifier: Apache-2.0 */
/* The layout alone: wants in, mounts out, no file system. */
#include "policy/compile/layout.h"

#include <stdlib.h>

#include "base/path.h"
#include "test.h"

struct bench {
    struct arena *arena;
    struct plan plan;
    struct layout *layout;
    struct error err;
};

static void bench_open(struct bench *bench)
{
    memset(bench, 0, sizeof(*bench));
    bench->arena = arena_new();
    check(bench->arena != NULL);
    bench->plan.arena = bench->arena;
    check_int(layout_new(bench->arena, &bench->layout, &bench->err), 0);
}

static void want(struct bench *bench, const char *path, enum layout_state state)
{
    struct layout_want asked = {.path = path,
                                .state = state,
                                .source = state == LAYOUT_LINK ? "elsewhere" : path,
                                .is_directory = true,
                                .is_there = state == LAYOUT_PRIVATE,
                                .mode = 0700};

    check_int(layout_want(bench->layout, &asked, &bench->err), 0);
}

static void emit(struct bench *bench)
{
    check_int(layout_emit(bench->layout, &bench->plan, &bench->err), 0);
}

static const struct plan_mount *at(const struct bench *bench, const char *path)
{
    for (size_t i = 0; i < bench->plan.mount_count; i++)
        if (strcmp(bench->plan.mounts[i].target, path) == 0)
            return &bench->plan.mounts[i];
    return NULL;
}

static enum plan_mount_kind kind_at(const struct bench *bench, const char *path)
{
    const struct plan_mount *mount = at(bench, path);

    return mount ? mount->kind : 0;
}

TEST(a_read_only_tree_is_one_bind_with_landlock_behind)
{
    struct bench bench;

    bench_open(&bench);
    want(&bench, "/usr", LAYOUT_READ);
    want(&bench, "/usr/lib", LAYOUT_READ);
    emit(&bench);
    check_int(bench.plan.mount_count, 1);
    check_int(at(&bench, "/usr")->kind, PLAN_BIND);
    check(!at(&bench, "/usr")->is_writable);
    check_int(at(&bench, "/usr")->first, BY_MOUNT);
    check_int(at(&bench, "/usr")->behind, BY_LANDLOCK);
    arena_free(bench.arena);
}

TEST(a_bare_parent_is_a_directory_that_nobody_can_write)
{
    struct bench bench;

    bench_open(&bench);
    want(&bench, "/srv/data/in", LAYOUT_READ);
    emit(&bench);
    check_int(bench.plan.mount_count, 3);
    check_int(kind_at(&bench, "/srv"), PLAN_DIRECTORY);
    check_int(kind_at(&bench, "/srv/data"), PLAN_DIRECTORY);
    check(!at(&bench, "/srv")->is_writable);
    check_int(at(&bench, "/srv")->mode, 0755);
    arena_free(bench.arena);
}

TEST(a_shut_name_in_a_grant_is_masked_and_its_parents_are_pinned)
{
    struct bench bench;

    bench_open(&bench);
    want(&bench, "/ws", LAYOUT_WRITE);
    want(&bench, "/ws/a/b/secret", LAYOUT_SHUT);
    emit(&bench);
    check_int(bench.plan.mount_count, 4);
    check_int(kind_at(&bench, "/ws/a"), PLAN_PIN);
    check_int(kind_at(&bench, "/ws/a/b"), PLAN_PIN);
    check_string(at(&bench, "/ws/a/b")->source, "/ws/a/b");
    check_int(kind_at(&bench, "/ws/a/b/secret"), PLAN_MASK);
    check_int(at(&bench, "/ws/a/b/secret")->first, BY_MODE);
    check_int(at(&bench, "/ws/a/b/secret")->behind, BY_MOUNT);
    arena_free(bench.arena);
}

TEST(a_shut_name_that_nothing_shows_is_simply_absent)
{
    struct bench bench;

    bench_open(&bench);
    want(&bench, "/ws", LAYOUT_WRITE);
    want(&bench, "/secret", LAYOUT_SHUT);
    emit(&bench);
    check_int(bench.plan.mount_count, 1);
    check(!at(&bench, "/secret"));
    arena_free(bench.arena);
}

TEST(landlock_is_not_claimed_inside_what_is_writable)
{
    struct bench bench;

    bench_open(&bench);
    want(&bench, "/ws", LAYOUT_WRITE);
    want(&bench, "/ws/ro", LAYOUT_READ);
    want(&bench, "/home/u", LAYOUT_PRIVATE);
    want(&bench, "/home/u/tools", LAYOUT_READ);
    emit(&bench);
    check_int(at(&bench, "/ws/ro")->first, BY_MOUNT);
    check_int(at(&bench, "/ws/ro")->behind, BY_NOTHING);
    check_int(at(&bench, "/home/u/tools")->behind, BY_NOTHING);
    arena_free(bench.arena);
}

TEST(a_writable_name_in_a_read_only_tree_needs_no_pin)
{
    struct bench bench;

    bench_open(&bench);
    want(&bench, "/data", LAYOUT_READ);
    want(&bench, "/data/a/out", LAYOUT_WRITE);
    emit(&bench);
    check_int(bench.plan.mount_count, 2);
    check(at(&bench, "/data/a/out")->is_writable);
    arena_free(bench.arena);
}

TEST(a_grant_below_a_shut_directory_of_a_grant_gets_a_passage)
{
    struct bench bench;
    const struct plan_mount *passage;

    bench_open(&bench);
    want(&bench, "/home", LAYOUT_READ);
    want(&bench, "/home/u", LAYOUT_SHUT);
    want(&bench, "/home/u/x/ws", LAYOUT_WRITE);
    emit(&bench);
    passage = at(&bench, "/home/u");
    check_int(passage->kind, PLAN_DIRECTORY);
    check(!passage->is_writable);
    check_int(passage->mode, 0311);
    check_int(passage->first, BY_MODE);
    check_int(passage->behind, BY_MOUNT);
    check_int(kind_at(&bench, "/home/u/x"), PLAN_DIRECTORY);
    check_int(kind_at(&bench, "/home/u/x/ws"), PLAN_BIND);
    arena_free(bench.arena);
}

TEST(a_grant_below_a_shut_directory_of_a_private_one_gets_a_sealed_passage)
{
    struct bench bench;
    const struct plan_mount *passage;

    bench_open(&bench);
    want(&bench, "/home/u", LAYOUT_PRIVATE);
    want(&bench, "/home/u/shut", LAYOUT_SHUT);
    want(&bench, "/home/u/shut/x/ws", LAYOUT_WRITE);
    want(&bench, "/home/u/open/ws", LAYOUT_WRITE);
    emit(&bench);
    passage = at(&bench, "/home/u/shut");
    check_int(passage->kind, PLAN_DIRECTORY);
    check(passage->is_sealed && !passage->is_writable);
    check_int(passage->mode, 0311);
    check_int(passage->first, BY_MODE);
    check_int(passage->behind, BY_MOUNT);
    check(!at(&bench, "/home/u/shut/x")->is_writable);
    check_int(layout_region_at(bench.layout, "/home/u/shut/new"), REGION_SKELETON);
    check(!at(&bench, "/home/u/open")->is_sealed && at(&bench, "/home/u/open")->is_writable);
    check_int(layout_region_at(bench.layout, "/home/u/new"), REGION_PRIVATE);
    arena_free(bench.arena);
}

TEST(a_grant_below_a_shut_directory_of_the_skeleton_can_be_reached_and_not_listed)
{
    struct bench bench;

    bench_open(&bench);
    want(&bench, "/home/u", LAYOUT_SHUT);
    want(&bench, "/home/u/ws", LAYOUT_WRITE);
    emit(&bench);
    check_int(kind_at(&bench, "/home"), PLAN_DIRECTORY);
    check_int(kind_at(&bench, "/home/u"), PLAN_DIRECTORY);
    check_int(at(&bench, "/home/u")->mode, 0311);
    arena_free(bench.arena);
}

TEST(nothing_is_made_below_a_mask)
{
    struct bench bench;

    bench_open(&bench);
    want(&bench, "/ws", LAYOUT_WRITE);
    want(&bench, "/ws/secret", LAYOUT_SHUT);
    want(&bench, "/ws/secret/inner", LAYOUT_SHUT);
    emit(&bench);
    check_int(bench.plan.mount_count, 2);
    check(!at(&bench, "/ws/secret/inner"));
    check_int(layout_region_at(bench.layout, "/ws/secret/inner/x"), REGION_SHUT);
    arena_free(bench.arena);
}

TEST(a_link_is_made_only_where_no_grant_shows_it)
{
    struct bench bench;

    bench_open(&bench);
    want(&bench, "/usr", LAYOUT_READ);
    want(&bench, "/bin", LAYOUT_LINK);
    want(&bench, "/usr/lib64", LAYOUT_LINK);
    emit(&bench);
    check_int(kind_at(&bench, "/bin"), PLAN_SYMLINK);
    check_string(at(&bench, "/bin")->source, "elsewhere");
    check(!at(&bench, "/usr/lib64"));
    arena_free(bench.arena);
}

TEST(the_stricter_of_two_wants_stays)
{
    struct bench bench;

    bench_open(&bench);
    want(&bench, "/ws", LAYOUT_WRITE);
    want(&bench, "/ws/x", LAYOUT_READ);
    want(&bench, "/ws/x", LAYOUT_WRITE);
    want(&bench, "/home/u", LAYOUT_PRIVATE);
    want(&bench, "/home/u", LAYOUT_WRITE);
    emit(&bench);
    check(!at(&bench, "/ws/x")->is_writable);
    check_int(kind_at(&bench, "/home/u"), PLAN_BIND);
    arena_free(bench.arena);
}

TEST(proc_and_dev_come_last_and_devices_after_them)
{
    struct bench bench;
    size_t count;

    bench_open(&bench);
    want(&bench, "/dev", LAYOUT_SYSTEM);
    want(&bench, "/dev/net/tun", LAYOUT_DEVICE);
    want(&bench, "/proc", LAYOUT_SYSTEM);
    want(&bench, "/usr", LAYOUT_READ);
    emit(&bench);
    count = bench.plan.mount_count;
    check_int(count, 5);
    check_string(bench.plan.mounts[0].target, "/usr");
    check_int(bench.plan.mounts[1].kind, PLAN_DEV);
    check_string(bench.plan.mounts[2].target, "/dev/net");
    check(bench.plan.mounts[3].is_device);
    check_int(bench.plan.mounts[4].kind, PLAN_PROC);
    arena_free(bench.arena);
}

TEST(what_is_shown_elsewhere_needs_a_name_in_a_granted_tree)
{
    struct bench bench;
    struct layout_want view = {
        .path = "/ws/in", .state = LAYOUT_READ, .source = "/data", .is_directory = true};
    const struct origin origin = {
        .file = "p.yaml", .line = 4, .column = 11, .member = "filesystem.views[0]"};

    bench_open(&bench);
    want(&bench, "/ws", LAYOUT_WRITE);
    check_int(layout_want(bench.layout, &view, &bench.err), 0);
    check(layout_emit(bench.layout, &bench.plan, &bench.err) < 0);
    check_int(bench.err.kind, ERROR_UNENFORCEABLE);
    check_contains(bench.err.text, "filesystem: /ws/in is inside the granted /ws");
    arena_free(bench.arena);

    view.origin = &origin;
    bench_open(&bench);
    want(&bench, "/ws", LAYOUT_WRITE);
    check_int(layout_want(bench.layout, &view, &bench.err), 0);
    check(layout_emit(bench.layout, &bench.plan, &bench.err) < 0);
    check_contains(bench.err.text, "p.yaml:4:11: filesystem.views[0]: /ws/in is inside");
    arena_free(bench.arena);

    bench_open(&bench);
    view.is_there = true;
    want(&bench, "/ws", LAYOUT_WRITE);
    check_int(layout_want(bench.layout, &view, &bench.err), 0);
    emit(&bench);
    check_string(at(&bench, "/ws/in")->source, "/data");
    arena_free(bench.arena);
}

TEST(pins_in_a_view_pin_what_the_view_shows)
{
    struct bench bench;
    struct layout_want view = {
        .path = "/in", .state = LAYOUT_WRITE, .source = "/data", .is_directory = true};
    struct layout_want shut = {.path = "/in/a/secret",
                               .state = LAYOUT_SHUT,
                               .source = "/data/a/secret",
                               .is_directory = true,
                               .is_there = true};

    bench_open(&bench);
    check_int(layout_want(bench.layout, &view, &bench.err), 0);
    check_int(layout_want(bench.layout, &shut, &bench.err), 0);
    emit(&bench);
    check_int(kind_at(&bench, "/in/a"), PLAN_PIN);
    check_string(at(&bench, "/in/a")->source, "/data/a");
    check_int(kind_at(&bench, "/in/a/secret"), PLAN_MASK);
    arena_free(bench.arena);
}

TEST(a_private_directory_without_a_name_in_its_grant_is_left_out)
{
    struct bench bench;
    struct layout_want private = {.path = "/var/tmp", .state = LAYOUT_PRIVATE, .mode = 01777};

    bench_open(&bench);
    want(&bench, "/var", LAYOUT_READ);
    check_int(layout_want(bench.layout, &private, &bench.err), 0);
    emit(&bench);
    check_int(bench.plan.mount_count, 1);
    arena_free(bench.arena);
}

/* Random trees over few names, so that wants meet. */
static const char *random_path(struct bench *bench, unsigned *seed)
{
    static const char *const names[] = {"a", "b", "c"};
    char path[64] = "";
    unsigned depth = 1 + (unsigned)rand_r(seed) % 5;

    for (unsigned i = 0; i < depth; i++) {
        strcat(path, "/");
        strcat(path, names[(unsigned)rand_r(seed) % 3]);
    }
    return arena_string(bench->arena, path);
}

static const struct plan_mount *above(const struct plan *plan, size_t index)
{
    const struct plan_mount *best = NULL;

    for (size_t i = 0; i < index; i++)
        if (path_is_within(plan->mounts[index].target, plan->mounts[i].target) &&
            (plan->mounts[i].kind != PLAN_DIRECTORY || plan->mounts[i].mode == 0311) &&
            plan->mounts[i].kind != PLAN_PIN &&
            (!best || strlen(plan->mounts[i].target) > strlen(best->target)))
            best = &plan->mounts[i];
    return best;
}

/* Only a cover is made over a host tree, and nothing is laid below a mask. */
static void check_plan(const struct plan *plan)
{
    for (size_t i = 0; i < plan->mount_count; i++) {
        const struct plan_mount *mount = &plan->mounts[i], *around = above(plan, i);

        for (size_t j = i + 1; j < plan->mount_count; j++)
            check(!path_is_within(mount->target, plan->mounts[j].target));
        if (around)
            check(around->kind != PLAN_MASK);
        if ((mount->kind == PLAN_DIRECTORY && mount->mode != 0311) || mount->kind == PLAN_SYMLINK)
            check(!around || around->kind == PLAN_PRIVATE || around->kind == PLAN_DIRECTORY);
        if (mount->kind == PLAN_MASK || mount->kind == PLAN_PIN)
            check(around && around->kind == PLAN_BIND);
        if (mount->kind == PLAN_PIN)
            check(around->is_writable);
    }
}

TEST(parents_come_first_and_only_covers_are_made_over_a_host_tree)
{
    for (unsigned round = 1; round <= 3000; round++) {
        static const enum layout_state states[] = {LAYOUT_SHUT, LAYOUT_READ, LAYOUT_WRITE,
                                                   LAYOUT_PRIVATE};
        unsigned seed = round;
        struct bench bench;

        bench_open(&bench);
        for (int i = 0; i < 8; i++)
            want(&bench, random_path(&bench, &seed), states[(unsigned)rand_r(&seed) % 4]);
        emit(&bench);
        check_plan(&bench.plan);
        arena_free(bench.arena);
    }
}

TEST(the_order_of_wants_does_not_matter)
{
    for (unsigned round = 1; round <= 500; round++) {
        static const enum layout_state states[] = {LAYOUT_SHUT, LAYOUT_READ, LAYOUT_WRITE,
                                                   LAYOUT_PRIVATE};
        const char *paths[8];
        enum layout_state wanted[8];
        unsigned seed = round;
        struct bench a, b;

        bench_open(&a);
        bench_open(&b);
        for (int i = 0; i < 8; i++) {
            paths[i] = random_path(&a, &seed);
            wanted[i] = states[(unsigned)rand_r(&seed) % 4];
            want(&a, paths[i], wanted[i]);
        }
        for (int i = 8; i-- > 0;)
            want(&b, paths[i], wanted[i]);
        emit(&a);
        emit(&b);
        check_int(a.plan.mount_count, b.plan.mount_count);
        for (size_t i = 0; i < a.plan.mount_count; i++) {
            check_string(a.plan.mounts[i].target, b.plan.mounts[i].target);
            check_int(a.plan.mounts[i].kind, b.plan.mounts[i].kind);
            check_int(a.plan.mounts[i].is_writable, b.plan.mounts[i].is_writable);
        }
        arena_free(a.arena);
        arena_free(b.arena);
    }
}

static void want_file(struct bench *bench, const char *path, bool is_there)
{
    struct layout_want asked = {.path = path, .state = LAYOUT_FILE, .source = "text", .is_there = is_there};

    check_int(layout_want(bench->layout, &asked, &bench->err), 0);
}

TEST(a_file_of_the_plan_takes_the_place_of_the_hosts)
{
    static const enum layout_state grants[] = {LAYOUT_READ, LAYOUT_WRITE, LAYOUT_LINK};
    struct bench bench;

    for (size_t i = 0; i < 2 * ARRAY_COUNT(grants); i++) {
        bench_open(&bench);
        if (i % 2)
            want_file(&bench, "/etc/resolv.conf", true);
        want(&bench, "/etc/resolv.conf", grants[i / 2]);
        if (i % 2 == 0)
            want_file(&bench, "/etc/resolv.conf", true);
        emit(&bench);
        check_int(kind_at(&bench, "/etc"), PLAN_DIRECTORY);
        check_int(kind_at(&bench, "/etc/resolv.conf"), PLAN_FILE);
        check_string(at(&bench, "/etc/resolv.conf")->source, "text");
        check(!at(&bench, "/etc/resolv.conf")->is_writable);
        check_int(at(&bench, "/etc/resolv.conf")->behind, BY_LANDLOCK);
        arena_free(bench.arena);
    }
}

TEST(a_file_of_the_plan_covers_one_in_a_granted_tree_and_its_parents_are_pinned)
{
    struct bench bench;

    bench_open(&bench);
    want(&bench, "/etc", LAYOUT_WRITE);
    want_file(&bench, "/etc/net/resolv.conf", true);
    emit(&bench);
    check_int(kind_at(&bench, "/etc/net"), PLAN_PIN);
    check_int(kind_at(&bench, "/etc/net/resolv.conf"), PLAN_FILE);
    check_int(at(&bench, "/etc/net/resolv.conf")->behind, BY_NOTHING);
    arena_free(bench.arena);
    bench_open(&bench);
    want(&bench, "/etc", LAYOUT_WRITE);
    want_file(&bench, "/etc/resolv.conf", false);
    check(layout_emit(bench.layout, &bench.plan, &bench.err) < 0);
    check_contains(bench.err.text, "/etc/resolv.conf is inside the granted /etc");
    arena_free(bench.arena);
}

TEST(a_denied_file_stays_denied)
{
    struct bench bench;

    bench_open(&bench);
    want(&bench, "/etc", LAYOUT_READ);
    want_file(&bench, "/etc/resolv.conf", true);
    want(&bench, "/etc/resolv.conf", LAYOUT_SHUT);
    emit(&bench);
    check(kind_at(&bench, "/etc/resolv.conf") != PLAN_FILE);
    arena_free(bench.arena);
}
