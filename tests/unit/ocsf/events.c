/* SPDX-License-Identifier: Apache-2.0 */
#include "events.h"

#define DOMAIN "spiffe://local.0123456789abcdef0123456789abcdef"
#define HOST   DOMAIN "/host/0123456789abcdef0123456789abcdef"

static const char *const proof[] = {"loginuid", "cgroup", NULL};

const struct ocsf_context test_context = {
    .actor = OCSF_AGENT,
    .hostname = "build-1",
    .machine = "0123456789abcdef0123456789abcdef",
    .identity = HOST "/user/1000/agent/builder/" RUN_ID,
    .agent = HOST "/user/1000/agent/builder",
    .agent_name = "builder",
    .has_user = true,
    .uid = 1000,
    .user_name = "anna",
    .sponsor = "anna@example.org",
    .proof = proof,
    .run = RUN_ID,
    .tier = "process",
    .mechanism = "namespaces",
    .policy = "builder",
    .policy_digest = "sha256:00",
};

#define EVENT(number, type, members)                                                                                            \
    "{\"schema\":\"cordon-event/1\",\"id\":\"" RUN_ID "." number "\",\"time\":\"2026-11-23T08:00:00.123456789Z\",\"run\":\"" RUN_ID  \
    "\",\"type\":\"" type "\"" members "}\n"

#define PROCESS_INSIDE                                                                                                          \
    ",\"process\":{\"pid\":7,\"hostPid\":4711,\"exe\":\"/usr/bin/cat\",\"commandLine\":[\"cat\",\"a b\",\"\"],"                   \
    "\"commandLineIsCut\":false},\"parents\":[{\"pid\":3,\"hostPid\":4700,\"exe\":\"/bin/sh\"},{\"pid\":1,\"hostPid\":null,\"exe\":null}]"

#define ACCESS(number, operation, object)                                                                                       \
    EVENT(number, "access.denied", ",\"operation\":\"" operation "\",\"object\":" object ",\"call\":\"openat\",\"args\":\"AT_FDCWD, \\\"/etc/shadow\\\", O_RDONLY\"," \
    "\"errno\":\"EACCES\"" PROCESS_INSIDE ",\"rule\":\"build.yaml:12: fs.deny[0]\",\"layer\":\"landlock\",\"source\":\"keeper\",\"reason\":\"denied\",\"count\":1")

#define OBJECT(kind, named, path)                                                                                               \
    "{\"kind\":\"" kind "\",\"named\":\"" named "\",\"path\":\"" path "\",\"secondNamed\":null,\"second\":null,\"outside\":\"" path "\",\"hidden\":false,\"isCut\":false}"

#define TWO "{\"kind\":\"file\",\"named\":\"a\",\"path\":\"/w/a\",\"secondNamed\":\"b\",\"second\":\"/w/b\",\"outside\":null,\"hidden\":true,\"isCut\":false}"

#define NETWORK(number, type, more)                                                                                             \
    EVENT(number, type, ",\"connection\":5,\"protocol\":\"tcp\",\"address\":\"192.0.2.7\",\"port\":443,\"name\":\"api.example.org\",\"pid\":9," \
    "\"exe\":\"/usr/bin/curl\",\"program\":null" more ",\"rule\":\"build.yaml:20: network.egress.allow[0]\",\"reason\":null,\"errno\":0,\"bytesUp\":10,\"bytesDown\":2000,\"durationUs\":1500")

#define REQUEST(number, type, method)                                                                                           \
    NETWORK(number, type, ",\"method\":\"" method "\",\"path\":\"/v1/things\",\"call\":\"tools/call\",\"tool\":\"read\",\"status\":200")

#define APPROVAL_FILE "\"number\":1,\"digest\":\"sha256:11\",\"operation\":\"read\",\"path\":\"/home/anna/notes.txt\""
#define APPROVAL_NET  "\"number\":2,\"digest\":\"sha256:12\",\"operation\":\"connect\",\"path\":null,\"name\":\"pypi.org\",\"address\":null,\"port\":443,\"protocol\":\"tcp\""
#define ASKED         ",\"named\":\"notes.txt\",\"pid\":12,\"exe\":\"/usr/bin/python3\",\"rule\":\"fs.read\",\"timeoutMs\":60000"
#define ANSWERED(word) ",\"answer\":\"" word "\",\"uid\":1000,\"rule\":null,\"count\":1"

