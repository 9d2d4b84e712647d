/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORDON_AUDITOR_CONFINE_H
#define CORDON_AUDITOR_CONFINE_H

#include "auditor/options.h"

/*
 * The calling process, for good: files of the log, the index, keys and state that `options` name, and no other; no TCP but for an
 * export to a URL (which reads the host's resolver and certificates); no way to more rights. A kernel without Landlock: nothing.
 */
int confine(const struct options *options, bool writes_log, struct error *err) must_check;

#endif
