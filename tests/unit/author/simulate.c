/* SPDX-License-Identifier: Apache-2.0 */
/* Records that are made up, against plans of a tree that is made up. */
#include "author/simulate.h"

#include <jansson.h>
#include <string.h>

#include "fixture.h"

static struct fixture f;
static struct plan_index *plan_index;
static struct simulation *simulation;
static unsigned sequence;

static void open_with(const char *yaml)
{
    fixture_open(&f);
    f.facts.keeps_names = f.facts.has_gateway = f.facts.has_inspector = true;
    accept_text(&f, yaml);
    check_int(plan_index_new(f.plan, &plan_index, &f.err), 0);
    check_int(simulation_new(plan_index, &simulation, &f.err), 0);
    sequence = 0;
}

static void close_all(void)
{
    simulation_free_at(&simulation);
    plan_index_free_at(&plan_index);
    fixture_close(&f);
}

static void take(struct event_record *record, const char *from, const char *to)
{
    record->id = "01m9p1a4nabmsbmsarh6anvbm7.1";
    record->sequence = ++sequence;
    if (from) {
        struct event_record started = {.kind = RECORD_STARTED, .type = "run.started", .run = record->run, .started = {.workspace = from}};

        check_int(simulation_take(simulation, &started, to, &f.err), 0);
    }
    check_int(simulation_take(simulation, record, to, &f.err), 0);
}

static void take_file(const char *type, enum operation operation, const char *path, const char *layer)
{
    struct event_record record = {.kind = RECORD_ACCESS, .type = type};

    record.access = (struct event_access){.type = type, .operation = operation, .kind = "file", .path = full_path(&f, path), .layer = layer,
                                          .outside = full_path(&f, path), .process = {.exe = "/usr/bin/cat"}};
    take(&record, NULL, NULL);
}

static void take_connection(const char *type, const char *host, const char *address, unsigned port, const char *method, const char *path)
{
    struct event_record record = {.kind = RECORD_NETWORK, .type = type};

    record.network = (struct event_network){.type = type, .protocol = "tcp", .name = host, .address = address, .port = port,
                                            .has_request = method != NULL, .method = method, .path = path};
    take(&record, NULL, NULL);
}

static void take_repeated(unsigned of, uint64_t count)
{
    struct event_record record = {.kind = RECORD_REPEATED, .type = "access.repeated"};

    record.count.of_sequence = of;
    record.count.count = count;
    take(&record, NULL, NULL);
}

static void check_sum(uint64_t denied, uint64_t allowed, uint64_t same_allowed, uint64_t same_denied, uint64_t undecided)
{
    struct simulation_sum sum = simulation_sum(simulation);

    check_int(sum.counts[SIMULATED_DENIED], denied);
    check_int(sum.counts[SIMULATED_ALLOWED], allowed);
    check_int(sum.same_allowed, same_allowed);
    check_int(sum.same_denied, same_denied);
    check_int(sum.counts[SIMULATED_UNDECIDED], undecided);
    check_int(sum.events, denied + allowed + same_allowed + same_denied + undecided);
}

#define OPEN "filesystem: {readwritePaths: [\"@/ws\"], readonlyPaths: [\"@/doc\"]}\n"

static void open_tree(const char *yaml)
{
    fixture_open(&f);
    make_directory(&f, "doc");
    make_file(&f, "doc/a");
    make_file(&f, "ws/a");
    make_file(&f, "ws/secret");
    f.facts.keeps_names = true;
    accept_text(&f, yaml);
    check_int(plan_index_new(f.plan, &plan_index, &f.err), 0);
    check_int(simulation_new(plan_index, &simulation, &f.err), 0);
    sequence = 0;
}

TEST(what_went_well_and_still_would_is_unchanged)
{
    open_tree(OPEN);
    take_file("access.used", OPERATION_READ, "doc/a", NULL);
    take_file("access.used", OPERATION_WRITE, "ws/a", NULL);
    take_file("access.denied", OPERATION_WRITE, "doc/a", "mount");
    check_sum(0, 0, 2, 1, 0);
    close_all();
}

