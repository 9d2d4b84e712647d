/* SPDX-License-Identifier: Apache-2.0 */
/* System calls: openat, flock, pread, pwrite, ftruncate, fsync, unlinkat, and those of control.c. */
#include "sensor/holding.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/memory.h"
#include "sensor/control.h"
#include "sensor/sensor.h"

#define BEFORE  "before"
#define MAGIC   0x32534443u /* "CDS2": of a kernel that runs; a boot forgets both */
#define ROOM    32768u      /* records that may wait in the kernel, which asks Landlock not to wait; 64 without anybody's wish */
#define WAIT_HZ 10u         /* in ticks, for whoever makes more than the sensor reads: what is late is lost, and counted */

/* What changes, each with what it was and what it was made. */
static const struct member {
    unsigned mask;
    size_t offset;
} members[] = {
    {AUDIT_STATUS_BACKLOG_LIMIT, offsetof(struct audit_status, backlog_limit)},
    {AUDIT_STATUS_BACKLOG_WAIT_TIME, offsetof(struct audit_status, backlog_wait_time)},
    {AUDIT_STATUS_ENABLED, offsetof(struct audit_status, enabled)},
};
#define MEMBERS (sizeof(members) / sizeof(members[0]))

/* Of containers' calls nobody here needs these; without them two of four records of a refusal are left. */
static const unsigned left_out[] = {AUDIT_PROCTITLE, AUDIT_EOE};

struct before {
    uint32_t magic, mask; /* of those that were changed */
    uint32_t was[MEMBERS], made[MEMBERS];
    uint32_t login_uid_least, login_uid_most; /* whose records were left out; 0 = nobody's */
};

static uint32_t *member_of(struct audit_status *status, size_t i)
{
    return (uint32_t *)(void *)((char *)status + members[i].offset);
}

