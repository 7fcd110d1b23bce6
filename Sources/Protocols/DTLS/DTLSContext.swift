internal import CNIOBoringSSL
internal import ProtocolCore
internal import SRTP

/// The settings that all sessions of one identity share: certificate, key, versions, and how peers are judged.
final class DTLSContext: @unchecked Sendable {
    /// An `SSL_CTX`, which BoringSSL lets several threads use once it is set up.
    let pointer: OpaquePointer

    init(certificate: OpaquePointer, key: OpaquePointer) throws(DTLSError) {
        guard let pointer = SSL_CTX_new(DTLS_method()) else { throw .invalidIdentity }
        self.pointer = pointer
        // No tickets and no cache: a WebRTC session is never resumed, and tickets would cost a flight in DTLS 1.3.
        SSL_CTX_set_options(pointer, UInt32(SSL_OP_NO_TICKET) | UInt32(SSL_OP_NO_QUERY_MTU))
        SSL_CTX_set_session_cache_mode(pointer, SSL_SESS_CACHE_OFF)
        SSL_CTX_set_current_time_cb(pointer) { _, clock in
            clock?.pointee = DTLSClock.time(of: DTLSClock.now)
        }
        SSL_CTX_set_custom_verify(pointer, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT) { ssl, alert in
            guard let ssl, PeerVerifier.of(ssl)?.judge(ssl) == true else {
                alert?.pointee = UInt8(SSL_AD_BAD_CERTIFICATE)
                return ssl_verify_invalid
            }
            return ssl_verify_ok
        }
        SSL_CTX_set_info_callback(pointer) { ssl, kind, value in
            guard let ssl, kind & SSL_CB_ALERT != 0 else { return }
            PeerVerifier.of(ssl)?.note(alert: value, isSent: kind & SSL_CB_WRITE != 0)
        }
        guard
            SSL_CTX_use_certificate(pointer, certificate) == 1,
            SSL_CTX_use_PrivateKey(pointer, key) == 1,
            // Ephemeral keys alone: a leaked identity must not open recorded calls.
            SSL_CTX_set_strict_cipher_list(pointer, "ECDHE") == 1,
            // Named, as a post-quantum key share would not fit the first datagram and older peers fail on fragments.
            SSL_CTX_set1_groups_list(pointer, "X25519:P-256:P-384") == 1
        else { throw .invalidIdentity }
    }

    deinit {
        SSL_CTX_free(pointer)
    }
}

/// Judges the peer's certificate in the middle of a handshake, and notes the alerts; reached from BoringSSL's callbacks by
/// the session's application data.
final class PeerVerifier {
    private let expected: [CertificateFingerprint]
    /// Whether a certificate was refused: the handshake's failure is then ours to name.
    private(set) var refused = false
    /// The alerts that went to and fro, by their names in RFC 8446 §6; nil while there was none.
    private(set) var alertSent: String?
    private(set) var alertReceived: String?

    init(expected: [CertificateFingerprint]) {
        self.expected = expected
    }

    /// The verifier must outlive the session that carries it.
    func attach(to ssl: OpaquePointer) -> Bool {
        SSL_set_ex_data(ssl, Self.applicationDataIndex, Unmanaged.passUnretained(self).toOpaque()) == 1
    }

    static func of(_ ssl: OpaquePointer) -> PeerVerifier? {
        SSL_get_ex_data(ssl, applicationDataIndex).map {
            Unmanaged<PeerVerifier>.fromOpaque($0).takeUnretainedValue()
        }
    }

    func note(alert value: Int32, isSent: Bool) {
        // The upper byte is the level, and number 0 only says goodbye.
        guard value & 0xff != 0, let name = SSL_alert_desc_string_long(value) else { return }
        if isSent { alertSent = String(cString: name) } else { alertReceived = String(cString: name) }
    }

    /// Index 0 is kept free by BoringSSL for the application.
    private static let applicationDataIndex: Int32 = 0

    func judge(_ ssl: OpaquePointer) -> Bool {
        guard
            let chain = SSL_get0_peer_certificates(ssl), sk_CRYPTO_BUFFER_num(chain) > 0,
            let leaf = sk_CRYPTO_BUFFER_value(chain, 0)
        else {
            refused = true
            return false
        }
        let bytes = Array(UnsafeBufferPointer(start: CRYPTO_BUFFER_data(leaf), count: CRYPTO_BUFFER_len(leaf)))
        refused = !expected.contains { $0.matches(bytes.span.bytes) }
        return !refused
    }
}
