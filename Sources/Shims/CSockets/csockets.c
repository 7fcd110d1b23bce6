#ifdef __linux__
#define _GNU_SOURCE /* pthread_setname_np */
#endif
#include "csockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

// The same on every system: secondary threads have 8 MiB on glibc, 512 KiB on Apple systems and 128 KiB on musl.
static const size_t stack_size = 8 << 20;

// Makes a descriptor that does not block and is closed in child processes; 0, or -1 with errno.
static int prepare(int fd) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return -1;
    return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -1 : 0;
}

static void close_keeping_errno(int fd) {
    int reason = errno;
    close(fd);
    errno = reason;
}

static int open_socket(int family, int type) {
#if defined(__linux__) && !defined(SWITCHBOARD_PORTABLE_IO)
    return socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
#else
    int fd = socket(family, type, 0);
    if (fd < 0) return -1;
    int failed = prepare(fd);
#ifdef SO_NOSIGPIPE
    int on = 1;
    failed = failed || setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    if (failed) {
        close_keeping_errno(fd);
        return -1;
    }
    return fd;
#endif
}

int csockets_datagram_socket(int family) { return open_socket(family, SOCK_DGRAM); }

int csockets_stream_socket(int family) { return open_socket(family, SOCK_STREAM); }

int csockets_pipe(int ends[2]) {
    if (pipe(ends) < 0) return -1;
    if (prepare(ends[0]) == 0 && prepare(ends[1]) == 0) return 0;
    close_keeping_errno(ends[0]);
    close_keeping_errno(ends[1]);
    return -1;
}

struct start {
    char name[64];
    void (*body)(void *);
    void *context;
};

static void *run(void *argument) {
    struct start start = *(struct start *)argument;
    free(argument);
#if defined(__linux__)
    start.name[15] = 0; /* longer names are refused */
    pthread_setname_np(pthread_self(), start.name);
#elif defined(__APPLE__)
    pthread_setname_np(start.name);
#endif
    start.body(start.context);
    return NULL;
}

int csockets_start_thread(const char *name, void (*body)(void *), void *context) {
    struct start *start = calloc(1, sizeof *start);
    if (!start) return ENOMEM;
    strncpy(start->name, name, sizeof start->name - 1);
    start->body = body;
    start->context = context;
    pthread_attr_t attributes;
    int reason = pthread_attr_init(&attributes);
    if (reason) {
        free(start);
        return reason;
    }
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, stack_size);
    pthread_t thread;
    reason = pthread_create(&thread, &attributes, run, start);
    pthread_attr_destroy(&attributes);
    if (reason) free(start);
    return reason;
}
