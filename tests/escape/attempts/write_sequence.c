/* SPDX-License-Identifier: Apache-2.0 */
/* Write a control sequence to the terminal that is stdout. Argument: which one. Only the terminal knows what came of it. */
#include "attempt.h"

static const struct {
    const char *name, *sequence;
} sequences[] = {
    {"clipboard-set", "\033]52;c;ZXNjYXBlZA==\a"},
    {"clipboard-query", "\033]52;c;?\a"},
    {"clipboard-c1", "\302\23552;c;ZXNjYXBlZA==\302\234"},
    {"clipboard-nested", "\033Ptmux;\033\033]52;c;ZXNjYXBlZA==\a\033\\"},
    {"title", "\033]0;root@host\a"},
    {"title-report", "\033[21t"},
    {"screen-report", "\033[1;1;1;1;9;9*y"},
    {"answerback", "\005"},
    {"media-copy", "\033[5iescaped\033[4i"},
    {"file", "\033]1337;File=inline=0:ZXNjYXBlZA==\a"},
    {"link", "\033]8;;file:///etc/passwd\033\\open me\033]8;;\033\\"},
    {"late-answer", "\033[c"},
    {"mouse-left-on", "\033[?1003h"},
};

int main(int argc, char **argv)
{
    const char *name = argument(argc, argv, 1);

    if (!isatty(STDOUT_FILENO))
        broken("stdout is no terminal");
    for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
        const char *sequence = sequences[i].sequence;

        if (strcmp(sequences[i].name, name) != 0)
            continue;
        if (write(STDOUT_FILENO, sequence, strlen(sequence)) < 0)
            refused("write");
        succeeded("the sequence was written");
    }
    errno = EINVAL;
    broken("no such sequence");
}
