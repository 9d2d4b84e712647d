/* SPDX-License-Identifier: Apache-2.0 */
/* The reachability card of plans that are made up, and of hostile names in them. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "author/reach.h"
#include "base/text.h"
#include "test.h"

static const struct origin mine = {.file = "a.yaml", .layer = "document", .line = 3, .member = "filesystem.readonlyPaths[0]"};
static const struct origin cached = {.file = "a.yaml", .layer = "document", .line = 4, .member = "filesystem.cachePaths[0]"};
static const struct origin option = {.layer = "setting", .line = 1, .member = "filesystem.readonlyPaths[0]"}; /* --set */
static const struct origin profile = {.layer = "profile base", .member = "filesystem.readonlyPaths[0]", .is_profile = true};

struct fixture {
    struct arena *arena;
    struct plan plan;
    struct reach_input input;
    struct reach reach;
    char *text;
    struct error err;
};

static void look(struct fixture *f)
{
    f->arena = arena_new();
    check(f->arena != NULL);
    f->plan.tier = "process";
    f->plan.name = f->plan.name ? f->plan.name : "made-up";
    strcpy(f->plan.policy_digest, "sha256:0123456789abcdef");
    f->input.plan = &f->plan;
    check_int(reach_look(f->arena, &f->input, &f->reach, &f->err), 0);
    check_int(reach_print_text(&f->reach, &f->text, &f->err), 0);
}

static void finish(struct fixture *f)
{
    mem_free(f->text);
    arena_free(f->arena);
}

static void check_screen(const char *text)
{
    size_t lines = 0;

    for (const char *at = text; *at; lines++) {
        size_t length = strcspn(at, "\n"), columns = 0;

        for (size_t i = 0; i < length; i++)
            columns += (at[i] & 0xc0) != 0x80;
        if (columns > REACH_COLUMNS)
            test_fail(__FILE__, __LINE__, "%zu columns: %.*s", columns, (int)length, at);
        check(!length || at[length - 1] != ' ');
        check_int(at[length], '\n');
        at += length + 1;
    }
    if (lines > REACH_LINES)
        test_fail(__FILE__, __LINE__, "%zu lines:\n%s", lines, text);
}

TEST(the_card_says_what_can_be_read_changed_and_reached)
{
    struct plan_mount mounts[] = {
        {.kind = PLAN_BIND, .target = "/usr", .source = "/usr", .origin = &profile},
        {.kind = PLAN_BIND, .target = "/srv/data", .source = "/srv/data", .origin = &mine},
        {.kind = PLAN_BIND, .target = "/srv/option", .source = "/srv/option", .origin = &option},
        {.kind = PLAN_BIND, .target = "/home/u/project", .source = "/home/u/project", .is_writable = true, .origin = &mine},
        {.kind = PLAN_BIND, .target = "/home/u/.cache", .source = "/var/c", .is_writable = true, .origin = &cached},
        {.kind = PLAN_BIND, .target = "/run/db.sock", .source = "/run/db.sock", .is_socket = true, .origin = &mine},
        {.kind = PLAN_BIND, .target = "/dev/kvm", .source = "/dev/kvm", .is_device = true, .is_writable = true, .origin = &mine},
        {.kind = PLAN_PRIVATE, .target = "/tmp"},
    };
    struct net_peer peer = {.host = "api.example.org"};
    struct net_ports port = {.first = 443, .last = 443, .has_port = true, .protocol = NET_TCP};
    struct net_rule rule = {.peers = &peer, .peer_count = 1, .ports = &port, .port_count = 1, .terminates = true};
    struct plan_way ways[] = {{.kind = PLAN_WAY_ALLOW, .rule = &rule}, {.kind = PLAN_WAY_INWARD, .port = 3000, .to_port = 80}};
    struct plan_limit limits[] = {{.member = "resources.memory", .value = 1 << 30}, {.member = "resources.wallTime", .value = 90000}};
    struct fixture f = {.plan = {.mounts = mounts, .mount_count = ARRAY_COUNT(mounts), .network = PLAN_NET_GATEWAY, .ways = ways,
                                 .way_count = 2, .limits = limits, .limit_count = 2},
                        .input = {.home = "/home/u"}};

    look(&f);
    check_contains(f.text, "read      /srv/data, /srv/option\n");
    check_contains(f.text, "1 places of the system");
    check_contains(f.text, "change    ~/project\n");
    check_contains(f.text, "caches that stay");
    check_contains(f.text, "reach     api.example.org:443 (TLS opened)\n");
    check_contains(f.text, "you reach its port 80 at 127.0.0.1:3000");
    check_contains(f.text, "sockets   /run/db.sock\n");
    check_contains(f.text, "devices   /dev/kvm\n");
    check_contains(f.text, "limits    memory 1GiB, time 90s\n");
    check_contains(f.text, "cannot    see the rest of your home");
    check_contains(f.text, "connect to any other host");
    check_screen(f.text);
    finish(&f);
}

