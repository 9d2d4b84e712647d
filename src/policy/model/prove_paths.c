/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can an object of the host be read or written? Zone by zone (zones.h), by the name that the host knows it by; caches and
 * private directories are none of the host's. What is asked about stands among the patterns as a second policy's denial: so
 * the classes of names are fine enough for it.
 */
#include <errno.h>
#include <string.h>

#include "policy/model/effective.h"
#include "policy/model/protected.h"
#include "policy/model/prover.h"
#include "policy/model/zones.h"
#include "policy/obeyed.h"

#define REASONS_MAX 8

struct asked {
    struct prover *prover;
    const char *pattern;
    enum access right;
    struct zones zones;
};

static bool takes(const struct asked *asked, unsigned roles)
{
    return roles & ROLE_A_DENY || (roles & ROLE_A_READ && asked->right == ACCESS_WRITE);
}

static const struct origin *origin_of(const struct asked *asked, const char *pattern)
{
    const struct policy *policy = asked->prover->policy;

    for (size_t i = 0; i < policy->layer_count; i++)
        for (size_t j = 0; j < policy->layers[i]->path_count; j++)
            if (policy->layers[i]->paths[j].is_glob && strcmp(policy->layers[i]->paths[j].path, pattern) == 0)
                return &policy->layers[i]->paths[j].origin;
    return NULL;
}

static int add_reason(struct asked *asked, const struct origin *rule, const char *text)
{
    struct proof_lines *reasons = &asked->prover->proof.reasons;
    const char *where = rule ? origin_text(asked->prover->arena, rule) : NULL;

    if (rule && !where)
        return -ENOMEM;
    for (size_t i = 0; i < reasons->count; i++)
        if ((where && reasons->items[i].rule && strcmp(where, reasons->items[i].rule) == 0) ||
            (!where && strcmp(text, reasons->items[i].text) == 0))
            return 0;
    return reasons->count < REASONS_MAX ? proof_add_rule(asked->prover, reasons, where, text) : 0;
}

/* The patterns of the policy that are alive at the zone, at the path and at its object. */
static int list_avoid(struct asked *asked, const char *const places[2], struct zone_track **ret_tracks, size_t *ret_count)
{
    const struct path_classes *classes = &asked->zones.classes;
    struct zone_track *tracks = NULL, *added;
    size_t count = 0;

    for (size_t i = 0; i < classes->pattern_count; i++)
        for (size_t j = 0; j < 2 && places[j]; j++) {
            struct zone_track track not_initialised;

            if (!takes(asked, classes->roles[i]))
                continue;
            zone_track_start(&track, classes->patterns[i], places[j]);
            if (zone_track_is_dead(&track))
                continue;
            added = arena_append(asked->prover->arena, tracks, count);
            if (!added)
                return -ENOMEM;
            *added = track;
        }
    *ret_tracks = tracks;
    *ret_count = count;
    return 0;
}

static int add_witness(struct asked *asked, const char *path, const struct zone_answer *answer)
{
    const char *verb = asked->right == ACCESS_WRITE ? "written" : "read";
    const struct view *view = answer->object.view;
    struct proof_lines *witness = &asked->prover->proof.witness;
    char object[2 * (PATH_LENGTH_MAX + 1)];

    if (!view || !access_view_path(view, path, object, sizeof(object)))
        return proof_add(asked->prover, witness, answer->why, "%s can be %s", path, verb);
    return proof_add(asked->prover, witness, answer->why, "%s can be %s under the name %s", object, verb, path);
}

