/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of System V and POSIX IPC on the host. Arguments: create NAME (prints the ids of memory,
 * queue and semaphore; NAME is that of the POSIX queue), changed MEMORY NAME (0 when the memory was
 * written or a message arrived), remove MEMORY QUEUE SEMAPHORE NAME.
 */
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "host.h"

static int create(const char *name)
{
    int memory = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    int queue = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    int semaphore = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    struct mq_attr attributes = {.mq_maxmsg = 4, .mq_msgsize = 64};
    struct {
        long type;
        char text[8];
    } message = {1, "secret"};
    mqd_t posix_queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);

    if (memory < 0 || queue < 0 || semaphore < 0 || posix_queue < 0 ||
        msgsnd(queue, &message, sizeof(message.text), 0) < 0)
        die("creation of IPC objects");
    return printf("%d %d %d\n", memory, queue, semaphore) < 0;
}

static int changed(int memory, const char *name)
{
    char *bytes = shmat(memory, NULL, SHM_RDONLY), text[64];
    mqd_t queue = mq_open(name, O_RDONLY | O_NONBLOCK);

    if (bytes == (char *)-1 || queue < 0)
        die("look at IPC objects");
    return strcmp(bytes, "escaped") == 0 || mq_receive(queue, text, sizeof(text), NULL) > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "create") == 0)
        return create(argv[2]);
    if (argc == 4 && strcmp(argv[1], "changed") == 0)
        return changed(atoi(argv[2]), argv[3]);
    if (argc == 6 && strcmp(argv[1], "remove") == 0) {
        shmctl(atoi(argv[2]), IPC_RMID, NULL);
        msgctl(atoi(argv[3]), IPC_RMID, NULL);
        semctl(atoi(argv[4]), 0, IPC_RMID);
        mq_unlink(argv[5]);
        return 0;
    }
    errno = EINVAL;
    die("usage");
}
