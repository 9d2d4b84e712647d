/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A value is in locked memory, in one record for the time that it takes to write it, and in the sealed memory file for the
 * holder; never in an argument, an event or an error. What the program gets is a placeholder that nobody can guess.
 */
#include "sdk/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>

#include "base/memory.h"
#include "base/text.h"
#include "net/secrets.h"
#include "sdk/command.h"
#include "sdk/places.h"
#include "sdk/worker.h"

#define RANDOM_LENGTH 32
#define ROOM          (NET_SECRET_VALUE_MAX + 3) /* a line break, and one byte that says that there is more */

static int read_variable(const struct plan_secret *secret, const struct secret_reading *reading, struct locked *value,
                         struct error *err)
{
    const char *text = environment_get(reading->environment, secret->text);

    if (!text || !*text)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "the variable %s is not set", secret->text);
    value->length = strlen(text);
    if (value->length > value->size)
        return error_set(err, ERROR_LIMIT, E2BIG, "the variable %s has more than %zu bytes", secret->text, value->size);
    memcpy(value->bytes, text, value->length);
    return 0;
}

static int read_command(const struct plan_secret *secret, const struct secret_reading *reading, struct locked *value,
                        struct error *err)
{
    const struct command command = {.argv = (const char *const *)secret->command,
                                    .environment = reading->environment,
                                    .deadline_ns = reading->deadline_ns,
                                    .cancel_fd = reading->cancel_fd};
    char said[COMMAND_SAID_SIZE];
    auto_text struct text shown = {0};
    int how = 0, status = command_run(&command, value, said, &how, err);

    for (size_t i = strlen(said); i && (said[i - 1] == '\n' || said[i - 1] == '\r'); i--)
        said[i - 1] = '\0';
    text_add_safe(&shown, said);
    if (status < 0 && *said && !shown.is_broken)
        error_prepend(err, "(it said: %s)", shown.data);
    if (status < 0)
        return status;
    if (WIFSIGNALED(how))
        return error_set(err, ERROR_SYSTEM, EIO, "%s was ended by signal %d%s%s", secret->command[0], WTERMSIG(how),
                         *said ? ": " : "", shown.data && *said ? shown.data : "");
    if (WEXITSTATUS(how))
        return error_set(err, ERROR_SYSTEM, EIO, "%s ended with status %d%s%s", secret->command[0], WEXITSTATUS(how),
                         *said ? ": " : "", shown.data && *said ? shown.data : "");
    return 0;
}

static int settle(struct locked *value, struct error *err)
{
    const char *fault;

    value->length = net_secret_value_length(value->bytes, value->length);
    fault = net_secret_value_fault(value->bytes, value->length);
    if (value->length > NET_SECRET_VALUE_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "the value %s", fault);
    return fault ? error_set(err, ERROR_INVALID, EINVAL, "the value %s", fault) : 0;
}

int secret_read(const struct plan_secret *secret, const struct secret_reading *reading, struct locked *value, struct error *err)
{
    int status = -EINVAL;

    value->length = 0;
    switch (secret->source) {
    case SECRET_ENV:
        status = read_variable(secret, reading, value, err);
        break;
    case SECRET_FILE:
        status = secret_read_file(secret, value, err);
        break;
    case SECRET_KEYRING:
        status = secret_read_key(secret, value, err);
        break;
    case SECRET_COMMAND:
        status = read_command(secret, reading, value, err);
        break;
    case SECRET_ANY:
        status = error_set(err, ERROR_INTERNAL, EINVAL, "without a source");
        break;
    }
    if (status == 0)
        status = settle(value, err);
    if (status < 0)
        error_prepend(err, "%s: secret %s", secret->where, secret->name);
    return status;
}

/* Letters and digits, each as likely as any other. */
static int random_text(char text[RANDOM_LENGTH + 1], struct error *err)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const unsigned kinds = sizeof(digits) - 1;
    size_t used = 0;

    while (used < RANDOM_LENGTH) {
        unsigned char bytes[64];
        ssize_t got = getrandom(bytes, sizeof(bytes), 0);

        if (got < 0 && errno != EINTR)
            return error_system(err, errno, "make a placeholder");
        for (ssize_t i = 0; i < got && used < RANDOM_LENGTH; i++)
            if (bytes[i] < 256 / kinds * kinds)
                text[used++] = digits[bytes[i] % kinds];
    }
    text[used] = '\0';
    return 0;
}

static int placeholder_make(struct plan *plan, size_t index, const char **ret_placeholder, struct error *err)
{
    char random[RANDOM_LENGTH + 1];
    int status = random_text(random, err);

    if (status < 0)
        return status;
    *ret_placeholder = arena_printf(plan->arena, "%s%s", plan->secrets[index].prefix, random);
    return *ret_placeholder ? plan_put_placeholder(plan, index, *ret_placeholder, err) : error_memory(err);
}

static int seal(const struct net_secrets *secrets, bool has_values, int *ret_fd, struct error *err)
{
    void *record = NULL;
    size_t size = 0;
    int status = net_secrets_write(secrets, has_values, &record, &size, err);

    if (status == 0)
        status = worker_seal("secrets", record, size, ret_fd, err);
    if (record)
        explicit_bzero(record, size);
    mem_free(record);
    return status;
}

static int take(struct plan *plan, size_t index, const struct secret_reading *reading, struct locked *room,
                struct net_secret *secret, struct error *err)
{
    const struct plan_secret *from = &plan->secrets[index];
    struct locked value = {.bytes = room->bytes + room->length, .size = ROOM};
    int status = secret_read(from, reading, &value, err);

    if (status < 0)
        return status;
    *secret = (struct net_secret){.name = from->name,
                                  .hosts = from->hosts,
                                  .host_count = from->host_count,
                                  .fields = from->fields,
                                  .field_count = from->field_count,
                                  .value = value.bytes,
                                  .value_length = value.length,
                                  .where = from->where};
    room->length += ROOM;
    return placeholder_make(plan, index, &secret->placeholder, err);
}

int secrets_begin(struct plan *plan, const struct secret_reading *reading, int *ret_placeholders, int *ret_values,
                  struct error *err)
{
    struct net_secret items[NET_SECRETS_MAX];
    const struct net_secrets secrets = {items, plan->secret_count};
    auto_locked struct locked room = {0};
    auto_close int placeholders = -1, values = -1;
    int status;

    if (plan->secret_count > NET_SECRETS_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "secrets: more than %u", NET_SECRETS_MAX);
    status = locked_init(&room, plan->secret_count * ROOM, err);
    for (size_t i = 0; i < plan->secret_count && status == 0; i++)
        status = take(plan, i, reading, &room, &items[i], err);
    if (status == 0)
        status = seal(&secrets, false, &placeholders, err);
    if (status == 0)
        status = seal(&secrets, true, &values, err);
    if (status < 0)
        return status;
    *ret_placeholders = take_fd(placeholders);
    *ret_values = take_fd(values);
    return 0;
}
