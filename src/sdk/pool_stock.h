/* SPDX-License-Identifier: Apache-2.0 */
/* Containers of one kind that are kept ready: begun, waited for, given out from the oldest on, given back. pool.c says how many and to whom. */
#ifndef CORDON_SDK_POOL_STOCK_H
#define CORDON_SDK_POOL_STOCK_H

#include "sdk/container.h"
#include "sdk/pool_use.h"

#define STOCK_BEGINNING_MAX 4 /* at a time: more would only wait for each other */

struct pool_stock {
    bool is_unsealed; /* they wait for what their program is given */
    struct cordon_container *ready[CORDON_POOL_MAX]; /* the oldest first */
    struct cordon_container *beginning[STOCK_BEGINNING_MAX];
    uint32_t ready_count, beginning_count;
    struct pool_use use;
};

uint32_t stock_count(const struct pool_stock *stock);

/* Is there one to be begun for so many, or one to be given back? */
bool stock_fills(const struct pool_stock *stock, uint32_t target);
bool stock_drains(const struct pool_stock *stock, uint32_t target);

/* What has come to stand, and what has ended (*failed counts it). `request`: by which they are made. */
void stock_settle(struct pool_stock *stock, const struct cordon_request *request, uint64_t *failed);

/* The next one, which is the caller's now; NULL = none. It may not stand yet (container_settle()). */
struct cordon_container *stock_take(struct pool_stock *stock);

int stock_make(struct pool_stock *stock, const struct cordon_request *request, struct shared_assembly **last, struct error *err) must_check;
void stock_give_back(struct pool_stock *stock); /* the newest that stands */
void stock_drop_all(struct pool_stock *stock, uint64_t *counter);

/* One that says something has nothing good to say: nothing runs in it. */
bool stock_is_alive(const struct tier_ops *ops, const struct tier_run *run);

#endif
