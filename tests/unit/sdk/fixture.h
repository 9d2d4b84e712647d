/* SPDX-License-Identifier: Apache-2.0 */
/* A home, a workspace and an installation for tests of the library over the fake tier. */
#ifndef CORDON_TESTS_SDK_FIXTURE_H
#define CORDON_TESTS_SDK_FIXTURE_H

#include "cordon/cordon.h"
#include "tier/fake/fake.h"

/* HOME and XDG directories below a new directory, which this returns; the working directory is
 * <it>/work; the fake tier succeeds with status 0. */
const char *fixture_open(void);
void fixture_close(void);

/* A request for `true` with the default policy. */
struct cordon_request *fixture_request(void);

/* All events of the one run in the store, as one text; the caller's to free(). */
char *fixture_events(void);

#endif
