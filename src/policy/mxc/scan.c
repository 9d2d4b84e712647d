/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of tokens in a JSON text that has been parsed before. */
#include "policy/mxc/scan.h"

#include <string.h>

char scan_peek(struct scan *scan)
{
    while (scan->at < scan->size && scan->text[scan->at] && strchr(" \t\r\n", scan->text[scan->at]))
        scan->at++;
    return scan->at < scan->size ? scan->text[scan->at] : '\0';
}

bool scan_take(struct scan *scan, char character)
{
    if (scan_peek(scan) != character || scan->at >= scan->size)
        return false;
    scan->at++;
    return true;
}

void scan_string(struct scan *scan)
{
    if (!scan_take(scan, '"'))
        return;
    while (scan->at < scan->size && scan->text[scan->at] != '"')
        scan->at += scan->text[scan->at] == '\\' ? 2 : 1;
    scan->at = scan->at < scan->size ? scan->at + 1 : scan->size;
}

static void scan_word(struct scan *scan)
{
    while (scan->at < scan->size && scan->text[scan->at] &&
           !strchr(",:]} \t\r\n", scan->text[scan->at]))
        scan->at++;
}

void scan_value(struct scan *scan)
{
    size_t depth = 0;

    do {
        size_t before = scan->at;
        char next = scan_peek(scan);

        if (next == '"') {
            scan_string(scan);
        } else if (next == '{' || next == '[') {
            depth++;
            scan->at++;
        } else if (depth && (next == '}' || next == ']')) {
            depth--;
            scan->at++;
        } else if (depth && (next == ',' || next == ':')) {
            scan->at++;
        } else {
            scan_word(scan);
        }
        if (scan->at == before)
            return;
    } while (depth && scan->at < scan->size);
}

void scan_position(const struct scan *scan, size_t offset, unsigned *ret_line, unsigned *ret_bytes)
{
    size_t end = offset < scan->size ? offset : scan->size;
    size_t start = 0;
    unsigned line = 1;

    for (size_t i = 0; i < end; i++) {
        if (scan->text[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    *ret_line = line;
    *ret_bytes = (unsigned)(end - start);
}
