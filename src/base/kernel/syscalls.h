/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System call names and numbers of this architecture: what the build machine's headers know, and what is newer than
 * Debian 12's (6.1), each with the kernel that brought it. The numbers are the same on x86-64 and arm64 from 424 on.
 */
#ifndef CORDON_BASE_KERNEL_SYSCALLS_H
#define CORDON_BASE_KERNEL_SYSCALLS_H

#include <asm/unistd.h>
#include <stddef.h>

#ifdef __x86_64__
#ifndef __NR_uretprobe
#define __NR_uretprobe 335 /* 6.11 */
#endif
#ifndef __NR_uprobe
#define __NR_uprobe 336 /* 6.18 */
#endif
#endif
#ifndef __NR_cachestat
#define __NR_cachestat 451 /* 6.5 */
#endif
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452 /* 6.6 */
#endif
#ifndef __NR_map_shadow_stack
#define __NR_map_shadow_stack 453 /* 6.6 */
#endif
#ifndef __NR_futex_wake
#define __NR_futex_wake 454    /* 6.7 */
#define __NR_futex_wait 455    /* 6.7 */
#define __NR_futex_requeue 456 /* 6.7 */
#endif
#ifndef __NR_statmount
#define __NR_statmount 457 /* 6.8 */
#define __NR_listmount 458 /* 6.8 */
#endif
#ifndef __NR_lsm_get_self_attr
#define __NR_lsm_get_self_attr 459 /* 6.8 */
#define __NR_lsm_set_self_attr 460 /* 6.8 */
#define __NR_lsm_list_modules 461  /* 6.8 */
#endif
#ifndef __NR_mseal
#define __NR_mseal 462 /* 6.10 */
#endif
#ifndef __NR_setxattrat
#define __NR_setxattrat 463    /* 6.13 */
#define __NR_getxattrat 464    /* 6.13 */
#define __NR_listxattrat 465   /* 6.13 */
#define __NR_removexattrat 466 /* 6.13 */
#endif
#ifndef __NR_open_tree_attr
#define __NR_open_tree_attr 467 /* 6.15 */
#endif
#ifndef __NR_file_getattr
#define __NR_file_getattr 468 /* 6.17 */
#define __NR_file_setattr 469 /* 6.17 */
#endif
#ifndef __NR_listns
#define __NR_listns 470 /* 6.19 */
#endif
#ifndef __NR_rseq_slice_yield
#define __NR_rseq_slice_yield 471 /* 7.0 */
#endif

/* The number of a call, -1 when this build does not know the name. */
int kernel_syscall_number(const char *name);

/* The name of a call, NULL when the number is not known. */
const char *kernel_syscall_name(int number);

/* One more than the highest known number. */
int kernel_syscall_end(void);

#endif
