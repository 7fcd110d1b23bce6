import ProtocolCore

@testable import SCTP

/// Two associations that know each other, made once; each input begins with a copy.
private let established = SCTPStage()

/// Steps to an established association, each told by a byte: chunks with the right tag and checksum, and with numbers
/// counted from where the association stands, which no search would find; time; messages; genuine packets of the peer.
func testSCTP(_ input: RawSpan) {
    var reader = InputReader(input)
    var stage = established
    while !reader.isAtEnd, stage.steps < 200 {
        stage.steps += 1
        switch reader.byte() % 5 {
        case 0: stage.give(reader.bytes(Int(reader.uint16() & 0xfff)))
        case 1: stage.wait(.milliseconds(20 * Int64(reader.byte())))
        case 2: stage.send(count: Int(reader.byte()) * 32 + 1, choice: reader.byte())
        case 3: stage.exchange()
        default: stage.giveWhole(reader.bytes(Int(reader.uint16() & 0xfff)))
        }
        stage.checkBounds()
    }
    stage.exchange()
}

private struct SCTPStage {
    private var subject = SCTPAssociation(SCTPConfiguration(seed: 1))
    private var peer = SCTPAssociation(SCTPConfiguration(seed: 2))
    private var now = Instant.zero
    var steps = 0

    init() {
        peer.connect(now: now)
        exchange()
        check(subject.isEstablished && peer.isEstablished, "the handshake succeeds")
    }

    /// Chunks, with everything else right.
    mutating func give(_ chunks: [UInt8]) {
        var packet: [UInt8] = []
        PacketWriter.begin(&packet, from: 5000, to: 5000, tag: subject.localTag)
        packet += chunks
        count(from: 12, in: &packet)
        receive(packet)
    }

    /// A packet that may be wrong from its ports on.
    mutating func giveWhole(_ bytes: [UInt8]) {
        receive(bytes)
    }

    private mutating func receive(_ bytes: [UInt8]) {
        var packet = bytes
        if packet.count >= 12 { PacketWriter.finish(&packet) }
        withExactCopy(packet) { subject.receive(UnsafeRawBufferPointer($0).bytes, now: now) }
    }

    /// Moves the numbers of chunks to where the association stands.
    private func count(from start: Int, in packet: inout [UInt8]) {
        var offset = start
        while offset + 8 <= packet.count {
            switch ChunkType(rawValue: packet[offset]) {
            case .data, .forwardTSN: add(subject.received.cumulative.rawValue, at: offset + 4, in: &packet)
            case .selectiveAcknowledgement, .shutdown:
                add(subject.outstanding.first.rawValue &- 1, at: offset + 4, in: &packet)
            case .reconfiguration:
                add(subject.resets.expectedPeerRequest, at: offset + 8, in: &packet)
                if packet[offset + 5] == 13 { add(subject.received.cumulative.rawValue, at: offset + 16, in: &packet) }
            default: break
            }
            let length = Int(packet[offset + 2]) << 8 | Int(packet[offset + 3])
            offset += max((length + 3) & ~3, 4)
        }
    }

    private func add(_ value: UInt32, at offset: Int, in packet: inout [UInt8]) {
        guard offset + 4 <= packet.count else { return }
        let before = (0..<4).reduce(0 as UInt32) { $0 << 8 | UInt32(packet[offset + $1]) }
        for index in 0..<4 {
            packet[offset + index] = UInt8(truncatingIfNeeded: (before &+ value) >> UInt32(24 - 8 * index))
        }
    }

    mutating func wait(_ time: Duration) {
        now = now + time
        subject.advance(now: now)
        peer.advance(now: now)
    }

    mutating func send(count: Int, choice: UInt8) {
        let reliabilities: [MessageDelivery.Reliability] = [
            .reliable, .retransmissions(UInt16(choice >> 6)), .lifetime(.milliseconds(100)),
        ]
        let stream = StreamIdentifier(UInt16(choice & 3))
        if choice & 0x20 != 0 { subject.resetStreams([stream], now: now) }
        try? subject.send(
            [UInt8](repeating: choice, count: count), stream: stream, payloadProtocol: PayloadProtocolIdentifier(53),
            delivery: MessageDelivery(
                isOrdered: choice & 4 == 0, reliability: reliabilities[Int(choice >> 3 & 3) % 3]), now: now)
        var packet: [UInt8] = []
        while subject.hasDataToSend, subject.nextDataPacket(now: now, into: &packet) { checkOwn(packet) }
    }

    /// Both ends say what they have to say.
    mutating func exchange() {
        var packet: [UInt8] = []
        for _ in 0..<64 {
            var isQuiet = true
            while subject.poll() != nil {}
            while peer.poll() != nil {}
            while subject.nextControlPacket(now: now, into: &packet)
                || subject.hasDataToSend && subject.nextDataPacket(now: now, into: &packet)
            {
                isQuiet = false
                checkOwn(packet)
                peer.receive(packet.span.bytes, now: now)
            }
            while peer.nextControlPacket(now: now, into: &packet) {
                isQuiet = false
                subject.receive(packet.span.bytes, now: now)
            }
            if isQuiet { return }
        }
    }

    private func checkOwn(_ packet: [UInt8]) {
        check(packet.count <= 1150 || packet[12] == ChunkType.cookieEcho.rawValue, "packets are no larger than agreed")
        check((try? SCTPPacket(parsing: packet.span.bytes)) != nil, "our own packets can be read")
    }

    func checkBounds() {
        check(subject.reassembly.bufferedBytes + subject.undeliveredBytes <= (1 << 20) + 65_536, "the window holds")
        check(subject.control.count <= 300, "answers do not pile up")
        check(subject.outstanding.flightSize >= 0 && subject.outstanding.lostCount >= 0, "sizes are no debts")
        check(subject.bufferedAmount >= 0 && subject.undeliveredBytes >= 0, "amounts are no debts")
    }
}
