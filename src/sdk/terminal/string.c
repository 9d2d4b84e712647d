/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which operating system commands (OSC) pass: titles under a mark, links to the web, colours of
 * this window, and the clipboard where the policy says so. Numbers are xterm's, but for 8 (links,
 * as VTE and iTerm2 defined them); docs/decisions/0040-terminal-filter.md has the reasons.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/compiler.h"
#include "base/utf8.h"
#include "sdk/terminal/state.h"

/* In front of every title: a contained program's window cannot pose as another. */
#define TITLE_MARK "[cordon] "

struct command {
    const char *number; /* as written */
    char *value;        /* behind the first semicolon; "" without one */
    const char *end;    /* as the program ended it: answers are ended alike */
};

struct command_rule {
    const char *number;
    void (*pass)(struct terminal_state *state, const struct command_rule *rule,
                 const struct command *command, struct terminal_out *out);
    unsigned change;
};

static void add_command(struct terminal_out *out, const struct command *command, const char *value)
{
    terminal_add_text(out, "\033]");
    terminal_add_text(out, command->number);
    terminal_add_text(out, ";");
    terminal_add_text(out, value);
    terminal_add_text(out, command->end);
}

/* ---- titles ---- */

/* What is shown of the title at `at`, 0 = a byte that is left out. */
static size_t title_length(const struct terminal_state *state, const char *at)
{
    if (state->is_utf8)
        return utf8_printable(at);
    return 1; /* controls are not here: the filter saw each byte */
}

static void pass_title(struct terminal_state *state, const struct command_rule *rule,
                       const struct command *command, struct terminal_out *out)
{
    char title[sizeof(TITLE_MARK) + TERMINAL_TITLE_MAX] = TITLE_MARK;
    size_t length = strlen(title), start = length;

    (void)rule;
    for (const char *at = command->value; *at;) {
        size_t part = title_length(state, at);

        if (part > start + TERMINAL_TITLE_MAX - length)
            break;
        memcpy(title + length, at, part);
        length += part;
        at += part ? part : 1;
    }
    title[length] = '\0';
    if (!state->titles) { /* the caller's own comes back at the end */
        terminal_add_text(out, "\033[22;0t");
        state->titles++;
    }
    add_command(out, command, title);
}

/* ---- links ---- */

static bool is_of(const char *text, size_t size, const char *others)
{
    for (size_t i = 0; i < size; i++)
        if (!isalnum((unsigned char)text[i]) && (!text[i] || !strchr(others, text[i])))
            return false;
    return true;
}

/* http or https, a plain host without a user's name in front of it, printable ASCII. */
static bool is_web_address(const char *address)
{
    const char *host = NULL;
    size_t length;

    if (strncasecmp(address, "http://", 7) == 0)
        host = address + 7;
    else if (strncasecmp(address, "https://", 8) == 0)
        host = address + 8;
    if (!host || strlen(address) > TERMINAL_LINK_MAX)
        return false;
    for (const char *at = address; *at; at++)
        if (*at <= 0x20 || *at >= 0x7f || *at == '\\')
            return false;
    length = strcspn(host, "/?#");
    return length && is_of(host, length, ".-:[]");
}

/* The identity that joins the parts of a link; others than "id" are defined by nobody. */
static void add_link_id(struct terminal_out *out, const char *parameters, size_t size)
{
    while (size) {
        const char *colon = memchr(parameters, ':', size);
        size_t length = colon ? (size_t)(colon - parameters) : size;

        if (length > 3 && length - 3 <= TERMINAL_LINK_ID_MAX && memcmp(parameters, "id=", 3) == 0 &&
            is_of(parameters + 3, length - 3, "._-")) {
            terminal_add(out, parameters, length);
            return;
        }
        length += colon != NULL;
        parameters += length;
        size -= length;
    }
}

static void pass_link(struct terminal_state *state, const struct command_rule *rule,
                      const struct command *command, struct terminal_out *out)
{
    const char *address = strchr(command->value, ';');

    if (address && is_web_address(address + 1)) {
        state->changed |= rule->change;
        terminal_add_text(out, "\033]8;");
        add_link_id(out, command->value, (size_t)(address - command->value));
        terminal_add_text(out, address);
        terminal_add_text(out, command->end);
    } else if (state->changed & rule->change) { /* what follows is no part of the last one */
        state->changed &= ~rule->change;
        add_command(out, command, ";");
    }
}