/* 1 = the zone has such a path. */
static int ask_zone(struct asked *asked, size_t zone)
{
    const char *path = asked->zones.items[zone].path, *witness;
    struct zone_track must not_initialised, *avoid;
    struct zone_answer answer not_initialised;
    const char *places[2] = {path, NULL};
    size_t avoid_count;
    int status;

    zones_ask(&asked->zones, zone, 0, &answer);
    if (answer.access && answer.object.kind != OBJECT_HOST)
        return 0;
    zone_track_start(&must, asked->pattern, answer.access ? answer.object.path : path);
    if (zone_track_is_dead(&must))
        return 0;
    if (answer.access < asked->right)
        return answer.why ? add_reason(asked, answer.why, answer.access ? "it is read-only there" : "it is denied") : 0;
    if (strcmp(answer.object.path, path) != 0)
        places[1] = answer.object.path;
    status = list_avoid(asked, places, &avoid, &avoid_count);
    if (status == 0)
        status = zones_search(&asked->zones, zone, &must, avoid, avoid_count, &witness);
    if (status == 1 && add_witness(asked, witness, &answer) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < avoid_count && status == 0; i++)
        status = add_reason(asked, origin_of(asked, avoid[i].pattern), "a pattern takes it away");
    return status;
}

/* `patterns` are what will be asked about. */
static int begin(struct asked *asked, const char *const *patterns, size_t count)
{
    struct arena *arena = asked->prover->arena;
    struct document document = {.kind = LAYER_REQUEST}, *layers[] = {&document};
    const struct policy question = {.layers = layers, .layer_count = 1};

    document.paths = arena_alloc(arena, (count + 1) * sizeof(*document.paths));
    if (!document.paths)
        return -ENOMEM;
    document.path_count = count;
    for (size_t i = 0; i < count; i++)
        document.paths[i] = (struct path_rule){.kind = PATH_DENIED, .path = patterns[i], .is_glob = true};
    return zones_init(&asked->zones, arena, asked->prover->policy, &question);
}

static int ask(struct asked *asked, const char *pattern, enum proof_answer *ret_answer)
{
    int status = 0;

    asked->pattern = pattern;
    for (size_t i = 0; i < asked->zones.count && status == 0; i++)
        status = ask_zone(asked, i);
    if (status == -ENOMEM)
        return status;
    *ret_answer = status == 1 ? PROOF_POSSIBLE : status < 0 ? PROOF_UNDECIDED : PROOF_HOLDS;
    return 0;
}

static int say_undecided(struct prover *prover)
{
    return proof_add(prover, &prover->proof.reasons, NULL, "too many patterns to follow: ask about less");
}

/* filesystem.toolchains makes more readable than the documents name: that depends on the caller's PATH. */
static int weigh_toolchains(struct prover *prover, const char *pattern, enum proof_answer *ret_answer)
{
    const struct prove_request *request = prover->request;
    const char *literal = glob_literal_part(prover->arena, pattern);
    const struct origin *why;

    if (!literal)
        return -ENOMEM;
    if (!request->home || !policy_flag_permits(prover->policy, FLAG_TOOLCHAINS, &why) ||
        !policy_toolchains_meet(request->home, request->caller_path, literal))
        return 0;
    *ret_answer = request->caller_path ? PROOF_POSSIBLE : PROOF_UNDECIDED;
    if (request->caller_path)
        return proof_add(prover, &prover->proof.witness, why, "a directory of this PATH brings it, or something at or below it");
    return proof_add(prover, &prover->proof.reasons, why, "which directories of the caller's PATH lie there: --here looks at yours");
}

/* Devices and sockets stand in lists of their own, and no rule about paths knows of them. */
static int weigh_objects(struct prover *prover, const char *pattern, enum access right, enum proof_answer *ret_answer)
{
    static const struct {
        enum policy_list list;
        const char *what;
    } rows[] = {{LIST_DEVICES, "a device that is granted"}, {LIST_UNIX_SOCKETS, "a socket that is granted: what is behind it can be asked for"}};
    struct string_list list;
    int status = 0;

    for (size_t i = 0; i < ARRAY_COUNT(rows) && status == 0; i++) {
        status = policy_list_settle(prover->policy, rows[i].list, prover->arena, &list, NULL);
        for (size_t j = 0; j < list.count && status == 0; j++) {
            if (!glob_covers(pattern, list.items[j].text))
                continue;
            *ret_answer = PROOF_POSSIBLE;
            status = proof_add(prover, &prover->proof.witness, &list.items[j].origin, "%s can be %s: %s", list.items[j].text,
                               right == ACCESS_WRITE ? "written" : "read", rows[i].what);
        }
    }
    return status < 0 ? -ENOMEM : 0;
}

