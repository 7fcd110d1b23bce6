internal import CNIOBoringSSL
internal import Cryptography

/// Who we are in DTLS: a P-256 key and a self-signed certificate, known to peers by its fingerprint alone.
///
/// Make one per server or per worker and use it for all sessions: it also holds what they share. It may be used by
/// several threads at once.
public final class DTLSIdentity: @unchecked Sendable {
    /// The certificate in DER.
    public let certificateDER: [UInt8]
    /// The SHA-256 fingerprint of the certificate, for signalling.
    public let fingerprint: CertificateFingerprint
    /// What all sessions of this identity share; written here and only read afterwards.
    let context: DTLSContext
    private let key: OpaquePointer

    /// Makes a new key and certificate, with BoringSSL's own randomness.
    ///
    /// - Parameters:
    ///   - unixTime: The present in seconds since 1970. The certificate is valid from a day before, as peers' clocks
    ///     differ. WebRTC peers look at the fingerprint only, others may look at the dates.
    ///   - lifetime: How long it is valid from now on.
    public static func generate(
        unixTime: Int64, lifetime: Duration = .seconds(365 * 86_400)
    ) throws(DTLSError) -> DTLSIdentity {
        guard let key = EVP_PKEY_new() else { throw .invalidIdentity }
        defer { EVP_PKEY_free(key) }
        guard let curveKey = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1) else { throw .invalidIdentity }
        defer { EC_KEY_free(curveKey) }
        guard EC_KEY_generate_key(curveKey) == 1, EVP_PKEY_set1_EC_KEY(key, curveKey) == 1 else {
            throw .invalidIdentity
        }
        guard let certificate = X509_new() else { throw .invalidIdentity }
        defer { X509_free(certificate) }
        let day: Int64 = 86_400
        // Half of a 64-bit serial number, so that it is positive and the certificate tells nothing.
        let serial = randomBytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } >> 1
        guard
            X509_set_version(certificate, Int(X509_VERSION_3)) == 1,
            ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial) == 1,
            ASN1_TIME_set_posix(X509_getm_notBefore(certificate), unixTime - day) != nil,
            ASN1_TIME_set_posix(X509_getm_notAfter(certificate), unixTime + lifetime.components.seconds) != nil,
            X509_set_pubkey(certificate, key) == 1,
            let name = X509_get_subject_name(certificate),
            X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, "switchboard", -1, -1, 0) == 1,
            X509_set_issuer_name(certificate, name) == 1,
            X509_sign(certificate, key, EVP_sha256()) > 0
        else { throw .invalidIdentity }
        return try DTLSIdentity(certificate: certificate, key: key)
    }

    /// Reads a kept identity.
    ///
    /// - Parameters:
    ///   - certificateDER: What `certificateDER` gave.
    ///   - privateKeyDER: What `privateKeyDER()` gave: PKCS #8.
    public convenience init(certificateDER: [UInt8], privateKeyDER: [UInt8]) throws(DTLSError) {
        let certificate: OpaquePointer? = certificateDER.withUnsafeBufferPointer { bytes in
            var cursor = bytes.baseAddress
            return d2i_X509(nil, &cursor, bytes.count)
        }
        guard let certificate else { throw .invalidIdentity }
        defer { X509_free(certificate) }
        let key: OpaquePointer? = privateKeyDER.withUnsafeBufferPointer { bytes in
            var string = CBS()
            CBS_init(&string, bytes.baseAddress, bytes.count)
            return EVP_parse_private_key(&string)
        }
        guard let key else { throw .invalidIdentity }
        defer { EVP_PKEY_free(key) }
        guard X509_check_private_key(certificate, key) == 1 else { throw .invalidIdentity }
        try self.init(certificate: certificate, key: key)
    }

    /// Keeps references of its own to both.
    private init(certificate: OpaquePointer, key: OpaquePointer) throws(DTLSError) {
        var encoded: UnsafeMutablePointer<UInt8>?
        let length = i2d_X509(certificate, &encoded)
        defer { OPENSSL_free(encoded) }
        guard length > 0, let encoded else { throw .invalidIdentity }
        let bytes = Array(UnsafeBufferPointer(start: encoded, count: Int(length)))
        certificateDER = bytes
        fingerprint = CertificateFingerprint(of: bytes.span.bytes, algorithm: .sha256)
        context = try DTLSContext(certificate: certificate, key: key)
        EVP_PKEY_up_ref(key)
        self.key = key
    }

    deinit {
        EVP_PKEY_free(key)
    }

    /// The private key in PKCS #8, to be kept as a secret.
    public func privateKeyDER() throws(DTLSError) -> [UInt8] {
        var builder = CBB()
        var bytes: UnsafeMutablePointer<UInt8>?
        var length = 0
        guard CBB_init(&builder, 256) == 1 else { throw .invalidIdentity }
        guard EVP_marshal_private_key(&builder, key) == 1, CBB_finish(&builder, &bytes, &length) == 1, let bytes else {
            CBB_cleanup(&builder)
            throw .invalidIdentity
        }
        defer { OPENSSL_free(bytes) }
        return Array(UnsafeBufferPointer(start: bytes, count: length))
    }
}
