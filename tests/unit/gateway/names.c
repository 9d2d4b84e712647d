/* SPDX-License-Identifier: Apache-2.0 */
/* The resolver as a program inside meets it, with a name server of the host that lies, falls silent and changes its mind. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "dns_rules.h"
#include "gateway/names.h"
#include "names_world.h"
#include "test.h"

/* ---- granted, and not ---- */

TEST(a_granted_name_is_resolved_and_pinned)
{
    struct world world;
    struct reply reply;

    world_begin(&world, "allow good.example.org", NULL);
    check_string(world_names_of(&world, "93.184.216.34"), "93.184.216.34");
    world_ask("GOOD.example.org", 1, &reply);
    check_int(reply.rcode, 0);
    check_int(reply.answer_count, 1);
    check_string(reply.answers[0].text, "93.184.216.34");
    check(reply.answers[0].ttl > 290 && reply.answers[0].ttl <= 300);
    check_string(world_addresses("good.example.org", 28), "2606:2800:220:1::1");
    check_string(world_names_of(&world, "93.184.216.34"), "93.184.216.34 good.example.org");
    check_string(world_names_of(&world, "2606:2800:220:1::1"), "2606:2800:220:1::1 good.example.org");
    check_string(world_names_of(&world, "93.184.216.35"), "93.184.216.35");
    world_end(&world);
}

TEST(what_no_rule_grants_is_refused_with_the_reason_and_an_event)
{
    struct world world;
    struct reply reply;

    world_begin(&world, "allow good.example.org\ndeny other.example.org\nallow *.wild.org", NULL);
    world_ask("twin.example.org", 1, &reply);
    check_int(reply.rcode, 5);
    check_int(reply.extended, 18);
    check_string(reply.text, "no rule grants twin.example.org");
    check_string(world_event(&world), "twin.example.org no rule grants it");
    world_ask("other.example.org", 28, &reply);
    check_int(reply.rcode, 5);
    check_int(reply.extended, 15);
    check_string(reply.text, "other.example.org is denied by line 2");
    check_string(world_event(&world), "other.example.org a rule denies it");
    world_ask("a.b.wild.org", 1, &reply);
    check_int(reply.rcode, 5);
    world_ask("good.wild.org", 1, &reply);
    check_int(reply.rcode, 0);
    check_string(world_names_of(&world, "93.184.216.34"), "93.184.216.34 good.wild.org");
    world_end(&world);
}

/* What is in another record than an address is a way out of its own, or a key to one (HTTPS: encrypted client hello). */
TEST(only_addresses_are_answered)
{
    static const unsigned types[] = {2, 5, 6, 10, 12, 15, 16, 33, 35, 43, 48, 52, 64, 65, 99, 250, 252, 255, 257, 65535};
    struct world world;
    struct reply reply;

    world_begin(&world, "allow good.example.org", NULL);
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        world_ask("good.example.org", types[i], &reply);
        if (reply.rcode != 0 || reply.answer_count)
            test_fail(__FILE__, __LINE__, "type %u: rcode %u, %u answers", types[i], reply.rcode, reply.answer_count);
        world_ask("twin.example.org", types[i], &reply);
        check_int(reply.rcode, 5);
    }
    check_string(world_addresses("good.example.org", 1), "93.184.216.34");
    world_end(&world);
}

TEST(a_policy_that_is_open_resolves_all_but_denied_names)
{
    struct world world;
    struct reply reply;

    world_begin(&world, "open\ndeny twin.example.org", NULL);
    check_string(world_addresses("good.example.org", 1), "93.184.216.34");
    check_string(world_addresses("chain.example.net", 1), "93.184.216.36");
    world_ask("twin.example.org", 1, &reply);
    check_int(reply.rcode, 5);
    world_end(&world);
}

