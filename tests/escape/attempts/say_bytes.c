/* SPDX-License-Identifier: Apache-2.0 */
/* Send bytes to a server and look for a text in what comes back. Arguments: host, port, text, bytes (with escapes)... each
 * further argument is sent after an answer came. */
#include "bytes.h"

int main(int argc, char **argv)
{
    const char *text = argument(argc, argv, 3);
    static char answers[1 << 16];
    size_t used = 0;
    int fd = bytes_connect(argument(argc, argv, 1), argument(argc, argv, 2));

    for (int i = 4; i < argc; i++) {
        size_t got;

        bytes_send(fd, argv[i], bytes_of(argv[i]));
        used = 0; /* the text must come in the last answer */
        do {
            got = bytes_receive(fd, answers + used, sizeof(answers) - used);
            used += got;
        } while (got && used < sizeof(answers) && !(i < argc - 1 && memmem(answers, used, "world\n", 6)) &&
                 !memmem(answers, used, text, strlen(text)));
        if (!used)
            refused("answer");
    }
    if (!memmem(answers, used, text, strlen(text)))
        refused_because("another answer");
    succeeded("the server answered");
}
