/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The containers around one inside: what the nester is told of them by whoever started the outermost, and what their policies
 * mean in the file tree of the innermost of them, where names are those that it shows. docs/decisions/0261.
 */
#ifndef CORDON_SDK_NEST_AROUND_H
#define CORDON_SDK_NEST_AROUND_H

#include "sdk/assemble.h"
#include "sdk/nest/bytes.h"

#define AROUND_LEVELS_MAX 9 /* nested.depth is at most 8 */

enum nest_place { PLACE_LIBRARY = 1, PLACE_HELPERS, PLACE_INIT, PLACE_RUNS, PLACE_STATE, PLACE_CONFIG, PLACE_CACHE, PLACE_END };
enum nest_shared { SHARED_MEMORY = 1, SHARED_CPUS, SHARED_PIDS, SHARED_CPU_TIME, SHARED_END };

enum nest_group { GROUP_MEMORY = 1 << 0, GROUP_PIDS = 1 << 1, GROUP_CPU = 1 << 2, GROUP_CPUACCT = 1 << 3 };

struct around_level {
    const char *run, *identity;
    struct variables variables;
    struct request_policy policies[CORDON_POLICIES_MAX]; /* texts */
    size_t policy_count;
    const char *profile; /* where there is none */
    const char *members[CORDON_MEMBERS_MAX];
    size_t member_count;
};

struct around {
    struct around_level levels[AROUND_LEVELS_MAX]; /* the outermost first */
    size_t level_count;
    struct places places;    /* of the outermost: this installation, its caller's store */
    struct resources shared; /* what its control group keeps */
    uint64_t groups;         /* enum nest_group: what one of a container inside could keep */
    const char *groups_why;  /* why it could not keep more; NULL = it could */
};

/* What the outermost container adds, and what each does. `is_launched`: a launcher made it, so none inside has limits that a group of its own keeps. */
void around_put_outermost(struct text *out, const struct assembly *assembly, bool is_launched);
void around_put_level(struct text *out, const struct assembly *assembly, const struct cordon_request *request, const char *run,
                      const char *identity);

/* Everything in `arena`. From whoever started the outermost container, so what is wrong with it is a mistake of Cordon's. */
int around_read(struct arena *arena, const void *bytes, size_t size, struct around *ret_around, struct error *err) must_check;

/*
 * The ceilings, and the policies of all containers around, as layers for one more inside of them: of files their denials and
 * patterns, and what they grant by the names under which the innermost shows it. *ret_ceilings: so many of the layers are ceilings.
 */
int around_add_layers(const struct around *around, const char *ceilings, struct policy *policy, size_t *ret_ceilings,
                      struct error *err) must_check;

/*
 * The layers from `first` on are the request's: what they leave open of limits, variables, identity and denied calls is as around, caches are the
 * directories that are there. ERROR_FORBIDDEN where they allow anything that the layers from `outer` to `first` do not, with what it is;
 * ERROR_UNENFORCEABLE for what no container inside can have.
 */
int around_fit(struct policy *policy, size_t outer, size_t first, struct error *err) must_check;

#endif
