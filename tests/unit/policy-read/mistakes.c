/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people write the first time about the network and its secrets: one line that names the member and what to write. The
 * exact places of errors are tested beside what they are about (network.c, requests.c, secrets.c).
 */
#include "load.h"
#include "test.h"

struct mistake {
    const char *written;
    const char *member; /* that is named */
    const char *remedy;
};

/* `format` has the place of what is written. */
static void check_mistakes(const char *format, const struct mistake *mistakes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct document *document = NULL;
        struct error err = ERROR_INIT;
        char text[512];

        snprintf(text, sizeof(text), format, mistakes[i].written);
        if (document_load_text(test_arena(), "p.yaml", text, strlen(text), &test_options, &document, &err) == 0)
            test_fail(__FILE__, __LINE__, "taken: %s", mistakes[i].written);
        if (err.kind != ERROR_INVALID || strncmp(err.text, "p.yaml:2:", 9) != 0 || strchr(err.text, '\n') ||
            !strstr(err.text, mistakes[i].member) || !strstr(err.text, mistakes[i].remedy))
            test_fail(__FILE__, __LINE__, "%s:\n  %s\n  not: %s %s", mistakes[i].written, err.text, mistakes[i].member, mistakes[i].remedy);
    }
}

TEST(what_is_written_wrong_about_the_network_is_named_with_what_to_write)
{
    static const struct mistake mistakes[] = {
        {"allow", ": network: ", "expected a map of members, not a string; they are egress, ingress, loopback, budget, tls"},
        {"{egress: allow}", "network.egress: ", "they are default, allow, deny"},
        {"{outbound: {}}", "network.outbound: ", "unknown member; write network.egress"},
        {"{allow: []}", "network.allow: ", "unknown member; it belongs to network.egress"},
        {"{egress: {default: true}}", "network.egress.default: ", "'true' is unknown; expected one of deny, allow"},
        {"{egress: {alow: []}}", "network.egress.alow: ", "did you mean 'allow'?"},
        {"{egress: {allow: true}}", "network.egress.allow: ", "expected a list, not true or false"},
        {"{egress: {allow: a.example}}", "network.egress.allow: ", "put it in [brackets]"},
        {"{egress: {allow: [a.example]}}", "network.egress.allow[0]: ", "they are to, ports, tls, http, mcp, jsonrpc, programs, budget"},
        {"{egress: {allow: {to: []}}}", "network.egress.allow: ", "put it in [brackets], or '- ' before it"},
        {"{tls: terminate}", "network.tls: ", "they are authorities"},
    };

    check_mistakes(NATIVE "network: %s\n", mistakes, ARRAY_COUNT(mistakes));
}

TEST(what_is_written_wrong_in_a_rule_is_named_with_what_to_write)
{
    static const struct mistake mistakes[] = {
        {"host: a.example", "allow[0].host: ", "write to: [{host: NAME}] in a rule"},
        {"to: a.example", "allow[0].to: ", "put it in [brackets]"},
        {"to: {host: a.example}", "allow[0].to: ", "put it in [brackets], or '- ' before it"},
        {"to: [a.example]", "allow[0].to[0]: ", "they are cidr, except, host"},
        {"to: [{hosts: [a.example]}]", "allow[0].to[0].hosts: ", "did you mean 'host'?"},
        {"to: [{host: [a.example]}]", "allow[0].to[0].host: ", "expected the name of a host, not a list"},
        {"to: [{host: 'https://a.example'}]", "allow[0].to[0].host: ", "write the name alone, without 'https://' and path"},
        {"to: [{host: 'a.example:443'}]", "allow[0].to[0].host: ", "the port belongs to 'ports'"},
        {"to: [{host: a.example/v1}]", "allow[0].to[0].host: ", "paths belong to 'http'"},
        {"to: [{host: '**.example'}]", "allow[0].to[0].host: ", "'*' stands only for the whole first label"},
        {"to: [{host: 192.0.2.1}]", "allow[0].to[0].host: ", "write it as 'cidr'"},
        {"to: [{ip: 192.0.2.1}]", "allow[0].to[0].ip: ", "write cidr"},
        {"to: [{cidr: a.example}]", "allow[0].to[0].cidr: ", "write 192.0.2.0/24 or 2001:db8::/32"},
        {"to: [{cidr: 192.0.2.1/24}]", "allow[0].to[0].cidr: ", "has address bits behind its prefix; set them to zero or lengthen the prefix"},
        {"port: 443", "allow[0].port: ", "did you mean 'ports'?"},
        {"ports: 443", "allow[0].ports: ", "put it in [brackets]"},
        {"ports: [443]", "allow[0].ports[0]: ", "they are port, endPort, protocol"},
        {"ports: [{port: '443'}]", "allow[0].ports[0].port: ", "expected a whole number, not a string; write it without quotes"},
        {"ports: [{port: 80-90}]", "allow[0].ports[0].port: ", "a range as {port: 80, endPort: 90}"},
        {"ports: [{port: '80,90'}]", "allow[0].ports[0].port: ", "write each port as an item of its own"},
        {"ports: [{port: https}]", "allow[0].ports[0].port: ", "expected a whole number, not a string"},
        {"ports: [{port: [80, 443]}]", "allow[0].ports[0].port: ", "expected a whole number, not a list; write each port as an item of its own"},
        {"ports: [{port: 80, endport: 90}]", "allow[0].ports[0].endport: ", "did you mean 'endPort'?"},
        {"ports: [{port: 443, protocol: https}]", "allow[0].ports[0].protocol: ", "expected one of any, tcp, udp, icmp"},
        {"protocol: tcp", "allow[0].protocol: ", "it belongs to an item of 'ports'"},
        {"tls: true", "allow[0].tls: ", "'true' is unknown; expected one of passthrough, terminate"},
        {"tls: terminated", "allow[0].tls: ", "expected one of passthrough, terminate"},
        {"tls: {terminate: true}", "allow[0].tls: ", "expected one of passthrough, terminate"},
        {"tsl: terminate", "allow[0].tsl: ", "did you mean 'tls'?"},
        {"methods: [GET]", "allow[0].methods: ", "it belongs to 'http', 'mcp' or 'jsonrpc'"},
        {"http: [GET]", "allow[0].http: ", "they are methods, paths, websocket"},
        {"http: {method: GET}", "allow[0].http.method: ", "did you mean 'methods'?"},
        {"http: {methods: GET}", "allow[0].http.methods: ", "put it in [brackets]"},
        {"http: {methods: [get]}", "allow[0].http.methods[0]: ", "methods are upper case, like GET"},
        {"http: {methods: ['*']}", "allow[0].http.methods[0]: ", "for every method leave 'methods' out"},
        {"http: {paths: [v1]}", "allow[0].http.paths[0]: ", "does not begin with '/'; write /v1/**"},
        {"http: {paths: ['https://a.example/v1']}", "allow[0].http.paths[0]: ", "does not begin with '/'; write /v1/**"},
        {"http: {paths: ['/v1?a=b']}", "allow[0].http.paths[0]: ", "end it before the '?'"},
        {"mcp: [search]", "allow[0].mcp: ", "they are tools, methods"},
        {"mcp: {tool: [search]}", "allow[0].mcp.tool: ", "did you mean 'tools'?"},
        {"mcp: {tools: ['*']}", "allow[0].mcp.tools[0]: ", "'tools/call' in mcp.methods is every tool"},
        {"mcp: {tools: ['search_*']}", "allow[0].mcp.tools[0]: ", "write each"},
        {"jsonrpc: {}", "allow[0].jsonrpc: ", "member 'methods' is missing"},
        {"programs: git", "allow[0].programs: ", "put it in [brackets]"},
        {"programs: ['git fetch']", "allow[0].programs[0]: ", "write git, or /usr/bin/git"},
        {"budget: 1GiB", "allow[0].budget: ", "they are connections, requests, bytesUp, bytesDown, bytesPerSecond, onLimit"},
        {"budget: {bytesUp: 1000000}", "allow[0].budget.bytesUp: ", "has no unit; write 512MiB, 1GiB or 64KiB"},
        {"budget: {bytesUp: 1 GB}", "allow[0].budget.bytesUp: ", "MiB"},
        {"budget: {requests: 1k}", "allow[0].budget.requests: ", "write it without quotes and unit"},
        {"secrets: []", "allow[0].secrets: ", "write it at the top of the document"},
    };

    check_mistakes(NATIVE "network: {egress: {allow: [{%s}]}}\n", mistakes, ARRAY_COUNT(mistakes));
}