TEST(what_is_open_is_not_said_to_be_impossible)
{
    struct plan_mount mounts[] = {{.kind = PLAN_BIND, .target = "/", .source = "/", .is_writable = true, .origin = &mine}};
    struct fixture f = {.plan = {.mounts = mounts, .mount_count = 1, .network = PLAN_NET_HOST}, .input = {.home = "/home/u"}};

    look(&f);
    check_contains(f.text, "reach     the host's network");
    check(!strstr(f.text, "rest of your home"));
    check(!strstr(f.text, "send anything"));
    check(!strstr(f.text, "become root"));
    check_screen(f.text);
    finish(&f);
}

static void check_cannot(struct plan plan, const char *said, const char *not_said)
{
    struct fixture f = {.plan = plan};

    look(&f);
    check_contains(f.text, said);
    if (strstr(f.text, not_said))
        test_fail(__FILE__, __LINE__, "'%s' stands in\n%s", not_said, f.text);
    check_screen(f.text);
    finish(&f);
}

TEST(each_line_of_what_cannot_be_done_goes_with_the_one_thing_that_does_it)
{
    struct plan_mount cron = {.kind = PLAN_BIND, .target = "/m", .source = "/etc/cron.d", .is_writable = true, .origin = &mine};
    struct plan_mount socket = {.kind = PLAN_BIND, .target = "/s", .source = "/run/s", .is_socket = true, .origin = &mine};
    struct plan_mount cache = {.kind = PLAN_BIND, .target = "/m", .source = "/var/cache/c", .is_writable = true, .origin = &cached};
    struct net_peer peer = {.host = "api.example.org"}, all = {.has_block = true, .block = {.family = AF_INET}};
    struct net_rule rule = {.peers = &peer, .peer_count = 1}, wide = {.peers = &all, .peer_count = 1};
    struct plan_way one = {.kind = PLAN_WAY_ALLOW, .rule = &rule}, any = {.kind = PLAN_WAY_DEFAULT}, zero = {.kind = PLAN_WAY_ALLOW, .rule = &wide};
    struct plan_way doors[] = {one, {.kind = PLAN_WAY_OUTWARD, .port = 5432}}, inward = {.kind = PLAN_WAY_INWARD, .port = 1, .to_port = 1};

    check_cannot((struct plan){.mounts = &cron, .mount_count = 1}, "send anything", "change the system");
    check_cannot((struct plan){.mounts = &cache, .mount_count = 1}, "change the system", "nothing at all");
    check_cannot((struct plan){.mounts = &socket, .mount_count = 1}, "processes outside", "send anything");
    check_cannot((struct plan){.mounts = &socket, .mount_count = 1}, "processes outside", "become root");
    check_cannot((struct plan){.network = PLAN_NET_LOOPBACK, .ways = &inward, .way_count = 1}, "processes outside", "send anything");
    check_cannot((struct plan){.network = PLAN_NET_GATEWAY, .ways = &one, .way_count = 1}, "any other host, or", "anything anywhere");
    check_cannot((struct plan){.network = PLAN_NET_GATEWAY, .ways = &any, .way_count = 1}, "connect to this machine's own", "any other host");
    check_cannot((struct plan){.network = PLAN_NET_GATEWAY, .ways = &zero, .way_count = 1}, "connect to this machine's own", "any other host");
    check_cannot((struct plan){.network = PLAN_NET_GATEWAY, .ways = doors, .way_count = 2}, "connect to any other host\n", "own services");
    check_cannot((struct plan){.network = PLAN_NET_GATEWAY, .ways = doors, .way_count = 2}, "processes outside", "your session");
    check_cannot((struct plan){.network = PLAN_NET_GATEWAY, .ways = doors, .way_count = 2}, "processes outside", "become root");
    check_cannot((struct plan){.network = PLAN_NET_HOST}, "processes outside", "your session");
    check_cannot((struct plan){.network = PLAN_NET_HOST}, "processes outside", "change the system");
    check_cannot((struct plan){.wall = PLAN_WALL_LANDLOCK, .network = PLAN_NET_HOST}, "signal processes outside", "see or signal");
}

