internal import CNIOBoringSSL
public import ProtocolCore
public import SRTP

/// One DTLS-SRTP handshake with one peer, and the connection it leaves behind (RFC 5764), over any datagram transport.
///
/// Does DTLS 1.2 and 1.3 in either role. It has no socket and no clock: the driver passes datagrams and instants in,
/// and after every call drains ``poll()`` until it gives nil. It then waits for a datagram or for ``timeout``. The
/// session must be kept after `connected`, since the peer may have lost our last flight. Application data, which is SCTP in
/// WebRTC (RFC 8261), is given and taken one record at a time.
///
/// Not thread-safe; its randomness is BoringSSL's own.
public final class DTLSSession {
    /// Which end of the handshake we are (`a=setup`, RFC 8842).
    public enum Role: Hashable, Sendable {
        /// We begin: `active` in SDP.
        case client
        /// The peer begins: `passive` in SDP.
        case server
    }

    /// What the driver has to do.
    public enum Output: Hashable, Sendable {
        /// Send a datagram to the peer.
        case transmit([UInt8])
        /// The handshake is done and the peer is who signalling said. Set up SRTP with these keys.
        case connected(SRTPKeyingMaterial)
        /// The session is over, for this reason. Nothing follows but what was to be transmitted before.
        case failed(DTLSError)
        /// The peer has sent one record of application data; of meaning only after `connected`.
        case received([UInt8])
        /// The peer has closed the connection in order.
        case closed
    }

    /// The versions of DTLS, oldest first.
    public enum Version: UInt16, Hashable, Sendable, Comparable {
        case dtls12 = 0xfefd
        case dtls13 = 0xfefc

        public static func < (left: Version, right: Version) -> Bool {
            // Numbers fall as versions rise.
            left.rawValue > right.rawValue
        }
    }

    private enum State {
        /// Nothing has been sent or received.
        case idle
        /// We shake hands and give up at the deadline.
        case handshaking(deadline: Instant)
        /// Keys are out; we answer retransmissions.
        case connected
        /// We have failed, or one side has closed.
        case over
    }

    /// The profiles we offer and accept, best first.
    public static let defaultProfiles: [ProtectionProfile] = [.aeadAES128GCM, .aeadAES256GCM, .aes128CMSHA1_80]

    /// The first wait before a flight is sent again; it doubles each time. RFC 9147 §5.8.2 allows 100 ms where
    /// setup time matters, as it does in a call.
    private static let initialTimeout: UInt32 = 100

    /// How long a handshake may take in all.
    private static let handshakeDuration: Duration = .seconds(30)

    private let role: Role
    private let identity: DTLSIdentity
    private let verifier: PeerVerifier
    private let pipe = DatagramPipe()
    private let ssl: OpaquePointer
    private var state = State.idle
    private var outputs: [Output] = []
    private var nextOutput = 0

    /// When to call ``handleTimeout(now:)``, nil when there is nothing to wait for. Read it after draining `poll`.
    public private(set) var timeout: Instant?

    /// - Parameters:
    ///   - identity: Our key and certificate.
    ///   - role: Which end we are.
    ///   - expectedFingerprints: What signalling said of the peer's certificate, which must match one of them; with
    ///     none, every peer is refused.
    ///   - profiles: The SRTP profiles we offer as client and choose from as server, best first.
    ///   - mtu: The largest datagram we send, in bytes.
    ///   - versions: The versions we accept.
    /// - Throws: `invalidIdentity` when BoringSSL has no memory or refuses the parameters.
    public init(
        identity: DTLSIdentity, role: Role, expectedFingerprints: [CertificateFingerprint],
        profiles: [ProtectionProfile] = DTLSSession.defaultProfiles, mtu: Int = 1200,
        versions: ClosedRange<Version> = .dtls12 ... .dtls13
    ) throws(DTLSError) {
        guard let ssl = SSL_new(identity.context.pointer) else { throw .invalidIdentity }
        self.role = role
        self.identity = identity
        self.ssl = ssl
        verifier = PeerVerifier(expected: expectedFingerprints)
        guard let bio = pipe.makeBIO() else { throw .invalidIdentity }
        SSL_set_bio(ssl, bio, bio)
        guard
            verifier.attach(to: ssl),
            SSL_set_min_proto_version(ssl, versions.lowerBound.rawValue) == 1,
            SSL_set_max_proto_version(ssl, versions.upperBound.rawValue) == 1,
            SSL_set_srtp_profiles(ssl, profiles.map(Self.name(of:)).joined(separator: ":")) == 1,
            SSL_set_mtu(ssl, UInt32(clamping: mtu)) == 1
        else { throw .invalidIdentity }
        DTLSv1_set_initial_timeout_duration(ssl, Self.initialTimeout)
        switch role {
        case .client: SSL_set_connect_state(ssl)
        case .server: SSL_set_accept_state(ssl)
        }
    }

