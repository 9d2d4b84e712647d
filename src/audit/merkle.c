/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 6962 hashing by OpenSSL, with one context a thread. That a hash cannot be computed at all is nothing to go on after: a log
 * without hashes proves nothing, so it ends the process.
 */
#include "audit/merkle.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define LEAF_PREFIX 0x00
#define NODE_PREFIX 0x01

static _Thread_local EVP_MD_CTX *context;
static _Thread_local EVP_MD *sha256;

int merkle_prepare(struct error *err)
{
    if (context)
        return 0;
    sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    context = sha256 ? EVP_MD_CTX_new() : NULL;
    if (context && EVP_DigestInit_ex2(context, sha256, NULL))
        return 0;
    merkle_release();
    return error_set(err, ERROR_SYSTEM, ENOTSUP, "this machine's OpenSSL computes no SHA-256");
}

void merkle_release(void)
{
    EVP_MD_CTX_free(context);
    EVP_MD_free(sha256);
    context = NULL;
    sha256 = NULL;
}

static void begin(void)
{
    if (!context && merkle_prepare(NULL) < 0)
        abort();
    if (!EVP_DigestInit_ex2(context, NULL, NULL))
        abort();
}

static void take(const void *bytes, size_t size)
{
    if (!EVP_DigestUpdate(context, bytes, size))
        abort();
}

static void end(struct merkle_hash *ret_hash)
{
    if (!EVP_DigestFinal_ex(context, ret_hash->bytes, NULL))
        abort();
}

void merkle_digest(const void *first, size_t first_size, const void *second, size_t second_size, struct merkle_hash *ret_hash)
{
    begin();
    take(first, first_size);
    if (second_size)
        take(second, second_size);
    end(ret_hash);
}

void merkle_leaf(const void *entry, size_t size, struct merkle_hash *ret_hash)
{
    const unsigned char prefix = LEAF_PREFIX;

    merkle_digest(&prefix, 1, entry, size, ret_hash);
}

void merkle_node(const struct merkle_hash *left, const struct merkle_hash *right, struct merkle_hash *ret_hash)
{
    unsigned char bytes[1 + 2 * MERKLE_HASH_SIZE];

    bytes[0] = NODE_PREFIX;
    memcpy(bytes + 1, left->bytes, MERKLE_HASH_SIZE);
    memcpy(bytes + 1 + MERKLE_HASH_SIZE, right->bytes, MERKLE_HASH_SIZE);
    merkle_digest(bytes, sizeof(bytes), NULL, 0, ret_hash);
}

bool merkle_equal(const struct merkle_hash *a, const struct merkle_hash *b)
{
    return memcmp(a->bytes, b->bytes, MERKLE_HASH_SIZE) == 0;
}

/* As many full subtrees as `size` has bits: a new one meets those of its own height. */
void merkle_add_full(struct merkle_range *range, unsigned height, const struct merkle_hash *root)
{
    struct merkle_hash hash = *root;

    for (uint64_t rest = range->size >> height; rest & 1; rest >>= 1)
        merkle_node(&range->roots[--range->count], &hash, &hash);
    range->roots[range->count++] = hash;
    range->size += (uint64_t)1 << height;
}

void merkle_add(struct merkle_range *range, const struct merkle_hash *leaf)
{
    merkle_add_full(range, 0, leaf);
}

void merkle_root(const struct merkle_range *range, struct merkle_hash *ret_root)
{
    if (range->count == 0) {
        merkle_digest("", 0, NULL, 0, ret_root);
        return;
    }
    *ret_root = range->roots[range->count - 1];
    for (unsigned i = range->count - 1; i-- > 0;)
        merkle_node(&range->roots[i], ret_root, ret_root);
}

void merkle_over(const struct merkle_hash *hashes, size_t count, struct merkle_hash *ret_root)
{
    struct merkle_range range = {0};

    for (size_t i = 0; i < count; i++)
        merkle_add(&range, &hashes[i]);
    merkle_root(&range, ret_root);
}

bool merkle_is_included(const struct merkle_hash *leaf, uint64_t index, uint64_t size, const struct merkle_hash *proof,
                        size_t count, const struct merkle_hash *root)
{
    struct merkle_hash hash = *leaf;
    uint64_t at = index, last = size - 1;

    if (index >= size)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (last == 0)
            return false;
        if (at & 1 || at == last) {
            merkle_node(&proof[i], &hash, &hash);
            while (!(at & 1) && at) {
                at >>= 1;
                last >>= 1;
            }
        } else {
            merkle_node(&hash, &proof[i], &hash);
        }
        at >>= 1;
        last >>= 1;
    }
    return last == 0 && merkle_equal(&hash, root);
}

bool merkle_is_consistent(uint64_t old_size, const struct merkle_hash *old_root, uint64_t size, const struct merkle_hash *root,
                          const struct merkle_hash *proof, size_t count)
{
    uint64_t at = old_size - 1, last = size - 1;
    struct merkle_hash old_hash, hash;
    size_t next = 0;

    if (old_size > size)
        return false;
    if (old_size == 0)
        return count == 0;
    if (old_size == size)
        return count == 0 && merkle_equal(old_root, root);
    for (; at & 1; at >>= 1)
        last >>= 1;
    if (at == 0) /* the old tree is full: its root is where the proof begins */
        hash = *old_root;
    else if (count == 0)
        return false;
    else
        hash = proof[next++];
    for (old_hash = hash; next < count; next++) {
        if (last == 0)
            return false;
        if (at & 1 || at == last) {
            merkle_node(&proof[next], &old_hash, &old_hash);
            merkle_node(&proof[next], &hash, &hash);
            while (!(at & 1) && at) {
                at >>= 1;
                last >>= 1;
            }
        } else {
            merkle_node(&hash, &proof[next], &hash);
        }
        at >>= 1;
        last >>= 1;
    }
    return last == 0 && merkle_equal(&old_hash, old_root) && merkle_equal(&hash, root);
}
