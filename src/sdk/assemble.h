/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to a plan: places, facts, layers, compile. Everything that a run needs to know. */
#ifndef CORDON_SDK_ASSEMBLE_H
#define CORDON_SDK_ASSEMBLE_H

#include "base/looks.h"
#include "policy/policy.h"
#include "sdk/places.h"
#include "sdk/request.h"
#include "tier/tier.h"

#define ASSEMBLY_DEFAULT_PROFILE "coding-agent"

/* A document of the request, as it was read. */
struct assembled_document {
    const struct request_policy *source;
    const char *text;
    size_t size;
    const struct document *document;
    char digest[DIGEST_TEXT_SIZE]; /* of the text alone */
    bool is_secret; /* something in it looks like a secret */
};

struct assembly {
    struct policy *policy; /* its arena holds what follows */
    struct plan *plan;
    struct plan *plan_before; /* that could not be started: a command line in it may be in use */
    struct places places;
    struct facts facts;
    bool has_facts; /* they are known already */
    enum service_of service;
    bool has_launcher; /* which makes a control group for it, and sets its limits: what it lacks the start tells */
    const struct resources *shared; /* what a container around keeps (compile_options.shared); NULL = there is none */
    struct variables variables;
    const char *const *environment;
    const char *cwd;
    const char *workspace_given; /* by what name the caller came to the workspace */
    const char *mounts;      /* of the caller; NULL = not read yet */
    const char *events_file; /* absolute, NULL = none */
    const char *const *compile_environment; /* and who commits: */
    const char *const *added_environment;   /* the end of it */
    const struct tier_ops *ops;
    struct assembled_document documents[CORDON_POLICIES_MAX];
    size_t document_count;
};

void assembly_finish(struct assembly *assembly);
#define auto_assembly cleanup_with(assembly_finish)

/*
 * One assembly for many containers, with what it saw. Shared by all of them to read; each has a copy whose policy and plan are its own as far as they are
 * written: an arena, an environment.
 */
struct shared_assembly;
/* Takes both, which are the caller's again where there is no memory (NULL). */
struct shared_assembly *assembly_share(struct assembly *assembly, struct looks *looks);
struct shared_assembly *shared_assembly_keep(const struct shared_assembly *shared);
void shared_assembly_drop(struct shared_assembly *shared); /* NULL is fine; any thread */
/* The kernel is asked to say when something moves that it saw. Whoever asked gives it up with _retire(), in the same thread. */
int shared_assembly_watch(struct shared_assembly *shared, const struct cordon_request *request, struct error *err) must_check;
void shared_assembly_retire(struct shared_assembly *shared); /* the caller's share, too; NULL is fine */
int assembly_copy(struct assembly *ret_copy, const struct shared_assembly *shared, struct error *err) must_check;
/* Would another one for the same request be the same? 1, 0 or negative. */
int shared_assembly_holds(const struct shared_assembly *shared, const struct cordon_request *request, struct error *err) must_check;

/*
 * First half: who calls, and from where. Enough to open the event record; what it found before it failed stays in
 * `places`.
 */
int assembly_begin(struct assembly *assembly, const struct cordon_request *request,
                   struct error *err) must_check;

/* Then: this installation's programs, and the tier that will be asked. */
int assembly_find(struct assembly *assembly, struct error *err) must_check;

/* In place of that: as another found them, which lives longer; and the mounts, of which somebody knows that they are the same. */
void assembly_take_machine(struct assembly *assembly, const struct assembly *from);

/* Then: the workspace and the documents. */
int assembly_load(struct assembly *assembly, const struct cordon_request *request, struct error *err) must_check;

/* All of it up to the documents, for who asks and runs nothing. */
int assembly_open(struct assembly *assembly, const struct cordon_request *request, struct error *err) must_check;

/* In place of that: the workspace and the documents alone, for who compares them. No ceilings, and no workspace is refused. */
int assembly_load_documents(struct assembly *assembly, const struct cordon_request *request, struct error *err) must_check;

/* The same where the environment and the working directory are the request's alone, and the assembly has the rest. */
int assembly_load_inside(struct assembly *assembly, const struct cordon_request *request, struct error *err) must_check;

/* What needs no document: a run asks the machine for no more than its policy needs. */
int assembly_ask_tier(struct assembly *assembly, bool is_thorough, struct error *err) must_check;

/* The same of this process once more: what cannot change while it lives is as it was. */
int assembly_ask_again(struct assembly *assembly, struct error *err) must_check;

/* Second half: documents to plan. With `collect_all` (check, explain) the machine is looked at
 * thoroughly and what refuses is in plan->problems. */
int assembly_compile(struct assembly *assembly, const struct cordon_request *request,
                     bool collect_all, struct error *err) must_check;

/*
 * Would assembling `request` come to what `shared` is, of which `assembly` is a copy? It was assembled for a request that decides the same
 * (request_is_same_container()), and the mounts are the same. Then environment and documents are from now on those of `request`. 1, 0 or negative.
 */
int assembly_take_request(struct assembly *assembly, const struct shared_assembly *shared, const struct cordon_request *request,
                          struct error *err) must_check;

/*
 * For a running container: what the documents of `request` say for the machine, the caller and the workspace of `running`, into
 * an assembly of its own. Refused by name where they differ in anything but the network.
 */
int assembly_compile_network(struct assembly *assembly, const struct assembly *running, const struct cordon_request *request,
                             struct error *err) must_check;

/*
 * The tier could not start the plan. Was that because this machine cannot make namespaces, which a run takes for
 * granted? Then 1, and the plan is one for what the machine can do; 0 when it was not that. A policy that cannot be
 * enforced without them is refused.
 */
int assembly_compile_again(struct assembly *assembly, const struct cordon_request *request,
                           struct error *err) must_check;

#endif
