internal import CSockets

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Glibc)
    internal import Glibc
#endif

extension SendBatch {
    /// Sends with one `sendmsg` for each datagram.
    mutating func sendOneByOne(to socket: borrowing UDPSocket) {
        for index in 0..<messageCount {
            var sent: Int
            repeat {
                sent = sendmsg(socket.descriptor, &messages[index].header, 0)
                systemCalls += 1
            } while sent < 0 && errno == EINTR
            if sent == vectors[index].iov_len { sentDatagrams += 1 } else { refusedDatagrams += 1 }
        }
    }
}
