/* SPDX-License-Identifier: Apache-2.0 */
/* System calls: socket, setsockopt, sendto, recvfrom, getpid, kill (0: is it there?). */
#include "sensor/control.h"

#include <errno.h>
#include <linux/netlink.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/memory.h"
#include "sensor/record.h"

#define ANSWER_BYTES 9000
#define WAIT_S       2
#define RULES_MAX    4096 /* that are looked at */

struct order {
    struct nlmsghdr head;
    union {
        struct audit_status status;
        char bytes[ANSWER_BYTES];
    };
};

/* A rule as it is sent and told: its texts follow it. */
static struct audit_rule_data *rule_of(struct order *order)
{
    return (struct audit_rule_data *)(void *)order->bytes;
}

int control_open(int *ret_fd, struct error *err)
{
    const struct timeval patience = {.tv_sec = WAIT_S};
    auto_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);

    if (fd < 0)
        return error_system(err, errno, "open the kernel's audit");
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
        return error_system(err, errno, "wait for the kernel's audit");
    *ret_fd = take_fd(fd);
    return 0;
}

static int send_order(int fd, struct order *order, unsigned type, size_t size, unsigned flags)
{
    static unsigned number;

    order->head = (struct nlmsghdr){
        .nlmsg_len = (unsigned)NLMSG_LENGTH(size), .nlmsg_type = (unsigned short)type, .nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags), .nlmsg_seq = ++number};
    return send(fd, order, order->head.nlmsg_len, 0) == (ssize_t)order->head.nlmsg_len ? 0 : -errno;
}

/* The next message of the kernel about the last order. Its size without the header, or -errno; -ETIMEDOUT. */
static ssize_t hear(int fd, unsigned number, struct order *answer)
{
    for (;;) {
        struct sockaddr_nl from = {0};
        socklen_t size = sizeof(from);
        ssize_t got = recvfrom(fd, answer, sizeof(*answer), 0, (struct sockaddr *)&from, &size);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno == EAGAIN ? -ETIMEDOUT : -errno;
        if (got >= NLMSG_HDRLEN && from.nl_pid == 0 && answer->head.nlmsg_seq == number)
            return got - NLMSG_HDRLEN;
    }
}

static int status_of(const struct order *answer, ssize_t size)
{
    int status = -EPROTO;

    if (size >= (ssize_t)sizeof(status))
        memcpy(&status, answer->bytes, sizeof(status));
    return status;
}

/* Until it is acknowledged. `ret` (NULL = none wanted): what came of this type before or after that. */
static int command(int fd, struct order *order, unsigned type, size_t size, void *ret, size_t ret_size)
{
    static struct order answer;
    bool is_done = false, has_all = !ret;
    int status = send_order(fd, order, type, size, NLM_F_ACK);

    while (status == 0 && (!is_done || !has_all)) {
        ssize_t got = hear(fd, order->head.nlmsg_seq, &answer);

        if (got < 0)
            return (int)got;
        if (answer.head.nlmsg_type == NLMSG_ERROR) {
            is_done = true;
            status = status_of(&answer, got);
        } else if (ret && answer.head.nlmsg_type == type) {
            has_all = true;
            memset(ret, 0, ret_size);
            memcpy(ret, answer.bytes, (size_t)got < ret_size ? (size_t)got : ret_size);
        }
    }
    return status;
}

int control_status(int fd, struct audit_status *ret_status, struct error *err)
{
    static struct order order;
    struct audit_status found;
    int status = command(fd, &order, AUDIT_GET, 0, &found, sizeof(found));

    if (status < 0)
        return error_system(err, -status, "ask for the state of the kernel's audit (it takes CAP_AUDIT_CONTROL)");
    if (found.pid && kill((pid_t)found.pid, 0) < 0 && errno == ESRCH)
        found.pid = 0; /* it was killed, which the kernel finds out when it has a record for it, or another one registers */
    *ret_status = found;
    return 0;
}

