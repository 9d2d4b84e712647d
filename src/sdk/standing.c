/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/standing.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* What the kernel would tell a container by, as far as that is known before there is one. */
int standing_find(struct arena *arena, const struct places *places, bool has_namespaces, struct standing *ret_standing, struct error *err)
{
    static const char *const systems[] = {"loginuid", "uid", "cgroup", "pidfd"}, *const own[] = {"pidfd"}, *const least[] = {"process"};
    bool has_login = access("/proc/self/loginuid", F_OK) == 0;
    const char *const *proof = has_namespaces ? own : least;
    struct standing found = {0};
    size_t count = 1;
    int status = places->state ? serving_find(arena, places, &found.serving, &found.unknown)
                               : error_set(&found.unknown, ERROR_NOT_FOUND, ENOENT, "the caller has no place for a configuration");

    if (status == -ENOMEM)
        return error_memory(err);
    if (found.serving.of == SERVICE_OF_SYSTEM) {
        proof = has_login ? systems : systems + 1;
        count = has_login ? 4 : 3;
    }
    found.unproved_count = unproved_find(found.serving.of, proof, count, found.serving.protection, found.unproved);
    *ret_standing = found;
    return 0;
}

/* Whose service runs what this caller starts, and what nobody could prove of it. */
void standing_print(struct text *out, const struct standing *standing)
{
    const struct serving *serving = &standing->serving;

    if (standing->unknown.kind != ERROR_NONE) {
        text_printf(out, "identity: whose service is to be used is not known: %s\n", standing->unknown.text);
        return;
    }
    text_printf(out, "identity: containers are run by %s (daemon: %s)%s%s\n", service_phrase(serving->of), serving->use, serving->why ? "; " : "", serving->why ? serving->why : "");
    for (size_t i = 0; i < serving->part_count; i++) {
        text_add(out, "         ");
        text_add_safe(out, serving->parts[i]);
        text_add(out, "\n");
    }
    text_printf(out, "         the authority is %s, its keys %s\n", serving->of == SERVICE_OF_SYSTEM ? "the machine's" : "this user's",
                !serving->protection && serving->of == SERVICE_NONE ? "not made yet" : !serving->protection ? "not known while its signer is not ready" : strcmp(serving->protection, "tpm") == 0 ? "under the machine's TPM" : "in a file");
    for (size_t i = 0; i < standing->unproved_count; i++)
        text_printf(out, "         not proved: %s (%s)\n", standing->unproved[i]->what, standing->unproved[i]->why);
}

void standing_write(struct json *json, const struct standing *standing)
{
    const struct serving *serving = &standing->serving;

    if (standing->unknown.kind != ERROR_NONE) {
        json_add_null(json, "identity");
        return;
    }
    json_begin_object(json, "identity");
    json_add_string(json, "service", service_name(serving->of));
    json_add_string(json, "daemon", serving->use);
    json_add_string(json, "why", serving->why);
    json_begin_array(json, "parts");
    for (size_t i = 0; i < serving->part_count; i++)
        json_add_string(json, NULL, serving->parts[i]);
    json_end(json);
    json_begin_object(json, "authority");
    json_add_string(json, "of", serving->of == SERVICE_OF_SYSTEM ? "machine" : "user");
    json_add_string(json, "keyProtection", serving->protection);
    json_end(json);
    unproved_write(json, standing->unproved, standing->unproved_count);
    json_end(json);
}