    deinit {
        SSL_free(ssl)
    }

    /// Starts the handshake: a client sends its first flight, a server waits for the peer's. Does nothing later on.
    public func start(now: Instant) {
        guard case .idle = state else { return }
        state = .handshaking(deadline: now + Self.handshakeDuration)
        advance(now: now)
    }

    /// Takes a datagram from the peer, and starts the session if it has not been started.
    ///
    /// What is not a DTLS record (RFC 7983 §7) or does not belong to the session is ignored.
    public func handle(_ datagram: RawSpan, now: Instant) {
        start(now: now)
        if case .over = state { return }
        guard let first = try? datagram.uint8(at: 0), (20...63).contains(first) else { return }
        pipe.inbound = datagram.withUnsafeBytes { Array($0) }
        advance(now: now)
        pipe.inbound = nil
    }

    /// Sends again what the peer has not acknowledged, or gives up. Calling it early does no harm.
    public func handleTimeout(now: Instant) {
        switch state {
        case .idle, .over:
            return
        case .handshaking(let deadline) where now >= deadline:
            fail(.timedOut)
        case .handshaking, .connected:
            let result = onTime(now) { DTLSv1_handle_timeout(ssl) }
            // It fails only when the flight cannot be written, and the pipe takes everything.
            if result < 0 { fail(.handshakeFailed(Self.lastReason())) } else { advance(now: now) }
        }
    }

    /// Sends one record of application data, as soon as it is polled for.
    /// - Parameter bytes: At most ``largestRecord`` bytes; more, or sent before `connected`, is not taken.
    /// - Returns: Whether it was taken.
    @discardableResult
    public func send(_ bytes: [UInt8]) -> Bool {
        guard case .connected = state, !bytes.isEmpty, bytes.count <= Self.largestRecord else { return false }
        ERR_clear_error()
        guard SSL_write(ssl, bytes, Int32(bytes.count)) == bytes.count else { return false }
        collectDatagrams()
        return true
    }

    /// The application data that one datagram holds, whatever the cipher, in bytes.
    public static let largestRecord = 1400

    /// The next thing to do, or nil when there is none.
    public func poll() -> Output? {
        guard nextOutput < outputs.count else {
            outputs.removeAll(keepingCapacity: true)
            nextOutput = 0
            return nil
        }
        defer { nextOutput += 1 }
        return outputs[nextOutput]
    }

    /// Tells the peer that we are done. Poll once more to send it; no event follows.
    public func close() {
        switch state {
        case .idle, .over:
            break
        case .handshaking, .connected:
            ERR_clear_error()
            SSL_shutdown(ssl)
            collectDatagrams()
        }
        state = .over
        timeout = nil
    }

    /// Why the session failed, with the alerts that went to and fro; to be asked after `failed`.
    public func failure(_ error: DTLSError) -> DTLSFailure {
        DTLSFailure(error, alertSent: verifier.alertSent, alertReceived: verifier.alertReceived)
    }

    /// The version in use, nil before the handshake has settled one.
    public var version: Version? {
        guard case .connected = state else { return nil }
        return Version(rawValue: UInt16(truncatingIfNeeded: SSL_version(ssl)))
    }
}

extension DTLSSession {
    /// Lets BoringSSL work until it wants another datagram.
    private func advance(now: Instant) {
        onTime(now) {
            if case .handshaking = state { continueHandshake() }
            if case .connected = state { readConnection() }
        }
        collectDatagrams()
        updateTimeout(now: now)
    }

    /// Runs a call into BoringSSL at a told instant and with no errors left over from other calls on this thread.
    @discardableResult
    private func onTime<Result>(_ now: Instant, _ body: () -> Result) -> Result {
        DTLSClock.$now.withValue(now) {
            ERR_clear_error()
            return body()
        }
    }

