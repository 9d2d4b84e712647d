/* SPDX-License-Identifier: Apache-2.0 */
/* Help with writing policies: all that other parts include. */
#ifndef CORDON_AUTHOR_AUTHOR_H
#define CORDON_AUTHOR_AUTHOR_H

#include "author/learn.h"
#include "author/sensitive.h"

#endif
