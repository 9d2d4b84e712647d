/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of files, made-up facts and documents in a few lines, for tests of the compiler. */
#ifndef CORDON_TESTS_POLICY_COMPILE_FIXTURE_H
#define CORDON_TESTS_POLICY_COMPILE_FIXTURE_H

#include "base/file.h"
#include "base/text.h"
#include "policy/policy.h"
#include "test.h"

struct fixture {
    char root[64]; /* has ws and home in it */
    struct facts facts;
    struct variables variables;
    struct compile_options options;
    const char *self[4], *readonly_self[4];
    struct policy *policy;
    struct plan *plan;
    struct error err;
};

/* A machine that can do everything, an ordinary caller, an empty workspace and an empty home. */
void fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);

/* Paths are relative to the root. */
void make_directory(struct fixture *fixture, const char *path);
void make_file(struct fixture *fixture, const char *path);
void write_file(struct fixture *fixture, const char *path, const char *text);
void make_link(struct fixture *fixture, const char *path, const char *text);
void set_mode(struct fixture *fixture, const char *path, mode_t mode);
/* In a static buffer, one of four that take turns. */
const char *full_path(struct fixture *fixture, const char *path);

/* Add a layer of cordon/1; '@' stands for the root, the version line is put before it. */
void add_layer(struct fixture *fixture, enum layer_kind kind, const char *yaml);

/* add_layer() and compile. The status. */
int compile_text(struct fixture *fixture, const char *yaml);
int compile_layers(struct fixture *fixture);
/* compile_text() must fail; the error's text. */
const char *refusal_of(struct fixture *fixture, const char *yaml);
/* compile_text() must succeed. */
void accept_text(struct fixture *fixture, const char *yaml);

/* NULL when the plan has none. */
const struct plan_mount *mount_at(struct fixture *fixture, const char *path);
/* "bind rw", "bind ro", "mask", "pin", "link", "private", "passage", "directory", "none" */
const char *what_is_at(struct fixture *fixture, const char *path);
/* For tests of what an ordinary caller may not do, when the tests run as root. Leak detection needs
 * root back at the end. */
void drop_root(void);
void regain_root(void);

/* Does the plan keep this very name, there or not? */
bool is_kept(struct fixture *fixture, const char *path);

bool has_environment(const struct plan *plan, const char *entry);

#endif
