public import ProtocolCore
internal import STUN

/// The passive half of ICE for a server with a public address (RFC 8445 §2.5): answers connectivity checks and
/// follows the peer's nominations. It needs no check of its own to find a pair.
///
/// The driver hands in every STUN datagram of one transport and carries out the ``Reaction``.
///
/// *Whose address it is.* A check tells who sent it, but not where that is: the source of a datagram can be forged by
/// whoever holds the credentials. ``challenge(tag:secret:)`` makes a Binding request that only somebody who receives at
/// an address can answer, as QUIC validates paths (RFC 9000 §8.2). The driver sends one where it matters.
///
/// *Which pair is used.* A full agent should nominate one pair, but some nominate each pair they check, and a browser
/// that changes from Wi-Fi to mobile nominates a pair of lower priority later on. So a nominated pair takes over at
/// once when its priority is at least that of the selected one, and otherwise when it is nominated twice running.
///
/// *Restart.* After ``restart(localUfrag:localPassword:remoteUfrag:remotePassword:)`` both generations of credentials
/// are answered until a pair is nominated under the new ones. Media goes on over the old pair meanwhile.
public struct ICELiteAgent: Sendable {
    /// What the driver must do after a datagram.
    public struct Reaction: Hashable, Sendable {
        /// Send these bytes to where the datagram came from.
        public var response: [UInt8]?
        /// Tell whoever sends media.
        public var event: Event?
        /// Why the datagram was dropped or refused; for logs and counters.
        public var refusal: Refusal?

        public init(response: [UInt8]? = nil, event: Event? = nil, refusal: Refusal? = nil) {
            self.response = response
            self.event = event
            self.refusal = refusal
        }
    }

    public enum Event: Hashable, Sendable {
        /// From now on media goes to this address.
        case selectedPairChanged(SocketEndpoint)
    }

    /// Why a datagram was not a good connectivity check.
    public enum Refusal: Hashable, Sendable {
        /// Not a STUN message; dropped.
        case malformed(ParseError)
        /// FINGERPRINT is absent or wrong; dropped.
        case badFingerprint
        /// An indication, a response, or a method other than Binding; dropped.
        case notABindingRequest
        /// No USERNAME, MESSAGE-INTEGRITY or PRIORITY; answered with 400.
        case missingAttribute
        /// USERNAME or MESSAGE-INTEGRITY do not fit the credentials; answered with 401.
        case badCredentials
        /// Attributes that must be understood and are not; answered with 420.
        case unknownAttributes([UInt16])
        /// The peer says it is the controlled side, which a lite agent always is; answered with 487.
        case roleConflict
    }

    /// How long consent lasts after the last good check (RFC 7675 §5.1).
    public static let consentTimeout: Duration = .seconds(30)

    /// The pair that the peer has nominated; nil until it does.
    public private(set) var selectedPath: NetworkPath?
    /// The peer's end of it.
    public var selectedEndpoint: SocketEndpoint? { selectedPath?.remote }
    /// When the last good check came in, on any pair.
    public private(set) var lastHeard: Instant?

    // Not private for challenges, which are in a file of their own.
    var current: Generation
    private var previous: Generation?
    private var selectedPriority: UInt32 = 0
    private var challenger: Challenger?

    /// The credentials between two ICE restarts.
    struct Generation {
        let localUfrag: String
        let remoteUfrag: String
        let key: [UInt8]
        /// Nil where the peer's password is not known.
        let remoteKey: [UInt8]?

        func matches(_ username: String) -> Bool {
            username == "\(localUfrag):\(remoteUfrag)"
        }
    }

    /// A nominated pair of lower priority, which takes over if it is nominated again before the selected one is.
    private struct Challenger {
        let path: NetworkPath
        let transactionID: STUNMessage.TransactionID
    }

    /// - Parameter remotePassword: Needed for challenges alone.
    public init(localUfrag: String, localPassword: String, remoteUfrag: String, remotePassword: String? = nil) {
        current = Generation(
            localUfrag: localUfrag, remoteUfrag: remoteUfrag, key: Array(localPassword.utf8),
            remoteKey: remotePassword.map { Array($0.utf8) })
    }

    public init(local: ICECredentials, remote: ICECredentials) {
        self.init(
            localUfrag: local.ufrag, localPassword: local.password, remoteUfrag: remote.ufrag,
            remotePassword: remote.password)
    }

    /// Takes new credentials of both sides (RFC 8445 §9); the old ones stay good until the new ones nominate a pair.
    public mutating func restart(
        localUfrag: String, localPassword: String, remoteUfrag: String, remotePassword: String? = nil
    ) {
        // Of two restarts in a row the first was never used: media still goes by what was there before.
        previous = previous ?? current
        challenger = nil
        current = Generation(
            localUfrag: localUfrag, remoteUfrag: remoteUfrag, key: Array(localPassword.utf8),
            remoteKey: remotePassword.map { Array($0.utf8) })
    }

    /// Every local ufrag that is answered at present, the newest first; for the driver's demultiplexer.
    public var localUfrags: [String] {
        [current.localUfrag] + (previous.map { [$0.localUfrag] } ?? [])
    }

