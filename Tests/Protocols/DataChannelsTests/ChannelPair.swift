import NetworkEmulation
import ProtocolCore
import SCTP

@testable import DataChannels

/// Two ends of a peer connection's data channels and the path between them, in virtual time. The left one is the client
/// of DTLS.
final class ChannelPair {
    enum End: Int, CaseIterable {
        case left
        case right

        var other: End { self == .left ? .right : .left }
    }

    private(set) var now = Instant.zero
    var ends: [DataChannelTransport]
    var links: [EmulatedLink<[UInt8]>]
    private(set) var events: [[DataChannelTransport.Event]] = [[], []]
    var change: (End, [UInt8]) -> [[UInt8]] = { _, packet in [packet] }

    init(
        _ conditions: LinkConditions = LinkConditions(delay: .milliseconds(20)), seed: UInt64 = 1,
        configure: (End, inout DataChannelConfiguration) -> Void = { _, _ in }
    ) {
        ends = End.allCases.map { end in
            var configuration = DataChannelConfiguration(
                role: end == .left ? .client : .server,
                association: SCTPConfiguration(seed: seed &* 2 &+ UInt64(end.rawValue)))
            configure(end, &configuration)
            return DataChannelTransport(configuration)
        }
        links = End.allCases.map { EmulatedLink(conditions, seed: seed &+ UInt64($0.rawValue) &* 1000) }
    }

    subscript(_ end: End) -> DataChannelTransport {
        get { ends[end.rawValue] }
        _modify { yield &ends[end.rawValue] }
    }

    func events(at end: End) -> [DataChannelTransport.Event] { events[end.rawValue] }

    func messages(at end: End, on id: ChannelID) -> [ChannelData] {
        events(at: end).compactMap { event in
            if case .message(id, let data) = event { data } else { nil }
        }
    }

    func connect() {
        for end in End.allCases { self[end].connect(now: now) }
        run(for: .seconds(5)) { $0.ends.allSatisfy(\.isEstablished) }
    }

    func open(
        _ label: String = "chat", protocol subprotocol: String = "", from end: End = .left,
        delivery: MessageDelivery = .ordered
    ) throws -> ChannelID {
        try self[end].open(label: label, protocol: subprotocol, delivery: delivery, now: now)
    }

    func send(_ data: ChannelData, on id: ChannelID, from end: End = .left) throws {
        try self[end].send(data, on: id, now: now)
    }

    func settle() {
        for end in End.allCases {
            var packet: [UInt8] = []
            repeat {
                while let event = self[end].poll(now: now) { events[end.rawValue].append(event) }
                while self[end].nextControlPacket(now: now, into: &packet) { put(packet, from: end) }
                while self[end].hasDataToSend, self[end].nextDataPacket(now: now, into: &packet) {
                    put(packet, from: end)
                }
            } while self[end].hasControlToSend
        }
    }

    private func put(_ packet: [UInt8], from end: End) {
        for changed in change(end, packet) { links[end.rawValue].send(changed, size: changed.count, at: now) }
    }

    func run(for time: Duration = .seconds(10), until isDone: (ChannelPair) -> Bool = { _ in false }) {
        let end = now + time
        settle()
        while !isDone(self) {
            let next = (links.map(\.nextEvent) + ends.map(\.deadline)).compactMap(\.self).min()
            guard let next, next <= end else {
                now = end
                break
            }
            now = max(now, next)
            for sender in End.allCases {
                for delivery in links[sender.rawValue].poll(now: now) {
                    self[sender.other].receive(delivery.payload.span.bytes, now: now)
                }
            }
            for end in End.allCases { self[end].advance(now: now) }
            settle()
        }
    }
}
