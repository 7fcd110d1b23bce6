import ProtocolCore
import SCTP

@testable import DataChannels

/// A peer that speaks SCTP and our end of the data channels, made once; each input begins with a copy.
private let established = ChannelStage()

/// The input as a message; and as steps of a peer, each an operation byte, a stream and a piece.
func testDCEP(_ input: RawSpan) {
    if let message = try? DCEPMessage(parsing: input) {
        let again = try? DCEPMessage(parsing: message.bytes.span.bytes)
        if case .open(let opening) = message, opening.label.utf8.count + opening.subprotocol.utf8.count > 60_000 {
            // Replacements of what is not UTF-8 may have made it longer than it can be.
        } else {
            check(again == message, "a message reads back as it was")
        }
    }
    testEnvelope(input)
    var reader = InputReader(input)
    var stage = established
    var steps = 0
    while !reader.isAtEnd, steps < 200 {
        steps += 1
        stage.step(reader.byte() % 8, UInt16(reader.byte()), reader.piece())
    }
}

/// The input as a message between a client and the server.
private func testEnvelope(_ input: RawSpan) {
    guard let envelope = try? DataEnvelope(parsing: input) else { return }
    check((try? DataEnvelope(parsing: envelope.bytes.span.bytes)) == envelope, "an envelope reads as it was")
    guard let receipt = DataReceipt(envelope) else { return }
    let again = (try? DataEnvelope(parsing: receipt.bytes.span.bytes)).flatMap { DataReceipt($0) }
    check(again == receipt, "a receipt reads as it was")
}

private struct ChannelStage {
    private var subject: DataChannelTransport
    private var peer = SCTPAssociation(SCTPConfiguration(seed: 2))

    init() {
        subject = DataChannelTransport(
            DataChannelConfiguration(role: .client, association: SCTPConfiguration(seed: 1)))
        peer.connect(now: .zero)
        exchange()
        check(subject.isEstablished && peer.isEstablished, "the handshake succeeds")
    }

    mutating func step(_ operation: UInt8, _ stream: UInt16, _ piece: [UInt8]) {
        let protocols: [UInt32] = [50, 51, 53, 56, 57]
        switch operation {
        case 0..<5:
            try? peer.send(
                piece, stream: StreamIdentifier(stream),
                payloadProtocol: PayloadProtocolIdentifier(protocols[Int(operation)]), now: .zero)
        case 5: peer.resetStreams([StreamIdentifier(stream)], now: .zero)
        case 6: try? subject.close(ChannelID(stream), now: .zero)
        default: _ = try? subject.open(label: String(decoding: piece, as: UTF8.self), now: .zero)
        }
        exchange()
        let opened = subject.channels.values.count { $0.opener == .peer }
        check(opened <= 64, "the peer has no more channels than it may")
        check(subject.channels.keys.allSatisfy { $0.rawValue < 1024 }, "channels have streams")
    }

    private mutating func exchange() {
        var packet: [UInt8] = []
        for _ in 0..<64 {
            var isQuiet = true
            while subject.poll(now: .zero) != nil {}
            while peer.poll() != nil {}
            while subject.nextControlPacket(now: .zero, into: &packet)
                || subject.hasDataToSend && subject.nextDataPacket(now: .zero, into: &packet)
            {
                isQuiet = false
                peer.receive(packet.span.bytes, now: .zero)
            }
            while peer.nextControlPacket(now: .zero, into: &packet)
                || peer.hasDataToSend && peer.nextDataPacket(now: .zero, into: &packet)
            {
                isQuiet = false
                subject.receive(packet.span.bytes, now: .zero)
            }
            if isQuiet { return }
        }
    }
}
