/* SPDX-License-Identifier: Apache-2.0 */
/* What a keeper tells of a container beside what any caller of the library can know. */
#ifndef CORDON_SDK_KEEPING_H
#define CORDON_SDK_KEEPING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cordon/cordon.h"

/* What the filter of a client's terminal has to know of the policy. */
bool container_may_write_clipboard(const struct cordon_container *container);

#define CONTAINER_IDENTITY_SIZE 1024

/* Of a container that is kept, when what ran in it has ended without having been asked to. */
enum restart_kind { RESTART_NO = 0, RESTART_ON_FAILURE, RESTART_ALWAYS, RESTART_UNLESS_STOPPED };
struct restart {
    enum restart_kind kind;
    unsigned times_max; /* of on-failure; 0 = as often as it takes */
};
/* "no", "on-failure", "on-failure:3", "always", "unless-stopped" */
int restart_parse(const char *text, struct restart *ret_restart, struct error *err) must_check;

/* Until when; both 0 = as long as it takes. Before CLOCK_MS_MAX. */
struct until {
    uint64_t left_ms; /* from now on */
    uint64_t at_ms;   /* since 1970 */
};
int until_parse(const char *text, struct until *ret_until, struct error *err) must_check;

/*
 * This program was replaced, or removed, since it began: the helper programs beside it are another installation's, and may speak otherwise. What runs goes on,
 * and nothing new is started.
 */
bool installation_is_replaced(void);

#define POLICY_DIGEST_SIZE 80

/* As cordon_check(), by a status of this library's own: nothing speaks against this request, and its policy has this digest now. */
int request_judge(const struct cordon_request *request, char ret_digest[POLICY_DIGEST_SIZE], struct error *err) must_check;

struct container_facts {
    const char *tier;                      /* static */
    char identity[CONTAINER_IDENTITY_SIZE]; /* "" = it has none */
    char digest[POLICY_DIGEST_SIZE];       /* of its policy, of the network that it has now included */
    char proof[64];                        /* what the kernel holds of it: "loginuid,uid,cgroup" */
    uint64_t denials;                      /* so far */
};
void container_tell_facts(const struct cordon_container *container, struct container_facts *ret_facts);

/*
 * A container inside of this one, or inside of one that is, whose program has started. `parent`: the run right around; "" = this container. `command` is what a
 * program asked for.
 */
struct container_child {
    char id[CORDON_RUN_SIZE], parent[CORDON_RUN_SIZE];
    char identity[CONTAINER_IDENTITY_SIZE], command[256];
    pid_t pid;
    uint64_t started_ms;
    bool has_ended;              /* then there is its id, and */
    struct cordon_status status;
};
/* One that began or ended since it was asked last: 1, or 0. Of one that ended nobody hears who had not heard that it began. */
int container_child_news(struct cordon_container *container, struct container_child *ret_child);
/* All that run, one after the other from *at = 0 on: 1, or 0. */
int container_child_next(const struct cordon_container *container, size_t *at, struct container_child *ret_child);

/* What its control group counts; false = that is to be had from its processes alone. */
bool container_memory(const struct cordon_container *container, uint64_t *ret_bytes);
bool container_times(const struct cordon_container *container, uint64_t *ret_user_us, uint64_t *ret_system_us);

enum container_order { CONTAINER_SIGNAL = 1, CONTAINER_STOP, CONTAINER_KILL };
/* `value`: the signal, or within how many ms. ERROR_NOT_FOUND: it has ended. Does not wait. */
int container_child_order(struct cordon_container *container, const char *id, enum container_order order, uint64_t value, struct error *err) must_check;

/* Who hears the records of the containers that are started for this request (event/event.h); outlives them. */
struct event_recorder;
void request_set_recorder(struct cordon_request *request, const struct event_recorder *recorder);

/* Does anything in it wait for the log of its recorder? Then its next step is when that has more. */
bool container_waits_for_log(const struct cordon_container *container);

/* Whose service runs the containers of this request: what is recorded of them says so. */
enum service_of { SERVICE_NONE = 0, SERVICE_OF_USER, SERVICE_OF_SYSTEM };
void request_set_service(struct cordon_request *request, enum service_of of);

/* Who signs what they ask for; outlives them, and is heard by the keeper (signer/link.h). NULL = each has its own. */
struct signer_link;
void request_set_signer(struct cordon_request *request, struct signer_link *link);

#endif