/* Whoever may ask that resolver directly may ask anything of this one; what special addresses it says stays unsaid. */
TEST(a_rule_for_the_hosts_resolver_opens_all_names_but_no_special_address)
{
    struct world world;
    struct reply reply;

    world_begin(&world, "allow good.example.org\nallow 9.9.9.53/32 udp:53\ndeny twin.example.org", NULL);
    check_string(world_addresses("chain.example.net", 1), "93.184.216.36");
    check_string(world_addresses("good.example.org", 1), "93.184.216.34");
    world_ask("inward.example.net", 1, &reply);
    check_int(reply.rcode, 5);
    check_contains(reply.text, "inward.example.net is 10.0.0.5: ");
    world_ask("other.example.net", 1, &reply);
    check_int(reply.rcode, 5);
    world_ask("twin.example.org", 1, &reply);
    check_int(reply.rcode, 5);
    check_string(reply.text, "twin.example.org is denied by line 3");
    check_int(world_set_rules(&world, "allow good.example.org\nallow 9.9.9.53/32 udp:54\nallow 9.9.9.54/32"), 0);
    world_ask("chain.example.net", 1, &reply);
    check_int(reply.rcode, 5);
    check_int(reply.extended, 18);
    world_end(&world);
}

TEST(whatever_resolver_is_asked_answers_for_itself)
{
    struct world world;
    struct reply reply;

    world_begin(&world, "allow good.example.org", NULL);
    world_ask_at(WORLD_OTHER, "good.example.org", 1, &reply);
    check_string(reply.answers[0].text, "93.184.216.34");
    world_ask_tcp_at(WORLD_OTHER, "good.example.org", 1, &reply);
    check_string(reply.answers[0].text, "93.184.216.34");
    world_ask_at("::1", "good.example.org", 28, &reply);
    check_string(reply.answers[0].text, "2606:2800:220:1::1");
    world_ask_tcp_at("::1", "twin.example.org", 28, &reply);
    check_int(reply.rcode, 5);
    world_end(&world);
}

TEST(an_address_that_the_host_cannot_reach_is_not_told)
{
    struct world world;

    world_begin(&world, "allow good.example.org", NULL);
    check_string(world_addresses("good.example.org", 28), "2606:2800:220:1::1");
    world_forget_route6();
    check_string(world_addresses("good.example.org", 28), "");
    check_string(world_addresses("good.example.org", 1), "93.184.216.34");
    world_end(&world);
}

TEST(the_containers_own_names_are_its_own)
{
    struct world world;
    struct reply reply;

    world_begin(&world, "allow good.example.org", NULL);
    check_string(world_addresses("localhost", 1), "127.0.0.1");
    check_string(world_addresses("a.localhost", 28), "::1");
    check_string(world_addresses("localhost", 16), "");
    world_ask("notlocalhost", 1, &reply);
    check_int(reply.rcode, 5);
    world_ask("localhost.example.org", 1, &reply);
    check_int(reply.rcode, 5);
    world_end(&world);
}

TEST(an_address_that_was_given_has_its_name)
{
    struct world world;
    struct reply reply;

    world_begin(&world, "allow good.example.org", NULL);
    world_ask("34.216.184.93.in-addr.arpa", 12, &reply);
    check_int(reply.rcode, 5);
    check_string(world_addresses("good.example.org", 1), "93.184.216.34");
    world_ask("34.216.184.93.in-addr.arpa", 12, &reply);
    check_int(reply.rcode, 0);
    check_string(reply.answers[0].text, "good.example.org");
    world_ask("1.0.0.127.in-addr.arpa", 12, &reply);
    check_string(reply.answers[0].text, "localhost");
    world_ask("35.216.184.93.in-addr.arpa", 12, &reply);
    check_int(reply.rcode, 5);
    world_end(&world);
}

/* ---- rebinding ---- */

TEST(a_granted_name_leads_to_no_special_address)
{
    struct world world;
    struct reply reply;

    world_begin(&world, "allow *.example.org", NULL);
    world_ask("inward.example.org", 1, &reply);
    check_int(reply.rcode, 5);
    check_int(reply.extended, 15);
    check_contains(reply.text, "only a rule that names it grants it, as {host: NAME");
    check_contains(world_event(&world), "inward.example.org the address is special");
    world_ask("inward.example.org", 28, &reply);
    check_int(reply.rcode, 5);
    world_ask("other.example.org", 1, &reply); /* the host's own address, though a public one */
    check_int(reply.rcode, 5);
    world_ask("fake.example.org", 1, &reply);
    check_int(reply.rcode, 5);
    check_string(world_addresses("mixed.example.org", 1), "93.184.216.34");
    check_string(world_names_of(&world, "10.0.0.5"), "10.0.0.5");
    check_string(world_names_of(&world, "127.0.0.1"), "127.0.0.1");
    check_string(world_addresses("mapped.example.org", 28), "64:ff9b::909:909");
    world_end(&world);
}

