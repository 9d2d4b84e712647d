/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cordon's public interface, all of it: a policy goes in, a contained program comes out. The
 * command line `cordon` uses nothing else. Link with -lcordon (libcordon.so.0).
 *
 * Conventions
 * - A function that can fail returns 0 or a negative errno and fills `err` (may be NULL). Outputs
 *   are untouched on failure. `err->kind` says what sort of failure it was, `err->text` is one line
 *   for people, without a trailing newline and without control characters.
 * - A `char **ret_...` is the caller's; give it back with cordon_string_free(). Every ..._free()
 *   accepts NULL.
 * - Strings and arrays that are passed in are copied; descriptors that are passed in stay the
 *   caller's and must stay open until the call that starts the program has returned.
 * - Any thread may call anything; one object is used by one thread at a time. The library leaves no
 *   thread and no exit handler behind, never changes the caller's environment, signal handlers,
 *   working directory or umask, and opens every descriptor close-on-exec. It never writes to the
 *   caller's terminal.
 * - A container's first process is a child of the calling process, so SIGCHLD comes when it ends. A
 *   caller may ignore SIGCHLD or wait for any child: how a container ended is told another way. At
 *   most 16 such processes that have ended stay unreaped; later calls reap them.
 * - Sizes are bytes, times are milliseconds unless the name says otherwise.
 */
#ifndef CORDON_CORDON_H
#define CORDON_CORDON_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CORDON_API        __attribute__((visibility("default")))
#define CORDON_MUST_CHECK __attribute__((warn_unused_result))

/* ---- errors ---- */

/* What sort of failure it was. The values never change. */
enum cordon_error_kind {
    CORDON_ERROR_NONE = 0,
    CORDON_ERROR_INVALID = 1,       /* a document, an option or an argument is wrong */
    CORDON_ERROR_UNENFORCEABLE = 2, /* valid, but not enforceable by this build, kernel or caller */
    CORDON_ERROR_FORBIDDEN = 3,     /* the caller or a ceiling does not have that right */
    CORDON_ERROR_SYSTEM = 4,        /* a system call failed; errnum says which way */
    CORDON_ERROR_LIMIT = 5,         /* a named maximum was passed */
    CORDON_ERROR_NOT_FOUND = 6,     /* the program does not exist inside (shells say 127) */
    CORDON_ERROR_NOT_EXECUTABLE = 7, /* the program cannot be executed (shells say 126) */
    CORDON_ERROR_MEMORY = 8,         /* an allocation failed */
    CORDON_ERROR_INTERNAL = 9,       /* a mistake of Cordon itself */
    CORDON_ERROR_SCHEMA = 10,        /* well formed, but of another version, phase or containment */
};

#define CORDON_ERROR_TEXT_MAX 504

/* A plain value of 512 bytes: it may be copied and needs no freeing. */
struct cordon_error {
    int32_t kind;                     /* enum cordon_error_kind */
    int32_t errnum;                   /* positive errno, 0 where none applies */
    char text[CORDON_ERROR_TEXT_MAX]; /* NUL-terminated */
};

/* How a report is wanted. */
enum cordon_format {
    CORDON_TEXT = 0, /* for people */
    CORDON_JSON = 1, /* one JSON value for programs */
    CORDON_SARIF = 2, /* SARIF 2.1.0: cordon_lint() only */
};

/* Name of a kind as JSON reports it: "invalid", "unenforceable", ... Never NULL, never freed. */
CORDON_API const char *cordon_error_kind_name(int32_t kind);

/*
 * An error as Cordon prints it: "cordon: <text>" or
 * {"error":{"kind":"invalid","errno":22,"text":"..."}}, without a newline. -ENOMEM, -EINVAL
 * (format).
 */
CORDON_API CORDON_MUST_CHECK int cordon_error_format(const struct cordon_error *error,
                                                     enum cordon_format format, char **ret_text);

/* Give back a string that the library returned. */
CORDON_API void cordon_string_free(char *string);

/* ---- the request: what to run, under which policy ---- */

/*
 * A request may be used for several checks and runs. Without a policy and without a profile it uses
 * the profile "coding-agent".
 */
struct cordon_request;

#define CORDON_POLICIES_MAX 16   /* policy documents of one request */
#define CORDON_MEMBERS_MAX  64   /* cordon_request_set_member() calls of one request */
#define CORDON_ARGS_MAX     8192 /* elements of a command, of an environment */
#define CORDON_FDS_MAX      64   /* kept descriptors of one request */

CORDON_API CORDON_MUST_CHECK int cordon_request_new(struct cordon_request **ret_request,
                                                    struct cordon_error *err);
CORDON_API void cordon_request_free(struct cordon_request *request);

/*
 * Add a policy document: native cordon/1 (YAML or JSON) or MXC JSON. Several documents intersect:
 * each can only take away. The file is read when the request is checked or run, at most 1 MiB.
 * -EINVAL (empty path), -E2BIG (more than CORDON_POLICIES_MAX), -ENOMEM.
 */
CORDON_API CORDON_MUST_CHECK int cordon_request_add_policy_file(struct cordon_request *request,
                                                                const char *path,
                                                                struct cordon_error *err);

/* The same with the document's text; `name` stands for the file in errors and events. */
CORDON_API CORDON_MUST_CHECK int cordon_request_add_policy_text(struct cordon_request *request,
                                                                const char *name, const char *text,
                                                                size_t size,
                                                                struct cordon_error *err);

/* Use a built-in profile in place of a document (see cordon_profiles()). Not with a document. */
CORDON_API CORDON_MUST_CHECK int cordon_request_set_profile(struct cordon_request *request,
                                                            const char *profile,
                                                            struct cordon_error *err);

/*
 * What ${workspace} stands for, and where the program starts unless the current directory lies in
 * it; NULL = the current directory. Where a profile makes the workspace writable, the root, the home,
 * what is hidden in it and directories above it are refused (CORDON_ERROR_FORBIDDEN at check and
 * run), and with NULL the system's and everybody's directories, see cordon-run(1).
 */
CORDON_API CORDON_MUST_CHECK int cordon_request_set_workspace(struct cordon_request *request,
                                                              const char *directory,
                                                              struct cordon_error *err);

/* Ask for a tier by name ("process"), NULL or "auto" = the policy's choice. */
CORDON_API CORDON_MUST_CHECK int
cordon_request_set_tier(struct cordon_request *request, const char *tier, struct cordon_error *err);

/*
 * Set a member of the policy: "resources.memory=512MiB". The value is read as a document would hold
 * it. Only for a single native document or a profile; with several documents it is refused, because
 * none of them is meant more than the others.
 */
CORDON_API CORDON_MUST_CHECK int cordon_request_set_member(struct cordon_request *request,
                                                           const char *assignment,
                                                           struct cordon_error *err);

/*
 * The command, NULL-terminated, at least one element; it replaces the document's command. argv[0]
 * without a slash is looked up in the PATH of the contained environment.
 */
CORDON_API CORDON_MUST_CHECK int cordon_request_set_command(struct cordon_request *request,
                                                            const char *const *argv,
                                                            struct cordon_error *err);

/*
 * The environment that the policy's `environment.inherit` takes from, as NAME=VALUE,
 * NULL-terminated; NULL = the process's environment at the time of the call that runs. A program
 * with threads that change the environment must bring one.
 */
CORDON_API CORDON_MUST_CHECK int cordon_request_set_environment(struct cordon_request *request,
                                                                const char *const *environment,
                                                                struct cordon_error *err);

/*
 * What stands for the current directory, absolute: relative names in the request, and where the program starts, are meant from there. Of
 * cordon_container_exec(), where the program starts, inside. NULL = the process's; of exec, where the policy has programs start.
 * -EINVAL: not absolute.
 */
CORDON_API CORDON_MUST_CHECK int cordon_request_set_directory(struct cordon_request *request,
                                                              const char *directory,
                                                              struct cordon_error *err);

/*
 * End the container after `timeout_ms` (0 = no limit of the caller's); the policy's limits hold as
 * well, the smallest wins. At the limit the program gets SIGTERM, CORDON_GRACE_MS later everything
 * is killed. Set-up may take as long: a launch that has not started the program by then fails with ETIMEDOUT.
 * At most 366 days.
 */
#define CORDON_GRACE_MS 2000
CORDON_API CORDON_MUST_CHECK int cordon_request_set_timeout_ms(struct cordon_request *request,
                                                               uint64_t timeout_ms,
                                                               struct cordon_error *err);

/*
 * Have the first process of the container made by the launcher at the other end of this socket, with a uid, a login uid and a control
 * group of its own where it can: for programs that the launcher itself started as keepers (descriptor `launcher` of LISTEN_FDNAMES;
 * docs/launcher.md). It stays the caller's and open as long as the container. -1: this process makes it.
 */