/* ---- colours ---- */

/* A colour's name or number, or the question which one it is. */
static bool is_colour(const char *value, size_t size, bool *ret_is_question)
{
    *ret_is_question = size == 1 && *value == '?';
    return *ret_is_question || (size && is_of(value, size, "#:/. "));
}

/* "index;colour" as often as there is room for it. */
static bool are_palette_colours(const char *value, bool *ret_is_question, bool *ret_is_change)
{
    do {
        size_t digits = strspn(value, "0123456789"), size;
        bool is_question;

        if (!digits || value[digits] != ';')
            return false;
        value += digits + 1;
        size = strcspn(value, ";");
        if (!is_colour(value, size, &is_question))
            return false;
        *ret_is_question |= is_question;
        *ret_is_change |= !is_question;
        value += size;
    } while (*value++ == ';');
    return true;
}

static void pass_colour(struct terminal_state *state, const struct command_rule *rule,
                        const struct command *command, struct terminal_out *out)
{
    bool is_question = false, is_change = false;

    if (rule->change == CHANGED_PALETTE) {
        if (!are_palette_colours(command->value, &is_question, &is_change))
            return;
    } else if (!is_colour(command->value, strlen(command->value), &is_question)) {
        return;
    } else {
        is_change = !is_question;
    }
    state->is_asked |= is_question;
    state->changed |= is_change ? rule->change : 0;
    add_command(out, command, command->value);
}

static void pass_colour_reset(struct terminal_state *state, const struct command_rule *rule,
                              const struct command *command, struct terminal_out *out)
{
    if (!(state->changed & rule->change)) /* the caller's own colours are not the program's */
        return;
    if (rule->change != CHANGED_PALETTE)
        state->changed &= ~rule->change;
    if (*command->value && rule->change == CHANGED_PALETTE &&
        is_of(command->value, strlen(command->value), ";")) {
        add_command(out, command, command->value);
        return;
    }
    if (*command->value)
        return;
    state->changed &= ~rule->change;
    terminal_add_text(out, "\033]");
    terminal_add_text(out, command->number);
    terminal_add_text(out, command->end);
}

/* ---- the clipboard ---- */

/* Setting only: what is in it is never told to the program. */
static void pass_clipboard(struct terminal_state *state, const struct command_rule *rule,
                           const struct command *command, struct terminal_out *out)
{
    char *data = strchr(command->value, ';');

    (void)rule;
    if (!state->may_write_clipboard || !data)
        return;
    if (strspn(command->value, "cps01234567") != (size_t)(data - command->value) ||
        !is_of(data + 1, strlen(data + 1), "+/="))
        return;
    add_command(out, command, command->value);
}

static const struct command_rule command_rules[] = {
    {"0", pass_title, 0},
    {"1", pass_title, 0},
    {"2", pass_title, 0},
    {"4", pass_colour, CHANGED_PALETTE},
    {"8", pass_link, CHANGED_LINK},
    {"10", pass_colour, CHANGED_FOREGROUND},
    {"11", pass_colour, CHANGED_BACKGROUND},
    {"12", pass_colour, CHANGED_CURSOR_TINT},
    {"52", pass_clipboard, 0},
    {"104", pass_colour_reset, CHANGED_PALETTE},
    {"110", pass_colour_reset, CHANGED_FOREGROUND},
    {"111", pass_colour_reset, CHANGED_BACKGROUND},
    {"112", pass_colour_reset, CHANGED_CURSOR_TINT},
};

void terminal_command(struct terminal_state *state, char *body, size_t size, bool is_bell,
                      struct terminal_out *out)
{
    struct command command = {.number = body, .end = is_bell ? "\a" : "\033\\"};
    char *semicolon = memchr(body, ';', size);

    command.value = semicolon ? semicolon + 1 : body + size;
    if (semicolon)
        *semicolon = '\0';
    if (size > TERMINAL_STRING_MAX && strcmp(command.number, "52") != 0)
        return;
    for (size_t i = 0; i < ARRAY_COUNT(command_rules); i++)
        if (strcmp(command_rules[i].number, command.number) == 0) {
            command_rules[i].pass(state, &command_rules[i], &command, out);
            return;
        }
}
