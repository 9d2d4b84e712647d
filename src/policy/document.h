/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One policy document as Cordon understands it, whichever front end read it, with the profiles that
 * it extends folded in. Everything behind the front ends reads only this. All of it lives in the
 * arena that it was loaded into.
 */
#ifndef CORDON_POLICY_DOCUMENT_H
#define CORDON_POLICY_DOCUMENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/memory.h"
#include "net/rules.h"
#include "net/secrets.h"

/* Where an effective value comes from; explain, errors and events print it. */
struct origin {
    const char *layer;  /* "built-in", "profile base", "document", "ceiling", "request" */
    const char *file;   /* path of the document, NULL for built-in values */
    unsigned line;      /* 1-based, 0 = none */
    unsigned column;    /* 1-based, 0 = none */
    const char *member; /* "filesystem.readonlyPaths[3]" */
    bool is_profile;    /* one of the library's own profiles says it: trees of the system's */
};

enum contract {
    CONTRACT_CORDON = 1, /* version: cordon/1 */
    CONTRACT_MXC = 2,    /* one of MXC's versions */
};

/* A layer can only take away from the others; a ceiling limits what it names and nothing else. */
enum layer_kind {
    LAYER_REQUEST = 1, /* --policy FILE, or the built-in coding-agent */
    LAYER_CEILING = 2, /* /etc/cordon/ceiling.d */
    LAYER_PARENT = 3,  /* the container that the caller is in */
};

enum path_rule_kind {
    PATH_READWRITE = 1, /* filesystem.readwritePaths */
    PATH_READONLY = 2,  /* filesystem.readonlyPaths */
    PATH_DENIED = 3,    /* filesystem.deniedPaths */
    PATH_PROTECTED =
        4, /* filesystem.protectedPaths: never created, changed, renamed or removed; never widens */
    PATH_CACHE =
        5, /* filesystem.cachePaths: private to this policy and workspace, kept between runs */
    PATH_PRIVATE =
        6, /* empty and private to one run: the home, /tmp, /var/tmp, /dev/shm (built-in) */
};

struct path_rule {
    enum path_rule_kind kind;
    uint32_t length;  /* of path, where it was counted (document_count_paths()); 0 = it was not */
    const char *path; /* absolute, normalised, variables put in; a pattern when is_glob */
    bool is_glob;     /* '*', '?', '[...]' within a component, '**' for any number of components */
    bool is_optional; /* a grant that may be absent ({path: ..., optional: true}) */
    struct origin origin;
};

struct view {
    const char *source; /* host object */
    const char *target; /* where it appears inside */
    bool is_writable;
    bool is_optional;
    struct origin origin;
};

struct string_item {
    const char *text;
    struct origin origin;
};

struct string_list {
    struct string_item *items;
    size_t count;
    bool is_set; /* present, perhaps empty */
    struct origin origin;
};

/* budget.where is the text of the origin. */
struct budget {
    bool is_set;
    struct net_budget budget;
    struct origin origin;
};

/*
 * A destination that a document allows or denies; rule.where is the text of the origin. Programs and budget of the rule
 * itself are numbers of tables, which only all layers together have (policy_net_rules()).
 */
struct egress_rule {
    struct net_rule rule;
    struct string_list programs; /* names, or absolute paths; not set = every program */
    struct budget budget;
    struct origin until_origin;    /* of rule.until_ms */
    struct origin tls_origin;      /* of rule.terminates */
    struct origin requests_origin; /* of rule.requests: http, mcp or jsonrpc, the first of them */
    struct origin origin;
};

/* A port of one loopback that leads to the other, TCP. */
struct port_grant {
    uint16_t port;      /* of who listens */
    uint16_t host_port; /* network.ingress.ports: where the host finds it */
    struct origin origin;
};

struct port_grants {
    struct port_grant *items;
    size_t count;
    bool is_set; /* present, perhaps empty */
    struct origin origin;
};

/* A number or enumerator that may be absent. */
struct setting {
    bool is_set;
    uint64_t value;
    struct origin origin;
};

struct env_item {
    const char *name;
    const char *value;
    struct origin origin;
};

enum tier_choice { TIER_AUTO = 0, TIER_PROCESS, TIER_CONTAINER, TIER_MICROVM, TIER_INSTANCE };

/* What the audit log must be for this container, and how what is private stands in it; each is stricter than the one before. */
enum audit_mode { AUDIT_RECORDED = 0, AUDIT_REQUIRED };
enum audit_privacy { AUDIT_CLEAR = 0, AUDIT_SALTED, AUDIT_SEALED };