CORDON_API CORDON_MUST_CHECK int cordon_request_set_launcher(struct cordon_request *request, int fd, struct cordon_error *err);

/*
 * What the kernel's audit tells of the container's refusals is had from cordon-sensord over this connection, which cordond gave its keeper
 * (docs/decisions/0272): only of one that a launcher made. It stays the caller's and open as long as the start takes. -1: of its own, where Landlock alone contains.
 */
CORDON_API CORDON_MUST_CHECK int cordon_request_set_sensor(struct cordon_request *request, int fd, struct cordon_error *err);

/*
 * Give the launch up when this descriptor becomes readable before the program has started: it fails with ECANCELED and
 * nothing is left of it. Afterwards the descriptor is not looked at. -1 takes it back.
 */
CORDON_API CORDON_MUST_CHECK int cordon_request_set_cancel_fd(struct cordon_request *request, int fd,
                                                              struct cordon_error *err);

/* End the container when it has written more than `bytes` to stdout and stderr together (0 = no
 * limit of the caller's). Not with a terminal. */
CORDON_API CORDON_MUST_CHECK int cordon_request_set_output_limit(struct cordon_request *request,
                                                                 uint64_t bytes,
                                                                 struct cordon_error *err);

/* What stdin, stdout and stderr are, beside a descriptor of the caller's. */
#define CORDON_STDIO_NULL    (-1) /* /dev/null */
#define CORDON_STDIO_PIPE    (-2) /* a pipe to the caller (cordon_spawn() only) */
#define CORDON_STDIO_INHERIT (-3) /* the caller's own 0, 1 or 2 (the default) */
CORDON_API CORDON_MUST_CHECK int cordon_request_set_stdio(struct cordon_request *request,
                                                          int stdin_fd, int stdout_fd,
                                                          int stderr_fd, struct cordon_error *err);

/*
 * Give the program a terminal of its own as 0, 1 and 2 (cordon_spawn() only): the master side is
 * cordon_container_tty_fd(). 0 x 0 takes it back.
 */
CORDON_API CORDON_MUST_CHECK int cordon_request_set_tty(struct cordon_request *request,
                                                        unsigned short rows, unsigned short columns,
                                                        struct cordon_error *err);

/*
 * Capture stdout and stderr into memory (cordon_run() only), at most so many bytes each; what comes
 * after is read, counted and dropped. SIZE_MAX for one of them = do not capture that one. At most
 * 256 MiB each.
 */
CORDON_API CORDON_MUST_CHECK int cordon_request_set_capture(struct cordon_request *request,
                                                            size_t stdout_max, size_t stderr_max,
                                                            struct cordon_error *err);

/*
 * Let the program have this descriptor (3..1023) under the same number. All others are closed. It is taken over while the
 * launch begins: leave it as it is until the launch has returned. Files, pipes, terminals and sockets with a fixed peer pass.
 */
CORDON_API CORDON_MUST_CHECK int cordon_request_keep_fd(struct cordon_request *request, int fd,
                                                        struct cordon_error *err);

/*
 * Where events go beside the run store: as JSON Lines (cordon-event/1) to a descriptor, or appended
 * to a file that is created with mode 0600. One of the two. A reader that takes nothing for five
 * seconds ends the run: events are never dropped in silence.
 */
CORDON_API CORDON_MUST_CHECK int cordon_request_set_events_fd(struct cordon_request *request,
                                                              int fd, struct cordon_error *err);
CORDON_API CORDON_MUST_CHECK int cordon_request_set_events_file(struct cordon_request *request,
                                                                const char *path,
                                                                struct cordon_error *err);

/*
 * Before an open() is refused that one rule about this one file would allow, or a TCP connection that one about this host and port
 * would, somebody is asked, for `timeout_ms` (at most an hour; 0
 * takes it back), while the program waits: see cordon_container_approval(). cordon_spawn() only. The start fails with -ENOTSUP
 * (CORDON_ERROR_UNENFORCEABLE) where process 1 does not see the calls. cordon-run(1), --ask, says about what nobody is asked.
 */
CORDON_API CORDON_MUST_CHECK int cordon_request_set_ask(struct cordon_request *request, uint64_t timeout_ms,
                                                        struct cordon_error *err);

/*
 * How much of what the program does is recorded: what is refused (the default); also what it looks for, reads or executes and
 * does not find because it is hidden, or finds denied (HIDDEN), which costs a start about a millisecond and needs /dev/fuse; or also
 * what is let through, every call that names a file, program or process (FULL, access.used), which costs a build up to twice its
 * time and needs a policy that keeps names or sockets, as all do that grant a directory. The start fails with -ENOTSUP or -EACCES
 * (CORDON_ERROR_UNENFORCEABLE) where that cannot be had. -EINVAL: no such value.
 */
enum cordon_watch {
    CORDON_WATCH_REFUSED = 0,
    CORDON_WATCH_FULL = 1,
    CORDON_WATCH_HIDDEN = 2,
};
CORDON_API CORDON_MUST_CHECK int cordon_request_set_watch(struct cordon_request *request, enum cordon_watch watch,
                                                          struct cordon_error *err);

/*
 * Whether the daemon (cordond(8)) runs it: "never", "available" (where one listens, else this process) or "required"; NULL = as $CORDON_DAEMON or
 * the configuration says (cordond(8)). /etc/cordon/config.yaml can only ask for more. With the daemon the container's processes are no children of this
 * process: no SIGCHLD comes, and it ends with its keeper. -EINVAL: no such word.
 */
CORDON_API CORDON_MUST_CHECK int cordon_request_set_daemon(struct cordon_request *request, const char *use, struct cordon_error *err);

/* ---- looking before running ---- */

/*
 * Would this request be enforced here, in full? 0 = yes; else a positive enum cordon_error_kind
 * (INVALID and SCHEMA: the documents are wrong; UNENFORCEABLE, FORBIDDEN: valid, not enforceable
 * here; others: it could not be found out), with the first problem in `err`. *ret_report (may be
 * NULL; the caller's; set whatever is returned, NULL when out of memory) lists every problem,
 * warning and accepted loss: lines of text, or
 * {"verdict":"enforceable|invalid|unenforceable|unknown","problems":[{kind,text}],
 *  "losses":[{name,text}],"warnings":[...]}.
 */
CORDON_API CORDON_MUST_CHECK int cordon_check(const struct cordon_request *request,
                                              enum cordon_format format, char **ret_report,
                                              struct cordon_error *err);

/* Every effective rule, where it comes from and what enforces it on this machine. */
CORDON_API CORDON_MUST_CHECK int cordon_explain(const struct cordon_request *request,
                                                enum cordon_format format, char **ret_text,
                                                struct cordon_error *err);

/*
 * What is wrong with the request's documents, or wider than it needs to be, although they may be valid: conflicts, rules that
 * never decide anything, risky grants, what nothing here enforces; and the exposure, 0 to 10 points, that explains itself.
 * With CORDON_LINT_OFFLINE the documents alone are looked at, not this machine. A document that is invalid is a finding.
 * `files` (NULL-terminated; NULL = none): records, as cordon_request_set_events_file() writes them, and with CORDON_LINT_RUNS those of
 * the store's runs of this very policy: rules that none of them needed are findings. Neither together with CORDON_LINT_OFFLINE.
 * *ret_report is the caller's; *ret_result (may be NULL) says how many there are. cordon-policy(1) has the forms.
 */
#define CORDON_LINT_OFFLINE 1u
#define CORDON_LINT_RUNS    2u
struct cordon_lint_result {
    uint32_t errors, warnings, notes;
    uint32_t exposure_tenths;
};
CORDON_API CORDON_MUST_CHECK int cordon_lint(const struct cordon_request *request, uint32_t flags, const char *const *files,
                                             enum cordon_format format, char **ret_report, struct cordon_lint_result *ret_result,
                                             struct cordon_error *err);

/*
 * Recorded runs against the request's policy: what it would newly refuse, newly permit, decide as before, by rule. `files`
 * (NULL-terminated; NULL = none; "-" = stdin) hold records as cordon_request_set_events_file() writes them, of any number of
 * runs; `runs` names runs of the store ("last", an id or its beginning). Both NULL: every run of the store. A run's workspace
 * stands for the request's. Nothing is run. *ret_report is the caller's; *ret_result (may be NULL) counts decisions.
 */
struct cordon_simulate_result {
    uint64_t newly_denied, newly_allowed, unchanged;
    uint64_t undecided; /* it depends on what no record holds */
};
CORDON_API CORDON_MUST_CHECK int cordon_simulate(const struct cordon_request *request, const char *const *files,
                                                 const char *const *runs, enum cordon_format format, char **ret_report,
                                                 struct cordon_simulate_result *ret_result, struct cordon_error *err);

