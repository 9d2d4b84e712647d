/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reachability card of a request, and which documents this user has seen one of: <state>/cards holds the digests of the
 * last ones, a line each. It is written anew as a whole; who loses a race sees a card twice.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "author/reach.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "sdk/assemble.h"

#define CARDS_NAME "cards"
#define CARDS_MAX  256
#define LINE_SIZE  DIGEST_TEXT_SIZE /* with the line's end in place of the NUL */

static int print_card(struct assembly *assembly, const struct cordon_request *request, enum cordon_format format,
                      char **ret_text, struct error *err)
{
    struct reach_input input = {.has_machine = true};
    struct reach reach;
    int status = assembly_compile(assembly, request, true, err);

    if (status < 0)
        return status;
    input.plan = assembly->plan;
    input.home = assembly->variables.home;
    input.workspace = assembly->variables.workspace;
    status = reach_look(assembly->policy->arena, &input, &reach, err);
    if (status < 0)
        return status;
    return format == CORDON_JSON ? reach_print_json(&reach, ret_text, err) : reach_print_text(&reach, ret_text, err);
}

int cordon_reach(const struct cordon_request *request, enum cordon_format format, char **ret_text, struct cordon_error *err)
{
    auto_assembly struct assembly assembly = {0};
    int status;

    if (format != CORDON_TEXT && format != CORDON_JSON)
        return error_set(public_error(err), ERROR_INVALID, EINVAL, "unknown format %d", (int)format);
    status = assembly_open(&assembly, request, public_error(err));
    return status < 0 ? status : print_card(&assembly, request, format, ret_text, public_error(err));
}

/* Of all layers, the ceilings among them: another ceiling is another policy. */
static int digest_layers(const struct policy *policy, char ret_digest[DIGEST_TEXT_SIZE], struct error *err)
{
    auto_text struct text all = {0};

    for (size_t i = 0; i < policy->layer_count; i++)
        text_printf(&all, "%s\n", policy->layers[i]->digest);
    if (all.is_broken)
        return error_memory(err);
    digest_text(all.data ? all.data : "", all.length, ret_digest);
    return 0;
}

/* The lines of the file as far as they are ours; "" when there are none. */
static int read_cards(const char *path, char **ret_cards, size_t *ret_size, struct error *err)
{
    struct error ignored;
    int status = file_read(path, CARDS_MAX * LINE_SIZE, ret_cards, ret_size, &ignored);

    if (status == 0 && *ret_size % LINE_SIZE == 0)
        return 0;
    if (status == 0)
        mem_free(*ret_cards);
    *ret_cards = mem_string("");
    *ret_size = 0;
    return *ret_cards ? 0 : error_memory(err);
}

static bool has_card(const char *cards, size_t size, const char *digest)
{
    for (size_t at = 0; at < size; at += LINE_SIZE)
        if (memcmp(cards + at, digest, LINE_SIZE - 1) == 0 && cards[at + LINE_SIZE - 1] == '\n')
            return true;
    return false;
}

/* Where this fails the card is shown again another time. */
static void keep_card(const char *path, const char *cards, size_t size, const char *digest)
{
    size_t skipped = size >= CARDS_MAX * LINE_SIZE ? LINE_SIZE : 0; /* the oldest */
    char new_path[PATH_MAX];
    auto_close int fd = -1;
    bool is_written;

    if (snprintf(new_path, sizeof(new_path), "%s.%ld", path, (long)getpid()) >= (int)sizeof(new_path))
        return;
    fd = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return;
    is_written = file_write_all(fd, cards + skipped, size - skipped) == 0 &&
                 file_write_all(fd, digest, strlen(digest)) == 0 && file_write_all(fd, "\n", 1) == 0;
    if (!is_written || rename(new_path, path) < 0)
        unlink(new_path);
}

int cordon_reach_once(const struct cordon_request *request, char **ret_text, struct cordon_error *err)
{
    auto_assembly struct assembly assembly = {0};
    auto_free char *cards = NULL;
    char digest[DIGEST_TEXT_SIZE], *text = NULL;
    const char *path = NULL;
    size_t size;
    int status = assembly_open(&assembly, request, public_error(err));

    if (status == 0)
        status = digest_layers(assembly.policy, digest, public_error(err));
    if (status < 0)
        return status;
    path = arena_printf(assembly.policy->arena, "%s/" CARDS_NAME, assembly.places.state);
    if (!path)
        return error_memory(public_error(err));
    status = read_cards(path, &cards, &size, public_error(err));
    if (status < 0)
        return status;
    if (!has_card(cards, size, digest)) {
        status = print_card(&assembly, request, CORDON_TEXT, &text, public_error(err));
        if (status < 0)
            return status;
        keep_card(path, cards, size, digest);
    }
    *ret_text = text;
    return 0;
}