    private func continueHandshake() {
        let result = SSL_do_handshake(ssl)
        guard result != 1 else {
            finishHandshake()
            return
        }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE:
            break
        default:
            fail(verifier.refused ? .fingerprintMismatch : .handshakeFailed(Self.lastReason()))
        }
    }

    private func finishHandshake() {
        guard
            let selected = SSL_get_selected_srtp_profile(ssl),
            let profile = ProtectionProfile(dtlsIdentifier: UInt16(truncatingIfNeeded: selected.pointee.id)),
            let keys = exportKeys(profile)
        else {
            SSL_shutdown(ssl)
            fail(.noCommonProfile)
            return
        }
        state = .connected
        // Our last flight goes out first, so that the peer is not slower than we are.
        collectDatagrams()
        outputs.append(.connected(keys))
    }

    /// Both keys, then both salts, the client's first (RFC 5764 §4.2).
    private func exportKeys(_ profile: ProtectionProfile) -> SRTPKeyingMaterial? {
        let label = "EXTRACTOR-dtls_srtp"
        var material = [UInt8](repeating: 0, count: 2 * (profile.keyLength + profile.saltLength))
        guard
            SSL_export_keying_material(ssl, &material, material.count, label, label.utf8.count, nil, 0, 0) == 1
        else { return nil }
        var rest = material[...]
        func take(_ count: Int) -> [UInt8] {
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        let clientKey = take(profile.keyLength)
        let serverKey = take(profile.keyLength)
        let clientSalt = take(profile.saltLength)
        let serverSalt = take(profile.saltLength)
        switch role {
        case .client:
            return SRTPKeyingMaterial(
                profile: profile, localKey: clientKey, localSalt: clientSalt, remoteKey: serverKey,
                remoteSalt: serverSalt)
        case .server:
            return SRTPKeyingMaterial(
                profile: profile, localKey: serverKey, localSalt: serverSalt, remoteKey: clientKey,
                remoteSalt: clientSalt)
        }
    }

    /// Reads until there is nothing left: retransmitted flights and acknowledgements work that way.
    private func readConnection() {
        withUnsafeTemporaryAllocation(byteCount: 2048, alignment: 1) { scratch in
            while true {
                let result = SSL_read(ssl, scratch.baseAddress, Int32(scratch.count))
                if result > 0 {
                    outputs.append(.received(Array(UnsafeRawBufferPointer(rebasing: scratch[..<Int(result)]))))
                    continue
                }
                switch SSL_get_error(ssl, result) {
                case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE:
                    return
                case SSL_ERROR_ZERO_RETURN:
                    collectDatagrams()
                    state = .over
                    outputs.append(.closed)
                    return
                default:
                    fail(.handshakeFailed(Self.lastReason()))
                    return
                }
            }
        }
    }

    private func fail(_ error: DTLSError) {
        // The alert that says so comes before the event.
        collectDatagrams()
        state = .over
        timeout = nil
        outputs.append(.failed(error))
    }

    private func collectDatagrams() {
        for datagram in pipe.takeOutbound() {
            outputs.append(.transmit(datagram))
        }
    }

    private func updateTimeout(now: Instant) {
        switch state {
        case .idle, .over:
            timeout = nil
        case .handshaking(let deadline):
            timeout = retransmission(now: now).map { min($0, deadline) } ?? deadline
        case .connected:
            timeout = retransmission(now: now)
        }
    }

    private func retransmission(now: Instant) -> Instant? {
        var remaining = timeval()
        guard onTime(now, { DTLSv1_get_timeout(ssl, &remaining) }) == 1 else { return nil }
        return now + .seconds(remaining.tv_sec) + .microseconds(remaining.tv_usec)
    }

    /// BoringSSL's names differ from the registered ones.
    private static func name(of profile: ProtectionProfile) -> String {
        switch profile {
        case .aeadAES128GCM: "SRTP_AEAD_AES_128_GCM"
        case .aeadAES256GCM: "SRTP_AEAD_AES_256_GCM"
        case .aes128CMSHA1_80: "SRTP_AES128_CM_SHA1_80"
        }
    }

    private static func lastReason() -> String {
        ERR_reason_error_string(ERR_peek_error()).map { String(cString: $0) } ?? "unknown"
    }
}
