/* SPDX-License-Identifier: Apache-2.0 */
/* A program that knows it is learned from, and records that were made up: nothing wide, secret or obeyed comes of it. */
#include <errno.h>
#include <stdlib.h>

#include "learn_fixture.h"

static void name_denied(struct text *out, const char *run, const char *name)
{
    text_printf(out,
                "{\"schema\":\"cordon-event/1\",\"id\":\"" RUN "%s.%u\",\"time\":\"t\",\"run\":\"" RUN "%s\",\"type\":\"network.name-denied\","
                "\"connection\":0,\"protocol\":null,\"address\":null,\"port\":0,\"name\":\"%s\",\"exe\":null}\n",
                run, ++sequence, run, name);
}

static void address_denied(struct text *out, const char *run, const char *address)
{
    text_printf(out,
                "{\"schema\":\"cordon-event/1\",\"id\":\"" RUN "%s.%u\",\"time\":\"t\",\"run\":\"" RUN "%s\",\"type\":\"network.denied\","
                "\"connection\":1,\"protocol\":\"tcp\",\"address\":\"%s\",\"port\":80,\"name\":null,\"exe\":\"" GIT "\"}\n",
                run, ++sequence, run, address);
}

static void connected(struct text *out, const char *run, const char *type, const char *path, bool hidden)
{
    char object[512];

    snprintf(object, sizeof(object), "\"kind\":\"socket\",\"path\":\"%s\",\"outside\":\"%s\",\"hidden\":%s", path, path, hidden ? "true" : "false");
    event(out, run, type, "connect", GIT, strcmp(type, "access.denied") == 0 ? "\"ENOENT\"" : "null", 1, object);
}

static char *policy_with_hosts(const struct text *events)
{
    struct learn_options options = usual;
    struct learned *learned auto_learned = NULL;

    options.takes_denied_hosts = true;
    learned = learn_with(events, &options);
    return written(learned);
}

TEST(a_name_with_a_pattern_in_it_never_becomes_a_wide_host)
{
    static const char *const names[] = {"*.example.org", "*", "a b", "x\\n- evil", "1.2.3.4.in-addr..arpa", "-x.org", "0x7f000001"};
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        host(&events, "a", "network.denied", names[i], 443);
        host(&events, "a", "network.connected", names[i], 443);
        name_denied(&events, "a", names[i]);
    }
    name_denied(&events, "a", "good.example.org");
    text = policy_with_hosts(&events);
    access_in(text, "/"); /* it can be loaded */
    check_lacks(text, "{host: \"*");
    check_has(text, "{host: \"good.example.org\"}], ports: [{port: 443, protocol: tcp}]");
    check_has(text, "cannot be written in a policy");
}

TEST(a_host_that_was_refused_is_proposed_and_not_in_force)
{
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    name_denied(&events, "a", "asked.example.org");
    name_denied(&events, "a", "both.example.org");
    host(&events, "a", "network.denied", "both.example.org", 8443);
    text = policy_of(&events);
    check_lacks(text, "network:");
    check_lacks(text, "- \"host ");
    check_has(text, "\n# - connect asked.example.org: the network refused it; a rule for it is proposed (");
    check_has(text, "\n#   # seen 1 time in 1 of 1 run; confidence low: its name was asked for and refused; the port is a guess\n"
                    "#   - {to: [{host: \"asked.example.org\"}], ports: [{port: 443, protocol: tcp}]}\n");
    check_has(text, "\n#   - {to: [{host: \"both.example.org\"}], ports: [{port: 8443, protocol: tcp}]}\n");
    check_lacks(text, "both.example.org\"}], ports: [{port: 443");
}

