/* SPDX-License-Identifier: Apache-2.0 */
/* What the host's name server says, says too late or does not say, as the program inside hears it. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "names_world.h"
#include "test.h"

TEST(what_the_name_server_says_of_a_name_is_passed_on)
{
    struct world world;
    struct reply reply;

    world_begin(&world, "allow *.example.org", NULL);
    world_ask("nx.example.org", 1, &reply);
    check_int(reply.rcode, 3);
    check_int(reply.answer_count, 0);
    check_string(world_addresses("chain.example.org", 28), "");
    world_ask("servfail.example.org", 1, &reply);
    check_int(reply.rcode, 2);
    check_int(reply.extended, 22);
    world_ask("refused.example.org", 1, &reply);
    check_int(reply.rcode, 2);
    check_string(world_addresses("many.example.org", 1), "93.184.216.1 93.184.216.2 93.184.216.3");
    world_end(&world);
}

TEST(a_chain_of_names_is_answered_as_the_name_that_was_asked)
{
    struct world world;
    struct reply reply;

    world_begin(&world, "allow chain.example.org\nallow cnameinward.example.org", NULL);
    world_ask("chain.example.org", 1, &reply);
    check_int(reply.rcode, 0);
    check_int(reply.answer_count, 1);
    check_string(reply.answers[0].text, "93.184.216.36");
    check_int(reply.answers[0].ttl, 60); /* the chain's 20 s, held to the minimum */
    check_string(world_names_of(&world, "93.184.216.36"), "93.184.216.36 chain.example.org");
    world_ask("cnameinward.example.org", 1, &reply);
    check_int(reply.rcode, 5);
    check_string(world_names_of(&world, "10.0.0.5"), "10.0.0.5");
    world_end(&world);
}

TEST(an_answer_that_is_too_long_for_a_datagram_is_fetched_by_tcp)
{
    struct world world;

    world_begin(&world, "allow *.example.org", NULL);
    check_string(world_addresses("truncated.example.org", 1), "93.184.216.34");
    world_end(&world);
}

TEST(answers_with_another_id_question_or_sender_are_not_believed)
{
    struct world world;

    world_begin(&world, "allow *.example.org", NULL);
    check_string(world_addresses("wrongid.example.org", 1), "93.184.216.34");
    check_string(world_addresses("wrongquestion.example.org", 1), "93.184.216.34");
    check_string(world_addresses("spoofed.example.org", 1), "93.184.216.34");
    check_string(world_addresses("poisoned.example.org", 1), "93.184.216.34");
    check_string(world_names_of(&world, "66.66.66.66"), "66.66.66.66");
    check_string(world_names_of(&world, "66.66.66.67"), "66.66.66.67");
    world_end(&world);
}

TEST(a_name_server_that_says_nothing_is_waited_for_no_longer_than_five_seconds)
{
    struct world world;
    struct reply reply;
    uint64_t start_ns = clock_monotonic_ns();

    world_begin(&world, "allow *.example.org", NULL);
    world_ask("silent.example.org", 1, &reply);
    check_int(reply.rcode, 2);
    check_int(reply.extended, 22);
    check(clock_monotonic_ns() - start_ns > 4 * NS_PER_S && clock_monotonic_ns() - start_ns < 7 * NS_PER_S);
    check_string(world_addresses("good.example.org", 1), "93.184.216.34");
    world_end(&world);
}

TEST(an_answer_that_cannot_be_read_is_none)
{
    struct world world;
    struct reply reply;

    world_begin(&world, "allow *.example.org", NULL);
    world_ask("garbage.example.org", 1, &reply);
    check_int(reply.rcode, 2);
    check_int(reply.answer_count, 0);
    world_end(&world);
}

TEST(one_question_is_under_way_for_all_who_ask_the_same)
{
    struct message message = message_question(77, "count.example.org", 1, 0);
    struct world world;
    int fds[20];

    world_begin(&world, "allow *.example.org", NULL);
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++) {
        fds[i] = world_udp();
        check(send(fds[i], message.bytes, message.size, 0) > 0);
    }
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++) {
        unsigned char bytes[512];
        ssize_t size = recv(fds[i], bytes, sizeof(bytes), 0);
        struct reply reply;

        check(size > 0);
        reply_read(bytes, (size_t)size, &reply);
        check_string(reply.answers[0].text, "93.184.217.1");
        close(fds[i]);
    }
    check_string(world_addresses("count.example.org", 1), "93.184.217.1");
    world_end(&world);
}
