/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the compiler only: what its files hand to each other. The life of one compilation is
 * read in compile.c, from top to bottom.
 */
#ifndef CORDON_POLICY_COMPILE_COMPILE_H
#define CORDON_POLICY_COMPILE_COMPILE_H

#include "base/path.h"
#include "policy/compile/layout.h"
#include "policy/compile/mounts.h"
#include "policy/compile/resolve.h"
#include "policy/model/effective.h"
#include "policy/policy.h"

/* An object that some rule, built-in row or alias names: access may change here. */
struct point {
    const char *path; /* real */
    dev_t device;
    ino_t inode;
    mode_t mode;
    uid_t uid;
    nlink_t links_to; /* names that it has */
    bool is_ruled; /* a path rule of some layer names exactly this object */
    bool is_judged;
    enum access access; /* when judged: what the layers give, before the caps */
    const struct origin *why;
};

/* At and below `path` nothing gets more than `access`, whatever a rule grants. */
struct cap {
    const char *path; /* real */
    enum access access;
    const struct origin *origin;
};

/* A restricting rule whose name does not exist or could come to mean something else, to be judged when the layout is
 * known. */
struct missing {
    const char *path; /* where it would be */
    enum path_rule_kind kind;
    bool is_link; /* the name exists, but a symbolic link in a writable place leads to it */
    bool is_there; /* it exists: a mount holds it, until the host puts another object there */
    const struct origin *origin;
};

/* A grant, or a file of Cordon's own, whose object was reached through a symbolic link. */
struct led {
    const struct resolved *object;
    bool is_own; /* Cordon's: no link on the way may be replaceable, and none is shown inside */
    const struct origin *origin;
};

struct origin_copy {
    const struct origin *from, *to;
};

struct compile {
    const struct policy *policy;
    const struct facts *facts;
    struct facts facts_in_place; /* what is left of them where nothing can be mounted */
    const struct compile_options *options;
    bool collects; /* problems go to the plan and the compilation goes on */
    struct plan *plan;
    struct arena *arena; /* of the plan: what it keeps */
    struct arena *work;  /* of this compilation: freed at its end */

    struct effective effective;
    struct net_rules *net_rules; /* of the plan, NULL = it has none */
    struct resolver *resolver;
    struct policy real; /* the layers with every path rule rewritten to its object */
    struct mount_table mounts;
    const char *home; /* real, NULL = none */

    struct point *points;
    size_t point_count;
    struct cap *caps;
    size_t cap_count;
    struct missing *missing;
    size_t missing_count;
    struct led *led;
    size_t led_count;
    struct layout *layout;
    const char *authorities; /* the file inside with the container's own authority among them; NULL = it has none */

    struct origin_copy *copies; /* what compile_origin() made already */
    size_t copy_count;
};

/*
 * The launch cannot go on because of this member. With collect_all it is written down and the
 * compilation continues (0); otherwise `err` says it and the result is negative. `origin` may be
 * NULL.
 */
int compile_problem(struct compile *c, enum error_kind kind, const struct origin *origin,
                    struct error *err, const char *format, ...) must_check printf_like(5, 6);

/* As compile_problem() for an error that somebody else made: `status` is what came with it, 0 = none.
 */
int compile_refusal(struct compile *c, int status, const struct error *made,
                    struct error *err) must_check;

/* As compile_problem(), unless isolation.allowLoss holds `name`: then the text goes to the losses.
 */
int compile_loss(struct compile *c, const char *name, const struct origin *origin,
                 struct error *err, const char *format, ...) must_check printf_like(5, 6);

/* Accepted, and worth a line for the person who reads. */
int compile_warning(struct compile *c, const struct origin *origin, struct error *err,
                    const char *format, ...) must_check printf_like(4, 5);

/* A copy that lives as long as the plan; NULL for NULL. *ret_copy is untouched on failure. */
int compile_origin(struct compile *c, const struct origin *origin, const struct origin **ret_copy,
                   struct error *err) must_check;

#define COMPILE_BUILTIN_LAYER "built-in"
/* What a rule of this compiler's own tables has as its origin. In the work arena. */
const struct origin *compile_builtin_origin(struct compile *c, const char *member) must_check;

/* objects.c: rewrite the rules of every layer to the objects that they name. */
int objects_resolve(struct compile *c, struct error *err) must_check;
int objects_add_point(struct compile *c, const struct resolved *object, bool is_ruled,
                      struct error *err) must_check;
int objects_add_cap(struct compile *c, const char *path, enum access access,
                    const struct origin *origin, struct error *err) must_check;
