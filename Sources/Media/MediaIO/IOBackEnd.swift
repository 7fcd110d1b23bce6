/// Which system calls wake the thread and move datagrams.
///
/// The portable ones are built everywhere, so that tests hold both to the same behaviour. A build with
/// `SWITCHBOARD_PORTABLE_IO` has no others, as one for an Apple system.
package enum IOBackEnd: String, CaseIterable, Sendable {
    #if os(Linux) && !SWITCHBOARD_PORTABLE_IO
        /// epoll, `recvmmsg`, `sendmmsg` and UDP segmentation offload.
        case linux
    #endif
    /// POSIX alone: `poll`, `recvmsg`, `sendmsg`.
    case portable

    /// The one that programs use: the cheapest there is.
    package static var preferred: IOBackEnd {
        #if os(Linux) && !SWITCHBOARD_PORTABLE_IO
            .linux
        #else
            .portable
        #endif
    }
}