/*
 * The reachability card: what a program under this request can read, change, run, reach and use here, for how long, and what it
 * cannot, on one screen of 80 by 24; with CORDON_JSON all of it (schema cordon-reach/1).
 */
CORDON_API CORDON_MUST_CHECK int cordon_reach(const struct cordon_request *request, enum cordon_format format, char **ret_text,
                                              struct cordon_error *err);
/*
 * The same as text where these documents are new to this user, and remembered from now on (in the state directory, the last
 * 256); *ret_text is NULL where they are known. For who shows a card before a run.
 */
CORDON_API CORDON_MUST_CHECK int cordon_reach_once(const struct cordon_request *request, char **ret_text,
                                                   struct cordon_error *err);

/*
 * Learn a policy from what recorded runs did and tried: it allows that, what is sensitive left out, and little more. `runs`,
 * NULL-terminated: runs of the store ("last", an id or the beginning of one), and files of events (a name with a slash), all of
 * one workspace. With `into`, the path of a policy, what that lacks is written in between its lines and the file is replaced at
 * once, or made where it is not there; what a person took out of it or narrowed stays so. Of `request` the environment counts.
 * CORDON_LEARN_DENIED_HOSTS: grant what else is only proposed, hosts that the network refused. *ret_policy is the whole
 * document, in YAML; *ret_summary (may be NULL) says what was learned, what was left out and why: in lines, or, with
 * CORDON_LEARN_JSON, as one object with each rule, its evidence and its confidence. cordon-learn(1).
 */
#define CORDON_LEARN_DENIED_HOSTS 1u
#define CORDON_LEARN_JSON         8u

/*
 * Have the request run in order to be learned from: everything is watched (CORDON_WATCH_FULL), confined by a document of
 * Cordon's that lets much of the system be read, without what is sensitive; documents of the request's own narrow it further.
 * What it changes is kept apart, as by cordon_request_set_review(), to be shown, committed or discarded; with
 * CORDON_LEARN_IN_PLACE it changes the workspace itself. Without a network, but for `hosts` (NULL-terminated, or NULL), on every
 * port; with CORDON_LEARN_RECORD_HOSTS there is a gateway that refuses and records every other host, so that rules can be
 * proposed. Its home is private; with CORDON_LEARN_READ_HOME it may read the real one, but for what is sensitive, and write
 * none of it (the workspace is set before). Then cordon_learn() with the run's id (cordon_container_id()). Not with a profile.
 */
#define CORDON_LEARN_IN_PLACE     2u
#define CORDON_LEARN_RECORD_HOSTS 4u
#define CORDON_LEARN_READ_HOME    16u
CORDON_API CORDON_MUST_CHECK int cordon_request_set_learning(struct cordon_request *request, const char *const *hosts,
                                                             uint32_t flags, struct cordon_error *err);
CORDON_API CORDON_MUST_CHECK int cordon_learn(const struct cordon_request *request, const char *const *runs, const char *into,
                                              uint32_t flags, char **ret_policy, char **ret_summary, struct cordon_error *err);

/*
 * Who a container is, asked from inside of it, and what it asks to have signed under its own name: its keys are outside, and stay
 * there. cordon-id(1) says what can be asked for and which members each takes. *ret_bytes is the caller's (cordon_string_free()) and ends
 * with a NUL that *ret_size does not count; *ret_until (may be NULL): when to ask again, or when it ends, s since 1970, 0 = never.
 * CORDON_ERROR_NOT_FOUND: this is no container that is answered. CORDON_ERROR_FORBIDDEN: whoever signs refuses it, and says why.
 */
struct cordon_id_question {
    const char *what; /* "name", "x509", "svid", "access", "delegation", "attestation", "statement", "tls13-client", "tls13-server", "bundle", "bundle-pem" */
    const char *const *audiences; /* whom a token is for: at most 4 */
    size_t audience_count;
    const char *subject_token; /* "access", "delegation": what was handed on to this container; NULL = it acts by its own mandate */
    const char *may_act;       /* "delegation": the name of the container inside that is to have it */
    const char *nonce;         /* "attestation": of who asked; NULL = none */
    const char *context;       /* "statement": for what purpose */
    uint64_t seconds;          /* how long a token is to hold; 0 = as usual */
    const void *digest;        /* "statement": SHA-256; "tls13-...": the hash of the handshake */
    size_t digest_size;
};
CORDON_API CORDON_MUST_CHECK int cordon_id_ask(const struct cordon_id_question *question, char **ret_bytes, size_t *ret_size, uint64_t *ret_until,
                                               struct cordon_error *err);

/*
 * Names of recorded containers: of those that run (`run` NULL), or of one run as cordon_runs_show() takes it. A line each, or
 * {"identities":[{name,class,instance,run,state,actor,sponsor,proof}]}. *ret_text is the caller's.
 */
CORDON_API CORDON_MUST_CHECK int cordon_id_list(const char *run, enum cordon_format format, char **ret_text, struct cordon_error *err);

/*
 * Whom to believe about this user's containers: the bundle of the user's own authority, as SPIFFE has it (CORDON_JSON), or its
 * certificates as PEM (CORDON_TEXT). CORDON_ERROR_NOT_FOUND: it has none yet, for no container has asked for anything.
 */
CORDON_API CORDON_MUST_CHECK int cordon_id_bundle(enum cordon_format format, char **ret_text, struct cordon_error *err);

/*
 * Does a token hold, and is the container that it attests no wider than a policy? By cordon-verify-token(1), whose options these are; members that
 * are NULL are not given, `bundle` and `domain` are this user's own then. *ret_report: JSON, the caller's. *ret_answer: 0, or
 * CORDON_ID_WIDER. CORDON_ERROR_FORBIDDEN: it does not hold, and why.
 */
#define CORDON_ID_WIDER 3u
struct cordon_id_check {
    const char *token; /* a file; "-" = standard input */
    const char *bundle, *domain, *audience, *kind, *nonce, *seen;
    const char *digest, *within, *ceiling;
    const char *const *documents; /* files; "profile:NAME"; NULL-terminated */
};
CORDON_API CORDON_MUST_CHECK int cordon_id_verify(const struct cordon_id_check *check, char **ret_report, uint32_t *ret_answer, struct cordon_error *err);

/*
 * The first draft of a policy: a template, a document with comments, with what is asked for put in. Lists end with NULL; each may
 * be NULL. *ret_text is the caller's and a valid document. ERROR_INVALID names what cannot be.
 */
struct cordon_draft {
    const char *template_name;   /* one of cordon_templates(); NULL = "workspace" */
    const char *const *hosts;    /* to be reached: "api.example.org" (port 443), "db.example.org:5432" */
    const char *const *packages; /* registries of "npm", "pip", "cargo", "go", "maven", "gem" */
    const char *const *git;      /* hosts that git fetches from, over https */
    const char *const *git_push; /* one that it pushes to as well, with a token of the caller's environment (GITHUB_TOKEN, ...) */
    const char *const *secrets;  /* "NAME=HOST": a variable of the caller's, and the host that it is shown to */
    const char *const *ports;    /* listeners inside: "3000", "3000:8080" where the host finds it at another one */
};
CORDON_API CORDON_MUST_CHECK int cordon_draft(const struct cordon_draft *draft, char **ret_text, struct cordon_error *err);
/* NULL-terminated. Static. */
CORDON_API const char *const *cordon_templates(void);

/*
 * What becomes possible and what impossible when the documents of `after` take the place of those of `before`: exact, over the
 * whole policy. Documents, profile, members and workspace of the requests count; ceilings and this machine do not. Variables
 * stand for what they do for this caller. *ret_report is the caller's; *ret_result (may be NULL): CORDON_DIFF_... bits, 0 = both
 * allow the same. cordon-policy-diff(1) has the forms.
 */
#define CORDON_DIFF_WIDER    1u /* something becomes possible */
#define CORDON_DIFF_NARROWER 2u /* something becomes impossible */
#define CORDON_DIFF_UNKNOWN  4u /* something cannot be compared, and may be either */
#define CORDON_DIFF_CHANGED  8u /* a run is another one, in what is neither: values that are set, the command, names */
CORDON_API CORDON_MUST_CHECK int cordon_policy_diff(const struct cordon_request *before, const struct cordon_request *after,
                                                    enum cordon_format format, char **ret_report, uint32_t *ret_result,
                                                    struct cordon_error *err);
/* ---- why ---- */

/*
 * Something that a program could try. What is NULL or 0 is not meant. Paths as they are inside; a relative one is taken from the
 * current directory; links are followed as the host has them.
 */
