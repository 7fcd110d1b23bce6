// What SwiftGlibc does not show of Linux sockets: recvmmsg, sendmmsg and UDP segmentation offload.
#pragma once
#include <netinet/in.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

// glibc declares mmsghdr only under _GNU_SOURCE, and SwiftGlibc is built without it; defining it in a header that Swift
// imports gives fd_set two definitions. So the same layout here, checked against the real one in the C file.
typedef struct csockets_message {
    struct msghdr header;
    unsigned int length;
} csockets_message;

int csockets_receive(int fd, csockets_message *_Nonnull messages, unsigned int count, int flags);
int csockets_send(int fd, csockets_message *_Nonnull messages, unsigned int count, int flags);

// The CMSG_ macros are function-like and not imported by Swift.
static inline size_t csockets_segment_control_length(void) { return CMSG_SPACE(sizeof(uint16_t)); }

// Writes the control message that asks the kernel to cut one datagram buffer into segments of `size` bytes.
static inline void csockets_set_segment_size(void *_Nonnull control, uint16_t size) {
    struct cmsghdr *message = (struct cmsghdr *)control;
    message->cmsg_level = SOL_UDP;
    message->cmsg_type = 103; /* UDP_SEGMENT, linux/udp.h */
    message->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    memcpy(CMSG_DATA(message), &size, sizeof size);
}

// Attaches a socket filter that drops every datagram: receivers of benchmarks whose own cost must not count.
int csockets_drop_everything(int fd);

// Names a thread for `top -H` and debuggers; at most 15 characters are kept.
void csockets_name_thread(pthread_t thread, const char *_Nonnull name);