static int change(int fd, unsigned mask, const struct audit_status *status)
{
    static struct order order;

    memset(&order, 0, sizeof(order));
    order.status = *status;
    order.status.mask = mask;
    return command(fd, &order, AUDIT_SET, sizeof(order.status), NULL, 0);
}

int control_change(int fd, unsigned mask, const struct audit_status *status, struct error *err)
{
    int result = change(fd, mask, status);

    return result < 0 ? error_system(err, -result, "change the state of the kernel's audit") : 0;
}

static void rule_fill(struct order *order, unsigned list, unsigned action, const struct control_field *fields, size_t count)
{
    struct audit_rule_data *rule = rule_of(order);

    memset(order, 0, sizeof(*order));
    rule->flags = list;
    rule->action = action;
    rule->field_count = (unsigned)count;
    memset(rule->mask, 0xff, sizeof(rule->mask));
    for (size_t i = 0; i < count; i++) {
        rule->fields[i] = fields[i].field;
        rule->fieldflags[i] = fields[i].comparison;
        rule->values[i] = (unsigned)fields[i].value;
    }
}

int control_rule_add(int fd, unsigned list, unsigned action, const struct control_field *fields, size_t count, struct error *err)
{
    static struct order order;
    struct audit_rule_data *rule = rule_of(&order);
    int status;

    rule_fill(&order, list, action, fields, count);
    rule->fields[count] = AUDIT_FILTERKEY;
    rule->fieldflags[count] = AUDIT_EQUAL;
    rule->values[count] = rule->buflen = sizeof(RECORD_KEY) - 1;
    memcpy(order.bytes + sizeof(*rule), RECORD_KEY, sizeof(RECORD_KEY) - 1);
    rule->field_count = (unsigned)count + 1;
    status = command(fd, &order, AUDIT_ADD_RULE, sizeof(*rule) + rule->buflen, NULL, 0);
    return status < 0 && status != -EEXIST ? error_system(err, -status, "set a rule of the kernel's audit") : 0;
}

int control_leave_out(int fd, bool leave_out, unsigned type, unsigned login_uid_least, unsigned login_uid_most, struct error *err)
{
    static struct order order;
    const struct control_field fields[] = {{AUDIT_MSGTYPE, AUDIT_EQUAL, (int)type},
                                           {AUDIT_LOGINUID, AUDIT_GREATER_THAN_OR_EQUAL, (int)login_uid_least},
                                           {AUDIT_LOGINUID, AUDIT_LESS_THAN_OR_EQUAL, (int)login_uid_most}};
    int status;

    rule_fill(&order, AUDIT_FILTER_TYPE, AUDIT_NEVER, fields, ARRAY_COUNT(fields));
    status = command(fd, &order, leave_out ? AUDIT_ADD_RULE : AUDIT_DEL_RULE, sizeof(struct audit_rule_data), NULL, 0);
    return status < 0 && status != (leave_out ? -EEXIST : -ENOENT) ? error_system(err, -status, "leave records of the kernel's audit out") : 0;
}

/* Its key alone says so; the text of fields before it comes first. */
static bool is_ours(const struct audit_rule_data *rule, const char *texts, size_t size)
{
    size_t at = 0;

    for (unsigned i = 0; i < rule->field_count && i < AUDIT_MAX_FIELDS; i++) {
        bool is_text = (rule->fields[i] >= AUDIT_SUBJ_USER && rule->fields[i] <= AUDIT_OBJ_LEV_HIGH) || rule->fields[i] == AUDIT_WATCH ||
                       rule->fields[i] == AUDIT_DIR || rule->fields[i] == AUDIT_EXE || rule->fields[i] == AUDIT_FILTERKEY;

        if (is_text && (rule->values[i] > size || at > size - rule->values[i]))
            return false;
        if (rule->fields[i] == AUDIT_FILTERKEY)
            return rule->values[i] == sizeof(RECORD_KEY) - 1 && memcmp(texts + at, RECORD_KEY, sizeof(RECORD_KEY) - 1) == 0;
        at += is_text ? rule->values[i] : 0;
    }
    return false;
}

