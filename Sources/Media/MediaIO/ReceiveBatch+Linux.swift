#if os(Linux) && !SWITCHBOARD_PORTABLE_IO
    internal import CSockets
    #if canImport(Musl)
        internal import Musl
    #elseif canImport(Glibc)
        internal import Glibc
    #endif

    extension ReceiveBatch {
        /// Takes what waits with one `recvmmsg`.
        mutating func receiveTogether(from socket: borrowing UDPSocket) -> Int {
            let telling = socket.tellsLocalAddresses
            for index in 0..<ReceiveBatch.capacity {
                messages[index].header.msg_namelen = socklen_t(MemoryLayout<sockaddr_in6>.size)
                messages[index].header.msg_control = telling ? controls + index * ReceiveBatch.controlStride : nil
                messages[index].header.msg_controllen = telling ? .init(ReceiveBatch.controlStride) : 0
            }
            let count = csockets_receive(
                socket.descriptor, messages, UInt32(ReceiveBatch.capacity), Int32(MSG_DONTWAIT))
            return max(0, Int(count))
        }
    }
#endif
