/* SPDX-License-Identifier: Apache-2.0 */
/* What a comparison of policies says of one path or one destination, read from its items. */
#ifndef CORDON_TESTS_POLICY_MODEL_SAID_H
#define CORDON_TESTS_POLICY_MODEL_SAID_H

#include "policy/diff.h"
#include "policy/model/destinations.h"

bool said_covers(const struct words_list *patterns, const char *path);
/* Does some item of this kind have the path, with one of these rights? */
bool said_of_path(const struct policy_diff *diff, enum difference_kind kind, const char *path, unsigned rights);
/* Of addresses of the small world (reference.h) and public ones. By address: an item about addresses themselves. */
bool said_of_destination(const struct policy_diff *diff, enum difference_kind kind, const struct destination *to, bool by_address);

#endif