struct cordon_question {
    const char *operation; /* "look", "list", "read", "write", "create", "delete", "rename", "link", "metadata", "execute", "connect",
                              "bind", "syscall", "limit", ... */
    const char *path, *second; /* of files and socket files; the new name of a rename or link */
    const char *program;       /* who tries it */
    const char *host;          /* name or address */
    unsigned port;
    const char *protocol; /* "tcp" (default), "udp", "icmp" */
    const char *syscall;  /* "ptrace" */
    const char *limit;    /* "resources.memory" */
};

#define CORDON_WHY_COLOUR 1u /* for a terminal */

/*
 * Would it be allowed by the request's policy here? The verdict, the rule and the mechanism that decide, the narrowest rule that
 * would allow exactly this (applied, compiled and asked again before it is shown), and what else that rule would open on this
 * machine today. Text for 80 columns, or an object of schema cordon-why/1. Nothing is started and nothing is changed.
 */
CORDON_API CORDON_MUST_CHECK int cordon_why_supposed(const struct cordon_request *request, const struct cordon_question *question,
                                                     uint32_t flags, enum cordon_format format, char **ret_text,
                                                     struct cordon_error *err);

/*
 * The same of what was recorded, under the plan that the run had, compiled again. `what`: the id of one record ("<run>.<number>"), a
 * run ("last", an id or the beginning of one), or NULL, the last run. Of a run: what was refused, equal ones together, the most
 * consequential first, and what of its refusals no source saw.
 */
CORDON_API CORDON_MUST_CHECK int cordon_why_recorded(const char *what, uint32_t flags, enum cordon_format format, char **ret_text,
                                                     struct cordon_error *err);

/*
 * From inside a container of Cordon, about that container: would this be allowed (`question`), or what was refused so far (NULL)?
 * Answered by whoever runs it, by the policy alone: not whether something exists outside, and no rule is proposed. Text, or an
 * object of schema cordon-why-self/1. CORDON_ERROR_NOT_FOUND: this is none, or one that does not answer.
 */
CORDON_API CORDON_MUST_CHECK int cordon_why_self(const struct cordon_question *question, enum cordon_format format, char **ret_text,
                                                 struct cordon_error *err);

/*
 * Many at once, as JSON Lines: the members of struct cordon_question by their names, and `exists` (is there something of that name
 * on the host? else it is looked at), `directory`, `exact` (links on the path are not followed). One object of cordon-why/1 a
 * line comes back for each, without suggestions.
 */
CORDON_API CORDON_MUST_CHECK int cordon_why_questions(const struct cordon_request *request, const char *lines, size_t size,
                                                      char **ret_text, struct cordon_error *err);

/*
 * A question about what the request's documents make impossible, answered over everything that they could mean: every path,
 * name and address, there or not. Ceilings and this machine do not count, unless `flags` says so. *ret_report is the caller's;
 * *ret_answer (may be NULL) is an enum cordon_proof. CORDON_ERROR_INVALID: something is missing, or cannot be what is meant.
 */
enum cordon_claim_kind {
    CORDON_PROVE_CAN_READ = 1,        /* path: anything of the host's there or below */
    CORDON_PROVE_CAN_WRITE = 2,       /* path */
    CORDON_PROVE_CAN_REACH = 3,       /* destination */
    CORDON_PROVE_READS_REACHES = 4,   /* path, destination: what was read there, get to that */
    CORDON_PROVE_SECRET_REACHES = 5,  /* secret, destination: its value */
    CORDON_PROVE_WRITABLE_OBEYED = 6, /* anything be written that a program outside executes or obeys */
    CORDON_PROVE_ESCAPES_CEILING = 7, /* ceiling: anything that it does not permit */
};
enum cordon_proof {
    CORDON_HOLDS = 1,     /* impossible, for any path and destination */
    CORDON_POSSIBLE = 2,  /* the report has a witness */
    CORDON_UNDECIDED = 3, /* the report says what it depends on */
};
#define CORDON_PROVE_HERE 1u /* directories of this caller's PATH are places that programs are taken from */
struct cordon_claim {
    uint32_t kind;           /* enum cordon_claim_kind */
    uint32_t flags;          /* CORDON_PROVE_... */
    const char *path;        /* absolute, or "~/..."; may be a pattern, as in documents */
    const char *destination; /* "HOST", "HOST:PORT", "*.example.org", "10.0.0.0/8", "[::1]:80"; "*" = anything */
    const char *secret;      /* its name in the documents */
    const char *ceiling;     /* a file */
};
CORDON_API CORDON_MUST_CHECK int cordon_policy_prove(const struct cordon_request *request, const struct cordon_claim *question,
                                                     enum cordon_format format, char **ret_report, uint32_t *ret_answer,
                                                     struct cordon_error *err);

/* ---- running ---- */

enum cordon_end {
    CORDON_END_EXITED = 1,   /* `code` is the program's exit status */
    CORDON_END_SIGNALED = 2, /* `code` is the signal that ended it */
    CORDON_END_TIMEOUT = 3,  /* a time limit ended it */
    CORDON_END_LIMIT = 4,    /* Cordon ended it at another limit (output, CPU time) */
    CORDON_END_LOST = 5,     /* the container vanished without a word; nothing of it runs on */
    CORDON_END_STOPPED = 6,  /* a container without a program of its own was told to end (cordon_container_stop()) */
};

#define CORDON_STATUS_OOM_KILLED        1u /* the kernel ended it at the memory limit */
#define CORDON_STATUS_STDOUT_INCOMPLETE 2u /* more was written than capture or limit let through   \
                                            */
#define CORDON_STATUS_STDERR_INCOMPLETE 4u
#define CORDON_STATUS_FINDINGS          8u /* cordon_container_findings() has something to say */

struct cordon_status {
    uint32_t end;        /* enum cordon_end */
    int32_t code;        /* exit status or signal number, as `end` says */
    int32_t exit_status; /* what `cordon run` exits with: code, 128 + signal, 124, 125 */
    uint32_t flags;      /* CORDON_STATUS_... */
    uint64_t wall_us;    /* from the start of the program to its end */
    uint64_t user_us;    /* CPU time of the whole tree, user */
    uint64_t system_us;  /* and system; both 0 when it was killed without a cgroup that counts them */
    uint64_t max_rss_bytes; /* of the largest process; 0 when it was killed as a whole */
    uint64_t output_bytes; /* stdout and stderr, where Cordon relayed them, else 0 */
    char text[192];        /* when Cordon ended it: why, one line; else "" */
};

/* Captured output; both NUL-terminated, may hold NUL bytes; free with cordon_output_finish(). */
struct cordon_output {
    char *stdout_data;
    size_t stdout_size;
    char *stderr_data;
    size_t stderr_size;
};
CORDON_API void cordon_output_finish(struct cordon_output *output);

/*
 * Run to completion. `ret_output` (may be NULL) is filled where the request captures. 0 = the
 * program ran, contained, and ended, however it ended; negative = it was not started, or it was
 * killed because Cordon could no longer keep its promise (text says which). The call lasts as long
 * as the program.
 */
CORDON_API CORDON_MUST_CHECK int cordon_run(const struct cordon_request *request,
                                            struct cordon_status *ret_status,
                                            struct cordon_output *ret_output,
                                            struct cordon_error *err);

/*
 * Start and return as soon as the program was executed with every part of the policy in force. Time
 * and output limits are kept inside cordon_container_wait() and cordon_container_try_wait():
 * whenever poll_fd is readable one of them must be called. With an output limit, pipes move only
 * while one of them runs.
 */
struct cordon_container;
CORDON_API CORDON_MUST_CHECK int cordon_spawn(const struct cordon_request *request,
                                              struct cordon_container **ret_container,
                                              struct cordon_error *err);

/* The run id: 26 characters, sorts by time; belongs to the container. */
CORDON_API const char *cordon_container_id(const struct cordon_container *container);

/* Process id, outside, of the container's first process. */
CORDON_API pid_t cordon_container_pid(const struct cordon_container *container);

/*
 * The caller's ends of pipes that were asked for, and the terminal's master side; -1 where there is
 * none. They belong to the container; duplicate one to keep it longer. close_stdin() lets the
 * program see the end of its input.
 */
CORDON_API int cordon_container_stdin_fd(const struct cordon_container *container);
CORDON_API int cordon_container_stdout_fd(const struct cordon_container *container);
CORDON_API int cordon_container_stderr_fd(const struct cordon_container *container);
CORDON_API int cordon_container_tty_fd(const struct cordon_container *container);
CORDON_API void cordon_container_close_stdin(struct cordon_container *container);

