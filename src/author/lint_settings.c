/* SPDX-License-Identifier: Apache-2.0 */
/* All members that are neither files nor the network: environment, sockets, devices, system calls, limits, strength. */
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "author/lint_look.h"
#include "base/path.h"

/* Words of a variable's name that say that its value is a credential. */
static const char *const secret_words[] = {"TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL", "CREDENTIALS",
                                           "APIKEY", "KEY", "PAT", "AUTH"};

/* How values begin that services give out as credentials. */
static const char *const secret_beginnings[] = {"sk-ant-", "sk-proj-", "sk_live_", "ghp_",   "gho_",  "ghs_",  "github_pat_",
                                                "glpat-",  "xoxb-",    "xoxp-",    "AKIA",   "ASIA",  "AIza",  "npm_",
                                                "pypi-",   "hf_",      "eyJhbGci", "-----BEGIN"};

struct known_socket {
    const char *pattern; /* fnmatch() */
    enum lint_id id;
    const char *what;
};

static const struct known_socket known_sockets[] = {
    {"*/docker.sock", LINT_ROOT_SOCKET, "Docker starts containers with all of the machine in them"},
    {"*/containerd.sock", LINT_ROOT_SOCKET, "containerd starts containers with all of the machine in them"},
    {"*/crio.sock", LINT_ROOT_SOCKET, "CRI-O starts containers with all of the machine in them"},
    {"*/podman.sock", LINT_ROOT_SOCKET, "Podman starts containers with all that you have in them"},
    {"*/libvirt/libvirt-sock", LINT_ROOT_SOCKET, "libvirt starts machines with any disk of this one"},
    {"*/lxd/unix.socket", LINT_ROOT_SOCKET, "LXD starts containers with all of the machine in them"},
    {"*/incus/unix.socket", LINT_ROOT_SOCKET, "Incus starts containers with all of the machine in them"},
    {"*/snapd.socket", LINT_ROOT_SOCKET, "snapd installs software"},
    {"*/system_bus_socket", LINT_ROOT_SOCKET, "the system bus has services that run as root"},
    {"*/systemd/private", LINT_ROOT_SOCKET, "systemd starts programs outside"},
    {"*/nix/daemon-socket/socket", LINT_ROOT_SOCKET, "the Nix daemon builds as other users"},
    {"*/bus", LINT_SESSION_SOCKET, "the session bus starts programs outside and holds the keyring"},
    {"/run/user/*/systemd/*", LINT_SESSION_SOCKET, "the user's systemd starts programs outside"},
    {"*/wayland-[0-9]*", LINT_SESSION_SOCKET, "the compositor shows windows and gives the clipboard"},
    {"*/.X11-unix/*", LINT_SESSION_SOCKET, "the X server reads every key and puts in others"},
    {"*/pipewire-[0-9]*", LINT_SESSION_SOCKET, "PipeWire has the microphone, the camera and the screen"},
    {"*/pulse/native", LINT_SESSION_SOCKET, "PulseAudio has the microphone"},
    {"*agent.sock*", LINT_SESSION_SOCKET, "an agent signs with your keys"},
    {"*/ssh-*/agent.*", LINT_SESSION_SOCKET, "the SSH agent signs with your keys"},
    {"*/S.gpg-agent*", LINT_SESSION_SOCKET, "the GnuPG agent signs and decrypts with your keys"},
    {"*/keyring/*", LINT_SESSION_SOCKET, "the keyring gives out passwords"},
    {"*/tmux-*/*", LINT_SESSION_SOCKET, "tmux runs commands outside"},
    {"*/.screen/*", LINT_SESSION_SOCKET, "screen runs commands outside"},
    {"*/vscode-ipc-*", LINT_SESSION_SOCKET, "the editor runs commands outside"},
};

struct known_call {
    const char *name, *what;
};

static const struct known_call known_calls[] = {
    {"ptrace", "looks into and changes other programs of the container"},
    {"process_vm_readv", "reads the memory of other programs of the container"},
    {"process_vm_writev", "writes the memory of other programs of the container"},
    {"perf_event_open", "measures the kernel, and has had many faults"},
    {"io_uring_setup", "makes calls that the filter does not see, and has had many faults"},
    {"keyctl", "reads and changes the keyrings of the caller"},
    {"personality", "switches protections of memory off"},
};