/* Could `pattern` be about something at, above or below `path`? */
static bool may_meet(const char *pattern, const char *literal, const char *path)
{
    return glob_covers(pattern, path) || path_is_within(literal, path);
}

/* What is granted by the name of a link is what it leads to. */
static int weigh_links(struct prover *prover, const char *pattern, enum access right, enum proof_answer *ret_answer)
{
    const char *literal = glob_literal_part(prover->arena, pattern);
    int status = 0;

    if (!literal)
        return -ENOMEM;
    for (size_t i = 0; i < prover->request->link_count && status == 0; i++) {
        const struct prove_link *link = &prover->request->links[i];
        const struct origin *why;

        if (!may_meet(pattern, literal, link->real) || policy_access(prover->policy, link->path, &why) < right)
            continue;
        *ret_answer = PROOF_UNDECIDED;
        status = proof_add(prover, &prover->proof.reasons, why, "%s leads to %s here", link->path, link->real);
    }
    return status;
}

static int prove_name(struct prover *prover, const char *pattern, enum access right, enum proof_answer *ret_answer)
{
    struct asked asked = {.prover = prover, .right = right};
    int status = begin(&asked, &pattern, 1);

    *ret_answer = PROOF_UNDECIDED;
    if (status == 0)
        status = ask(&asked, pattern, ret_answer);
    if (status < 0 && status != -E2BIG)
        return status;
    if (*ret_answer != PROOF_POSSIBLE && weigh_objects(prover, pattern, right, ret_answer) < 0)
        return -ENOMEM;
    if (*ret_answer == PROOF_UNDECIDED)
        return say_undecided(prover);
    if (*ret_answer == PROOF_HOLDS && right == ACCESS_READ && weigh_toolchains(prover, pattern, ret_answer) < 0)
        return -ENOMEM;
    if (*ret_answer == PROOF_HOLDS && weigh_links(prover, pattern, right, ret_answer) < 0)
        return -ENOMEM;
    if (*ret_answer == PROOF_HOLDS && !prover->proof.reasons.count)
        return add_reason(&asked, NULL, right == ACCESS_WRITE ? "no rule lets it be written" : "no rule grants it");
    return 0;
}

int prove_path(struct prover *prover, const char *pattern, enum access right, enum proof_answer *ret_answer)
{
    const struct prove_here *here = prover->request->here;
    const char *assumption = here ? "what else this machine calls it is looked at now: other links and mounts may be made"
                                  : "names are taken as they are written: links and mounts of this machine that lead there from what is "
                                    "granted are not seen";
    int status = prove_name(prover, pattern, right, ret_answer);
    struct proof_lines why = prover->proof.reasons;

    if (status == 0 && proof_add(prover, &prover->proof.assumptions, NULL, "%s", assumption) < 0)
        return -ENOMEM;
    for (size_t i = 0; here && i < here->count && status == 0 && *ret_answer == PROOF_HOLDS; i++) {
        prover->proof.reasons = (struct proof_lines){0}; /* why it is shut under another name only counts where it is not */
        status = prove_name(prover, here->items[i], right, ret_answer);
        if (status == 0 && *ret_answer != PROOF_HOLDS)
            status = proof_add(prover, *ret_answer == PROOF_POSSIBLE ? &prover->proof.witness : &prover->proof.reasons, NULL,
                               "%s is another name of it here", here->items[i]);
    }
    if (status < 0 || *ret_answer != PROOF_HOLDS || !here)
        return status;
    prover->proof.reasons = here->doubt ? (struct proof_lines){0} : why;
    if (!here->doubt)
        return 0;
    *ret_answer = PROOF_UNDECIDED;
    return proof_add(prover, &prover->proof.reasons, NULL, "%s", here->doubt);
}

/* ---- what programs outside obey ---- */

