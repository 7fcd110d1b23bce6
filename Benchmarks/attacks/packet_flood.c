/* Sends datagrams as fast as one core can: packet_flood HOST PORT SECONDS SOURCES FROM < TEMPLATES
 *
 * TEMPLATES are packets, each behind its length (two bytes, big-endian); they are sent in turn from SOURCES sockets at
 * the address FROM, each with a port of its own. Loopback only. Prints packets and bytes sent.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, MOST_TEMPLATES = 1024, MOST_SOURCES = 1024, LARGEST = 2048 };

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static size_t read_templates(struct iovec *templates) {
    size_t count = 0;
    uint8_t head[2];
    while (count < MOST_TEMPLATES && fread(head, 1, 2, stdin) == 2) {
        size_t length = (size_t)head[0] << 8 | head[1];
        if (length == 0 || length > LARGEST) break;
        uint8_t *bytes = malloc(length);
        if (bytes == NULL || fread(bytes, 1, length, stdin) != length) break;
        templates[count++] = (struct iovec){bytes, length};
    }
    return count;
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: %s HOST PORT SECONDS SOURCES FROM < TEMPLATES\n", argv[0]);
        return 2;
    }
    struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
    if (inet_pton(AF_INET, argv[1], &target.sin_addr) != 1 || ntohl(target.sin_addr.s_addr) >> 24 != 127) {
        fprintf(stderr, "packet_flood: %s is not a loopback address\n", argv[1]);
        return 2;
    }
    struct sockaddr_in own = {.sin_family = AF_INET};
    if (inet_pton(AF_INET, argv[5], &own.sin_addr) != 1) return 2;
    double limit = atof(argv[3]);
    int sources = atoi(argv[4]);
    if (sources < 1 || sources > MOST_SOURCES || limit <= 0 || limit > 60) return 2;

    static struct iovec templates[MOST_TEMPLATES];
    size_t count = read_templates(templates);
    if (count == 0) return 2;

    static int sockets[MOST_SOURCES];
    for (int index = 0; index < sources; index++) {
        sockets[index] = socket(AF_INET, SOCK_DGRAM, 0);
        if (sockets[index] < 0 || bind(sockets[index], (struct sockaddr *)&own, sizeof own) != 0
            || connect(sockets[index], (struct sockaddr *)&target, sizeof target) != 0) {
            perror("packet_flood: socket");
            return 1;
        }
    }

    struct mmsghdr messages[BATCH];
    memset(messages, 0, sizeof messages);
    uint64_t packets = 0, bytes = 0;
    size_t next = 0;
    double end = seconds_now() + limit;
    for (int turn = 0; seconds_now() < end; turn = (turn + 1) % sources) {
        for (int index = 0; index < BATCH; index++) {
            messages[index].msg_hdr.msg_iov = &templates[next];
            messages[index].msg_hdr.msg_iovlen = 1;
            next = (next + 1) % count;
        }
        int sent = sendmmsg(sockets[turn], messages, BATCH, MSG_DONTWAIT);
        for (int index = 0; index < sent; index++) bytes += messages[index].msg_len;
        if (sent > 0) packets += (uint64_t)sent;
    }
    printf("%llu %llu\n", (unsigned long long)packets, (unsigned long long)bytes);
    return 0;
}
