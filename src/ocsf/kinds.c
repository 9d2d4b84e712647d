/* SPDX-License-Identifier: Apache-2.0 */
/* Each type of record by a row; of several rows of one type the first that fits. */
#include "ocsf/kinds.h"

#include "base/compiler.h"
#include "ocsf/ocsf.h"

/* Classes: 1001 File System Activity, 1003 Kernel Activity, 1007 Process Activity, 1008 Event Log Activity, 2004 Detection Finding,
 * 3004 Entity Management, 4001 Network Activity, 4002 HTTP Activity, 4003 DNS Activity, 6003 API Activity. */
#define INFO   SEVERITY_INFORMATIONAL
#define LOW    SEVERITY_LOW
#define MEDIUM SEVERITY_MEDIUM
#define HIGH   SEVERITY_HIGH
#define FILES   &shape_file
#define PROCESS &shape_process
#define NETWORK &shape_network

/* One row for each operation, of what was refused and of what was let through. */
#define ACCESS(type, severity, said)                                                                                      \
    {type, "operation", "look", 1001, 8, 0, severity, FILES, said " a look at a file"},                                   \
    {type, "operation", "list", 1001, 2, 0, severity, FILES, said " the list of a directory"},                            \
    {type, "operation", "read", 1001, 2, 0, severity, FILES, said " reading a file"},                                     \
    {type, "operation", "write", 1001, 3, 0, severity, FILES, said " writing a file"},                                    \
    {type, "operation", "create", 1001, 1, 0, severity, FILES, said " making a file"},                                    \
    {type, "operation", "delete", 1001, 4, 0, severity, FILES, said " deleting a file"},                                  \
    {type, "operation", "rename", 1001, 5, 0, severity, FILES, said " renaming a file"},                                  \
    {type, "operation", "link", 1001, 99, "Link", severity, FILES, said " linking a file"},                               \
    {type, "operation", "metadata", 1001, 6, 0, severity, FILES, said " changing the attributes of a file"},              \
    {type, "operation", "execute", 1007, 1, 0, severity, PROCESS, said " executing a program"},                           \
    {type, "operation", "mount", 1001, 12, 0, severity, FILES, said " a mount"},                                          \
    {type, "operation", "connect", 4001, 5, 0, severity, &shape_socket, said " a connection"},                            \
    {type, "operation", "bind", 4001, 7, 0, severity, &shape_socket, said " listening"},                                  \
    {type, "operation", "signal", 1007, 99, "Signal", severity, PROCESS, said " a signal to a process"},                  \
    {type, "operation", "ptrace", 1007, 3, 0, severity, PROCESS, said " a look into a process"},                          \
    {type, "operation", "syscall", 1003, 4, 0, severity, &shape_kernel, said " a system call"},                           \
    {type, "operation", "limit", 1007, 99, "Limit", severity, PROCESS, said " more than a limit"},                        \
    {type, NULL, NULL, 0, 99, "Access", severity, &shape_other, said " an operation"}

#define REQUEST(type, severity, said)                                                             \
    {type, "method", "CONNECT", 4002, 1, 0, severity, &shape_request, said},                      \
    {type, "method", "DELETE", 4002, 2, 0, severity, &shape_request, said},                       \
    {type, "method", "GET", 4002, 3, 0, severity, &shape_request, said},                          \
    {type, "method", "HEAD", 4002, 4, 0, severity, &shape_request, said},                         \
    {type, "method", "OPTIONS", 4002, 5, 0, severity, &shape_request, said},                      \
    {type, "method", "POST", 4002, 6, 0, severity, &shape_request, said},                         \
    {type, "method", "PUT", 4002, 7, 0, severity, &shape_request, said},                          \
    {type, "method", "TRACE", 4002, 8, 0, severity, &shape_request, said},                        \
    {type, "method", "PATCH", 4002, 9, 0, severity, &shape_request, said},                        \
    {type, NULL, NULL, 4002, 99, "Request", severity, &shape_request, said}

#define ASKED(type, said)                                                                         \
    {type, "operation", "read", 1001, 2, 0, LOW, &shape_asked_file, said " reading a file"},      \
    {type, "operation", "write", 1001, 3, 0, LOW, &shape_asked_file, said " writing a file"},     \
    {type, "operation", "connect", 4001, 1, 0, LOW, &shape_asked_network, said " a connection"},  \
    {type, NULL, NULL, 0, 99, "Approval", LOW, &shape_other, said " an operation"}