TEST(the_fullest_card_fits_one_screen)
{
    struct plan_mount mounts[300];
    struct plan_way ways[100];
    struct net_peer peer = {.host = "a-rather-long-name-of-a-host.in-a-domain.example.org"};
    struct net_ports port = {.first = 8000, .last = 8999, .has_port = true, .protocol = NET_UDP};
    struct net_rule rule = {.peers = &peer, .peer_count = 1, .ports = &port, .port_count = 1};
    struct plan_limit limits[] = {
        {.member = "resources.memory", .value = 1}, {.member = "resources.cpus", .value = 1500}, {.member = "resources.pids", .value = 7},
        {.member = "resources.openFiles", .value = 1}, {.member = "resources.disk", .value = 1}, {.member = "resources.output", .value = 1},
        {.member = "resources.wallTime", .value = 1}, {.member = "resources.cpuTime", .value = 1}};
    struct plan_loss losses[] = {{.name = "groups", .text = ""}, {.name = "metadata", .text = ""}};
    struct plan_problem problem = {.error = {.text = "something with a long text that says at length why it is refused, and goes on and on"}};
    const char *hosts[] = {"api.example.org"}, *env[] = {"A=b", NULL};
    const struct origin set = {.file = "a.yaml", .layer = "document", .member = "environment.set.A"}, *origins[] = {&set};
    struct plan_secret secret = {.name = "TOKEN", .hosts = hosts, .host_count = 1};
    struct fixture f = {.plan = {.mounts = mounts, .mount_count = ARRAY_COUNT(mounts), .network = PLAN_NET_GATEWAY, .ways = ways,
                                 .way_count = ARRAY_COUNT(ways), .limits = limits, .limit_count = ARRAY_COUNT(limits), .losses = losses,
                                 .loss_count = 2, .problems = &problem, .problem_count = 1, .secrets = &secret, .secret_count = 1,
                                 .env = env, .env_count = 1, .env_origins = origins,
                                 .name = "a-name-of-a-policy-that-is-as-long-as-names-of-policies-may-be-0"},
                        .input = {.home = "/home/u"}};
    static char names[300][300];

    for (size_t i = 0; i < ARRAY_COUNT(mounts); i++) {
        snprintf(names[i], sizeof(names[i]), "/srv/%zu/%0*d", i, (int)(i % 200), 0);
        mounts[i] = (struct plan_mount){.kind = PLAN_BIND, .target = names[i], .source = names[i], .is_writable = i % 3 == 1,
                                        .is_socket = i % 7 == 0, .is_device = i % 11 == 0, .origin = i % 13 ? &mine : &cached};
    }
    for (size_t i = 0; i < ARRAY_COUNT(ways); i++)
        ways[i] = (struct plan_way){.kind = i % 3 == 0 ? PLAN_WAY_ALLOW : i % 3 == 1 ? PLAN_WAY_DENY : PLAN_WAY_OUTWARD, .rule = &rule,
                                    .port = 5};
    look(&f);
    check_screen(f.text);
    check_contains(f.text, "more\n");
    check_contains(f.text, "not kept  groups, metadata\n");
    check_contains(f.text, "refused ");
    check_contains(f.text, "policy    sha256:0123456789ab, process tier by namespaces\n");
    finish(&f);
}

