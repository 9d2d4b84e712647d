/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

void calls_prepare(void)
{
    json_object_seed(0);
}

static void refuse(struct verdict *verdict, const char *what)
{
    *verdict = (struct verdict){.verdict = NET_REFUSE, .reason = NET_MALFORMED, .status = 400, .code = "malformed", .what = what};
}

static bool set_name(char name[CALLS_NAME_MAX], const json_t *value)
{
    if (!json_is_string(value) || json_string_length(value) >= CALLS_NAME_MAX)
        return false;
    memcpy(name, json_string_value(value), json_string_length(value) + 1);
    return true;
}

/* ---- what servers read otherwise ---- */

/*
 * Go, .NET and others take a member whose name differs in case for the one that they look for, and beyond ASCII there are
 * letters that fold to ASCII ones: the last that they find counts.
 */
static bool has_one_reading(const json_t *object, const char *const *known, size_t count)
{
    const char *key;
    const json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        for (const char *at = key; *at; at++)
            if ((unsigned char)*at >= 0x80)
                return false;
        for (size_t i = 0; i < count; i++)
            if (strcasecmp(key, known[i]) == 0 && strcmp(key, known[i]) != 0)
                return false;
    }
    return true;
}

static bool message_has_one_reading(const json_t *message)
{
    static const char *const members[] = {"jsonrpc", "id", "method", "params", "result", "error"}, *const parameters[] = {"name"};
    const json_t *method = json_object_get(message, "method");

    if (!has_one_reading(message, members, ARRAY_COUNT(members)))
        return false;
    return !json_is_string(method) || strcmp(json_string_value(method), "tools/call") != 0 ||
           has_one_reading(json_object_get(message, "params"), parameters, ARRAY_COUNT(parameters));
}

/* ---- judging ---- */

/* What a single message says; false: *ret_verdict. */
static bool read_call(const json_t *message, struct calls_judged *judged, struct net_request *asked, struct verdict *ret_verdict)
{
    const json_t *version = json_object_get(message, "jsonrpc"), *method = json_object_get(message, "method");

    judged->call[0] = judged->tool[0] = '\0';
    asked->has_call = true;
    asked->call = judged->call;
    asked->tool = NULL;
    if (!json_is_object(message) || !json_is_string(version) || strcmp(json_string_value(version), "2.0") != 0) {
        refuse(ret_verdict, "a body that is no JSON-RPC 2.0");
        return false;
    }
    if (!message_has_one_reading(message)) {
        refuse(ret_verdict, "a member whose name some servers take for another's: in other case, or not in ASCII");
        return false;
    }
    if (!method && (json_object_get(message, "result") || json_object_get(message, "error")))
        return true; /* an answer to the server */
    if (!method || !set_name(judged->call, method) || !judged->call[0]) {
        refuse(ret_verdict, "a call whose method is no text of 1 to 127 bytes");
        return false;
    }
    if (strcmp(judged->call, "tools/call") != 0)
        return true;
    if (!set_name(judged->tool, json_object_get(json_object_get(message, "params"), "name"))) {
        refuse(ret_verdict, "a tools/call whose params.name is no text of up to 127 bytes");
        return false;
    }
    asked->tool = judged->tool;
    return true;
}

static bool judge_one(struct flow *flow, const json_t *message, const struct net_request *request,
                      struct calls_judged *judged, struct verdict *ret_verdict)
{
    struct net_request asked = *request;

    if (!read_call(message, judged, &asked, ret_verdict))
        return false;
    request_judge(flow, &asked, ret_verdict);
    if (ret_verdict->verdict == NET_ASK_CALL)
        ret_verdict->verdict = NET_REFUSE;
    return ret_verdict->verdict == NET_PERMIT;
}

/* It is one request, so it counts once. */
static bool refuse_mixed(struct verdict *verdict)
{
    *verdict = (struct verdict){.verdict = NET_REFUSE, .reason = NET_CALL, .status = 403, .code = "denied",
                                .what = "a batch whose calls count for different budgets: send them one by one"};
    return false;
}

static bool judge_all(struct flow *flow, const json_t *root, const struct net_request *request, struct calls_judged *judged,
                      struct verdict *ret_verdict)
{
    struct budget_use first = {0};

    if (!json_is_array(root))
        return judge_one(flow, root, request, judged, ret_verdict);
    judged->is_several = json_array_size(root) > 1;
    if (!json_array_size(root))
        refuse(ret_verdict, "a batch without a call");
    for (size_t i = 0; i < json_array_size(root); i++) {
        if (!judge_one(flow, json_array_get(root, i), request, judged, ret_verdict))
            return false;
        if (i && !budget_uses_equal(&first, &ret_verdict->budgets))
            return refuse_mixed(ret_verdict);
        first = ret_verdict->budgets;
    }
    return json_array_size(root);
}

int calls_judge(struct flow *flow, const struct net_request *request, const char *body, size_t size, struct buffer *out,
                struct calls_judged *ret_judged, struct verdict *ret_verdict)
{
    json_error_t error;
    json_t *root = json_loadb(body, size, JSON_REJECT_DUPLICATES, &error);
    int status = 0;
    char *text;

    *ret_judged = (struct calls_judged){.call = ""};
    if (!root && json_error_code(&error) == json_error_out_of_memory)
        return -ENOMEM;
    if (!root) {
        refuse(ret_verdict, "a body that is no strict JSON, or names a member twice");
        return 0;
    }
    if (judge_all(flow, root, request, ret_judged, ret_verdict)) {
        text = json_dumps(root, JSON_COMPACT | JSON_ENCODE_ANY);
        status = text && buffer_add(out, text, strlen(text)) ? 0 : -ENOMEM;
        free(text);
    }
    json_decref(root);
    return status;
}

struct net_request calls_kept(const struct calls_judged *judged)
{
    if (judged->is_several)
        return (struct net_request){0};
    return (struct net_request){.has_call = true, .call = judged->call, .tool = judged->tool[0] ? judged->tool : NULL};
}
