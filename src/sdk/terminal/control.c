/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which escape and control sequences pass: those that have a row here. Numbers and meanings are
 * those of xterm's ctlseqs and of ECMA-48; docs/decisions/0040-terminal-filter.md says why each one
 * passes, and what the well-known ones do that have no row.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "sdk/terminal/state.h"

#define NUMBER_MAX  32767 /* what terminals clip to; larger ones have broken some */
#define NUMBERS_MAX 32

/* ---- modes ---- */

enum mode_end { END_RESET, END_SET, END_LEFT };

/* At the end of the run a mode that was changed goes back to what shells expect. */
struct mode {
    char kind; /* '?' = private (DEC, xterm), 0 = of ECMA-48 */
    unsigned short number;
    enum mode_end end;
    bool is_reporting; /* makes the terminal send input by itself */
};

#define ALTERNATE(number) ((number) == 47 || (number) == 1047 || (number) == 1049)

/* The order is the one in which they are put back. */
static const struct mode modes[] = {
    {'?', 2026, END_RESET, false}, /* synchronized output */
    {'?', 9, END_RESET, true},     /* mouse: presses */
    {'?', 1000, END_RESET, true},  /* and releases */
    {'?', 1002, END_RESET, true},  /* and drags */
    {'?', 1003, END_RESET, true},  /* and moves */
    {'?', 1004, END_RESET, true},  /* focus */
    {'?', 1005, END_RESET, false}, /* coordinates of the mouse as UTF-8 */
    {'?', 1006, END_RESET, false}, /* as decimal numbers */
    {'?', 1015, END_RESET, false}, /* as rxvt's numbers */
    {'?', 1016, END_RESET, false}, /* in pixels */
    {'?', 1007, END_LEFT, false},  /* wheel as cursor keys */
    {'?', 2031, END_RESET, true},  /* light or dark */
    {'?', 2048, END_RESET, true},  /* size, in band */
    {'?', 2004, END_RESET, false}, /* bracketed paste */
    {'?', 2027, END_RESET, false}, /* grapheme clusters */
    {'?', 1, END_RESET, false},    /* cursor keys */
    {'?', 66, END_RESET, false},   /* keypad */
    {'?', 4, END_RESET, false},    /* smooth scrolling */
    {'?', 5, END_RESET, false},    /* reverse video */
    {'?', 6, END_RESET, false},    /* origin */
    {'?', 69, END_RESET, false},   /* left and right margins */
    {'?', 7, END_SET, false},      /* wrapping */
    {'?', 45, END_RESET, false},   /* wrapping backwards */
    {'?', 8, END_SET, false},      /* repeating keys */
    {'?', 1034, END_RESET, false}, /* eighth bit as meta */
    {'?', 1048, END_LEFT, false},  /* the saved cursor */
    {'?', 12, END_LEFT, false},    /* blinking: the shape's end covers it */
    {0, 4, END_RESET, false},      /* inserting */
    {0, 20, END_RESET, false},     /* new line */
    {'?', 1049, END_RESET, false}, /* alternate screen */
    {'?', 1047, END_RESET, false},
    {'?', 47, END_RESET, false},
    {'?', 25, END_SET, false}, /* cursor shown */
};
_Static_assert(ARRAY_COUNT(modes) <= 64, "one bit each");

static void add_number(struct terminal_out *out, const char *before, unsigned number, char after)
{
    char text[32];

    snprintf(text, sizeof(text), "%s%u%c", before, number, after);
    terminal_add_text(out, text);
}

/* Kitty's keyboard stacks belong to the screens: popped before the screen is left. */
static void pop_keyboards(struct terminal_state *state, struct terminal_out *out)
{
    unsigned *pushed = &state->keyboards[state->is_alternate];

    if (*pushed)
        add_number(out, "\033[<", *pushed, 'u');
    *pushed = 0;
}

void terminal_restore_modes(struct terminal_state *state, struct terminal_out *out)
{
    pop_keyboards(state, out);
    for (size_t i = 0; i < ARRAY_COUNT(modes); i++)
        if (state->modes >> i & 1 && modes[i].end != END_LEFT)
            add_number(out, modes[i].kind ? "\033[?" : "\033[", modes[i].number,
                       modes[i].end == END_SET ? 'h' : 'l');
    state->modes = 0;
    if (state->is_alternate) {
        state->is_alternate = false;
        pop_keyboards(state, out);
    }
    state->keyboards[0] = state->keyboards[1] = 0;
}

