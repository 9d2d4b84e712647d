/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much is held of requests whose body is read as a whole before it goes on, and of bodies that were and are on their way: a
 * bound for all connections together, so that those of one program leave memory to the others.
 */
#ifndef CORDON_INSPECT_WHOLE_H
#define CORDON_INSPECT_WHOLE_H

#include "inspect/inspector.h"
#include "inspect/request.h"

#define WHOLE_MAX ((size_t)32 << 20)

/*
 * *share, of one request, is `size` bytes from here on. false = with that there is more than there is room for, and the request has
 * to be refused: whole_refused. Less than before is never too much.
 */
bool whole_set(struct inspector *inspector, size_t *share, size_t size);

extern const struct verdict whole_refused;

#endif
