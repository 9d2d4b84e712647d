/* SPDX-License-Identifier: Apache-2.0 */
/* A request of HTTP/1.1: understood, judged, and sent anew or answered. */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "inspect/http1.h"
#include "inspect/media.h"

struct tell_request http1_told(const struct http1 *http)
{
    return (struct tell_request){.method = http->method, .path = http->path, .judged = &http->judged, .began_ns = http->began_ns};
}

void http1_forget_request(struct http1 *http)
{
    mem_free(http->path);
    http->path = NULL;
    placeholder_text_finish(&http->text);
    buffer_finish(&http->kept);
    buffer_finish(&http->body);
}

/* ---- refused ---- */

static int answer(struct http1 *http, const struct answer *answer)
{
    if (!answer_http1(answer, !http->is_head_method, http->closes, &http->flow->sides[PROGRAM].out))
        return -ENOMEM;
    if (http->closes) {
        http->flow->sides[PROGRAM].wants_end = http->flow->sides[SERVER].wants_end = true;
        http->up = UP_ENDED;
        http->down = DOWN_ENDED;
    }
    return 0;
}

/* May the connection go on? Only where it is known and near where the next request begins. */
static bool may_go_on(const struct head *head)
{
    return !head->closes && !head->expects && (!head->has_body || (head->body == HEAD_BODY_LENGTH && head->length <= HTTP1_DISCARD_MAX));
}

int http1_refuse(struct http1 *http, const struct verdict *verdict, const struct head *head)
{
    const struct tell_request told = http1_told(http);
    const struct answer refused = {
        .status = verdict->status,
        .code = verdict->code,
        .message = verdict->what ? verdict->what : "the policy of this container does not permit this request",
        .rule = verdict->where[0] ? verdict->where : NULL,
        .reason = net_reason_text(verdict->reason),
        .method = http->method,
        .path = http->path,
        .remedy = answer_remedy(verdict->reason),
    };
    int status;

    if (verdict->secret)
        tell_secret_denied(http->flow, &told, verdict->secret, verdict->where);
    else
        tell_request_denied(http->flow, &told, verdict->reason, verdict->where);
    http->closes |= !head || !may_go_on(head);
    status = answer(http, &refused);
    http1_forget_request(http);
    if (status == 0 && !http->closes)
        http->up = head->has_body ? UP_DISCARD : UP_HEAD;
    return status;
}

int http1_refuse_bytes(struct http1 *http, const char *what)
{
    const struct verdict verdict = {.reason = NET_MALFORMED, .status = 400, .code = "malformed", .what = what};

    http->method[0] = '\0';
    http->judged = (struct calls_judged){.call = ""};
    http->is_head_method = false;
    http1_forget_request(http);
    return http1_refuse(http, &verdict, NULL);
}

static int refuse_unreachable(struct http1 *http)
{
    const struct answer failed = {
        .status = 502,
        .code = "server-failed",
        .message = http->flow->failure,
        .reason = "the connection to the server could not be made safe",
        .method = http->method,
        .path = http->path,
        .remedy = "have the server present a certificate that the host believes, or name its authority in network.tls.authorities (of each document)",
    };
    int status;

    http->closes = true;
    status = answer(http, &failed);
    http1_forget_request(http);
    return status;
}

/* ---- permitted ---- */

int http1_go_on(struct http1 *http, const struct head *head)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

    if (head->expects && !buffer_add(&http->flow->sides[PROGRAM].out, go_on, sizeof(go_on) - 1))
        return -ENOMEM;
    return 0;
}

int http1_collect(struct http1 *http, const struct head *head, bool is_judged_by_body)
{
    http->is_judged_by_body = is_judged_by_body;
    http->up = UP_CALL;
    return http1_go_on(http, head);
}

/* Whether the server wants the body of one that expects to be told so, the server says: that one goes by as it comes. */
static bool is_looked_through(const struct http1 *http, const struct head *head)
{
    return http->flow->inspector->secrets && head->has_body && head->body == HEAD_BODY_LENGTH &&
           head->length <= HTTP1_FIRST_MAX && !head->expects;
}

static int send_request(struct http1 *http, const struct head *head, const struct request *request)
{
    struct stream *server = &http->flow->sides[SERVER];

    if (!http1_write_request(http, head, request, true, &server->out))
        return -ENOMEM;
    http->is_chunked[PROGRAM] = head->body == HEAD_BODY_CHUNKED;
    http->up = head->has_body ? UP_BODY : UP_WAIT;
    http->down = DOWN_HEAD;
    return head->has_body ? http1_scan_begin(http) : 0;
}

/* A body that can decide: JSON, and not packed. */
static bool is_json(const struct head *head)
{
    unsigned found = 0;

    for (unsigned i = 0; i < head->field_count; i++) {
        const struct field *field = &head->fields[i];

        if (span_is(field->name, "Content-Encoding"))
            return false;
        if (span_is(field->name, "Content-Type") && (found++ || !media_is(field->value.at, field->value.size, "application/json")))
            return false;
    }
    return found;
}

