/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs of generated policies over one tree of files, compared and compiled: wherever the evaluator answers otherwise under one
 * plan than under the other, the comparison says so, and nowhere else. CORDON_TEST_SEED tries another seed, CORDON_TEST_ROUNDS more.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../policy-model/generate.h"
#include "../policy-model/said.h"
#include "asked.h"
#include "base/path.h"
#include "compared.h"

static struct fixture f;

uint64_t compared_seed(void)
{
    const char *text = getenv("CORDON_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 20261123u;

    printf("     seed %" PRIu64 "\n", seed);
    return seed;
}

unsigned compared_rounds(unsigned usual)
{
    const char *text = getenv("CORDON_TEST_ROUNDS");

    return text ? (unsigned)strtoul(text, NULL, 10) : usual;
}

const char *compared_text(const struct policy_diff *diff)
{
    char *text = NULL;

    check_int(policy_diff_text(diff, NULL, &text, NULL), 0);
    return text;
}

/* ---- policies ---- */

static const char *const literals[] = {"@/ws",      "@/ws/a",  "@/ws/a/b", "@/ws/a/f", "@/ws/a/x.key", "@/ws/A",
                                       "@/ws/ab",   "@/ws/f",  "@/data",   "@/data/b", "@/data/b/f",   "@/data/b/x.key",
                                       "@/ws/a/.npmrc"};
static const char *const apart[] = {"@/ws", "@/ws/a", "@/ws/a/b", "@/ws/a/f", "@/ws/ab"};
static const char *const patterns[] = {"@/ws/**/*.key", "@/ws/a/*", "@/ws/*/f", "@/data/**/f", "@/ws/[aA]/f", "@/data/b/?",
                                       "@/ws/**/b",     "@/ws/a*"};
static const char *const links[] = {"@/ws/link", "@/link", "@/ws/link/b", "@/link/f"};
static const char *const leaves[] = {"@/ws/a/f", "@/ws/a/x.key", "@/data/b/f", "@/data/b/x.key"};
static const char *const members[] = {"readwritePaths", "readonlyPaths", "deniedPaths"};

#define PICK(list) list[source_below(source, ARRAY_COUNT(list))]

/* What a policy may have in it. */
struct options {
    bool has_links, has_views;
};

static const char *pick_path(struct source *source, bool is_denial, const struct options *options)
{
    if (is_denial && source_below(source, 2))
        return PICK(patterns);
    /* What is granted deeper than less is, the compiler does not mount in a view: less than the comparison says. */
    if (options->has_views)
        return is_denial ? PICK(leaves) : apart[source_below(source, ARRAY_COUNT(apart))];
    return options->has_links && !source_below(source, 3) ? PICK(links) : PICK(literals);
}

static void add_paths(struct text *yaml, struct source *source, const char *member, bool is_denial, const struct options *options)
{
    unsigned count = source_below(source, is_denial ? 3 : 4);

    if (!count && !is_denial)
        return;
    text_printf(yaml, "  %s: [", member);
    for (unsigned i = 0; i < count; i++)
        text_printf(yaml, "%s'%s'", i ? ", " : "", pick_path(source, is_denial, options));
    text_add(yaml, "]\n");
}

static char *make_yaml(struct source *source, const struct options *options)
{
    auto_text struct text yaml = {0};
    char *text = NULL;

    /* Names protected through a view are so under their own, too, of which the comparison says nothing. */
    text_printf(&yaml, "filesystem:\n  protectBuiltin: %s\n", !options->has_views && source_below(source, 2) ? "true" : "false");
    for (size_t i = 0; i < ARRAY_COUNT(members); i++)
        add_paths(&yaml, source, members[i], i == 2, options);
    if (options->has_views)
        text_printf(&yaml, "  views: [{source: '@/data', target: /srv/v, access: %s}]\n",
                    source_below(source, 2) ? "readwrite" : "readonly");
    check_int(text_take(&yaml, &text, NULL), 0);
    return text;
}

/* One side: its policy and its plan. */
bool open_side(struct fixture *fixture, struct side *side, char *yaml, char *ceiling)
{
    *side = (struct side){.yaml = yaml, .ceiling = ceiling};
    check_int(policy_new(&fixture->policy, &fixture->err), 0);
    add_layer(fixture, LAYER_REQUEST, yaml);
    if (ceiling)
        add_layer(fixture, LAYER_CEILING, ceiling);
    side->policy = take_ptr(fixture->policy);
    if (policy_compile(side->policy, &fixture->facts, &fixture->options, &side->plan, &fixture->err) < 0)
        return false;
    check_int(plan_index_new(side->plan, &side->index, &fixture->err), 0);
    return true;
}

void close_side(struct side *side)
{
    plan_index_free(side->index);
    plan_free(side->plan);
    policy_free(side->policy);
    mem_free(side->yaml);
    mem_free(side->ceiling);
}

/* ---- what the evaluator says ---- */

static const char *const files[] = {"ws/f",      "ws/a/f",        "ws/a/x.key",   "ws/a/b/f",      "ws/a/b/x.key", "ws/A/f",
                                    "ws/ab/f",   "data/f",        "data/x.key",   "data/b/f",      "data/b/x.key", "ws/a/.npmrc",
                                    "/srv/v/f",  "/srv/v/x.key",  "/srv/v/b/f",   "/srv/v/b/x.key"};
static const char *const directories[] = {"ws", "ws/a", "ws/a/b", "ws/A", "ws/ab", "data", "data/b", "/srv/v", "/srv/v/b"};
static const char *const new_names[] = {"new", "new.key", "F", "X.KEY", ".envrc"};

struct verdict {
    enum { IS_NOT, IS_GIVEN, IS_OPEN } given; /* IS_OPEN: nobody can know */
    char object[PATH_MAX];                    /* of the host */
};

static void verdict_of(const struct plan_index *index, enum operation operation, const char *path, bool exists, struct verdict *ret_verdict)
{
    struct question question = {.operation = operation, .path = path, .exists = exists};
    struct judged judged;

    plan_judge(index, &question, &judged);
    ret_verdict->object[0] = '\0';
    ret_verdict->given = judged.judgement == JUDGED_DEPENDS ? IS_OPEN : IS_NOT;
    /* A private place, and a directory on the way to a grant, have nothing of the host. */
    if (judged.judgement == JUDGED_ALLOWED && plan_path_outside(index, path, ret_verdict->object))
        ret_verdict->given = IS_GIVEN;
}

/* ---- the two held together ---- */

struct pair {
    struct side before, after;
    struct policy_diff diff;
    unsigned round;
    bool has_links, is_quiet;
    unsigned asked, gained, wrong;
};

static const char *const leads[][2] = {{"ws/link", "ws/a"}, {"link", "data/b"}};

/* `path` by the name that it has through a link. */
static bool name_by_link(size_t link, const char *path, char ret_name[PATH_MAX])
{
    const char *real = full_path(&f, leads[link][1]);

    if (!path_is_within(path, real))
        return false;
    snprintf(ret_name, PATH_MAX, "%s%s", full_path(&f, leads[link][0]), path + strlen(real));
    return true;
}

/* Has a rule that names the link taken something from it? */
static bool is_ruled_by_link(const struct policy *policy, size_t link, const char *name)
{
    for (size_t i = 0; i < policy->layer_count; i++)
        for (size_t j = 0; j < policy->layers[i]->path_count; j++) {
            const char *rule = policy->layers[i]->paths[j].path;

            if (path_is_within(name, rule) && path_is_within(rule, full_path(&f, leads[link][0])))
                return true;
        }
    return false;
}

/*
 * A rule about a link is one about what it leads to, of which the comparison, who reads no disk, cannot know: it speaks of the
 * link, and of what a rule takes away through a link whose own name nothing grants not at all (cordon-policy-diff(1)).
 */
static bool is_explained_by_link(const struct pair *pair, const struct side *from, enum difference_kind kind, const char *path)
{
    char name[PATH_MAX];

    for (size_t i = 0; i < ARRAY_COUNT(leads) && pair->has_links; i++)
        if (name_by_link(i, path, name) &&
            (said_of_path(&pair->diff, kind, name, RIGHT_READ | RIGHT_WRITE) || is_ruled_by_link(from->policy, i, name)))
            return true;
    return false;
}

static void hold(struct pair *pair, bool is_forth, enum operation operation, const char *path, bool exists, unsigned right)
{
    const struct side *from = is_forth ? &pair->before : &pair->after, *to = is_forth ? &pair->after : &pair->before;
    enum difference_kind kind = is_forth ? DIFFERENCE_WIDER : DIFFERENCE_NARROWER;
    struct verdict had, has;
    bool is_gain, is_said = said_of_path(&pair->diff, kind, path, right);

    verdict_of(from->index, operation, path, exists, &had);
    verdict_of(to->index, operation, path, exists, &has);
    if (had.given == IS_OPEN || has.given == IS_OPEN)
        return;
    is_gain = has.given == IS_GIVEN && (had.given != IS_GIVEN || strcmp(had.object, has.object) != 0);
    pair->asked++;
    pair->gained += is_gain;
    /* A grant below what is denied in a view, the compiler does not mount: less than what is said, never more. */
    if (pair->has_links || path_is_within(path, "/srv/v") ? !is_gain || is_said || is_explained_by_link(pair, from, kind, path)
                                                          : is_gain == is_said)
        return;
    pair->wrong++;
    if (!pair->is_quiet)
        test_fail(__FILE__, __LINE__, "round %u: to %s %s %s %s, and the comparison says %s\n--- before\n%s%s--- after\n%s%s%s",
                  pair->round, operation_name(operation), path, is_gain ? "becomes" : "does not become", is_forth ? "possible" : "impossible",
                  is_said ? "that it does" : "nothing of it", pair->before.yaml, pair->before.ceiling ? pair->before.ceiling : "",
                  pair->after.yaml, pair->after.ceiling ? pair->after.ceiling : "", compared_text(&pair->diff));
}

static void hold_both(struct pair *pair, enum operation operation, const char *path, bool exists, unsigned right)
{
    hold(pair, true, operation, path, exists, right);
    hold(pair, false, operation, path, exists, right);
}

static void hold_everywhere(struct pair *pair)
{
    char path[PATH_MAX];

    for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
        snprintf(path, sizeof(path), "%s", full_path(&f, files[i]));
        hold_both(pair, OPERATION_READ, path, true, RIGHT_READ);
        hold_both(pair, OPERATION_EXECUTE, path, true, RIGHT_READ);
        hold_both(pair, OPERATION_WRITE, path, true, RIGHT_WRITE);
        hold_both(pair, OPERATION_METADATA, path, true, RIGHT_WRITE);
    }
    for (size_t i = 0; i < ARRAY_COUNT(directories); i++) {
        snprintf(path, sizeof(path), "%s", full_path(&f, directories[i]));
        hold_both(pair, OPERATION_LIST, path, true, RIGHT_READ);
        for (size_t j = 0; j < ARRAY_COUNT(new_names); j++) {
            snprintf(path, sizeof(path), "%s/%s", full_path(&f, directories[i]), new_names[j]);
            hold_both(pair, OPERATION_CREATE, path, false, RIGHT_WRITE);
        }
    }
}

