/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that end (docs/decisions/0226). */
#include "base/clock.h"
#include "net/rules.h"

uint64_t net_rules_now_ms(const struct net_rules *rules)
{
    uint64_t real = clock_real_ns() / NS_PER_MS, boot = clock_boot_ns() / NS_PER_MS, gone;

    if (!rules->said_boot_ms)
        return real;
    gone = rules->said_real_ms + (boot > rules->said_boot_ms ? boot - rules->said_boot_ms : 0);
    return gone > real ? gone : real;
}

/* Those that stay keep their order: the first that grants counts. */
static size_t end_of_layer(struct net_layer *layer, uint64_t now_ms, void (*ended)(void *context, const struct net_rule *rule), void *context)
{
    size_t count = layer->allow_count, kept = 0;

    for (size_t i = 0; i < count; i++) {
        struct net_rule rule = layer->allow[i];

        if (rule.until_ms && rule.until_ms <= now_ms)
            continue;
        layer->allow[i] = layer->allow[kept];
        layer->allow[kept++] = rule;
    }
    layer->allow_count = kept;
    layer->ended_count += count - kept;
    for (size_t i = kept; i < count && ended; i++)
        ended(context, &layer->allow[i]);
    return count - kept;
}

size_t net_rules_end(struct net_rules *rules, uint64_t now_ms, void (*ended)(void *context, const struct net_rule *rule), void *context)
{
    size_t count = 0;

    for (size_t i = 0; i < rules->layer_count; i++)
        count += end_of_layer(&rules->layers[i], now_ms, ended, context);
    return count;
}

uint64_t net_rules_next_end_ms(const struct net_rules *rules)
{
    uint64_t first = 0;

    for (size_t i = 0; i < rules->layer_count; i++)
        for (size_t j = 0; j < rules->layers[i].allow_count; j++) {
            uint64_t at = rules->layers[i].allow[j].until_ms;

            if (at && (!first || at < first))
                first = at;
        }
    return first;
}
