/* SPDX-License-Identifier: Apache-2.0 */
/* The tree against RFC 6962's own recursion, written down as it stands there; every proof of small trees, and each one bit off. */
#include "audit/hasher.h"
#include "audit/merkle.h"

#include <string.h>

#include "audit/proof.h"
#include "audit/tile.h"
#include "test.h"

#define LEAVES 40

static struct merkle_hash leaves[LEAVES];

static void make_leaves(void)
{
    for (int i = 0; i < LEAVES; i++) {
        char text[16];
        int length = snprintf(text, sizeof(text), "leaf %d", i);

        merkle_leaf(text, (size_t)length, &leaves[i]);
    }
}

/* MTH(D[start:start+size]) */
static struct merkle_hash tree(uint64_t start, uint64_t size)
{
    struct merkle_hash left, right, root;
    uint64_t k = 1;

    if (size == 1)
        return leaves[start];
    while (k * 2 < size)
        k *= 2;
    left = tree(start, k);
    right = tree(start + k, size - k);
    merkle_node(&left, &right, &root);
    return root;
}

static int node(void *context, unsigned height, uint64_t index, struct merkle_hash *ret_hash, struct error *err)
{
    uint64_t size = *(uint64_t *)context;

    check(((index + 1) << height) <= size); /* never a hash that a tree of this size does not have */
    *ret_hash = tree(index << height, (uint64_t)1 << height);
    return 0;
}

