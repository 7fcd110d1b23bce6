import ICE
import ProtocolCore

@testable import STUN

private let ufrag = "abcd"
private let password = "0123456789abcdefghijkl"

/// A datagram to an agent that a peer `efgh` talks to: as it is, with its header put right, and with its attributes in
/// a message that is signed as the peer would, since no search finds a checksum.
func testSTUN(_ datagram: RawSpan) {
    _ = STUNMessage.isSTUN(datagram)
    var agent = ICELiteAgent(localUfrag: ufrag, localPassword: password, remoteUfrag: "efgh")
    give(datagram, to: &agent, port: 1)

    var repaired = datagram.withUnsafeBytes { Array($0.dropLast($0.count % 4)) }
    guard repaired.count >= STUNMessage.headerLength else { return }
    let length = UInt16(truncatingIfNeeded: repaired.count - STUNMessage.headerLength)
    var head: [UInt8] = []
    head.append(bigEndian: length)
    head.append(bigEndian: STUNMessage.magicCookie)
    repaired.replaceSubrange(2..<8, with: head)
    give(repaired.span.bytes, to: &agent, port: 2)

    guard let message = try? STUNMessage(parsing: repaired.span.bytes) else { return }
    let signed = sign(message)
    give(signed.span.bytes, to: &agent, port: 3)
    give(signed.span.bytes, to: &agent, port: 4)
    agent.restart(localUfrag: "ijkl", localPassword: password, remoteUfrag: "mnop")
    give(signed.span.bytes, to: &agent, port: 5)
}

/// A message with the same attributes and a right signature.
private func sign(_ message: STUNMessage) -> [UInt8] {
    var builder = STUNMessageBuilder(
        message.messageClass, message.method, transactionID: message.transactionID)
    for attribute in message.attributes where attribute.type != .fingerprint && attribute.type != .messageIntegrity {
        let value = message.bytes[attribute.valueOffset..<attribute.valueOffset + attribute.length]
        builder.add(attribute.type, Array(value))
    }
    return builder.finish(integrityKey: Array(password.utf8))
}

private func give(_ datagram: RawSpan, to agent: inout ICELiteAgent, port: UInt16) {
    let range = ICELiteAgent.localUfragRange(ofBindingRequest: datagram)
    if let range { check(range.upperBound <= datagram.byteCount, "the name lies in the datagram") }
    if let answer = ICELiteAgent.tag(ofAnswer: datagram) { _ = agent.isAnswer(datagram, toChallenge: answer.secret) }
    if let message = try? STUNMessage(parsing: datagram) { readValues(of: message) }
    let reaction = agent.handle(datagram, from: .loopback(port: port), now: .zero)
    guard let response = reaction.response else {
        check(reaction.event == nil, "nothing changes without an answer")
        return
    }
    guard let message = try? STUNMessage(parsing: response.span.bytes) else { fatalError("an answer is a message") }
    check(message.hasValidFingerprint, "an answer has its checksum")
    readValues(of: message)
}

private func readValues(of message: STUNMessage) {
    _ = (message.username, message.software, message.priority, message.usesCandidate)
    _ = (message.iceControlling, message.iceControlled, message.xorMappedAddress)
    _ = (message.error?.reason, message.unknownAttributes, message.unknownRequiredAttributes)
}
