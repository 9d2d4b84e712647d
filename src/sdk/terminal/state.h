/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the terminal filter share: where they write to, and what the program has
 * changed of the terminal, so that it can be put back when the program has gone.
 */
#ifndef CORDON_SDK_TERMINAL_STATE_H
#define CORDON_SDK_TERMINAL_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for what is passed on; whoever adds knows that there is some (see filter.c). */
struct terminal_out {
    char *bytes;
    size_t size, max;
};

/* Changes that are no mode: bits of terminal_state.changed. */
#define CHANGED_LOOK        (1u << 0) /* SGR */
#define CHANGED_CHARSET     (1u << 1)
#define CHANGED_KEYPAD      (1u << 2)
#define CHANGED_CURSOR      (1u << 3) /* its shape */
#define CHANGED_REGION      (1u << 4)
#define CHANGED_KEYS        (1u << 5) /* modifyOtherKeys */
#define CHANGED_LINK        (1u << 6)
#define CHANGED_PALETTE     (1u << 7)
#define CHANGED_FOREGROUND  (1u << 8)
#define CHANGED_BACKGROUND  (1u << 9)
#define CHANGED_CURSOR_TINT (1u << 10)

struct terminal_state {
    uint64_t modes; /* by row of control.c's table: not as the caller had it */
    unsigned changed;
    unsigned keyboards[2]; /* kitty's keyboard stack: pushed on the main and alternate screen */
    unsigned titles;       /* pushed and not popped */
    bool is_alternate;
    bool is_asked;         /* something was passed that the terminal answers with input */
    bool may_write_clipboard;
    bool is_utf8;
};

/* Longest of each kind that is passed on. */
#define TERMINAL_CONTROL_MAX   128  /* parameters of a control sequence, bytes */
#define TERMINAL_STRING_MAX    4096 /* an operating system command */
#define TERMINAL_CLIPBOARD_MAX ((size_t)128 * 1024)
#define TERMINAL_TITLE_MAX     256
#define TERMINAL_LINK_MAX      2048
#define TERMINAL_LINK_ID_MAX   64
#define TERMINAL_PUSHES_MAX    8

void terminal_add(struct terminal_out *out, const char *bytes, size_t size);
void terminal_add_text(struct terminal_out *out, const char *text);

/* control.c: `ESC mids final`, two bytes of `mids` at most. */
void terminal_escape(struct terminal_state *state, const char *mids, size_t mid_count, char final,
                     struct terminal_out *out);
/* control.c: `CSI body final`; `body` is of 0x20..0x3f and may be changed. */
void terminal_control(struct terminal_state *state, char *body, size_t size, char final,
                      struct terminal_out *out);
/* string.c: `OSC body`, ended by BEL or not. */
void terminal_command(struct terminal_state *state, char *body, size_t size, bool is_bell,
                      struct terminal_out *out);
/* restore.c: put back what was changed. */
void terminal_restore_all(struct terminal_state *state, struct terminal_out *out);
/* control.c: the part of it that is modes. */
void terminal_restore_modes(struct terminal_state *state, struct terminal_out *out);

#endif
