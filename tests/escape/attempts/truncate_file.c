/* SPDX-License-Identifier: Apache-2.0 */
/* Empty a file by its name. Argument: path. */
#include "attempt.h"

int main(int argc, char **argv)
{
    decide(truncate(argument(argc, argv, 1), 0), "truncate");
}
