/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same as compared.c for destinations, system calls, limits and inherited variables: what two plans answer differently the
 * comparison of their documents says, and nothing else.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "../policy-model/generate.h"
#include "../policy-model/said.h"
#include "asked.h"
#include "base/kernel/syscalls.h"
#include "compared.h"

static struct fixture f;

#define PICK(list) list[source_below(source, ARRAY_COUNT(list))]

static void judge_call(const struct plan_filter *filter, int number, struct plan_call *ret_call)
{
    bool is_special = number == __NR_kcmp || number == __NR_userfaultfd;

    *ret_call = is_special ? (struct plan_call){JUDGED_REFUSED, EPERM, "special"} : (struct plan_call){JUDGED_ALLOWED, 0, ""};
}

static bool open_judged(struct side *side, char *yaml, char *ceiling)
{
    if (!open_side(&f, side, yaml, ceiling))
        return false;
    check_int(plan_index_set_calls(side->index, judge_call, &f.err), 0);
    return true;
}

struct pair {
    struct side before, after;
    struct policy_diff diff;
    unsigned round;
    bool is_quiet;
    unsigned asked, gained, open, wrong;
};

static void hold(struct pair *pair, bool is_gain, bool is_good, const char *what)
{
    pair->asked++;
    pair->gained += is_gain;
    pair->wrong += !is_good;
    if (is_good || pair->is_quiet)
        return;
    test_fail(__FILE__, __LINE__, "round %u: %s %s, and the comparison says the contrary\n--- before\n%s%s--- after\n%s%s%s", pair->round, what,
              is_gain ? "differs" : "does not differ", pair->before.yaml, pair->before.ceiling ? pair->before.ceiling : "",
              pair->after.yaml, pair->after.ceiling ? pair->after.ceiling : "", compared_text(&pair->diff));
}

static enum judgement judgement_of(const struct side *side, const struct question *question)
{
    struct judged judged;

    plan_judge(side->index, question, &judged);
    return judged.judgement;
}

/* ---- destinations ---- */

static const char *const peers[] = {"{host: x.org}",       "{host: '*.x.org'}",  "{host: a.x.org}",     "{host: '*.a.x.org'}",
                                    "{cidr: 93.0.0.0/30}", "{cidr: 93.0.0.4/31}", "{cidr: 93.0.0.6/32}", "{cidr: 93.0.0.0/29, except: [93.0.0.2/31]}"};
static const char *const ports[] = {"", ", ports: [{port: 443}]", ", ports: [{port: 80, endPort: 82}]", ", ports: [{port: 81, protocol: udp}]",
                                    ", ports: [{protocol: udp}]", ", ports: [{port: 1}, {port: 65535}]"};
static const unsigned probed_ports[] = {1, 2, 79, 80, 81, 82, 83, 443, 444, 65534, 65535};
static const char *const probed_hosts[] = {"x.org", "a.x.org", "c.x.org", "b.a.x.org", "ax.org", "other.net", NULL};
static const char *const probed_addresses[] = {"93.0.0.0", "93.0.0.1", "93.0.0.2", "93.0.0.3", "93.0.0.4", "93.0.0.5",
                                               "93.0.0.6", "93.0.0.7", "93.0.0.8", "92.255.255.255", "9.141.59.26"};

static void add_rules(struct text *yaml, struct source *source, const char *list)
{
    unsigned count = source_below(source, 4);

    text_printf(yaml, "    %s:\n%s", list, count ? "" : "      []\n");
    for (unsigned i = 0; i < count; i++)
        text_printf(yaml, "      - {to: [%s]%s}\n", PICK(peers), PICK(ports));
}

static char *network_yaml(struct source *source)
{
    auto_text struct text yaml = {0};
    char *text = NULL;

    text_add(&yaml, "network:\n  egress:\n");
    if (!source_below(source, 5))
        text_add(&yaml, "    default: allow\n");
    add_rules(&yaml, source, "allow");
    add_rules(&yaml, source, "deny");
    check_int(text_take(&yaml, &text, NULL), 0);
    return text;
}

/* A name that may not be asked for is no way to an address; the address may be one by itself. */
static enum judgement reaches(const struct side *side, const struct question *question)
{
    enum judgement judgement = judgement_of(side, question);
    struct question plain = *question;

