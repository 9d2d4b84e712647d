/* SPDX-License-Identifier: Apache-2.0 */
/* The table of sensitive places, and who is meant by them. */
#include "author/sensitive.h"

#include <limits.h>
#include <string.h>

#include "base/glob.h"
#include "base/path.h"

static const struct sensitive rows[] = {
    {"~/.ssh", SENSITIVE_KEY, "keys of ssh"},
    {"~/.gnupg", SENSITIVE_KEY, "keys of GnuPG"},
    {"~/.pki", SENSITIVE_KEY, "a store of certificates and keys"},
    {"~/.electrum", SENSITIVE_KEY, "a wallet"},
    {"~/.bitcoin", SENSITIVE_KEY, "a wallet"},
    {"~/.ethereum", SENSITIVE_KEY, "a wallet"},
    {"~/.config/solana", SENSITIVE_KEY, "a wallet"},
    {"~/.config/sops", SENSITIVE_KEY, "keys of sops"},
    {"~/.config/age", SENSITIVE_KEY, "keys of age"},
    {"~/.minisign", SENSITIVE_KEY, "keys of minisign"},
    {"~/.config/gh", SENSITIVE_TOKEN, "a token of GitHub"},
    {"~/.config/hub", SENSITIVE_TOKEN, "a token of GitHub"},
    {"~/.config/glab-cli", SENSITIVE_TOKEN, "a token of GitLab"},
    {"~/.config/github-copilot", SENSITIVE_TOKEN, "a token of GitHub"},
    {"~/.cargo/credentials", SENSITIVE_TOKEN, "a token of a registry"},
    {"~/.cargo/credentials.toml", SENSITIVE_TOKEN, "a token of a registry"},
    {"~/.gem/credentials", SENSITIVE_TOKEN, "a token of a registry"},
    {"~/.local/share/gem/credentials", SENSITIVE_TOKEN, "a token of a registry"},
    {"~/.m2/settings.xml", SENSITIVE_TOKEN, "may hold passwords of registries"},
    {"~/.m2/settings-security.xml", SENSITIVE_TOKEN, "passwords of registries"},
    {"~/.gradle/gradle.properties", SENSITIVE_TOKEN, "may hold passwords of registries"},
    {"~/.composer/auth.json", SENSITIVE_TOKEN, "tokens of registries"},
    {"~/.config/composer/auth.json", SENSITIVE_TOKEN, "tokens of registries"},
    {"~/.nuget/NuGet", SENSITIVE_TOKEN, "may hold passwords of registries"},
    {"~/.npmrc", SENSITIVE_TOKEN, "may hold tokens of registries"},
    {"~/.yarnrc.yml", SENSITIVE_TOKEN, "may hold tokens of registries"},
    {"~/.pypirc", SENSITIVE_TOKEN, "passwords of registries"},
    {"~/.config/pip", SENSITIVE_TOKEN, "may hold passwords of registries"},
    {"~/.pip", SENSITIVE_TOKEN, "may hold passwords of registries"},
    {"~/.config/pypoetry/auth.toml", SENSITIVE_TOKEN, "tokens of registries"},
    {"~/.docker/config.json", SENSITIVE_TOKEN, "credentials of registries"},
    {"~/.config/containers/auth.json", SENSITIVE_TOKEN, "credentials of registries"},
    {"~/.claude.json", SENSITIVE_TOKEN, "an agent's credentials"},
    {"~/.claude/.credentials.json", SENSITIVE_TOKEN, "an agent's credentials"},
    {"~/.codex/auth.json", SENSITIVE_TOKEN, "an agent's credentials"},
    {"~/.gemini/oauth_creds.json", SENSITIVE_TOKEN, "an agent's credentials"},
    {"~/.local/share/opencode/auth.json", SENSITIVE_TOKEN, "an agent's credentials"},
    {"~/.openclaw", SENSITIVE_TOKEN, "an agent's credentials and sessions"},
    {"~/.cache/huggingface/token", SENSITIVE_TOKEN, "a token of a registry"},
    {"~/.huggingface/token", SENSITIVE_TOKEN, "a token of a registry"},
    {"~/.kaggle", SENSITIVE_TOKEN, "a token of a registry"},
    {"~/.config/configstore", SENSITIVE_TOKEN, "may hold tokens of command-line tools"},
    {"~/.vault-token", SENSITIVE_TOKEN, "a token of Vault"},
    {"~/.gitconfig", SENSITIVE_TOKEN, "may hold credentials; Cordon brings name and address of who commits"},
    {"~/.config/git", SENSITIVE_TOKEN, "may hold credentials; Cordon brings name and address of who commits"},
    {"~/.aws", SENSITIVE_CLOUD, "credentials of a cloud"},
    {"~/.azure", SENSITIVE_CLOUD, "credentials of a cloud"},
    {"~/.config/gcloud", SENSITIVE_CLOUD, "credentials of a cloud"},
    {"~/.boto", SENSITIVE_CLOUD, "credentials of a cloud"},
    {"~/.s3cfg", SENSITIVE_CLOUD, "credentials of a cloud"},
    {"~/.config/rclone", SENSITIVE_CLOUD, "credentials of clouds"},
    {"~/.config/doctl", SENSITIVE_CLOUD, "credentials of a cloud"},
    {"~/.config/hcloud", SENSITIVE_CLOUD, "credentials of a cloud"},
    {"~/.config/linode-cli", SENSITIVE_CLOUD, "credentials of a cloud"},
    {"~/.oci", SENSITIVE_CLOUD, "credentials of a cloud"},
    {"~/.bluemix", SENSITIVE_CLOUD, "credentials of a cloud"},
    {"~/.aliyun", SENSITIVE_CLOUD, "credentials of a cloud"},
    {"~/.fly", SENSITIVE_CLOUD, "credentials of a cloud"},
    {"~/.config/heroku", SENSITIVE_CLOUD, "credentials of a cloud"},
    {"~/.local/share/com.vercel.cli", SENSITIVE_CLOUD, "credentials of a cloud"},
    {"~/.config/netlify", SENSITIVE_CLOUD, "credentials of a cloud"},
    {"~/.wrangler", SENSITIVE_CLOUD, "credentials of a cloud"},
    {"~/.databrickscfg", SENSITIVE_CLOUD, "credentials of a cloud"},
    {"~/.terraformrc", SENSITIVE_CLOUD, "may hold credentials of a cloud"},
    {"~/.terraform.d", SENSITIVE_CLOUD, "credentials of a cloud"},
    {"~/.pulumi", SENSITIVE_CLOUD, "credentials of a cloud"},
    {"~/.kube", SENSITIVE_CLOUD, "credentials of a cluster"},
    {"~/.netrc", SENSITIVE_PASSWORD, "passwords"},
    {"~/.git-credentials", SENSITIVE_PASSWORD, "passwords"},
    {"~/.pgpass", SENSITIVE_PASSWORD, "passwords of databases"},
    {"~/.my.cnf", SENSITIVE_PASSWORD, "passwords of databases"},
    {"~/.mylogin.cnf", SENSITIVE_PASSWORD, "passwords of databases"},
    {"~/.password-store", SENSITIVE_PASSWORD, "a password manager"},
    {"~/.config/op", SENSITIVE_PASSWORD, "a password manager"},
    {"~/.config/1Password", SENSITIVE_PASSWORD, "a password manager"},
    {"~/.config/Bitwarden", SENSITIVE_PASSWORD, "a password manager"},
    {"~/.config/Bitwarden CLI", SENSITIVE_PASSWORD, "a password manager"},
    {"~/.config/keepassxc", SENSITIVE_PASSWORD, "a password manager"},
    {"~/.local/share/keyrings", SENSITIVE_PASSWORD, "a keyring"},
    {"~/.local/share/kwalletd", SENSITIVE_PASSWORD, "a keyring"},
    {"~/.mozilla", SENSITIVE_BROWSER, "a browser's profile"},
    {"~/.config/mozilla", SENSITIVE_BROWSER, "a browser's profile"},
    {"~/.librewolf", SENSITIVE_BROWSER, "a browser's profile"},
    {"~/.config/google-chrome", SENSITIVE_BROWSER, "a browser's profile"},
    {"~/.config/google-chrome-beta", SENSITIVE_BROWSER, "a browser's profile"},
    {"~/.config/chromium", SENSITIVE_BROWSER, "a browser's profile"},
    {"~/.config/BraveSoftware", SENSITIVE_BROWSER, "a browser's profile"},
    {"~/.config/microsoft-edge", SENSITIVE_BROWSER, "a browser's profile"},
    {"~/.config/vivaldi", SENSITIVE_BROWSER, "a browser's profile"},
    {"~/.config/opera", SENSITIVE_BROWSER, "a browser's profile"},
    {"~/.local/share/qutebrowser", SENSITIVE_BROWSER, "a browser's profile"},
    {"~/.local/share/epiphany", SENSITIVE_BROWSER, "a browser's profile"},
    {"~/snap/firefox", SENSITIVE_BROWSER, "a browser's profile"},
    {"~/snap/chromium", SENSITIVE_BROWSER, "a browser's profile"},
    {"~/.var/app", SENSITIVE_BROWSER, "data of Flatpak programs, browsers among them"},
    {"~/.thunderbird", SENSITIVE_PERSONAL, "mail"},
    {"~/.local/share/evolution", SENSITIVE_PERSONAL, "mail"},
    {"~/Mail", SENSITIVE_PERSONAL, "mail"},
    {"~/Maildir", SENSITIVE_PERSONAL, "mail"},
    {"~/.config/Signal", SENSITIVE_PERSONAL, "messages"},
    {"~/.config/Slack", SENSITIVE_PERSONAL, "messages"},
    {"~/.config/discord", SENSITIVE_PERSONAL, "messages"},
    {"~/.config/Element", SENSITIVE_PERSONAL, "messages"},
    {"~/.local/share/TelegramDesktop", SENSITIVE_PERSONAL, "messages"},
    {"~/.bash_history", SENSITIVE_PERSONAL, "what was typed"},
    {"~/.zsh_history", SENSITIVE_PERSONAL, "what was typed"},
    {"~/.histfile", SENSITIVE_PERSONAL, "what was typed"},
    {"~/.local/share/fish/fish_history", SENSITIVE_PERSONAL, "what was typed"},
    {"~/.python_history", SENSITIVE_PERSONAL, "what was typed"},
    {"~/.node_repl_history", SENSITIVE_PERSONAL, "what was typed"},
    {"~/.psql_history", SENSITIVE_PERSONAL, "what was typed"},
    {"~/.mysql_history", SENSITIVE_PERSONAL, "what was typed"},
    {"~/.sqlite_history", SENSITIVE_PERSONAL, "what was typed"},
    {"~/.local/share/recently-used.xbel", SENSITIVE_PERSONAL, "which files were opened"},
    {"~/.Xauthority", SENSITIVE_SESSION, "the desktop"},
    {"~/.ICEauthority", SENSITIVE_SESSION, "the desktop"},
    {"/run/user", SENSITIVE_SESSION, "the user's session"},
    {"/run/dbus", SENSITIVE_SESSION, "the system's bus"},
    {"/var/run/dbus", SENSITIVE_SESSION, "the system's bus"},
    {"/tmp/.X11-unix", SENSITIVE_SESSION, "the desktop"},
    {"/run/docker.sock", SENSITIVE_SESSION, "whoever talks to it is root"},
    {"/var/run/docker.sock", SENSITIVE_SESSION, "whoever talks to it is root"},
    {"/run/containerd", SENSITIVE_SESSION, "whoever talks to it is root"},
    {"/run/crio", SENSITIVE_SESSION, "whoever talks to it is root"},
    {"/run/podman", SENSITIVE_SESSION, "containers outside"},
    {"/run/libvirt", SENSITIVE_SESSION, "whoever talks to it is root"},
    {"/run/systemd/private", SENSITIVE_SESSION, "whoever talks to it is root"},
    {"/run/secrets", SENSITIVE_PASSWORD, "secrets of a container"},
    {"/var/run/secrets", SENSITIVE_PASSWORD, "secrets of a container"},
    {"/etc/shadow", SENSITIVE_PASSWORD, "password hashes"},
    {"/etc/shadow-", SENSITIVE_PASSWORD, "password hashes"},
    {"/etc/gshadow", SENSITIVE_PASSWORD, "password hashes"},
    {"/etc/gshadow-", SENSITIVE_PASSWORD, "password hashes"},
    {"/etc/security/opasswd", SENSITIVE_PASSWORD, "old password hashes"},
    {"/etc/NetworkManager", SENSITIVE_PASSWORD, "passwords of networks"},
    {"/var/lib/NetworkManager", SENSITIVE_PASSWORD, "passwords of networks"},
    {"/etc/wpa_supplicant", SENSITIVE_PASSWORD, "passwords of networks"},
    {"/etc/ppp", SENSITIVE_PASSWORD, "passwords of networks"},
    {"/etc/wireguard", SENSITIVE_KEY, "keys of networks"},
    {"/etc/openvpn", SENSITIVE_KEY, "keys of networks"},
    {"/etc/ssh", SENSITIVE_KEY, "the machine's keys"},
    {"/etc/ssl/private", SENSITIVE_KEY, "private keys"},
    {"/etc/pki/tls/private", SENSITIVE_KEY, "private keys"},
    {"/etc/letsencrypt", SENSITIVE_KEY, "private keys"},
    {"/etc/krb5.keytab", SENSITIVE_KEY, "keys"},
    {"/etc/kubernetes", SENSITIVE_CLOUD, "credentials of a cluster"},
    {"/etc/rancher", SENSITIVE_CLOUD, "credentials of a cluster"},
    {"/etc/sudoers", SENSITIVE_MACHINE, "who may become root"},
    {"/etc/sudoers.d", SENSITIVE_MACHINE, "who may become root"},
    {"/etc/machine-id", SENSITIVE_MACHINE, "what identifies this machine"},
    {"/var/lib/dbus/machine-id", SENSITIVE_MACHINE, "what identifies this machine"},
    {"/etc/cordon", SENSITIVE_MACHINE, "Cordon's own settings"},
    {"/etc/environment", SENSITIVE_TOKEN, "may hold credentials"},
    {"/etc/gitconfig", SENSITIVE_TOKEN, "may hold credentials"},
    {"/etc/npmrc", SENSITIVE_TOKEN, "may hold tokens of registries"},
    {"/var/log", SENSITIVE_MACHINE, "logs"},
    {"/var/spool", SENSITIVE_PERSONAL, "mail and jobs"},
    {"/var/mail", SENSITIVE_PERSONAL, "mail"},
    {"/var/backups", SENSITIVE_MACHINE, "backups"},
    {"/**/.env", SENSITIVE_TOKEN, "secrets of a program"},
    {"/**/.env.local", SENSITIVE_TOKEN, "secrets of a program"},
    {"/**/.env.production", SENSITIVE_TOKEN, "secrets of a program"},
    {"/**/.env.*.local", SENSITIVE_TOKEN, "secrets of a program"},
    {"/**/id_rsa", SENSITIVE_KEY, "a private key"},
    {"/**/id_dsa", SENSITIVE_KEY, "a private key"},
    {"/**/id_ecdsa", SENSITIVE_KEY, "a private key"},
    {"/**/id_ed25519", SENSITIVE_KEY, "a private key"},
    {"/**/*.ppk", SENSITIVE_KEY, "a private key"},
    {"/**/*.p12", SENSITIVE_KEY, "a private key"},
    {"/**/*.pfx", SENSITIVE_KEY, "a private key"},
    {"/**/*.jks", SENSITIVE_KEY, "a store of keys"},
    {"/**/*-key.pem", SENSITIVE_KEY, "a private key"},
    {"/**/privkey*.pem", SENSITIVE_KEY, "a private key"},
    {"/**/.netrc", SENSITIVE_PASSWORD, "passwords"},
    {"/**/.git-credentials", SENSITIVE_PASSWORD, "passwords"},
    {"/**/.htpasswd", SENSITIVE_PASSWORD, "password hashes"},
    {"/**/*.kdbx", SENSITIVE_PASSWORD, "a password manager's store"},
    {"/**/.pypirc", SENSITIVE_TOKEN, "passwords of registries"},
    {"/**/.vault-token", SENSITIVE_TOKEN, "a token of Vault"},
    {"/**/terraform.tfstate", SENSITIVE_CLOUD, "what Terraform knows, credentials among it"},
    {"/**/credentials.json", SENSITIVE_CLOUD, "credentials of a cloud"},
    {"/**/service-account*.json", SENSITIVE_CLOUD, "credentials of a cloud"},
};