TEST(who_tries_every_port_keeps_nobody_from_learning)
{
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    used(&events, "a", "read", "/home/u/work/file", GIT);
    for (unsigned port = 1; port <= LEARN_RULES_MAX + 100; port++)
        host(&events, "a", "network.denied", "scanned.example.org", port);
    text = policy_of(&events);
    check_int(access_in(text, "/home/u/work/file"), ACCESS_READ);
    check_has(text, "ports: [{port: 512, protocol: tcp}]");
    check_lacks(text, "port: 513,");
    check_has(text, "\n#   and there may be more: so many are shown\n");
}

TEST(special_addresses_are_not_granted_because_a_program_tried_them)
{
    static const char *const addresses[] = {"169.254.169.254", "127.0.0.1", "10.0.0.1", "192.168.1.1", "fe80::1", "::1", "::ffff:10.0.0.1"};
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    for (size_t i = 0; i < ARRAY_COUNT(addresses); i++)
        address_denied(&events, "a", addresses[i]);
    address_denied(&events, "a", "93.184.216.34");
    text = policy_with_hosts(&events);
    for (size_t i = 0; i < ARRAY_COUNT(addresses); i++) {
        char block[64];

        snprintf(block, sizeof(block), "cidr: \"%s", addresses[i]);
        check_lacks(text, block);
        snprintf(block, sizeof(block), "# - connect %s: ", addresses[i]);
        check_has(text, block);
    }
    check_has(text, "cidr: \"93.184.216.34/32\"");
}

TEST(a_socket_that_was_refused_is_listed_and_not_granted)
{
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    connected(&events, "a", "access.denied", "/run/app/control", true);
    connected(&events, "a", "access.denied", "/tmp/ssh-aXbYcZ/agent.123", true);
    text = policy_of(&events);
    check_lacks(text, "unixSockets:");
    check_has(text, "# - connect /run/app/control: ");
    check_has(text, "# - connect /tmp/ssh-aXbYcZ/agent.123: ");
}

TEST(sockets_of_agents_and_names_that_mean_more_are_left_out_though_they_were_let_through)
{
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    connected(&events, "a", "access.used", "/tmp/ssh-aXbYcZ/agent.123", false);
    connected(&events, "a", "access.used", "/srv/gpg/S.gpg-agent", false);
    connected(&events, "a", "access.used", "/srv/app/*", false);
    connected(&events, "a", "access.used", "/srv/${home}/s", false);
    connected(&events, "a", "access.used", "/srv/app/good", false);
    text = policy_of(&events);
    check_has(text, "unixSockets:\n  # seen 1 time by /usr/bin/git in 1 of 1 run; confidence medium: one run\n  - \"/srv/app/good\"\n");
    check_lacks(text, "  - \"/tmp");
    check_lacks(text, "  - \"/srv/gpg");
    check_lacks(text, "  - \"/srv/app/*");
    check_lacks(text, "  - \"/srv/${home}");
}

/* Directories that are there in the private home, for a toolchain in it, make no way to the real one. */
TEST(what_was_made_in_the_private_home_opens_nothing_of_the_real_one)
{
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    used_inside(&events, "a", "create", "/home/u/.cargo/config.toml", GIT);
    used_inside(&events, "a", "create", "/home/u/.config/autostart/x.desktop", GIT);
    used_inside(&events, "a", "write", "/home/u/.config/app/settings", GIT);
    used_inside(&events, "a", "read", "/home/u/.config/app/settings", GIT);
    used(&events, "a", "read", "/usr/bin/git", GIT);
    text = policy_of(&events);
    check_lacks(text, "readwritePaths");
    check_lacks(text, "- {path: \"${home}");
    check_has(text, "# - create /home/u/.cargo/config.toml: stays in the private home");
}

TEST(what_was_refused_in_the_home_is_not_opened_for_writing)
{
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    denied(&events, "a", "create", "/home/u/.config/app/file", "\"EROFS\"", false);
    denied(&events, "a", "write", "/home/u/Documents/x/letter", "\"ENOENT\"", true);
    text = policy_of(&events);
    check_lacks(text, "readwritePaths");
    check_has(text, "# - create /home/u/.config/app/file: ");
}

