import ProtocolCore

@testable import STUN
@testable import TURN

private let secret = Array("0123456789abcdef".utf8)
private let realm = "example.com"
private let media = SocketEndpoint(ipv4: 0xcb00_7107, port: 40_000)

/// A datagram to a TURN server from somebody without and from somebody with an allocation, as it is and signed; from a
/// peer; and as the beginning of a stream.
func testTURN(_ datagram: RawSpan) {
    _ = TURNStreamFraming.recognize(datagram)
    checkFrame(try? TURNStreamFraming.firstFrame(in: datagram), of: datagram)
    checkFrame(try? StreamPacketFraming.firstFrame(in: datagram), of: datagram)

    var server = TURNServer(
        TURNServer.Configuration(
            realm: realm, secret: secret, nonceKey: [1],
            policy: TURNPeerPolicy(mediaPorts: [media: .loopback(port: 40_000)])))
    let client = TURNClient(.loopback(port: 1), over: .udp)
    let credentials = TURNCredentials(user: "ada", expiringAt: 100, secret: secret)
    give(datagram, to: &server, from: client)
    check(server.allocationCount == 0, "nobody gets an allocation without credentials")

    func sign(_ message: STUNMessage, _ add: (inout STUNMessageBuilder) -> Void) -> [UInt8] {
        var builder = STUNMessageBuilder(message.messageClass, message.method, transactionID: message.transactionID)
        add(&builder)
        builder.add(username: credentials.username)
        builder.add(.realm, Array(realm.utf8))
        builder.add(.nonce, Array(server.nonces.make(for: client, at: .zero).utf8))
        return builder.finish(integrityKey: credentials.key(realm: realm))
    }
    let template = STUNMessageBuilder(.request, .allocate, transactionID: .init(high: 0, low: 1))
    guard let allocate = try? STUNMessage(parsing: template.finish(integrityKey: nil).span.bytes) else { return }
    give(sign(allocate) { $0.add(.requestedTransport, [17, 0, 0, 0]) }.span.bytes, to: &server, from: client)
    check(server.allocationCount == 1, "there is an allocation")
    give(datagram, to: &server, from: client)
    if let message = try? STUNMessage(parsing: datagram) {
        let signed = sign(message) { builder in
            for attribute in message.attributes where attribute.type != .messageIntegrity {
                let end = attribute.valueOffset + attribute.length
                builder.add(attribute.type, Array(message.bytes[attribute.valueOffset..<end]))
            }
        }
        give(signed.span.bytes, to: &server, from: client)
    }
    _ = server.receive(datagram, from: .loopback(port: 40_000), on: RelayID(rawValue: 1), at: .zero)
}

private func give(_ bytes: RawSpan, to server: inout TURNServer, from client: TURNClient) {
    switch server.receive(bytes, from: client, at: .zero, unixTime: 1) {
    case .relay(_, let payload, let target):
        check(payload.lowerBound >= 0 && payload.upperBound <= bytes.byteCount, "a payload lies within its message")
        check(target == .loopback(port: 40_000), "only the media port is reached")
    case .effects(let effects):
        for case .openRelay(let request) in effects {
            _ = server.relayOpened(request.id, at: media, now: .zero)
        }
    case .dropped: break
    }
}

private func checkFrame(_ frame: StreamFrame??, of bytes: RawSpan) {
    guard let frame = frame.flatMap({ $0 }) else { return }
    check(frame.content.upperBound <= frame.length && frame.length <= bytes.byteCount, "a frame lies within its bytes")
    check(frame.length > 0, "a frame takes bytes")
}
