/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the served directory: process 1 writes them (init/served.c), whoever it is outside. */
#include "tier/process/serve.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/file.h"
#include "base/memory.h"
#include "tier/process/control.h"
#include "tier/process/record.h"
#include "tier/process/run.h"

int serve_file(struct tier_run *run, enum plan_served file, const void *bytes, size_t size, struct error *err)
{
    auto_close int fd = -1;
    int status;

    if (run->is_over)
        return 0;
    if (size > RECORD_SERVED_MAX)
        return error_set(err, ERROR_LIMIT, EFBIG, "a file for the program has more than %u bytes", RECORD_SERVED_MAX);
    fd = memfd_create("cordon-served", MFD_CLOEXEC);
    status = fd < 0 ? -errno : file_write_all(fd, bytes, size);
    if (status < 0)
        return error_system(err, -status, "write a file for the program");
    status = control_send_fds(run->control, MESSAGE_SERVE, (uint32_t)file, &fd, 1);
    if (status == -EPIPE || status == -ECONNRESET)
        return 0; /* it has ended, and that is heard */
    return status < 0 ? error_system(err, -status, "hand a file to init") : 0;
}

int serve_first(struct tier_run *run, const struct tier_start *start, struct error *err)
{
    int status = 0;

    for (int i = 0; i < PLAN_SERVED_COUNT && status == 0; i++)
        if (start->served[i].size)
            status = serve_file(run, (enum plan_served)i, start->served[i].bytes, start->served[i].size, err);
    return status;
}
