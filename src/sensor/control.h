/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's audit as an administrator has it: its status, its rules, who reads. By netlink itself: two structs that the kernel
 * keeps as they are, and nothing of a library in a program that holds CAP_AUDIT_CONTROL.
 */
#ifndef CORDON_SENSOR_CONTROL_H
#define CORDON_SENSOR_CONTROL_H

#include <linux/audit.h>
#include <stdbool.h>

#include "base/error.h"

/* A socket for orders and their answers; no record comes by it. */
int control_open(int *ret_fd, struct error *err) must_check;

int control_status(int fd, struct audit_status *ret_status, struct error *err) must_check;

/* Of `status` those members that `mask` (AUDIT_STATUS_*) names. */
int control_change(int fd, unsigned mask, const struct audit_status *status, struct error *err) must_check;

/* One field of a rule: AUDIT_EXIT, AUDIT_EQUAL, -EACCES. */
struct control_field {
    unsigned field, comparison;
    int value;
};

/* A rule of `list` (AUDIT_FILTER_*) for all calls, with RECORD_KEY. One that is there already is no failure. */
int control_rule_add(int fd, unsigned list, unsigned action, const struct control_field *fields, size_t count, struct error *err) must_check;

/*
 * No records of this type (AUDIT_PROCTITLE) of those login uids, or again: the one kind of rule that can have no key. One that is there already, or is
 * not, is no failure.
 */
int control_leave_out(int fd, bool leave_out, unsigned type, unsigned login_uid_least, unsigned login_uid_most, struct error *err) must_check;

/* Take away the rules with RECORD_KEY, of `list` alone (AUDIT_NR_FILTERS = all of them). Nothing else is touched. */
int control_rules_drop(int fd, unsigned list, struct error *err) must_check;

/* Has anybody else a rule that needs what a program's calls are known by? */
int control_has_others(int fd, bool *ret_has, struct error *err) must_check;

/*
 * Hand records to `reader`, which is a netlink socket of this process, and to nobody else (*ret_done false: another one is there and
 * well), or no longer. Who is not registered gets them as one of a group; without anybody the kernel prints them into its log.
 */
int control_register(int fd, int reader, bool *ret_done, struct error *err) must_check;
int control_unregister(int fd, struct error *err) must_check;

#endif
