/* SPDX-License-Identifier: Apache-2.0 */
/* For programs that run while Cordon is built: a text as a string literal of C. */
#ifndef CORDON_BASE_EMBED_H
#define CORDON_BASE_EMBED_H

#include <stddef.h>
#include <stdio.h>

static inline void embed_string(FILE *out, const char *text, size_t length)
{
    fputc('"', out);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '\n')
            fputs("\\n\"\n    \"", out);
        else if (c < 0x20 || c > 0x7e || c == '"' || c == '\\' || c == '?')
            fprintf(out, "\\%03o", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

#endif