#define CALL(name, activity) {"control.called", "operation", name, 6003, activity, 0, INFO, &shape_api, "a request on the control socket: " name}

const struct ocsf_kind ocsf_kinds[] = {
    /* ---- one run ---- */
    {"run.started", NULL, NULL, 1007, 1, 0, INFO, &shape_started, "a contained program was started"},
    {"run.failed", NULL, NULL, 1007, 1, 0, MEDIUM, &shape_run, "a contained program was not started, or its container had to be ended"},
    {"run.timeout", NULL, NULL, 1007, 2, 0, LOW, &shape_run, "the time limit of a container was reached"},
    {"run.exited", NULL, NULL, 1007, 2, 0, INFO, &shape_run, "a container ended"},
    {"run.finding", NULL, NULL, 2004, 1, 0, HIGH, &shape_finding, "a contained program left something that the caller's own programs would act on"},
    {"exec.started", NULL, NULL, 1007, 1, 0, INFO, &shape_exec, "a program was executed in a container that stands"},
    {"exec.failed", NULL, NULL, 1007, 1, 0, LOW, &shape_exec, "a program was not executed in a container that stands"},
    {"exec.exited", NULL, NULL, 1007, 2, 0, INFO, &shape_exec, "a program of a container that stands ended"},
    {"exec.lost", NULL, NULL, 1008, 99, "Lost", MEDIUM, &shape_log, "so many programs of a container that stands are in no record"},
    {"nested.started", NULL, NULL, 1007, 1, 0, INFO, &shape_run, "a container was started inside of a container"},
    {"nested.ended", NULL, NULL, 1007, 2, 0, INFO, &shape_run, "a container inside of a container ended"},
    {"limit.reached", NULL, NULL, 1007, 99, "Limit", LOW, &shape_run, "a limit of a container was reached"},

    /* ---- what it tried ---- */
    ACCESS("access.denied", LOW, "refused:"),
    ACCESS("access.used", INFO, "let through:"),
    {"access.repeated", NULL, NULL, 1008, 99, "Repeated", INFO, &shape_log, "a record came so often again"},
    {"access.lost", NULL, NULL, 1008, 99, "Lost", MEDIUM, &shape_log, "so many refusals stand in no record"},

    /* ---- the network ---- */
    {"network.connected", NULL, NULL, 4001, 1, 0, INFO, NETWORK, "a connection was made"},
    {"network.closed", NULL, NULL, 4001, 2, 0, INFO, NETWORK, "a connection ended"},
    {"network.denied", NULL, NULL, 4001, 5, 0, LOW, NETWORK, "refused: a connection"},
    {"network.failed", NULL, NULL, 4001, 4, 0, INFO, NETWORK, "a connection that was permitted could not be made"},
    {"network.name-denied", NULL, NULL, 4003, 1, 0, LOW, &shape_names, "refused: a question for a name"},
    REQUEST("network.request", INFO, "a request was permitted and sent"),
    REQUEST("network.request-denied", LOW, "refused: a request"),
    REQUEST("network.secret-denied", HIGH, "a secret was on its way to where it does not belong"),
    {"network.budget", NULL, NULL, 4001, 99, "Budget", LOW, NETWORK, "a budget of the network is used up"},
    {"grant.ended", NULL, NULL, 4001, 99, "Grant ended", INFO, NETWORK, "the time of a rule is over"},
    {"network.lost", NULL, NULL, 1008, 99, "Lost", MEDIUM, &shape_log, "so much of the network stands in no record"},
    {"network.changed", NULL, NULL, 3004, 3, 0, LOW, &shape_policy, "another policy decides about the network from here on"},
    {"network.gone", NULL, NULL, 3004, 11, 0, MEDIUM, &shape_service, "a container has no network any more"},

    /* ---- what somebody was asked ---- */
    ASKED("approval.asked", "a person was asked about"),
    ASKED("approval.answered", "a person's answer about"),

    /* ---- what a reviewed run changed ---- */
    {"review.changed", "change", "added", 1001, 1, 0, INFO, &shape_workspace, "a reviewed run made a file"},
    {"review.changed", "change", "deleted", 1001, 4, 0, INFO, &shape_workspace, "a reviewed run deleted a file"},
    {"review.changed", "change", "renamed", 1001, 5, 0, INFO, &shape_workspace, "a reviewed run renamed a file"},
    {"review.changed", NULL, NULL, 1001, 3, 0, INFO, &shape_workspace, "a reviewed run changed a file"},
    {"review.lost", NULL, NULL, 1008, 99, "Lost", MEDIUM, &shape_log, "so many changes of a reviewed run stand in no record"},
    {"review.committed", NULL, NULL, 1001, 3, 0, LOW, &shape_workspace, "changes of a reviewed run were committed to the workspace"},
    {"review.discarded", NULL, NULL, 1001, 4, 0, LOW, &shape_workspace, "changes of a reviewed run were discarded"},

    /* ---- policies ---- */
    {"policy.changed", NULL, NULL, 3004, 3, 0, LOW, &shape_policy, "another policy holds for a container than before"},

    /* ---- containers that live ---- */
    {"container.created", NULL, NULL, 3004, 1, 0, INFO, &shape_container, "a container was provisioned"},
    {"container.updated", NULL, NULL, 3004, 3, 0, LOW, &shape_container, "limits or policy of a container were changed"},
    {"container.removed", NULL, NULL, 3004, 4, 0, INFO, &shape_container, "a container was removed"},
    {"container.started", NULL, NULL, 3004, 10, 0, INFO, &shape_container, "a container stands"},
    {"container.stopped", NULL, NULL, 3004, 11, 0, INFO, &shape_container, "a container was stopped"},
    {"container.frozen", NULL, NULL, 3004, 12, 0, LOW, &shape_container, "a container was frozen"},
    {"container.thawed", NULL, NULL, 3004, 13, 0, LOW, &shape_container, "a container goes on"},

    /* ---- the daemon and its parts ---- */
    {"daemon.started", NULL, NULL, 3004, 10, 0, INFO, &shape_service, "a part of the daemon started"},
    {"daemon.stopped", NULL, NULL, 3004, 11, 0, LOW, &shape_service, "a part of the daemon ended"},
    {"keeper.started", NULL, NULL, 3004, 10, 0, INFO, &shape_given, "a keeper was started for a user"},
    {"keeper.ended", NULL, NULL, 3004, 11, 0, INFO, &shape_given, "a keeper ended, and nothing of it is left"},
    {"uids.owned", NULL, NULL, 3004, 1, 0, LOW, &shape_given, "uids of containers are one user's from here on"},
    {"session.opened", NULL, NULL, 3004, 10, 0, INFO, &shape_given, "a container was given what the kernel knows it by"},
    {"session.closed", NULL, NULL, 3004, 11, 0, INFO, &shape_given, "nothing of a container runs any more: what it was given is taken back"},
    CALL("create", 1), CALL("run", 1), CALL("exec", 1), CALL("attach", 2), CALL("ps", 2), CALL("inspect", 2), CALL("logs", 2),
    CALL("stats", 2), CALL("start", 3), CALL("stop", 3), CALL("kill", 3), CALL("freeze", 3), CALL("thaw", 3), CALL("update", 3),
    CALL("rm", 4), CALL("renew", 3), CALL("answer", 3),
    {"control.called", NULL, NULL, 6003, 99, "Call", INFO, &shape_api, "a request on the control socket"},

    /* ---- identities ---- */
    {"identity.issued", NULL, NULL, 3004, 1, 0, INFO, &shape_credential, "a credential was issued"},
    {"identity.exchanged", NULL, NULL, 3004, 1, 0, LOW, &shape_credential, "a token was exchanged for another"},
    {"identity.renewed", NULL, NULL, 3004, 3, 0, INFO, &shape_credential, "a credential was issued again before its end"},
    {"identity.refused", NULL, NULL, 3004, 1, 0, LOW, &shape_credential, "refused: a credential"},
    {"identity.signed", NULL, NULL, 3004, 2, 0, INFO, &shape_credential, "a container had something signed"},
    {"identity.rotated", NULL, NULL, 3004, 3, 0, LOW, &shape_credential, "the authority has another key"},
    {"identity.destroyed", NULL, NULL, 3004, 4, 0, INFO, &shape_credential, "a key was destroyed"},

    /* ---- the log itself ---- */
    {"log.started", NULL, NULL, 1008, 6, 0, INFO, &shape_log, "the log is written from here on"},
    {"log.stopped", NULL, NULL, 1008, 7, 0, LOW, &shape_log, "the log is not written from here on"},
    {"log.lost", NULL, NULL, 1008, 99, "Lost", MEDIUM, &shape_log, "records of a writer are missing"},
    {"log.full", NULL, NULL, 1008, 99, "Full", HIGH, &shape_log, "the log finds no room"},
    {"log.clock", NULL, NULL, 1008, 99, "Clock", MEDIUM, &shape_log, "the machine's clock was moved"},
    {"log.witness", NULL, NULL, 1008, 99, "Witness", MEDIUM, &shape_log, "a witness lags, or is back"},
    {"log.exported", NULL, NULL, 1008, 3, 0, LOW, &shape_log, "records were exported"},
    {"log.pruned", NULL, NULL, 1008, 2, 0, MEDIUM, &shape_log, "old records were dropped by the rules of retention"},
    {"log.erased", NULL, NULL, 1008, 1, 0, MEDIUM, &shape_log, "what a person's key covers was erased"},
    {"log.retention", NULL, NULL, 1008, 99, "Retention", LOW, &shape_log, "for how long records are kept was changed"},
    {"log.held", NULL, NULL, 1008, 4, 0, LOW, &shape_log, "a legal hold began"},
    {"log.released", NULL, NULL, 1008, 4, 0, LOW, &shape_log, "a legal hold ended"},
};
const size_t ocsf_kind_count = ARRAY_COUNT(ocsf_kinds);