TEST(what_is_written_wrong_about_a_secret_is_named_with_what_to_write)
{
    static const struct mistake mistakes[] = {
        {"{KEY: 'env:KEY'}", ": secrets: ", "put it in [brackets], or '- ' before it"},
        {"[KEY]", "secrets[0]: ", "they are name, file, source, command, prefix, hosts, in"},
        {"[{name: KEY, source: KEY, hosts: [a.b]}]", "secrets[0].source: ", "expected one of env:NAME, file:/path, keyring:DESCRIPTION, or 'command'"},
        {"[{name: KEY, source: $KEY, hosts: [a.b]}]", "secrets[0].source: ", "expected one of env:NAME"},
        {"[{name: KEY, source: 'env:$KEY', hosts: [a.b]}]", "secrets[0].source: ", "write letters, digits and '_'"},
        {"[{name: KEY, source: {env: KEY}, hosts: [a.b]}]", "secrets[0].source: ", "write \"env:NAME\""},
        {"[{name: KEY, source: 'command:pass show key', hosts: [a.b]}]", "secrets[0].source: ", "or 'command' as a member of its own"},
        {"[{name: KEY, command: pass show key, hosts: [a.b]}]", "secrets[0].command: ", "put it in [brackets]"},
        {"[{name: KEY, env: KEY, hosts: [a.b]}]", "secrets[0].env: ", "write source: \"env:NAME\""},
        {"[{name: KEY, value: abc, hosts: [a.b]}]", "secrets[0].value: ", "write source"},
        {"[{name: my-key, source: 'env:KEY', hosts: [a.b]}]", "secrets[0].name: ", "write letters, digits and '_'"},
        {"[{name: KEY, source: 'env:KEY'}]", "secrets[0]: ", "member 'hosts' is missing"},
        {"[{name: KEY, source: 'env:KEY', hosts: a.b}]", "secrets[0].hosts: ", "put it in [brackets]"},
        {"[{name: KEY, source: 'env:KEY', hosts: ['https://a.b']}]", "secrets[0].hosts[0]: ", "write the name alone"},
        {"[{name: KEY, source: 'env:KEY', hosts: [a.b], in: {header: x}}]", "secrets[0].in: ", "put it in [brackets], or '- ' before it"},
        {"[{name: KEY, source: 'env:KEY', hosts: [a.b], in: [x-api-key]}]", "secrets[0].in[0]: ", "they are header, query, basicAuth, body"},
        {"[{name: KEY, source: 'env:KEY', hosts: [a.b], header: x-api-key}]", "secrets[0].header: ", "it belongs to an item of 'in'"},
        {"[{name: KEY, source: 'env:KEY', hosts: [a.b], in: [{header: 'Authorization: Bearer'}]}]", "secrets[0].in[0].header: ",
         "is not the name of a header"},
    };

    check_mistakes(NATIVE "secrets: %s\n", mistakes, ARRAY_COUNT(mistakes));
}
