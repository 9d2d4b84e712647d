/* SPDX-License-Identifier: Apache-2.0 */
/* The registry: what cordond knows of each container, which is what its keeper said. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/container_name.h"
#include "base/memory.h"
#include "daemon/daemon.h"

static struct container *add(struct core *core, struct keeper *keeper, struct account *account, struct error *err)
{
    struct container *container = mem_alloc(sizeof(*container));

    if (!container) {
        error_memory(err);
        return NULL;
    }
    *container = (struct container){.keeper = keeper, .account = account, .number = core_number(core), .exit_status = UINT64_MAX, .before = core->containers_end};
    *core->containers_end = container;
    core->containers_end = &container->next;
    return container;
}

struct container *container_new(struct core *core, struct account *account, struct keeper *keeper, struct error *err)
{
    struct container *container = add(core, keeper, account, err);

    if (!container)
        return NULL;
    container->is_pending = true;
    account->containers++;
    keeper->containers++;
    keeper->pending++;
    loop_cancel(core->loop, &keeper->idle);
    return container;
}

struct container *container_new_child(struct core *core, struct container *around, struct error *err)
{
    struct container *container = add(core, around->keeper, around->account, err);

    if (!container)
        return NULL;
    container->around = around;
    container->account->children++;
    return container;
}

static void settle(struct container *container)
{
    if (container->is_pending)
        container->keeper->pending--;
    container->is_pending = false;
}

void container_free(struct core *core, struct container *container)
{
    struct keeper *keeper = container->keeper;

    settle(container);
    *container->before = container->next;
    if (container->next)
        container->next->before = container->before;
    else
        core->containers_end = container->before;
    if (container->around) {
        container->account->children--;
        mem_free(container);
        return;
    }
    container->account->containers--;
    if (--keeper->containers == 0)
        loop_start(core->loop, &keeper->idle, KEEPER_IDLE_MS);
    mem_free(container);
}

/* What is inside of another one was heard of after it, and is behind it in the list: one walk finds all levels. */
void container_free_children(struct core *core, const struct container *container)
{
    for (struct container *child = container->account->children ? container->next : NULL; child; child = child->next)
        child->is_ending = child->around && (child->around == container || child->around->is_ending);
    for (struct container *child = container->next, *next; child && container->account->children; child = next) {
        next = child->next;
        if (child->is_ending)
            container_free(core, child);
    }
}

struct container *container_of_ticket(const struct core *core, uint64_t number)
{
    struct container *container = core->containers;

    while (container && container->number != number)
        container = container->next;
    return container;
}

struct container *container_of_id(const struct keeper *keeper, const char *id)
{
    struct container *container = keeper->core->containers;

    while (container && (container->keeper != keeper || container->is_pending || strcmp(container->id, id) != 0))
        container = container->next;
    return container;
}

int container_find_any(const struct core *core, const char *id, struct container **ret_container, struct error *err)
{
    struct container *found = NULL;

    for (struct container *container = core->containers; container; container = container->next) {
        if (container->is_pending || strcmp(container->id, id) != 0)
            continue;
        if (found && found->account != container->account)
            return error_set(err, ERROR_INVALID, ENOTUNIQ, "users %u and %u each have a container %s, which one of them invents: name it as its user (runuser -u)",
                             found->account->uid, container->account->uid, id);
        found = container;
    }
    *ret_container = found;
    return 0;
}

int container_check_name(const struct core *core, const struct account *account, const char *name, struct error *err)
{
    if (!name)
        return 0;
    if (!container_name_is_one(name))
        return error_set(err, ERROR_INVALID, EINVAL, "a container's name is up to %d " CONTAINER_NAME_RULE, CONTAINER_NAME_MAX);
    for (const struct container *other = core->containers; other; other = other->next)
        if (other->account == account && strcmp(other->name, name) == 0)
            return error_set(err, ERROR_FORBIDDEN, EEXIST, "the name '%s' is that of container %s: choose another one, or end that", name, other->id);
    return 0;
}

/* A run's, or of one that is kept. */
bool container_is_id(const char *word)
{
    size_t length = strlen(word);

    return (length == 26 && strspn(word, "0123456789abcdefghjkmnpqrstvwxyz") == length && word[0] <= '9') ||
           (length == 25 && word[0] == 'c' && strspn(word + 1, "0123456789abcdef") == 24);
}

