/* SPDX-License-Identifier: Apache-2.0 */
/*
 * That another policy holds for a container than before, into the audit log, with both digests. It is compiled anew at each start, by what its documents, its
 * profiles and the ceilings say then; and its network is changed while it runs. In the name of whom this keeper serves.
 */
#include <stdio.h>
#include <string.h>

#include "keeper/keeper.h"

static void record(const struct session *session, const char *policy, const char *member, const char *digest, const char *former)
{
    struct human_event event;

    human_begin(session->keeper, &event, "policy.changed");
    json_add_string(&event.json, "run", cordon_container_id(session->container));
    json_add_string(&event.json, "target", session->id);
    json_add_string(&event.json, "policy", policy);
    json_add_string(&event.json, "policyDigest", digest);
    json_add_string(&event.json, "formerDigest", former);
    json_add_string(&event.json, "member", member);
    human_end(session->keeper, &event);
}

void changed_at_start(struct session *session)
{
    char *former = session->disk.digest;
    struct container_facts facts;

    container_tell_facts(session->container, &facts);
    if (*former && strcmp(former, facts.digest) != 0) {
        keeper_say("container %s: its policy is another one than when it was created or started last: %s, not %s", session->id, facts.digest, former);
        record(session, session->policy, NULL, facts.digest, former);
    }
    snprintf(session->disk.digest, sizeof(session->disk.digest), "%s", facts.digest);
}

/* Whether or not all went well: what holds now is what counts. */
void changed_network(const struct session *holder, const char *former)
{
    struct container_facts facts;

    container_tell_facts(holder->container, &facts);
    if (strcmp(former, facts.digest) != 0)
        record(holder, NULL, "network", facts.digest, former);
}