const struct ocsf_kind ocsf_kind_other = {"", NULL, NULL, 0, 99, "Record", INFO, &shape_other, "a record of a type that has no class"};

const struct ocsf_outcome ocsf_outcomes[] = {
    {"run.started", NULL, NULL, STATUS_SUCCESS, ACTION_ALLOWED, 1},
    {"run.failed", "kind", "forbidden", STATUS_FAILURE, ACTION_DENIED, 2},
    {"run.failed", "kind", "unenforceable", STATUS_FAILURE, ACTION_DENIED, 2},
    {"run.failed", NULL, NULL, STATUS_FAILURE, ACTION_NONE, 27},
    {"run.timeout", NULL, NULL, STATUS_SUCCESS, ACTION_DENIED, 2},
    {"run.exited", "end", "exited", STATUS_SUCCESS, ACTION_NONE, 0},
    {"run.exited", NULL, NULL, STATUS_FAILURE, ACTION_NONE, 0},
    {"run.finding", NULL, NULL, STATUS_NONE, ACTION_ALLOWED, 15},
    {"exec.started", NULL, NULL, STATUS_SUCCESS, ACTION_ALLOWED, 1},
    {"exec.failed", NULL, NULL, STATUS_FAILURE, ACTION_NONE, 27},
    {"exec.exited", NULL, NULL, STATUS_SUCCESS, ACTION_NONE, 0},
    {"nested.started", NULL, NULL, STATUS_SUCCESS, ACTION_ALLOWED, 1},
    {"nested.ended", NULL, NULL, STATUS_SUCCESS, ACTION_NONE, 0},
    {"limit.reached", NULL, NULL, STATUS_SUCCESS, ACTION_DENIED, 2},
    {"access.denied", NULL, NULL, STATUS_FAILURE, ACTION_DENIED, 2},
    {"access.used", NULL, NULL, STATUS_SUCCESS, ACTION_ALLOWED, 1},
    {"network.connected", NULL, NULL, STATUS_SUCCESS, ACTION_ALLOWED, 1},
    {"network.closed", NULL, NULL, STATUS_SUCCESS, ACTION_ALLOWED, 1},
    {"network.denied", NULL, NULL, STATUS_FAILURE, ACTION_DENIED, 2},
    {"network.failed", NULL, NULL, STATUS_FAILURE, ACTION_ALLOWED, 1},
    {"network.name-denied", NULL, NULL, STATUS_FAILURE, ACTION_DENIED, 2},
    {"network.request", NULL, NULL, STATUS_SUCCESS, ACTION_ALLOWED, 1},
    {"network.request-denied", NULL, NULL, STATUS_FAILURE, ACTION_DENIED, 2},
    {"network.secret-denied", NULL, NULL, STATUS_FAILURE, ACTION_DENIED, 2},
    {"network.budget", NULL, NULL, STATUS_SUCCESS, ACTION_DENIED, 2},
    {"grant.ended", NULL, NULL, STATUS_SUCCESS, ACTION_DENIED, 2},
    {"network.changed", NULL, NULL, STATUS_SUCCESS, ACTION_NONE, 0},
    {"network.gone", NULL, NULL, STATUS_FAILURE, ACTION_NONE, 0},
    {"approval.asked", NULL, NULL, STATUS_OTHER, ACTION_NONE, 14},
    {"approval.answered", "answer", "once", STATUS_SUCCESS, ACTION_ALLOWED, 8},
    {"approval.answered", "answer", "run", STATUS_SUCCESS, ACTION_ALLOWED, 8},
    {"approval.answered", "answer", "rule", STATUS_SUCCESS, ACTION_ALLOWED, 8},
    {"approval.answered", "answer", "deny", STATUS_SUCCESS, ACTION_DENIED, 25},
    {"approval.answered", NULL, NULL, STATUS_FAILURE, ACTION_DENIED, 2},
    {"control.called", "outcome", "refused", STATUS_FAILURE, ACTION_DENIED, 26},
    {"control.called", "outcome", "failed", STATUS_FAILURE, ACTION_ALLOWED, 27},
    {"control.called", NULL, NULL, STATUS_SUCCESS, ACTION_ALLOWED, 1},
    {"identity.issued", NULL, NULL, STATUS_SUCCESS, ACTION_ALLOWED, 1},
    {"identity.exchanged", NULL, NULL, STATUS_SUCCESS, ACTION_ALLOWED, 1},
    {"identity.renewed", NULL, NULL, STATUS_SUCCESS, ACTION_ALLOWED, 1},
    {"identity.signed", NULL, NULL, STATUS_SUCCESS, ACTION_ALLOWED, 1},
    {"identity.refused", NULL, NULL, STATUS_FAILURE, ACTION_DENIED, 2},
    {"log.full", NULL, NULL, STATUS_FAILURE, ACTION_NONE, 0},
};
const size_t ocsf_outcome_count = ARRAY_COUNT(ocsf_outcomes);

