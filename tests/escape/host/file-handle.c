/* SPDX-License-Identifier: Apache-2.0 */
/* Print the handle of a file as the kernel's calls by handle take it: type and bytes in hex.
 * Argument: path. */
#include "host.h"

int main(int argc, char **argv)
{
    union {
        struct file_handle handle;
        char space[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } u = {.handle = {.handle_bytes = MAX_HANDLE_SZ}};
    int mount_id;

    if (argc != 2 || name_to_handle_at(AT_FDCWD, argv[1], &u.handle, &mount_id, 0) < 0)
        die("name_to_handle_at");
    printf("%d ", u.handle.handle_type);
    for (unsigned i = 0; i < u.handle.handle_bytes; i++)
        printf("%02x", u.handle.f_handle[i]);
    printf("\n");
    return 0;
}
