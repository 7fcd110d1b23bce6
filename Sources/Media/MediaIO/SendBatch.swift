internal import CSockets
public import ProtocolCore

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Glibc)
    internal import Glibc
#endif

/// Collects datagrams grouped by destination and sends them with as few system calls as the kernel allows.
///
/// Datagrams to one destination lie one behind the other in the arena, so that runs of equal size (the last may be
/// shorter) leave as one segmented datagram (UDP GSO); GSO is what makes forwarding cheap. Where the device refuses it
/// (EIO, EINVAL) the batch is sent again without, and stays without. Only Linux has it: elsewhere each datagram is a
/// system call.
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
    /// Room for what is said of one message: the size of its segments and the address that it leaves from.
    static let controlStride = 64

    // Not private for what is in other files: how each back end sends.
    let messages: UnsafeMutablePointer<csockets_message>
    let vectors: UnsafeMutablePointer<iovec>
    let addresses: UnsafeMutablePointer<SocketAddress>
    let controls: UnsafeMutableRawPointer
    /// The size of a message's segments; 0 when it is one datagram.
    let segmentSizes: UnsafeMutablePointer<UInt16>
    private let arena: UnsafeMutableRawPointer
    private let backEnd: IOBackEnd

    private var used = 0
    private(set) var messageCount = 0
    /// Of the run being built: the size of its first segment, how many, and whether a shorter one has closed it.
    private var segmentSize = 0
    private var segmentCount = 0
    private var runIsClosed = true
    private var destination = SocketAddress()
    private var source = SocketEndpoint.unspecified
    private var isOnIPv6Socket = false

    public internal(set) var usesSegmentation: Bool
    /// Datagrams handed to the kernel, and those that it refused, since the start.
    public internal(set) var sentDatagrams = 0
    public internal(set) var refusedDatagrams = 0
    public internal(set) var systemCalls = 0
    /// Whether datagrams are collected instead of sent: for networks that exist in a test alone.
    public var isCapturing = false
    /// What was collected so: the bytes one behind the other, and where each datagram ends and goes.
    private var captured: [UInt8] = []
    private var capturedEnds: [(end: Int, destination: SocketEndpoint)] = []

    /// - Parameter usesSegmentation: Whether to try UDP segmentation offload, where there is such a thing.
    public init(usesSegmentation: Bool = true) {
        self.init(usesSegmentation: usesSegmentation, backEnd: .preferred)
    }

    package init(usesSegmentation: Bool, backEnd: IOBackEnd) {
        self.usesSegmentation = usesSegmentation && backEnd != .portable
        self.backEnd = backEnd
        arena = .allocate(byteCount: SendBatch.arenaSize, alignment: 64)
        messages = .allocate(capacity: SendBatch.messageCapacity)
        vectors = .allocate(capacity: SendBatch.messageCapacity)
        addresses = .allocate(capacity: SendBatch.messageCapacity)
        controls = .allocate(byteCount: SendBatch.messageCapacity * SendBatch.controlStride, alignment: 16)
        segmentSizes = .allocate(capacity: SendBatch.messageCapacity)
        segmentSizes.initialize(repeating: 0, count: SendBatch.messageCapacity)
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
        segmentSizes.deallocate()
    }

    /// Whether `reserve` may be called; when not, `flush` first.
    @inline(__always)
    public var hasRoom: Bool {
        used + SendBatch.largestDatagram <= SendBatch.arenaSize && messageCount < SendBatch.messageCapacity
    }

    /// How long the next datagram should be to go on in the segmented datagram that is being built; 0 when none is.
    @inline(__always)
    public var openSegmentSize: Int {
        usesSegmentation && !runIsClosed && segmentCount < SendBatch.largestRun ? segmentSize : 0
    }

    /// Where to write the next datagram: at least `largestDatagram` bytes. Requires `hasRoom`.
    @inline(__always)
    public func reserve() -> UnsafeMutableRawPointer {
        arena + used
    }

    /// Names the destination of what is committed next.
    /// - Parameter source: The address of ours that it shall leave from; `unspecified` leaves the choice to the kernel, as
    ///   the portable back end always does.
    public mutating func begin(
        _ destination: SocketEndpoint, from source: SocketEndpoint = .unspecified, onIPv6Socket: Bool
    ) {
        self.destination = SocketAddress(destination, onIPv6Socket: onIPv6Socket)
        self.source = source
        isOnIPv6Socket = onIPv6Socket
        runIsClosed = true
    }

    /// Names the path of what is committed next.
    @inline(__always)
    public mutating func begin(_ path: NetworkPath, onIPv6Socket: Bool) {
        begin(path.remote, from: path.local, onIPv6Socket: onIPv6Socket)
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
            if segmentCount == 2 { segmentSizes[messageCount - 1] = UInt16(truncatingIfNeeded: segmentSize) }
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
        segmentSizes[index] = 0
        messages[index].header.msg_control = nil
        messages[index].header.msg_controllen = 0
        if !source.isUnspecified { nameSource(of: index) }
        segmentSize = length
        segmentCount = 1
        runIsClosed = false
    }

    /// Says from which of our addresses a message leaves, where the back end can.
    @inline(__always)
    private func nameSource(of index: Int) {
        #if os(Linux) && !SWITCHBOARD_PORTABLE_IO
            guard backEnd == .linux, source.isIPv6 ? isOnIPv6Socket : true else { return }
            let control = controls + index * SendBatch.controlStride
            let low = source.isIPv6 || !isOnIPv6Socket ? source.low : 0xffff_0000_0000 | source.low
            messages[index].header.msg_control = control
            messages[index].header.msg_controllen = .init(
                csockets_set_local_address(control, isOnIPv6Socket ? 1 : 0, source.high, low))
        #endif
    }

    /// Hands everything to the kernel and empties the batch. What the kernel refuses is dropped, as a network would.
    public mutating func flush(to socket: borrowing UDPSocket) {
        if isCapturing {
            capture()
        } else {
            switch backEnd {
            #if os(Linux) && !SWITCHBOARD_PORTABLE_IO
                case .linux: sendTogether(to: socket)
            #endif
            case .portable: sendOneByOne(to: socket)
            }
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
            let size = segmentSizes[index] == 0 ? total : Int(segmentSizes[index])
            captured.append(contentsOf: UnsafeRawBufferPointer(start: base, count: total))
            var left = total
            while left > 0 {
                left -= min(size, left)
                capturedEnds.append((captured.count - left, destination))
            }
        }
    }
}
