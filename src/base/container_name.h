/* SPDX-License-Identifier: Apache-2.0 */
/* What a person may call a container: nothing that an id, an option or a path looks like. */
#ifndef CORDON_BASE_CONTAINER_NAME_H
#define CORDON_BASE_CONTAINER_NAME_H

#include <stdbool.h>

#define CONTAINER_NAME_MAX  63
#define CONTAINER_NAME_RULE "letters, digits, '_', '.' and '-', and begins with a letter or '_'"

bool container_name_is_one(const char *name);

#endif