/* nested.depth and nested.number of a document that grants containers and says no more. */
#define NESTED_DEPTH_DEFAULT  1
#define NESTED_NUMBER_DEFAULT 8

enum clipboard_choice { CLIPBOARD_NONE = 0, CLIPBOARD_READ, CLIPBOARD_WRITE, CLIPBOARD_ALL };

struct network {
    bool is_set;
    struct origin origin;
    struct setting egress_default; /* 1 = allow */
    struct egress_rule *allow;     /* network.egress.allow */
    size_t allow_count;
    struct egress_rule *deny; /* network.egress.deny */
    size_t deny_count;
    struct setting ingress_default; /* 1 = allow */
    struct setting host_loopback;   /* network.ingress.hostLoopback, 1 = allow */
    struct port_grants inward;      /* network.ingress.ports */
    struct port_grants outward;     /* network.ingress.hostLoopbackPorts: all that hostLoopback means */
    struct setting loopback;        /* network.loopback, 1 = allow (default) */
    struct budget budget;           /* network.budget: of everything that goes out */
    struct string_list authorities; /* network.tls.authorities: PEM files of the host */
    const char *proxy;              /* runtimeConfig.networkProxy: scheme://host:port */
    uint16_t proxy_port;
    struct origin proxy_origin;
};

struct resources {
    struct setting memory;     /* bytes */
    struct setting cpus;       /* thousandths of a processor */
    struct setting pids;       /* processes and threads */
    struct setting open_files; /* descriptors per process */
    struct setting disk;       /* bytes of all private file systems together */
    struct setting output;     /* bytes of stdout and stderr together */
    struct setting wall_time;  /* ms */
    struct setting cpu_time;   /* ms, all processes together */
};

enum secret_source {
    SECRET_ANY = 0, /* of a ceiling's item: it does not say */
    SECRET_ENV,     /* a variable of the caller */
    SECRET_FILE,    /* a file of the host */
    SECRET_KEYRING, /* a key of type "user" in the caller's keyrings: its description */
    SECRET_COMMAND, /* what a program prints, run by the caller, outside */
};
const char *secret_source_name(enum secret_source source); /* "env", "file", "keyring", "command" */

/*
 * A credential that is used for the program. A request's item asks for one; a ceiling's says what may be asked for, and
 * what it leaves out it does not limit.
 */
struct secret {
    const char *name; /* for people and events, and the variable that holds the placeholder where `file` is not; or NULL */
    const char *file; /* inside, holds the placeholder */
    enum secret_source source;
    const char *text; /* of the source: variable, path, description; NULL = any of the kind (a ceiling's), or a command */
    const char **command; /* SECRET_COMMAND: program and arguments, NULL-terminated */
    size_t command_count;
    const char *prefix; /* of the placeholder, or NULL */
    struct string_list hosts; /* canonical; a ceiling's may be patterns. Not set = any (a ceiling's) */
    struct net_secret_field *fields; /* in requests; none = any (a ceiling's) */
    size_t field_count;
    struct origin source_origin, file_origin, fields_origin;
    struct origin origin;
};

struct secrets {
    struct secret *items;
    size_t count;
    bool is_set; /* present, perhaps empty */
    struct origin origin;
};

/* A member that is valid and whose meaning this build cannot enforce: refused at launch by name. */
struct unsupported {
    const char *member;
    const char *reason; /* "needs the gateway, which this build does not have" */
    struct origin origin;
};

struct document {
    enum contract contract;
    enum layer_kind kind;
    const char *version;           /* as written */
    const char *name;              /* name:, or the file's base name, or "coding-agent" */
    bool is_named;                 /* name: says it */
    const char *file;              /* as given by the caller; NULL for built-in */
    char digest[DIGEST_TEXT_SIZE]; /* of the bytes that were read, and of each --set on top */

    /* filesystem */
    bool has_filesystem;
    bool has_grants; /* readwritePaths, readonlyPaths, cachePaths or views are present, perhaps
                        empty */
    struct path_rule *paths;
    size_t path_count;
    struct view *views;
    size_t view_count;
    struct string_list
        unprotected; /* filesystem.unprotectedPaths: built-in protected names that are given up */
    struct setting toolchains; /* filesystem.toolchains: 1 = the caller's PATH directories below the
                                  home, read-only */
    struct setting protect_builtin; /* filesystem.protectBuiltin: 1 = the built-in protected set
                                       applies below every writable workspace */

