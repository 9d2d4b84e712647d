/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the library: one contained run, from its start to the record of its end. */
#ifndef CORDON_SDK_CONTAINER_H
#define CORDON_SDK_CONTAINER_H

#include "base/text.h"
#include "event/event.h"
#include "review/review.h"
#include "sdk/asks.h"
#include "sdk/assemble.h"
#include "sdk/findings.h"
#include "sdk/identity.h"
#include "sdk/nest/around.h"
#include "sdk/nest/inside.h"
#include "sdk/nest/nests.h"
#include "sdk/self.h"
#include "sdk/signing.h"
#include "sdk/sensor.h"
#include "sdk/told_access.h"
#include "sdk/workers.h"
#include "sdk/streams.h"

/* Why Cordon is ending a run that did not end by itself. */
enum container_cause { CAUSE_NONE = 0, CAUSE_TIME, CAUSE_OUTPUT, CAUSE_CPU, CAUSE_NETWORK };

enum container_state {
    CONTAINER_RUNNING = 0,
    CONTAINER_DRAINING, /* everything in it has ended, output is still on its way */
    CONTAINER_ENDED,    /* recorded; `status` is final */
    CONTAINER_FAILED,   /* Cordon could not keep its promise; `failure` says why */
};

/* All times are of the monotonic clock, 0 = never. */
struct deadlines {
    uint64_t started_ns, ended_ns;
    uint64_t stamp_ns; /* real time before the start, of the clock that stamps files */
    uint64_t timeout_ms;
    const char *timeout_member;
    uint64_t timeout_ns; /* when SIGTERM goes out */
    uint64_t kill_ns;    /* when SIGKILL goes out */
    uint64_t stop_ns;    /* when a container that is to stop is ended */
    uint64_t cpu_limit_us;
    uint64_t cpu_look_ns; /* when the CPU time is looked at next */
};

#define CONTAINER_WATCHED (WORKERS_MAX + 1 + SELF_SOCKETS + NESTS_MAX + 1) /* the workers, the sensor, who asks from inside, the signer */

/* The descriptor behind cordon_container_poll_fd(), made when somebody asks. */
struct watch {
    int epoll, timer;
    uint64_t armed_ns;
    bool has_tier;    /* the tier's descriptor is watched: only while the container runs */
    int worker_fds[CONTAINER_WATCHED]; /* those of container_watched(), likewise; -1 = not watched */
    int relay_fds[2]; /* what is watched of each relay */
};

/* Where a reviewed run keeps what it changes. */
struct run_review {
    char *directory; /* NULL = it is none */
    int lock;        /* says that it is under way */
};

struct remote;

/* A connection, what of the record has to be there, and until when that is waited for. */
struct pending_held {
    uint64_t connection, at, until_ns;
};

struct cordon_container {
    struct remote *remote; /* NULL = it runs here; else nothing but `streams`, `state` and `status` is of use */
    struct assembly assembly;
    struct assembly stood;   /* by which it was kept ready; empty = it was not */
    struct shared_assembly *shared; /* of which it is a copy; NULL = it is its own, and nothing proves it */
    struct assembly changed; /* whose network holds since it was changed; empty = the first one's */
    struct event_log *log;
    bool is_recorded; /* `log` has begun */
    struct run_identity identity;
    struct launcher *launcher; /* who makes its first process; NULL = this process */
    struct signing signing; /* what it asks to have signed */
    struct tier_run *prepared; /* until the tier has taken it */
    struct tier_run *run;
    struct workers workers; /* where the plan has a gateway */
    struct self self; /* the program's questions about itself */
    struct inside *inside; /* not NULL: all of it is made by a nester, outside of this process's own container */
    struct nests nests; /* containers inside */
    const struct around *around; /* the containers around this one, where it is inside; else NULL */
    const char *parent_name;     /* the identity of the innermost of them; NULL = there is none */
    int sources;                 /* its file tree, -1 = the host's */
    const struct tier_spawner *beside; /* who makes its control group; NULL = it is not inside */
    struct asks asks; /* what a person is asked */
    struct pending_held *held; /* connections that wait for their record, the oldest first (pending.c) */
    size_t held_count;
    struct sensor sensor; /* where Landlock refuses first */
    const char *sensor_why; /* why there is none; NULL = there is, or it is not needed */
    struct text authorities, java_store; /* what files of the plan hold (PLAN_AUTHORITIES, PLAN_JAVA_STORE) */
    struct streams streams;
    struct deadlines deadlines;
    struct watch watch;
    uint64_t output_limit, output_bytes;
    int cancel_fd; /* the request's: only during set-up */
    const char *terminal; /* whose the program writes to, as run.started says it */
    enum container_cause cause;
    bool is_kill_asked, is_stop_asked; /* by the caller */
    bool is_frozen;
    bool is_kept_ready; /* for somebody (pool.c): it has no record yet */
    bool is_unsealed;   /* with that: its program brings what Landlock waits for */
    bool stands;                       /* without a program of its own */
    struct cordon_program *programs;   /* programs.c: those that run, or whose end is not recorded yet */
    enum container_state state;
    struct tier_status tier_status;
    struct findings findings;
    struct denials denials; /* what the program was refused */
    uint32_t sees;          /* operations of which some source of this run sees that they are refused */
    struct run_review review;
    struct cordon_status status;
    struct error failure;
};

