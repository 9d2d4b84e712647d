/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/process/who.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"

#define WHO_SIZE (RECORD_WHO_COUNT * sizeof(struct record_who))
#define READS    4 /* what is written again and again is somebody's who is there */

int who_open(struct tier_run *run, int *ret_fd, struct error *err)
{
    auto_close int fd = memfd_create("cordon-who", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    void *memory;

    if (fd < 0)
        return error_system(err, errno, "create a memory file");
    /* what process 1 cannot make smaller can be read without a signal */
    if (ftruncate(fd, WHO_SIZE) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
        return error_system(err, errno, "make room for who connects");
    memory = mmap(NULL, WHO_SIZE, PROT_READ, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return error_system(err, errno, "map who connects");
    run->who = memory;
    *ret_fd = take_fd(fd);
    return 0;
}

void who_close(struct tier_run *run)
{
    if (run->who)
        munmap((void *)(uintptr_t)run->who, WHO_SIZE);
    run->who = NULL;
}

/* Nothing in it is believed before it has been copied. false = it was written meanwhile. */
static bool copy_slot(const struct record_who *slot, struct record_who *ret_copy)
{
    uint32_t turn = __atomic_load_n(&slot->turn, __ATOMIC_ACQUIRE);

    memcpy(ret_copy, slot, sizeof(*ret_copy));
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return turn % 2 == 0 && turn == __atomic_load_n(&slot->turn, __ATOMIC_RELAXED);
}

bool who_executed(const struct tier_run *run, unsigned pid, char *ret_path, size_t size)
{
    struct record_who copy;
    bool is_whole = false;

    for (int i = 0; i < READS && run->who && !is_whole; i++)
        is_whole = copy_slot(&run->who[pid % RECORD_WHO_COUNT], &copy);
    if (!is_whole || !pid || copy.process != pid || !copy.length || copy.length > sizeof(copy.exe) || copy.length >= size)
        return false;
    memcpy(ret_path, copy.exe, copy.length);
    ret_path[copy.length] = '\0';
    return strlen(ret_path) == copy.length;
}
