/* SPDX-License-Identifier: Apache-2.0 */
/* secrets[]: sources, placements, and what a ceiling may leave open. */
#include "load.h"
#include "test.h"

#define SECRET(text) NATIVE "secrets: [{" text "}]\n"

TEST(a_secret_has_a_source_hosts_and_places)
{
    const struct secrets *s = &must_load(NATIVE "secrets:\n"
                                                "  - {name: GITHUB_TOKEN, source: 'env:GITHUB_TOKEN', hosts: [API.GitHub.com, api.github.com],\n"
                                                "     in: [{header: X-Key}, {query: key}, {basicAuth: true}, {body: /a/b}], prefix: ghp_}\n"
                                                "  - {name: B, source: 'file:${home}/b', file: '${home}/.b', hosts: [b.example]}\n"
                                                "  - {name: C, command: [pass, show, c], hosts: [c.example]}\n"
                                                "  - {name: D, source: 'keyring:my key', hosts: [d.example]}\n")
                                   ->secrets;

    check_int(s->count, 4);
    check_string(s->items[0].name, "GITHUB_TOKEN");
    check_int(s->items[0].source, SECRET_ENV);
    check_string(s->items[0].text, "GITHUB_TOKEN");
    check_int(s->items[0].hosts.count, 1);
    check_string(s->items[0].hosts.items[0].text, "api.github.com");
    check_int(s->items[0].field_count, 4);
    check_int(s->items[0].fields[2].place, NET_SECRET_BASIC);
    check_string(s->items[0].fields[3].field, "/a/b");
    check_string(s->items[0].prefix, "ghp_");
    check_int(s->items[1].source, SECRET_FILE);
    check_string(s->items[1].text, "/home/u/b");
    check_string(s->items[1].file, "/home/u/.b");
    check_int(s->items[1].field_count, 1);
    check_string(s->items[1].fields[0].field, "Authorization");
    check_int(s->items[2].source, SECRET_COMMAND);
    check_int(s->items[2].command_count, 3);
    check_string(s->items[2].command[2], "c");
    check(!s->items[2].command[3]);
    check_string(s->items[3].text, "my key");
    check_string(s->items[3].origin.member, "secrets[3]");
}

TEST(secrets_with_one_thing_wrong_are_refused)
{
    static const char *const cases[][2] = {
        {"source: 'env:A', hosts: [a.b]", "11: secrets[0]: member 'name' is missing"},
        {"name: A, hosts: [a.b]", "11: secrets[0]: member 'source' is missing; write it, or 'command'"},
        {"name: A, value: abc, hosts: [a.b]", "21: secrets[0].value: unknown member; values of secrets do not stand in policies: write source"},
        {"name: A, source: 'env:A'", "11: secrets[0]: member 'hosts' is missing"},
        {"name: A, source: 'env:A', command: [a], hosts: [a.b]", "47: secrets[0].command: stands beside 'source'; leave one of them out"},
        {"name: A, source: 'env', hosts: [a.b]", "29: secrets[0].source: says the kind and not which; expected one of env:NAME, "
                                                 "file:/path, keyring:DESCRIPTION, or 'command' as a member of its own"},
        {"name: A, source: 'vault:x', hosts: [a.b]", "29: secrets[0].source: 'vault:x' is no source; expected one of env:NAME, "
                                                     "file:/path, keyring:DESCRIPTION, or 'command' as a member of its own"},
        {"name: A, source: 'env:1A', hosts: [a.b]", "29: secrets[0].source: '1A' is not a variable's name; write letters, digits and "
                                                    "'_', no digit first"},
        {"name: A, source: 'file:x', hosts: [a.b]", "29: secrets[0].source: 'x' is not absolute; write ${workspace}/... or ${home}/..."},
        {"name: A, source: 'keyring:', hosts: [a.b]", "29: secrets[0].source: a key's description has 1 to 256 bytes"},
        {"name: A, command: [./a], hosts: [a.b]", "31: secrets[0].command[0]: './a' is not a program: write its absolute path, or a "
                                                  "name that the caller's PATH has"},
        {"name: A, source: 'env:A', hosts: ['*.a.b']", "46: secrets[0].hosts[0]: '*.a.b': a secret is sent to hosts that are named; "
                                                       "write each"},
        {"name: A, source: 'env:A', hosts: [1.2.3.4]", "46: secrets[0].hosts[0]: "},
        {"name: A, source: 'env:A', hosts: [a.b], in: [{}]", "57: secrets[0].in[0]: expected one of header, query, basicAuth, body"},
        {"name: A, source: 'env:A', hosts: [a.b], in: [{header: a, query: b}]", "57: secrets[0].in[0]: expected one of header, query, "
                                                                                "basicAuth, body"},
        {"name: A, source: 'env:A', hosts: [a.b], in: [{header: Host}]", "66: secrets[0].in[0].header: 'Host' shapes the request "
                                                                         "itself; no secret belongs there"},
        {"name: A, source: 'env:A', hosts: [a.b], in: [{header: proxy-authorization}]",
         "66: secrets[0].in[0].header: 'proxy-authorization' shapes the request itself; no secret belongs there"},
        {"name: A, source: 'env:A', hosts: [a.b], in: [{header: Content-Type}]", "66: secrets[0].in[0].header: 'Content-Type' shapes "},
        {"name: A, source: 'env:A', hosts: [a.b], in: [{body: /a~2}]", "64: secrets[0].in[0].body: '/a~2' is not a JSON pointer: write "
                                                                       "'~' as ~0 and '/' as ~1"},
        {"name: A, source: 'env:A', hosts: [a.b], in: [{basicAuth: false}]", "69: secrets[0].in[0].basicAuth: says nothing; leave it out"},
        {"name: A, source: 'env:A', hosts: [a.b], prefix: 'a b'", "60: secrets[0].prefix: 'a b' is not a beginning of a placeholder; "
                                                                  "write at most 32 letters, digits, '-', '_'"},
        {"name: A, source: 'env:A', hosts: [a.b]}, {name: A, source: 'env:B', hosts: [a.b]", "53: secrets[1]: secret 'A' is there already"},
        {"name: A, file: /x, source: 'env:A', hosts: [a.b]}, {name: B, file: /x, source: 'env:B', hosts: [a.b]",
         "63: secrets[1]: /x holds the placeholder of 'A' already"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct document *document = NULL;
        struct error err = ERROR_INIT;
        char text[256], error[512];

        snprintf(text, sizeof(text), SECRET("%s"), cases[i][0]);
        snprintf(error, sizeof(error), "p.yaml:2:%s", cases[i][1]);
        check(document_load_text(test_arena(), "p.yaml", text, strlen(text), &test_options, &document, &err) < 0);
        check_contains(err.text, error);
    }
}

TEST(a_ceilings_item_may_leave_open_what_a_requests_may_not)
{
    struct load_options options = test_options;
    const struct secrets *s;

    options.kind = LAYER_CEILING;
    s = &must_load_as("c.yaml", NATIVE "secrets: [{source: env}, {source: command, hosts: ['*.example.org']}, {hosts: [a.b]}, {}]\n",
                      &options)->secrets;
    check(s->is_set && s->count == 4);
    check(s->items[0].source == SECRET_ENV && !s->items[0].text && !s->items[0].hosts.is_set && !s->items[0].field_count);
    check_string(s->items[1].hosts.items[0].text, "*.example.org");
    s = &must_load_as("c.yaml", NATIVE "secrets: []\n", &options)->secrets;
    check(s->is_set && s->count == 0);
}
