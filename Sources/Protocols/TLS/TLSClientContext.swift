internal import CNIOBoringSSL

/// Whom TLS clients trust: made once, and shared by any number of sessions on any threads.
public final class TLSClientContext: @unchecked Sendable {
    /// An `SSL_CTX`, which BoringSSL lets several threads use once it is set up.
    let pointer: OpaquePointer
    let checksCertificates: Bool
    /// How many certificates are trusted.
    public let rootCount: Int

    /// More certificates than this in one text are not read; systems have 150.
    private static let maximumRoots = 2_000

    /// - Parameters:
    ///   - roots: Texts with certificates in PEM: those of the system, and further ones to trust. What is none is
    ///     passed over.
    ///   - checksCertificates: False takes any certificate: for development on one's own machine only.
    public init(roots: [[UInt8]], checksCertificates: Bool = true) throws(TLSError) {
        guard let pointer = SSL_CTX_new(TLS_method()) else { throw .cannotBeSetUp }
        self.pointer = pointer
        self.checksCertificates = checksCertificates
        var count = 0
        if checksCertificates, let store = SSL_CTX_get_cert_store(pointer) {
            for text in roots { count += Self.add(text, to: store) }
        }
        rootCount = count
        SSL_CTX_set_verify(pointer, checksCertificates ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nil)
        SSL_CTX_set_session_cache_mode(pointer, SSL_SESS_CACHE_OFF)
        guard
            SSL_CTX_set_min_proto_version(pointer, UInt16(TLS1_2_VERSION)) == 1,
            SSL_CTX_set_max_proto_version(pointer, UInt16(TLS1_3_VERSION)) == 1
        else { throw .cannotBeSetUp }
    }

    deinit {
        SSL_CTX_free(pointer)
    }

    private static func add(_ text: [UInt8], to store: OpaquePointer) -> Int {
        text.withUnsafeBytes { bytes in
            guard let bio = BIO_new_mem_buf(bytes.baseAddress, bytes.count) else { return 0 }
            defer { BIO_free(bio) }
            var count = 0
            while count < maximumRoots, let certificate = PEM_read_bio_X509(bio, nil, nil, nil) {
                if X509_STORE_add_cert(store, certificate) == 1 { count += 1 }
                X509_free(certificate)
            }
            // The end of the text counts as an error, which would be taken for one of a handshake.
            ERR_clear_error()
            return count
        }
    }
}