int container_find(const struct core *core, const struct account *account, const char *word, struct container **ret_container, struct error *err)
{
    struct container *found = NULL;
    size_t length = strlen(word), count = 0;

    for (struct container *container = core->containers; container; container = container->next) {
        if (container->account != account || container->is_pending)
            continue;
        if (strcmp(container->id, word) == 0 || strcmp(container->name, word) == 0) {
            *ret_container = container;
            return 0;
        }
        if (length && strncmp(container->id, word, length) == 0) {
            found = container;
            count++;
        }
    }
    if (count > 1)
        return error_set(err, ERROR_INVALID, ENOTUNIQ, "'%s': %zu containers have an id that begins like that", word, count);
    if (!found && container_is_id(word))
        return error_set(err, ERROR_NOT_FOUND, ESTALE, "stale_id: container %s has ended or was removed", word);
    if (!found)
        return error_set(err, ERROR_NOT_FOUND, ESRCH, "not_provisioned: you have no container of the id or name '%s' (cordon ps lists them)", word);
    *ret_container = found;
    return 0;
}

static void take(char *to, size_t size, const char *text)
{
    if (text)
        snprintf(to, size, "%s", text);
}

void container_hear(struct container *container, const struct protocol_message *message)
{
    settle(container);
    take(container->id, sizeof(container->id), protocol_text(message, TAG_ID));
    take(container->name, sizeof(container->name), protocol_text(message, TAG_NAME));
    take(container->policy, sizeof(container->policy), protocol_text(message, TAG_POLICY));
    take(container->command, sizeof(container->command), protocol_text(message, TAG_COMMAND));
    take(container->run, sizeof(container->run), protocol_text(message, TAG_RUN));
    take(container->tier, sizeof(container->tier), protocol_text(message, TAG_TIER));
    take(container->parent, sizeof(container->parent), protocol_text(message, TAG_PARENT));
    take(container->identity, sizeof(container->identity), protocol_text(message, TAG_IDENTITY));
    take(container->restart, sizeof(container->restart), protocol_text(message, TAG_RESTART));
    take(container->digest, sizeof(container->digest), protocol_text(message, TAG_DIGEST));
    take(container->proof, sizeof(container->proof), protocol_text(message, TAG_PROOF));
    container->restarts = protocol_number(message, TAG_RESTARTS, container->restarts);
    container->exit_status = protocol_number(message, TAG_EXIT, container->exit_status);
    container->until_ms = protocol_number(message, TAG_UNTIL_MS, 0);
    container->network_until_ms = protocol_number(message, TAG_NETWORK_UNTIL_MS, 0);
    container->state = protocol_number(message, TAG_STATE, container->state);
    container->pid = protocol_number(message, TAG_PID, container->pid);
    container->started_ms = protocol_number(message, TAG_STARTED_MS, container->started_ms);
    container->created_ms = protocol_number(message, TAG_CREATED_MS, container->created_ms);
    container->denials = protocol_number(message, TAG_DENIALS, container->denials);
}

static void add_text(struct protocol_out *out, uint16_t tag, const char *text)
{
    if (*text)
        protocol_add_text(out, tag, text);
}

void container_tell(struct protocol_out *out, const struct container *container, uint32_t request)
{
    protocol_begin(out, PROTOCOL_LISTED, request);
    protocol_add_text(out, TAG_ID, container->id);
    protocol_add_number(out, TAG_STATE, container->state);
    protocol_add_number(out, TAG_UID, container->account->uid);
    protocol_add_number(out, TAG_PID, container->pid);
    protocol_add_number(out, TAG_CREATED_MS, container->created_ms);
    protocol_add_number(out, TAG_STARTED_MS, container->started_ms);
    protocol_add_number(out, TAG_DENIALS, container->denials);
    protocol_add_number(out, TAG_RESTARTS, container->restarts);
    if (container->exit_status != UINT64_MAX)
        protocol_add_number(out, TAG_EXIT, container->exit_status);
    if (container->until_ms)
        protocol_add_number(out, TAG_UNTIL_MS, container->until_ms);
    if (container->network_until_ms)
        protocol_add_number(out, TAG_NETWORK_UNTIL_MS, container->network_until_ms);
    add_text(out, TAG_RESTART, container->restart);
    add_text(out, TAG_NAME, container->name);
    add_text(out, TAG_POLICY, container->policy);
    add_text(out, TAG_COMMAND, container->command);
    add_text(out, TAG_RUN, container->run);
    add_text(out, TAG_TIER, container->tier);
    add_text(out, TAG_PARENT, container->parent);
    add_text(out, TAG_IDENTITY, container->identity);
    add_text(out, TAG_DIGEST, container->digest);
    add_text(out, TAG_PROOF, container->proof);
}
