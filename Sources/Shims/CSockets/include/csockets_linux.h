// What Linux alone has: recvmmsg, sendmmsg and UDP segmentation offload. Empty elsewhere.
#pragma once
#ifdef __linux__
#include <netinet/udp.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

struct csockets_message;

// `recvmmsg` and `sendmmsg`.
int csockets_receive(int fd, struct csockets_message *_Nonnull messages, unsigned int count, int flags);
int csockets_send(int fd, struct csockets_message *_Nonnull messages, unsigned int count, int flags);

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
#endif