static void check_hex(const struct merkle_hash *hash, const char *expected)
{
    char text[2 * MERKLE_HASH_SIZE + 1];

    for (int i = 0; i < MERKLE_HASH_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", hash->bytes[i]);
    check_string(text, expected);
}

/* As Certificate Transparency's own test data has them. */
TEST(known_trees_have_the_roots_that_others_publish)
{
    static const unsigned char inputs[][16] = {"", {0x00}, {0x10}, {0x20, 0x21}, {0x30, 0x31}, {0x40, 0x41, 0x42, 0x43}};
    static const size_t sizes[] = {0, 1, 1, 2, 2, 4};
    static const char *const roots[] = {
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    };
    struct merkle_range range = {0};
    struct merkle_hash leaf, root;

    merkle_root(&range, &root);
    check_hex(&root, roots[0]);
    for (size_t i = 0; i < ARRAY_COUNT(inputs); i++) {
        merkle_leaf(inputs[i], sizes[i], &leaf);
        merkle_add(&range, &leaf);
        merkle_root(&range, &root);
        check_hex(&root, roots[i + 1]);
    }
}

TEST(a_growing_range_has_the_root_of_the_recursion)
{
    struct merkle_range range = {0};

    make_leaves();
    for (uint64_t size = 1; size <= LEAVES; size++) {
        struct merkle_hash expected = tree(0, size), root;

        merkle_add(&range, &leaves[size - 1]);
        merkle_root(&range, &root);
        check(merkle_equal(&root, &expected));
        merkle_over(leaves, size, &root);
        check(merkle_equal(&root, &expected));
    }
}

/* Any bit of what a proof is about, or of itself, turned: it no longer holds. */
static void nothing_else_is_included(const struct proof *proof, uint64_t index, uint64_t size, const struct merkle_hash *root)
{
    struct proof other = *proof;
    struct merkle_hash wrong = *root;

    for (size_t i = 0; i < proof->count; i++) {
        other.hashes[i].bytes[i % MERKLE_HASH_SIZE] ^= 1;
        check(!merkle_is_included(&leaves[index], index, size, other.hashes, other.count, root));
        other = *proof;
    }
    wrong.bytes[31] ^= 0x80;
    check(!merkle_is_included(&leaves[index], index, size, proof->hashes, proof->count, &wrong));
    check(!merkle_is_included(&wrong, index, size, proof->hashes, proof->count, root));
    check(!merkle_is_included(&leaves[index], index, size, proof->hashes, proof->count + 1, root));
    if (proof->count)
        check(!merkle_is_included(&leaves[index], index, size, proof->hashes, proof->count - 1, root));
    for (uint64_t at = 0; at < LEAVES + 2; at++)
        check(at == index || !merkle_is_included(&leaves[index], at, size, proof->hashes, proof->count, root));
}

TEST(every_leaf_of_every_small_tree_is_proved_and_no_other)
{
    make_leaves();
    for (uint64_t size = 1; size <= LEAVES; size++) {
        struct merkle_hash root = tree(0, size);

        for (uint64_t index = 0; index < size; index++) {
            struct proof proof;
            struct error err;

            check_int(proof_inclusion(node, &size, index, size, &proof, &err), 0);
            check(merkle_is_included(&leaves[index], index, size, proof.hashes, proof.count, &root));
            nothing_else_is_included(&proof, index, size, &root);
        }
    }
}

TEST(every_growth_of_small_trees_is_proved_and_no_other)
{
    make_leaves();
    for (uint64_t size = 0; size <= LEAVES; size++) {
        struct merkle_hash root = size ? tree(0, size) : leaves[0];

        for (uint64_t old_size = 0; old_size <= size; old_size++) {
            struct merkle_hash old_root = old_size ? tree(0, old_size) : leaves[0];
            struct proof proof;
            struct error err;

            check_int(proof_consistency(node, &size, old_size, size, &proof, &err), 0);
            check(merkle_is_consistent(old_size, &old_root, size, &root, proof.hashes, proof.count));
            for (size_t i = 0; i < proof.count; i++) {
                proof.hashes[i].bytes[0] ^= 1;
                check(!merkle_is_consistent(old_size, &old_root, size, &root, proof.hashes, proof.count));
                proof.hashes[i].bytes[0] ^= 1;
            }
            if (proof.count)
                check(!merkle_is_consistent(old_size, &old_root, size, &root, proof.hashes, proof.count - 1));
            check(!merkle_is_consistent(old_size, &old_root, size, &root, proof.hashes, proof.count + 1));
            if (old_size) {
                old_root.bytes[7] ^= 2;
                check(!merkle_is_consistent(old_size, &old_root, size, &root, proof.hashes, proof.count));
            }
        }
    }
}

TEST(tiles_have_the_names_of_the_specification)
{
    char path[TILE_PATH_SIZE];

    tile_path(0, 1234067, 256, path);
    check_string(path, "tile/0/x001/x234/067");
    tile_path(2, 0, 17, path);
    check_string(path, "tile/2/000.p/17");
    tile_path(TILE_ENTRIES, 273, 112, path);
    check_string(path, "tile/entries/273.p/112");
    tile_path(7, UINT64_MAX, 255, path);
    check_string(path, "tile/7/x018/x446/x744/x073/x709/x551/615.p/255");
}

TEST(a_tree_has_the_tiles_of_the_specification)
{
    check_int(tile_width(0, 272, 70000), 256);
    check_int(tile_width(0, 273, 70000), 112);
    check_int(tile_width(0, 274, 70000), 0);
    check_int(tile_width(1, 0, 70000), 256);
    check_int(tile_width(1, 1, 70000), 17);
    check_int(tile_width(2, 0, 70000), 1);
    check_int(tile_width(1, 0, 256), 1);
    check_int(tile_width(0, 1, 256), 0);
    check_int(tile_width(TILE_ENTRIES, 1, 300), 44);
}

/* Entries of many sizes, in groups of many sizes. */
TEST(two_threads_make_the_leaves_that_one_makes)
{
    static unsigned char bundle[2000 * 300];
    static struct merkle_hash found[2000], expected[2000];
    struct hasher *hasher = NULL;
    struct error err;

    check_int(hasher_new(true, &hasher, &err), 0);
    for (size_t count = 1; count < 2000; count += 1 + count / 3) {
        size_t at = 0;

        for (size_t i = 0; i < count; i++) {
            const size_t size = i * 37 % 290;

            bundle[at] = (unsigned char)(size >> 8);
            bundle[at + 1] = (unsigned char)size;
            memset(bundle + at + 2, (int)(i + count), size);
            merkle_leaf(bundle + at + 2, size, &expected[i]);
            at += 2 + size;
        }
        memset(found, 0, sizeof(found));
        hasher_leaves(hasher, bundle, at, count, found);
        check(memcmp(found, expected, count * sizeof(*found)) == 0);
    }
    hasher_free(hasher);
    merkle_release();
}
