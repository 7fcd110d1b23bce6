import ProtocolCore
import SCTP
import Testing

@testable import DataChannels

@Suite("Data channels: establishment messages")
struct DCEPMessageTests {
    /// The layout of RFC 8832 §5.1: unordered, three retransmissions, label "a", protocol "bc".
    private static let open: [UInt8] = [3, 0x81, 2, 0, 0, 0, 0, 3, 0, 1, 0, 2, 0x61, 0x62, 0x63]

    private func parsed(_ bytes: [UInt8], largestName: Int = 100) throws(ParseError) -> DCEPMessage {
        try DCEPMessage(parsing: bytes.span.bytes, largestName: largestName)
    }

    @Test func anOpening() throws {
        let opening = DataChannelOpening(
            label: "a", subprotocol: "bc",
            delivery: MessageDelivery(isOrdered: false, reliability: .retransmissions(3)), priority: 512)
        #expect(try parsed(Self.open) == .open(opening))
        #expect(DCEPMessage.open(opening).bytes == Self.open)
    }

    @Test func anAcknowledgement() throws {
        #expect(try parsed([2]) == .acknowledgement)
        #expect(DCEPMessage.acknowledgement.bytes == [2])
    }

    @Test(
        arguments: [
            (0x00, MessageDelivery.ordered), (0x80, .unordered),
            (0x01, MessageDelivery(reliability: .retransmissions(9))),
            (0x82, MessageDelivery(isOrdered: false, reliability: .lifetime(.milliseconds(9)))),
        ] as [(UInt8, MessageDelivery)])
    func kinds(type: UInt8, delivery: MessageDelivery) throws {
        let parameter: UInt8 = delivery.reliability == .reliable ? 0 : 9
        let bytes: [UInt8] = [3, type, 1, 0, 0, 0, 0, parameter, 0, 0, 0, 0]
        let opening = DataChannelOpening(label: "", delivery: delivery)
        #expect(try parsed(bytes) == .open(opening))
        #expect(DCEPMessage.open(opening).bytes == bytes)
    }

    @Test func truncationAtEveryOffset() {
        for count in 0..<Self.open.count {
            #expect(throws: ParseError.truncated) { try parsed(Array(Self.open.prefix(count))) }
        }
        #expect(throws: ParseError.malformed("length")) { try parsed(Self.open + [0]) }
    }

    @Test func refusals() {
        #expect(throws: ParseError.malformed("message type")) { try parsed([4]) }
        #expect(throws: ParseError.malformed("channel type")) { try parsed([3, 3] + Self.open[2...]) }
        #expect(throws: ParseError.limitExceeded("protocol")) { try parsed(Self.open, largestName: 1) }
    }

    @Test func textThatIsNotUTF8IsReplaced() throws {
        guard case .open(let opening) = try parsed(Self.open.dropLast(3) + [0xff, 0x62, 0x63]) else {
            Issue.record("no opening")
            return
        }
        #expect(opening.label == "\u{fffd}")
    }
}
