/* SPDX-License-Identifier: Apache-2.0 */
/* The host's name server of the tests. */
#ifndef CORDON_TESTS_NAMES_SERVER_H
#define CORDON_TESTS_NAMES_SERVER_H

/* Answers until it is killed. `tcp` listens. */
void names_server_run(int udp, int tcp) __attribute__((noreturn));

#endif