/*
 * Give a running container another network: the documents of `request` (policy files and texts, profile, members; everything
 * else of it counts for nothing) take the place of those that it was started with. New decisions from then on, and open
 * connections that are denied now are closed; a connection that a person allowed for the run is asked about anew. Only what network.* says may differ; ceilings hold as they are now. Waits for
 * the gateway, some milliseconds. On failure the former network holds, but for CORDON_ERROR_SYSTEM after the gateway ended
 * (network.gone), and when the change could not be recorded: then the new one holds, as the text says. CORDON_ERROR_FORBIDDEN: something else differs (text names it). CORDON_ERROR_UNENFORCEABLE: the container
 * was started without what it would need: a gateway (no rules), an inspector (no rule about requests), an authority (no
 * `tls: terminate`), a program that no rule named, a port that no door led to, another file of authorities.
 * CORDON_ERROR_INVALID: it has ended.
 */
CORDON_API CORDON_MUST_CHECK int cordon_container_set_network(struct cordon_container *container,
                                                              const struct cordon_request *request,
                                                              struct cordon_error *err);

/*
 * A descriptor for poll(): readable when try_wait() has something to do (the end, a time limit,
 * output to move). Made at the first call; belongs to the container. Negative errno on failure.
 */
CORDON_API int cordon_container_poll_fd(struct cordon_container *container,
                                        struct cordon_error *err);

/* 1 and *ret_status when all of the container is gone, 0 while it runs, negative as cordon_run().
 */
CORDON_API CORDON_MUST_CHECK int cordon_container_try_wait(struct cordon_container *container,
                                                           struct cordon_status *ret_status,
                                                           struct cordon_error *err);

/* The same, waiting at most `timeout_ms`; negative = as long as it takes. 0 = not ended yet. */
CORDON_API CORDON_MUST_CHECK int cordon_container_wait(struct cordon_container *container,
                                                       int64_t timeout_ms,
                                                       struct cordon_status *ret_status,
                                                       struct cordon_error *err);

/*
 * When it has ended: what the program left behind that the caller's own programs would act on, as a repository's
 * configuration that makes git run something. *ret_text (the caller's) is a line each ("" = nothing was found), or
 * {"findings":[{kind,path,key,value,valueIsCut,text,remedy}]}; docs/events.md, run.finding, says what is looked at.
 * -EAGAIN while it runs.
 */
CORDON_API CORDON_MUST_CHECK int cordon_container_findings(const struct cordon_container *container,
                                                           enum cordon_format format,
                                                           char **ret_text,
                                                           struct cordon_error *err);

/*
 * When it has ended: how often something was refused to the program, as far as that is seen (docs/events.md, `watch` of
 * run.started says what is not). *ret_text (may be NULL; the caller's) is the most telling of them, a line that is safe to show;
 * `cordon why` says why. Where *ret_count is 0 it is "", or what may have been refused unseen and how to see it: after status 126 and 127.
 * -EAGAIN while it runs.
 */
CORDON_API CORDON_MUST_CHECK int cordon_container_denials(const struct cordon_container *container, uint64_t *ret_count,
                                                          char **ret_text, struct cordon_error *err);

/*
 * The question that stands (cordon_request_set_ask()): the program was to be refused to open a file or to connect, and waits. Its texts belong to
 * the container and hold until the next call for it; NULL where nobody knows. All but `text`, `operation` and `digest` may hold any byte.
 */
struct cordon_approval {
    uint64_t number;       /* from 1; at most 64 in a run */
    const char *digest;    /* "sha256:...", of the operation, the very file or destination and the program: what an answer is bound to */
    const char *operation; /* "read", "write", "connect" */
    const char *path;      /* of the file, on the host, without symbolic links; connect: "host:443", "192.0.2.1:443", "[2001:db8::1]:443" */
    const char *named;     /* by the program; connect: NULL */
    const char *exe;       /* what the process executes */
    const char *text;      /* all of it in words, lines that are safe to show */
    const char *rule_file; /* the document that CORDON_ANSWER_RULE would add to; NULL = there is no such one */
    int32_t pid;           /* of the process, inside */
    uint64_t left_ms;      /* until it is denied */
};

/*
 * 1 and *ret_approval when one stands, else 0. Look after each cordon_container_try_wait() and _wait(); a question ends also without an answer: at its
 * time, and when the process is gone. Show it where the program cannot write, and read the answer where the program cannot.
 */
CORDON_API int cordon_container_approval(const struct cordon_container *container, struct cordon_approval *ret_approval);

enum cordon_answer {
    CORDON_ANSWER_DENY = 0,
    CORDON_ANSWER_ONCE = 1, /* this call, or this connection */
    CORDON_ANSWER_RUN = 2,  /* and equal ones of this run: the same file, operation and program, or the same host, port and program */
    CORDON_ANSWER_RULE = 3, /* the same, and the rule is added to the policy, for later runs */
};

/*
 * Answer the question of this number and digest. The file is opened by this process, with the rights that the caller has without
 * privilege, and handed to the program; a connection is made by the gateway, as under a rule about this host and port. -ESTALE (CORDON_ERROR_INVALID): that question does not stand any more; (other kinds): allowed, and
 * it could not be opened any more as it was shown, so it was refused. Where the rule cannot be written nothing has happened, and the question stands.
 */
CORDON_API CORDON_MUST_CHECK int cordon_container_answer(struct cordon_container *container, uint64_t number, const char *digest,
                                                         enum cordon_answer answer, struct cordon_error *err);
/*
 * CORDON_ANSWER_RUN for `for_ms` milliseconds (1 to 366 days), those included in which the machine is suspended: then connections that it allowed
 * are closed, a file that is open stays open, and what is equal is a question again.
 */
CORDON_API CORDON_MUST_CHECK int cordon_container_answer_for(struct cordon_container *container, uint64_t number, const char *digest, uint64_t for_ms,
                                                             struct cordon_error *err);

/* Send a signal to the program's process group, or to its terminal's foreground group. 0 also when
 * it has ended. */
CORDON_API CORDON_MUST_CHECK int cordon_container_signal(struct cordon_container *container,
                                                         int signal_number,
                                                         struct cordon_error *err);

/* End everything in it at once. Its end is still to be waited for. 0 also when it has ended. */
CORDON_API CORDON_MUST_CHECK int cordon_container_kill(struct cordon_container *container,
                                                       struct cordon_error *err);

/* The caller's terminal has another size now. -ENOTTY without a terminal. */
CORDON_API CORDON_MUST_CHECK int cordon_container_resize(struct cordon_container *container,
                                                         unsigned short rows,
                                                         unsigned short columns,
                                                         struct cordon_error *err);

/*
 * End it in order: SIGTERM to what it runs, and when `grace_ms` have passed, or nothing runs in it any more, everything is ended. 0 = at
 * once. Its end is still to be waited for, by calls that look after time limits too. 0 also when it has ended.
 */
CORDON_API CORDON_MUST_CHECK int cordon_container_stop(struct cordon_container *container, uint64_t grace_ms,
                                                       struct cordon_error *err);

/*
 * Nothing in it runs from when this returns, until it is thawed or ended. The time limits go on. -ENOTSUP (CORDON_ERROR_UNENFORCEABLE): it
 * has no control group, as it has with a limit of memory, processes or processors; -ETIMEDOUT: not all of it stood still within
 * two seconds, and it runs on. thaw: 0 also where it was not frozen.
 */
CORDON_API CORDON_MUST_CHECK int cordon_container_freeze(struct cordon_container *container, struct cordon_error *err);
CORDON_API CORDON_MUST_CHECK int cordon_container_thaw(struct cordon_container *container, struct cordon_error *err);

/*
 * Give it less while it runs: "resources.memory=256MiB", "resources.pids=50", "resources.cpus=0.5"; NULL-terminated; all or none. What holds now is what its control
 * group says. -ENOTSUP (CORDON_ERROR_UNENFORCEABLE): it has none that limits this; CORDON_ERROR_INVALID: it would be more than now (-EPERM), or
 * it uses more than that (-EBUSY).
 */
CORDON_API CORDON_MUST_CHECK int cordon_container_set_limits(struct cordon_container *container, const char *const *members,
                                                             struct cordon_error *err);

/* ---- containers that stand, and programs in them ---- */

/*
 * A container with every part of the policy in force and no program in it, which stands until it is stopped, killed or freed. The
 * request's command, streams, terminal and kept descriptors count for nothing; its time limit is the container's, that of the policy each
 * program's. What goes for a container of cordon_spawn() goes for it, but that cordon_container_signal() reaches all of its programs.
 * CORDON_ERROR_UNENFORCEABLE also: no namespaces can be made here; the policy has a limit of output (resources.output), is for one
 * command (the request is reviewed), or denies a system call that starting programs needs (the text names it).
 * Where the daemon is to be used it stands there, under the request's name where it has one, and ends with this process all the same.
 */
