/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a log as C2SP tlog-tiles lays them out, and what is in a bundle of entries. */
#ifndef CORDON_AUDIT_TILE_H
#define CORDON_AUDIT_TILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#define TILE_WIDTH     256 /* hashes, or entries */
#define TILE_HEIGHT    8   /* a full tile is a tree of so many levels */
#define TILE_LEVELS    8   /* as many as 2^63 leaves have: the last is never full */
#define TILE_ENTRIES   (-1) /* the level of bundles of entries */
#define TILE_BYTES     (TILE_WIDTH * 32)
#define TILE_PATH_SIZE 80

#define ENTRY_SIZE_MAX  65535
#define BUNDLE_SIZE_MAX (TILE_WIDTH * (size_t)(2 + ENTRY_SIZE_MAX))

/* "tile/0/x001/234", "tile/entries/007.p/12": `width` below 256 is a partial tile. The length of the text. */
size_t tile_path(int level, uint64_t index, unsigned width, char ret_path[TILE_PATH_SIZE]);
/* The directory of the partial ones at that place. */
void tile_partials_path(int level, uint64_t index, char ret_path[TILE_PATH_SIZE]);

/* How many hashes tile `index` of this level has in a tree of `size` leaves: 0 to 256. */
unsigned tile_width(int level, uint64_t index, uint64_t size);

/*
 * The next entry of a bundle. *at is 0 at first, and moved behind it; false at the end and where the bytes are no entries
 * (*at == size tells the first).
 */
bool bundle_next(const unsigned char *bundle, size_t size, size_t *at, const unsigned char **ret_entry, size_t *ret_size);

#endif