static int make_empty(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    return fd < 0 ? -1 : close(fd);
}

static bool is_about_files(const struct difference *item)
{
    return item->area == AREA_FILES && item->witness && item->kind != DIFFERENCE_UNKNOWN && path_is_within(item->witness, f.root);
}

/* Files of the names that items give as examples, where nothing is: nobody could look at them otherwise. False = they cannot be. */
static bool lay_witness(const char *witness, struct text *ret_made)
{
    char path[PATH_MAX];
    struct stat st;

    snprintf(path, sizeof(path), "%s", witness);
    if (lstat(path, &st) == 0)
        return true;
    for (char *at = path + strlen(f.root) + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        if (mkdir(path, 0755) == 0)
            text_printf(ret_made, "%s\n", path);
        *at = '/';
    }
    if (make_empty(path) < 0)
        return false;
    text_printf(ret_made, "%s\n", path);
    return true;
}

/* The last first. */
static void clear_witnesses(struct text *made)
{
    while (made->length) {
        char *line;

        made->data[made->length - 1] = '\0';
        line = strrchr(made->data, '\n');
        line = line ? line + 1 : made->data;
        check_int(remove(line), 0);
        made->length = (size_t)(line - made->data);
    }
}

static void compile_side(struct side *side)
{
    plan_index_free_at(&side->index);
    plan_free_at(&side->plan);
    check_int(policy_compile(side->policy, &f.facts, &f.options, &side->plan, &f.err), 0);
    check_int(plan_index_new(side->plan, &side->index, &f.err), 0);
}

