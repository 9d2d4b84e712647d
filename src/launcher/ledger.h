/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has which uid of the range. Blocks belong to one caller for ever, because files of a uid may be left anywhere (one of them
 * set-user-ID) and nobody can look for them: so what is left is only ever met by other containers of the same caller. Within its
 * block a uid is given again when no process has it, as uid or as login uid.
 */
#ifndef CORDON_LAUNCHER_LEDGER_H
#define CORDON_LAUNCHER_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "launcher/range.h"

struct ledger {
    struct range range;
    int file;
    uint32_t *owners;       /* of each block; UINT32_MAX = nobody */
    unsigned char *states;  /* of each uid: enum ledger_state */
    uint32_t *next;         /* of each block: where to look for the next one */
    bool is_new;            /* the last ledger_take() made a block this caller's: */
    uint32_t new_block;
    const char *proc;       /* "/proc" */
    unsigned scans;         /* for tests */
};

enum ledger_state {
    LEDGER_LEFT = 0, /* it may still be in use: looked at before it is given */
    LEDGER_FREE,
    LEDGER_LIVE,
};

/* In `directory`, which only root may write. A ledger that is damaged is refused: it says whose files are whose. */
int ledger_open(struct ledger *ret_ledger, const char *directory, const struct range *range, struct error *err) must_check;
void ledger_close(struct ledger *ledger);

/* On disk as the caller's before this returns. ERROR_LIMIT: all of the range is in use. */
int ledger_take(struct ledger *ledger, uint32_t caller, uint32_t *ret_uid, struct error *err) must_check;
void ledger_give(struct ledger *ledger, uint32_t uid);

/* After a restart: it lives. -EINVAL for one that is not the caller's. */
int ledger_keep(struct ledger *ledger, uint32_t caller, uint32_t uid, struct error *err) must_check;

#endif
