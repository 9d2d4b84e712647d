/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/answer.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

const char *answer_remedy(enum net_reason reason)
{
    switch (reason) {
    case NET_BY_RULE:
        return "take this request out of the rule in network.egress.deny; no other rule can grant what one denies";
    case NET_REQUEST:
        return "add this method and path to the http member of a rule in network.egress.allow for this host";
    case NET_CALL:
        return "send a granted call, as application/json; or add this one to the mcp or jsonrpc member of a rule in network.egress.allow for this host";
    case NET_PLACEHOLDER:
        return "name this host and this place of the request in the secret's hosts and in members";
    case NET_PROGRAM:
        return "name this program in the programs member of the rule";
    case NET_BUDGET:
        return "raise the budget of the rule, or begin anew";
    case NET_CROWDED:
        return "send it again when fewer requests are under way";
    case NET_MALFORMED:
        return "send a request that can be read in one way only (RFC 9112)";
    case NET_OTHER_NAME:
        return "open a connection of its own for each host";
    default:
        return "add a rule to network.egress.allow that grants this request";
    }
}

bool answer_body(const struct answer *answer, struct buffer *ret_body)
{
    struct text text auto_text = {0};
    struct json json = JSON_INIT(&text, 0);

    json_begin_object(&json, NULL);
    json_begin_object(&json, "error");
    json_add_string(&json, "code", answer->code);
    json_add_string(&json, "message", answer->message);
    json_add_string(&json, "reason", answer->reason);
    json_add_string(&json, "rule", answer->rule);
    json_add_string(&json, "remedy", answer->remedy);
    json_add_string(&json, "method", answer->method);
    json_add_string(&json, "path", answer->path);
    json_end(&json);
    json_end(&json);
    text_add(&text, "\n");
    return !text.is_broken && buffer_add(ret_body, text.data, text.length);
}

static const char *phrase(unsigned status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 413:
        return "Content Too Large";
    case 421:
        return "Misdirected Request";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 503:
        return "Service Unavailable";
    default:
        return "Bad Gateway";
    }
}

bool answer_http1(const struct answer *answer, bool has_body, bool closes, struct buffer *out)
{
    struct buffer body = {0};
    char head[256];
    int length;
    bool is_added;

    if (!answer_body(answer, &body)) {
        buffer_finish(&body);
        return false;
    }
    length = snprintf(head, sizeof(head),
                      "HTTP/1.1 %u %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n"
                      "%s%s\r\n", answer->status, phrase(answer->status), body.size,
                      answer->status == 405 ? "Allow: POST\r\n" : "", closes ? "Connection: close\r\n" : "");
    is_added = buffer_add(out, head, (size_t)length) && (!has_body || buffer_add(out, buffer_bytes(&body), body.size));
    buffer_finish(&body);
    return is_added;
}
