/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: what a connection says of itself. Nothing behind the bytes is read; a name that comes out is canonical
 * and stands in them; a verdict other than 'more' does not change when more bytes come, but for HELLO_MAX; the same bytes
 * cut short by one never name somebody else.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(int condition)
{
    if (!condition)
        abort();
}

static enum hello read_exactly(const uint8_t *data, size_t size, char name[NET_NAME_SIZE])
{
    unsigned char *copy = malloc(size ? size : 1);
    enum hello hello;

    hold(copy != NULL);
    if (size)
        memcpy(copy, data, size);
    memset(name, 0, NET_NAME_SIZE);
    hello = hello_read(copy, size, name);
    free(copy);
    return hello;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char name[NET_NAME_SIZE], again[NET_NAME_SIZE];
    enum hello whole = read_exactly(data, size, name), part;

    hold(whole <= HELLO_WRONG);
    if (whole == HELLO_NAME) {
        hold(name[0] && net_name_canonical(name, strlen(name), again, NULL) == 0 && strcmp(name, again) == 0);
        hold(strlen(name) <= size);
    }
    if (size >= HELLO_MAX)
        hold(whole != HELLO_MORE);
    for (size_t cut = size > 8 ? size - 8 : 0; cut < size && size < HELLO_MAX; cut++) {
        part = read_exactly(data, cut, again);
        hold(part == HELLO_MORE || part == whole);
        hold(part != HELLO_NAME || strcmp(name, again) == 0);
    }
    return 0;
}