    if (judgement != JUDGED_REFUSED || !question->host)
        return judgement;
    plain.host = NULL;
    return judgement_of(side, &plain);
}

static bool may_ask(const struct side *side, const char *host)
{
    return judgement_of(side, &(struct question){.operation = OPERATION_CONNECT, .host = host}) == JUDGED_ALLOWED;
}

static void hold_destination(struct pair *pair, bool is_forth, const struct destination *to, const struct question *question)
{
    const struct side *from = is_forth ? &pair->before : &pair->after, *other = is_forth ? &pair->after : &pair->before;
    enum difference_kind kind = is_forth ? DIFFERENCE_WIDER : DIFFERENCE_NARROWER;
    enum judgement had = reaches(from, question), has = reaches(other, question);
    bool by_name = to->host && said_of_destination(&pair->diff, kind, to, false);
    bool by_address = said_of_destination(&pair->diff, kind, to, true);
    bool is_gain = has == JUDGED_ALLOWED && had != JUDGED_ALLOWED;
    char what[128];

    /* One layer lets the address through and another one the name, which nobody may ask for: taken as known, and never met. */
    if (to->host && pair->after.ceiling && !may_ask(&pair->after, to->host))
        return;
    if (had == JUDGED_DEPENDS || has == JUDGED_DEPENDS) {
        pair->open++;
        return;
    }
    /* The comparison takes a name as known, whether or not it may be asked for. */
    if (by_name && !is_gain)
        is_gain = !may_ask(other, to->host) || (has == JUDGED_ALLOWED && judgement_of(from, question) != JUDGED_ALLOWED);
    snprintf(what, sizeof(what), "%s: %s at %u.%u.%u.%u port %u/%s", is_forth ? "wider" : "narrower", to->host ? to->host : "an address",
             to->address[0], to->address[1], to->address[2], to->address[3], to->port, to->protocol == NET_TCP ? "tcp" : "udp");
    hold(pair, is_gain, to->host ? (is_gain ? by_name || by_address : !by_name) : is_gain == by_address, what);
}

static void hold_destinations(struct pair *pair)
{
    for (size_t i = 0; i < ARRAY_COUNT(probed_hosts); i++)
        for (size_t j = 0; j < ARRAY_COUNT(probed_addresses); j++)
            for (size_t k = 0; k < 2 * ARRAY_COUNT(probed_ports); k++) {
                struct destination to = {.host = probed_hosts[i], .family = AF_INET, .protocol = k % 2 ? NET_UDP : NET_TCP,
                                         .port = (uint16_t)probed_ports[k / 2]};
                struct question question = {.operation = OPERATION_CONNECT, .host = to.host, .port = to.port, .protocol = to.protocol};

                check_int(net_address_parse(probed_addresses[j], strlen(probed_addresses[j]), &question.address), 0);
                memcpy(to.address, question.address.bytes, 4);
                hold_destination(pair, true, &to, &question);
                hold_destination(pair, false, &to, &question);
            }
}

/* ---- system calls, limits, variables ---- */

static const char *const calls[] = {"ptrace", "bpf", "kcmp", "userfaultfd", "mount"};
static const char *const given[] = {"kcmp", "userfaultfd"}, *const taken[] = {"ptrace", "bpf", "mount", "kcmp"};
static const char *const inherited[] = {"LANG", "LANG*", "GH_TOKEN", "A_ONE", "A_*", "GH_*"};
static const char *const variables[] = {"LANG", "LANGUAGE", "GH_TOKEN", "GH_HOST", "A_ONE", "A_", "AB"};
static const char *const caller_env[] = {"LANG=C", "LANGUAGE=en", "GH_TOKEN=t", "GH_HOST=h", "A_ONE=1", "A_=2", "AB=3", NULL};
static const struct {
    const char *member, *values[3];
} limits[] = {{"memory", {"64MiB", "128MiB", "1GiB"}}, {"pids", {"10", "11", "100"}}, {"openFiles", {"64", "65", "1000"}},
              {"wallTime", {"1s", "61s", "1m"}},       {"cpuTime", {"1s", "2s", "1h"}}, {"output", {"1KiB", "2KiB", "1MiB"}}};

