/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second opinion, written for being obvious: recursion, copies and enumeration of a small world.
 * It shares no code with what it judges.
 */
#ifndef CORDON_TESTS_POLICY_MODEL_REFERENCE_H
#define CORDON_TESTS_POLICY_MODEL_REFERENCE_H

#include "policy/model/destinations.h"
#include "policy/policy.h"

bool reference_glob_covers(const char *pattern, const char *path);

/* "host:/p", "cache" or "private", as some request shows it, and what all layers permit. */
int reference_access(const struct policy *policy, const char *path, char ret_object[256]);
int reference_permits(const struct policy *policy, const char *path, const char *object);

/* May its address be asked for? */
bool reference_may_ask(const struct policy *policy, const char *host);
bool reference_may_connect(const struct policy *policy, const struct destination *destination);

/* Every path of the small world: calls `visit` until it returns false. */
bool reference_each_path(bool (*visit)(const char *path, void *data), void *data);
bool reference_each_destination(bool (*visit)(const struct destination *destination, void *data),
                                void *data);

#endif