static int before_read(const struct holding *holding, struct before *ret_before, struct error *err)
{
    auto_close int fd = openat(holding->directory, BEFORE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct before before;
    ssize_t size;

    *ret_before = (struct before){.magic = MAGIC};
    if (fd < 0)
        return errno == ENOENT ? 0 : error_system(err, errno, "read what the kernel's audit was like before");
    size = read(fd, &before, sizeof(before));
    if (size == sizeof(before) && before.magic == MAGIC)
        *ret_before = before;
    return 0; /* half of one was never acted upon */
}

static int before_write(const struct holding *holding, const struct before *before, struct error *err)
{
    auto_close int fd = openat(holding->directory, BEFORE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0 || write(fd, before, sizeof(*before)) != sizeof(*before))
        return error_system(err, errno, "write down what the kernel's audit was like before");
    return 0;
}

static int leave_out(const struct holding *holding, const struct before *before, bool is_out, struct error *err)
{
    int status = 0;

    for (size_t i = 0; before->login_uid_least && i < ARRAY_COUNT(left_out) && status == 0; i++)
        status = control_leave_out(holding->control, is_out, left_out[i], before->login_uid_least, before->login_uid_most, err);
    return status;
}

/* Each member that still is what it was made. */
static int take_back(struct holding *holding, struct error *err)
{
    struct audit_status found;
    struct before before;
    int status = control_rules_drop(holding->control, AUDIT_NR_FILTERS, err);

    if (status == 0)
        status = before_read(holding, &before, err);
    if (status == 0)
        status = leave_out(holding, &before, false, err);
    if (status == 0)
        status = control_status(holding->control, &found, err);
    for (size_t i = MEMBERS; i-- > 0 && status == 0;) {
        if (!(before.mask & members[i].mask) || *member_of(&found, i) != before.made[i])
            continue;
        *member_of(&found, i) = before.was[i];
        status = control_change(holding->control, members[i].mask, &found, err);
    }
    if (status == 0 && unlinkat(holding->directory, BEFORE, 0) < 0 && errno != ENOENT)
        status = error_system(err, errno, "remove what is settled");
    return status;
}

int holding_open(const char *directory, struct holding *ret_holding, struct error *err)
{
    struct holding holding = HOLDING_INIT;
    struct audit_status found;
    int status = control_open(&holding.control, err);

    if (status < 0)
        return status;
    holding.directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (holding.directory < 0)
        status = error_system(err, errno, "open %s", directory);
    else if (flock(holding.directory, LOCK_EX | LOCK_NB) < 0)
        status = error_set(err, ERROR_FORBIDDEN, EAGAIN, "another cordon-sensord has %s", directory);
    if (status == 0)
        status = control_status(holding.control, &found, err);
    if (status == 0 && found.enabled != 2)
        status = take_back(&holding, err);
    if (status < 0) {
        holding_close(&holding);
        return status;
    }
    *ret_holding = holding;
    return 0;
}

void holding_close(struct holding *holding)
{
    fd_close_at(&holding->control);
    fd_close_at(&holding->directory);
    *holding = HOLDING_INIT;
}

/* Whoever is no container: first, so that no process is made in between that pays. */
static int spare(struct holding *holding, const struct holding_wish *wish, const struct before *before, struct error *err)
{
    const struct control_field below[] = {{AUDIT_LOGINUID, AUDIT_LESS_THAN, (int)wish->login_uid_least}},
                               above[] = {{AUDIT_LOGINUID, AUDIT_GREATER_THAN, (int)wish->login_uid_most}};
    int status;

    if (!holding->is_spared)
        return 0;
    status = leave_out(holding, before, true, err);
    if (status < 0)
        return status;
    if (wish->login_uid_least == SENSOR_NO_UID)
        return control_rule_add(holding->control, AUDIT_FILTER_TASK, AUDIT_NEVER, NULL, 0, err);
    status = control_rule_add(holding->control, AUDIT_FILTER_TASK, AUDIT_NEVER, below, 1, err);
    return status < 0 ? status : control_rule_add(holding->control, AUDIT_FILTER_TASK, AUDIT_NEVER, above, 1, err);
}

static int name_calls(const struct holding *holding, const struct holding_wish *wish, struct error *err)
{
    static const int answers[] = {EACCES, EPERM, EROFS};
    int status = 0;

    for (size_t i = 0; i < ARRAY_COUNT(answers) && status == 0; i++) {
        const struct control_field fields[] = {
            {AUDIT_EXIT, AUDIT_EQUAL, -answers[i]},
            {AUDIT_LOGINUID, AUDIT_GREATER_THAN_OR_EQUAL, (int)wish->login_uid_least},
            {AUDIT_LOGINUID, AUDIT_LESS_THAN_OR_EQUAL, (int)wish->login_uid_most},
        };

        status = control_rule_add(holding->control, AUDIT_FILTER_EXIT, AUDIT_ALWAYS, fields, ARRAY_COUNT(fields), err);
    }
    return status;
}

int holding_begin(struct holding *holding, const struct holding_wish *wish, bool *ret_is_locked, struct error *err)
{
    struct before before = {.magic = MAGIC};
    struct audit_status found, wanted;
    bool has_others = false;
    int status = control_status(holding->control, &found, err);

    if (status == 0)
        status = control_has_others(holding->control, &has_others, err);
    if (status < 0)
        return status;
    holding->is_spared = !has_others;
    if (!has_others && !found.pid && !wish->names_calls && wish->login_uid_least != SENSOR_NO_UID) {
        before.login_uid_least = wish->login_uid_least;
        before.login_uid_most = wish->login_uid_most;
    }
    *ret_is_locked = found.enabled == 2;
    if (*ret_is_locked)
        return 0;
    wanted = found;
    wanted.enabled = 1;
    if (wanted.backlog_limit && wanted.backlog_limit < ROOM) /* 0 = without limit */
        wanted.backlog_limit = ROOM;
    if (!found.pid && wanted.backlog_wait_time > WAIT_HZ) /* of an auditd it is its administrator's choice */
        wanted.backlog_wait_time = WAIT_HZ;
    for (size_t i = 0; i < MEMBERS; i++) {
        before.was[i] = *member_of(&found, i);
        before.made[i] = *member_of(&wanted, i);
        before.mask |= before.was[i] != before.made[i] ? members[i].mask : 0;
    }
    status = before_write(holding, &before, err);
    if (status == 0)
        status = spare(holding, wish, &before, err);
    if (status == 0 && wish->names_calls && wish->login_uid_least != SENSOR_NO_UID)
        status = name_calls(holding, wish, err);
    return status == 0 && before.mask ? control_change(holding->control, before.mask, &wanted, err) : status;
}

int holding_unspare(struct holding *holding, struct error *err)
{
    struct before before;
    int status = before_read(holding, &before, err);

    holding->is_spared = false;
    if (status == 0)
        status = leave_out(holding, &before, false, err);
    return status == 0 ? control_rules_drop(holding->control, AUDIT_FILTER_TASK, err) : status;
}

int holding_end(struct holding *holding, struct error *err)
{
    struct audit_status found;
    int status = control_status(holding->control, &found, err);

    if (status == 0 && found.enabled != 2)
        status = take_back(holding, err);
    return status;
}