    /// Whether the peer still consents to our sending to it: a good check within the last 30 seconds.
    public func isAlive(_ now: Instant) -> Bool {
        guard let lastHeard else { return false }
        return now - lastHeard < Self.consentTimeout
    }

    /// Where the first half of USERNAME of a Binding request lies, which names the transport that it is meant for.
    ///
    /// Nothing is verified, and nothing is allocated: this is what a flood of strangers' datagrams costs.
    public static func localUfragRange(ofBindingRequest datagram: RawSpan) -> Range<Int>? {
        guard (try? datagram.uint16(at: 0)) == 0x0001, (try? datagram.uint32(at: 4)) == STUNMessage.magicCookie,
            let length = try? datagram.uint16(at: 2), Int(length) + 20 == datagram.byteCount
        else { return nil }
        var offset = 20
        var count = 0
        while let type = try? datagram.uint16(at: offset), let length = try? datagram.uint16(at: offset + 2),
            count < STUNMessage.maximumAttributeCount
        {
            let start = offset + 4
            guard start + Int(length) <= datagram.byteCount else { return nil }
            if type == STUNAttributeType.username.rawValue {
                for end in start..<(start + Int(length)) where (try? datagram.uint8(at: end)) == UInt8(ascii: ":") {
                    return start..<end
                }
                return nil
            }
            // Who it is must be said before what proves it.
            if type == STUNAttributeType.messageIntegrity.rawValue { return nil }
            offset = start + (Int(length) + 3) & ~3
            count += 1
        }
        return nil
    }
}

extension ICELiteAgent {
    /// Takes one STUN datagram (RFC 8445 §7.3; order of checks by RFC 8489 §9.1.3).
    /// - Parameter local: The address of ours that it came to, where known: pairs that differ in it are two.
    public mutating func handle(
        _ datagram: RawSpan, from source: SocketEndpoint, to local: SocketEndpoint = .unspecified, now: Instant
    ) -> Reaction {
        let message: STUNMessage
        do throws(ParseError) {
            message = try STUNMessage(parsing: datagram)
        } catch {
            return Reaction(refusal: .malformed(error))
        }
        guard message.hasValidFingerprint else { return Reaction(refusal: .badFingerprint) }
        guard message.messageClass == .request, message.method == .binding else {
            return Reaction(refusal: .notABindingRequest)
        }
        guard let username = message.username, message.hasIntegrity else {
            return refuse(message, 400, "Bad Request", .missingAttribute)
        }
        // Nothing is signed before the sender is known: 400 and 401 go out without integrity.
        guard let generation = generation(for: username), message.hasValidIntegrity(key: generation.key) else {
            return refuse(message, 401, "Unauthenticated", .badCredentials)
        }
        let unknown = message.unknownRequiredAttributes
        guard unknown.isEmpty else {
            var response = STUNMessageBuilder(error: 420, reason: "Unknown Attribute", to: message)
            response.add(unknownAttributes: unknown)
            return Reaction(
                response: response.finish(integrityKey: generation.key), refusal: .unknownAttributes(unknown))
        }
        guard message.iceControlled == nil else {
            return refuse(message, 487, "Role Conflict", .roleConflict, key: generation.key)
        }
        guard let priority = message.priority else {
            return refuse(message, 400, "Bad Request", .missingAttribute, key: generation.key)
        }

        lastHeard = max(lastHeard ?? now, now)
        var response = STUNMessageBuilder(successTo: message)
        response.add(xorMappedAddress: source)
        var reaction = Reaction(response: response.finish(integrityKey: generation.key))
        if message.usesCandidate {
            reaction.event = nominate(
                NetworkPath(remote: source, local: local), priority: priority, transactionID: message.transactionID,
                isCurrent: current.matches(username))
        }
        return reaction
    }

    private func generation(for username: String) -> Generation? {
        if current.matches(username) { return current }
        if let previous, previous.matches(username) { return previous }
        return nil
    }

    private func refuse(
        _ message: STUNMessage, _ code: Int, _ reason: String, _ refusal: Refusal, key: [UInt8]? = nil
    ) -> Reaction {
        Reaction(
            response: STUNMessageBuilder(error: code, reason: reason, to: message).finish(integrityKey: key),
            refusal: refusal)
    }

    private mutating func nominate(
        _ path: NetworkPath, priority: UInt32, transactionID: STUNMessage.TransactionID, isCurrent: Bool
    ) -> Event? {
        // A restart that has chosen its pair ends the old generation, which goes on as before until then.
        if isCurrent, previous != nil {
            previous = nil
            return select(path, priority: priority)
        }
        guard path != selectedPath else {
            selectedPriority = priority
            challenger = nil
            return nil
        }
        if selectedPath == nil || priority >= selectedPriority {
            return select(path, priority: priority)
        }
        // A retransmission of the same check does not count as a second nomination.
        if let challenger, challenger.path == path, challenger.transactionID != transactionID {
            return select(path, priority: priority)
        }
        if challenger?.path != path {
            challenger = Challenger(path: path, transactionID: transactionID)
        }
        return nil
    }

    private mutating func select(_ path: NetworkPath, priority: UInt32) -> Event? {
        selectedPriority = priority
        challenger = nil
        guard path != selectedPath else { return nil }
        selectedPath = path
        return .selectedPairChanged(path.remote)
    }
}