CORDON_API CORDON_MUST_CHECK int cordon_create(const struct cordon_request *request,
                                               struct cordon_container **ret_container, struct cordon_error *err);

/*
 * Execute a program in it. Of `request` the command, the environment (of which the policy's rules take what programs have), the directory,
 * the streams, the terminal, the kept descriptors, the time limit and the cancel descriptor count; capture is refused. All programs
 * are in one file tree and see and may signal each other. A descriptor of a file is used as it is; to be opened again by name
 * (/dev/stdin), what it leads to must be granted. Returns when the program was executed. -EINVAL: the container is not one that
 * stands, has ended, or is frozen (-EBUSY). CORDON_ERROR_LIMIT (-EAGAIN): CORDON_PROGRAMS_MAX run, or one that was given up is still being started;
 * CORDON_ERROR_NOT_FOUND, CORDON_ERROR_NOT_EXECUTABLE: the program's own fault; CORDON_ERROR_SYSTEM (-ETIMEDOUT): others in the
 * container kept it from beginning for ten seconds. The container stands on in each case.
 */
#define CORDON_PROGRAMS_MAX 256 /* at a time in one container */
struct cordon_program;
CORDON_API CORDON_MUST_CHECK int cordon_container_exec(struct cordon_container *container,
                                                       const struct cordon_request *request,
                                                       struct cordon_program **ret_program, struct cordon_error *err);

/* From 1, in the order of their starts; the record of the run has them by this number. */
CORDON_API uint64_t cordon_program_number(const struct cordon_program *program);

/* Process id inside. */
CORDON_API pid_t cordon_program_pid(const struct cordon_program *program);

/* As those of a container. */
CORDON_API int cordon_program_stdin_fd(const struct cordon_program *program);
CORDON_API int cordon_program_stdout_fd(const struct cordon_program *program);
CORDON_API int cordon_program_stderr_fd(const struct cordon_program *program);
CORDON_API int cordon_program_tty_fd(const struct cordon_program *program);
CORDON_API void cordon_program_close_stdin(struct cordon_program *program);
CORDON_API CORDON_MUST_CHECK int cordon_program_resize(struct cordon_program *program, unsigned short rows, unsigned short columns,
                                                       struct cordon_error *err);

/* The container's: readable when any program of it, or the container itself, has something to do. */
CORDON_API int cordon_program_poll_fd(struct cordon_program *program, struct cordon_error *err);

/*
 * 1 and *ret_status when the program has ended, 0 while it runs, negative as cordon_container_try_wait(), which each call does too.
 * What it left running runs on in the container. Times and memory are those of the program and of what it waited for. Where the
 * container ended before it: CORDON_END_SIGNALED by SIGKILL.
 */
CORDON_API CORDON_MUST_CHECK int cordon_program_try_wait(struct cordon_program *program, struct cordon_status *ret_status,
                                                         struct cordon_error *err);

/* The same, waiting at most `timeout_ms`; negative = as long as it takes. */
CORDON_API CORDON_MUST_CHECK int cordon_program_wait(struct cordon_program *program, int64_t timeout_ms,
                                                     struct cordon_status *ret_status, struct cordon_error *err);

/* To its process group, or to its terminal's foreground group. 0 also when it has ended. */
CORDON_API CORDON_MUST_CHECK int cordon_program_signal(struct cordon_program *program, int signal_number,
                                                       struct cordon_error *err);

/* SIGKILL to its process group where it runs; its end is recorded when it comes. Before the container is freed, or after. */
CORDON_API void cordon_program_free(struct cordon_program *program);

/* ---- containers that are kept ready ---- */

/*
 * Containers made beforehand for starts of one request, each used once. Three kinds: ready ones, in which everything is in force but the
 * program; unsealed ones, in which everything stands and Landlock and the filter come with the program, for programs that are given files or the caller's
 * terminal as streams (none before the first of them); and prepared ones (namespaces and a first process), for what cannot be kept ready: secrets,
 * opened TLS, requests that are asked about, a terminal of their own. The request is copied: its documents, workspace, tier,
 * members, environment and directory count. `ready_max`: at most so many of them (1 to CORDON_POOL_MAX). Makes none yet:
 * cordon_pool_step() does. Holds an inotify instance of the user's from the first that it made until nothing was taken for a minute. -EINVAL: `ready_max`, or the request is reviewed or learns.
 */
#define CORDON_POOL_MAX 256
struct cordon_pool;
CORDON_API CORDON_MUST_CHECK int cordon_pool_new(const struct cordon_request *request, uint32_t ready_max,
                                                 struct cordon_pool **ret_pool, struct cordon_error *err);
CORDON_API void cordon_pool_free(struct cordon_pool *pool);

/*
 * As cordon_spawn(), from the pool where what stands there is what a start would make now: documents, ceilings and the machine are
 * looked at anew, and the results compared. What is not is dropped, and the run starts from nothing. Umask, limits and priority are those that
 * this process had when it was made. The same errors.
 */
CORDON_API CORDON_MUST_CHECK int cordon_pool_spawn(struct cordon_pool *pool, const struct cordon_request *request,
                                                   struct cordon_container **ret_container, struct cordon_error *err);

/* Readable when cordon_pool_step() has something to do. Belongs to the pool. Negative errno on failure. */
CORDON_API int cordon_pool_poll_fd(struct cordon_pool *pool, struct cordon_error *err);

/*
 * Begin one more, where what was taken in the last minute wants it, or give one back, where nothing was: a millisecond or so. Call it when
 * poll_fd is readable, and not right before somebody waits. A failure to make one is that of a start; the pool goes on.
 */
CORDON_API CORDON_MUST_CHECK int cordon_pool_step(struct cordon_pool *pool, struct cordon_error *err);

struct cordon_pool_stats {
    uint32_t ready, prepared, beginning; /* now */
    uint64_t taken_ready, taken_prepared; /* runs that began in one, since the beginning */
    uint64_t proved;  /* of taken_ready: nothing that the policy was compiled by had moved, so it was not compiled again */
    uint64_t cold;    /* and those for which there was none */
    uint64_t stale;   /* dropped: a start would have made another */
    uint64_t drained; /* given back unused */
    uint64_t failed;  /* could not be made, or ended before they were used */
    uint32_t unsealed; /* now */
    uint64_t taken_unsealed; /* runs that began in one */
};
CORDON_API void cordon_pool_stats(const struct cordon_pool *pool, struct cordon_pool_stats *ret_stats);

/*
 * What comes out of cordon_container_tty_fd() is the program's and may hold anything: before it is
 * shown on the terminal of a person it goes through one of these, which passes text and what
 * programs need of a terminal and drops what reaches past its window (clipboard, unless the policy's
 * ui.clipboard says otherwise; titles without a mark; reports of the screen; printing; files).
 * `flags`: CORDON_TERMINAL_UTF8 when that terminal reads UTF-8, else a byte is a character.
 */
struct cordon_terminal;
#define CORDON_TERMINAL_UTF8 1u
CORDON_API CORDON_MUST_CHECK int cordon_terminal_new(const struct cordon_container *container,
                                                     uint32_t flags,
                                                     struct cordon_terminal **ret_terminal,
                                                     struct cordon_error *err);

/*
 * Returns how many of `bytes` were taken: at least one unless `size` is 0; call again for the rest.
 * *ret_output belongs to `terminal` until the next call; it may be empty, because a sequence is held
 * back until it is whole.
 */
CORDON_API CORDON_MUST_CHECK size_t cordon_terminal_filter(struct cordon_terminal *terminal,
                                                           const char *bytes, size_t size,
                                                           const char **ret_output,
                                                           size_t *ret_output_size);

/*
 * The program has ended: *ret_output (may be empty) puts back what it changed of the terminal. 1:
 * the terminal may still be answering a question of the program's, which a shell would read as typed; write the output,
 * then read and forget all input up to CORDON_TERMINAL_LAST_ANSWER, for a second or so. 0: nothing more is to be done.
 */
#define CORDON_TERMINAL_LAST_ANSWER "\033[0n"
CORDON_API int cordon_terminal_end(struct cordon_terminal *terminal, const char **ret_output,
                                   size_t *ret_output_size);
CORDON_API void cordon_terminal_free(struct cordon_terminal *terminal);

/* Kill what still runs, close every descriptor, forget. */
CORDON_API void cordon_container_free(struct cordon_container *container);

/* ---- containers of the daemon (cordond(8)) ---- */

#define CORDON_RUN_SIZE 32 /* of an id of a run, or of a container that is kept */

/*
 * Give the container a name, unique among those that the caller has at the daemon; NULL takes it back. Up to 63 letters, digits, '_', '.' and
 * '-', beginning with a letter or '_'. Without the daemon it is refused at the start.
 */
