import ProtocolCore

@testable import STUN
@testable import TURN

private let peer = SocketEndpoint(ipv4: 0xcb00_7107, port: 40_000)
private let realm = "example.com"

/// A message of a TURN server to a client that waits for its answer, and to one that has an allocation and a channel: as
/// it is, and with the transaction, integrity and fingerprint of an answer. The same bytes as the text of a URI.
func testTURNClient(_ message: RawSpan) {
    if let uri = TURNURI(text(message)) {
        check(TURNURI(uri.description) == uri, "a URI that was written reads the same")
    }
    var client = TURNClientSession(username: "u", password: "p", over: .udp, seed: 1)
    client.start(now: .zero)
    var asked = drain(&client)
    give(message, to: &client)
    answer(&client, asked.last, message, isSigned: false)
    check(!client.isAllocated, "no allocation without integrity")

    client = TURNClientSession(username: "u", password: "p", over: .udp, seed: 2)
    client.start(now: .zero)
    challenge(&client)
    asked = drain(&client)
    answer(&client, asked.last, message, isSigned: true)
    if !client.isAllocated {
        client = TURNClientSession(username: "u", password: "p", over: .udp, seed: 3)
        client.start(now: .zero)
        challenge(&client)
        succeed(&client, drain(&client).last)
    }
    guard client.isAllocated else { return }
    client.bind(peer, now: .zero)
    give(message, to: &client)
    answer(&client, drain(&client).last, message, isSigned: true)
    succeed(&client, drain(&client).last)
    give(message, to: &client)
    client.advance(now: .zero + .seconds(600))
    _ = drain(&client)
    check(client.peers.count <= TURNClientSession.maximumPeers, "peers are bounded")
}

private func give(_ message: RawSpan, to client: inout TURNClientSession) {
    guard let received = client.handle(message, now: .zero) else { return }
    check(
        received.payload.lowerBound >= 0 && received.payload.upperBound <= message.byteCount,
        "a payload lies within its message")
    check(received.peer == peer, "only a peer that was asked for is heard")
}

private func drain(_ client: inout TURNClientSession) -> [[UInt8]] {
    var sent: [[UInt8]] = []
    while let output = client.poll() {
        if case .transmit(let bytes) = output { sent.append(bytes) }
    }
    return sent
}

private func challenge(_ client: inout TURNClientSession) {
    guard let asked = drain(&client).last, let request = try? STUNMessage(parsing: asked.span.bytes) else { return }
    var builder = STUNMessageBuilder(error: 401, reason: "", to: request)
    builder.add(.realm, Array(realm.utf8))
    builder.add(.nonce, [1])
    _ = client.handle(builder.finish(integrityKey: nil).span.bytes, now: .zero)
}

private func succeed(_ client: inout TURNClientSession, _ asked: [UInt8]?) {
    guard let asked, let request = try? STUNMessage(parsing: asked.span.bytes) else { return }
    var builder = STUNMessageBuilder(successTo: request)
    builder.add(.xorRelayedAddress, XORAddress.write(peer, for: request.transactionID))
    let key = TURNCredentials.key(username: "u", realm: realm, password: "p")
    _ = client.handle(builder.finish(integrityKey: key).span.bytes, now: .zero)
}

/// The attributes of the input as an answer to what the client has asked.
private func answer(
    _ client: inout TURNClientSession, _ asked: [UInt8]?, _ message: RawSpan, isSigned: Bool
) {
    guard let asked, let request = try? STUNMessage(parsing: asked.span.bytes),
        let input = try? STUNMessage(parsing: message)
    else { return }
    let messageClass: STUNMessage.Class = input.error == nil ? .successResponse : .errorResponse
    var builder = STUNMessageBuilder(messageClass, request.method, transactionID: request.transactionID)
    for attribute in input.attributes where attribute.type != .messageIntegrity && attribute.type != .fingerprint {
        let end = attribute.valueOffset + attribute.length
        builder.add(attribute.type, Array(input.bytes[attribute.valueOffset..<end]))
    }
    let key = TURNCredentials.key(username: "u", realm: realm, password: "p")
    _ = client.handle(builder.finish(integrityKey: isSigned ? key : nil).span.bytes, now: .zero)
}
