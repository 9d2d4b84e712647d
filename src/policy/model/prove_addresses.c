/* SPDX-License-Identifier: Apache-2.0 */
/* Do addresses that are asked about lie among those of a comparison, which has them in words (diff_boxes_put.c)? */
#include <arpa/inet.h>
#include <string.h>

#include "net/special.h"
#include "policy/model/destinations.h"
#include "policy/model/differ.h"
#include "policy/model/prover.h"

static int compare_bytes(const unsigned char *a, const unsigned char *b, int family)
{
    return memcmp(a, b, family == AF_INET ? 4 : 16);
}

/* The one of the written ranges that meets the block; NULL = none. */
static const char *find_range(const struct words_list *words, const struct net_block *block)
{
    unsigned char low[16], high[16];

    block_bounds(block, low, high);
    for (size_t i = 0; i < words->count; i++) {
        char text[2 * NET_ADDRESS_TEXT_SIZE];
        unsigned char first[16] = {0}, last[16] = {0};
        struct net_block other;
        char *dash;

        if (strlen(words->items[i]) >= sizeof(text))
            continue;
        memcpy(text, words->items[i], strlen(words->items[i]) + 1);
        text[strcspn(text, " ")] = '\0'; /* "... where it is the host's own" */
        dash = strchr(text, '-');
        if (dash)
            *dash++ = '\0';
        if (net_block_parse(text, &other, NULL) < 0 || other.family != block->family)
            continue;
        block_bounds(&other, first, last);
        if (dash && inet_pton(block->family, dash, last) != 1)
            continue;
        if (compare_bytes(first, high, block->family) <= 0 && compare_bytes(low, last, block->family) <= 0)
            return words->items[i];
    }
    return NULL;
}

static const char *find_word(const struct words_list *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->items[i], word) == 0)
            return words->items[i];
    return NULL;
}

static bool is_single(const struct net_block *block)
{
    return block->prefix == (block->family == AF_INET ? 32 : 128);
}

static bool is_public(int family, const unsigned char bytes[16])
{
    struct net_address address = {.family = family};

    memcpy(address.bytes, bytes, family == AF_INET ? 4 : 16);
    return net_address_class(&address) == NET_PUBLIC;
}

/* Has the block addresses with an IPv4 address within? */
static bool may_embed(const struct net_block *block)
{
    const struct net_block *way;

    for (size_t i = 0; (way = net_embedding_block(i)); i++)
        if (net_block_contains(way, block) || net_block_contains(block, way))
            return true;
    return false;
}

/* What is special of an address changes where a row of the table begins or has ended: one of each stretch is looked at. */
static bool has_public(const struct net_block *block)
{
    unsigned char first[16], last[16], end[16];
    size_t count;
    const struct net_special *rows = net_special_rows(&count);

    block_bounds(block, first, end);
    if (is_public(block->family, first))
        return true;
    for (size_t i = 0; i < count; i++) {
        int at = block->family == AF_INET ? 3 : 15;

        if (rows[i].block.family != block->family || !net_block_contains(block, &rows[i].block))
            continue;
        block_bounds(&rows[i].block, first, last);
        if (is_public(block->family, first))
            return true;
        if (compare_bytes(last, end, block->family) >= 0)
            continue; /* nothing of the block follows it */
        while (at >= 0 && ++last[at] == 0)
            at--;
        if (is_public(block->family, last))
            return true;
    }
    return false;
}

/* A single address of this sort embeds one that is among them. */
static const char *find_embedded(const struct words_list *words, const struct net_block *block)
{
    struct net_address address = {.family = block->family}, inner;
    struct net_block one = {.family = AF_INET, .prefix = 32};
    const char *word;

    memcpy(address.bytes, block->address, sizeof(address.bytes));
    if (net_address_class(&address) == NET_UNUSABLE || !net_address_embedded(&address, &inner))
        return NULL;
    memcpy(one.address, inner.bytes, 4);
    word = find_range(words, &one);
    return word || !is_public(AF_INET, inner.bytes) ? word : find_word(words, WORDS_PUBLIC);
}

enum proof_answer words_meet(const struct words_list *words, const struct net_block *block, const char **ret_word)
{
    const char *every = find_word(words, WORDS_PUBLIC), *embedding = find_word(words, WORDS_EMBEDDING);

    *ret_word = find_range(words, block);
    if (!*ret_word && every && has_public(block))
        *ret_word = every;
    if (!*ret_word && embedding && is_single(block))
        *ret_word = find_embedded(words, block);
    if (*ret_word)
        return PROOF_POSSIBLE;
    return (every || embedding) && !is_single(block) && may_embed(block) ? PROOF_UNDECIDED : PROOF_HOLDS;
}