static const struct sensitive others = {"/home/*", SENSITIVE_OTHER, "another user's home"};

/* What the distribution's packages install is known to the world. */
static const char *const public_trees[] = {"/usr", "/etc/ssl/certs", "/opt", "/nix/store", "/proc", "/sys", "/dev"};

const char *sensitive_kind_name(enum sensitive_kind kind)
{
    static const char *const names[] = {
        [SENSITIVE_KEY] = "key",           [SENSITIVE_TOKEN] = "token",     [SENSITIVE_CLOUD] = "cloud",
        [SENSITIVE_PASSWORD] = "password", [SENSITIVE_BROWSER] = "browser", [SENSITIVE_PERSONAL] = "personal",
        [SENSITIVE_SESSION] = "session",   [SENSITIVE_MACHINE] = "machine", [SENSITIVE_OTHER] = "other user",
    };

    return (size_t)kind < ARRAY_COUNT(names) && names[kind] ? names[kind] : "unknown";
}

const struct sensitive *sensitive_rows(size_t *ret_count)
{
    *ret_count = ARRAY_COUNT(rows);
    return rows;
}

static bool is_pattern(const struct sensitive *row)
{
    return strncmp(row->path, "/**/", 4) == 0;
}

static bool covers_home(const struct sensitive *row, const char *below)
{
    return *below == '/' && path_is_within(below, row->path + 1);
}

