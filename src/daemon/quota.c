/* SPDX-License-Identifier: Apache-2.0 */
/* What one caller may take of the daemon: buckets that fill with time, and things that are counted while they are there. */
#include <errno.h>

#include "base/clock.h"
#include "base/memory.h"
#include "daemon/daemon.h"

void accounts_clean(struct accounts *accounts, uint64_t now_ns)
{
    for (struct account **at = &accounts->first; *at;) {
        struct account *account = *at;

        if (account->connections || account->containers || account->keepers || now_ns - account->filled_ns < NS_PER_S) {
            at = &account->next;
            continue;
        }
        *at = account->next;
        accounts->count--;
        mem_free(account);
    }
}

struct account *account_of(struct accounts *accounts, uid_t uid)
{
    struct account *account;

    for (account = accounts->first; account; account = account->next)
        if (account->uid == uid)
            return account;
    if (accounts->count >= ACCOUNTS_MAX)
        accounts_clean(accounts, clock_monotonic_ns());
    account = accounts->count < ACCOUNTS_MAX ? mem_alloc(sizeof(*account)) : NULL;
    if (!account)
        return NULL;
    *account = (struct account){.uid = uid, .requests = REQUESTS_PER_SECOND, .bytes = BYTES_PER_SECOND, .filled_ns = clock_monotonic_ns(),
                                .next = accounts->first};
    accounts->first = account;
    accounts->count++;
    return account;
}

static uint64_t filled(uint64_t left, uint64_t per_second, uint64_t ns)
{
    uint64_t more = ns >= NS_PER_S ? per_second : per_second * ns / NS_PER_S;

    return left + more > per_second ? per_second : left + more;
}

int account_charge(struct account *account, const struct protocol_message *message, size_t size, uint64_t now_ns, struct error *err)
{
    static const unsigned costs[] = {[PROTOCOL_FREE] = 0, [PROTOCOL_REQUEST] = 1, [PROTOCOL_CONTAINER] = 1, [PROTOCOL_QUERY] = QUERY_REQUESTS};
    unsigned cost = costs[message->row->quota];
    uint64_t passed = now_ns - account->filled_ns;

    if (passed >= NS_PER_MS) {
        account->requests = filled(account->requests, REQUESTS_PER_SECOND, passed);
        account->bytes = filled(account->bytes, BYTES_PER_SECOND, passed);
        account->filled_ns = now_ns;
    }
    if (account->requests < cost)
        return error_set(err, ERROR_LIMIT, EAGAIN, "more than %d requests a second of user %u: wait a moment", REQUESTS_PER_SECOND, account->uid);
    if (account->bytes < size)
        return error_set(err, ERROR_LIMIT, EAGAIN, "more than %u bytes a second of user %u: wait a moment", BYTES_PER_SECOND, account->uid);
    if (message->row->quota == PROTOCOL_CONTAINER && account->containers >= CONTAINERS_MAX)
        return error_set(err, ERROR_LIMIT, EDQUOT, "user %u has %d containers already, which is as many as there may be", account->uid, CONTAINERS_MAX);
    account->requests -= cost;
    account->bytes -= size;
    return 0;
}
