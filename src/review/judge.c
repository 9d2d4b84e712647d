/* SPDX-License-Identifier: Apache-2.0 */
/* What is never applied whatever a person says, and what was changed outside meanwhile. */
#include <string.h>
#include <unistd.h>

#include "base/fold.h"
#include "base/glob.h"
#include "base/path.h"
#include "review/inside.h"

/* Component by component. */
static const char *folded(struct arena *arena, const char *text)
{
    char *copy = arena_alloc(arena, strlen(text) + 1), *at = copy, name[FOLD_NAME_BYTES];

    while (copy && *text) {
        size_t length = strcspn(text, "/"), kept = length;

        if (length && length < sizeof(name)) {
            kept = fold_name(text, length, name);
            memcpy(at, name, kept);
        } else {
            memcpy(at, text, length);
        }
        at += kept;
        text += length;
        if (*text)
            *at++ = *text++;
    }
    return copy;
}

static bool is_covered(const struct review *review, const char *pattern, const char *name)
{
    const char *pattern_folded, *name_folded;

    if (glob_covers(pattern, name))
        return true;
    if (!review->folds_names)
        return false;
    pattern_folded = folded(review->arena, pattern);
    name_folded = folded(review->arena, name);
    return !pattern_folded || !name_folded || glob_covers(pattern_folded, name_folded);
}

static const char *by_rule(const struct review *review, const struct change *change, const char *name)
{
    const char *tree = review->trees[change->tree].target, *deepest = tree;

    for (size_t i = 0; i < review->rule_count; i++) {
        const struct review_rule *rule = &review->rules[i];

        switch (rule->kind) {
        case REVIEW_RULE_KEPT:
            if (is_covered(review, rule->text, name))
                return "the policy protects this name";
            break;
        case REVIEW_RULE_OLD:
            if (change->before.mode && is_covered(review, rule->text, name))
                return "the policy protects what was there under this name";
            break;
        case REVIEW_RULE_MOUNT:
            if (path_is_within(name, rule->text) && strlen(rule->text) > strlen(deepest))
                deepest = rule->text;
            break;
        case REVIEW_RULE_PIN:
            if (strcmp(rule->text, name) == 0 && change->type != CHANGE_MODE)
                return "the policy keeps this directory where it is";
            break;
        }
    }
    return deepest != tree ? "the policy does not make this name writable" : NULL;
}

static bool is_kept_kind(mode_t mode)
{
    return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode);
}

static const char *refused(struct review *review, const struct change *change, const char *name)
{
    const struct object *before = &change->before, *after = &change->after;
    const char *why;

    if (after->mode && !is_kept_kind(after->mode))
        return "it is a device, a socket or a pipe";
    if (after->mode && after->uid != geteuid())
        return "it belongs to another user";
    if (before->mode && !is_kept_kind(before->mode))
        return "what is there is a device, a socket or a pipe";
    if (before->mode && before->uid != geteuid() && geteuid() != 0)
        return "what is there belongs to another user";
    if (S_ISREG(before->mode) && change->type == CHANGE_CONTENT && !owner_can_be_given(review, before->uid))
        return "what is there belongs to a user to whom you can give nothing";
    if (strncmp(change->path, STAGE_PREFIX, strlen(STAGE_PREFIX)) == 0)
        return "the name is one that Cordon uses itself";
    why = by_rule(review, change, name);
    return why;
}

/* A file that takes the place of another would have another group, and a directory lose the bit that hands its group down. */
static const char *lost_group(struct review *review, const struct change *change)
{
    const struct object *before = &change->before;
    bool is_replaced = S_ISREG(before->mode) && S_ISREG(change->after.mode) && change->type == CHANGE_CONTENT;
    bool loses_bit = change->type == CHANGE_MODE && before->mode & S_ISGID;

    if ((!is_replaced && !loses_bit) || group_can_be_given(review, before->gid))
        return NULL;
    return arena_printf(review->arena,
                        is_replaced ? "its group %u cannot be kept, since you are not in it: --force gives it yours, and nobody more access"
                                    : "its set-group-ID bit cannot be kept, since you are not in its group %u: --force takes it away",
                        (unsigned)before->gid);
}

static const char *conflict(struct review *review, const struct change *change, const struct told *told)
{
    const struct object *before = &change->before;
    bool was_there = told && told->is_before_known && told->before.mode && told->before.changed_ns <= review->started_ns;

    if (!before->mode)
        return was_there && !told->from ? "it was removed outside since" : NULL;
    if (change->type == CHANGE_MODE && S_ISDIR(before->mode) && told && told->is_before_known && !told->before.mode && !told->from)
        return "it was made outside since";
    if (change->type == CHANGE_MODE && S_ISDIR(before->mode) && was_there)
        return told->before.mode != before->mode ? "its permissions were changed outside since" : NULL;
    if (S_ISDIR(before->mode) && review_has_done_below(review, change->tree, change->path))
        return NULL; /* by a commit of ours */
    if (before->changed_ns > review->started_ns)
        return S_ISDIR(before->mode) ? "something in it was changed outside since" : "it was changed outside since";
    if (was_there && !S_ISDIR(before->mode) &&
        (told->before.changed_ns != before->changed_ns || told->before.size != before->size))
        return "it was exchanged outside since";
    return NULL;
}

void judge_change(struct review *review, struct change *change, const char *name)
{
    struct told *told = told_find(review, name);
    const char *lost;

    if (!change->refused)
        change->refused = refused(review, change, name);
    change->conflict = conflict(review, change, told);
    lost = change->refused ? NULL : lost_group(review, change);
    change->loses_group = lost;
    if (lost)
        change->conflict = change->conflict ? arena_printf(review->arena, "%s, and %s", change->conflict, lost) : lost;
    told_apply(review, change, name);
    if ((change->type == CHANGE_ADDED || change->type == CHANGE_CONTENT) && told && told->from)
        change->from = told->from;
}

void judge_unseen(const struct review *review, struct change *change, const char *name)
{
    if (review->told && !review->has_lost_told && !told_find(review, name))
        change->refused = "it came there outside since, and the program never saw it";
}

bool change_makes_directory(const struct change *change)
{
    return S_ISDIR(change->after.mode) && (change->type == CHANGE_ADDED || change->type == CHANGE_CONTENT);
}

bool change_is_below(const struct change *change, const struct change *directory)
{
    size_t length = strlen(directory->path);

    return change->tree == directory->tree && strncmp(change->path, directory->path, length) == 0 && change->path[length] == '/';
}

void judge_nested(struct review *review)
{
    const struct change *above = NULL; /* the outermost that is refused */

    for (size_t i = 0; i < review->change_count; i++) {
        struct change *change = &review->changes[i];

        if (above && !change_is_below(change, above))
            above = NULL;
        if (above && !change->refused)
            change->refused = "the directory that it lies in is not applied";
        if (!above && change->refused && change_makes_directory(change))
            above = change;
    }
}