/* What follows the home's name: "" = it is the home, or not in it. */
static const char *below_home(const struct sensitive_places *places, const char *path)
{
    return places->home && path_is_within(path, places->home) ? path + (places->home[1] ? strlen(places->home) : 0) : "";
}

static bool is_public(const char *path)
{
    for (size_t i = 0; i < ARRAY_COUNT(public_trees); i++)
        if (path_is_within(path, public_trees[i]))
            return true;
    return false;
}

static bool is_of_another(const struct sensitive_places *places, const char *path)
{
    if ((places->home && path_is_within(path, places->home)) || (places->workspace && path_is_within(path, places->workspace)))
        return false;
    return path_is_within(path, "/root") || (strncmp(path, "/home/", 6) == 0 && path[6]);
}

/* ret_path[PATH_MAX]: of a place in the home. */
static bool put_in_home(const struct sensitive_places *places, const struct sensitive *row, char *ret_path)
{
    size_t home = places->home[1] ? strlen(places->home) : 0, rest = strlen(row->path + 1);

    if (home + rest >= PATH_MAX)
        return false;
    memcpy(ret_path, places->home, home);
    memcpy(ret_path + home, row->path + 1, rest + 1);
    return true;
}

/* Such a pattern is one name, at any depth: what has it, or lies in what has it, is covered. */
static bool is_named(const struct sensitive *row, const char *path)
{
    const char *name = row->path + strlen("/**/"), *component;
    size_t name_length = strlen(name), length;
    bool is_wild = glob_is_wild(name, name_length);
    char last = name[name_length - 1];

    while (glob_next_component(&path, &component, &length))
        if (component[length - 1] != last && !strchr("*?]", last))
            continue;
        else if (is_wild ? glob_matches_name(name, name_length, component, length)
                    : length == name_length && memcmp(component, name, length) == 0)
            return true;
    return false;
}