TEST(what_programs_outside_obey_is_never_writable_though_a_run_could_write_it)
{
    static const char *const obeyed[] = {"/home/u/.config/autostart/x.desktop", "/etc/cron.d/job", "/home/u/.config/systemd/user/x.service",
                                         "/home/u/.vim/plugin/x.vim", "/home/u/.claude/settings.json"};
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    for (size_t i = 0; i < ARRAY_COUNT(obeyed); i++)
        used(&events, "a", i % 2 ? "write" : "create", obeyed[i], GIT);
    used(&events, "a", "create", "/home/u/.config/systemd/x", GIT); /* a directory above one */
    used(&events, "a", "create", "/home/u/.config/app/x", GIT);
    text = policy_of(&events);
    check_has(text, "- {path: \"${home}/.config/app\", optional: true}");
    for (size_t i = 0; i < ARRAY_COUNT(obeyed); i++) {
        check(access_in(text, obeyed[i]) != ACCESS_WRITE || path_is_within(obeyed[i], "/home/u"));
        check_has(text, obeyed[i]);
    }
    check_lacks(text, "/.config/systemd\"");
    check_lacks(text, "/autostart\"");
    check_lacks(text, "\"/etc/cron.d");
    check_lacks(text, "{path: \"${home}/.vim");
}

/* Four good guesses would open a directory that the program was never let into. */
TEST(what_was_refused_widens_nothing)
{
    struct text events auto_text = {0};
    char *text auto_free = NULL, path[64];

    for (int i = 0; i < 6; i++) {
        snprintf(path, sizeof(path), "/home/u/Documents/letter%c", 'a' + i);
        denied(&events, "a", "read", path, "\"ENOENT\"", true);
    }
    denied(&events, "a", "read", "/home/u/Pictures/img-20261122", "\"ENOENT\"", true);
    text = policy_of(&events);
    check_has(text, "- {path: \"${home}/Documents/lettera\", optional: true}");
    check_lacks(text, "\"${home}/Documents\"");
    check_has(text, "- {path: \"${home}/Pictures/img-20261122\", optional: true}");
    check_lacks(text, "\"${home}/Pictures\"");
}

static void shut(struct text *out, const char *run, const char *path)
{
    text_printf(out,
                "{\"schema\":\"cordon-event/1\",\"id\":\"" RUN "%s.%u\",\"time\":\"t\",\"run\":\"" RUN "%s\",\"type\":\"access.denied\",\"operation\":\"read\","
                "\"object\":{\"kind\":\"file\",\"path\":\"%s\",\"outside\":\"%s\",\"hidden\":false},\"call\":null,\"errno\":\"EACCES\","
                "\"rule\":\"learn:40:7: filesystem.deniedPaths[3]\",\"process\":{\"pid\":2,\"exe\":\"" GIT "\"},\"count\":1}\n",
                run, ++sequence, run, path, path);
}

/* A second name of a key says nothing of being one; that it was shut does. */
TEST(what_a_denial_shut_is_not_learned_and_stays_shut_in_what_is)
{
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    shut(&events, "a", "/home/u/.config/app/innocent");
    shut(&events, "a", "/home/u/work/innocent");
    used(&events, "a", "read", "/home/u/work/file", GIT);
    text = policy_of(&events);
    check_int(access_in(text, "/home/u/work/file"), ACCESS_READ);
    check_int(access_in(text, "/home/u/work/innocent"), ACCESS_DENIED);
    check_lacks(text, "- {path: \"${home}");
    check_has(text, "# - read /home/u/.config/app/innocent: a denial shut it while it was recorded (");
    check_has(text, "# - read /home/u/work/innocent: a denial shut it while it was recorded (");
    check_has(text, "    - \"${workspace}/innocen[t]\"\n");
    check_lacks(text, "    - \"${home}/.config/app/innocen[t]");
}

