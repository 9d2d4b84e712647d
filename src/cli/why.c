/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon why`: what was refused in a run and what would allow it; the same for what is only supposed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

#define QUESTIONS_MAX ((size_t)64 << 20)

static struct cordon_question asked;
static const char *questions_file;
static bool is_self;
static char host_text[300];

static int refuse(struct cordon_error *err, const char *text)
{
    err->kind = CORDON_ERROR_INVALID;
    err->errnum = EINVAL;
    snprintf(err->text, sizeof(err->text), "%s", text);
    return -EINVAL;
}

static int set_operation(const char *name, struct cordon_error *err)
{
    if (asked.operation && strcmp(asked.operation, name) != 0)
        return refuse(err, "one operation at a time: write one of --read, --write, --create, ...");
    asked.operation = name;
    return 0;
}

#define OPERATION(name, help_text)                                                                               \
    static int apply_##name(struct cli *cli, const char *value, struct cordon_error *err)                        \
    {                                                                                                            \
        (void)cli;                                                                                               \
        (void)value;                                                                                             \
        return set_operation(#name, err);                                                                        \
    }                                                                                                            \
    const struct option option_why_##name = {#name, 0, VALUE_NONE, NULL, help_text, apply_##name}

OPERATION(read, "reading it (default)");
OPERATION(list, "listing the directory");
OPERATION(write, "writing to what is there");
OPERATION(create, "making it");
OPERATION(delete, "removing it");
OPERATION(execute, "executing it");
OPERATION(metadata, "changing its mode, owner or times");
OPERATION(connect, "connecting to the socket file");

static int apply_path(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    (void)err;
    asked.path = value;
    return 0;
}

static int apply_rename(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    asked.second = value;
    return set_operation("rename", err);
}

static int apply_program(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    (void)err;
    asked.program = value;
    return 0;
}

/* NAME, NAME:PORT, ADDRESS:PORT, [ADDRESS]:PORT. */
static int apply_host(struct cli *cli, const char *value, struct cordon_error *err)
{
    const char *colon = strrchr(value, ':');
    char *end;
    size_t length;

    (void)cli;
    if (colon && *value != '[' && strchr(value, ':') != colon)
        colon = NULL; /* an IPv6 address alone */
    if (colon && *value == '[' && colon[-1] != ']')
        colon = NULL;
    length = colon ? (size_t)(colon - value) : strlen(value);
    if (colon) {
        errno = 0;
        asked.port = (unsigned)strtoul(colon + 1, &end, 10);
        if (errno || *end || !colon[1] || asked.port < 1 || asked.port > 65535)
            return refuse(err, "--host: write NAME:PORT with a port of 1 to 65535");
    }
    if (*value == '[' && length > 1 && value[length - 1] == ']') {
        value++;
        length -= 2;
    }
    if (!length || length >= sizeof(host_text))
        return refuse(err, "--host: a name or an address is wanted");
    memcpy(host_text, value, length);
    host_text[length] = '\0';
    asked.host = host_text;
    return set_operation("connect", err);
}

static int apply_protocol(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    (void)err;
    asked.protocol = value;
    return 0;
}

static int apply_syscall(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    asked.syscall = value;
    return set_operation("syscall", err);
}

static int apply_questions(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    (void)err;
    questions_file = value;
    return 0;
}

static int apply_self(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    (void)value;
    (void)err;
    is_self = true;
    return 0;
}

const struct option option_why_self = {"self", 0, VALUE_NONE, NULL, "inside a container: ask about this one", apply_self};
const struct option option_why_path = {"path", 0, VALUE_FILE, "PATH", "suppose something is tried with this file or directory", apply_path};
const struct option option_why_rename = {"rename-to", 0, VALUE_FILE, "PATH", "renaming it", apply_rename};
const struct option option_why_program = {"program", 0, VALUE_FILE, "FILE", "by this program", apply_program};
const struct option option_why_host = {"host", 0, VALUE_TEXT, "NAME[:PORT]", "suppose a connection to this name or address", apply_host};
const struct option option_why_protocol = {"protocol", 0, VALUE_TEXT, "tcp|udp|icmp", "of the connection (default tcp)", apply_protocol};
const struct option option_why_syscall = {"syscall", 0, VALUE_TEXT, "NAME", "suppose this system call", apply_syscall};
const struct option option_why_questions = {"questions", 0, VALUE_FILE, "FILE|-", "many questions, as JSON Lines; the answers are the same", apply_questions};

static int read_all(FILE *file, char **ret_text, size_t *ret_size)
{
    char *text = NULL;
    size_t size = 0, room = 0;

    for (;;) {
        size_t got;

        if (size == room) {
            char *more = room < QUESTIONS_MAX ? realloc(text, room ? room * 2 : 4096) : NULL;

            if (!more) {
                free(text);
                return -ENOMEM;
            }
            text = more;
            room = room ? room * 2 : 4096;
        }
        got = fread(text + size, 1, room - size, file);
        if (!got)
            break;
        size += got;
    }
    *ret_text = text;
    *ret_size = size;
    return ferror(file) ? -EIO : 0;
}

static int ask_many(struct cli *cli)
{
    bool is_input = strcmp(questions_file, "-") == 0;
    FILE *file = is_input ? stdin : fopen(questions_file, "re");
    struct cordon_error err = {0};
    char *lines = NULL, *text = NULL;
    size_t size = 0;
    int status = file ? read_all(file, &lines, &size) : -errno;

    if (file && !is_input)
        fclose(file);
    if (status < 0)
        return print_usage_error(cli, "--questions %s: %s", questions_file, strerror(-status));
    status = cordon_why_questions(cli->request, lines, size, &text, &err);
    free(lines);
    if (status < 0)
        return print_error(cli, &err, EXIT_USAGE);
    status = print_text(cli, text, 0);
    cordon_string_free(text);
    return status;
}

static uint32_t flags_of(void)
{
    const char *no_color = getenv("NO_COLOR");

    return !(no_color && *no_color) && isatty(STDOUT_FILENO) ? CORDON_WHY_COLOUR : 0;
}

int run_why(struct cli *cli)
{
    enum cordon_format format = cli->is_json ? CORDON_JSON : CORDON_TEXT;
    struct cordon_error err = {0};
    char *text = NULL;
    int status;

    if (questions_file)
        return ask_many(cli);
    if (asked.operation || asked.path) {
        if (cli->operand_count)
            return print_usage_error(cli, "why: either a recorded run or denial, or something supposed");
        if (!asked.operation)
            asked.operation = "read";
        if (!asked.path && !asked.host && !asked.syscall)
            return print_usage_error(cli, "why: --%s of what? Name it with --path", asked.operation);
        status = is_self ? cordon_why_self(&asked, format, &text, &err) : cordon_why_supposed(cli->request, &asked, flags_of(), format, &text, &err);
    } else if (is_self && cli->operand_count) {
        return print_usage_error(cli, "why --self: a container does not read records");
    } else if (is_self) {
        status = cordon_why_self(NULL, format, &text, &err);
    } else {
        status = cordon_why_recorded(cli->operand_count ? cli->operands[0] : NULL, flags_of(), format, &text, &err);
    }
    if (status < 0)
        return print_error(cli, &err, EXIT_USAGE);
    status = print_text(cli, text, 0);
    cordon_string_free(text);
    return status;
}
