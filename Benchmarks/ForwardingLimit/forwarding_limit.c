// The cost floor of forwarding: one publisher to N subscribers, SRTP over loopback UDP, in plain C on OpenSSL.
//
// What our worker does around this (demultiplexing, reports, retransmission history, speakers) is left out on purpose:
// it is the yardstick of `make bench`, run beside the worker with the same burst size in the same minute.
//
//   forwarding_limit [-m gso|sendmmsg] [-c gcm|cm] [-n subscribers] [-b burst] [-r rounds] [-s packet bytes]
//                    [-x drain] [-p microseconds]
//
// A round: `burst` SRTP packets are put into the forwarder's socket (not counted). Counted, as CPU time of this thread:
// recvmmsg; for each packet authenticate and decrypt, and for each subscriber rewrite the header (SSRC, sequence,
// timestamp, transport-wide sequence) and encrypt into an arena; send everything. Subscribers are sockets with a filter
// that drops, so that the receive half of loopback, which runs in the sender's context, is counted and nothing else.
// With -x drain another thread takes what comes to them instead; with -p there is a pause before each round, as between
// the pictures of a video, in which caches get cold. Prints nanoseconds of CPU per forwarded packet.
#define _GNU_SOURCE
#define OPENSSL_SUPPRESS_DEPRECATED
#include <arpa/inet.h>
#include <linux/filter.h>
#include <pthread.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/sha.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEADER 20 /* 12 fixed, 4 extension header, 4 transport-wide sequence with padding */
#define STRIDE 1536

enum cipher { GCM, CM };

struct srtp {
    enum cipher cipher;
    int tag_length;
    uint8_t salt[14];
    EVP_CIPHER_CTX *context;
    SHA_CTX inner, outer; // HMAC-SHA1 with the key already mixed in
    uint8_t tag[16];
    OSSL_PARAM tag_parameter[2];
};

struct subscriber {
    struct srtp srtp;
    int socket;
    struct sockaddr_in address;
    uint16_t sequence_offset, transport_sequence;
    uint32_t ssrc, timestamp_offset, rollover;
};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t cpu(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static void srtp_init(struct srtp *s, enum cipher cipher, int encrypts, int seed) {
    memset(s, 0, sizeof *s);
    s->cipher = cipher;
    uint8_t key[16], authentication[20], pad[64];
    for (int i = 0; i < 16; i++) key[i] = seed * 7 + i;
    for (int i = 0; i < 14; i++) s->salt[i] = seed * 3 + i;
    for (int i = 0; i < 20; i++) authentication[i] = seed * 5 + i;
    s->context = EVP_CIPHER_CTX_new();
    if (cipher == GCM) {
        s->tag_length = 16;
        EVP_CipherInit_ex(s->context, EVP_aes_128_gcm(), NULL, key, NULL, encrypts);
        EVP_CIPHER_CTX_ctrl(s->context, EVP_CTRL_AEAD_SET_IVLEN, 12, NULL);
        s->tag_parameter[0] = OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, s->tag, 16);
        s->tag_parameter[1] = OSSL_PARAM_construct_end();
        return;
    }
    s->tag_length = 10;
    EVP_CipherInit_ex(s->context, EVP_aes_128_ctr(), NULL, key, NULL, 1);
    memset(pad, 0x36, 64);
    for (int i = 0; i < 20; i++) pad[i] ^= authentication[i];
    SHA1_Init(&s->inner);
    SHA1_Update(&s->inner, pad, 64);
    memset(pad, 0x5c, 64);
    for (int i = 0; i < 20; i++) pad[i] ^= authentication[i];
    SHA1_Init(&s->outer);
    SHA1_Update(&s->outer, pad, 64);
}

static void nonce(struct srtp *s, const uint8_t *header, uint32_t rollover, uint8_t *out) {
    uint32_t roc = htonl(rollover);
    memset(out, 0, 16);
    if (s->cipher == GCM) {
        memcpy(out + 2, header + 8, 4);
        memcpy(out + 6, &roc, 4);
        memcpy(out + 10, header + 2, 2);
        for (int i = 0; i < 12; i++) out[i] ^= s->salt[i];
    } else {
        memcpy(out + 4, header + 8, 4);
        memcpy(out + 8, &roc, 4);
        memcpy(out + 12, header + 2, 2);
        for (int i = 0; i < 14; i++) out[i] ^= s->salt[i];
    }
}

