internal import CNIOBoringSSL

/// Datagrams between BoringSSL and a session, behind a custom BIO: one write is one datagram, and so is one read.
final class DatagramPipe {
    /// The datagram that BoringSSL shall read next. One is enough, as each is worked off before the next is taken.
    var inbound: [UInt8]?
    /// What BoringSSL has written since the session looked last.
    private var outbound: [[UInt8]] = []

    /// A flight has at most a dozen datagrams; what goes beyond this is dropped, as a network might.
    private static let outboundLimit = 64

    func takeOutbound() -> [[UInt8]] {
        defer { outbound.removeAll() }
        return outbound
    }

    /// A BIO that reads and writes here. It is not counted as a reference: the pipe must outlive it.
    func makeBIO() -> OpaquePointer? {
        guard let method = Self.method, let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        return bio
    }

    private static func of(_ bio: OpaquePointer?) -> DatagramPipe? {
        BIO_get_data(bio).map { Unmanaged<DatagramPipe>.fromOpaque($0).takeUnretainedValue() }
    }

    private func write(_ datagram: UnsafeRawBufferPointer) {
        guard outbound.count < Self.outboundLimit else { return }
        outbound.append(Array(datagram))
    }

    /// Copies the waiting datagram; what does not fit is lost, as with a socket.
    private func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        guard let datagram = inbound else { return nil }
        inbound = nil
        let length = min(datagram.count, buffer.count)
        buffer.copyBytes(from: datagram.prefix(length))
        return length
    }

    /// Made once and never freed; only read afterwards.
    private nonisolated(unsafe) static let method: OpaquePointer? = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagram pipe") else { return nil }
        BIO_meth_set_create(method) { bio in
            BIO_set_init(bio, 1)
            return 1
        }
        BIO_meth_set_write(method) { bio, bytes, count in
            guard count >= 0 else { return -1 }
            DatagramPipe.of(bio)?.write(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            return count
        }
        BIO_meth_set_read(method) { bio, bytes, count in
            BIO_clear_retry_flags(bio)
            guard count >= 0, let pipe = DatagramPipe.of(bio) else { return -1 }
            guard let length = pipe.read(into: UnsafeMutableRawBufferPointer(start: bytes, count: Int(count))) else {
                BIO_set_retry_read(bio)
                return -1
            }
            return Int32(length)
        }
        BIO_meth_set_ctrl(method) { _, command, _, _ in
            command == BIO_CTRL_FLUSH ? 1 : 0
        }
        return method
    }()
}
