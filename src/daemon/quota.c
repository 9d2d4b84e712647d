/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one caller may take of the daemon: buckets that fill with time, and things that are counted while they are there. One user can be many callers:
 * in a user namespace he connects as each of his subordinate ids (subuid(5)). None of those is a uid of the machine's own accounts, so half is theirs alone.
 */
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

static bool is_further(uid_t uid)
{
    return uid > ACCOUNTS_OWN_LAST;
}

/* What all further ones have together. */
static struct account further_sum(const struct accounts *accounts, size_t *ret_count)
{
    struct account sum = {0};

    *ret_count = 0;
    for (const struct account *account = accounts->first; account; account = account->next) {
        if (!is_further(account->uid))
            continue;
        ++*ret_count;
        sum.connections += account->connections;
        sum.keepers += account->keepers;
    }
    return sum;
}

static bool has_room(const struct accounts *accounts, uid_t uid)
{
    size_t further;

    (void)further_sum(accounts, &further);
    return accounts->count < ACCOUNTS_MAX && (!is_further(uid) || further < ACCOUNTS_MAX / 2);
}

struct account *account_of(struct accounts *accounts, uid_t uid)
{
    struct account *account;

    for (account = accounts->first; account; account = account->next)
        if (account->uid == uid)
            return account;
    if (!has_room(accounts, uid))
        accounts_clean(accounts, clock_monotonic_ns());
    account = has_room(accounts, uid) ? mem_alloc(sizeof(*account)) : NULL;
    if (!account)
        return NULL;
    *account = (struct account){.uid = uid, .requests = REQUESTS_PER_SECOND, .bytes = BYTES_PER_SECOND, .filled_ns = clock_monotonic_ns(),
                                .next = accounts->first};
    accounts->first = account;
    accounts->count++;
    return account;
}

int account_may_connect(const struct accounts *accounts, const struct account *account, struct error *err)
{
    size_t ignored;

    if (account->connections >= CONNECTIONS_MAX)
        return error_set(err, ERROR_LIMIT, EDQUOT, "user %u has %d connections already, which is as many as there may be", account->uid, CONNECTIONS_MAX);
    if (is_further(account->uid) && further_sum(accounts, &ignored).connections >= CLIENTS_MAX / 2)
        return error_set(err, ERROR_LIMIT, EDQUOT, "users above %u have %d connections already, which is as many as they may have together", ACCOUNTS_OWN_LAST,
                         CLIENTS_MAX / 2);
    return 0;
}

int account_may_keep(const struct accounts *accounts, const struct account *account, struct error *err)
{
    size_t ignored;

    if (account->keepers >= KEEPERS_MAX || (is_further(account->uid) && further_sum(accounts, &ignored).keepers >= KEEPERS_OF_ALL_MAX / 2))
        return error_set(err, ERROR_LIMIT, EDQUOT, "user %u has as many kinds of containers at once as there may be (%d, half of %d for all users above %u)", account->uid,
                         KEEPERS_MAX, KEEPERS_OF_ALL_MAX, ACCOUNTS_OWN_LAST);
    return 0;
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