static void add_list(struct text *yaml, struct source *source, const char *start, const char *const *words, size_t count, const char *end)
{
    unsigned wanted = source_below(source, 3);

    text_add(yaml, start);
    for (unsigned i = 0; i < wanted; i++)
        text_printf(yaml, "%s'%s'", i ? ", " : "", words[source_below(source, (unsigned)count)]);
    text_add(yaml, end);
}

static char *settings_yaml(struct source *source, bool is_ceiling)
{
    auto_text struct text yaml = {0};
    const char *comma = "";
    char *text = NULL;

    add_list(&yaml, source, "syscalls:\n  deny: [", taken, ARRAY_COUNT(taken), "]\n");
    if (!is_ceiling || source_below(source, 2))
        add_list(&yaml, source, "  allow: [", given, ARRAY_COUNT(given), "]\n");
    if (!is_ceiling || source_below(source, 2))
        add_list(&yaml, source, "environment:\n  inherit: [", inherited, ARRAY_COUNT(inherited), "]\n");
    text_add(&yaml, "resources: {");
    for (size_t i = 0; i < ARRAY_COUNT(limits); i++)
        if (source_below(source, 2)) {
            text_printf(&yaml, "%s%s: %s", comma, limits[i].member, PICK(limits[i].values));
            comma = ", ";
        }
    text_add(&yaml, "}\n");
    check_int(text_take(&yaml, &text, NULL), 0);
    return text;
}

/* An item of the area about this word, or about a prefix of it. */
static bool is_said(const struct policy_diff *diff, enum difference_kind kind, enum difference_area area, const char *word)
{
    for (size_t i = 0; i < diff->count; i++) {
        const struct difference *item = &diff->items[i];

        if (item->kind != kind || item->area != area)
            continue;
        if (area == AREA_LIMITS && strcmp(item->member + strlen("resources."), word) == 0)
            return true;
        for (size_t j = 0; j < item->subjects.count && area != AREA_LIMITS; j++) {
            const char *subject = item->subjects.items[j];
            size_t length = strlen(subject);

            if (strcmp(subject, word) == 0 || (length && subject[length - 1] == '*' && strncmp(subject, word, length - 1) == 0))
                return true;
        }
    }
    return false;
}

static bool has_variable(const struct side *side, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < side->plan->env_count; i++)
        if (strncmp(side->plan->env[i], name, length) == 0 && side->plan->env[i][length] == '=')
            return true;
    return false;
}

static uint64_t limit_of(const struct side *side, const char *member)
{
    char name[64];
    uint64_t value;

    snprintf(name, sizeof(name), "resources.%s", member);
    value = plan_limit_value(side->plan, name);
    return value ? value : UINT64_MAX;
}

static void hold_settings(struct pair *pair)
{
    for (int way = 0; way < 2; way++) {
        const struct side *from = way ? &pair->after : &pair->before, *to = way ? &pair->before : &pair->after;
        enum difference_kind kind = way ? DIFFERENCE_NARROWER : DIFFERENCE_WIDER;

        for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
            struct question question = {.operation = OPERATION_SYSCALL, .call = kernel_syscall_number(calls[i])};
            bool is_gain = judgement_of(to, &question) == JUDGED_ALLOWED && judgement_of(from, &question) != JUDGED_ALLOWED;

            bool is_told = is_said(&pair->diff, kind, AREA_SYSCALLS, calls[i]);

            /* What is refused anyway may be denied as well: the comparison does not know the baseline. */
            hold(pair, is_gain, is_gain == is_told || (is_told && policy_grantable_call(calls[i])), calls[i]);
        }
        for (size_t i = 0; i < ARRAY_COUNT(limits); i++) {
            bool is_gain = limit_of(to, limits[i].member) > limit_of(from, limits[i].member);

            hold(pair, is_gain, is_gain == is_said(&pair->diff, kind, AREA_LIMITS, limits[i].member), limits[i].member);
        }
        for (size_t i = 0; i < ARRAY_COUNT(variables); i++) {
            bool is_gain = has_variable(to, variables[i]) && !has_variable(from, variables[i]);
            bool is_told = is_said(&pair->diff, kind, AREA_ENVIRONMENT, variables[i]);

            /* 'A_*' is said as a whole where only 'A_ONE' was there before */
            hold(pair, is_gain, is_gain ? is_told : !is_told || has_variable(to, variables[i]), variables[i]);
        }
    }
}

