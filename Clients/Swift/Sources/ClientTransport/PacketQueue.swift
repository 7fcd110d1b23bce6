internal import ProtocolCore
internal import RTP

/// Video packets that wait for the link to have room, first in, first out.
struct PacketQueue {
    struct Packet {
        var stream: Int
        var payload: [UInt8]
        var timestamp: RTPTimestamp
        var marker: Bool
    }

    private var packets: [Packet] = []
    private var head = 0
    private(set) var byteCount = 0

    var isEmpty: Bool { head == packets.count }
    var count: Int { packets.count - head }

    mutating func append(_ packet: Packet) {
        byteCount += packet.payload.count
        packets.append(packet)
    }

    mutating func popFirst() -> Packet? {
        guard head < packets.count else { return nil }
        let packet = packets[head]
        byteCount -= packet.payload.count
        packets[head].payload = []
        head += 1
        if head == packets.count {
            packets.removeAll(keepingCapacity: packets.count < 256)
            head = 0
        }
        return packet
    }

    /// Drops what waits of one stream. Returns how many bytes that was.
    @discardableResult
    mutating func removeAll(of stream: Int) -> Int {
        let before = byteCount
        packets.removeSubrange(0..<head)
        head = 0
        packets.removeAll { $0.stream == stream }
        byteCount = packets.reduce(0) { $0 + $1.payload.count }
        return before - byteCount
    }
}