CORDON_API CORDON_MUST_CHECK int cordon_request_set_name(struct cordon_request *request, const char *name, struct cordon_error *err);

/*
 * When the daemon starts a container that is kept (cordon_daemon_create()) again by itself, as container engines name it: "no", "on-failure", "on-failure:3"
 * (so many times at most), "always", "unless-stopped"; NULL = "no". On any other request it counts for nothing.
 */
CORDON_API CORDON_MUST_CHECK int cordon_request_set_restart(struct cordon_request *request, const char *when, struct cordon_error *err);

/*
 * Until when: so long from now on ("8h"; the clock being set changes nothing about it, and a suspended machine's time counts), or a time ("2026-12-24T18:30", of this machine's
 * clock, "...Z" is UTC; a clock that is set back makes it no longer). NULL takes it back. Of a container that is kept (cordon_daemon_create()) it is when it is stopped in order, and not
 * started again before it is renewed; of cordon_container_set_network() when the network of before is put back (CORDON_ERROR_UNENFORCEABLE where it is not the daemon's container). On
 * any other request it counts for nothing.
 */
CORDON_API CORDON_MUST_CHECK int cordon_request_set_until(struct cordon_request *request, const char *when, struct cordon_error *err);

/*
 * The caller's containers at the daemon, oldest first: a line each, or {"containers":[{id,name,state,pid,startedMs,policy,command,...}]}.
 * CORDON_ERROR_SYSTEM (-ENOENT, -ECONNREFUSED): no daemon listens.
 */
CORDON_API CORDON_MUST_CHECK int cordon_daemon_list(enum cordon_format format, char **ret_text, struct cordon_error *err);

/*
 * Some of them, each with what is inside of it right below. `filters`: "NAME=VALUE", NULL-terminated, all of them have to hold; NULL = none. `line`: what is printed of each as
 * text, with fields as "{{.Name}} {{.State}}"; NULL = a table. Names are those of the members of the JSON objects ("status" is "state"), and "agent" (the class of its identity) and
 * "age". CORDON_LIST_IDS: ids alone. CORDON_LIST_USAGE: also what it uses now (memoryBytes, cpuUs, processes), of the first 128 that run; else null.
 * CORDON_LIST_ALL_USERS: of all users of the machine's daemon, for root; of others it may have the state, usage and output by id, and stop, kill, freeze and thaw them (cordon_attach()).
 */
#define CORDON_LIST_IDS       1u
#define CORDON_LIST_USAGE     2u
#define CORDON_LIST_ALL_USERS 4u
struct cordon_daemon_query {
    const char *const *filters;
    const char *line;
    uint32_t flags;
};
CORDON_API CORDON_MUST_CHECK int cordon_daemon_find(const struct cordon_daemon_query *query, enum cordon_format format, char **ret_text, struct cordon_error *err);

/*
 * One of them, by its name, its id or the beginning of an id that no other has: it may be signalled, stopped, killed, frozen, given another network and
 * waited for (its status and findings come when it ends); programs are executed in it by cordon_container_exec() where it stands. It goes on when this is
 * freed; questions are answered where it was started. CORDON_ERROR_NOT_FOUND: there is none, or it has ended.
 */
CORDON_API CORDON_MUST_CHECK int cordon_attach(const char *name, struct cordon_container **ret_container, struct cordon_error *err);

/*
 * Have the daemon keep a container of its own: created here (its policy is judged, nothing runs), started, executed in as often as wanted, stopped,
 * started again, removed. Its command, where the request has one, is run at each start; of the request nothing that is this process's counts: no streams, no kept
 * descriptors, no terminal. *ret_id is its id; its name is the request's. What is asked of it in the wrong state fails with CORDON_ERROR_INVALID or _NOT_FOUND, and a
 * text that begins with MXC's word for it: not_started (-ENOTCONN), already_started (-EALREADY; removed while it runs: -EBUSY), already_stopped
 * (-EALREADY), stale_id (-ESTALE).
 */
CORDON_API CORDON_MUST_CHECK int cordon_daemon_create(const struct cordon_request *request, char ret_id[CORDON_RUN_SIZE], struct cordon_error *err);
CORDON_API CORDON_MUST_CHECK int cordon_daemon_start(const char *name, struct cordon_error *err);
CORDON_API CORDON_MUST_CHECK int cordon_daemon_remove(const char *name, struct cordon_error *err);

/* Another end for one that is kept, as cordon_request_set_until(); NULL: it has none any more. It is not started by this. */
CORDON_API CORDON_MUST_CHECK int cordon_daemon_renew(const char *name, const char *when, struct cordon_error *err);

/*
 * Execute a program in one that runs: *ret_container stands for the program, which ends when that is freed. Of the request what counts for
 * cordon_container_exec().
 */
CORDON_API CORDON_MUST_CHECK int cordon_exec(const char *name, const struct cordon_request *request, struct cordon_container **ret_container,
                                             struct cordon_error *err);

/* All that the daemon knows of one: lines, or an object as one of cordon_daemon_list(). */
CORDON_API CORDON_MUST_CHECK int cordon_daemon_inspect(const char *name, enum cordon_format format, char **ret_text, struct cordon_error *err);

/* What it uses now: a line, or {"userUs","systemUs","memoryBytes","processes"}. */
CORDON_API CORDON_MUST_CHECK int cordon_daemon_stats(const char *name, enum cordon_format format, char **ret_text, struct cordon_error *err);

/*
 * What its own command has written behind `at` (0: all that is there), for whoever follows it: `bytes` is the caller's (cordon_string_free()), `at` is moved. `is_over`: it does not
 * run, so nothing follows. A new start begins anew.
 */
struct cordon_logs {
    uint64_t at, run_ms; /* 0 at first, then the library's */
    char *bytes;
    size_t size;
    int is_over;
};
CORDON_API CORDON_MUST_CHECK int cordon_daemon_logs_from(const char *name, struct cordon_logs *logs, struct cordon_error *err);

/* What its own command wrote last, at most 256 KiB, as it wrote it. *ret_bytes is the caller's (cordon_string_free()), NUL-terminated. */
CORDON_API CORDON_MUST_CHECK int cordon_daemon_logs(const char *name, char **ret_bytes, size_t *ret_size, struct cordon_error *err);

/* ---- what was recorded ---- */

/*
 * The recorded runs of the caller, newest first, at most `count_max`: a line each, or {"runs":[{id,begun,state,...}],"older":N}
 * (cordon-runs(1)). They are found by the variables of this process, as a run finds where to record. No run is an empty list.
 */
CORDON_API CORDON_MUST_CHECK int cordon_runs_list(size_t count_max, enum cordon_format format, char **ret_text,
                                                  struct cordon_error *err);

/*
 * The record of one: `run` is its id, the beginning of one that no other has, or "last". {"run":{...},"records":[...]} holds the
 * records as they were written. -ENOENT (CORDON_ERROR_NOT_FOUND): there is none; -EINVAL: that is no id; -ENOTUNIQ.
 */
CORDON_API CORDON_MUST_CHECK int cordon_runs_show(const char *run, enum cordon_format format, char **ret_text,
                                                  struct cordon_error *err);

/* ---- the audit log ---- */

/*
 * Which records; NULL and 0: any. Who acted (`actor`, `agent`) is the log's word, all else the writer's. A search reads an index in
 * the caller's cache, which is made anew where it does not fit, and looks at each record in the log itself, against its tree.
 */
struct cordon_audit_query {
    const char *log;    /* its directory. NULL: the caller's own, $XDG_STATE_HOME/cordon/log; where that is not there the machine's */
    const char *key;    /* the log's verifier key, NAME+ID+BASE64. NULL: that of the file <log>/key.pub; where there is none signatures are not compared */
    const char *actor;  /* "agent", "human", "system", "delegated-human" */
    const char *agent;  /* a SPIFFE ID and all within it, a class, or an instance */
    const char *user;   /* a uid, or a name: on whose behalf, or who */
    const char *kind;   /* a type of record, "access.denied", or its first half, "access" */
    const char *object; /* a path and all below it, a host, a name; with * ? [ a pattern */
    const char *run;
    uint64_t since_ms, before_ms; /* since 1970 */
    uint64_t first, until;        /* records by their number in the log; until: before it */
    uint64_t limit;               /* at most so many */
    int reads_all;                /* without the index */
};

/*
 * What was found, as it comes, in pieces that need not end with a line; they hold until it returns. While nothing comes, with a size
 * of 0 about once a second. A result that is not 0 ends the call, which then returns 0.
 */
typedef int (*cordon_audit_fn)(void *context, const char *text, size_t size);

/*
 * Records that match, the oldest first: a line each, or {"leaf":N,"hash":...,"stamp":{...},"record":{...}} with the stamp and the
 * record byte by byte as the log has them. -ENOENT: no such log; -EBADMSG: the log is damaged, the text says where.
 */
