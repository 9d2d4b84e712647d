/* SPDX-License-Identifier: Apache-2.0 */
/* Send what the variable TOKEN holds, or stands for, and look for a text in the answer. Arguments: host, port, text, bytes (with
 * escapes), in which '$' is TOKEN's value and dots up to 96 characters. */
#include "bytes.h"

#define WIDTH 96u

static size_t put_in(const char *bytes, size_t size, const char *value, char *ret)
{
    size_t used = 0, length = strnlen(value, WIDTH);

    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != '$') {
            ret[used++] = bytes[i];
            continue;
        }
        memset(ret + used, '.', WIDTH);
        memcpy(ret + used, value, length);
        used += WIDTH;
    }
    return used;
}

int main(int argc, char **argv)
{
    const char *text = argument(argc, argv, 3), *value = getenv("TOKEN");
    static char bytes[8192], answer[1 << 14];
    size_t size, used = 0, got;
    char *given = argv[4];
    int fd;

    if (argc != 5 || !value || strlen(given) > 2048)
        untried("no secret");
    size = bytes_of(given);
    fd = bytes_connect(argv[1], argv[2]);
    bytes_send(fd, bytes, put_in(given, size, value, bytes));
    while (used < sizeof(answer) && (got = bytes_receive(fd, answer + used, sizeof(answer) - used))) {
        used += got;
        if (memmem(answer, used, text, strlen(text)))
            succeeded("the server answered");
    }
    refused_because("another answer");
}