struct places {
    struct prover *prover;
    const char **patterns, **who;
    size_t count, who_count;
};

static int add_place(struct places *places, const char *path, const char *who)
{
    struct arena *arena = places->prover->arena;
    const char *pattern = path ? glob_literal(arena, path) : NULL, **added, **added_who;

    added = pattern ? arena_append(arena, places->patterns, places->count) : NULL;
    added_who = added ? arena_append(arena, places->who, places->who_count) : NULL;
    if (!added_who)
        return -ENOMEM;
    *added = pattern;
    *added_who = who;
    return 0;
}

static int add_root(const char *root, void *data)
{
    struct places *places = data;
    size_t count;
    const struct protected_name *names = protected_names(&count);
    int status = 0;

    for (size_t i = 0; i < count && status == 0; i++)
        status = add_place(places, path_join(places->prover->arena, root, names[i].name), names[i].reason);
    return status;
}

static int list_places(struct places *places)
{
    const struct prove_request *request = places->prover->request;
    size_t count;
    const struct obeyed *rows = obeyed_rows(&count);
    int status = 0;

    for (size_t i = 0; i < count && status == 0; i++) {
        if (rows[i].path[0] != '~' || request->home)
            status = add_place(places, obeyed_path(places->prover->arena, &rows[i], request->home), rows[i].who);
    }
    for (size_t i = 0; request->search_path && request->search_path[i] && status == 0; i++)
        status = add_place(places, request->search_path[i], "your shell looks for programs there");
    if (status == 0)
        status = protected_visit_roots(places->prover->policy->layers, places->prover->policy->layer_count, add_root, places);
    return status;
}

static int ask_place(struct asked *asked, const struct places *places, size_t place, bool *is_found, bool *is_unknown)
{
    struct prover *prover = asked->prover;
    struct proof_lines *witness = &prover->proof.witness;
    size_t before = witness->count;
    enum proof_answer answer;
    int status = ask(asked, places->patterns[place], &answer);

    if (status < 0)
        return status;
    *is_unknown = *is_unknown || answer == PROOF_UNDECIDED;
    *is_found = *is_found || answer == PROOF_POSSIBLE;
    if (answer != PROOF_POSSIBLE)
        return 0;
    witness->items[before].text = arena_printf(prover->arena, "%s: %s", witness->items[before].text, places->who[place]);
    return witness->items[before].text ? 0 : -ENOMEM;
}

int prove_obeyed(struct prover *prover, enum proof_answer *ret_answer)
{
    struct places places = {.prover = prover};
    struct asked asked = {.prover = prover, .right = ACCESS_WRITE};
    bool is_found = false, is_unknown = false;
    int status = list_places(&places);

    if (status == 0)
        status = begin(&asked, places.patterns, places.count);
    is_unknown = status == -E2BIG;
    for (size_t i = 0; i < places.count && status == 0; i++)
        status = ask_place(&asked, &places, i, &is_found, &is_unknown);
    if (status < 0 && !is_unknown)
        return status;
    prover->proof.reasons = (struct proof_lines){0}; /* why each of a hundred places is shut says nothing */
    *ret_answer = is_found ? PROOF_POSSIBLE : is_unknown ? PROOF_UNDECIDED : PROOF_HOLDS;
    for (size_t i = 0; i < places.count && *ret_answer == PROOF_HOLDS; i++)
        if (weigh_links(prover, places.patterns[i], ACCESS_WRITE, ret_answer) < 0)
            return -ENOMEM;
    if (proof_add(prover, &prover->proof.assumptions, NULL,
                  "programs outside obey the places of the table (cordon-policy-prove(1)); names of projects, as .git/hooks, "
                  "count in the directories that are granted, not in each one below them") < 0)
        return -ENOMEM;
    if (*ret_answer == PROOF_UNDECIDED && is_unknown)
        return say_undecided(prover);
    if (*ret_answer == PROOF_HOLDS)
        return proof_add(prover, &prover->proof.reasons, NULL, "none of %zu places can be written", places.count);
    return 0;
}