/* Start what the request asks for. */
int container_start(const struct cordon_request *request, struct cordon_container **ret_container,
                    struct error *err) must_check;

/* Such a one without a program. */
int container_create(const struct cordon_request *request, struct cordon_container **ret_container, struct error *err) must_check;
/*
 * The same in steps, for who assembles and compiles in another way. new(): nothing is begun (request NULL = there is none). prepare(): the first process begins.
 * launch(): what was compiled. refused(): records and keeps a failure of any of them; `status`.
 */
int container_new(const struct cordon_request *request, struct cordon_container **ret_container, struct error *err) must_check;
void container_prepare(struct cordon_container *container, const struct cordon_request *request);
int container_launch(struct cordon_container *container, const struct cordon_request *request, struct error *err) must_check;
int container_refused(struct cordon_container *container, int status, struct error *failure, struct error *err);

/*
 * For the pool. make_ready() begins one that stands and has no record (`is_unsealed`: nor Landlock, so that it can have rules for its program's streams); *last: the assembly of the one before (NULL = none), which it shares
 * where another would be the same.
 * settle(): 1 when it does, 0 = not yet, unless `waits`; take_ready() has the program of `request` executed in it and makes it a run: 1, or 0 where a start
 * would not make what stands, or negative, of the program: then it is of no more use. `kept_for`: the request that it was made for;
 * *ret_is_proved: nothing had to be compiled. start_prepared() takes a first process that was prepared, and a name; `shared`
 * (NULL = none) of a request that decides the same is used where another one would be the same.
 */
int container_make_ready(const struct cordon_request *request, bool is_unsealed, struct shared_assembly **last,
                         struct cordon_container **ret_container, struct error *err) must_check;
int container_settle(struct cordon_container *container, const struct cordon_request *request, bool waits, struct error *err) must_check;
int container_take_ready(struct cordon_container *container, const struct cordon_request *kept_for, const struct cordon_request *request,
                         bool *ret_is_proved, struct error *err) must_check;
struct prepared {
    struct tier_run *run;
    struct event_log *log; /* which has its name */
};
int container_start_prepared(const struct cordon_request *request, const struct tier_ops *ops, struct prepared *prepared,
                             const struct shared_assembly *shared, struct cordon_container **ret_container, struct error *err) must_check;

/* supervise.c: move output, keep limits, look for the end. Never blocks (but see EVENT_STALL_MS).
 * 1 = ended and *recorded*, 0 = not yet, or the negative errno of `failure`. */
int container_step(struct cordon_container *container, struct error *err) must_check;

/* supervise.c: the caller wants no more of it. What has ended by now is recorded as it ended. */
void container_give_up(struct cordon_container *container);

/* supervise.c: descriptors beside the tier's and the streams' that are readable when container_step() has something to do; each has its place, -1 = none. */
void container_watched(const struct cordon_container *container, int fds[CONTAINER_WATCHED]);

/* supervise.c: set the deadlines, for set-up right before it and for the program right after. */
void container_set_deadlines(struct cordon_container *container, uint64_t asked_timeout_ms);

/* supervise.c: when container_step() has something to do although no descriptor says so; 0 = never.
 */
uint64_t container_next_ns(const struct cordon_container *container);

/* container.c: wait until something happens or `until_ns` (0 = never) comes; until when a call with this time limit waits */
int container_sleep(struct cordon_container *container, uint64_t until_ns, struct error *err) must_check;
uint64_t container_until_ns(int64_t timeout_ms);

/* container.c: those that are a person's business, a line each. */
void container_findings_print(struct text *out, const struct findings *findings);

/* record.c: fill `status` from how the tier says that it ended, and write the last record. */
int container_record_end(struct cordon_container *container, struct error *err) must_check;
int container_record_start(struct cordon_container *container, const char *const *argv,
                           struct error *err) must_check;
/* The members of an end, from how the tier told it. */
void container_status_from_tier(struct cordon_status *status, const struct tier_status *tier);
struct event_exited container_event_exited(const struct cordon_status *status, const struct tier_status *tier);
const char *container_network_name(enum plan_network network);
int container_record_abandoned(struct cordon_container *container, struct error *err) must_check;

/* watch.c */
#define WATCH_INIT ((struct watch){.epoll = -1, .timer = -1, .worker_fds = {[0 ... CONTAINER_WATCHED - 1] = -1}, .relay_fds = {-1, -1}})
int watch_open(struct cordon_container *container, struct error *err) must_check;
int watch_update(struct cordon_container *container, struct error *err) must_check;
void watch_close(struct watch *watch);

#endif