static void hmac(struct srtp *s, const uint8_t *bytes, int length, uint32_t rollover, uint8_t *out) {
    uint32_t roc = htonl(rollover);
    uint8_t digest[20];
    SHA_CTX state = s->inner;
    SHA1_Update(&state, bytes, length);
    SHA1_Update(&state, &roc, 4);
    SHA1_Final(digest, &state);
    state = s->outer;
    SHA1_Update(&state, digest, 20);
    SHA1_Final(out, &state);
}

// The header is at out; encrypts `length` bytes of payload behind it and returns the packet's length.
static int protect(struct srtp *s, uint8_t *out, const uint8_t *payload, int length, uint32_t rollover) {
    uint8_t iv[16], digest[20];
    int written;
    nonce(s, out, rollover, iv);
    EVP_EncryptInit_ex(s->context, NULL, NULL, NULL, iv);
    if (s->cipher == GCM) {
        EVP_EncryptUpdate(s->context, NULL, &written, out, HEADER);
        EVP_EncryptUpdate(s->context, out + HEADER, &written, payload, length);
        EVP_EncryptFinal_ex(s->context, out + HEADER + length, &written);
        EVP_CIPHER_CTX_get_params(s->context, s->tag_parameter);
        memcpy(out + HEADER + length, s->tag, 16);
    } else {
        EVP_EncryptUpdate(s->context, out + HEADER, &written, payload, length);
        hmac(s, out, HEADER + length, rollover, digest);
        memcpy(out + HEADER + length, digest, 10);
    }
    return HEADER + length + s->tag_length;
}

static int unprotect(struct srtp *s, uint8_t *packet, int length, uint8_t *out, uint32_t rollover) {
    uint8_t iv[16], digest[20];
    int written, payload = length - HEADER - s->tag_length;
    nonce(s, packet, rollover, iv);
    if (s->cipher == GCM) {
        EVP_DecryptInit_ex(s->context, NULL, NULL, NULL, iv);
        EVP_DecryptUpdate(s->context, NULL, &written, packet, HEADER);
        EVP_DecryptUpdate(s->context, out, &written, packet + HEADER, payload);
        EVP_CIPHER_CTX_ctrl(s->context, EVP_CTRL_AEAD_SET_TAG, 16, packet + HEADER + payload);
        return EVP_DecryptFinal_ex(s->context, out + payload, &written) == 1 ? payload : -1;
    }
    hmac(s, packet, HEADER + payload, rollover, digest);
    if (CRYPTO_memcmp(digest, packet + HEADER + payload, 10)) return -1;
    EVP_EncryptInit_ex(s->context, NULL, NULL, NULL, iv);
    EVP_EncryptUpdate(s->context, out, &written, packet + HEADER, payload);
    return payload;
}

static void store16(uint8_t *at, uint16_t value) {
    value = htons(value);
    memcpy(at, &value, 2);
}

static void store32(uint8_t *at, uint32_t value) {
    value = htonl(value);
    memcpy(at, &value, 4);
}

static void write_header(uint8_t *h, uint16_t sequence, uint32_t timestamp, uint32_t ssrc, uint16_t transport) {
    memset(h, 0, HEADER);
    h[0] = 0x90;
    h[1] = 96;
    store16(h + 2, sequence);
    store32(h + 4, timestamp);
    store32(h + 8, ssrc);
    store16(h + 12, 0xbede);
    store16(h + 14, 1);
    h[16] = 0x31;
    store16(h + 17, transport);
}

static int open_socket(struct sockaddr_in *address) {
    int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
    socklen_t length = sizeof *address;
    if (descriptor < 0) fail("socket");
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(descriptor, (void *)address, length)) fail("bind");
    getsockname(descriptor, (void *)address, &length);
    return descriptor;
}

static volatile int draining = 1;

