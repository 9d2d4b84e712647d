/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What keepers of the machine's service say of themselves, in cordond's log. A keeper is its user's process and may say anything: it is one line, in which
 * nothing turns text or ends it, named as theirs, and of one user there are so many in a while.
 */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "daemon/daemon.h"

#define SAID_MAX      20
#define SAID_NS       (60 * NS_PER_S)
#define SAID_TEXT_MAX 400

void said_hear(struct keeper *keeper, const char *text)
{
    uint64_t now = loop_now_ns(keeper->core->loop);
    struct said *said = &keeper->account->said;
    auto_text struct text line = {0};

    if (!said->since_ns || now - said->since_ns >= SAID_NS) {
        if (said->count > SAID_MAX)
            daemon_log("keepers of user %u have said %u more lines, which are not here", keeper->account->uid, said->count - SAID_MAX);
        *said = (struct said){.since_ns = now};
    }
    if (said->count < UINT32_MAX)
        said->count++;
    if (said->count > SAID_MAX)
        return;
    text_add_safe_n(&line, text, strnlen(text, SAID_TEXT_MAX));
    if (!line.is_broken)
        daemon_log("keeper %s (process %d of user %u) says: %s", keeper->id, (int)keeper->pid, keeper->account->uid, line.data);
}
