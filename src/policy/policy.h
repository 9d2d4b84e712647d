/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy of one run: layers that can each only take away. Pure: nothing here touches the file
 * system. The only header of this part that other parts include.
 */
#ifndef CORDON_POLICY_POLICY_H
#define CORDON_POLICY_POLICY_H

#include "policy/document.h"
#include "policy/facts.h"
#include "policy/plan.h"

enum access { ACCESS_DENIED = 0, ACCESS_READ = 1, ACCESS_WRITE = 2 };

#define POLICY_LAYERS_MAX 32

struct policy {
    struct arena *arena; /* owns everything below */
    struct document **layers;
    size_t layer_count;
};

/* Variables of this caller, and an empty policy in a new arena. */
int policy_new(struct policy **ret_policy, struct error *err) must_check;
void policy_free(struct policy *policy);
void policy_free_at(struct policy **policy);
#define auto_policy cleanup_with(policy_free_at)

/* Add a layer that was loaded into policy->arena. */
int policy_add_layer(struct policy *policy, struct document *document,
                     struct error *err) must_check;

/* All of /etc/cordon/ceiling.d (or `directory`) in the order of their names. Missing directory = no
 * ceilings. Anything in it that is not owned by root, is writable by others, is unreadable, hidden or
 * malformed refuses, and so does a directory above that others may exchange it in. */
int policy_add_ceilings(struct policy *policy, const char *directory,
                        const struct variables *variables, struct error *err) must_check;

/*
 * What may be done with `path` (absolute, normalised, free of symbolic links): the least of what
 * each layer gives. Within a layer the most specific literal rule decides, at the same path deny >
 * read-only > read-write; globs and protected names only take away. *ret_why (may be NULL) is the
 * origin of the deciding rule, NULL = no rule grants it.
 */
enum access policy_access(const struct policy *policy, const char *path,
                          const struct origin **ret_why);
enum access document_access(const struct document *document, const char *path,
                            const struct origin **ret_why);

/*
 * Does `a` allow anything that `b` does not? Exact for paths (globs included), network, system
 * calls, devices, sockets, environment, resources, tier; *ret_witness (may be NULL; arena of `a`)
 * says one such thing in words. When the test would exceed its bounds the answer is "not a subset"
 * with that as the witness.
 */
bool policy_is_subset(const struct policy *a, const struct policy *b, const char **ret_witness);

/*
 * Is the network the only thing in which they differ? What something is started with counts as well. *ret_difference (may be
 * NULL; arena of either) names something else; what cannot be compared within the bounds is another.
 */
bool policy_is_same_but_network(const struct policy *a, const struct policy *b, const char **ret_difference);

/* What network a plan of it will most likely have: before anything is known of the machine. */
enum plan_network policy_foresee_network(const struct policy *policy);

/* Why syscalls.allow may give this call back, NULL = it may not. */
const char *policy_grantable_call(const char *name);

/* The built-in protected name that is a component or the components of `path`, as unprotectedPaths has it; NULL = none is. */
const char *policy_protected_name(const char *path);

/*
 * Resolve the policy against this machine and this caller, and compile it. Everything that cannot
 * be enforced here and that no isolation.allowLoss names is refused with ERROR_UNENFORCEABLE, what
 * the caller does not have with ERROR_FORBIDDEN. With options->collect_all, problems are collected
 * in plan->problems instead of ending the call.
 */
struct compile_options {
    const struct variables *variables;
    bool collect_all;
    bool is_dry_run; /* explain, check: private persistent directories are not created */
    const char *const
        *self_paths; /* Cordon's own configuration, state, cache directories: denied inside */
    const char *const *
        readonly_self; /* documents in use, Cordon's own programs and libraries: read-only inside */
    const char *caller_path;       /* the caller's PATH, for filesystem.toolchains */
    const char *cache_directory;   /* where private persistent directories live */
    const char *const *caller_env; /* the caller's environment, for environment.inherit */
    const char *caller_cwd;
    const char *workspace_given; /* by what name the caller came to it, absolute; NULL = its real one */
    const char *const *documents; /* the files of the request's layers, absolute; NULL = none */
    const char *tier; /* --tier, NULL = the policy's */
    bool is_reviewed; /* changes in writable directories of the host are kept apart */
    const struct resources *shared; /* what the container around keeps for everything in it; NULL = there is none around */
    bool keeps_names; /* process 1 hears of every change of a name, whether the policy needs that or not */
    const char *mounts; /* policy_read_mounts(), NULL = as they are now */
};

/*
 * The caller's mounts, for policy_compile(): the kernel makes one who reads them wait for one who mounts, so this is best
 * done before process 1 begins to. `path` NULL = /proc/self/mountinfo.
 */
int policy_read_mounts(struct arena *arena, const char *path, const char **ret_text, struct error *err) must_check;

int policy_compile(const struct policy *policy, const struct facts *facts,
                   const struct compile_options *options, struct plan **ret_plan,
                   struct error *err) must_check;

/*
 * What a plan can be made for here: the namespaces that a private tree needs (in_place_why() says why there are none, NULL =
 * they can be made), or, where there are none, Landlock with all that must take their place (decision 0055).
 */
const char *in_place_why(const struct facts *facts);
bool in_place_is_possible(const struct facts *facts);

/*
 * Would filesystem.toolchains: inherit make `path` readable for a caller whose PATH this is? By names alone: links that lead
 * elsewhere, and what other rules say, are only known when it is compiled. All absolute and normalised.
 */
bool policy_toolchain_covers(const char *home, const char *caller_path, const char *path);

/*
 * The same for proofs: could it make anything at, above or below `path` readable? `caller_path` NULL = whatever it is. Credentials
 * it never does.
 */
bool policy_toolchains_meet(const char *home, const char *caller_path, const char *path);

/* Whom all of its layers let tokens be for (identity.audiences); not set = whomever. In the arena. */
int policy_audiences(const struct policy *policy, struct arena *arena, struct string_list *ret_list, struct error *err) must_check;

/* The plan for people (text) and programs (JSON). Caller mem_free()s. */
int plan_explain_text(const struct plan *plan, char **ret_text, struct error *err) must_check;
int plan_explain_json(const struct plan *plan, char **ret_json, struct error *err) must_check;

#endif
