/* SPDX-License-Identifier: Apache-2.0 */
/* docs/ocsf.md says the same in words; tests hold what comes of it against OCSF's own schema. */
#include "ocsf/rows.h"

#define TEXT(to, from)     {to, from, MAKE_TEXT, COVER_NOTHING, 0}
#define PATH(to, from)     {to, from, MAKE_TEXT, COVER_PATH, 0}
#define ANY(to, from)      {to, from, MAKE_TEXT, COVER_ANY, 0}
#define LAST(to, from)     {to, from, MAKE_LAST, COVER_PATH, 0}
#define NUMBER(to, from)   {to, from, MAKE_NUMBER, COVER_NOTHING, 0}
#define CONST(to, text)    {to, text, MAKE_CONST, COVER_NOTHING, 0}
#define FIXED(to, number)  {to, number, MAKE_CONST_NUMBER, COVER_NOTHING, 0}
#define FIXED_IF(to, number) {to, number, MAKE_NUMBER_IF, COVER_NOTHING, 0}
#define DEFAULT(to, text)  {to, text, MAKE_DEFAULT, COVER_NOTHING, 0}
#define MAKE(how, to, from) {to, from, MAKE_##how, COVER_NOTHING, 0}
#define READY(where, which) {where, NULL, MAKE_CONTEXT, COVER_NOTHING, PART_##which}
#define END                {0}

static const struct ocsf_row head[] = {
    MAKE(KIND, "", NULL), /* class, activity, severity, status, action */
    MAKE(MS, "time", "time"),
    CONST("metadata.version", "1.9.0"),
    READY("metadata.", PRODUCT),
    TEXT("metadata.uid", "id"),
    TEXT("metadata.correlation_uid", "run"),
    TEXT("metadata.event_code", "type"),
    TEXT("metadata.original_time", "time"),
    CONST("metadata.log_name", "cordon"),
    READY("device.", DEVICE),
    READY("", AGENT),
    END,
};

static const struct ocsf_row user[] = {READY("actor.", USER), END};

/* Who did it, of the processes inside. */
static const struct ocsf_row process_inside[] = {
    READY("actor.", USER),
    NUMBER("actor.process.pid", "process.hostPid"),
    MAKE(PROCESS, "actor.process.uid", "process.pid"),
    MAKE(PROCESS, "actor.process.uid", "pid"),
    TEXT("actor.process.uid", "id"),
    {"actor.process.cmd_line", "process.commandLine", MAKE_JOINED, COVER_ARGUMENT, 0},
    LAST("actor.process.file.name", "process.exe"),
    LAST("actor.process.file.name", "exe"),
    PATH("actor.process.file.path", "process.exe"),
    PATH("actor.process.file.path", "exe"),
    FIXED_IF("actor.process.file.type_id", "1"),
    {"actor.process.ancestry", "parents", MAKE_PARENTS, COVER_PATH, 0},
    NUMBER("actor.process.namespace_pid", "process.pid"),
    NUMBER("actor.process.namespace_pid", "pid"),
    READY("actor.process.", CONTAINER),
    END,
};

static const struct ocsf_row policy[] = {READY("policy.", POLICY), END};

static const struct ocsf_row file[] = {
    LAST("file.name", "object.path"),
    LAST("file.name", "object.named"),
    LAST("file.name", "object.outside"),
    DEFAULT("file.name", "not known"),
    PATH("file.path", "object.path"),
    PATH("file.path", "object.named"),
    PATH("file.path", "object.outside"),
    MAKE(FILE_TYPE, "file.type_id", "object.kind"),
    LAST("file_result.name", "object.second"),
    LAST("file_result.name", "object.secondNamed"),
    PATH("file_result.path", "object.second"),
    PATH("file_result.path", "object.secondNamed"),
    FIXED_IF("file_result.type_id", "0"),
    END,
};

static const struct ocsf_row process[] = {
    TEXT("process.uid", "id"),
    MAKE(TEXT_NUMBER, "process.pid", "object.named"),
    LAST("process.file.name", "object.path"),
    PATH("process.file.path", "object.path"),
    FIXED_IF("process.file.type_id", "1"),
    END,
};

/* The container's first process is the run; its number is the host's. */
static const struct ocsf_row first_process[] = {
    TEXT("process.uid", "run"),
    TEXT("process.uid", "id"),
    NUMBER("process.pid", "pid"),
    {"process.cmd_line", "argv", MAKE_JOINED, COVER_ARGUMENT, 0},
    READY("process.", CONTAINER),
    END,
};

