/* SPDX-License-Identifier: Apache-2.0 */
/* Open a file outside by its handle, without any name. Arguments: handle type, handle in hex,
 * marker. */
#include "attempt.h"

int main(int argc, char **argv)
{
    union {
        struct file_handle handle;
        char space[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } u = {.handle = {.handle_type = (int)number_argument(argc, argv, 1)}};
    const char *hex = argument(argc, argv, 2);
    int mount_fd = open(".", O_RDONLY | O_DIRECTORY), fd;
    unsigned byte;

    for (; sscanf(hex, "%2x", &byte) == 1 && u.handle.handle_bytes < MAX_HANDLE_SZ; hex += 2)
        u.handle.f_handle[u.handle.handle_bytes++] = (unsigned char)byte;
    fd = open_by_handle_at(mount_fd, &u.handle, O_RDONLY);
    if (fd < 0)
        refused("open_by_handle_at");
    if (descriptor_holds(fd, argument(argc, argv, 3)))
        succeeded("open_by_handle_at");
    refused_because("open_by_handle_at: another object");
}