TEST(what_a_candidate_takes_away_and_gives_is_told_by_rule)
{
    auto_free char *text = NULL;

    open_tree("filesystem:\n  readwritePaths: [\"@/ws\", \"@/doc\"]\n  deniedPaths: [\"@/ws/secret\"]\n");
    take_file("access.used", OPERATION_READ, "ws/secret", NULL);
    take_file("access.used", OPERATION_READ, "ws/secret", NULL);
    take_file("access.denied", OPERATION_WRITE, "doc/a", "mount");
    check_sum(2, 1, 0, 0, 0);
    check_int(simulation_print_text(simulation, &text, &f.err), 0);
    check_contains(text, "2 newly denied, 1 newly allowed, 0 unchanged");
    check_contains(text, "filesystem.deniedPaths[0]");
    check_contains(text, "2 events, 1 object");
    check_contains(text, "2  read ");
    check_contains(text, "by /usr/bin/cat");
    check_contains(text, "filesystem.readwritePaths[1]");
    close_all();
}

TEST(repeated_ones_count_as_the_one_that_they_repeat)
{
    open_tree("filesystem: {readwritePaths: [\"@/ws\"], deniedPaths: [\"@/ws/secret\"]}\n");
    take_file("access.used", OPERATION_READ, "ws/secret", NULL);
    take_file("access.used", OPERATION_READ, "ws/a", NULL);
    take_repeated(1, 40);
    take_repeated(2, 7);
    take_repeated(99, 5);
    check_sum(41, 0, 8, 0, 0);
    check_int(simulation_sum(simulation).others, 1);
    close_all();
}

TEST(runs_may_be_mixed_and_each_keeps_its_own_workspace_and_numbers)
{
    static const char first[] = "01m9p1a4nabmsbmsarh6anvbm7", second[] = "01m9p1a4nabmsbmsarh6anvbm8";
    struct event_record record = {.kind = RECORD_STARTED, .type = "run.started"};

    open_tree("filesystem: {readwritePaths: [\"@/ws\"], deniedPaths: [\"@/ws/secret\"]}\n");
    record.run = first;
    record.started.workspace = "/one";
    take(&record, NULL, full_path(&f, "ws"));
    record.run = second;
    record.started.workspace = "/two";
    take(&record, NULL, full_path(&f, "ws"));
    record = (struct event_record){.kind = RECORD_ACCESS, .type = "access.used", .run = first};
    record.access = (struct event_access){.type = "access.used", .operation = OPERATION_READ, .kind = "file", .path = "/one/secret"};
    sequence = 6;
    take(&record, NULL, full_path(&f, "ws"));
    record.run = second;
    record.access.path = "/two/a";
    sequence = 6;
    take(&record, NULL, full_path(&f, "ws"));
    record = (struct event_record){.kind = RECORD_REPEATED, .type = "access.repeated", .run = first, .count = {.of_sequence = 7, .count = 4}};
    take(&record, NULL, full_path(&f, "ws"));
    check_sum(5, 0, 1, 0, 0);
    check_int(simulation_sum(simulation).runs, 2);
    close_all();
}

TEST(counts_that_no_sum_can_hold_do_not_become_none)
{
    open_tree("filesystem: {readwritePaths: [\"@/ws\"], deniedPaths: [\"@/ws/secret\"]}\n");
    take_file("access.used", OPERATION_READ, "ws/secret", NULL);
    for (int i = 0; i < 2; i++)
        take_repeated(1, UINT64_MAX / 2 + (uint64_t)i);
    check(simulation_sum(simulation).counts[SIMULATED_DENIED] == UINT64_MAX);
    close_all();
}

TEST(what_the_files_own_permissions_refused_is_nobodys_rule)
{
    open_tree(OPEN);
    take_file("access.denied", OPERATION_WRITE, "ws/a", "kernel");
    check_sum(0, 0, 0, 0, 0);
    check_int(simulation_sum(simulation).others, 1);
    close_all();
}