/* Whole words between the underscores. */
static bool looks_secret(const char *name)
{
    while (*name) {
        size_t length = strcspn(name, "_*");

        for (size_t i = 0; i < ARRAY_COUNT(secret_words); i++)
            if (strlen(secret_words[i]) == length && strncasecmp(name, secret_words[i], length) == 0)
                return true;
        name += length;
        name += *name != '\0';
    }
    return false;
}

static int check_inherited(struct look *look, const struct document *document, const struct string_item *item)
{
    const char *text = look_safe(look, item->text);
    size_t length = strlen(item->text);
    bool is_prefix = length && item->text[length - 1] == '*';

    if (strcmp(item->text, "*") == 0)
        return look_say(look, LINT_SECRET_VARIABLE, &item->origin, "name the variables", "every variable of the caller goes inside");
    if (looks_secret(item->text))
        return look_say(look, LINT_SECRET_VARIABLE, &item->origin,
                        "secrets: [{name: NAME, source: \"env:NAME\", hosts: [HOST]}]: the program has a placeholder then",
                        "%s looks like a credential, and the program sees its value", text);
    for (size_t i = 0; i < document->env_set_count; i++)
        if (strcmp(document->env_set[i].name, item->text) == 0)
            return look_say(look, LINT_DEAD_VARIABLE, &item->origin, "remove one of the two", "%s is set by %s, which decides",
                            text, look_place(look, &document->env_set[i].origin));
    for (size_t i = 0; i < document->env_inherit.count; i++) {
        const struct string_item *other = &document->env_inherit.items[i];
        size_t beginning = strlen(other->text);

        if (other == item || !beginning || other->text[beginning - 1] != '*' || (is_prefix && length < beginning) ||
            strncmp(other->text, item->text, beginning - 1) != 0)
            continue;
        return look_say(look, LINT_DEAD_VARIABLE, &item->origin, "remove it", "%s is covered by %s", text,
                        look_place(look, &other->origin));
    }
    return 0;
}

static int check_set(struct look *look, const struct env_item *item)
{
    const char *at = item->value;

    for (size_t i = 0; i < ARRAY_COUNT(secret_beginnings); i++) {
        size_t length = strlen(secret_beginnings[i]);

        if (strncmp(at, secret_beginnings[i], length) == 0 && strlen(at) >= length + 8)
            return look_say(look, LINT_SECRET_VALUE, &item->origin, "remove it, give the credential out anew, and use 'secrets'",
                            "the value of %s begins like a credential: whoever reads the document has it",
                            look_safe(look, item->name));
    }
    at = strchr(at, '$');
    if (at && (at == item->value || at[-1] == ':') && (at[1] == '{' || (at[1] >= 'A' && at[1] <= 'Z')))
        return look_say(look, LINT_NOT_EXPANDED, &item->origin, "write the value itself",
                        "%s: values are taken as they are written, so '$' goes inside as it is", look_safe(look, item->name));
    if (item->value[0] == '~' && (!item->value[1] || item->value[1] == '/'))
        return look_say(look, LINT_NOT_EXPANDED, &item->origin, "write the path itself", "%s: '~' is not expanded in values",
                        look_safe(look, item->name));
    return 0;
}

static int check_environment(struct look *look, const struct document *document)
{
    int r = 0;

    for (size_t i = 0; i < document->env_inherit.count && r == 0; i++)
        r = check_inherited(look, document, &document->env_inherit.items[i]);
    for (size_t i = 0; i < document->env_set_count && r == 0; i++)
        r = check_set(look, &document->env_set[i]);
    return r;
}

static int check_socket(struct look *look, const struct string_item *item)
{
    for (size_t i = 0; i < ARRAY_COUNT(known_sockets); i++)
        if (fnmatch(known_sockets[i].pattern, item->text, 0) == 0)
            return look_say(look, known_sockets[i].id, &item->origin, "remove it, or put a proxy between that allows single calls",
                            "%s: %s", look_spell(look, item->text), known_sockets[i].what);
    return 0;
}

