/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock constants newer than Debian 12's headers (6.1, ABI 3), each with the kernel that brought it. */
#ifndef CORDON_BASE_KERNEL_LANDLOCK_H
#define CORDON_BASE_KERNEL_LANDLOCK_H

#include <linux/landlock.h>
#include <stdint.h>

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ull << 13) /* 5.19, ABI 2 */
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ull << 14) /* 6.2, ABI 3 */
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ull << 15) /* 6.10, ABI 5 */
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP (1ull << 0)    /* 6.7, ABI 4 */
#define LANDLOCK_ACCESS_NET_CONNECT_TCP (1ull << 1) /* 6.7, ABI 4 */
#endif
#ifndef LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ull << 0) /* 6.12, ABI 6 */
#define LANDLOCK_SCOPE_SIGNAL (1ull << 1)               /* 6.12, ABI 6 */
#endif
#ifndef LANDLOCK_CREATE_RULESET_ERRATA
#define LANDLOCK_CREATE_RULESET_ERRATA (1u << 1) /* 6.15 */
#endif
#ifndef LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON
#define LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON (1u << 1) /* 6.15, ABI 7 */
#endif

/* struct landlock_ruleset_attr as of ABI 6; older kernels are given a shorter size. */
struct landlock_ruleset {
    uint64_t handled_access_fs;  /* ABI 1 */
    uint64_t handled_access_net; /* ABI 4 */
    uint64_t scoped;             /* ABI 6 */
};

#endif
