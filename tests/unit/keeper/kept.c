/* SPDX-License-Identifier: Apache-2.0 */
/* What is written down of a container that is kept. */
#include <string.h>

#include "base/memory.h"
#include "keeper/kept_state.h"
#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct kept_state whole = {.wanted = KEPT_RUNNING, .name = "box", .cwd = "/home/a b", .digest = "sha256:00", .boot = "b4d81e9a", .created_ms = 1795443763205,
                                        .until_ms = 1795443769999, .until_boot_ns = 77, .until_is_time = true};
static struct error err;
static struct kept_state state;

TEST(what_is_written_down_of_a_container_is_read_again)
{
    auto_text struct text text = {0};

    kept_state_print(&text, &whole);
    check_int(kept_state_parse(text.data, text.length, &state, &err), 0);
    check_int(state.wanted, KEPT_RUNNING);
    check_string(state.name, "box");
    check_string(state.cwd, "/home/a b");
    check_string(state.digest, "sha256:00");
    check(state.created_ms == whole.created_ms && state.until_ms == whole.until_ms && state.until_boot_ns == 77 && state.until_is_time);
}

/* Each beginning of it, as a write that was cut would leave it, and each byte another one. */
TEST(what_is_not_whole_is_nothing)
{
    auto_text struct text text = {0};

    kept_state_print(&text, &whole);
    for (size_t size = 0; size < text.length; size++)
        check_int(kept_state_parse(text.data, size, &state, &err), -22);
    text_add(&text, "\n");
    check_int(kept_state_parse(text.data, text.length, &state, &err), -22);
    check_contains(err.text, "its end");
}

TEST(a_state_with_one_thing_wrong_says_which)
{
    static const struct {
        const char *from, *to, *said;
    } rows[] = {
        {"cordon-container/1", "cordon-container/2", "another version's"}, {"name=box", "name=../box", "its name"},  {"name=box", "name=-x", "its name"}, {"name=box", "name=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "its name"},
        {"cwd=/home", "cwd=home", "its name or directory"},                  {"wanted=running", "wanted=run", "wanted"}, {"created=1", "created=-1", "created"},
        {"until-is-time=1", "until-is-time=2", "until-is-time"},            {"boot=b", "boat=b", "boot"}, {"until=1795443769999", "until=9223372036855", "until"}, {"boot=77", "boot=9223372036854775808", "until-boot"},               {"until=1795443769999\n", "", "until"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        auto_text struct text text = {0}, changed = {0};
        const char *at;

        kept_state_print(&text, &whole);
        at = strstr(text.data, rows[i].from);
        check(at != NULL);
        text_add_n(&changed, text.data, (size_t)(at - text.data));
        text_add(&changed, rows[i].to);
        text_add(&changed, at + strlen(rows[i].from));
        check_int(kept_state_parse(changed.data, changed.length, &state, &err), -22);
        check_contains(err.text, rows[i].said);
    }
}

TEST(what_the_fuzzer_of_kept_containers_kept_breaks_nothing)
{
    test_corpus(CORDON_TEST_CORPUS, LLVMFuzzerTestOneInput);
}
