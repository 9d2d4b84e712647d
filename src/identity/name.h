/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a container is: one name, in the form of a SPIFFE ID (SPIFFE-ID, version 1.0), that no other has or will have.
 *
 *   spiffe://<trust domain>                                                    the authority itself
 *   spiffe://<trust domain>/host/<host>                                        a machine
 *   spiffe://<trust domain>/host/<host>/user/<uid>                             a person of that machine
 *   spiffe://<trust domain>/host/<host>/user/<uid>/agent/<class>/<instance>    a container of that person's,
 *                                                          [/sub/<instance>...]  and those inside of it
 *
 * There is one spelling of each: what differs in a byte is another name, and what is not in this form is none.
 */
#ifndef CORDON_IDENTITY_NAME_H
#define CORDON_IDENTITY_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"

#define IDENTITY_DOMAIN_SIZE   256 /* with its NUL; so all of these */
#define IDENTITY_HOST_SIZE     65
#define IDENTITY_CLASS_SIZE    65
#define IDENTITY_INSTANCE_SIZE 27 /* the form of a run id */
#define IDENTITY_DEPTH_MAX     16 /* the outermost container counts */
#define IDENTITY_TEXT_SIZE     1024

enum identity_kind { IDENTITY_DOMAIN = 1, IDENTITY_HOST, IDENTITY_USER, IDENTITY_AGENT };

struct identity_name {
    enum identity_kind kind; /* what follows is filled as far as the kind has it */
    char domain[IDENTITY_DOMAIN_SIZE];
    char host[IDENTITY_HOST_SIZE];
    uint32_t uid;
    char class_name[IDENTITY_CLASS_SIZE];
    char instances[IDENTITY_DEPTH_MAX][IDENTITY_INSTANCE_SIZE]; /* the outermost first */
    size_t depth;                                               /* of instances; 0 = no agent */
};

/* `text` need not end. ERROR_INVALID says what is wrong with it. */
int identity_parse(const char *text, size_t length, struct identity_name *ret_name, struct error *err) must_check;
void identity_print(const struct identity_name *name, char ret_text[IDENTITY_TEXT_SIZE]);

/* A machine's name with these, each checked. */
int identity_host(const char *domain, const char *host, struct identity_name *ret_name, struct error *err) must_check;
/* From a name of the same machine or person (`of` may be any kind that has a host): that person's. */
void identity_user(const struct identity_name *of, uint32_t uid, struct identity_name *ret_name);
/* A person's outermost container, and one inside of a container. ERROR_INVALID; ERROR_LIMIT: too deep. */
int identity_agent(const struct identity_name *user, const char *class_name, const char *instance, struct identity_name *ret_name,
                   struct error *err) must_check;
int identity_sub(const struct identity_name *parent, const char *instance, struct identity_name *ret_name, struct error *err) must_check;
/* The name around it: of a container the parent's or the person's, then the machine's, then the authority's. false: it has none. */
bool identity_around(const struct identity_name *name, struct identity_name *ret_name) must_check;

bool identity_equal(const struct identity_name *a, const struct identity_name *b);
/* Is `name` `outer` itself, or within it? */
bool identity_is_within(const struct identity_name *name, const struct identity_name *outer);

bool identity_class_is_valid(const char *text);    /* 1 to 64 of A-Z a-z 0-9 . _ -; not "." or ".." */
bool identity_instance_is_valid(const char *text); /* 26 of Crockford's digits, as run_id_new() makes them */
/* What a document calls itself, as a class: other characters become '-', "unnamed" where nothing is left. */
void identity_class_from(const char *text, char ret_class[IDENTITY_CLASS_SIZE]);

/*
 * This machine's own name where no other is configured: trust domain local.<32 hex digits>, host <the same digits>, by HMAC
 * from `machine_id` (32 hex digits), which is never told itself, as machine-id(5) asks.
 */
int identity_local(const char *machine_id, struct identity_name *ret_name, struct error *err) must_check;

/*
 * The id of this machine: the first of these that is one of 32 hex digits, not all zero: /etc/machine-id,
 * /var/lib/dbus/machine-id, <state>/machine-id. Where there is none, the last is made of random bits (0600). `state` may be NULL.
 * ERROR_SYSTEM with the remedy: there is none and none can be made. `*ret_is_own`: it is the last, which this user chose.
 */
int identity_machine_id(const char *state, char ret_id[33], bool *ret_is_own, struct error *err) must_check;
/* With other files in place of the first two. */
int identity_machine_id_of(const char *const *files, size_t count, const char *state, char ret_id[33], bool *ret_is_own,
                           struct error *err) must_check;

#endif
