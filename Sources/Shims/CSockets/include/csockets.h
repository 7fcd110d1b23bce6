// What Swift does not see of sockets and threads, or sees differently on each system: POSIX here, and what Linux alone
// has in csockets_linux.h.
#pragma once
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "csockets_linux.h"

// A message and how many bytes of it were moved. The layout is that of `mmsghdr`, which glibc declares only under
// _GNU_SOURCE: SwiftGlibc is built without it, and defining it in a header that Swift imports gives fd_set two
// definitions.
typedef struct csockets_message {
    struct msghdr header;
    unsigned int length;
} csockets_message;

// Open a socket that does not block, is closed in child processes, and never raises SIGPIPE where that is a property of
// the socket. -1 with errno when that cannot be had.
int csockets_datagram_socket(int family);
int csockets_stream_socket(int family);

// The flag for `send` on a stream that keeps SIGPIPE away, where that is a matter of the call.
static inline int csockets_send_flags(void) {
#ifdef MSG_NOSIGNAL
    return MSG_NOSIGNAL;
#else
    return 0;
#endif
}

// Opens a pipe whose ends do not block and are closed in child processes: the end to read from, then the other.
int csockets_pipe(int ends[_Nonnull 2]);

// Starts a detached thread; 0, or the error's number. `name` shows in `top -H` and debuggers: 15 characters are kept on
// Linux, 63 on Apple systems.
int csockets_start_thread(const char *_Nonnull name, void (*_Nonnull body)(void *_Nonnull), void *_Nonnull context);

// A number for the calling thread, never 0. pthread_t is a number on one system and a pointer on the next.
static inline uintptr_t csockets_current_thread(void) { return (uintptr_t)pthread_self(); }
