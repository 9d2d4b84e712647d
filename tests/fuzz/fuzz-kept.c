/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer target: bytes are what was written down of a container that is kept. What is taken is within its bounds, and written again says the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "keeper/kept_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_text struct text once = {0}, again = {0};
    struct kept_state state, same;
    struct error err = ERROR_INIT;

    if (kept_state_parse((const char *)data, size, &state, &err) < 0) {
        hold(err.kind == ERROR_INVALID && err.text[0]);
        return 0;
    }
    hold(state.cwd[0] == '/' && state.wanted <= KEPT_STOPPED && memchr(state.name, '\0', sizeof(state.name)) && !strchr(state.name, '/'));
    kept_state_print(&once, &state);
    hold(!once.is_broken && kept_state_parse(once.data, once.length, &same, &err) == 0);
    kept_state_print(&again, &same);
    hold(!again.is_broken && again.length == once.length && memcmp(again.data, once.data, once.length) == 0);
    return 0;
}
