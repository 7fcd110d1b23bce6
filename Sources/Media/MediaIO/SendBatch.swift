internal import CSockets
internal import Glibc
public import ProtocolCore

/// Collects datagrams grouped by destination and sends them with as few system calls as the kernel allows.
///
/// Datagrams to one destination lie one behind the other in the arena, so that runs of equal size (the last may be
/// shorter) leave as one segmented datagram (UDP GSO, `UDP_SEGMENT`); GSO is what makes forwarding cheap. Where the
/// device refuses it (EIO, EINVAL) the batch is sent again without, and stays without.
///
/// Use: `begin` with a destination; for each of its datagrams `reserve` room, write, `commit`; then the next
/// destination; `flush` when the burst is over or there is no more room.
public struct SendBatch: ~Copyable {
    /// Bytes collected before a flush is due; small enough to stay in the second-level cache.
    public static let arenaSize = 512 * 1024
    /// Room that must be free before another datagram is written.
    public static let largestDatagram = 2048
    /// Segments in one segmented datagram (kernel limit UDP_MAX_SEGMENTS is 64 on older kernels).
    static let largestRun = 64
    /// Bytes in one segmented datagram: below the 64 KiB of a UDP length.
    static let largestRunBytes = 65_000
    static let messageCapacity = 1024
    static let controlStride = 32

    private let arena: UnsafeMutableRawPointer
    private let messages: UnsafeMutablePointer<csockets_message>
    private let vectors: UnsafeMutablePointer<iovec>
    private let addresses: UnsafeMutablePointer<SocketAddress>
    private let controls: UnsafeMutableRawPointer

    private var used = 0
    private var messageCount = 0
    /// Of the run being built: the size of its first segment, how many, and whether a shorter one has closed it.
    private var segmentSize = 0
    private var segmentCount = 0
    private var runIsClosed = true
    private var destination = SocketAddress()

    public private(set) var usesSegmentation: Bool
    /// Datagrams handed to the kernel, and those that it refused, since the start.
    public private(set) var sentDatagrams = 0
    public private(set) var refusedDatagrams = 0
    public private(set) var systemCalls = 0
    /// Whether datagrams are collected instead of sent: for networks that exist in a test alone.
    public var isCapturing = false
    /// What was collected so: the bytes one behind the other, and where each datagram ends and goes.
    private var captured: [UInt8] = []
    private var capturedEnds: [(end: Int, destination: SocketEndpoint)] = []

    public init(usesSegmentation: Bool = true) {
        self.usesSegmentation = usesSegmentation
        arena = .allocate(byteCount: SendBatch.arenaSize, alignment: 64)
        messages = .allocate(capacity: SendBatch.messageCapacity)
        vectors = .allocate(capacity: SendBatch.messageCapacity)
        addresses = .allocate(capacity: SendBatch.messageCapacity)
        controls = .allocate(byteCount: SendBatch.messageCapacity * SendBatch.controlStride, alignment: 16)
        messages.initialize(repeating: csockets_message(), count: SendBatch.messageCapacity)
        vectors.initialize(repeating: iovec(), count: SendBatch.messageCapacity)
        addresses.initialize(repeating: SocketAddress(), count: SendBatch.messageCapacity)
    }

    deinit {
        arena.deallocate()
        messages.deallocate()
        vectors.deallocate()
        addresses.deallocate()
        controls.deallocate()
    }

    /// Whether `reserve` may be called; when not, `flush` first.
    @inline(__always)
    public var hasRoom: Bool {
        used + SendBatch.largestDatagram <= SendBatch.arenaSize && messageCount < SendBatch.messageCapacity
    }

    /// Where to write the next datagram: at least `largestDatagram` bytes. Requires `hasRoom`.
    @inline(__always)
    public func reserve() -> UnsafeMutableRawPointer {
        arena + used
    }

    /// Names the destination of what is committed next.
    public mutating func begin(_ destination: SocketEndpoint, onIPv6Socket: Bool) {
        self.destination = SocketAddress(destination, onIPv6Socket: onIPv6Socket)
        runIsClosed = true
    }

    /// Takes the `length` bytes written at `reserve()` as one datagram.
    @inline(__always)
    public mutating func commit(length: Int) {
        precondition(length > 0 && length <= SendBatch.largestDatagram && hasRoom, "commit follows hasRoom and reserve")
        let start = used
        used += length
        let extendsRun =
            usesSegmentation && !runIsClosed && length <= segmentSize && segmentCount < SendBatch.largestRun
            && segmentCount * segmentSize + length <= SendBatch.largestRunBytes
        if extendsRun {
            vectors[messageCount - 1].iov_len += length
            segmentCount += 1
            if length < segmentSize { runIsClosed = true }
            if segmentCount == 2 { requestSegmentation(of: messageCount - 1) }
            return
        }
        startRun(at: start, length: length)
    }