/* Its name may be anything: what cannot be said as it is is said as a pattern. */
TEST(what_a_denial_shut_stays_shut_under_any_name)
{
    static const char *const names[] = {"caf\xc3\xa9", "key!", "key^", "key]", "a[1].txt", "a*", "b?", "${home}", "line\\nend", ("\xef\xbf\xbd" "x"), "two\xe2\x80\xa8lines", "\\u0001\\u0002x"};
    static const char *const files[] = {"caf\xc3\xa9", "key!", "key^", "key]", "a[1].txt", "a*", "b?", "${home}", "line\nend", "\xfex", "two\xe2\x80\xa8lines", "\001\002x"};
    struct text events auto_text = {0};
    char *text auto_free = NULL, path[64];

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        snprintf(path, sizeof(path), "/home/u/work/%s", names[i]);
        shut(&events, "a", path);
    }
    used(&events, "a", "read", "/home/u/work/file", GIT);
    text = policy_of(&events);
    check_int(access_in(text, "/home/u/work/file"), ACCESS_READ);
    for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
        snprintf(path, sizeof(path), "/home/u/work/%s", files[i]);
        if (access_in(text, path) != ACCESS_DENIED)
            test_fail(__FILE__, __LINE__, "%s can be read:\n%s", path, text);
    }
}

/* An open that was refused does not tell whether it was of a directory. */
TEST(what_everybody_shares_is_not_opened_by_asking_for_it)
{
    static const char *const shared[] = {"/", "/srv", "/mnt", "/var/lib", "/home", "/home/u", "/home/u/.config", "/home/u/.local/share", "/etc"};
    struct text events auto_text = {0};
    char *text auto_free = NULL, line[128];

    for (size_t i = 0; i < ARRAY_COUNT(shared); i++)
        denied(&events, "a", "read", shared[i], "\"ENOENT\"", true);
    used(&events, "a", "read", "/", GIT);
    used(&events, "a", "read", "/home/u", GIT);
    denied(&events, "a", "read", "/home/u/.config/app", "\"ENOENT\"", true);
    denied(&events, "a", "read", "/srv/data", "\"ENOENT\"", true);
    text = policy_of(&events);
    check_has(text, "- {path: \"${home}/.config/app\", optional: true}");
    check_has(text, "- {path: \"/srv/data\", optional: true}");
    for (size_t i = 0; i < ARRAY_COUNT(shared); i++) {
        check_int(access_in(text, shared[i]), ACCESS_DENIED);
        snprintf(line, sizeof(line), "# - read %s: would open what everybody shares; name what is meant in it (", shared[i]);
        check_has(text, line);
    }
}

/* A directory that was opened because of four files may hold what was shut while it was recorded. */
TEST(what_is_secret_by_its_name_is_shut_in_every_tree_of_the_home)
{
    static const char *const trees[] = {"/home/u/four", "/home/u/listed", "/home/u/varies", "/home/u/made", "/home/u/unknown"};
    struct text events auto_text = {0};
    char *text auto_free = NULL, path[64];

    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof(path), "/home/u/four/%c", 'a' + i);
        used(&events, "a", "read", path, GIT);
    }
    event(&events, "a", "access.used", "list", GIT, "null", 1,
          "\"kind\":\"directory\",\"path\":\"/home/u/listed\",\"outside\":\"/home/u/listed\",\"hidden\":false");
    used(&events, "a", "read", "/home/u/varies/20261123/x", GIT);
    used(&events, "a", "create", "/home/u/made/x", GIT);
    denied(&events, "a", "read", "/home/u/unknown", "\"ENOENT\"", true);
    used(&events, "a", "read", "/home/u/single/file", GIT);
    text = policy_of(&events);
    for (size_t i = 0; i < ARRAY_COUNT(trees); i++) {
        snprintf(path, sizeof(path), "%s/x", trees[i]);
        check(access_in(text, path) != ACCESS_DENIED);
        snprintf(path, sizeof(path), "%s/deep/id_rsa", trees[i]);
        check_int(access_in(text, path), ACCESS_DENIED);
        snprintf(path, sizeof(path), "%s/.env", trees[i]);
        check_int(access_in(text, path), ACCESS_DENIED);
    }
    check_lacks(text, "/single/file/**"); /* the twin: there is nothing in it */
}

