/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/tile.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"

#define GROUPS_MAX 7 /* of three digits: 2^64 has 20 */

size_t tile_path(int level, uint64_t index, unsigned width, char ret_path[TILE_PATH_SIZE])
{
    unsigned groups[GROUPS_MAX], count = 0;
    int length = level == TILE_ENTRIES ? snprintf(ret_path, TILE_PATH_SIZE, "tile/entries")
                                       : snprintf(ret_path, TILE_PATH_SIZE, "tile/%d", level);

    do {
        groups[count++] = (unsigned)(index % 1000);
        index /= 1000;
    } while (index);
    while (count-- > 0)
        length += snprintf(ret_path + length, TILE_PATH_SIZE - (size_t)length, count ? "/x%03u" : "/%03u", groups[count]);
    if (width < TILE_WIDTH)
        length += snprintf(ret_path + length, TILE_PATH_SIZE - (size_t)length, ".p/%u", width);
    return (size_t)length;
}

void tile_partials_path(int level, uint64_t index, char ret_path[TILE_PATH_SIZE])
{
    size_t length = tile_path(level, index, TILE_WIDTH, ret_path);

    text_put(ret_path + length, TILE_PATH_SIZE - length, ".p");
}

unsigned tile_width(int level, uint64_t index, uint64_t size)
{
    uint64_t hashes = level > 0 ? size >> (TILE_HEIGHT * level) : size, before = index * TILE_WIDTH;

    if (hashes <= before)
        return 0;
    return hashes - before < TILE_WIDTH ? (unsigned)(hashes - before) : TILE_WIDTH;
}

bool bundle_next(const unsigned char *bundle, size_t size, size_t *at, const unsigned char **ret_entry, size_t *ret_size)
{
    size_t length;

    if (size - *at < 2)
        return false;
    length = (size_t)bundle[*at] << 8 | bundle[*at + 1];
    if (size - *at - 2 < length)
        return false;
    *ret_entry = bundle + *at + 2;
    *ret_size = length;
    *at += 2 + length;
    return true;
}
