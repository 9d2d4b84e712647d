/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading one document: the walk over tree and table together, and what the rows' store functions
 * work with.
 */
#ifndef CORDON_POLICY_READ_READER_H
#define CORDON_POLICY_READ_READER_H

#include "policy/document.h"
#include "policy/read/member.h"
#include "policy/read/node.h"
#include "policy/read/profile.h"

/* Profiles that extend profiles: how deep. */
#define PROFILE_DEPTH_MAX 8

/* A value's place in the document: a list that grows on the stack from the root down. */
struct place {
    const struct place *up; /* NULL at the root */
    const char *name;       /* member, NULL for an item */
    size_t index;           /* item */
    unsigned line, column;
};

/* What a scalar row's type made of a value. */
struct value {
    const struct node *node;
    const char *text;
    const char *key; /* items of a dict */
    uint64_t number;
    bool is_optional, is_glob;
};

struct reader {
    struct arena *arena;
    struct document *document;
    const struct load_options *options;
    const struct profile_set *profiles;
    const char *name;                  /* in errors */
    const char *file;                  /* origin.file */
    const char *layer;                 /* origin.layer */
    const struct profile_trail *trail; /* profiles being read now, NULL = the document itself */
    const char **folded;               /* profiles that are in already */
    size_t folded_count;
    bool is_partial;       /* the tree holds only members to change: none is required at the top */
    struct egress_rule *rule; /* the rule and its parts that are being read */
    struct net_peer *peer;
    struct net_requests *requests;
    struct budget *budget;
    struct secret *secret;
    struct port_grants *doors; /* the list of ports that is being read */
    struct error *err;
};

struct profile_trail {
    const struct profile_trail *up;
    const char *name;
    unsigned depth;
};

/* Check `root` against document_members and store it. */
int reader_read_document(struct reader *reader, const struct node *root) must_check;

/* "name:line:column: member: what". ERROR_INVALID. */
int reader_refuse(const struct reader *reader, const struct place *place, const char *format, ...)
    printf_like(3, 4);

/* Put place and name before an error that a general parser made. */
int reader_blame(const struct reader *reader, const struct place *place);

/* origin of a value; -ENOMEM. */
int reader_origin(const struct reader *reader, const struct place *place,
                  struct origin *ret_origin) must_check;

/* "filesystem.readonlyPaths[3]", in the arena. */
const char *place_text(struct arena *arena, const struct place *place);

/* A scalar by its row's type. */
int value_parse(const struct reader *reader, const struct member *member, const struct place *place,
                const struct node *node, struct value *ret_value) must_check;

/* What a node is, for "expected ..., not ...": "a string". */
const char *value_kind_phrase(const struct node *node);

/* A string node without NUL; `wanted` is for the error: "a path". */
int value_check_string(const struct reader *reader, const struct place *place,
                       const struct node *node, const char *wanted) must_check;

/* An absolute path with its variables put in; *ret_is_glob NULL = no pattern allowed. */
int value_parse_path(const struct reader *reader, const struct place *place, const char *text,
                     bool *ret_is_glob, const char **ret_path) must_check;

/* What is wrong with a word of this type, NULL = nothing. */
const char *value_word_fault(enum value_type type, const char *text);

int value_program(const struct reader *reader, const struct place *place, const struct node *node,
                  struct value *value) must_check;

/* Record a valid member that this build cannot enforce, or take the record back. */
int reader_note_unsupported(struct reader *reader, const struct member *member,
                            const struct place *place, const struct value *value) must_check;

/* Fold the profile `name` into the document. */
int reader_fold_profile(struct reader *reader, const struct place *place,
                        const char *name) must_check;

/* Store functions of the rows. */
member_store store_version, store_setting, store_string, store_text_item, store_string_list_open, store_list_item;
member_store store_filesystem_open, store_grants_open, store_path, store_view_open;
member_store store_view_source, store_view_target, store_view_access, store_view_optional;
member_store store_env_set, store_env_entry, store_process_open, store_extends, store_clipboard,
    store_ui_close;
member_store store_network_open, store_rule_open, store_peer_open, store_peer_close, store_cidr;
member_store store_except, store_host, store_port_open, store_port_close, store_port,
    store_end_port;
member_store store_until, store_protocol, store_doors_open, store_door_open, store_door_close, store_door_port,
    store_door_host_port, store_ingress_close, store_command, store_cwd, store_proxy,
    store_name, store_container_id;
member_store store_rule_close, store_tls, store_http_open, store_calls_open, store_method, store_url_path, store_call,
    store_tool, store_websocket, store_programs_open, store_program, store_budget_open, store_budget, store_budget_end,
    store_budget_close;
member_store store_secrets_open, store_secret_open, store_secret_close, store_secret_name, store_secret_file,
    store_secret_source, store_secret_command, store_secret_argument, store_secret_prefix, store_secret_hosts,
    store_secret_host, store_secret_places, store_secret_place, store_secret_place_close;

#endif