static int find_mode(char kind, unsigned number)
{
    for (size_t i = 0; i < ARRAY_COUNT(modes); i++)
        if (modes[i].kind == kind && modes[i].number == number)
            return (int)i;
    return -1;
}

/* ---- control sequences ---- */

struct control {
    char kind;        /* '<' '=' '>' '?' or 0 */
    char mid;         /* the one byte of 0x20..0x2f before the final one, or 0 */
    char final;
    const char *text; /* the parameters as written, numbers clipped */
    uint16_t numbers[NUMBERS_MAX]; /* one that was left out is 0 */
    size_t count;
    bool has_parts; /* a colon: only for SGR */
};

struct control_rule {
    char kind, mid;
    const char *finals;
    size_t count_max;
    const unsigned short *firsts; /* what the first number may be, ended by ANY_END; NULL = any */
    unsigned change;
    bool is_question; /* the terminal answers, in a form that the program cannot choose */
    bool (*decide)(struct terminal_state *state, const struct control *control,
                   struct terminal_out *out); /* true = pass as it is; NULL = pass */
};

#define ANY_END  0xffff
#define ONLY(...) ((const unsigned short[]){__VA_ARGS__, ANY_END})

static void pass(const struct control *control, struct terminal_out *out)
{
    char mid_and_final[] = {control->mid, control->final};
    bool has_mid = control->mid != 0;

    terminal_add_text(out, "\033[");
    if (control->kind)
        terminal_add(out, &control->kind, 1);
    terminal_add_text(out, control->text);
    terminal_add(out, mid_and_final + !has_mid, 1 + has_mid);
}

static void note_mode(struct terminal_state *state, size_t row, char final)
{
    bool is_set = final == 'h';
    bool is_default = final != 'r' && is_set == (modes[row].end == END_SET);
    uint64_t bit = 1ull << row;

    if (final == 's')
        return;
    state->modes = is_default ? state->modes & ~bit : state->modes | bit;
    if (modes[row].kind == '?' && ALTERNATE(modes[row].number) && final != 'r')
        state->is_alternate = is_set;
    if (modes[row].is_reporting && final != 'l')
        state->is_asked = true;
}

/* Of several modes in one sequence those pass that have a row. */
static void pass_known_modes(const struct control *control, struct terminal_out *out)
{
    char text[TERMINAL_CONTROL_MAX + 8];
    struct control rest = *control;
    size_t length = 0;

    for (size_t i = 0; i < control->count; i++)
        if (find_mode(control->kind, control->numbers[i]) >= 0)
            length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%u",
                                       length ? ";" : "", control->numbers[i]);
    rest.text = text;
    if (length)
        pass(&rest, out);
}

static bool decide_modes(struct terminal_state *state, const struct control *control,
                         struct terminal_out *out)
{
    bool are_known = control->count != 0;

    for (size_t i = 0; i < control->count; i++) {
        int row = find_mode(control->kind, control->numbers[i]);

        if (row < 0)
            are_known = false;
        else
            note_mode(state, (size_t)row, control->final);
    }
    if (!are_known)
        pass_known_modes(control, out);
    return are_known;
}

static bool decide_push(struct terminal_state *state, const struct control *control,
                        struct terminal_out *out)
{
    unsigned *pushed = &state->keyboards[state->is_alternate];

    (void)control;
    (void)out;
    if (*pushed == TERMINAL_PUSHES_MAX)
        return false;
    ++*pushed;
    return true;
}

/* What was on the stack before belongs to the caller. */
static bool decide_pop(struct terminal_state *state, const struct control *control,
                       struct terminal_out *out)
{
    unsigned *pushed = &state->keyboards[state->is_alternate];
    unsigned asked = control->count && control->numbers[0] ? control->numbers[0] : 1;

    if (asked > *pushed)
        asked = *pushed;
    *pushed -= asked;
    if (asked)
        add_number(out, "\033[<", asked, 'u');
    return false;
}

static bool decide_change(struct terminal_state *state, const struct control *control,
                          struct terminal_out *out)
{
    if (!state->keyboards[state->is_alternate] && decide_push(state, control, out))
        terminal_add_text(out, "\033[>0u");
    return true;
}