static int refuse_no_json(struct http1 *http, const struct head *head)
{
    struct verdict verdict = {.reason = NET_CALL, .status = 403, .code = "denied", .what = "the body decides, and it is no application/json in UTF-8"};

    memcpy(verdict.where, http->where, sizeof(verdict.where));
    return http1_refuse(http, &verdict, head);
}

static int collect(struct http1 *http, const struct head *head, const struct request *request, bool is_judged_by_body)
{
    if (!http1_write_request(http, head, request, false, &http->kept))
        return -ENOMEM;
    return http1_collect(http, head, is_judged_by_body);
}

int http1_pay(struct http1 *http, const struct verdict *permitted, const struct head *head)
{
    struct verdict verdict = {.reason = NET_BUDGET, .status = 429, .code = "budget", .what = "a budget of this container is used up"};
    const char *where = NULL;
    int status;

    if (flow_pay_request(http->flow, &permitted->budgets, http->taken + http->in[PROGRAM].size, &where))
        return 0;
    strncpy(verdict.where, where, sizeof(verdict.where) - 1);
    status = http1_refuse(http, &verdict, head);
    return status < 0 ? status : -EDQUOT;
}

static int judge(struct http1 *http, struct head *head, const struct request *request)
{
    struct verdict verdict;
    int status;
    struct net_request asked = {
        .method = request->method,
        .path = request->is_canonical ? request->path : NULL,
        .is_upgrade = request->is_upgrade,
        .is_empty = !head->has_body,
        .has_call = !head->has_body,
    };

    request_judge(http->flow, &asked, &verdict);
    memcpy(http->where, verdict.where, sizeof(http->where));
    http->call = asked;
    if (verdict.verdict != NET_REFUSE)
        request_judge_method(http->flow, &asked, request->other_method, &verdict);
    if (verdict.verdict == NET_REFUSE)
        return http1_refuse(http, &verdict, head);
    status = http1_check_head(http, head, request);
    if (status < 0)
        return status == -EACCES ? 0 : status;
    if (http->flow->failure[0])
        return refuse_unreachable(http);
    if (verdict.verdict == NET_PERMIT)
        status = http1_pay(http, &verdict, head);
    if (status < 0)
        return status == -EDQUOT ? 0 : status;
    if (verdict.verdict == NET_ASK_CALL && !is_json(head))
        return refuse_no_json(http, head);
    head->closes |= head->has_body && !hold_expects_body(head->method.at, head->method.size);
    http->closes = head->closes;
    if (http->flow->hold)
        return http1_held_send(http, head, request, verdict.verdict == NET_ASK_CALL);
    if (verdict.verdict == NET_ASK_CALL || is_looked_through(http, head))
        return collect(http, head, request, verdict.verdict == NET_ASK_CALL);
    return send_request(http, head, request);
}

static int remember(struct http1 *http, const struct head *head, const struct request *request)
{
    http->path = mem_string(request->path);
    memcpy(http->method, request->method, sizeof(http->method));
    memcpy(http->other_method, request->other_method, sizeof(http->other_method));
    http->is_canonical = request->is_canonical;
    http->is_head_method = strcmp(request->method, "HEAD") == 0;
    http->is_old = head->is_old;
    http->upgrades = request->is_upgrade;
    http->expects = head->expects;
    http->closes = head->closes;
    http->interim = 0;
    http->is_judged_by_body = http->may_go_by = false;
    http->judged = (struct calls_judged){.call = ""};
    http->taken = 0;
    http->began_ns = loop_now_ns(http->flow->inspector->loop);
    http->is_complete[PROGRAM] = false;
    return http->path ? 0 : -ENOMEM;
}

static bool read_request(struct http1 *http, const struct head *head, struct request *request, struct verdict *ret_verdict)
{
    if (!request_read(http->flow, head->method, head->target, head->host, request, ret_verdict))
        return false;
    for (unsigned i = 0; i < head->field_count; i++)
        if (!request_read_field(request, &head->fields[i], ret_verdict))
            return false;
    return true;
}

int http1_take_request(struct http1 *http, size_t size)
{
    static struct head head;       /* one thread, and nothing of them outlives this call */
    static struct request request;
    struct verdict verdict;
    const char *what = NULL;
    int status;

    if (head_read_request(buffer_bytes(&http->in[PROGRAM]), size, &head, &http->parsers[PROGRAM], &what) < 0)
        return http1_refuse_bytes(http, what);
    if (!read_request(http, &head, &request, &verdict)) {
        status = remember(http, &head, &request);
        if (status == 0)
            status = http1_refuse(http, &verdict, &head);
        buffer_take(&http->in[PROGRAM], size);
        return status;
    }
    head.upgrades = head.upgrades && strcmp(request.method, "GET") == 0;
    request.is_upgrade = head.upgrades;
    status = remember(http, &head, &request);
    if (status == 0)
        status = judge(http, &head, &request);
    http->taken = size;
    buffer_take(&http->in[PROGRAM], size);
    return status;
}