/* A program that is executed in one that stands; its number is the container's. */
static const struct ocsf_row further_process[] = {
    MAKE(PROCESS, "process.uid", "number"),
    TEXT("process.uid", "id"),
    {"process.cmd_line", "argv", MAKE_JOINED, COVER_ARGUMENT, 0},
    NUMBER("process.namespace_pid", "pid"),
    READY("process.", CONTAINER),
    PATH("x_directory", "directory"),
    TEXT("x_terminal", "terminal"),
    END,
};

static const struct ocsf_row run[] = {
    MAKE(NUMBER, "exit_code", "exitStatus"),
    TEXT("status_code", "kind"),
    ANY("status_detail", "text"),
    MAKE(US_AS_MS, "duration", "usage.wallUs"),
    TEXT("x_end", "end"),
    NUMBER("x_number", "number"),
    NUMBER("x_usage.wall_us", "usage.wallUs"),
    NUMBER("x_usage.user_us", "usage.userUs"),
    NUMBER("x_usage.system_us", "usage.systemUs"),
    NUMBER("x_usage.max_rss_bytes", "usage.maxRssBytes"),
    NUMBER("x_usage.output_bytes", "usage.outputBytes"),
    MAKE(BOOL, "x_usage.oom_killed", "oomKilled"),
    TEXT("x_limit.member", "member"),
    NUMBER("x_limit.value", "limit"),
    NUMBER("x_limit.timeout_ms", "timeoutMs"),
    END,
};

static const struct ocsf_row started[] = {
    TEXT("policy.name", "policy"),
    TEXT("policy.uid", "policyDigest"),
    MAKE(IS_THERE, "policy.is_applied", "policyDigest"),
    TEXT("x_plan_digest", "planDigest"),
    TEXT("x_network", "network"),
    PATH("x_workspace", "workspace"),
    TEXT("x_terminal", "terminal"),
    MAKE(TEXTS, "x_layers", "layers"),
    {"x_warnings", "warnings", MAKE_TEXTS, COVER_ANY, 0},
    NUMBER("x_loss_count", "lossCount"),
    MAKE(BOOL, "x_review", "review"),
    END,
};

static const struct ocsf_row network[] = {
    TEXT("dst_endpoint.hostname", "name"),
    TEXT("dst_endpoint.ip", "address"),
    NUMBER("dst_endpoint.port", "port"),
    DEFAULT("dst_endpoint.name", "not known"),
    TEXT("connection_info.protocol_name", "protocol"),
    MAKE(NUMBER_TEXT, "connection_info.uid", "connection"),
    FIXED("connection_info.direction_id", "2"),
    NUMBER("traffic.bytes_out", "bytesUp"),
    NUMBER("traffic.bytes_in", "bytesDown"),
    MAKE(US_AS_MS, "duration", "durationUs"),
    TEXT("firewall_rule.name", "rule"),
    ANY("firewall_rule.desc", "reason"),
    MAKE(NUMBER_TEXT, "status_code", "errno"),
    ANY("status_detail", "reason"),
    TEXT("x_limit.kind", "kind"),
    NUMBER("x_limit.value", "limit"),
    MAKE(BOOL, "x_limit.ends_run", "endsRun"),
    END,
};

static const struct ocsf_row request[] = {
    TEXT("http_request.http_method", "method"),
    TEXT("http_request.url.hostname", "name"),
    TEXT("http_request.url.hostname", "address"),
    PATH("http_request.url.path", "path"),
    NUMBER("http_request.url.port", "port"),
    NUMBER("http_response.code", "status"),
    TEXT("x_secret", "secret"),
    TEXT("x_tool.call", "call"),
    TEXT("x_tool.name", "tool"),
    END,
};

static const struct ocsf_row names[] = {TEXT("query.hostname", "name"), DEFAULT("query.hostname", "not known"), END};

static const struct ocsf_row socket_of_access[] = {
    PATH("dst_endpoint.name", "object.path"),
    PATH("dst_endpoint.name", "object.named"),
    DEFAULT("dst_endpoint.name", "not known"),
    END,
};

static const struct ocsf_row kernel[] = {
    TEXT("kernel.name", "call"),
    DEFAULT("kernel.name", "not known"),
    FIXED("kernel.type_id", "2"),
    END,
};