TEST(what_is_cordons_own_is_not_learned)
{
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    denied(&events, "a", "read", "/home/u/.local/state/cordon/runs", "\"ENOENT\"", true);
    used(&events, "a", "write", "/home/u/.config/cordon/x", GIT);
    text = policy_of(&events);
    check_lacks(text, "- {path: \"${home}");
    check_has(text, "# - read /home/u/.local/state/cordon/runs: Cordon's own");
}

TEST(a_program_of_its_own_with_a_known_name_gets_no_profile)
{
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    used(&events, "a", "execute", "/home/u/work/node", GIT);
    used_inside(&events, "a", "execute", "/tmp/cargo", GIT);
    used(&events, "a", "execute", "/home/u/.cargo/bin/cargo", GIT);
    text = policy_of(&events);
    check_lacks(text, "- node\n");
    check_has(text, "# seen 1 time by /usr/bin/git in 1 of 1 run\n  - build\n");
}

static char *policy_in(const struct text *events, const char *workspace, const char *home)
{
    struct learn_options options = usual;
    struct learned *learned auto_learned = NULL;

    options.places.workspace = workspace;
    options.places.home = home;
    learned = learn_with(events, &options);
    return written(learned);
}

/* A workspace that is a home, or has it in it, would make all of it readable for one file in it. */
TEST(a_home_that_was_the_workspace_is_no_workspace_to_learn_about)
{
    static const char *const workspaces[] = {"/home/u", "/home", "/"};

    for (size_t i = 0; i < ARRAY_COUNT(workspaces); i++) {
        struct text events auto_text = {0};
        char *text auto_free = NULL;

        used(&events, "a", "read", "/home/u/notes/list", GIT);
        used(&events, "a", "read", "/home/u/.config/app/settings", GIT);
        text = policy_in(&events, workspaces[i], "/home/u");
        check_lacks(text, "${workspace}");
        check_has(text, "- {path: \"${home}/notes/list\", optional: true}");
    }
}

TEST(a_workspace_with_a_name_like_a_pattern_opens_nothing_around_it)
{
    struct learn_options options = usual;
    struct text events auto_text = {0};
    struct learn_input *input auto_learn_input = NULL;
    struct learned *learned = NULL;
    struct error err = ERROR_INIT;
    char *text auto_free = NULL;

    used(&events, "a", "read", "/home/u/projects/a b]*/file", GIT);
    used(&events, "a", "create", "/home/u/projects/a b]*/out/new", GIT);
    options.places.workspace = "/home/u/projects/a b]*";
    input = read_input(&events);
    /* Secrets in it are denied by patterns, which no document has upon such a name. */
    check(learn_policy(input, &options, &learned, &err) < 0);
    check_has(err.text, "a pattern on top of a variable");
    options.places.workspace = "/home/u/projects/a b]";
    text = policy_in(&events, options.places.workspace, "/home/u");
    check_lacks(text, "/projects\"");
}

