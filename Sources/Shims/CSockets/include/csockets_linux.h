// What Linux alone has: recvmmsg, sendmmsg and UDP segmentation offload. Empty elsewhere.
#pragma once
#ifdef __linux__
#include <endian.h>
#include <netinet/in.h>
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

// Room for the control messages of one datagram: UDP_SEGMENT, and the larger of the two kinds of packet information.
#define CSOCKETS_CONTROL_SPACE 64

// As `struct in6_pktinfo`, which glibc declares only under _GNU_SOURCE.
struct csockets_packet_info6 {
    struct in6_addr address;
    unsigned int interface;
};
// As `struct in_pktinfo`, for the same reason.
struct csockets_packet_info {
    int interface;
    struct in_addr local;
    struct in_addr destination;
};

// Has the kernel say to which of our addresses each datagram came; 0, or -1 with errno. An IPv6 socket says it of IPv4
// too, as a mapped address.
static inline int csockets_tell_local_addresses(int fd, int is_ipv6) {
    int on = 1;
    return is_ipv6 ? setsockopt(fd, IPPROTO_IPV6, 49 /* IPV6_RECVPKTINFO */, &on, sizeof on)
                   : setsockopt(fd, IPPROTO_IP, 8 /* IP_PKTINFO */, &on, sizeof on);
}

// Reads to which of our addresses a received message came. Returns 4 or 6 with the address in host order, or 0.
static inline int csockets_local_address(const struct msghdr *_Nonnull message, uint64_t *_Nonnull high,
                                         uint64_t *_Nonnull low) {
    const struct cmsghdr *control = CMSG_FIRSTHDR(message);
    if (!control) return 0;
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == 8 /* IP_PKTINFO */) {
        struct csockets_packet_info info;
        memcpy(&info, CMSG_DATA(control), sizeof info);
        *high = 0;
        *low = ntohl(info.local.s_addr);
        return 4;
    }
    if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == 50 /* IPV6_PKTINFO */) {
        uint64_t words[2];
        memcpy(words, CMSG_DATA(control), sizeof words);
        *high = be64toh(words[0]);
        *low = be64toh(words[1]);
        if (*high == 0 && *low >> 32 == 0xffff) {
            *low &= 0xffffffff;
            return 4;
        }
        return 6;
    }
    return 0;
}

// Writes the control message that names the address of ours from which a datagram leaves; returns its length.
static inline size_t csockets_set_local_address(void *_Nonnull control, int on_ipv6_socket, uint64_t high, uint64_t low) {
    struct cmsghdr *message = (struct cmsghdr *)control;
    if (on_ipv6_socket) {
        uint64_t words[2] = {htobe64(high), htobe64(low)};
        struct csockets_packet_info6 info = {.interface = 0};
        memcpy(&info.address, words, sizeof words);
        message->cmsg_level = IPPROTO_IPV6;
        message->cmsg_type = 50; /* IPV6_PKTINFO */
        message->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(message), &info, sizeof info);
        return CMSG_SPACE(sizeof info);
    }
    struct csockets_packet_info info = {.interface = 0, .local = {htonl((uint32_t)low)}, .destination = {0}};
    message->cmsg_level = IPPROTO_IP;
    message->cmsg_type = 8; /* IP_PKTINFO */
    message->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(message), &info, sizeof info);
    return CMSG_SPACE(sizeof info);
}

// Attaches a socket filter that drops every datagram: receivers of benchmarks whose own cost must not count.
int csockets_drop_everything(int fd);
#endif
