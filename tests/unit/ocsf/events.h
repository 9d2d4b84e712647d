/* SPDX-License-Identifier: Apache-2.0 */
/* Records of every type, as cordon-event/1 has them. */
#ifndef CORDON_TESTS_OCSF_EVENTS_H
#define CORDON_TESTS_OCSF_EVENTS_H

#include "ocsf/ocsf.h"

#define RUN_ID "01m6e7gcr0t8v6yqk3x5a9b2cd"

/* Of a run of an agent's. */
extern const struct ocsf_context test_context;

/* NULL behind the last. */
extern const char *const test_events[];

#endif