TEST(a_rule_that_names_the_private_address_grants_it)
{
    struct world world;
    struct reply reply;

    world_begin(&world, "allow inward.example.org@10.0.0.0/8\nallow cnameinward.example.org", NULL);
    check_string(world_addresses("inward.example.org", 1), "10.0.0.5");
    world_ask("inward.example.org", 28, &reply);
    check_int(reply.rcode, 5);
    world_ask("cnameinward.example.org", 1, &reply);
    check_int(reply.rcode, 5);
    check_string(world_names_of(&world, "10.0.0.5"), "10.0.0.5 inward.example.org");
    world_end(&world);
}

/* TTL 0: the second answer, which leads inward, is not even asked for. */
TEST(a_name_that_changes_its_mind_is_held_to_what_it_said)
{
    struct world world;
    struct reply reply;

    world_begin(&world, "allow *.example.org", NULL);
    for (int i = 0; i < 3; i++) {
        world_ask("rebind.example.org", 1, &reply);
        check_int(reply.rcode, 0);
        check_string(reply.answers[0].text, "93.184.216.77");
        check(reply.answers[0].ttl > 50 && reply.answers[0].ttl <= 60);
    }
    world_end(&world);
}

/* ---- addresses that names share ---- */

TEST(a_name_that_may_not_be_reached_as_the_first_gets_an_address_of_its_own)
{
    struct world world;
    struct reply reply;
    const char *given;
    char first[64];

    world_begin(&world, "allow good.example.org tcp:22\nallow twin.example.org tcp:443\nallow mixed.example.org tcp:22", NULL);
    check_string(world_addresses("good.example.org", 1), "93.184.216.34");
    given = world_addresses("twin.example.org", 1);
    check(strncmp(given, "198.18.", 7) == 0);
    snprintf(first, sizeof(first), "%s", given);
    check_string(world_names_of(&world, first), "93.184.216.34 twin.example.org");
    check_string(world_names_of(&world, "93.184.216.34"), "93.184.216.34 good.example.org");
    check_string(world_addresses("twin.example.org", 1), first); /* the same as long as it lives */
    check_string(world_addresses("mixed.example.org", 1), "93.184.216.34"); /* reached as the first: shared */
    check_string(world_names_of(&world, "198.18.99.99"), "-2");
    check_string(world_names_of(&world, "fdc0:7d09:1::99"), "-2");
    world_ask("1.0.18.198.in-addr.arpa", 12, &reply);
    check_string(reply.answers[0].text, "twin.example.org");
    world_end(&world);
}

TEST(names_that_say_who_they_are_share_their_address)
{
    struct world world;

    world_begin(&world, "allow good.example.org tcp:443\nallow twin.example.org tcp:80", NULL);
    check_string(world_addresses("good.example.org", 1), "93.184.216.34");
    check_string(world_addresses("twin.example.org", 1), "93.184.216.34");
    check_string(world_names_of(&world, "93.184.216.34"), "93.184.216.34 twin.example.org good.example.org");
    world_end(&world);
}

TEST(more_names_than_one_address_can_have_get_addresses_of_their_own)
{
    struct world world;
    char name[32];

    world_begin(&world, "allow *.example.org tcp:443", NULL);
    for (unsigned i = 0; i < 70; i++) {
        snprintf(name, sizeof(name), "n%u.example.org", i);
        check(strncmp(world_addresses(name, 1), i < 64 ? "20.0.0.1" : "198.18.", 7) == 0);
    }
    world_end(&world);
}

TEST(other_rules_hold_from_then_on)
{
    struct world world;
    struct text text auto_text = {0};
    struct reply reply;

    world_begin(&world, "allow good.example.org", NULL);
    check_string(world_addresses("good.example.org", 1), "93.184.216.34");
    check_int(world_set_rules(&world, "allow many.example.org tcp:22"), 0);
    world_ask("good.example.org", 1, &reply);
    check_int(reply.rcode, 5);
    check_string(world_names_of(&world, "93.184.216.34"), "93.184.216.34 good.example.org");
    for (unsigned i = 0; i < 2100; i++)
        text_printf(&text, "allow a.org tcp:%u\n", 1000 + 3 * i);
    check_int(world_set_rules(&world, text.data), -E2BIG);
    check_string(world_addresses("many.example.org", 1), "93.184.216.1 93.184.216.2 93.184.216.3");
    world_end(&world);
}

