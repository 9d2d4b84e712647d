/* SPDX-License-Identifier: Apache-2.0 */
/* Every record that the program writes has a class of OCSF, and is one as its schema has it. */
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "events.h"
#include "ocsf/ocsf.h"
#include "schema.h"
#include "test.h"

static struct ocsf *renderer(const struct ocsf_context *context)
{
    struct ocsf *ocsf = NULL;
    struct error err = ERROR_INIT;

    if (ocsf_new(context, &ocsf, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return ocsf;
}

static json_t *rendered(struct ocsf *ocsf, const char *event)
{
    struct error err = ERROR_INIT;
    const char *body;
    size_t size;
    json_t *json;

    if (ocsf_render(ocsf, event, strlen(event), &body, &size, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s: %s", err.text, event);
    check(size <= OCSF_BODY_MAX);
    check(!memchr(body, '\n', size));
    json = json_loadb(body, size, JSON_REJECT_DUPLICATES, NULL);
    if (!json)
        test_fail(__FILE__, __LINE__, "no JSON: %.*s", (int)size, body);
    return json;
}

static const json_t *at(const json_t *json, const char *path)
{
    char copy[128], *rest = copy, *name;

    snprintf(copy, sizeof(copy), "%s", path);
    while (json && (name = strsep(&rest, ".")))
        json = json_object_get(json, name);
    return json;
}

static const char *text_at(const json_t *json, const char *path)
{
    return json_string_value(at(json, path));
}

static const char *event_of(const char *number)
{
    char id[64];

    snprintf(id, sizeof(id), "." "%s\"", number);
    for (size_t i = 0; test_events[i]; i++)
        if (strstr(test_events[i], id))
            return test_events[i];
    test_fail(__FILE__, __LINE__, "no event %s", number);
}

TEST(every_record_is_as_ocsfs_schema_has_it)
{
    auto_ocsf struct ocsf *ocsf = renderer(&test_context);

    for (size_t i = 0; test_events[i]; i++) {
        struct error err = ERROR_INIT;
        const char *body;
        size_t size;

        if (ocsf_render(ocsf, test_events[i], strlen(test_events[i]), &body, &size, &err) < 0)
            test_fail(__FILE__, __LINE__, "%s: %s", err.text, test_events[i]);
        schema_check(body, size);
    }
}

TEST(a_record_with_one_thing_wrong_is_not_as_the_schema_has_it)
{
    static const struct {
        const char *from, *to, *fault;
    } wrongs[] = {
        {"\"type_uid\":100102", "\"type_uid\":100103", "type_uid: not class_uid * 100"},
        {"\"class_uid\":1001", "\"class_uid\":1002", "class_uid: not a class"},
        {"\"activity_name\":\"Read\"", "\"activity_name\":\"Reed\"", "activity_name: not"},
        {"\"disposition\":\"Blocked\"", "\"disposition\":\"Allowed\"", "disposition: not the caption"},
        {"\"file\":{\"name\"", "\"file\":{\"nume\"", "not in the schema"},
        {"\"x_actor_type\":\"agent\"", "\"x_actor_tipe\":\"agent\"", "not in the schema"},
        {"\"time\":1", "\"time\":\"1\",\"q\":1", "time: no ms"},
        {"\"time\":1795420800123", "\"time\":17", "time: no ms"},
    };
    auto_ocsf struct ocsf *ocsf = renderer(&test_context);
    const char *event = event_of("12"), *body;
    size_t size;

    check_int(ocsf_render(ocsf, event, strlen(event), &body, &size, NULL), 0);
    for (size_t i = 0; i < ARRAY_COUNT(wrongs); i++) {
        auto_text struct text text = {0};
        const char *place = memmem(body, size, wrongs[i].from, strlen(wrongs[i].from));

        if (!place)
            test_fail(__FILE__, __LINE__, "'%s' is not in %.*s", wrongs[i].from, (int)size, body);
        text_add_n(&text, body, (size_t)(place - body));
        text_add(&text, wrongs[i].to);
        text_add_n(&text, place + strlen(wrongs[i].from), size - (size_t)(place - body) - strlen(wrongs[i].from));
        check_contains(schema_fault(text.data, text.length), wrongs[i].fault);
    }
}

TEST(every_type_of_the_table_has_a_record_in_this_test)
{
    const char *type;

    for (size_t i = 0; (type = ocsf_type_at(i)); i++) {
        char member[64];
        bool is_there = false;

        snprintf(member, sizeof(member), "\"type\":\"%s\"", type);
        for (size_t j = 0; test_events[j]; j++)
            is_there |= strstr(test_events[j], member) != NULL;
        if (!is_there)
            test_fail(__FILE__, __LINE__, "no record of %s", type);
        check(ocsf_knows(type));
    }
}

/* The types that the sources of a part write: words with a dot in quotes, whose first half is one of these. */
static unsigned check_types_of(const char *file)
{
    static const char *const first[] = {"run", "exec", "grant", "nested", "limit", "access", "network", "approval", "review", "policy", "container", "daemon", "control", "identity", "log"};
    auto_free char *text = NULL;
    size_t size;
    unsigned count = 0;

    check_int(file_read(file, 1 << 20, &text, &size, NULL), 0);
    for (const char *call = text; (call = strstr(call, "record_begin(&record, log, \"")); call++) {
        const char *start = strchr(call, '"') + 1, *end = strchr(start, '"');
        char type[64];
        bool is_known = false;

        snprintf(type, sizeof(type), "%.*s", (int)(end - start), start);
        for (size_t i = 0; i < ARRAY_COUNT(first); i++)
            is_known |= strncmp(type, first[i], strlen(first[i])) == 0 && type[strlen(first[i])] == '.';
        if (!is_known || !ocsf_knows(type))
            test_fail(__FILE__, __LINE__, "%s writes %s, which has no row in src/ocsf/kinds.c", file, type);
        count++;
    }
    return count;
}

TEST(every_type_of_record_that_a_run_writes_has_a_rendering)
{
    DIR *directory = opendir(CORDON_SOURCE "/src/event");
    struct dirent *entry;
    unsigned count = 0;

    check(directory);
    while ((entry = readdir(directory))) {
        char path[512];

        if (!strstr(entry->d_name, ".c") || entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), CORDON_SOURCE "/src/event/%s", entry->d_name);
        count += check_types_of(path);
    }
    closedir(directory);
    check(count >= 14);
}

/* docs/events.md names those whose type is a value of the program's own. */
TEST(every_type_that_the_documents_name_has_a_rendering)
{
    auto_free char *text = NULL;
    size_t size;
    unsigned count = 0;

    check_int(file_read(CORDON_SOURCE "/docs/events.md", 1 << 20, &text, &size, NULL), 0);
    for (char *line = text, *end; line && *line; line = end ? end + 1 : NULL) {
        end = strchr(line, '\n');
        if (end)
            *end = '\0';
        if (strncmp(line, "## ", 3) != 0 || !strchr(line, '.'))
            continue;
        line += 3;
        for (char *type; (type = strsep(&line, ", "));) {
            if (!strchr(type, '.'))
                continue;
            if (!ocsf_knows(type))
                test_fail(__FILE__, __LINE__, "docs/events.md has %s, which has no row in src/ocsf/kinds.c", type);
            count++;
        }
    }
    check(count >= 20);
}

/* Members of the extension are documented, all of them: those of the schema's extract, which holds each record. */
TEST(every_member_of_the_extension_is_documented)
{
    json_t *schema = json_load_file(CORDON_TEST_SCHEMA, 0, NULL), *members, *type;
    auto_free char *text = NULL;
    const char *name;
    size_t size;

    check_int(file_read(CORDON_SOURCE "/docs/ocsf.md", 1 << 20, &text, &size, NULL), 0);
    members = json_object_get(json_object_get(schema, "profiles"), "cordon/containment");
    check(json_object_size(members) > 40);
    json_object_foreach(members, name, type)
    {
        char quoted[64];

        snprintf(quoted, sizeof(quoted), "`%.*s`", (int)strcspn(name, "!"), name);
        if (!strstr(text, quoted))
            test_fail(__FILE__, __LINE__, "docs/ocsf.md does not have %s", quoted);
    }
    json_decref(schema);
}

TEST(a_refusal_says_who_what_and_by_which_rule)
{
    auto_ocsf struct ocsf *ocsf = renderer(&test_context);
    json_t *json = rendered(ocsf, event_of("12"));

    check_int(json_integer_value(at(json, "time")), 1795420800123);
    check_int(json_integer_value(at(json, "class_uid")), 1001);
    check_int(json_integer_value(at(json, "activity_id")), 2);
    check_string(text_at(json, "action"), "Denied");
    check_string(text_at(json, "file.path"), "/etc/shadow");
    check_string(text_at(json, "file.name"), "shadow");
    check_int(json_integer_value(at(json, "actor.process.pid")), 4711);
    check_int(json_integer_value(at(json, "actor.process.namespace_pid")), 7);
    check_string(text_at(json, "actor.process.uid"), RUN_ID "/7");
    check_string(text_at(json, "actor.process.cmd_line"), "cat \"a b\" \"\"");
    check_string(text_at(json, "actor.process.container.uid"), RUN_ID);
    check_string(text_at(json, "actor.user.name"), "anna");
    check_string(text_at(json, "ai_agent.instance_uid"), test_context.identity);
    check_string(text_at(json, "x_actor_type"), "agent");
    check_string(text_at(json, "x_sponsor"), "anna@example.org");
    check_string(text_at(json, "x_rule"), "build.yaml:12: fs.deny[0]");
    check_string(text_at(json, "x_effect.errno"), "EACCES");
    check_string(text_at(json, "policy.uid"), "sha256:00");
    check_string(text_at(json, "metadata.correlation_uid"), RUN_ID);
    check_int(json_array_size(at(json, "actor.process.ancestry")), 2);
    json_decref(json);
}

TEST(a_rename_names_both_files_and_a_signal_its_process)
{
    auto_ocsf struct ocsf *ocsf = renderer(&test_context);
    json_t *json = rendered(ocsf, event_of("16"));

    check_string(text_at(json, "file.path"), "/w/a");
    check_string(text_at(json, "file_result.path"), "/w/b");
    json_decref(json);
    json = rendered(ocsf, event_of("23"));
    check_int(json_integer_value(at(json, "process.pid")), 1);
    check_string(text_at(json, "activity_name"), "Signal");
    json_decref(json);
}

TEST(what_is_about_to_happen_is_pending_and_has_no_disposition)
{
    auto_ocsf struct ocsf *ocsf = renderer(&test_context);
    json_t *json = rendered(ocsf, event_of("84"));

    check_string(text_at(json, "status"), "Pending");
    check_string(text_at(json, "x_phase"), "pending");
    check(!at(json, "disposition_id"));
    json_decref(json);
}

TEST(what_turns_the_direction_of_text_comes_out_as_an_escape)
{
    auto_ocsf struct ocsf *ocsf = renderer(&test_context);
    const char *event = event_of("13"), *body;
    size_t size;

    check_int(ocsf_render(ocsf, event, strlen(event), &body, &size, NULL), 0);
    check(!memmem(body, size, "\xe2\x80\xae", 3));
    check(memmem(body, size, "/w/\\u202e txt", 13));
    check(memmem(body, size, "x\\u202ey\\ny", 11));
}

TEST(a_type_of_tomorrow_is_a_base_event_with_all_of_it)
{
    auto_ocsf struct ocsf *ocsf = renderer(&test_context);
    json_t *json = rendered(ocsf, event_of("83"));

    check_int(json_integer_value(at(json, "class_uid")), 0);
    check_contains(text_at(json, "unmapped.record"), "\"with\":{\"a\":[1,2]}");
    json_decref(json);
}

TEST(what_is_no_record_is_refused)
{
    static const char *const wrongs[] = {
        "", "{", "[]", "{}", "null", "{} {}", "{\"schema\":\"cordon-event/1\",\"type\":\"run.exited\"}",
        "{\"schema\":\"cordon-event/2\",\"id\":\"a.1\",\"type\":\"run.exited\"}",
        "{\"schema\":\"cordon-event/1\",\"id\":\"\",\"type\":\"run.exited\"}",
        "{\"schema\":\"cordon-event/1\",\"id\":\"a.1\",\"type\":\"run.exited\"}x",
        "{\"schema\":\"cordon-event/1\",\"id\":\"a\n1\",\"type\":\"run.exited\"}",
        "{\"schema\":\"cordon-event/1\",\"id\":1,\"type\":\"run.exited\"}",
    };
    auto_ocsf struct ocsf *ocsf = renderer(&test_context);
    const char *body;
    size_t size;

    for (size_t i = 0; i < ARRAY_COUNT(wrongs); i++) {
        struct error err = ERROR_INIT;

        check(ocsf_render(ocsf, wrongs[i], strlen(wrongs[i]), &body, &size, &err) < 0);
        check_contains(err.text, "record: ");
    }
}

TEST(a_run_that_cannot_be_attributed_is_refused)
{
    struct ocsf_context context = test_context;
    struct error err = ERROR_INIT;
    struct ocsf *ocsf = NULL;

    context.actor = 0;
    check_int(ocsf_new(&context, &ocsf, &err), -EINVAL);
    check_contains(err.text, "who acted is not known");
    context.actor = OCSF_AGENT;
    context.identity = NULL;
    check_int(ocsf_new(&context, &ocsf, &err), -EINVAL);
    check_contains(err.text, "without an identity");
    context.actor = OCSF_HUMAN;
    context.has_user = false;
    check_int(ocsf_new(&context, &ocsf, &err), -EINVAL);
    check_contains(err.text, "without a user");
    check_int(ocsf_actor_parse("unknown"), 0);
    check_int(ocsf_actor_parse("delegated-human"), OCSF_DELEGATED_HUMAN);
}

TEST(a_human_is_no_agent_in_a_record)
{
    struct ocsf_context context = test_context;
    json_t *json;

    context.actor = OCSF_HUMAN;
    context.identity = context.agent = NULL;
    auto_ocsf struct ocsf *ocsf = renderer(&context);
    json = rendered(ocsf, event_of("64"));
    check_string(text_at(json, "x_actor_type"), "human");
    check(!at(json, "ai_agent"));
    check_string(text_at(json, "api.operation"), "exec");
    check_int(json_integer_value(at(json, "activity_id")), 1);
    json_decref(json);
}

TEST(a_container_in_a_container_says_in_which)
{
    struct ocsf_context context = test_context;
    json_t *json;

    context.parents[0] = (struct ocsf_parent){"spiffe://a/host/b/user/1/agent/c/d", "sha256:99"};
    context.parent_count = 1;
    context.delegation = "grant-1";
    context.delegation_expires_ms = 1795420800123;
    auto_ocsf struct ocsf *ocsf = renderer(&context);
    json = rendered(ocsf, event_of("1"));
    check_string(json_string_value(json_object_get(json_array_get(at(json, "x_parent_chain"), 0), "policy_digest")), "sha256:99");
    check_int(json_integer_value(at(json, "x_depth")), 1);
    check_string(text_at(json, "delegation.uid"), "grant-1");
    json_decref(json);
}

/* As many arguments as a record may have, all of what grows most. */
TEST(the_largest_record_fits_and_says_that_it_is_cut)
{
    auto_ocsf struct ocsf *ocsf = renderer(&test_context);
    auto_text struct text text = {0};
    struct json out = JSON_INIT(&text, 0);
    char *long_text = malloc(70000);
    const char *body;
    size_t size;

    memset(long_text, 'x', 69999);
    for (size_t i = 0; i + 3 < 69999; i += 3)
        memcpy(long_text + i, "\xe2\x80\xae", 3);
    long_text[69999] = '\0';
    json_begin_object(&out, NULL);
    json_add_string(&out, "schema", "cordon-event/1");
    json_add_string(&out, "id", RUN_ID ".1");
    json_add_string(&out, "time", "2026-11-23T08:00:00.000000000Z");
    json_add_string(&out, "type", "run.started");
    json_add_string(&out, "workspace", long_text);
    json_add_string(&out, "network", long_text);
    json_add_string(&out, "terminal", long_text);
    for (int list = 0; list < 3; list++) {
        static const char *const names[] = {"argv", "layers", "warnings"};

        json_begin_array(&out, names[list]);
        for (int i = 0; i < 64; i++)
            json_add_string_n(&out, NULL, long_text, 4095);
        json_end(&out);
    }
    json_end(&out);
    check_int(ocsf_render(ocsf, text.data, text.length, &body, &size, NULL), 0);
    check(size <= OCSF_BODY_MAX);
    check(memmem(body, size, "\"x_is_cut\":true", 15));
    schema_check(body, size);
    free(long_text);
}

static int attempt(void)
{
    auto_ocsf struct ocsf *ocsf = NULL;

    return ocsf_new(&test_context, &ocsf, NULL);
}

TEST(each_allocation_of_a_renderer_fails)
{
    test_each_allocation_fails(attempt, 100);
}