static const struct ocsf_row log_rows[] = {
    CONST("log_name", "cordon"),
    CONST("log_provider", "cordon"),
    ANY("status_detail", "text"),
    TEXT("x_of", "of"),
    TEXT("x_log.origin", "origin"),
    NUMBER("x_log.first", "first"),
    NUMBER("x_log.size", "size"),
    NUMBER("x_log.next", "next"),
    TEXT("x_log.root", "root"),
    TEXT("x_log.writer", "writer"),
    TEXT("x_log.subject", "subject"),
    TEXT("x_log.name", "name"),
    END,
};

static const struct ocsf_row finding[] = {
    TEXT("finding_info.uid", "id"),
    TEXT("finding_info.title", "kind"),
    ANY("finding_info.desc", "text"),
    TEXT("x_finding.kind", "kind"),
    PATH("x_finding.path", "path"),
    ANY("x_finding.key", "key"),
    ANY("x_finding.value", "value"),
    ANY("x_finding.remedy", "remedy"),
    END,
};

static const struct ocsf_row entity_policy[] = {
    CONST("entity.type", "Policy"),
    TEXT("entity.name", "policy"),
    TEXT("entity.uid", "policyDigest"),
    ANY("comment", "text"),
    TEXT("x_member", "member"),
    TEXT("x_former", "formerDigest"),
    TEXT("x_target", "target"),
    END,
};

static const struct ocsf_row entity_container[] = {
    CONST("entity.type", "Container"),
    TEXT("entity.name", "name"),
    TEXT("entity.uid", "target"),
    TEXT("entity.uid", "run"),
    ANY("comment", "text"),
    NUMBER("x_limit.grace_ms", "graceMs"),
    NUMBER("x_limit.memory", "memory"),
    NUMBER("x_limit.pids", "pids"),
    NUMBER("x_limit.cpu_milli", "cpuMilli"),
    END,
};

static const struct ocsf_row entity_service[] = {
    CONST("entity.type", "Service"),
    TEXT("entity.name", "name"),
    DEFAULT("entity.name", "gateway"),
    TEXT("entity.version", "version"),
    TEXT("entity.uid", "run"),
    ANY("comment", "text"),
    END,
};

static const struct ocsf_row entity_credential[] = {
    CONST("entity.type", "Credential"),
    TEXT("entity.name", "name"),
    TEXT("entity.uid", "serial"),
    TEXT("entity.uid", "run"),
    TEXT("comment", "text"),
    TEXT("x_credential.kind", "kind"),
    TEXT("x_credential.audience", "audience"),
    TEXT("x_credential.expires", "expires"),
    TEXT("x_credential.key_protection", "keyProtection"),
    END,
};

/* What the launcher gives: of a container, a keeper, a user. */
static const struct ocsf_row entity_given[] = {
    TEXT("entity.type", "entity"),
    TEXT("entity.name", "name"),
    TEXT("entity.uid", "target"),
    ANY("comment", "text"),
    NUMBER("x_given.uid", "uid"),
    NUMBER("x_given.login_uid", "loginUid"),
    NUMBER("x_given.session", "session"),
    NUMBER("x_given.pid", "pid"),
    NUMBER("x_given.count", "uids"),
    TEXT("x_given.group", "group"),
    TEXT("x_given.cgroup", "cgroup"),
    END,
};

/* The caller's process stands with the user. */
static const struct ocsf_row caller[] = {
    READY("actor.", USER),
    NUMBER("actor.process.pid", "peer.pid"),
    PATH("actor.process.file.path", "peer.exe"),
    LAST("actor.process.file.name", "peer.exe"),
    FIXED_IF("actor.process.file.type_id", "1"),
    END,
};

static const struct ocsf_row api_call[] = {
    TEXT("api.operation", "operation"),
    TEXT("api.request.uid", "id"),
    TEXT("api.service.name", "service"),
    DEFAULT("api.service.name", "cordond"),
    TEXT("src_endpoint.name", "endpoint"),
    DEFAULT("src_endpoint.name", "control socket"),
    ANY("status_detail", "text"),
    TEXT("x_target", "target"),
    END,
};

static const struct ocsf_row approval[] = {
    TEXT("x_approval.digest", "digest"),
    NUMBER("x_approval.number", "number"),
    TEXT("x_approval.answer", "answer"),
    NUMBER("x_approval.uid", "uid"),
    PATH("x_approval.named", "named"),
    NUMBER("x_approval.timeout_ms", "timeoutMs"),
    END,
};

