#ifdef __linux__
#define _GNU_SOURCE
#include "csockets.h"

#include <linux/filter.h>

_Static_assert(sizeof(csockets_message) == sizeof(struct mmsghdr), "same layout as mmsghdr");

int csockets_receive(int fd, csockets_message *messages, unsigned int count, int flags) {
    return recvmmsg(fd, (struct mmsghdr *)messages, count, flags, 0);
}

int csockets_send(int fd, csockets_message *messages, unsigned int count, int flags) {
    return sendmmsg(fd, (struct mmsghdr *)messages, count, flags);
}

int csockets_drop_everything(int fd) {
    struct sock_filter filter[] = {{BPF_RET | BPF_K, 0, 0, 0}};
    struct sock_fprog program = {1, filter};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}
#endif