/* A restriction whose name is not there, is led to by links that must not change, or lies behind a
 * directory that the caller may not enter. */
int objects_add_missing(struct compile *c, const struct resolved *object, enum path_rule_kind kind,
                        const struct origin *origin, struct error *err) must_check;
int objects_add_led(struct compile *c, const struct resolved *object, bool is_own, const struct origin *origin,
                    struct error *err) must_check;
/* Is this an object that may be granted, and the caller's to give? Says so when it must be. */
int objects_check_grant(struct compile *c, const struct resolved *object, bool wants_write,
                        bool is_optional, const struct origin *origin, bool *ret_is_usable,
                        struct error *err) must_check;
/* The least that the layers and the caps give; *ret_why as policy_access(). */
enum access objects_access(const struct compile *c, const char *path,
                           const struct origin **ret_why);
/* The same for a point, whose rules are asked only once: call it when all layers are resolved. */
enum access objects_point_access(const struct compile *c, struct point *point,
                                 const struct origin **ret_why);

/* guards.c: what no rule can grant: Cordon's own, password files, kernel file systems. */
int guards_add(struct compile *c, struct error *err) must_check;
/* Nobody changes `name` in `directory`; one that is not there may be a loss. */
int guards_protect(struct compile *c, const char *directory, const char *name,
                   const struct origin *origin, struct error *err) must_check;
/* Could a grant or a view show what is at this name of the host? */
bool guards_is_exposed(const struct compile *c, const char *path);
/* repositories.c: hooks and configuration of the repository at a writable root, wherever it keeps
 * them, as far as `layer` protects them. */
int repositories_protect(struct compile *c, const struct document *layer, const char *root,
                         struct error *err) must_check;
/* documents.c: a warning about policy files that contained programs may rewrite. */
int documents_look(struct compile *c, struct error *err) must_check;
/* taken.c: a warning about grants that a ceiling makes void. */
int taken_look(struct compile *c, struct error *err) must_check;
/* denied.c, behind the mounts: rows and warnings about denied paths. */
int denied_look(struct compile *c, struct error *err) must_check;
/* aliases.c: one object under several names gets the tightest of their rules. */
int aliases_add(struct compile *c, struct error *err) must_check;
/* names.c: what is kept although it is not there, or is not there yet. `pattern` is a name inside. */
int names_add(struct compile *c, const char *pattern, enum plan_name_kind kind, const struct origin *origin,
              struct error *err) must_check;
/* A rule whose path is a pattern; its literal beginning is rewritten to the real name. */
int names_add_rule(struct compile *c, struct path_rule *rule, struct error *err) must_check;
/* Hooks and configuration of repositories below the writable roots. */
int names_add_repositories(struct compile *c, struct error *err) must_check;
/* Sockets of the host in directories that documents grant: a mount does not keep anybody from connecting. */
int names_keep_sockets(struct compile *c, struct error *err) must_check;
/* Of the mounts, behind all names: where process 1 refuses first, the mount stands behind it. */
int names_say_who_answers(struct compile *c, struct error *err) must_check;
/* folding.c: can two spellings be one name in this directory of the host? In doubt they can. */
bool folding_is_possible(const char *directory);
/* The same with what is mounted in it. */
bool folding_is_possible_within(const struct compile *c, const char *tree);
/* Does letter case count in every writable tree? When all names are known. */
void folding_look(struct compile *c);
/* search.c: shuts what exists under a denied pattern; other names of restricted files become points. */
int search_granted_trees(struct compile *c, struct error *err) must_check;
/* judge.c: restricting names that do not exist, grants through links the program can change. */
int judge_all_missing(struct compile *c, struct error *err) must_check;
int judge_all_links(struct compile *c, struct error *err) must_check;

/* toolchains.c: read-only rules for the tools that people keep below their home. */
int toolchains_add(struct compile *c, const struct document *document, struct path_rule **rules,
                   size_t *rule_count, struct error *err) must_check;

/* placed.c: what appears elsewhere than where it lives. */
int placed_resolve_views(struct compile *c, struct error *err) must_check;
/* The name that `path` gets through the view; NULL when it is not in its source. */
int placed_view_name(struct compile *c, const struct view *view, const char *path,
                     const char **ret_name, struct error *err) must_check;
int placed_add(struct compile *c, struct error *err) must_check;
/* Does the host have an object of this type under this very name? */
int placed_is_there(struct compile *c, const char *path, bool is_directory, bool *ret_is_there,
                    struct error *err) must_check;