/* The title is pushed and popped as often as the program itself pushed it; sizes are told. */
static bool decide_window(struct terminal_state *state, const struct control *control,
                          struct terminal_out *out)
{
    (void)out;
    switch (control->numbers[0]) {
    case 22:
    case 23:
        if ((control->count > 1 && control->numbers[1] > 2) ||
            (control->count > 2 && control->numbers[2] != 0))
            return false;
        if (control->numbers[0] == 22 ? state->titles == TERMINAL_PUSHES_MAX : !state->titles)
            return false;
        state->titles += control->numbers[0] == 22 ? 1 : -1u;
        return true;
    default:
        state->is_asked = true;
        return control->count == 1;
    }
}

/* What was on the screen before the run stays to be scrolled back to. */
static bool decide_erase(struct terminal_state *state, const struct control *control,
                         struct terminal_out *out)
{
    (void)state;
    (void)out;
    return control->count < 2 && (!control->count || control->numbers[0] <= 2);
}

static const struct control_rule control_rules[] = {
    /* looks: first, for it is the one of which there are most */
    {.finals = "m", .count_max = NUMBERS_MAX, .change = CHANGED_LOOK},
    /* text, cursor, tabs, scrolling; ECMA-48 8.3 */
    {.finals = "@ABCDEFGHILMPSTXZ`abdefg", .count_max = 2},
    {.finals = "J", .count_max = 1, .decide = decide_erase},
    {.finals = "K", .count_max = 1, .firsts = ONLY(0, 1, 2)},
    {.kind = '?', .finals = "JK", .count_max = 1, .firsts = ONLY(0, 1, 2)},
    {.finals = "hl", .count_max = NUMBERS_MAX, .decide = decide_modes},
    {.kind = '?', .finals = "hlsr", .count_max = NUMBERS_MAX, .decide = decide_modes},
    {.finals = "r", .count_max = 2, .change = CHANGED_REGION},
    {.finals = "su", .count_max = 2},
    {.kind = '?', .finals = "W", .count_max = 1, .firsts = ONLY(5)},
    {.kind = '?', .finals = "c", .count_max = 3, .change = CHANGED_CURSOR}, /* Linux' console */
    {.mid = ' ', .finals = "q", .count_max = 1, .firsts = ONLY(0, 1, 2, 3, 4, 5, 6),
     .change = CHANGED_CURSOR},
    {.mid = '"', .finals = "q", .count_max = 1, .firsts = ONLY(0, 1, 2)},
    {.mid = '!', .finals = "p", .count_max = 0},
    /* keys */
    {.kind = '>', .finals = "m", .count_max = 2, .firsts = ONLY(4), .change = CHANGED_KEYS},
    {.kind = '>', .finals = "n", .count_max = 1, .firsts = ONLY(4), .change = CHANGED_KEYS},
    {.kind = '>', .finals = "u", .count_max = 1, .decide = decide_push},
    {.kind = '<', .finals = "u", .count_max = 1, .decide = decide_pop},
    {.kind = '=', .finals = "u", .count_max = 2, .decide = decide_change},
    /* questions: what terminal, where is the cursor, which mode, how large */
    {.finals = "c", .count_max = 1, .firsts = ONLY(0), .is_question = true},
    {.kind = '>', .finals = "cq", .count_max = 1, .firsts = ONLY(0), .is_question = true},
    {.finals = "n", .count_max = 1, .firsts = ONLY(6), .is_question = true},
    {.kind = '?', .finals = "n", .count_max = 1, .firsts = ONLY(6, 996), .is_question = true},
    {.kind = '?', .mid = '$', .finals = "p", .count_max = 1, .is_question = true},
    {.mid = '$', .finals = "p", .count_max = 1, .is_question = true},
    {.kind = '?', .finals = "u", .count_max = 0, .is_question = true},
    {.kind = '?', .finals = "m", .count_max = 1, .firsts = ONLY(4), .is_question = true},
    {.finals = "t", .count_max = 3, .firsts = ONLY(14, 16, 18, 22, 23), .decide = decide_window},
};

static bool is_listed(const unsigned short *list, unsigned number)
{
    while (*list != ANY_END)
        if (*list++ == number)
            return true;
    return false;
}

static bool has_rule(const struct control_rule *rule, const struct control *control)
{
    return rule->kind == control->kind && rule->mid == control->mid &&
           strchr(rule->finals, control->final) && control->count <= rule->count_max &&
           (!rule->firsts || is_listed(rule->firsts, control->numbers[0]));
}