CORDON_API CORDON_MUST_CHECK int cordon_audit_search(const struct cordon_audit_query *query, enum cordon_format format,
                                                     cordon_audit_fn take, void *context, struct cordon_error *err);

/* The last `limit` (0: 20) of them; with `follows` then those that come, until `take` ends it. */
CORDON_API CORDON_MUST_CHECK int cordon_audit_tail(const struct cordon_audit_query *query, int follows, enum cordon_format format,
                                                   cordon_audit_fn take, void *context, struct cordon_error *err);

/* In order, under the name of who did it: people, each container, each part of Cordon apart; and at the end who did how much. */
CORDON_API CORDON_MUST_CHECK int cordon_audit_timeline(const struct cordon_audit_query *query, enum cordon_format format,
                                                       cordon_audit_fn take, void *context, struct cordon_error *err);

struct cordon_audit_export {
    const char *form;               /* "ocsf" (JSON Lines), "cef", "otlp"; NULL: ocsf */
    const char *url;                /* otlp: a collector, http://... or https://...; NULL: to `take` */
    const char *const *headers;     /* "Name: value" for the collector, at most 16, NULL-terminated; may be NULL */
    const char *state;              /* a file that says how far the last export came, and is kept; NULL: from query->first on */
    const char *authorities;        /* certificates that the collector's is held against; NULL: the host's */
};
CORDON_API CORDON_MUST_CHECK int cordon_audit_export(const struct cordon_audit_query *query, const struct cordon_audit_export *export_to,
                                                     cordon_audit_fn take, void *context, struct cordon_error *err);

/* A proof (C2SP tlog-proof) of one record, by its id or "#NUMBER", for whoever has the log's key and no log. */
CORDON_API CORDON_MUST_CHECK int cordon_audit_prove(const struct cordon_audit_query *query, const char *record, char **ret_text,
                                                    struct cordon_error *err);

/* What cordon-verify(1) says of the whole log, and its exit status: 0 holds, 1 does not, 3 could not be checked, 4 something is missing. */
CORDON_API CORDON_MUST_CHECK int cordon_audit_verify(const struct cordon_audit_query *query, enum cordon_format format, char **ret_text,
                                                     int *ret_verdict, struct cordon_error *err);

/* A legal hold: records from query->first on are kept, whatever their age, until it is released. `name` NULL: which there are. */
CORDON_API CORDON_MUST_CHECK int cordon_audit_hold(const struct cordon_audit_query *query, const char *name, int is_release,
                                                   enum cordon_format format, char **ret_text, struct cordon_error *err);

/*
 * What is older than `how_long` (days, or "six-months", "one-year", "six-years", "seven-years"; NULL: six-months), and with
 * `is_applied` drop it, but for what is held. Proofs of all later records stay.
 */
CORDON_API CORDON_MUST_CHECK int cordon_audit_retain(const struct cordon_audit_query *query, const char *how_long, int is_applied,
                                                     enum cordon_format format, char **ret_text, struct cordon_error *err);

/*
 * From now on the daemon's logger drops what is older than `how_long` by itself, but for what is held; "forever": nothing. Of the caller's own log, or
 * of the machine's (`query->log`, root).
 */
CORDON_API CORDON_MUST_CHECK int cordon_audit_retain_always(const struct cordon_audit_query *query, const char *how_long, enum cordon_format format,
                                                            char **ret_text, struct cordon_error *err);

/* Destroy the key that covers arguments and paths of `subject` ("uid:1000"): nobody can read them again. The log stays valid. */
CORDON_API CORDON_MUST_CHECK int cordon_audit_erase(const struct cordon_audit_query *query, const char *subject, enum cordon_format format,
                                                    char **ret_text, struct cordon_error *err);

/*
 * Write the recorded runs of the caller (`run`: one of them; NULL: all) to the caller's own log, through the daemon where its logger writes that; what is
 * there already is left out. From then on they cannot be changed unseen.
 */
CORDON_API CORDON_MUST_CHECK int cordon_audit_record(const char *run, enum cordon_format format, char **ret_text, struct cordon_error *err);


/* ---- reviewed runs ---- */

/*
 * Keep what the program changes in the host's writable directories apart: the host's files are only read until the changes
 * are committed. They lie in the run store, or in `directory` (not NULL), which must be outside of every writable directory
 * and on a local file system. Not where the container has no file tree of its own, and not with single writable files
 * (CORDON_ERROR_UNENFORCEABLE at run). See cordon-review(1). -EINVAL (empty directory), -ENOMEM.
 */
CORDON_API CORDON_MUST_CHECK int cordon_request_set_review(struct cordon_request *request, const char *directory,
                                                           struct cordon_error *err);

/* How many changes a reviewed container has made so far. -EINVAL (it is not reviewed). */
CORDON_API CORDON_MUST_CHECK int cordon_container_changes(const struct cordon_container *container, size_t *ret_count,
                                                          struct cordon_error *err);

enum cordon_review_form {
    CORDON_REVIEW_TREE = 0, /* names, with the program that changed each */
    CORDON_REVIEW_DIFF = 1, /* contents, in the unified form */
};

/*
 * `run` is what cordon_container_id() said, or NULL for the newest that waits. `paths` (absolute, or below the current
 * directory where that is in the workspace, else below the workspace) choose; with none, everything is meant. Each of these
 * completes a commit that was interrupted, or takes it back, before anything else. CORDON_ERROR_NOT_FOUND: nothing waits
 * under that name.
 */
CORDON_API CORDON_MUST_CHECK int cordon_review_show(const char *run, const char *const *paths, size_t path_count,
                                                    enum cordon_review_form form, enum cordon_format format, char **ret_text,
                                                    struct cordon_error *err);

/*
 * Apply them, all or, when it is interrupted, after the next call of any of these functions all or none. What was changed
 * outside meanwhile refuses the whole (CORDON_ERROR_FORBIDDEN) unless `is_forced`, which needs paths. `expected` is the digest
 * that cordon_review_show() gave ("digest" of its JSON), or NULL: where all that waits is not what it was then, nothing is
 * applied (CORDON_ERROR_FORBIDDEN). Without a run and without it, more than one that waits is CORDON_ERROR_INVALID. What was
 * chosen and not applied is CORDON_ERROR_FORBIDDEN after the rest was; *ret_text has the reasons, and is set also where a commit is refused.
 */
CORDON_API CORDON_MUST_CHECK int cordon_review_commit(const char *run, const char *const *paths, size_t path_count, int is_forced,
                                                      const char *expected, enum cordon_format format, char **ret_text,
                                                      struct cordon_error *err);

/* Drop them; all of a run also where what is known of it is damaged. Without a run, more than one that waits is CORDON_ERROR_INVALID. */
CORDON_API CORDON_MUST_CHECK int cordon_review_discard(const char *run, const char *const *paths, size_t path_count,
                                                       enum cordon_format format, char **ret_text, struct cordon_error *err);

/* The runs that wait. */
CORDON_API CORDON_MUST_CHECK int cordon_review_list(enum cordon_format format, char **ret_text, struct cordon_error *err);

/* The run whose commit was interrupted or is under way, "" = none. */
CORDON_API CORDON_MUST_CHECK int cordon_review_pending(char ret_run[CORDON_RUN_SIZE], struct cordon_error *err);

/* ---- about this machine and this build ---- */

enum cordon_level {
    CORDON_FULL = 0,    /* every feature of the process tier works for this caller */
    CORDON_PARTIAL = 1, /* programs can be contained, some policies are refused */
    CORDON_NONE = 2,    /* nothing can be contained */
};

/* What kernel and caller can do, what is missing and the command that mends it. */
CORDON_API CORDON_MUST_CHECK int cordon_doctor(enum cordon_format format, char **ret_text,
                                               enum cordon_level *ret_level,
                                               struct cordon_error *err);

/* JSON Schema (draft 2020-12) of the policy document cordon/1. */
CORDON_API CORDON_MUST_CHECK int cordon_schema(char **ret_json, struct cordon_error *err);

/* Names of the built-in profiles, NULL-terminated, and the text of one (NULL = unknown). Static. */
CORDON_API const char *const *cordon_profiles(void);
CORDON_API const char *cordon_profile_text(const char *name);

/* Of the library that runs: "0.1.0". Static. */
CORDON_API const char *cordon_version(void);

/* "300ms", "30s", "5m", "2h" as on the command line; a bare number is refused. */
CORDON_API CORDON_MUST_CHECK int cordon_parse_duration(const char *text, uint64_t *ret_ms,
                                                       struct cordon_error *err);

#ifdef __cplusplus
}
#endif

#endif
