internal import CSockets

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Glibc)
    internal import Glibc
#endif

extension ReceiveBatch {
    /// Takes what waits with one `recvmsg` for each, and one more that finds nothing.
    mutating func receiveOneByOne(from socket: borrowing UDPSocket) -> Int {
        var count = 0
        while count < ReceiveBatch.capacity {
            messages[count].header.msg_namelen = socklen_t(MemoryLayout<sockaddr_in6>.size)
            let length = recvmsg(socket.descriptor, &messages[count].header, Int32(MSG_DONTWAIT))
            if length < 0, errno == EINTR { continue }
            guard length >= 0 else { break }
            messages[count].length = UInt32(length)
            count += 1
        }
        return count
    }
}
