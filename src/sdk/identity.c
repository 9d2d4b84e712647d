/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/identity.h"

#include <string.h>
#include <unistd.h>

#include "sdk/unproved.h"
#include "tier/spawner.h"

/* Of a container around, and so made by this code. */
static int find_inside(const char *parent, const char *instance, struct run_identity *found, struct error *err)
{
    struct identity_name around;
    int status = identity_parse(parent, strlen(parent), &around, err);

    if (status == 0)
        status = identity_sub(&around, instance, &found->name, err);
    if (status == 0)
        identity_print(&found->name, found->text);
    return status;
}

int run_identity_find(struct run_identity *identity, const struct assembly *assembly, const char *instance, const char *parent,
                      struct error *err)
{
    char machine_id[33], class_name[IDENTITY_CLASS_SIZE];
    struct run_identity found = {.uid = geteuid(), .user = assembly->places.user, .service = assembly->service};
    struct identity_name host, user;
    int status = 0;

    if (found.user && found.user[strspn(found.user, "0123456789")] == '\0')
        found.user = NULL; /* nobody has a name for it: the number again */
    if (parent)
        status = find_inside(parent, instance, &found, err);
    if (parent && status == 0)
        *identity = found;
    if (parent)
        return status;
    status = identity_machine_id(assembly->places.state, machine_id, &found.is_own_id, err);
    if (status == 0)
        status = identity_local(machine_id, &host, err);
    if (status < 0)
        return status;
    identity_user(&host, found.uid, &user);
    identity_class_from(assembly->plan->identity_class ? assembly->plan->identity_class : assembly->plan->name, class_name);
    status = identity_agent(&user, class_name, instance, &found.name, err);
    if (status < 0)
        return status;
    identity_print(&found.name, found.text);
    *identity = found;
    return 0;
}

/* What was made for it alone, and all its descendants have. */
static void tell_spawned(const struct tier_ops *ops, const struct tier_run *run, struct event_identity *told)
{
    bool has_own_uid = false;
    const struct tier_spawned *spawned = run && ops->spawned ? ops->spawned(run, &has_own_uid) : NULL; /* no run: it is about to be started */

    told->uid = told->login_uid = told->session = -1;
    if (!spawned)
        return;
    told->has_kernel = true;
    if (spawned->login_uid != UINT32_MAX) {
        told->login_uid = spawned->login_uid;
        told->session = spawned->session != UINT32_MAX ? (int64_t)spawned->session : -1;
        told->proof[told->proof_count++] = "loginuid";
    }
    if (has_own_uid) {
        told->uid = spawned->uid;
        told->proof[told->proof_count++] = "uid";
    }
    told->cgroup = spawned->cgroup[0] ? spawned->cgroup : NULL;
    told->as_caller = spawned->as_caller[0] ? spawned->as_caller : NULL;
}

static void tell_unproved(struct event_identity *told, enum service_of of)
{
    const struct unproved *rows[UNPROVED_MAX];
    size_t count = unproved_find(of, told->proof, told->proof_count, NULL, rows);

    told->service = service_name(of);
    while (told->unproved_count < count && told->unproved_count < EVENT_PROOFS_MAX) {
        told->unproved[told->unproved_count] = rows[told->unproved_count]->what;
        told->unproved_count++;
    }
}

void run_identity_tell(const struct run_identity *identity, const struct plan *plan, const struct tier_ops *ops, struct tier_run *run,
                       struct event_identity *ret_identity)
{
    const struct identity_name *name = &identity->name;
    struct event_identity told = {
        .name = identity->text,
        .class_name = name->class_name,
        .instance = name->instances[name->depth - 1],
        .host_from = identity->is_own_id ? "state" : "machine-id",
        .actor = "agent",
        .sponsor_uid = identity->uid,
        .sponsor_name = identity->user,
        .sponsor_declared = plan->identity_sponsor,
    };
    uint64_t us;

    tell_spawned(ops, run, &told);
    if (told.cgroup || (run && ops->cpu_time && ops->cpu_time(run, &us) == 0))
        told.proof[told.proof_count++] = "cgroup";
    /* every process of it is in the pid namespace of the first, which is held */
    if (plan->wall == PLAN_WALL_NAMESPACES)
        told.proof[told.proof_count++] = "pidfd";
    if (!told.proof_count)
        told.proof[told.proof_count++] = "process";
    tell_unproved(&told, identity->service);
    *ret_identity = told;
}