/* What each item names as one such path is one. */
static void hold_witnesses(struct pair *pair)
{
    auto_text struct text made = {0};

    for (size_t i = 0; i < pair->diff.count; i++)
        if (is_about_files(&pair->diff.items[i]) && !lay_witness(pair->diff.items[i].witness, &made))
            pair->diff.items[i].witness = NULL;
    if (made.length) {
        compile_side(&pair->before);
        compile_side(&pair->after);
    }
    for (size_t i = 0; i < pair->diff.count; i++) {
        const struct difference *item = &pair->diff.items[i];
        enum operation operation = item->rights & RIGHT_WRITE ? OPERATION_METADATA : OPERATION_READ;

        if (is_about_files(item))
            hold(pair, item->kind == DIFFERENCE_WIDER, operation, item->witness, true, item->rights);
    }
    clear_witnesses(&made);
}

static bool open_pair(struct pair *pair, uint64_t first, unsigned round, bool has_links)
{
    struct source source = {.seed = first + (uint64_t)round * 1000003u};
    bool has_ceiling = !has_links && !source_below(&source, 3);
    const struct options one = {has_links, !has_ceiling && !source_below(&source, 3)};
    const struct options other = {has_links, !has_ceiling && !source_below(&source, 3)};
    char *before = make_yaml(&source, &one), *after = make_yaml(&source, &other);
    char *ceiling = has_ceiling ? make_yaml(&source, &(struct options){has_links, false}) : NULL;
    bool is_open;

    *pair = (struct pair){.round = round, .has_links = has_links};
    is_open = open_side(&f, &pair->before, before, NULL);
    return open_side(&f, &pair->after, after, ceiling) && is_open;
}