TEST(when_nothing_more_can_be_remembered_nothing_more_is_told)
{
    struct world world;
    struct reply reply;
    char name[32];

    world_begin(&world, "allow *.example.org", NULL);
    for (unsigned i = 0; i < 4096; i++) {
        snprintf(name, sizeof(name), "a%u.example.org", i);
        world_ask(name, 1, &reply);
        check_int(reply.rcode, 0);
    }
    world_ask("a4096.example.org", 1, &reply);
    check_int(reply.rcode, 2);
    check_int(reply.extended, 0);
    check_int(reply.answer_count, 0);
    world_ask("a7.example.org", 1, &reply); /* what is remembered is told again */
    check_int(reply.rcode, 0);
    check_string(world_names_of(&world, "20.0.0.0"), "20.0.0.0 a0.example.org");
    world_end(&world);
}

/* ---- the host's own file of names ---- */

TEST(the_hosts_file_is_asked_first_and_judged_as_all_else)
{
    static const char hosts[] = "# comment\n127.0.0.1 localhost good.example.org\n93.184.216.50 Twin.Example.org alias.example.org # x\n"
                                "10.0.0.7\tdb.example.org\n0.0.0.0 chain.example.org\nnonsense many.example.org\n"
                                "2606:2800:220:1::50 six.example.org\n93.184.216.51 -wrong- last.example.org";
    struct world world;
    struct reply reply;

    world_begin(&world, "allow *.example.org", hosts);
    check_string(world_addresses("twin.example.org", 1), "93.184.216.50");
    check_string(world_addresses("alias.example.org", 1), "93.184.216.50");
    check_string(world_addresses("alias.example.org", 28), "");
    check_string(world_addresses("six.example.org", 28), "2606:2800:220:1::50");
    check_string(world_addresses("last.example.org", 1), "93.184.216.51");
    world_ask("db.example.org", 1, &reply);
    check_int(reply.rcode, 5);
    check_string(world_addresses("chain.example.org", 1), "93.184.216.36");
    check_string(world_addresses("good.example.org", 1), "93.184.216.34");
    check_string(world_addresses("many.example.org", 1), "93.184.216.1 93.184.216.2 93.184.216.3");
    world_end(&world);
}

/* ---- opening ---- */

static void nobody_denied(void *context unused_arg, const char *name unused_arg,
                          const struct net_decision *decision unused_arg)
{
}

static bool nobodys_own(void *context unused_arg, const struct net_address *address unused_arg)
{
    return false;
}

static int open_with(const char *hosts_path, struct error *err)
{
    struct loop *loop = NULL;
    struct names *names = NULL;
    struct names_setup setup = {.rules = rules_of("allow a.org"),
                                .denied = nobody_denied,
                                .is_own = nobodys_own,
                                .servers = "127.0.0.1",
                                .hosts_path = hosts_path};
    int status = loop_open(&loop, err);

    if (status < 0)
        return status;
    setup.loop = loop;
    status = names_open(&setup, &names, err);
    names_close(names);
    loop_close(loop);
    return status;
}

static int attempt_open(void)
{
    struct error err = ERROR_INIT;

    return open_with("/nonexistent", &err);
}

TEST(a_resolver_that_finds_no_memory_says_so)
{
    test_each_allocation_fails(attempt_open, 40);
}

TEST(a_hosts_file_of_too_many_names_is_refused_and_one_less_is_read)
{
    char path[] = "/tmp/cordon-hosts-XXXXXX";
    struct text text auto_text = {0};
    struct error err = ERROR_INIT;

    close(test_make_file(path));
    for (unsigned i = 0; i < 20000; i++) /* what is blocked by such a file does not count */
        text_printf(&text, "0.0.0.0 ad%u.example.org\n", i);
    for (unsigned i = 0; i < 4096; i++)
        text_printf(&text, "10.0.%u.%u n%u.example.org\n", i >> 8, i & 255, i);
    test_write_file(path, text.data, 0600);
    check_int(open_with(path, &err), 0);
    text_add(&text, "10.1.0.0 more.example.org\n");
    test_write_file(path, text.data, 0600);
    check_int(open_with(path, &err), -E2BIG);
    check_int(err.kind, ERROR_LIMIT);
    check_contains(err.text, "more than 4096 names");
    unlink(path);
}