static int check_calls(struct look *look, const struct document *document)
{
    int r = 0;

    for (size_t i = 0; i < document->syscalls_allow.count && r == 0; i++) {
        const struct string_item *item = &document->syscalls_allow.items[i];
        const char *what = "the baseline refuses it for a reason";

        for (size_t j = 0; j < ARRAY_COUNT(known_calls); j++)
            if (strcmp(known_calls[j].name, item->text) == 0)
                what = known_calls[j].what;
        r = look_say(look, LINT_SYSCALL, &item->origin, "remove it where programs go on without", "%s: %s",
                     look_safe(look, item->text), what);
        for (size_t j = 0; j < document->syscalls_deny.count && r == 0; j++)
            if (strcmp(document->syscalls_deny.items[j].text, item->text) == 0)
                r = look_say(look, LINT_SYSCALL_BOTH, &item->origin, "remove one of the two", "%s is refused by %s, which decides",
                             look_safe(look, item->text), look_place(look, &document->syscalls_deny.items[j].origin));
    }
    return r;
}

static bool is_default_device(const char *path)
{
    static const char *const defaults[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"};

    for (size_t i = 0; i < ARRAY_COUNT(defaults); i++)
        if (strcmp(defaults[i], path) == 0)
            return true;
    return false;
}

static int check_objects(struct look *look, const struct document *document)
{
    int r = 0;

    for (size_t i = 0; i < document->unix_sockets.count && r == 0; i++)
        r = check_socket(look, &document->unix_sockets.items[i]);
    for (size_t i = 0; i < document->devices.count && r == 0; i++) {
        const struct string_item *item = &document->devices.items[i];

        if (is_default_device(item->text))
            r = look_say(look, LINT_COVERED, &item->origin, "remove it", "%s is always there", look_safe(look, item->text));
        else
            r = look_say(look, LINT_DEVICE, &item->origin, "remove it where programs go on without",
                         "%s: whoever has it speaks with its driver in the kernel", look_safe(look, item->text));
    }
    return r;
}

static int check_strength(struct look *look, const struct document *document)
{
    int r = 0;

    for (size_t i = 0; i < document->allow_loss.count && r == 0; i++) {
        const struct string_item *item = &document->allow_loss.items[i];

        r = look_say(look, LINT_LOSS, &item->origin, "remove it where 'cordon policy check' is content without",
                     "where a machine cannot enforce '%s', the launch goes on without it", look_safe(look, item->text));
    }
    if (r == 0 && document->nested_namespaces.value)
        r = look_say(look, LINT_NESTED, &document->nested_namespaces.origin, "nested.namespaces: false where no sandbox runs inside",
                     "programs may make user namespaces: mounting and netlink of the kernel come into reach, and Landlock "
                     "no longer stands behind the file tree");
    if (r == 0 && document->clipboard_write.value)
        r = look_say(look, LINT_CLIPBOARD, &document->clipboard_write.origin, "ui.clipboard: none",
                     "a program may put something into your clipboard, which is pasted into a shell some time");
    return r;
}

static int check_protection(struct look *look, const struct document *document)
{
    const struct setting *protects = &document->protect_builtin;
    int r = 0;

    for (size_t i = 0; i < document->unprotected.count && r == 0; i++) {
        const struct string_item *item = &document->unprotected.items[i];

        if (!protects->value)
            r = look_say(look, LINT_DEAD_PROTECTION, &item->origin, "remove it, or filesystem.protectBuiltin: true",
                         "%s is given up, but nothing protects it: filesystem.protectBuiltin is not set",
                         look_safe(look, item->text));
        else
            r = look_say(look, LINT_UNPROTECTED, &item->origin, "remove it where the program need not write it",
                         "%s can be written in the workspace, and programs outside obey it", look_safe(look, item->text));
    }
    return r;
}

static int check_read(struct look *look, const struct document *document)
{
    int r = 0;

    for (size_t i = 0; i < document->warnings.count && r == 0; i++)
        r = look_say(look, LINT_NO_EFFECT, &document->warnings.items[i].origin, "remove it", "%s",
                     look_safe(look, document->warnings.items[i].text));
    for (size_t i = 0; i < document->unsupported_count && r == 0 && !look->input->plan; i++)
        r = look_say(look, LINT_NOT_ENFORCEABLE, &document->unsupported[i].origin, "remove it", "%s %s",
                     document->unsupported[i].member, document->unsupported[i].reason);
    return r;
}

int look_at_settings(struct look *look, const struct document *document)
{
    int r = check_read(look, document);

    if (r == 0)
        r = check_environment(look, document);
    if (r == 0)
        r = check_objects(look, document);
    if (r == 0)
        r = check_calls(look, document);
    if (r == 0)
        r = check_strength(look, document);
    return r < 0 ? r : check_protection(look, document);
}
