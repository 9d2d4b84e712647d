/* SPDX-License-Identifier: Apache-2.0 */
/* The table. */
#include "author/obeyed.h"

static const struct known_place obeyed[] = {
    {"~/.bashrc", "shells run it"},
    {"~/.bash_profile", "shells run it"},
    {"~/.bash_login", "shells run it"},
    {"~/.bash_logout", "shells run it"},
    {"~/.bash_aliases", "shells run it"},
    {"~/.profile", "shells run it"},
    {"~/.zshrc", "shells run it"},
    {"~/.zshenv", "shells run it"},
    {"~/.zprofile", "shells run it"},
    {"~/.zlogin", "shells run it"},
    {"~/.config/fish", "shells run it"},
    {"~/.ssh", "logins and ssh obey it"},
    {"~/.gitconfig", "git runs what it names"},
    {"~/.config/git", "git runs what it names"},
    {"~/.hgrc", "Mercurial runs what it names"},
    {"~/.vimrc", "vim runs it"},
    {"~/.vim", "vim runs it"},
    {"~/.config/nvim", "neovim runs it"},
    {"~/.emacs", "emacs runs it"},
    {"~/.emacs.d", "emacs runs it"},
    {"~/.tmux.conf", "tmux runs what it names"},
    {"~/.gdbinit", "gdb runs it"},
    {"~/.pythonrc", "python runs it"},
    {"~/.npmrc", "npm runs what it names"},
    {"~/.yarnrc", "yarn runs what it names"},
    {"~/.yarnrc.yml", "yarn runs what it names"},
    {"~/.cargo/config.toml", "cargo runs what it names"},
    {"~/.config/pip", "pip takes packages from where it says"},
    {"~/.config/autostart", "the desktop starts it"},
    {"~/.config/systemd/user", "systemd starts it"},
    {"~/.local/share/systemd/user", "systemd starts it"},
    {"~/.config/environment.d", "every program of the session gets it"},
    {"~/.local/share/applications", "the desktop starts it"},
    {"~/.local/share/nautilus/scripts", "the file manager runs it"},
    {"~/.xprofile", "the desktop runs it"},
    {"~/.xsessionrc", "the desktop runs it"},
    {"~/.xinitrc", "the desktop runs it"},
    {"~/.pam_environment", "every program of the session gets it"},
    {"~/.config/Code/User", "the editor obeys it"},
    {"~/.vscode/extensions", "the editor runs it"},
    {"~/.vscode-server", "the editor runs it"},
    {"~/.claude", "agents outside obey it (settings, hooks, tool servers)"},
    {"~/.claude.json", "agents outside obey it (tool servers)"},
    {"~/.codex", "agents outside obey it (settings, tool servers)"},
    {"~/.gemini", "agents outside obey it (settings, tool servers)"},
    {"~/.openclaw", "agents outside obey it (settings, skills)"},
    {"~/.cursor", "agents outside obey it (tool servers)"},
    {"~/.config/opencode", "agents outside obey it"},
    {"~/.config/cordon", "cordon obeys it"},
    {"/etc/profile.d", "shells run it"},
    {"/etc/cron.d", "cron runs it"},
    {"/etc/cron.daily", "cron runs it"},
    {"/var/spool/cron", "cron runs it"},
    {"/etc/systemd/system", "systemd starts it"},
    {"/etc/ld.so.preload", "every program loads it"},
    {"/etc/sudoers.d", "sudo obeys it"},
    {"/etc/udev/rules.d", "udev runs it"},
};

const struct known_place *obeyed_places(size_t *ret_count)
{
    *ret_count = ARRAY_COUNT(obeyed);
    return obeyed;
}

const char *known_place_path(struct arena *arena, const struct known_place *place, const char *home)
{
    return place->path[0] == '~' ? arena_printf(arena, "%s%s", home, place->path + 1) : place->path;
}
