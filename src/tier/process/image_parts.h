/* SPDX-License-Identifier: Apache-2.0 */
/* A record while it grows: what image.c and image_mounts.c write it with. */
#ifndef CORDON_TIER_PROCESS_IMAGE_PARTS_H
#define CORDON_TIER_PROCESS_IMAGE_PARTS_H

#include "base/error.h"
#include "base/text.h"
#include "policy/plan.h"
#include "tier/process/confine.h"
#include "tier/process/record.h"

/* A failed allocation or a passed maximum is remembered in bytes.is_broken. */
struct image {
    struct text bytes;
};

/* The beginning; moves whenever something is put. Not of a broken image. */
struct record *image_head(struct image *image);

/* Behind what is there; where it lies. */
uint32_t image_put(struct image *image, const void *data, size_t size, size_t align);
uint32_t image_put_string(struct image *image, const char *text);
uint32_t image_put_array(struct image *image, const void *data, size_t count, size_t size);

/* There is no memory to go on. */
void image_break(struct image *image, struct error *err);

/* As the record has it. */
uint64_t image_device_number(dev_t device);

/* image_mounts.c: what is mounted, and the rules of Landlock. */
void image_put_mounts(struct image *image, const struct plan *plan, const struct confine *confine, struct error *err);
void image_put_confinement(struct image *image, const struct plan *plan, const struct confine *confine, const char *scratch,
                           struct error *err);

#endif