static const struct ocsf_row asked_file[] = {
    LAST("file.name", "path"),
    DEFAULT("file.name", "not known"),
    PATH("file.path", "path"),
    FIXED("file.type_id", "1"),
    END,
};

static const struct ocsf_row asked_network[] = {
    TEXT("dst_endpoint.hostname", "name"),
    TEXT("dst_endpoint.ip", "address"),
    NUMBER("dst_endpoint.port", "port"),
    DEFAULT("dst_endpoint.name", "not known"),
    TEXT("connection_info.protocol_name", "protocol"),
    FIXED("connection_info.direction_id", "2"),
    END,
};

/* What a reviewed run changed, and what became of it: one record a path, or one of many. */
static const struct ocsf_row workspace[] = {
    LAST("file.name", "path"),
    LAST("file.name", "workspace"),
    DEFAULT("file.name", "not known"),
    PATH("file.path", "path"),
    PATH("file.path", "workspace"),
    MAKE(FILE_TYPE, "file.type_id", "kind"),
    TEXT("x_change.what", "change"),
    PATH("x_change.from", "from"),
    TEXT("x_change.before", "before"),
    TEXT("x_change.after", "after"),
    NUMBER("x_change.count", "count"),
    NUMBER("x_change.left", "left"),
    END,
};

/* What the rule, the mechanism and the kernel said; all of it is absent where the record has none. */
static const struct ocsf_row tail[] = {
    TEXT("x_phase", "phase"),
    TEXT("x_operation", "operation"),
    TEXT("x_object.kind", "object.kind"),
    PATH("x_object.named", "object.named"),
    PATH("x_object.second_named", "object.secondNamed"),
    PATH("x_object.outside", "object.outside"),
    MAKE(BOOL, "x_object.hidden", "object.hidden"),
    TEXT("x_call.name", "call"),
    ANY("x_call.args", "args"),
    TEXT("x_effect.errno", "errno"),
    TEXT("x_program", "program"),
    TEXT("x_rule", "rule"),
    TEXT("x_layer", "layer"),
    TEXT("x_source", "source"),
    ANY("x_reason", "reason"),
    NUMBER("x_count", "count"),
    READY("", OWN),
    END,
};

/* The request's call is not a system call. */
static const struct ocsf_row tail_request[] = {
    TEXT("x_phase", "phase"),
    TEXT("x_program", "program"),
    TEXT("x_rule", "rule"),
    NUMBER("x_count", "count"),
    READY("", OWN),
    END,
};

const struct ocsf_shape shape_file = {{head, process_inside, policy, file, tail}};
const struct ocsf_shape shape_process = {{head, process_inside, policy, process, tail}};
const struct ocsf_shape shape_run = {{head, user, policy, first_process, run, tail_request}};
const struct ocsf_shape shape_exec = {{head, user, policy, further_process, run, tail_request}};
const struct ocsf_shape shape_started = {{head, user, first_process, run, started, tail_request}};
const struct ocsf_shape shape_network = {{head, process_inside, policy, network, tail_request}};
const struct ocsf_shape shape_request = {{head, process_inside, policy, network, request, tail_request}};
const struct ocsf_shape shape_names = {{head, process_inside, policy, network, names, tail_request}};
const struct ocsf_shape shape_socket = {{head, process_inside, policy, socket_of_access, tail}};
const struct ocsf_shape shape_kernel = {{head, process_inside, policy, kernel, tail}};
const struct ocsf_shape shape_log = {{head, user, log_rows, tail}};
const struct ocsf_shape shape_finding = {{head, user, finding, tail_request}};
const struct ocsf_shape shape_policy = {{head, user, entity_policy, tail_request}};
const struct ocsf_shape shape_container = {{head, user, entity_container, tail_request}};
const struct ocsf_shape shape_service = {{head, user, entity_service, tail_request}};
const struct ocsf_shape shape_credential = {{head, user, entity_credential, tail_request}};
const struct ocsf_shape shape_given = {{head, user, entity_given, tail_request}};
const struct ocsf_shape shape_api = {{head, caller, api_call, tail_request}};
const struct ocsf_shape shape_asked_file = {{head, process_inside, policy, asked_file, approval, tail}};
const struct ocsf_shape shape_asked_network = {{head, process_inside, policy, asked_network, approval, tail}};
const struct ocsf_shape shape_workspace = {{head, user, policy, workspace, tail_request}};
const struct ocsf_shape shape_other = {{head, user, tail_request}};
