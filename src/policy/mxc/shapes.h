/* SPDX-License-Identifier: Apache-2.0 */
/* The objects below the roots. Only the contract's own files read this. */
#ifndef CORDON_POLICY_MXC_SHAPES_H
#define CORDON_POLICY_MXC_SHAPES_H

#include "base/compiler.h"
#include "policy/mxc/contract.h"

/* Short names for the columns of the tables. */
#define EVERY       MXC_EVERY
#define NEW         MXC_REGISTERED
#define OLD         MXC_UNREGISTERED
#define DIRECTIONAL (MXC_REGISTERED | MXC_0_8) /* network.egress and ingress exist */

#define SHAPE(shape_name, table)                                                                   \
    {                                                                                              \
        .name = shape_name, .members = table, .count = ARRAY_COUNT(table)                          \
    }
#define CHOICES(type_name, table)                                                                  \
    {                                                                                              \
        .name = type_name, .items = table, .count = ARRAY_COUNT(table)                             \
    }

extern const struct mxc_shape mxc_shape_experimental, mxc_shape_fallback, mxc_shape_filesystem,
    mxc_shape_hyperlight, mxc_shape_lifecycle, mxc_shape_lxc, mxc_shape_network, mxc_shape_process,
    mxc_shape_process_container, mxc_shape_runtime_config, mxc_shape_seatbelt,
    mxc_shape_session_lifecycle, mxc_shape_session_network, mxc_shape_telemetry, mxc_shape_test,
    mxc_shape_ui, mxc_shape_windows_sandbox, mxc_shape_wslc, mxc_shape_wslc_lifecycle;

#endif