/* Digits at `at` become at most NUMBER_MAX, in place; returns the number. */
static unsigned clip_number(char *at, size_t *size, size_t *ret_length)
{
    size_t length = strspn(at, "0123456789");
    unsigned number = 0;
    char clipped[8];

    for (size_t i = 0; i < length && number <= NUMBER_MAX; i++)
        number = number * 10 + (unsigned)(at[i] - '0');
    *ret_length = length;
    if (number > NUMBER_MAX) { /* five digits or more */
        number = NUMBER_MAX;
        snprintf(clipped, sizeof(clipped), "%u", number);
        *ret_length = strlen(clipped);
        memcpy(at, clipped, *ret_length);
        memmove(at + *ret_length, at + length, *size - length + 1);
        *size -= length - *ret_length;
    }
    return number;
}

/* False: not of the form that ECMA-48 gives to parameters. */
static bool parse_numbers(struct control *control, char *text)
{
    size_t left = strlen(text);

    control->text = text;
    if (!left)
        return true;
    for (;;) {
        size_t length;
        unsigned number = clip_number(text, &left, &length);

        if (control->count == NUMBERS_MAX)
            return false;
        control->numbers[control->count++] = (uint16_t)number;
        text += length;
        left -= length;
        if (!*text)
            return true;
        if (*text != ';' && *text != ':')
            return false;
        control->has_parts |= *text == ':';
        text++;
        left--;
    }
}

static bool parse_control(struct control *control, char *body, size_t size)
{
    body[size] = '\0';
    if (size && strchr("<=>?", body[0])) {
        control->kind = *body++;
        size--;
    }
    if (size && body[size - 1] < 0x30) {
        control->mid = body[--size];
        body[size] = '\0';
    }
    return parse_numbers(control, body);
}

/* Does it undo what others of its kind do? */
static bool is_default(const struct control *control)
{
    if (control->kind == '>')
        return control->final == 'm' && control->count == 1;
    for (size_t i = 0; i < control->count; i++)
        if (control->numbers[i])
            return false;
    return true;
}

void terminal_control(struct terminal_state *state, char *body, size_t size, char final,
                      struct terminal_out *out)
{
    struct control control = {.final = final};

    if (!parse_control(&control, body, size))
        return;
    if (control.has_parts && (final != 'm' || control.kind || control.mid))
        return;
    for (size_t i = 0; i < ARRAY_COUNT(control_rules); i++) {
        const struct control_rule *rule = &control_rules[i];

        if (!has_rule(rule, &control))
            continue;
        if (rule->decide && !rule->decide(state, &control, out))
            return;
        if (is_default(&control))
            state->changed &= ~rule->change;
        else
            state->changed |= rule->change;
        state->is_asked |= rule->is_question;
        pass(&control, out);
        return;
    }
}

/* ---- escape sequences ---- */

/* The screen is emptied and everything is as at the start; what a full reset does beyond (the lines
 * that were scrolled away, the window's size, its encoding) is not the program's. */
static void reset(struct terminal_state *state, struct terminal_out *out)
{
    terminal_restore_all(state, out);
    terminal_add_text(out, "\033[!p\033[H\033[2J");
}

void terminal_escape(struct terminal_state *state, const char *mids, size_t mid_count, char final,
                     struct terminal_out *out)
{
    static const char plain[] = "78=>DEHMNOno|}~";
    char sequence[] = {'\033', mid_count ? mids[0] : final, final};

    if (!mid_count && final == 'c') {
        reset(state, out);
        return;
    }
    if (mid_count > 1)
        return;
    if (!mid_count) {
        if (!strchr(plain, final))
            return;
        if (final == '=')
            state->changed |= CHANGED_KEYPAD;
        else if (final == '>')
            state->changed &= ~CHANGED_KEYPAD;
        else if (strchr("no|}~", final))
            state->changed |= CHANGED_CHARSET;
    } else if (strchr("()*+", mids[0]) && strchr("0AB12UK", final)) {
        /* drawing characters, Britain, ASCII; Linux' own */
        if (mids[0] != '(' || final != 'B')
            state->changed |= CHANGED_CHARSET;
    } else if (mids[0] != '#' || !strchr("34568", final)) {
        return;
    }
    terminal_add(out, sequence, mid_count ? 3 : 2);
}