TEST(names_on_the_card_are_made_visible)
{
    struct plan_mount mounts[] = {
        {.kind = PLAN_BIND, .target = "/srv/\033[2J\xe2\x80\xaex", .source = "/srv/x", .is_writable = true, .origin = &mine}};
    struct fixture f = {.plan = {.mounts = mounts, .mount_count = 1}};

    look(&f);
    check(!strchr(f.text, '\033'));
    check(!strstr(f.text, "\xe2\x80\xae"));
    check_contains(f.text, "/srv/\\x1b[2J");
    check_screen(f.text);
    finish(&f);
}

TEST(sensitive_files_of_this_machine_are_named_and_only_those_that_can_be_read)
{
    char root[] = "/tmp/cordon-reach.XXXXXX", key[64], env[64], shut[64];
    struct plan_mount mounts[2];
    struct fixture f = {.plan = {.mounts = mounts, .mount_count = 2}, .input = {.has_machine = true}};

    check(test_make_directory(root) != NULL);
    snprintf(key, sizeof(key), "%s/id_rsa", root);
    snprintf(env, sizeof(env), "%s/.env", root);
    snprintf(shut, sizeof(shut), "%s/.netrc", root);
    test_write_file(key, "", 0600);
    test_write_file(env, "", 0600);
    test_write_file(shut, "", 0600);
    mounts[0] = (struct plan_mount){.kind = PLAN_BIND, .target = root, .source = root, .is_directory = true, .origin = &mine};
    mounts[1] = (struct plan_mount){.kind = PLAN_MASK, .target = shut, .source = shut, .first = BY_MODE, .origin = &mine};
    look(&f);
    check_int(f.reach.sensitive.count, 2);
    check_contains(f.text, "id_rsa (a private key)");
    check_contains(f.text, ".env (secrets of a program)");
    check(!strstr(f.text, ".netrc"));
    finish(&f);
    f.input.home = "/tmp";
    f.plan.mount_count = 1;
    mounts[0].source = mounts[0].target = key;
    mounts[0].is_directory = false;
    look(&f);
    check_contains(f.text, "see the rest of your home\n");
    finish(&f);
    f.input.workspace = root; /* the twin: what is worked on is no surprise */
    look(&f);
    check_contains(f.text, "see the rest of your home (keys, browsers, other projects)\n");
    finish(&f);
    f.input.has_machine = false; /* the twin: nobody may look */
    look(&f);
    check_int(f.reach.sensitive.count, 0);
    finish(&f);
}

TEST(all_of_the_card_is_in_its_json)
{
    struct fixture f = {0};
    char *json = NULL;

    look(&f);
    check_int(reach_print_json(&f.reach, &json, &f.err), 0);
    check_contains(json, "\"schema\": \"cordon-reach/1\"");
    check_contains(json, "\"network\": \"none\"");
    check_contains(json, "\"send anything anywhere\"");
    mem_free(json);
    finish(&f);
}

static int attempt(void)
{
    struct plan_mount mounts[] = {{.kind = PLAN_BIND, .target = "/srv/a", .source = "/srv/a", .is_writable = true, .origin = &mine}};
    struct plan_limit limit = {.member = "resources.memory", .value = 1 << 20};
    struct plan plan = {.mounts = mounts, .mount_count = 1, .limits = &limit, .limit_count = 1, .name = "x", .tier = "process"};
    const struct reach_input input = {.plan = &plan, .home = "/home/u", .has_machine = true};
    auto_arena struct arena *arena = arena_new();
    auto_free char *text = NULL;
    struct reach reach;
    struct error err;
    int r = arena ? reach_look(arena, &input, &reach, &err) : -ENOMEM;

    return r < 0 ? r : reach_print_text(&reach, &text, &err);
}

TEST(each_allocation_that_fails_while_a_card_is_made_is_told)
{
    test_each_allocation_fails(attempt, 500);
}
