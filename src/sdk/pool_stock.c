/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/pool_stock.h"

#include <poll.h>
#include <string.h>

static struct cordon_container *remove_at(struct cordon_container **list, uint32_t *count, uint32_t index)
{
    struct cordon_container *container = list[index];

    --*count;
    memmove(&list[index], &list[index + 1], (*count - index) * sizeof(*list));
    return container;
}

uint32_t stock_count(const struct pool_stock *stock)
{
    return stock->ready_count + stock->beginning_count;
}

bool stock_fills(const struct pool_stock *stock, uint32_t target)
{
    return stock_count(stock) < target && stock->beginning_count < STOCK_BEGINNING_MAX;
}

bool stock_drains(const struct pool_stock *stock, uint32_t target)
{
    return stock->ready_count && stock_count(stock) > target;
}

bool stock_is_alive(const struct tier_ops *ops, const struct tier_run *run)
{
    struct pollfd polled = {.fd = ops->poll_fd(run), .events = POLLIN};

    return poll(&polled, 1, 0) == 0;
}

void stock_settle(struct pool_stock *stock, const struct cordon_request *request, uint64_t *failed)
{
    for (uint32_t i = 0; i < stock->beginning_count;) {
        int status = container_settle(stock->beginning[i], request, false, NULL);

        if (status == 0) {
            i++;
        } else if (status > 0) {
            stock->ready[stock->ready_count] = remove_at(stock->beginning, &stock->beginning_count, i);
            stock->ready_count++;
        } else {
            cordon_container_free(remove_at(stock->beginning, &stock->beginning_count, i));
            ++*failed;
        }
    }
    for (uint32_t i = 0; i < stock->ready_count;)
        if (stock_is_alive(stock->ready[i]->assembly.ops, stock->ready[i]->run)) {
            i++;
        } else {
            cordon_container_free(remove_at(stock->ready, &stock->ready_count, i));
            ++*failed;
        }
}

struct cordon_container *stock_take(struct pool_stock *stock)
{
    if (stock->ready_count)
        return remove_at(stock->ready, &stock->ready_count, 0);
    return stock->beginning_count ? remove_at(stock->beginning, &stock->beginning_count, 0) : NULL;
}

int stock_make(struct pool_stock *stock, const struct cordon_request *request, struct shared_assembly **last, struct error *err)
{
    int status = container_make_ready(request, stock->is_unsealed, last, &stock->beginning[stock->beginning_count], err);

    if (status == 0)
        stock->beginning_count++;
    return status;
}

void stock_give_back(struct pool_stock *stock)
{
    cordon_container_free(remove_at(stock->ready, &stock->ready_count, stock->ready_count - 1));
}

void stock_drop_all(struct pool_stock *stock, uint64_t *counter)
{
    *counter += stock_count(stock);
    while (stock->ready_count)
        stock_give_back(stock);
    while (stock->beginning_count)
        cordon_container_free(remove_at(stock->beginning, &stock->beginning_count, stock->beginning_count - 1));
}