TEST(a_workspace_elsewhere_stands_for_the_one_that_is_asked_about)
{
    struct event_record record = {.kind = RECORD_ACCESS, .type = "access.used"};

    open_tree("filesystem: {readwritePaths: [\"@/ws\"], deniedPaths: [\"@/ws/secret\"]}\n");
    record.access = (struct event_access){.operation = OPERATION_READ, .kind = "file", .path = "/ci/job/secret"};
    take(&record, "/ci/job", full_path(&f, "ws"));
    record.access.path = "/ci/job2/secret"; /* begins alike, and lies elsewhere: it was there, and would be absent */
    take(&record, "/ci/job", full_path(&f, "ws"));
    record.access.path = "/ci/job/a";
    take(&record, "/ci/job", full_path(&f, "ws"));
    check_sum(2, 0, 1, 0, 0);
    close_all();
}

TEST(what_a_program_made_for_itself_is_there_again)
{
    struct event_record record = {.kind = RECORD_ACCESS, .type = "access.used"};

    open_tree(OPEN);
    record.access = (struct event_access){.operation = OPERATION_READ, .kind = "file", .path = "/tmp/cc1.s", .rule = "built-in: private directories",
                                          .process = {.exe = "/usr/bin/as"}};
    take(&record, NULL, NULL);
    check_sum(0, 0, 1, 0, 0);
    record.access.path = record.access.outside = "/tmp/the-hosts"; /* was granted, and would be absent */
    take(&record, NULL, NULL);
    check_sum(1, 0, 1, 0, 0);
    record.access.path = record.access.outside = "/proc/self/maps"; /* the kernel's to give */
    take(&record, NULL, NULL);
    check_sum(1, 0, 2, 0, 0);
    record.access.path = record.access.outside = "/proc/kcore";
    take(&record, NULL, NULL);
    check_sum(2, 0, 2, 0, 0);
    close_all();
}

/* Made in a directory of the host that the candidate hides, the name of a private directory that is empty does not help. */
TEST(what_is_made_in_a_directory_that_would_be_hidden_is_denied)
{
    struct event_record record = {.kind = RECORD_ACCESS, .type = "access.used"};

    open_tree(OPEN);
    record.access = (struct event_access){.operation = OPERATION_CREATE, .kind = "directory", .path = "/tmp/the-hosts/new",
                                          .outside = "/tmp/the-hosts/new", .process = {.exe = "/usr/bin/mkdir"}};
    take(&record, NULL, NULL);
    check_sum(1, 0, 0, 0, 0);
    record.access.path = record.access.outside = "/tmp/the-hosts/new/in"; /* which is told once: in what the run made */
    take(&record, NULL, NULL);
    check_sum(1, 0, 1, 0, 0);
    record.access.path = "/tmp/new/in"; /* not of the host, and nothing says who made the directory */
    record.access.outside = NULL;
    take(&record, NULL, NULL);
    check_sum(1, 0, 1, 0, 1);
    record.access.path = "/tmp/new/in/it"; /* which is told once */
    take(&record, NULL, NULL);
    check_sum(1, 0, 2, 0, 1);
    record.access.path = record.access.outside = "/tmp/new"; /* in the private directory itself */
    take(&record, NULL, NULL);
    check_sum(1, 0, 3, 0, 1);
    record.run = "01m9p1a4nabmsbmsarh6anvbm8";
    record.access.path = record.access.outside = "/tmp/the-hosts/new/in"; /* another run made it */
    take(&record, NULL, NULL);
    check_sum(2, 0, 3, 0, 1);
    close_all();
}

TEST(what_the_policy_hides_is_its_decision_though_no_rule_names_it)
{
    struct event_record record = {.kind = RECORD_ACCESS, .type = "access.denied"};

    open_tree(OPEN);
    record.access = (struct event_access){.operation = OPERATION_READ, .kind = "file", .path = full_path(&f, "doc/a"), .layer = "kernel",
                                          .is_hidden = true, .process = {.exe = "/usr/bin/cat"}};
    take(&record, NULL, NULL);
    check_sum(0, 1, 0, 0, 0);
    close_all();
}