/* ---- all of it ---- */

enum part { PART_NETWORK, PART_SETTINGS };

static char *make_yaml(struct source *source, enum part part, bool is_ceiling)
{
    return part == PART_NETWORK ? network_yaml(source) : settings_yaml(source, is_ceiling);
}

static bool open_pair(struct pair *pair, struct arena *arena, uint64_t first, unsigned round, enum part part)
{
    struct source source = {.seed = first + (uint64_t)round * 1000003u};
    char *before = make_yaml(&source, part, false), *after = make_yaml(&source, part, false);
    char *ceiling = source_below(&source, 3) ? NULL : make_yaml(&source, part, true);
    bool is_open;

    *pair = (struct pair){.round = round};
    is_open = open_judged(&pair->before, before, NULL);
    is_open = open_judged(&pair->after, after, ceiling) && is_open;
    if (is_open)
        check_int(policy_diff(arena, pair->before.policy, pair->after.policy, &pair->diff, &f.err), 0);
    return is_open;
}

static void hold_part(struct pair *pair, enum part part)
{
    if (part == PART_NETWORK)
        hold_destinations(pair);
    else
        hold_settings(pair);
}

static void make_world(void)
{
    fixture_open(&f);
    policy_free(f.policy);
    f.policy = NULL;
    f.facts.keeps_names = f.facts.cgroup_memory = f.facts.cgroup_pids = f.facts.cgroup_cpu = f.facts.cgroup_cpuacct = true;
    f.facts.cgroup = CGROUP_V2;
    f.options.caller_env = caller_env;
}

static void compare_rounds(unsigned rounds, enum part part)
{
    uint64_t seed = compared_seed();
    unsigned compared = 0, asked = 0, gained = 0, open = 0;

    make_world();
    for (unsigned round = 0; round < rounds; round++) {
        auto_arena struct arena *arena = arena_new();
        struct pair pair;

        if (open_pair(&pair, arena, seed, round, part)) {
            hold_part(&pair, part);
            compared++;
            asked += pair.asked;
            gained += pair.gained;
            open += pair.open;
        }
        close_side(&pair.before);
        close_side(&pair.after);
    }
    printf("     %u of %u pairs compiled, %u questions, %u answered otherwise, %u left open\n", compared, rounds, asked, gained, open);
    check(compared > rounds / 2 && gained > compared && asked > 3 * open);
    fixture_close(&f);
}

TEST(where_two_plans_judge_a_destination_differently_the_comparison_says_so_and_nowhere_else)
{
    compare_rounds(compared_rounds(150), PART_NETWORK);
}

TEST(calls_limits_and_variables_that_differ_between_plans_are_said_to)
{
    compare_rounds(compared_rounds(600), PART_SETTINGS);
}

/* The adversarial twin: each item in turn says nothing. */
TEST(a_comparison_that_leaves_out_a_destination_or_a_setting_is_found_out)
{
    uint64_t seed = compared_seed();
    unsigned broken = 0, found = 0;

    make_world();
    for (unsigned round = 0; round < 80; round++) {
        auto_arena struct arena *arena = arena_new();
        struct pair pair;
        enum part part = round % 2 ? PART_NETWORK : PART_SETTINGS;

        if (open_pair(&pair, arena, seed, round, part)) {
            pair.is_quiet = true;
            for (size_t i = 0; i < pair.diff.count; i++) {
                enum difference_kind kind = pair.diff.items[i].kind;

                pair.diff.items[i].kind = DIFFERENCE_UNKNOWN;
                pair.wrong = 0;
                hold_part(&pair, part);
                pair.diff.items[i].kind = kind;
                broken++;
                found += pair.wrong > 0;
            }
        }
        close_side(&pair.before);
        close_side(&pair.after);
    }
    printf("     %u of %u found out\n", found, broken);
    check(broken > 200 && found * 10 > broken * 7);
    fixture_close(&f);
}
