/* SPDX-License-Identifier: Apache-2.0 */
/* Rename an object away and put a directory or file of our own in its place. Arguments: path, new
 * path. */
#include "attempt.h"

int main(int argc, char **argv)
{
    const char *path = argument(argc, argv, 1);

    decide(rename(path, argument(argc, argv, 2)), "rename away");
}