    private mutating func startRun(at start: Int, length: Int) {
        let index = messageCount
        messageCount += 1
        addresses[index] = destination
        vectors[index] = iovec(iov_base: arena + start, iov_len: length)
        messages[index].header.msg_name = UnsafeMutableRawPointer(addresses + index)
        messages[index].header.msg_namelen = addresses[index].length
        messages[index].header.msg_iov = vectors + index
        messages[index].header.msg_iovlen = 1
        messages[index].header.msg_control = nil
        messages[index].header.msg_controllen = 0
        segmentSize = length
        segmentCount = 1
        runIsClosed = false
    }

    private mutating func requestSegmentation(of index: Int) {
        let control = controls + index * SendBatch.controlStride
        csockets_set_segment_size(control, UInt16(truncatingIfNeeded: segmentSize))
        messages[index].header.msg_control = control
        messages[index].header.msg_controllen = csockets_segment_control_length()
    }

    /// Hands everything to the kernel and empties the batch. What the kernel refuses is dropped, as a network would.
    public mutating func flush(to socket: borrowing UDPSocket) {
        if isCapturing { return capture() }
        var done = 0
        while done < messageCount {
            let count = csockets_send(socket.descriptor, messages + done, UInt32(messageCount - done), 0)
            systemCalls += 1
            if count > 0 {
                for index in done..<(done + Int(count)) { sentDatagrams += segments(of: index) }
                done += Int(count)
                continue
            }
            let reason = errno
            if reason == EINTR { continue }
            if messages[done].header.msg_control != nil, reason == EIO || reason == EINVAL || reason == EOPNOTSUPP {
                usesSegmentation = false
                sendUnsegmented(done, to: socket)
            } else {
                refusedDatagrams += segments(of: done)
            }
            done += 1
        }
        used = 0
        messageCount = 0
        runIsClosed = true
    }

    /// Hands over each datagram that was collected since the last time; its bytes are valid in the call alone.
    public mutating func drainCaptured(_ body: (SocketEndpoint, UnsafeRawBufferPointer) -> Void) {
        captured.withUnsafeBytes { bytes in
            var start = 0
            for (end, destination) in capturedEnds {
                body(destination, UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                start = end
            }
        }
        captured.removeAll(keepingCapacity: true)
        capturedEnds.removeAll(keepingCapacity: true)
    }

    private mutating func capture() {
        for index in 0..<messageCount {
            guard let destination = addresses[index].endpoint, let base = vectors[index].iov_base else { continue }
            let total = vectors[index].iov_len
            let size = messages[index].header.msg_control.map {
                Int($0.load(fromByteOffset: MemoryLayout<cmsghdr>.size, as: UInt16.self))
            }
            captured.append(contentsOf: UnsafeRawBufferPointer(start: base, count: total))
            var left = total
            while left > 0 {
                left -= min(size ?? total, left)
                capturedEnds.append((captured.count - left, destination))
            }
        }
        used = 0
        messageCount = 0
        runIsClosed = true
    }

    private func segments(of index: Int) -> Int {
        guard let control = messages[index].header.msg_control else { return 1 }
        let size = Int(control.load(fromByteOffset: MemoryLayout<cmsghdr>.size, as: UInt16.self))
        return (vectors[index].iov_len + size - 1) / max(1, size)
    }

    private mutating func sendUnsegmented(_ index: Int, to socket: borrowing UDPSocket) {
        guard let control = messages[index].header.msg_control, let base = vectors[index].iov_base else { return }
        let size = Int(control.load(fromByteOffset: MemoryLayout<cmsghdr>.size, as: UInt16.self))
        var offset = 0
        while offset < vectors[index].iov_len {
            let length = min(size, vectors[index].iov_len - offset)
            let sent = addresses.withMemoryRebound(to: SocketAddress.self, capacity: SendBatch.messageCapacity) {
                UnsafeRawPointer($0 + index).withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(socket.descriptor, base + offset, length, 0, $0, addresses[index].length)
                }
            }
            systemCalls += 1
            if sent == length { sentDatagrams += 1 } else { refusedDatagrams += 1 }
            offset += size
        }
    }
}
