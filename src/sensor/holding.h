/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cordon-sensord changed of the machine's audit, and what was there before: written down before it is changed, and taken back
 * at the end, or by the next one if it was killed. What somebody else has changed since stays.
 */
#ifndef CORDON_SENSOR_HOLDING_H
#define CORDON_SENSOR_HOLDING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct holding_wish {
    uint32_t login_uid_least, login_uid_most; /* of containers; SENSOR_NO_UID = they have none of their own */
    bool names_calls;                         /* rules for calls of these that fail by EACCES, EPERM, EROFS */
};

struct holding {
    int control;   /* the kernel's audit */
    int directory; /* of the file that says what was before, locked */
    bool is_spared; /* who is no container pays nothing for its calls */
};
#define HOLDING_INIT ((struct holding){.control = -1, .directory = -1})

/* ERROR_FORBIDDEN (EAGAIN): another one runs. What one that was killed left is taken back. */
int holding_open(const char *directory, struct holding *ret_holding, struct error *err) must_check;
void holding_close(struct holding *holding);

/* Rules, room for records, and at last: on. Where audit is locked (auditctl -e 2) nothing is changed, and `*ret_is_locked`. */
int holding_begin(struct holding *holding, const struct holding_wish *wish, bool *ret_is_locked, struct error *err) must_check;

/* Somebody else set rules, or reads: from here on every program's calls are known to them again, with all records. */
int holding_unspare(struct holding *holding, struct error *err) must_check;

/* All of it, as far as nobody else has changed it since. */
int holding_end(struct holding *holding, struct error *err) must_check;

#endif