// Takes what comes to the subscribers, as their clients would, on a thread whose time does not count.
static void *drain(void *argument) {
    static uint8_t buffers[64][2048];
    struct mmsghdr messages[64] = {0};
    struct iovec vectors[64];
    for (int i = 0; i < 64; i++) {
        vectors[i] = (struct iovec){buffers[i], sizeof buffers[i]};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    while (draining) {
        struct epoll_event events[64];
        int count = epoll_wait(*(int *)argument, events, 64, 50);
        for (int i = 0; i < count; i++)
            while (recvmmsg(events[i].data.fd, messages, 64, MSG_DONTWAIT, NULL) > 0) {}
    }
    return NULL;
}

int main(int argc, char **argv) {
    int subscribers = 50, burst = 8, rounds = 1000, size = 1200, option, segments = 1, drains = 0, pause = 0;
    enum cipher cipher = GCM;
    while ((option = getopt(argc, argv, "m:c:n:b:r:s:x:p:")) > 0) switch (option) {
        case 'm': segments = !strcmp(optarg, "gso"); break;
        case 'c': cipher = !strcmp(optarg, "gcm") ? GCM : CM; break;
        case 'n': subscribers = atoi(optarg); break;
        case 'b': burst = atoi(optarg); break;
        case 'r': rounds = atoi(optarg); break;
        case 's': size = atoi(optarg); break;
        case 'x': drains = !strcmp(optarg, "drain"); break;
        case 'p': pause = atoi(optarg); break;
        default: return 2;
    }
    if (subscribers < 1 || burst < 1 || burst > 54 || rounds < 10 || size < 64 || size > 1400) return 2;

    struct sockaddr_in forwarder, publisher;
    int in = open_socket(&forwarder), out = open_socket(&publisher), buffer = 4 << 20;
    setsockopt(in, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    setsockopt(in, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    if (connect(out, (void *)&forwarder, sizeof forwarder)) fail("connect");

    struct sock_filter drop[] = {{BPF_RET | BPF_K, 0, 0, 0}};
    struct sock_fprog program = {1, drop};
    int epoll = epoll_create1(0);
    struct subscriber *all = calloc(subscribers, sizeof *all);
    for (int i = 0; i < subscribers; i++) {
        all[i].socket = open_socket(&all[i].address);
        if (drains) {
            struct epoll_event event = {.events = EPOLLIN, .data.fd = all[i].socket};
            epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].socket, &event);
        } else {
            setsockopt(all[i].socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
        }
        srtp_init(&all[i].srtp, cipher, 1, i + 2);
        all[i].sequence_offset = i * 100;
        all[i].ssrc = 0x1000 + i;
        all[i].timestamp_offset = i * 9;
    }
    struct srtp sender, receiver;
    srtp_init(&sender, cipher, 1, 1);
    srtp_init(&receiver, cipher, 0, 1);

    int payload = size - HEADER - sender.tag_length;
    uint8_t *plain = malloc(2048), *wire = malloc(2048), *decrypted = aligned_alloc(64, 2048);
    uint8_t *received = aligned_alloc(64, burst * 2048);
    // Packets of one subscriber lie one behind the other, so that segmentation can take them in one go.
    uint8_t *arena = aligned_alloc(64, (size_t)subscribers * burst * STRIDE);
    for (int i = 0; i < payload; i++) plain[i] = i * 31;
    struct mmsghdr *in_messages = calloc(burst, sizeof *in_messages);
    struct mmsghdr *out_messages = calloc((size_t)subscribers * burst, sizeof *out_messages);
    struct iovec *in_vectors = calloc(burst, sizeof *in_vectors);
    struct iovec *out_vectors = calloc((size_t)subscribers * burst, sizeof *out_vectors);
    char(*control)[64] = calloc(subscribers, 64);
    struct sockaddr_in *from = calloc(burst, sizeof *from);
    for (int i = 0; i < burst; i++) {
        in_vectors[i] = (struct iovec){received + i * 2048, 2048};
        in_messages[i].msg_hdr = (struct msghdr){
            .msg_name = &from[i], .msg_namelen = 16, .msg_iov = &in_vectors[i], .msg_iovlen = 1};
    }

    pthread_t thread;
    if (drains) pthread_create(&thread, NULL, drain, &epoll);
    uint64_t in_time = 0, crypto_time = 0, out_time = 0, forwarded = 0, failed = 0;
    uint16_t sequence = 1;
    uint32_t rollover = 0;
    for (int round = -rounds / 10; round < rounds; round++) {
        if (round == 0) in_time = crypto_time = out_time = forwarded = failed = 0;
        uint32_t first_rollover = rollover;
        uint16_t first_sequence = sequence;
        for (int i = 0; i < burst; i++) {
            write_header(wire, sequence, 3000 * round, 77, 0);
            int length = protect(&sender, wire, plain, payload, rollover);
            if (send(out, wire, length, 0) != length) fail("send");
            if (++sequence == 0) rollover++;
        }
        if (pause) usleep(pause);
        uint64_t start = cpu();
        int count = recvmmsg(in, in_messages, burst, MSG_DONTWAIT, NULL);
        if (count != burst) fail("recvmmsg");
        uint64_t taken = cpu();
        int length = size;
        for (int i = 0; i < count; i++) {
            uint8_t *packet = received + i * 2048;
            uint16_t number = packet[2] << 8 | packet[3];
            uint32_t timestamp;
            memcpy(&timestamp, packet + 4, 4);
            timestamp = ntohl(timestamp);
            uint32_t roc = first_rollover + (number < first_sequence);
            int n = unprotect(&receiver, packet, in_messages[i].msg_len, decrypted, roc);
            if (n < 0) {
                failed++;
                continue;
            }
            for (int j = 0; j < subscribers; j++) {
                struct subscriber *s = &all[j];
                uint8_t *to = arena + ((size_t)j * burst + i) * (segments ? size : STRIDE);
                uint16_t own = number + s->sequence_offset;
                if (own == 0) s->rollover++;
                memcpy(to, packet, HEADER);
                store16(to + 2, own);
                store32(to + 4, timestamp + s->timestamp_offset);
                store32(to + 8, s->ssrc);
                store16(to + 17, s->transport_sequence++);
                length = protect(&s->srtp, to, decrypted, n, s->rollover);
                forwarded++;
            }
        }
        uint64_t encrypted = cpu();
        int messages = 0;
        for (int j = 0; j < subscribers; j++)
            for (int i = 0; i < count; i += segments ? count : 1) {
                uint8_t *first = arena + ((size_t)j * burst + i) * (segments ? size : STRIDE);
                out_vectors[messages] = (struct iovec){first, segments ? (size_t)count * length : (size_t)length};
                struct msghdr *header = &out_messages[messages].msg_hdr;
                *header = (struct msghdr){.msg_name = &all[j].address, .msg_namelen = 16,
                                          .msg_iov = &out_vectors[messages], .msg_iovlen = 1};
                if (segments) {
                    header->msg_control = control[j];
                    header->msg_controllen = CMSG_SPACE(2);
                    struct cmsghdr *c = (void *)control[j];
                    c->cmsg_level = SOL_UDP;
                    c->cmsg_type = 103; /* UDP_SEGMENT */
                    c->cmsg_len = CMSG_LEN(2);
                    *(uint16_t *)CMSG_DATA(c) = length;
                }
                messages++;
            }
        for (int done = 0; done < messages;) {
            int n = sendmmsg(in, out_messages + done, messages - done > 1024 ? 1024 : messages - done, 0);
            if (n < 0) {
                failed++;
                break;
            }
            done += n;
        }
        uint64_t sent = cpu();
        in_time += taken - start;
        crypto_time += encrypted - taken;
        out_time += sent - encrypted;
    }
    draining = 0;
    if (drains) pthread_join(thread, NULL);
    double packets = forwarded;
    printf("total=%.0f receive=%.0f crypto=%.0f send=%.0f failed=%lu\n", (in_time + crypto_time + out_time) / packets,
           in_time / packets, crypto_time / packets, out_time / packets, (unsigned long)failed);
    return failed != 0;
}
