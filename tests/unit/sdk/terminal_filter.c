/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the terminal filter passes and what it stops, a row each, in whatever pieces it comes.
 * docs/decisions/0040-terminal-filter.md has the same table with the reasons.
 */
#include "sdk/terminal/filter.h"

#include <stdlib.h>

#include "base/compiler.h"
#include "base/file.h"
#include "base/memory.h"
#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUT_MAX ((size_t)1 << 20)

static char shown[OUT_MAX], shown_end[OUT_MAX];
static const struct terminal_options utf8 = {.is_utf8 = true};
static const struct terminal_options eight_bit = {.is_utf8 = false};
static const struct terminal_options clipboard = {.is_utf8 = true, .may_write_clipboard = true};

/* In pieces that end at `cut` (0 = none) or have `step` bytes (0 = one piece); true = asked. */
static bool filter(const struct terminal_options *options, const char *in, size_t size, size_t cut,
                   size_t step, size_t *ret_size)
{
    struct terminal_filter *filter = NULL;
    struct error err = ERROR_INIT;
    const char *output;
    size_t at = 0, length;
    bool is_asked;

    check_int(terminal_filter_new(options, &filter, &err), 0);
    *ret_size = 0;
    while (at < size) {
        size_t piece = at < cut ? cut - at : size - at;

        if (step && piece > step)
            piece = step;
        at += terminal_filter_step(filter, in + at, piece, &output, &length);
        check(length <= OUT_MAX - *ret_size - 1);
        memcpy(shown + *ret_size, output, length);
        *ret_size += length;
    }
    shown[*ret_size] = '\0';
    is_asked = terminal_filter_end(filter, &output, &length);
    memcpy(shown_end, output, length);
    shown_end[length] = '\0';
    terminal_filter_free(filter);
    return is_asked;
}

static void check_shown(const char *in, const char *expected, size_t size)
{
    if (size != strlen(expected) || memcmp(shown, expected, size) != 0) {
        char a[600] = "", b[600] = "", c[600] = "";
        const char *const texts[] = {in, expected, shown};
        char *const outs[] = {a, b, c};

        for (int i = 0; i < 3; i++)
            for (size_t j = 0, at = 0; texts[i][j] && at < 590; j++)
                at += (size_t)snprintf(outs[i] + at, 600 - at,
                                       texts[i][j] >= 0x20 && texts[i][j] < 0x7f ? "%c" : "\\x%02x",
                                       (unsigned char)texts[i][j]);
        test_fail(__FILE__, __LINE__, "of '%s' came '%s', not '%s'", a, c, b);
    }
}

/* Whole, cut at each place, and byte by byte. */
static void check_filter(const struct terminal_options *options, const char *in,
                         const char *expected)
{
    size_t length = strlen(in), size;

    for (size_t cut = 0; cut < length; cut++) {
        filter(options, in, length, cut, 0, &size);
        check_shown(in, expected, size);
    }
    filter(options, in, length, 0, 1, &size);
    check_shown(in, expected, size);
}

static void check_stopped(const struct terminal_options *options, const char *in)
{
    char text[8192];

    snprintf(text, sizeof(text), "a%sz", in);
    check_filter(options, text, "az");
}

#define BEL "\a"
#define ST  "\033\\"

