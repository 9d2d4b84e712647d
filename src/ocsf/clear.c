/* SPDX-License-Identifier: Apache-2.0 */
/* In place of veil.c, for a program that covers nothing and has therefore no cryptography: what it was told to cover it does not write. */
#include "ocsf/veil.h"

enum veil_mode veil_arguments(const struct veil *veil)
{
    return veil ? VEIL_SEALED : VEIL_CLEAR;
}

enum veil_mode veil_paths(const struct veil *veil)
{
    return veil_arguments(veil);
}

const char *veil_mode_name(enum veil_mode mode)
{
    return mode == VEIL_CLEAR ? "clear" : "sealed";
}

size_t veil_cover(struct veil *veil, enum veil_mode mode, const char *record, size_t record_size, const char *member, const char *text, size_t size,
                  char ret_token[VEIL_TOKEN_MAX])
{
    return 0;
}