    struct network network;
    struct secrets secrets;
    struct string_list devices;      /* absolute paths of character devices */
    struct string_list unix_sockets; /* absolute paths of sockets */
    struct string_list syscalls_deny;
    struct string_list syscalls_allow;

    struct string_list env_inherit; /* names, or prefix followed by '*' */
    struct env_item *env_set;
    size_t env_set_count;
    bool env_is_exact;    /* MXC: process.env given without inheritDefaultEnv: exactly this */
    bool env_home_is_cwd; /* MXC: HOME only when cwd is given, and then it is cwd */

    struct resources resources;

    struct setting tier;           /* enum tier_choice */
    struct setting minimum_tier;   /* enum tier_choice */
    struct string_list allow_loss; /* names from policy_loss_names() */

    struct setting nested_namespaces, nested_containers, nested_depth, nested_number;
    struct string_item identity_class, identity_sponsor;      /* text NULL = not said */
    struct string_list identity_audiences;                     /* whom tokens are for; not set = whomever */
    struct setting identity_files;
    struct setting audit_mode, audit_arguments, audit_paths;  /* enum audit_mode, enum audit_privacy */
    struct setting ui_disable;      /* only what is written: 1 takes ui.clipboard away */
    struct setting clipboard_write; /* ui.clipboard: 1 = write or all */

    const char *command_line; /* process.commandLine, run as sh -c; NULL = none */
    struct origin command_origin;
    const char *cwd; /* process.cwd; absolute; NULL = none */
    struct origin cwd_origin;
    struct setting timeout; /* process.timeout, ms */

    struct unsupported *unsupported;
    size_t unsupported_count;
    struct string_list learned; /* what cordon learn has offered for this document; grants nothing */
    struct string_list
        warnings; /* accepted without effect on Linux; each says which member and why */

    /* MXC only */
    const char *container_id; /* containerId */
    const char *phase;        /* NULL = one-shot */
};

/* What variables stand for. All absolute paths; workspace may be NULL, then ${workspace} is
 * refused. */
struct variables {
    const char *workspace;
    const char *home;
    const char *user;
    const char *tmp; /* "/tmp" */
};

struct load_options {
    enum layer_kind kind;
    const struct variables *variables;
    const char
        *layer_name; /* origin.layer of what the document itself says: "document", "ceiling" */
};

/*
 * Read one document (native YAML or JSON, or MXC JSON; told apart by `version`), check it against
 * its closed schema, fold in its profiles. `name` is used in errors ("build.yaml:12:3:
 * network.egress...: ..."). Bounded: 1 MiB, depth 32, 100,000 nodes. *ret_document lives in
 * `arena`.
 */
int document_load_file(struct arena *arena, const char *path, const struct load_options *options,
                       struct document **ret_document, struct error *err) must_check;
/* The bytes of a file, for document_load_text(): *ret_text lives in `arena`. */
int document_read_file(struct arena *arena, const char *path, const struct load_options *options, char **ret_text,
                       size_t *ret_size, struct error *err) must_check;
int document_load_text(struct arena *arena, const char *name, const char *text, size_t size,
                       const struct load_options *options, struct document **ret_document,
                       struct error *err) must_check;

/* The document that `cordon run` uses without --policy: a request that extends `profile`. */
int document_load_profile(struct arena *arena, const char *profile,
                          const struct load_options *options, struct document **ret_document,
                          struct error *err) must_check;

/* --set MEMBER=VALUE on a native request: VALUE is read as a YAML flow value by the same table. */
int document_set_member(struct arena *arena, struct document *document, const char *assignment,
                        const struct load_options *options, struct error *err) must_check;

/* Many questions will be asked: the lengths of paths are counted once. Who gives a rule another path sets its length to 0. */
void document_count_paths(struct document *document);

/* "file:line:column: member" (as far as known), for errors and explain. In the arena. */
const char *origin_text(struct arena *arena, const struct origin *origin);

/* The same as an object with layer, file, line, column and member; NULL = null. */
struct json;
void origin_json(struct json *json, const char *key, const struct origin *origin);

/* Names that isolation.allowLoss may hold, NULL-terminated. */
const char *const *policy_loss_names(void);

/* The built-in profiles, NULL-terminated, and the YAML text of one (NULL when unknown). */
const char *const *profile_names(void);
const char *profile_text(const char *name);

/* JSON Schema (draft 2020-12) of cordon/1, generated from the table that the parser reads. Caller
 * mem_free()s. */
int policy_schema(char **ret_json, struct error *err) must_check;

#endif