const char *const test_events[] = {
    EVENT("1", "run.started", ",\"policy\":\"builder\",\"policyDigest\":\"sha256:00\",\"planDigest\":\"sha256:01\",\"tier\":\"process\",\"mechanism\":\"namespaces\","
          "\"network\":\"gateway\",\"workspace\":\"/home/anna/w\",\"terminal\":\"none\",\"argv\":[\"make\",\"-j2\",\"CFLAGS=-O2 -g\"],\"argvIsCut\":false,\"pid\":4690,"
          "\"timeoutMs\":null,\"layers\":[\"builder.yaml\"],\"warnings\":[],\"losses\":[],\"lossCount\":0,\"watch\":[{\"source\":\"keeper\",\"sees\":[\"read\"],\"blind\":\"\"}],\"review\":false"),
    EVENT("2", "run.failed", ",\"kind\":\"forbidden\",\"errno\":0,\"text\":\"policy a.yaml:3: fs.read: not below the ceiling\""),
    EVENT("3", "run.finding", ",\"kind\":\"git.key\",\"path\":\"/home/anna/w/.git/config\",\"key\":\"core.fsmonitor\",\"value\":\"evil\",\"valueIsCut\":false,\"text\":\"git would run it\",\"remedy\":\"git config --unset core.fsmonitor\""),
    EVENT("4", "run.timeout", ",\"member\":\"process.timeout\",\"timeoutMs\":1000"),
    EVENT("5", "limit.reached", ",\"member\":\"resources.memory\",\"limit\":1048576"),
    EVENT("6", "run.exited", ",\"end\":\"exited\",\"code\":3,\"exitStatus\":3,\"oomKilled\":false,\"usage\":{\"wallUs\":2500000,\"userUs\":10,\"systemUs\":null,\"maxRssBytes\":4096,\"outputBytes\":0}"),
    EVENT("7", "exec.started", ",\"number\":2,\"argv\":[\"ls\"],\"argvIsCut\":false,\"directory\":\"/home/anna/w\",\"terminal\":\"none\",\"pid\":50,\"timeoutMs\":null"),
    EVENT("8", "exec.exited", ",\"number\":2,\"end\":\"exited\",\"code\":0,\"exitStatus\":0"),
    EVENT("9", "exec.failed", ",\"number\":3,\"kind\":\"not-found\",\"text\":\"no such program\""),
    ACCESS("10", "look", OBJECT("file", "/etc/shadow", "/etc/shadow")),
    ACCESS("11", "list", OBJECT("directory", "/root/", "/root/")),
    ACCESS("12", "read", OBJECT("file", "/etc/shadow", "/etc/shadow")),
    ACCESS("13", "write", OBJECT("file", "x\\u202ey\\ny", "/w/\xe2\x80\xae txt")),
    ACCESS("14", "create", OBJECT("file", "a", "/w/a")),
    ACCESS("15", "delete", OBJECT("file", "a", "/w/a")),
    ACCESS("16", "rename", TWO),
    ACCESS("17", "link", TWO),
    ACCESS("18", "metadata", OBJECT("file", "a", "/w/a")),
    ACCESS("19", "execute", OBJECT("file", "a", "/w/a")),
    ACCESS("20", "mount", OBJECT("directory", "a", "/w/a")),
    ACCESS("21", "connect", OBJECT("socket", "/run/x.sock", "/run/x.sock")),
    ACCESS("22", "bind", OBJECT("address", "0.0.0.0:80", "0.0.0.0:80")),
    ACCESS("23", "signal", OBJECT("process", "1", "")),
    ACCESS("24", "ptrace", OBJECT("process", "1", "")),
    ACCESS("25", "syscall", OBJECT("syscall", "", "")),
    ACCESS("26", "limit", OBJECT("limit", "", "resources.pids")),
    ACCESS("27", "none", OBJECT("file", "a", "/w/a")),
    EVENT("28", "access.used", ",\"operation\":\"read\",\"object\":" OBJECT("file", "a", "/w/a") ",\"call\":\"openat\",\"args\":null,\"errno\":null" PROCESS_INSIDE ",\"rule\":null,\"layer\":null,\"source\":\"watch\",\"reason\":null,\"count\":3"),
    EVENT("29", "access.repeated", ",\"of\":\"" RUN_ID ".12\",\"count\":40"),
    EVENT("30", "access.lost", ",\"source\":\"keeper\",\"count\":4"),
    NETWORK("31", "network.connected", ""),
    NETWORK("32", "network.closed", ""),
    NETWORK("33", "network.denied", ""),
    NETWORK("34", "network.failed", ""),
    NETWORK("35", "network.name-denied", ""),
    REQUEST("36", "network.request", "GET"),
    REQUEST("37", "network.request", "PROPFIND"),
    REQUEST("38", "network.request-denied", "POST"),
    NETWORK("39", "network.secret-denied", ",\"method\":\"PUT\",\"path\":\"/\",\"call\":null,\"tool\":null,\"status\":null,\"secret\":\"token\""),
    EVENT("40", "network.budget", ",\"connection\":null,\"rule\":\"a.yaml:3: network.egress\",\"kind\":\"bytesUp\",\"limit\":100,\"endsRun\":true"),
    EVENT("90", "grant.ended", ",\"rule\":\"a.yaml:3: network.egress.allow[0]\",\"until\":\"2026-12-24T17:30:00Z\""),
    EVENT("41", "network.lost", ",\"count\":7"),
    EVENT("42", "network.changed", ",\"policyDigest\":\"sha256:33\""),
    EVENT("43", "network.gone", ",\"text\":\"the gateway was killed\""),
    EVENT("44", "approval.asked", "," APPROVAL_FILE ASKED),
    EVENT("45", "approval.asked", "," APPROVAL_NET ASKED),
    EVENT("46", "approval.answered", "," APPROVAL_FILE ANSWERED("once")),
    EVENT("47", "approval.answered", "," APPROVAL_NET ANSWERED("deny")),
    EVENT("48", "approval.answered", "," APPROVAL_NET ANSWERED("timeout")),
    EVENT("49", "review.changed", ",\"change\":\"added\",\"path\":\"src/a.c\",\"kind\":\"file\",\"before\":null,\"after\":\"sha256:44\""),
    EVENT("50", "review.changed", ",\"change\":\"renamed\",\"path\":\"/home/anna/w/b.c\",\"from\":\"/home/anna/w/a.c\",\"kind\":\"file\""),
    EVENT("51", "review.committed", ",\"workspace\":\"/home/anna/w\",\"path\":null,\"count\":3,\"left\":1"),
    EVENT("52", "review.discarded", ",\"workspace\":\"/home/anna/w\",\"path\":\"/home/anna/w/b.c\",\"count\":3,\"left\":null"),
    EVENT("1b", "run.started", ",\"policy\":\"builder\",\"argv\":[],\"argvIsCut\":false,\"pid\":4690"),
    EVENT("52c", "log.retention", ",\"name\":\"366 days\""),
    EVENT("52b", "review.lost", ",\"count\":7,\"text\":null"),
    EVENT("53", "policy.changed", ",\"policy\":\"tighter\",\"policyDigest\":\"sha256:55\",\"formerDigest\":\"sha256:54\",\"member\":\"network\",\"target\":\"c0123\""),
    EVENT("55", "container.created", ",\"name\":\"web\""),
    EVENT("56", "container.updated", ",\"name\":\"web\""),
    EVENT("57", "container.removed", ",\"name\":null"),
    EVENT("58", "container.started", ""),
    EVENT("59", "container.stopped", ",\"graceMs\":2000"),
    EVENT("60", "container.frozen", ""),
    EVENT("61", "container.thawed", ""),
    EVENT("62", "daemon.started", ",\"name\":\"cordond\",\"version\":\"0.1.0\""),
    EVENT("63", "daemon.stopped", ",\"name\":\"cordond\""),
    EVENT("64", "control.called", ",\"operation\":\"exec\",\"target\":\"" RUN_ID "\",\"outcome\":\"ok\",\"peer\":{\"pid\":300,\"exe\":\"/usr/bin/cordon\"}"),
    EVENT("65", "control.called", ",\"operation\":\"rm\",\"target\":null,\"outcome\":\"refused\",\"text\":\"another user's\",\"peer\":{\"pid\":300,\"exe\":null}"),
    EVENT("66", "control.called", ",\"operation\":\"dance\",\"outcome\":\"failed\""),
    EVENT("67", "identity.issued", ",\"kind\":\"x509\",\"serial\":\"77\",\"expires\":\"2026-11-23T09:00:00Z\",\"keyProtection\":\"file\""),
    EVENT("68", "identity.exchanged", ",\"kind\":\"jwt\",\"audience\":\"https://api.example.org\""),
    EVENT("69", "identity.signed", ""),
    EVENT("70", "identity.rotated", ",\"name\":\"authority\""),
    EVENT("71", "identity.destroyed", ",\"serial\":\"77\""),
    EVENT("72", "log.started", ",\"origin\":\"cordon/x/y\",\"size\":7"),
    EVENT("73", "log.stopped", ""),
    EVENT("74", "log.lost", ",\"writer\":\"run/x\",\"count\":2"),
    EVENT("75", "log.full", ""),
    EVENT("76", "log.clock", ",\"text\":\"two hours back\""),
    EVENT("77", "log.witness", ",\"name\":\"w\""),
    EVENT("78", "log.exported", ",\"first\":0,\"next\":100"),
    EVENT("79", "log.pruned", ",\"first\":0,\"next\":100"),
    EVENT("80", "log.erased", ",\"subject\":\"uid:1000\""),
    EVENT("81", "log.held", ",\"name\":\"case-7\",\"first\":0,\"next\":100"),
    EVENT("82", "log.released", ",\"name\":\"case-7\""),
    EVENT("83", "tomorrow.new", ",\"with\":{\"a\":[1,2]}"),
    EVENT("84", "run.started", ",\"phase\":\"pending\",\"policy\":\"builder\",\"policyDigest\":\"sha256:00\",\"argv\":[\"make\"],\"workspace\":\"/w\""),
    EVENT("85", "exec.started", ",\"number\":4,\"phase\":\"pending\",\"argv\":[\"make\"]"),
    EVENT("86", "exec.lost", ",\"count\":5"),
    EVENT("87", "session.opened", ",\"target\":\"" RUN_ID "\",\"entity\":\"Session\",\"uid\":1879048200,\"loginUid\":1879048200,\"session\":7,\"pid\":4711,\"group\":\"1000-3\",\"cgroup\":\"/cordon/1000-3/a\""),
    EVENT("88", "session.closed", ",\"target\":\"" RUN_ID "\",\"entity\":\"Session\",\"uid\":1879048200"),
    EVENT("89", "keeper.started", ",\"entity\":\"Keeper\",\"name\":\"1000-3\",\"pid\":4700"),
    EVENT("90", "keeper.ended", ",\"entity\":\"Keeper\",\"name\":\"1000-3\""),
    EVENT("91", "uids.owned", ",\"entity\":\"Uids\",\"name\":\"1879048192-1879048447\",\"uid\":1879048192,\"uids\":256"),
    EVENT("92", "identity.renewed", ",\"kind\":\"x509\",\"serial\":\"78\""),
    EVENT("93", "identity.refused", ",\"kind\":\"svid\",\"audience\":\"b\",\"text\":\"none of the audiences\",\"count\":3"),
    EVENT("94", "control.called", ",\"operation\":\"spawn\",\"service\":\"cordon-launcher\",\"endpoint\":\"launcher socket\",\"outcome\":\"refused\",\"text\":\"no\""),
    EVENT("87", "nested.started", ",\"child\":\"01m83mt7byxdb5xwqsvzs3sqjt\",\"parent\":\"01m83mt7byxdb5xwqsvzs3sqjs\",\"childIdentity\":\"spiffe://local.x/host/x/user/0/agent/a/01m83mt7byxdb5xwqsvzs3sqjs/sub/01m83mt7byxdb5xwqsvzs3sqjt\",\"policyDigest\":\"sha256:00\""),
    EVENT("89", "container.updated", ",\"memory\":268435456,\"pids\":50,\"cpuMilli\":1500"),
    EVENT("88", "nested.ended", ",\"child\":\"01m83mt7byxdb5xwqsvzs3sqjt\",\"parent\":\"01m83mt7byxdb5xwqsvzs3sqjs\""),
    NULL,
};
