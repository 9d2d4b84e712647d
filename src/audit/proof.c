/* SPDX-License-Identifier: Apache-2.0 */
/* Which hashes make a proof (RFC 6962, 2.1.1 and 2.1.2): the siblings on the way down from the root. */
#include "audit/proof.h"

#include <errno.h>

struct source {
    proof_node *node;
    void *context;
};

/* The widest full subtree that is smaller than a tree of `size` > 1 leaves. */
static unsigned split_height(uint64_t size)
{
    return 63 - (unsigned)__builtin_clzll(size - 1);
}

/* The root over leaves start to start + size; start is a multiple of the power of two at or above size. */
static int root_of(const struct source *source, uint64_t start, uint64_t size, struct merkle_hash *ret_root, struct error *err)
{
    struct merkle_hash lefts[64];
    unsigned count = 0;
    int status;

    while (size & (size - 1)) {
        unsigned height = split_height(size);

        status = source->node(source->context, height, start >> height, &lefts[count++], err);
        if (status < 0)
            return status;
        start += (uint64_t)1 << height;
        size -= (uint64_t)1 << height;
    }
    status = source->node(source->context, (unsigned)__builtin_ctzll(size), start >> __builtin_ctzll(size), ret_root, err);
    while (status == 0 && count > 0)
        merkle_node(&lefts[--count], ret_root, ret_root);
    return status;
}

static int add(struct proof *proof, const struct source *source, uint64_t start, uint64_t size, struct error *err)
{
    if (proof->count == MERKLE_PROOF_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "a tree of 2^63 records or more");
    return root_of(source, start, size, &proof->hashes[proof->count++], err);
}

/* They were found from the root down and are said from the leaf up. */
static void reverse(struct proof *proof)
{
    for (size_t i = 0; i < proof->count / 2; i++) {
        struct merkle_hash hash = proof->hashes[i];

        proof->hashes[i] = proof->hashes[proof->count - 1 - i];
        proof->hashes[proof->count - 1 - i] = hash;
    }
}

int proof_inclusion(proof_node *node, void *context, uint64_t index, uint64_t size, struct proof *ret_proof, struct error *err)
{
    const struct source source = {node, context};
    struct proof proof = {.count = 0};
    uint64_t start = 0;

    if (index >= size)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "no record %llu among %llu", (unsigned long long)index, (unsigned long long)size);
    while (size > 1) {
        uint64_t half = (uint64_t)1 << split_height(size);
        bool is_right = index - start >= half;
        int status = is_right ? add(&proof, &source, start, half, err) : add(&proof, &source, start + half, size - half, err);

        if (status < 0)
            return status;
        start += is_right ? half : 0;
        size = is_right ? size - half : half;
    }
    reverse(&proof);
    *ret_proof = proof;
    return 0;
}

int proof_consistency(proof_node *node, void *context, uint64_t old_size, uint64_t size, struct proof *ret_proof, struct error *err)
{
    const struct source source = {node, context};
    struct proof proof = {.count = 0};
    bool is_whole = true; /* the old tree is all that is under this node, and its root is known */
    uint64_t start = 0;

    if (old_size > size)
        return error_set(err, ERROR_INVALID, EINVAL, "a tree of %llu records does not begin with one of %llu",
                         (unsigned long long)size, (unsigned long long)old_size);
    if (old_size == 0 || old_size == size) {
        *ret_proof = proof;
        return 0;
    }
    while (old_size - start != size) {
        uint64_t half = (uint64_t)1 << split_height(size);
        bool is_right = old_size - start > half;
        int status = is_right ? add(&proof, &source, start, half, err) : add(&proof, &source, start + half, size - half, err);

        if (status < 0)
            return status;
        is_whole = is_whole && !is_right;
        start += is_right ? half : 0;
        size = is_right ? size - half : half;
    }
    if (!is_whole) {
        int status = add(&proof, &source, start, size, err);

        if (status < 0)
            return status;
    }
    reverse(&proof);
    *ret_proof = proof;
    return 0;
}

int proof_root(proof_node *node, void *context, uint64_t size, struct merkle_hash *ret_root, struct error *err)
{
    const struct source source = {node, context};

    if (size > 0)
        return root_of(&source, 0, size, ret_root, err);
    merkle_digest("", 0, NULL, 0, ret_root);
    return 0;
}

/* ---- with a reader ---- */

static int node_of_reader(void *context, unsigned height, uint64_t index, struct merkle_hash *ret_hash, struct error *err)
{
    return reader_node(context, height, index, ret_hash, err);
}

int proof_of_entry(struct reader *reader, uint64_t index, struct proof *ret_proof, struct error *err)
{
    const struct checkpoint *checkpoint = reader_checkpoint(reader);
    struct merkle_hash leaf;
    struct proof proof;
    int status = proof_inclusion(node_of_reader, reader, index, checkpoint->size, &proof, err);

    if (status == 0)
        status = reader_node(reader, 0, index, &leaf, err);
    if (status < 0)
        return status;
    if (!merkle_is_included(&leaf, index, checkpoint->size, proof.hashes, proof.count, &checkpoint->root))
        return error_set(err, ERROR_INVALID, EBADMSG, "record %llu: the tiles do not lead to the checkpoint's root (`cordon-verify` says where)",
                         (unsigned long long)index);
    *ret_proof = proof;
    return 0;
}

int proof_of_growth(struct reader *reader, uint64_t old_size, const struct merkle_hash *old_root, struct proof *ret_proof, struct error *err)
{
    const struct checkpoint *checkpoint = reader_checkpoint(reader);
    struct proof proof;
    int status = proof_consistency(node_of_reader, reader, old_size, checkpoint->size, &proof, err);

    if (status < 0)
        return status;
    if (!merkle_is_consistent(old_size, old_root, checkpoint->size, &checkpoint->root, proof.hashes, proof.count))
        return error_set(err, ERROR_FORBIDDEN, EBADMSG, "the log of %llu records does not continue that of %llu: it has been rewritten",
                         (unsigned long long)checkpoint->size, (unsigned long long)old_size);
    *ret_proof = proof;
    return 0;
}