struct numbered {
    unsigned number;
    const char *name;
};

static const char *name_of(const struct numbered *names, size_t count, unsigned number)
{
    for (size_t i = 0; i < count; i++)
        if (names[i].number == number)
            return names[i].name;
    return NULL;
}

const char *ocsf_class_name(unsigned class_uid)
{
    static const struct numbered names[] = {
        {0, "Base Event"},         {1001, "File System Activity"}, {1003, "Kernel Activity"},  {1007, "Process Activity"},
        {1008, "Event Log Activity"}, {2004, "Detection Finding"},  {3004, "Entity Management"}, {4001, "Network Activity"},
        {4002, "HTTP Activity"},   {4003, "DNS Activity"},         {6003, "API Activity"},
    };

    return name_of(names, ARRAY_COUNT(names), class_uid);
}

const char *ocsf_activity_name(unsigned class_uid, unsigned activity_id)
{
    static const struct numbered names[] = {
        {100101, "Create"}, {100102, "Read"}, {100103, "Update"}, {100104, "Delete"}, {100105, "Rename"}, {100106, "Set Attributes"},
        {100108, "Get Attributes"}, {100112, "Mount"},
        {100304, "Invoke"},
        {100701, "Launch"}, {100702, "Terminate"}, {100703, "Open"},
        {100801, "Clear"}, {100802, "Delete"}, {100803, "Export"}, {100804, "Archive"}, {100806, "Start"}, {100807, "Stop"},
        {200401, "Create"},
        {300401, "Create"}, {300402, "Read"}, {300403, "Update"}, {300404, "Delete"}, {300410, "Activate"}, {300411, "Deactivate"},
        {300412, "Suspend"}, {300413, "Resume"},
        {400101, "Open"}, {400102, "Close"}, {400104, "Fail"}, {400105, "Refuse"}, {400107, "Listen"},
        {400201, "Connect"}, {400202, "Delete"}, {400203, "Get"}, {400204, "Head"}, {400205, "Options"}, {400206, "Post"}, {400207, "Put"},
        {400208, "Trace"}, {400209, "Patch"},
        {400301, "Query"},
        {600301, "Create"}, {600302, "Read"}, {600303, "Update"}, {600304, "Delete"},
    };

    return activity_id == 99 ? "Other" : name_of(names, ARRAY_COUNT(names), class_uid * 100 + activity_id);
}

const char *ocsf_disposition_name(unsigned disposition_id)
{
    static const struct numbered names[] = {
        {1, "Allowed"}, {2, "Blocked"}, {8, "Approved"}, {14, "Delayed"}, {15, "Detected"}, {25, "Rejected"}, {26, "Unauthorized"}, {27, "Error"},
    };

    return name_of(names, ARRAY_COUNT(names), disposition_id);
}
