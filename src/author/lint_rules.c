/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of findings, in the order of enum lint_id. Their names stay: people switch single ones off by them. */
#include "author/lint_look.h"

static const struct lint_rule rules[] = {
    [LINT_DOCUMENT_INVALID] = {"document.invalid", LINT_ERROR, "the document is not valid"},
    [LINT_NOT_ENFORCEABLE] = {"machine.refused", LINT_ERROR, "this machine cannot enforce it: every launch is refused"},
    [LINT_NOT_ENFORCED] = {"machine.not-enforced", LINT_WARNING,
                           "a rule that nothing on this machine enforces, which isolation.allowLoss permits"},
    [LINT_CHECK_WARNING] = {"machine.warning", LINT_WARNING, "what compiling the policy for this machine warns of"},
    [LINT_NO_EFFECT] = {"document.no-effect", LINT_NOTE, "a member that is read and means nothing here"},
    [LINT_SAME_PATH] = {"conflict.same-path", LINT_ERROR, "one path is granted and taken away by the same document"},
    [LINT_VOID_GRANT] = {"conflict.void-grant", LINT_ERROR, "a pattern or protected name takes the whole grant away"},
    [LINT_OTHER_DOCUMENT] = {"conflict.documents", LINT_WARNING, "another document of the request takes the grant away"},
    [LINT_CEILING] = {"conflict.ceiling", LINT_WARNING, "a ceiling of this machine takes the grant away"},
    [LINT_HOLE] = {"conflict.hole", LINT_NOTE, "something is granted inside of what is denied"},
    [LINT_NETWORK_DENIED] = {"conflict.network-denied", LINT_ERROR, "a denial takes all connections of an allow rule away"},
    [LINT_NETWORK_PLAIN] = {"conflict.network-plain", LINT_ERROR,
                            "a rule is narrowed, and another one grants the same destination without that"},
    [LINT_SYSCALL_BOTH] = {"conflict.syscall", LINT_ERROR, "a system call is opened and refused by the same document"},
    [LINT_DEAD_DENIAL] = {"dead.denial", LINT_NOTE, "nothing that it denies is granted"},
    [LINT_DEAD_PROTECTION] = {"dead.protection", LINT_WARNING, "it protects, or gives up, what is not there to be changed"},
    [LINT_DEAD_VARIABLE] = {"dead.variable", LINT_NOTE, "the variable is set or covered elsewhere"},
    [LINT_COVERED] = {"dead.covered", LINT_NOTE, "another rule says the same already"},
    [LINT_UNUSED] = {"wide.unused", LINT_WARNING, "no recorded run used it"},
    [LINT_TREE_WRITABLE] = {"risk.tree-writable", LINT_ERROR, "the home, the system or everybody's files are writable"},
    [LINT_PATH_DIRECTORY] = {"risk.path-directory", LINT_ERROR, "a directory of PATH is writable"},
    [LINT_OBEYED] = {"risk.obeyed", LINT_ERROR, "a program outside executes or obeys what may be written"},
    [LINT_HOME_READABLE] = {"risk.home-readable", LINT_WARNING, "the home, or all of the machine, is readable"},
    [LINT_CREDENTIAL] = {"risk.credential", LINT_WARNING, "a credential is readable"},
    [LINT_CREDENTIAL_NETWORK] = {"risk.credential-network", LINT_ERROR, "a credential is readable, and there is a way out"},
    [LINT_NOT_SEARCHED] = {"risk.not-searched", LINT_NOTE, "more is readable than was looked through for credentials"},
    [LINT_UNPROTECTED] = {"risk.unprotected", LINT_WARNING, "names in a workspace that programs outside obey can be written"},
    [LINT_WILDCARD_HOST] = {"risk.wildcard-host", LINT_WARNING, "a rule names every host below a name"},
    [LINT_SHARED_DOMAIN] = {"risk.shared-domain", LINT_ERROR, "a rule names hosts that anybody can have"},
    [LINT_EVERY_ADDRESS] = {"risk.every-address", LINT_WARNING, "every public address can be reached"},
    [LINT_EVERY_PORT] = {"risk.every-port", LINT_WARNING, "every port of a destination can be reached"},
    [LINT_INSIDE_ADDRESS] = {"risk.inside-address", LINT_WARNING, "addresses of the machine's own network can be reached"},
    [LINT_HOST_NETWORK] = {"risk.host-network", LINT_ERROR, "the program has the host's network, whole"},
    [LINT_HOST_LOOPBACK] = {"risk.host-loopback", LINT_WARNING, "services of this machine can be reached"},
    [LINT_PASSTHROUGH] = {"risk.passthrough", LINT_WARNING, "requests are meant and TLS is not opened"},
    [LINT_ROOT_SOCKET] = {"risk.root-socket", LINT_ERROR, "a socket whose service does anything with the rights of root"},
    [LINT_SESSION_SOCKET] = {"risk.session-socket", LINT_ERROR, "a socket of the user's session"},
    [LINT_DEVICE] = {"risk.device", LINT_WARNING, "a device speaks with its driver in the kernel"},
    [LINT_SYSCALL] = {"risk.syscall", LINT_WARNING, "a system call that the baseline refuses"},
    [LINT_NESTED] = {"risk.nested", LINT_WARNING, "sandboxes inside reach more of the kernel"},
    [LINT_LOSS] = {"risk.loss", LINT_WARNING, "a protection may be missing without a word"},
    [LINT_SECRET_VARIABLE] = {"risk.secret-variable", LINT_WARNING, "a variable that looks like a credential goes inside"},
    [LINT_SECRET_VALUE] = {"risk.secret-value", LINT_ERROR, "the document holds what looks like a credential"},
    [LINT_CLIPBOARD] = {"risk.clipboard", LINT_WARNING, "the clipboard can be set"},
    [LINT_NO_LIMIT] = {"wide.no-limit", LINT_NOTE, "no limit of a resource"},
    [LINT_MISSING_PATH] = {"path.missing", LINT_NOTE, "there is nothing of this name on this machine"},
    [LINT_GLOB_NOTHING] = {"path.pattern-nothing", LINT_NOTE, "the pattern matches nothing that is there"},
    [LINT_GLOB_WIDE] = {"path.pattern-wide", LINT_WARNING, "the pattern is searched for or matches very much"},
    [LINT_NOT_EXPANDED] = {"path.not-expanded", LINT_WARNING, "a value that is meant to be expanded, and is not"},
};
_Static_assert(ARRAY_COUNT(rules) == LINT_ID_COUNT, "a row each");

const struct lint_rule *lint_rules(size_t *ret_count)
{
    *ret_count = ARRAY_COUNT(rules);
    return rules;
}

const char *lint_severity_name(enum lint_severity severity)
{
    static const char *const names[] = {[LINT_NOTE] = "note", [LINT_WARNING] = "warning", [LINT_ERROR] = "error"};

    return (size_t)severity < ARRAY_COUNT(names) && names[severity] ? names[severity] : "unknown";
}