TEST(connections_and_requests_are_asked_by_name_and_path)
{
    open_with("network:\n  egress:\n    allow:\n"
              "    - {to: [{host: api.example.com}], ports: [{port: 443}], tls: terminate, http: {methods: [GET], paths: [/v1/*]}}\n"
              "    - {to: [{host: plain.example.com}], ports: [{port: 443}]}\n");
    take_connection("network.connected", "plain.example.com", "93.184.216.34", 443, NULL, NULL);
    take_connection("network.connected", "other.example.com", "93.184.216.34", 443, NULL, NULL);
    take_connection("network.denied", "plain.example.com", "93.184.216.34", 443, NULL, NULL);
    take_connection("network.request", "api.example.com", "93.184.216.34", 443, "GET", "/v1/x");
    take_connection("network.request", "api.example.com", "93.184.216.34", 443, "POST", "/v1/x");
    take_connection("network.request-denied", "api.example.com", "93.184.216.34", 443, "GET", "/v1/x");
    take_connection("network.closed", "api.example.com", "93.184.216.34", 443, NULL, NULL);
    check_sum(2, 2, 2, 0, 0);
    close_all();
}

TEST(a_connection_is_known_again_only_where_all_of_it_is_the_same)
{
    static const struct {
        const char *host, *address;
        unsigned port;
        bool is_allowed;
    } rows[] = {
        {"a.example.org", "93.184.216.34", 443, true}, {"a.example.org", "93.184.216.34", 444, false},
        {"b.example.org", "93.184.216.34", 443, false}, {"a.example.org", "10.0.0.1", 443, false},
        {NULL, "93.184.216.34", 443, false},
    };

    open_with("network: {egress: {allow: [{to: [{host: a.example.org}], ports: [{port: 443, protocol: tcp}]}]}}\n");
    for (int again = 0; again < 2; again++)
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            uint64_t denied = simulation_sum(simulation).counts[SIMULATED_DENIED];

            take_connection("network.connected", rows[i].host, rows[i].address, rows[i].port, NULL, NULL);
            check_int(simulation_sum(simulation).counts[SIMULATED_DENIED] - denied, !rows[i].is_allowed);
        }
    close_all();
}

TEST(names_that_a_program_chose_are_shown_and_do_nothing)
{
    auto_free char *text = NULL, *json_text = NULL;
    json_t *json;

    open_tree("filesystem: {readwritePaths: [\"@/ws\"], deniedPaths: [\"@/ws/secret\"]}\n");
    make_directory(&f, "ws/d");
    take_file("access.used", OPERATION_READ, "ws/secret/\033[31m\xe2\x80\xae\xff\n", NULL);
    check_sum(1, 0, 0, 0, 0);
    check_int(simulation_print_text(simulation, &text, &f.err), 0);
    check(!strchr(text, '\033') && !strstr(text, "\xe2\x80\xae") && !strchr(text, '\xff'));
    check_int(simulation_print_json(simulation, &json_text, &f.err), 0);
    json = json_loads(json_text, JSON_REJECT_DUPLICATES, NULL);
    check(json != NULL);
    check_string(json_string_value(json_object_get(json, "schema")), "cordon-simulate/1");
    check_int(json_integer_value(json_object_get(json, "newlyDenied")), 1);
    json_decref(json);
    close_all();
}

TEST(many_objects_are_counted_and_few_are_shown)
{
    auto_free char *text = NULL;
    char name[32];

    open_tree("filesystem: {readwritePaths: [\"@/ws\"]}\n");
    for (int i = 0; i < 100000; i++) {
        snprintf(name, sizeof(name), "else/%d", i);
        take_file("access.used", OPERATION_READ, name, NULL);
    }
    check_sum(100000, 0, 0, 0, 0);
    check_int(simulation_print_text(simulation, &text, &f.err), 0);
    check(strlen(text) < 4000);
    check_contains(text, "and 49147 more"); /* three quarters of the table less those that are shown */
    close_all();
}