const struct sensitive *sensitive_find(const struct sensitive_places *places, const char *path)
{
    const char *below = below_home(places, path);
    bool is_known = is_public(path);

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct sensitive *row = &rows[i];

        if (row->path[0] == '~' ? covers_home(row, below)
            : is_pattern(row)   ? !is_known && is_named(row, path)
                                : path_is_within(path, row->path))
            return row;
    }
    return is_of_another(places, path) ? &others : NULL;
}

const struct sensitive *sensitive_named(const struct sensitive_places *places, const char *path)
{
    const char *name = path_base(path);

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (is_pattern(&rows[i]) && is_named(&rows[i], name))
            return sensitive_find(places, path);
    return NULL;
}

int sensitive_visit(const struct sensitive_places *places, const char *tree,
                    int (*visit)(const char *path, const struct sensitive *row, void *data), void *data)
{
    bool holds_home = places->home && path_is_within(places->home, tree);
    const char *below = below_home(places, tree);
    char path[PATH_MAX];
    int status = 0;

    for (size_t i = 0; i < ARRAY_COUNT(rows) && !status; i++) {
        const struct sensitive *row = &rows[i];

        if (row->path[0] != '~') {
            if (!is_pattern(row) && path_is_within(row->path, tree))
                status = visit(row->path, row, data);
            continue;
        }
        if ((holds_home || (*below && path_is_within(row->path + 1, below))) && put_in_home(places, row, path))
            status = visit(path, row, data);
    }
    return status;
}