TEST(what_programs_need_passes_byte_for_byte)
{
    static const char *const rows[] = {
        "plain text\r\n\ttab \b \f \v", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80 \xe2\x94\x80",
        "\033[m", "\033[0m", "\033[1;4;31m", "\033[38;5;208m", "\033[38;2;1;2;3;48;2;4;5;6m",
        "\033[4:3m\033[58:2::1:2:3m", "\033[H", "\033[12;40H", "\033[;5H", "\033[3A\033[B\033[2C\033[D\033[E\033[F\033[7G",
        "\033[5d\033[2e\033[3f\033[9`\033[2a", "\033[2J\033[J\033[1J", "\033[K\033[1K\033[2K", "\033[?J\033[?2K",
        "\033[2@\033[P\033[4L\033[M\033[5X\033[3b", "\033[2S\033[T", "\033[5;20r", "\033[s\033[u", "\0337\0338",
        "\033[I\033[Z\033[g\033[3g\033H\033[?5W", "\033D\033E\033M", "\033[4h\033[4l\033[20l",
        "\033[?1h\033[?1l\033=\033>", "\033[?7l\033[?7h\033[?25l\033[?25h\033[?12h", "\033[?6h\033[?69h\033[2;70s",
        "\033[?1049h\033[?1049l", "\033[?47h\033[?1047l\033[?1048h", "\033[?1000h\033[?1002h\033[?1003h\033[?1006h\033[?1015l",
        "\033[?1004h", "\033[?2004h", "\033[?2026h\033[?2026l", "\033[?1;1000;2004h", "\033[?1034h", "\033[?1s\033[?1r",
        "\033[5 q\033[0 q", "\033[!p", "\033[1\"q", "\033(B\033)0\016\017\033(0", "\033#8", "\033N\033O\033n\033o\033|\033}\033~",
        "\033[?1c\033[?0c", "\033[>4;2m\033[>4m\033[>4n", "\033[>1u\033[<1u", "\033[c\033[0c\033[>c\033[>0q\033[6n\033[?6n\033[?996n",
        "\033[?2026$p\033[4$p\033[?u\033[?4m", "\033[14t\033[16t\033[18t", "\033[22;0;0t\033[23;0;0t",
        "\033]10;?" BEL, "\033]11;?" ST, "\033]12;?" ST, "\033]4;3;?" BEL, "\033]4;1;rgb:ff/00/1a;2;?" ST, "\033]11;#202020" BEL,
        "\033]12;red" BEL "\033]112" BEL, "\033]4;1;red" BEL "\033]104;1" BEL "\033]104" ST,
        "\033]8;;http://example.org" ST "x\033]8;;" ST, "\033]8;id=x1;https://example.org:8080/a?b=c#d" BEL,
        "\033[32767;32767H", "\a", "\177",
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        check_filter(&utf8, rows[i], rows[i]);
}

TEST(what_reaches_past_the_window_is_stopped)
{
    static const char *const rows[] = {
        /* the clipboard */
        "\033]52;c;aGVsbG8=" BEL, "\033]52;c;aGVsbG8=" ST, "\033]52;c;?" BEL, "\033]52;;" BEL, "\033]5522;type=read" ST,
        "\033]052;c;aGVsbG8=" BEL, "\033]1337;CopyToClipboard=" BEL,
        /* reports of what is shown or set, that come back as typed */
        "\033[21t", "\033[20t", "\033[11t\033[13t\033[15t\033[19t", "\005", "\033Z", "\033[5n", "\033[?15n\033[?25n\033[?62n\033[?63;1n",
        "\033[1;1;1;1;5;5*y", "\033P$qm" ST, "\033P+q544e" ST, "\033[=c", "\033[x", "\033[1'z\033['|", "\033]50;?" BEL,
        "\033]3;?WM_NAME" BEL, "\033[1$w\033[2$w", "\033[?1;1;0S", "\033[\"v", "\033[?1001h", "\033[1;1;1;1;1T", "\033G",
        /* what is stored in the terminal and comes back later */
        "\033P0;1|17/6c730d" ST, "\033P1;1;1!zQQ" ST, "\033[1*z",
        /* windows, printers, files, programs */
        "\033[1t\033[2t\033[3;0;0t\033[4;9;9t\033[5t\033[8;1;1t\033[9;1t", "\033[i\033[5i\033[4i\033[?5i\033[?1i", "\033]46;/tmp/log" BEL,
        "\033]1337;File=inline=1:AAAA" BEL, "\033]5113;ac=send" ST, "\033_Gf=100,t=f;L2V0Yw==" ST, "\033]51;[\"call\",\"x\",[]]" BEL,
        "\033]3;A=b" BEL, "\033Pq#0;2;0;0;0" ST, "\033]777;notify;a;b" BEL, "\033]9;hi" BEL, "\033]9;4;1;50" BEL, "\033]99;;hi" ST,
        "\033]7;file:///etc" BEL, "\033]133;A" BEL, "\033]633;E;rm" BEL, "\033]6;1;bg;red;brightness;1" BEL, "\033]22;wait" BEL,
        "\033]702;x" BEL, "\033]l" "title" ST, "\033]Ltitle" ST, "\033kname" ST,
        /* what makes a terminal read differently */
        "\033%@", "\033%G", "\033 G", "\033 F", "\033[62;0\"p", "\033[?2l", "\033[?38h", "\033[?42h", "\033[?3h\033[?40h",
        "\033$B", "\033(C", "\033-A", "\033/A",
        /* the rest of the second set's strings */
        "\033X hidden" ST, "\033^ private" ST, "\033_ program" ST, "\033P unknown" ST,
        /* what the user has scrolled away */
        "\033[3J", "\033[0;3J",
        /* keys, locks, lights, bells of the machine */
        "\033[2h", "\033[12h", "\033[2q", "\033[10;400]", "\033[12;3]", "\033[>1p", "\033[>1;1m", "\033[?1042h\033[?1043h",
        "\033]P0ff0000", "\033]R", "\033[?1036h", "\033[?9001h", "\033[?80h", "\033[?18h",
        /* what is longer or more than any program writes */
        "\033[0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0m", "\033[1:2H", "\033[1?2h", "\033[1 !p",
        "\033[1;1;1H", "\033(((B", "\033]4;1" BEL, "\033]4;x;red" BEL, "\033]10;?;?" BEL, "\033]11;a\\b" BEL, "\033]104" BEL,
        "\033]112" BEL, "\033[23;0t", "\033[<1u", "\033[22;3t", "\033[22;0;4t",
        "\001\002\003\004\006\020\021\022\023\024\025\026\027\031\034\035\036\037",
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        check_stopped(&utf8, rows[i]);
}

TEST(of_several_modes_those_pass_that_may)
{
    check_filter(&utf8, "\033[?1;3;4;2;25l", "\033[?1;4;25l");
    check_filter(&utf8, "\033[?3;2l", "");
}

TEST(a_title_has_a_mark_and_nothing_that_hides_it)
{
    check_filter(&utf8, "\033]0;user@host: ~" BEL, "\033[22;0t\033]0;[cordon] user@host: ~" BEL);
    check_filter(&utf8, "\033]2;" ST, "\033[22;0t\033]2;[cordon] " ST);
    check_filter(&utf8, "\033]0;a" BEL "\033]2;b" BEL,
                 "\033[22;0t\033]0;[cordon] a" BEL "\033]2;[cordon] b" BEL);
    check_filter(&utf8, "\033]1;g\xc3\xbc" "\x01" "n\x0d\xe2\x80\xaeys\xff" BEL,
                 "\033[22;0t\033]1;[cordon] g\xc3\xbcnys\xef\xbf\xbd" BEL);
    check_filter(&eight_bit, "\033]1;g\xfc" BEL, "\033[22;0t\033]1;[cordon] g\xfc" BEL);
}

TEST(a_long_title_is_cut_at_a_character)
{
    char in[TERMINAL_TITLE_MAX * 3] = "\033]2;x", expected[sizeof(in) + 64];
    size_t size;

    for (size_t i = 0; i < TERMINAL_TITLE_MAX; i++)
        strcat(in, "\xc3\xbc");
    snprintf(expected, sizeof(expected), "\033[22;0t\033]2;[cordon] %.*s" BEL, TERMINAL_TITLE_MAX - 1,
             in + 4);
    strcat(in, BEL);
    filter(&utf8, in, strlen(in), 0, 0, &size);
    check_shown(in, expected, size);
}

TEST(a_link_leads_to_the_web_or_nowhere)
{
    static const char *const bad[] = {
        "file:///etc/passwd", "javascript:x", "ssh://host", "http://", "https:///path", "http://bank@evil.org",
        "http://bank%40evil", "https://ex\xc3\xa4mple.org", "http://a b", "vscode://x", "http:/x", "mailto:a@b", "http://a\\b",
    };

    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        char text[256];

        snprintf(text, sizeof(text), "\033]8;;%s" ST, bad[i]);
        check_stopped(&utf8, text);
        snprintf(text, sizeof(text), "\033]8;;http://a.b" ST "x\033]8;;%s" ST "y", bad[i]);
        check_filter(&utf8, text, "\033]8;;http://a.b" ST "x\033]8;;" ST "y");
    }
    check_filter(&utf8, "\033]8;id=a b:foo=1;http://a.b" ST, "\033]8;;http://a.b" ST);
    check_filter(&utf8, "\033]8;foo=1:id=ab;http://a.b" ST, "\033]8;id=ab;http://a.b" ST);
}

TEST(the_clipboard_can_be_set_where_the_policy_says_so_and_never_read)
{
    static const char set[] = "\033]52;c;aGVsbG8=" BEL, empty[] = "\033]52;p;" ST;
    char *big = malloc(300000), *expected = malloc(300000);
    size_t size;

    check_filter(&clipboard, set, set);
    check_filter(&clipboard, empty, empty);
    check_stopped(&clipboard, "\033]52;c;?" BEL);
    check_stopped(&clipboard, "\033]52;c;aGVs?" BEL);
    check_stopped(&clipboard, "\033]52;q;aGVs" BEL);
    check_stopped(&clipboard, "\033]52;c" BEL);
    check_stopped(&clipboard, "\033]5522;type=write" ST);
    check(big && expected);
    for (size_t length = 100000; length < 300000; length += 100000) {
        memset(big, 'A', length);
        memcpy(big, set, 7);
        big[length - 1] = '\a';
        filter(&clipboard, big, length, 0, 4096, &size);
        check_int(size, length == 100000 ? length : 0); /* longer than any clipboard that a program sets */
        check(memcmp(shown, big, size) == 0);
    }
    free(big);
    free(expected);
}

TEST(an_overlong_string_is_dropped_with_all_that_is_in_it)
{
    char *in = malloc(3 * TERMINAL_STRING_MAX);
    size_t size;

    check(in);
    memset(in, 'x', 3 * TERMINAL_STRING_MAX);
    memcpy(in, "\033]2;", 4);
    memcpy(in + 3 * TERMINAL_STRING_MAX - 2, "\az", 2);
    filter(&utf8, in, 3 * TERMINAL_STRING_MAX, 0, 0, &size);
    check_shown("long", "z", size);
    free(in);
}

TEST(controls_of_the_second_set_are_read_as_terminals_read_them)
{
    check_filter(&utf8, "\xc2\x9b" "31mx", "\033[31mx");
    check_stopped(&utf8, "\xc2\x9b" "21t");
    check_stopped(&utf8, "\xc2\x9d" "52;c;aGk=\xc2\x9c");
    check_stopped(&utf8, "\xc2\x90$qm\xc2\x9c");
    check_stopped(&utf8, "\xc2\x9f" "G\xc2\x9c\xc2\x9eq\033\\\xc2\x98q\xc2\x9c\xc2\x9c\xc2\x9a\xc2\x80\xc2\x81");
    check_filter(&utf8, "\xc2\x84\xc2\x85\xc2\x8d\xc2\x88", "\033D\033E\033M\033H");
    check_filter(&eight_bit, "\x9b" "31mx\xe4", "\033[31mx\xe4");
    check_stopped(&eight_bit, "\x9b" "21t");
    check_stopped(&eight_bit, "\x9d" "52;c;aGk=\x9c");
    check_stopped(&eight_bit, "\x90$qm\x9c\x9f" "G\x9c\x80\x99");
    /* a letter whose second byte such a terminal takes for CSI */
    check_filter(&eight_bit, "\xc4\x9b" "21t", "\xc4");
}

TEST(bytes_that_are_no_utf8_become_the_sign_for_it)
{
    check_filter(&utf8, "a\x9b" "21tz", "a\xef\xbf\xbd" "21tz");
    check_filter(&utf8, "\xff\xc3(\xe2\x82(\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    check_filter(&utf8, "\xc0\x9b" "21t", "\xef\xbf\xbd\xef\xbf\xbd" "21t");
    check_filter(&utf8, "\xe2\033[1m", "\xef\xbf\xbd\033[1m");
}

TEST(cancelled_and_broken_sequences_leave_nothing)
{
    check_filter(&utf8, "a\033[3\0301mz", "a1mz");
    check_filter(&utf8, "a\033]0;x\030z", "az");
    check_filter(&utf8, "a\033Pq\032z", "az");
    check_filter(&utf8, "a\033[3\n1mz", "a\n\033[31mz"); /* as ECMA-48's terminals do */
    check_filter(&utf8, "a\033\033[1mz", "a\033[1mz");
    check_filter(&utf8, "a\033[1\033[2mz", "a\033[2mz");
    check_filter(&utf8, "a\033]0;x\033[2mz", "a\033[2mz"); /* the string is given up */
    check_filter(&utf8, "a\033[1\xc3\xbcz", "a\xc3\xbcz");
    check_filter(&utf8, "a\033\177[1mz", "a\033[1mz");
    check_filter(&utf8, "a\033]0;x", "a");
    check_filter(&utf8, "a\033[1", "a");
    check_filter(&utf8, "a\xe2\x82", "a");
}

TEST(a_sequence_within_a_string_is_judged_by_itself)
{
    check_stopped(&utf8, "\033Ptmux;\033\033]52;c;aGk=" BEL ST);
    check_stopped(&utf8, "\033P\033]52;c;?" BEL ST);
    check_stopped(&utf8, "\033]0;a\033]52;c;aGk=" BEL);
    check_stopped(&utf8, "\033_\033[21t" ST);
    check_filter(&utf8, "\033Ptmux;\033\033[1m" ST, "\033[1m");
}

TEST(numbers_that_have_broken_terminals_are_clipped)
{
    check_filter(&utf8, "\033[99999999999999999999;4294967296H", "\033[32767;32767H");
    check_filter(&utf8, "\033[0000000000000007G", "\033[0000000000000007G");
    check_stopped(&utf8, "\033[4294967301n");
    check_stopped(&utf8, "\033[?4294967321h");
}

TEST(a_full_reset_empties_the_screen_and_keeps_what_was_scrolled_away)
{
    check_filter(&utf8, "\033c", "\033[!p\033[H\033[2J");
    check_filter(&utf8, "\033[?1000h\033c", "\033[?1000h\033[?1000l\033[!p\033[H\033[2J");
}

static bool check_end(const char *in, const char *expected)
{
    size_t size;
    bool is_asked = filter(&utf8, in, strlen(in), 0, 0, &size);

    memcpy(shown, shown_end, strlen(shown_end) + 1);
    check_shown(in, expected, strlen(shown_end));
    return is_asked;
}

TEST(what_was_changed_is_put_back_and_nothing_else)
{
    check(!check_end("text", ""));
    check(!check_end("\033[1mx\033[m\033[?25l\033[?25h\033=\033>\033(B", ""));
    check(!check_end("\033[1m", "\033[m"));
    check(!check_end("\033[?1049h\033[?25l\033[?2004h\033=\033[?1h", "\033[?2004l\033[?1l\033[?1049l\033[?25h\033>"));
    check(!check_end("\033[?7l\033[4h\033)0\016", "\033[?7h\033[4l\017\033(B"));
    check(!check_end("\033[2;5r", "\0337\033[r\0338"));
    check(!check_end("\033[3 q\033[>4;2m", "\033[>4m\033[0 q"));
    check(!check_end("\033]0;x" BEL, "\033[23;0t"));
    check(!check_end("\033[22;0;0t\033]0;x" BEL "\033[23;0;0t", ""));
    check(!check_end("\033]8;;http://a.b" ST, "\033]8;;" ST));
    check(!check_end("\033]4;1;red" BEL "\033]11;#000" BEL, "\033]104" ST "\033]111" ST));
    check(!check_end("\033[?2026h", "\033[?2026l"));
    check(!check_end("\033]0;never ended", ""));
}

TEST(the_keyboard_protocol_of_each_screen_is_popped_there)
{
    check(!check_end("\033[>1u\033[>3u", "\033[<2u"));
    check(!check_end("\033[>1u\033[?1049h\033[>3u", "\033[<1u\033[?1049l\033[<1u"));
    check_filter(&utf8, "\033[>1u\033[<9u\033[<u", "\033[>1u\033[<1u");
    check_filter(&utf8, "\033[=1u", "\033[>0u\033[=1u"); /* an entry of its own to change */
    check(!check_end("\033[=1u", "\033[<1u"));
}

TEST(after_a_question_the_last_answer_is_waited_for)
{
    static const char *const questions[] = {
        "\033[c", "\033[6n", "\033[?2026$p", "\033]11;?" BEL, "\033]4;1;?" BEL, "\033[18t", "\033[?u", "\033[>q",
    };

    for (size_t i = 0; i < ARRAY_COUNT(questions); i++)
        check(check_end(questions[i], "\033[5n"));
    check(check_end("\033[?1000h", "\033[?1000l\033[5n"));
    check(!check_end("\033[?1000l\033[5n\033[21t\033]52;c;?" BEL, ""));
}

TEST(output_of_any_size_comes_through_in_order)
{
    static char in[300000];
    struct terminal_filter *filter = NULL;
    struct error err = ERROR_INIT;
    size_t at = 0, count = 0;

    for (size_t i = 0; i < sizeof(in); i++)
        in[i] = i % 61 == 60 ? '\xff' : (char)('!' + i % 61);
    check_int(terminal_filter_new(&utf8, &filter, &err), 0);
    while (at < sizeof(in)) {
        const char *output;
        size_t size;

        at += terminal_filter_step(filter, in + at, sizeof(in) - at, &output, &size);
        check(size > 0 && size <= TERMINAL_CHUNK + 3);
        for (size_t i = 0; i < size; i++) {
            if (output[i] == '\xef' || output[i] == '\xbf' || output[i] == '\xbd') {
                count += output[i] == '\xbd';
                continue;
            }
            check_int(output[i], '!' + (int)(count++ % 61));
        }
    }
    check_int(count, sizeof(in));
    terminal_filter_free(filter);
}

TEST(each_allocation_that_fails_is_said)
{
    for (long count = 0; count < 3; count++) {
        struct terminal_filter *filter = NULL;
        struct error err = ERROR_INIT;

        mem_fail_after(count);
        check(terminal_filter_new(&clipboard, &filter, &err) < 0);
        check(mem_fail_after(-1) < 0);
        check_int(err.kind, ERROR_MEMORY);
        check(!filter);
    }
}

/* Fragments that matter, in any order; the fuzzer's checks hold the output. */
TEST(random_output_holds_what_the_fuzzer_holds)
{
    static const char *const parts[] = {
        "\033", "[", "]", "P", "\\", "\a", "\x9b", "\xc2", "\xc2\x9b", "\xc2\x9d", "\xc2\x9c", "52;c;", "?", "21t", "5n", "0;",
        "8;;http://a", "\030", "1", ";", "m", "h", "?1049", "_G", "x", "\xe2\x82\xac", "c", ">u", "<u", "=1u", "r", "$p", " ", "\n",
        "4;1;red", "104", "(0", "k", "J", "3", "!p", "\x90", "\xff", "\016",
    };
    unsigned seed = 1;

    for (int round = 0; round < 20000; round++) {
        uint8_t in[512];
        size_t size = 2;

        in[0] = (uint8_t)round;
        in[1] = (uint8_t)(round >> 8);
        for (unsigned left = 1 + (seed >> 16) % 40; left; left--) {
            const char *part;

            seed = seed * 1103515245u + 12345u;
            part = parts[(seed >> 16) % ARRAY_COUNT(parts)];
            memcpy(in + size, part, strlen(part));
            size += strlen(part);
        }
        check_int(LLVMFuzzerTestOneInput(in, size), 0);
    }
}

TEST(every_output_that_the_fuzzer_kept_holds)
{
    test_corpus(CORDON_TEST_CORPUS, LLVMFuzzerTestOneInput);
}