static void close_pair(struct pair *pair)
{
    close_side(&pair->before);
    close_side(&pair->after);
}

static void make_world(void)
{
    static const char *const there[] = {"ws/a/b", "ws/A", "ws/ab", "data/b"};

    fixture_open(&f);
    policy_free(f.policy);
    f.policy = NULL;
    f.facts.keeps_names = true;
    for (size_t i = 0; i < ARRAY_COUNT(there); i++)
        make_directory(&f, there[i]);
    for (size_t i = 0; i < ARRAY_COUNT(files); i++)
        if (files[i][0] != '/')
            make_file(&f, files[i]);
    make_link(&f, "ws/link", "a");
    make_link(&f, "link", "data/b");
}

/* `least`: so many of a hundred must be policies that compile. */
static void compare_rounds(unsigned rounds, bool has_links, unsigned least)
{
    uint64_t seed = compared_seed();
    unsigned compared = 0, gained = 0, asked = 0;

    make_world();
    for (unsigned round = 0; round < rounds; round++) {
        auto_arena struct arena *arena = arena_new();
        struct pair pair;

        if (open_pair(&pair, seed, round, has_links)) {
            check_int(policy_diff(arena, pair.before.policy, pair.after.policy, &pair.diff, &f.err), 0);
            hold_everywhere(&pair);
            if (!has_links)
                hold_witnesses(&pair);
            compared++;
            gained += pair.gained;
            asked += pair.asked;
        }
        close_pair(&pair);
    }
    printf("     %u of %u pairs compiled, %u questions, %u answered otherwise\n", compared, rounds, asked, gained);
    check(compared * 100 >= rounds * least && gained > 10 * compared);
    fixture_close(&f);
}

TEST(where_two_plans_judge_a_file_differently_the_comparison_says_so_and_nowhere_else)
{
    compare_rounds(compared_rounds(600), false, 90);
}

TEST(what_differs_without_being_said_has_a_rule_about_a_link)
{
    compare_rounds(compared_rounds(600), true, 10); /* the others have a link where it could be turned */
}

/* Does a question of this test fall on what these patterns cover, and `but` not? */
static bool is_asked_about(const struct words_list *covered, const struct words_list *but)
{
    for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
        const char *path = full_path(&f, files[i]);

        if (said_covers(covered, path) && !said_covers(but, path))
            return true;
    }
    return false;
}

/* Is the pair held against a comparison with this item found out? */
static bool is_found(struct pair *pair, struct difference *item, const struct difference *broken)
{
    struct difference whole = *item;

    *item = *broken;
    pair->wrong = 0;
    hold_everywhere(pair);
    *item = whole;
    return pair->wrong > 0;
}

/* Without it, and without each of its exceptions. */
static void break_item(struct pair *pair, struct difference *item, unsigned *broken, unsigned *found)
{
    struct difference other = *item;

    if (item->area != AREA_FILES)
        return;
    other.subjects.count = 0;
    if (is_asked_about(&item->subjects, &item->except)) {
        ++*broken;
        *found += is_found(pair, item, &other);
    }
    for (size_t i = 0; i < item->except.count; i++) {
        struct words_list one = {&item->except.items[i], 1};

        other = *item;
        other.except = (struct words_list){item->except.items + i + 1, item->except.count - i - 1}; /* and those before it */
        if (!is_asked_about(&one, &other.except) || !said_covers(&item->subjects, one.items[0]))
            continue;
        ++*broken;
        *found += is_found(pair, item, &other);
    }
}

/* The adversarial twin: mostly, since some of what an item says another one says as well. */
TEST(a_comparison_that_leaves_out_an_item_or_an_exception_is_found_out)
{
    uint64_t seed = compared_seed();
    unsigned broken = 0, found = 0;

    make_world();
    for (unsigned round = 0; round < 60; round++) {
        auto_arena struct arena *arena = arena_new();
        struct pair pair;

        if (open_pair(&pair, seed, round, false)) {
            check_int(policy_diff(arena, pair.before.policy, pair.after.policy, &pair.diff, &f.err), 0);
            pair.is_quiet = true;
            for (size_t i = 0; i < pair.diff.count; i++)
                break_item(&pair, &pair.diff.items[i], &broken, &found);
        }
        close_pair(&pair);
    }
    printf("     %u of %u found out\n", found, broken);
    check(broken > 200 && found * 10 > broken * 9);
    fixture_close(&f);
}