/* U+2028, U+2029, U+0085 and U+FEFF end lines, or begin documents, for some readers of YAML. */
TEST(a_comment_cannot_be_ended_by_the_name_in_it)
{
    static const char *const names[] = {"/x\\u2028- evil", "/x\\u2029- evil", "/x\\u0085- evil", "/x\\ufeff- evil", "/x\\r- evil", "/x\\u0000- evil"};
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char path[256];

        event(&events, "a", "access.used", "read", names[i], "null", 1, "\"kind\":\"file\",\"path\":\"/srv/app/one\",\"outside\":\"/srv/app/one\"");
        snprintf(path, sizeof(path), "\"kind\":\"file\",\"path\":\"/home/u/.ssh%s\",\"outside\":null", names[i]);
        event(&events, "a", "access.used", "read", GIT, "null", 1, path);
        snprintf(path, sizeof(path), "\"kind\":\"file\",\"path\":\"/srv/app%s\",\"outside\":null", names[i]);
        event(&events, "a", "access.used", "read", GIT, "null", 1, path);
    }
    text = policy_of(&events);
    access_in(text, "/");
    check_lacks(text, "\xe2\x80\xa8");
    check_lacks(text, "\xe2\x80\xa9");
    check_lacks(text, "\xc2\x85");
    check_lacks(text, "\xef\xbb\xbf");
    check(!strchr(text, '\r'));
}

TEST(a_comment_has_no_more_than_a_line_of_a_programs_words)
{
    struct text events auto_text = {0}, name auto_text = {0}, object auto_text = {0};
    char *text auto_free = NULL;

    text_add(&name, "/");
    for (int i = 0; i < 900; i++)
        text_add(&name, "x");
    event(&events, "a", "access.used", "read", name.data, "null", 1, "\"kind\":\"file\",\"path\":\"/srv/app/one\"");
    for (int i = 0; i < 3; i++)
        text_add(&object, name.data);
    event(&events, "a", "access.denied", "mount", GIT, "\"EPERM\"", 1, "\"kind\":\"file\",\"path\":null");
    text = policy_of(&events);
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        if (strcspn(line, "\n") > 600)
            test_fail(__FILE__, __LINE__, "%zu bytes in one line", strcspn(line, "\n"));
}

TEST(numbers_that_are_too_much_stay_the_most_there_is)
{
    struct text events auto_text = {0};
    struct learn_input *input auto_learn_input = NULL;

    for (int i = 0; i < 4; i++)
        text_printf(&events,
                    "{\"schema\":\"cordon-event/1\",\"id\":\"" RUN "a.%u\",\"time\":\"t\",\"run\":\"" RUN "a\",\"type\":\"access.used\","
                    "\"operation\":\"read\",\"object\":{\"kind\":\"file\",\"path\":\"/srv/x\"},\"process\":{\"pid\":2},\"count\":9223372036854775807}\n",
                    ++sequence);
    input = read_input(&events);
    check_int(input->count, 1);
    check(input->uses[0].count == UINT64_MAX);
}

TEST(what_is_deeper_than_a_policy_can_name_is_counted_as_not_seen)
{
    struct text events auto_text = {0}, path auto_text = {0};
    struct learn_input *input auto_learn_input = NULL;

    text_add(&path, "/srv");
    for (int i = 0; i < PATH_DEPTH_MAX - 1; i++)
        text_add(&path, "/x");
    used(&events, "a", "read", path.data, GIT);
    text_add(&path, "/x");
    used(&events, "a", "read", path.data, GIT);
    input = read_input(&events);
    check_int(input->count, 1);
    check_int(input->lost, 1);
}

/* Tens of thousands of different names, many to a directory: in seconds, and in the memory that they need. */
TEST(a_huge_record_is_refused_or_learned_and_neither_takes_forever)
{
    struct text events auto_text = {0};
    struct learn_input *input auto_learn_input = NULL;
    struct learned *learned auto_learned = NULL;
    struct error err = ERROR_INIT;
    char path[64];
    int r;

    for (unsigned i = 0; i < 40000; i++) {
        snprintf(path, sizeof(path), "/srv/t/d%u/e%u/f%u", i / 64, i / 4 % 16, i % 4);
        used(&events, "a", "read", path, GIT);
    }
    input = read_input(&events);
    check_int(input->count, 40000);
    r = learn_policy(input, &usual, &learned, &err);
    check(r == 0 || err.kind == ERROR_LIMIT);
}
