/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's side where no namespace is made (docs/decisions/0055): what differs from launch.c. */
#ifndef CORDON_TIER_PROCESS_IN_PLACE_H
#define CORDON_TIER_PROCESS_IN_PLACE_H

#include "tier/tier.h"

#define IN_PLACE_PATH_MAX 64

/* A name for the run's directory, "" when the plan has nothing private. */
int in_place_name(const struct plan *plan, char ret_scratch[IN_PLACE_PATH_MAX], struct error *err) must_check;

/* Tell the supervisor to end the container; it is killed from inside, where one call reaches all of it and nothing else. */
void in_place_order_end(int control);

/* The same, and wait until the supervisor is gone. */
void in_place_end(int control);

/* What is left of a directory when the guard was killed before it could remove it; "" is fine. */
void in_place_forget(const char *scratch);

#endif
