/* SPDX-License-Identifier: Apache-2.0 */
/* Putting back what a program changed of the terminal, and nothing else. */
#include "base/compiler.h"
#include "sdk/terminal/state.h"

static const struct {
    unsigned change;
    const char *undo;
} undoings[] = {
    {CHANGED_LINK, "\033]8;;\033\\"},
    {CHANGED_REGION, "\0337\033[r\0338"}, /* without moving the cursor */
    {CHANGED_CHARSET, "\017\033(B"},
    {CHANGED_LOOK, "\033[m"},
    {CHANGED_KEYPAD, "\033>"},
    {CHANGED_KEYS, "\033[>4m"},
    {CHANGED_CURSOR, "\033[0 q"},
    {CHANGED_PALETTE, "\033]104\033\\"},
    {CHANGED_FOREGROUND, "\033]110\033\\"},
    {CHANGED_BACKGROUND, "\033]111\033\\"},
    {CHANGED_CURSOR_TINT, "\033]112\033\\"},
};

void terminal_restore_all(struct terminal_state *state, struct terminal_out *out)
{
    terminal_restore_modes(state, out);
    for (size_t i = 0; i < ARRAY_COUNT(undoings); i++)
        if (state->changed & undoings[i].change)
            terminal_add_text(out, undoings[i].undo);
    state->changed = 0;
    for (; state->titles; state->titles--)
        terminal_add_text(out, "\033[23;0t");
}
