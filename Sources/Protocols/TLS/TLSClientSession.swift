internal import CNIOBoringSSL

/// The client's end of one TLS connection (TLS 1.2 and 1.3), over any stream.
///
/// It has no socket and no clock: bytes of the stream go in by ``receive(_:)``, what is to be sent on the stream comes
/// out of ``takeOutbound(into:)``, to be called after every other call. Not thread-safe; its randomness is BoringSSL's
/// own. After an error the session is of no more use.
public final class TLSClientSession {
    private enum State {
        case handshaking
        case connected
        /// The peer has closed in order.
        case closed
        case failed
    }

    /// So much may wait for the end of the handshake or, encrypted, for ``takeOutbound(into:)``.
    public static let outboundLimit = 512 << 10

    private let context: TLSClientContext
    private let ssl: OpaquePointer
    private let inbound: OpaquePointer
    private let outbound: OpaquePointer
    private var state = State.handshaking
    private var waiting: [UInt8] = []

    /// - Parameters:
    ///   - name: The server's name or literal address, which its certificate must have.
    ///   - unixTime: The present in seconds since 1970, at which the certificate must be valid.
    public init(_ context: TLSClientContext, name: String, unixTime: Int64) throws(TLSError) {
        guard let ssl = SSL_new(context.pointer) else { throw .cannotBeSetUp }
        guard let inbound = BIO_new(BIO_s_mem()), let outbound = BIO_new(BIO_s_mem()) else {
            SSL_free(ssl)
            throw .cannotBeSetUp
        }
        // From here on the session owns both.
        SSL_set_bio(ssl, inbound, outbound)
        self.context = context
        self.ssl = ssl
        self.inbound = inbound
        self.outbound = outbound
        SSL_set_connect_state(ssl)
        guard Self.expect(name, at: unixTime, of: ssl) else { throw .cannotBeSetUp }
    }

    deinit {
        SSL_free(ssl)
    }

    /// Has the certificate checked for the name and at the time, and names the server to it (RFC 6066 §3), which is done
    /// for names only.
    private static func expect(_ name: String, at unixTime: Int64, of ssl: OpaquePointer) -> Bool {
        guard let parameters = SSL_get0_param(ssl), !name.isEmpty, !name.utf8.contains(0) else { return false }
        X509_VERIFY_PARAM_set_time_posix(parameters, unixTime)
        if X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1 { return true }
        ERR_clear_error()
        X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        return X509_VERIFY_PARAM_set1_host(parameters, name, name.utf8.count) == 1
            && SSL_set_tlsext_host_name(ssl, name) == 1
    }

    /// Whether the handshake is done and the server is who it should be.
    public var isConnected: Bool {
        switch state {
        case .connected: true
        case .handshaking, .closed, .failed: false
        }
    }

    /// Whether the peer has closed the connection in order.
    public var isClosed: Bool {
        switch state {
        case .closed: true
        case .handshaking, .connected, .failed: false
        }
    }

    /// Begins the handshake.
    public func start() throws(TLSError) {
        try advance()
    }

    /// Takes bytes of the stream; gives what they hold for the application, which may be nothing.
    public func receive(_ bytes: RawSpan) throws(TLSError) -> [UInt8] {
        let isTaken = bytes.withUnsafeBytes { source in
            source.isEmpty || BIO_write(inbound, source.baseAddress, Int32(clamping: source.count)) == source.count
        }
        guard isTaken else { throw fail(.failed("out of memory")) }
        try advance()
        return try read()
    }

    /// Encrypts bytes, or keeps them until the handshake is done.
    public func send(_ bytes: RawSpan) throws(TLSError) {
        switch state {
        case .handshaking:
            guard waiting.count + bytes.byteCount <= Self.outboundLimit else { throw .bufferFull }
            bytes.withUnsafeBytes { waiting.append(contentsOf: $0) }
        case .connected:
            guard Int(BIO_ctrl_pending(outbound)) + bytes.byteCount <= Self.outboundLimit else { throw .bufferFull }
            try write(bytes)
        case .closed, .failed:
            break
        }
    }

    /// Tells the peer that nothing follows.
    public func close() {
        guard case .connected = state else { return }
        ERR_clear_error()
        SSL_shutdown(ssl)
        state = .closed
    }

    /// Appends what is to be sent on the stream.
    public func takeOutbound(into bytes: inout [UInt8]) {
        let count = Int(BIO_ctrl_pending(outbound))
        guard count > 0 else { return }
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: count))
        let read = bytes.withUnsafeMutableBytes { all in
            let room = UnsafeMutableRawBufferPointer(rebasing: all[start...])
            return BIO_read(outbound, room.baseAddress, Int32(clamping: room.count))
        }
        bytes.removeLast(count - max(0, Int(read)))
    }

    // MARK: BoringSSL

    private func advance() throws(TLSError) {
        guard case .handshaking = state else { return }
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        if result == 1 {
            state = .connected
            let early = waiting
            waiting = []
            if !early.isEmpty { try write(early.span.bytes) }
            return
        }
        let error = SSL_get_error(ssl, result)
        if error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE { return }
        let verdict = SSL_get_verify_result(ssl)
        if context.checksCertificates, verdict != Int(X509_V_OK) {
            let sentence = X509_verify_cert_error_string(verdict).map { String(cString: $0) }
            throw fail(.certificateRefused(sentence ?? "error \(verdict)"))
        }
        throw fail(.failed(Self.lastReason()))
    }

    private func write(_ bytes: RawSpan) throws(TLSError) {
        ERR_clear_error()
        let isWritten = bytes.withUnsafeBytes { source in
            source.isEmpty || SSL_write(ssl, source.baseAddress, Int32(clamping: source.count)) == source.count
        }
        // The memory takes everything, so it is an error and no lack of room.
        guard isWritten else { throw fail(.failed(Self.lastReason())) }
    }

    private func read() throws(TLSError) -> [UInt8] {
        guard case .connected = state else { return [] }
        ERR_clear_error()
        var plain: [UInt8] = []
        var error = Int32(SSL_ERROR_NONE)
        withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 16) { scratch in
            while true {
                let result = SSL_read(ssl, scratch.baseAddress, Int32(scratch.count))
                guard result > 0 else {
                    error = SSL_get_error(ssl, result)
                    return
                }
                plain.append(contentsOf: UnsafeRawBufferPointer(rebasing: scratch[..<Int(result)]))
            }
        }
        switch error {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: break
        case SSL_ERROR_ZERO_RETURN: state = .closed
        default: throw fail(.failed(Self.lastReason()))
        }
        return plain
    }

    private func fail(_ error: TLSError) -> TLSError {
        state = .failed
        return error
    }

    private static func lastReason() -> String {
        ERR_reason_error_string(ERR_peek_error()).map { String(cString: $0) } ?? "unknown"
    }
}
