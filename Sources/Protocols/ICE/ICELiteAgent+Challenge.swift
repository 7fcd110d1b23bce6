public import ProtocolCore
internal import STUN

/// Whether an address is where the peer receives: a Binding request of ours, whose answer nobody else can make.
extension ICELiteAgent {
    /// A Binding request for the peer (RFC 8445 §7.2.2). Its answer proves that the peer receives where this was sent.
    ///
    /// - Parameters:
    ///   - tag: Comes back with the answer, see ``tag(ofAnswer:)``.
    ///   - secret: Unpredictable, and another one for each address: whoever does not receive there must guess it.
    /// - Returns: Nil where the peer's password is not known.
    public func challenge(tag: UInt32, secret: UInt64) -> [UInt8]? {
        // A restart begins with the peer's new credentials; while it has not chosen a pair, old ones are good as well.
        guard let key = current.remoteKey else { return nil }
        var request = STUNMessageBuilder(
            .request, transactionID: STUNMessage.TransactionID(high: tag, low: secret))
        request.add(username: "\(current.remoteUfrag):\(current.localUfrag)")
        // A lite agent is the controlled one (RFC 8445 §6.1.1). It never contends for a role, so the number says nothing.
        request.add(iceControlled: 0)
        request.add(priority: Self.challengePriority)
        return request.finish(integrityKey: key)
    }

    /// What a pair would be worth that was learnt from a challenge: a peer-reflexive candidate's type preference and the
    /// rest at their highest (RFC 8445 §5.1.2).
    private static let challengePriority: UInt32 = 110 << 24 | 0xffff << 8 | 255

    /// The tag and secret that an answer to a challenge carries; nil for anything else. Nothing is verified.
    public static func tag(ofAnswer datagram: RawSpan) -> (tag: UInt32, secret: UInt64)? {
        guard (try? datagram.uint16(at: 0)) == 0x0101, (try? datagram.uint32(at: 4)) == STUNMessage.magicCookie,
            let high = try? datagram.uint32(at: 8), let low = try? datagram.uint64(at: 12)
        else { return nil }
        return (high, low)
    }

    /// Whether a datagram is the peer's answer to the challenge with this secret.
    public func isAnswer(_ datagram: RawSpan, toChallenge secret: UInt64) -> Bool {
        guard let message = try? STUNMessage(parsing: datagram), message.messageClass == .successResponse,
            message.method == .binding, message.transactionID.low == secret, let key = current.remoteKey
        else { return false }
        return message.hasValidIntegrity(key: key)
    }
}