/* The first rule that is ours (of `list`), or not. 1 = there is one: its size is *ret_size. */
static int rule_find(int fd, bool ours, unsigned list, struct order *ret_rule, size_t *ret_size)
{
    static struct order order;
    int found = 0, status = send_order(fd, &order, AUDIT_LIST_RULES, 0, 0);

    for (int i = 0; status == 0 && i < RULES_MAX; i++) {
        static struct order answer;
        ssize_t got = hear(fd, order.head.nlmsg_seq, &answer);
        const struct audit_rule_data *rule = rule_of(&answer);

        if (got < 0)
            return (int)got;
        if (answer.head.nlmsg_type == NLMSG_DONE)
            return found;
        if (answer.head.nlmsg_type == NLMSG_ERROR) {
            status = status_of(&answer, got);
            if (status == 0)
                continue;
            return status;
        }
        if (found || answer.head.nlmsg_type != AUDIT_LIST_RULES || got < (ssize_t)sizeof(*rule))
            continue;
        if (is_ours(rule, rule->buf, (size_t)got - sizeof(*rule)) != ours || (list != AUDIT_NR_FILTERS && (rule->flags & ~AUDIT_FILTER_PREPEND) != list))
            continue;
        memcpy(ret_rule->bytes, answer.bytes, (size_t)got);
        *ret_size = (size_t)got;
        found = 1;
    }
    return status < 0 ? status : -E2BIG;
}

int control_rules_drop(int fd, unsigned list, struct error *err)
{
    static struct order rule;
    size_t size;
    int status = 0;

    for (int i = 0; i < RULES_MAX && (status = rule_find(fd, true, list, &rule, &size)) == 1; i++) {
        status = command(fd, &rule, AUDIT_DEL_RULE, size, NULL, 0);
        if (status < 0)
            break;
    }
    return status < 0 ? error_system(err, -status, "take back rules of the kernel's audit (auditctl -D -k " RECORD_KEY ")") : 0;
}

int control_has_others(int fd, bool *ret_has, struct error *err)
{
    static const unsigned lists[] = {AUDIT_FILTER_EXIT, AUDIT_FILTER_TASK, AUDIT_FILTER_ENTRY, AUDIT_FILTER_FS};
    static struct order rule;
    size_t size;
    int status = 0;

    for (size_t i = 0; i < ARRAY_COUNT(lists) && status == 0; i++)
        status = rule_find(fd, false, lists[i], &rule, &size);
    if (status < 0)
        return error_system(err, -status, "list the rules of the kernel's audit");
    *ret_has = status == 1;
    return 0;
}

/*
 * The order goes by the reader's own socket, whose number the kernel keeps; its answer would be among the records, so that
 * the status says whether it was done.
 */
int control_register(int fd, int reader, bool *ret_done, struct error *err)
{
    static struct order order;
    struct audit_status found;
    int status;

    memset(&order, 0, sizeof(order));
    order.status = (struct audit_status){.mask = AUDIT_STATUS_PID, .pid = (unsigned)getpid()};
    status = send_order(reader, &order, AUDIT_SET, sizeof(order.status), 0);
    if (status < 0)
        return error_system(err, -status, "register as the reader of the kernel's audit");
    status = control_status(fd, &found, err);
    if (status < 0)
        return status;
    *ret_done = found.pid == (unsigned)getpid();
    return 0;
}

int control_unregister(int fd, struct error *err)
{
    const struct audit_status nobody = {.pid = 0};
    int status = change(fd, AUDIT_STATUS_PID, &nobody);

    /* -EACCES: it is another one by now */
    return status < 0 && status != -EACCES && status != -EINVAL ? error_system(err, -status, "end as the reader of the kernel's audit") : 0;
}