/* caches.c, devices.c */
int caches_add(struct compile *c, const struct path_rule *rule, struct error *err) must_check;
int devices_add(struct compile *c, struct error *err) must_check;
/* Why no policy can grant the device at this real path; NULL = one may. */
const char *devices_refusal(const char *path, mode_t mode, dev_t special);
/* Where a name inside is, given that the home is at its real path and mostly private. */
int placed_target(struct compile *c, const char *path, const char **ret_target,
                  struct error *err) must_check;

/*
 * in_place.c: where no namespace can be made. begin() decides that from the facts; settle() turns the mounts of the plan
 * into grants of the host's own tree, and what only a mount gives into problems; finish() makes one refusal of them.
 */
int in_place_begin(struct compile *c, struct error *err) must_check;
int in_place_settle(struct compile *c, struct error *err) must_check;
bool in_place_is_private(const struct compile *c, const char *name, size_t length); /* plan->privates has the variable */
int in_place_finish(struct compile *c, struct error *err) must_check;

/* wants.c: from points to what the layout is asked for. */
int wants_add(struct compile *c, struct error *err) must_check;
int wants_link(struct compile *c, const char *path, const char *text, const struct origin *origin,
               struct error *err) must_check;
int wants_identify(struct compile *c, struct error *err) must_check;

int rules_add(struct compile *c, struct error *err) must_check;

/* network.c: which network it is; in the layout, what it puts in place of the host's files. */
int network_add(struct compile *c, struct error *err) must_check;
int network_want_files(struct compile *c, struct error *err) must_check;

/* hosts.c: in place of the host's list of names one that leaves questions to the container's resolver */
int hosts_want_file(struct compile *c, struct error *err) must_check;
/* What of a list stays inside: the lines that lead nowhere outside. *ret_text is the arena's; NULL when that is all of it. */
int hosts_inside(struct arena *arena, const char *data, size_t size, const char **ret_text, struct error *err) must_check;

/* authority.c: where TLS is opened, its authority where programs look for those that they believe */
int authority_want_files(struct compile *c, struct error *err) must_check;
/* When tree, environment and secrets are known: what of the rules and of what is beside them depends on that. */
int network_finish(struct compile *c, struct error *err) must_check;
/* programs.c: from names in rules to files inside. */
int programs_find(struct compile *c, struct error *err) must_check;
/* known_programs.c: the digest of this very file from an earlier run; for the next. */
bool known_program_find(struct compile *c, struct net_program *program);
void known_program_keep(struct compile *c, const struct net_program *program);
/* outside.c: what is used outside because the policy says so, nothing inside may exchange. After the layout. */
int outside_check(struct compile *c, const struct resolved *object, const struct origin *origin, struct error *err) must_check;
/* The mount of the plan that gives what is at `path` inside, NULL = none. */
const struct plan_mount *outside_mount_over(const struct plan *plan, const char *path);
/* trusted.c: certificates that servers are believed by. */
int trusted_add(struct compile *c, struct error *err) must_check;
/*
 * secrets.c. guard(): files that values come from are shut, with the rules still as the layers have them. want_files(): those
 * that hold placeholders, in the layout. has_variable(): a placeholder stands there instead of any value. add(): when all is known.
 */
int secrets_guard(struct compile *c, struct error *err) must_check;
int secrets_want_files(struct compile *c, struct error *err) must_check;

/* served.c: the directory of identity.files. */
int served_want_directory(struct compile *c, struct error *err) must_check;
bool secrets_have_variable(const struct compile *c, const char *name, size_t length);
int secrets_add(struct compile *c, struct error *err) must_check;
/* workers.c: what the rules and secrets need beside the container. */
int workers_check(struct compile *c, bool has_gateway, struct error *err) must_check;

/* settings.c, limits.c, environment.c */
int settings_check_facts(struct compile *c, struct error *err) must_check;
int settings_add(struct compile *c, struct error *err) must_check;
int limits_add(struct compile *c, struct error *err) must_check;
#define ENVIRONMENT_MAX 4096 /* variables */

/* Does this pattern of environment.inherit take a variable whose name has that length? Does it tell of proxies? */
bool environment_takes(const char *pattern, const char *entry, size_t length);
bool environment_is_proxy(const char *name, size_t length);

int environment_add(struct compile *c, struct error *err) must_check;

int statements_add(struct compile *c, struct error *err) must_check;

int digests_add(struct compile *c, struct error *err) must_check;
/* That of the plan alone, where something in it is new. */
int digests_add_plan(struct plan *plan, struct error *err) must_check;

/* reviewed.c: writable directories of the host are to be seen through a layer of the run's own. */
int reviewed_mark(struct compile *c, struct error *err) must_check;

#endif
