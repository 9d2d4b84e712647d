/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the files of this part: how rules look as bytes. One run of 32-bit numbers and counted bytes in the order of the
 * structures, each list behind its count: nothing in it points anywhere, so nothing can be used twice or overlap.
 *
 *   record: MAGIC, bytes of all; layers; inward doors; outward doors      layer: open, only denies, where; allow rules; deny rules
 *   rule:   where; peers; ports                                          peer:  host, has a block[, block; except blocks]
 *   block:  4 or 6, prefix, 4 or 16 bytes                                ports: protocol, has a port, first, last
 *   door:   port, other port, where                                      text:  its length, or RECORD_NONE, and its bytes
 */
#ifndef CORDON_NET_RECORD_H
#define CORDON_NET_RECORD_H

#define RECORD_MAGIC     0x31726e43u /* "Cnr1" */
#define RECORD_NONE      0xffffffffu
#define RECORD_WHERE_MAX 1023 /* only shown to people: longer ones are cut */

#endif
