public import ICE
public import ProtocolCore

/// The hash of a certificate that a peer will show in the DTLS handshake (RFC 8122 §5).
public struct CertificateFingerprint: Hashable, Sendable {
    /// The hash function's name in lower case, such as `sha-256`.
    public let algorithm: String
    public let digest: [UInt8]

    public init(algorithm: String, digest: [UInt8]) {
        self.algorithm = algorithm
        self.digest = digest
    }

    /// Reads `sha-256 AB:CD:…`; nil when the form is wrong, or the length does not fit a known hash function.
    public init?(parsing value: String) {
        let fields = value.fields()
        guard fields.count == 2 else { return nil }
        algorithm = fields[0].lowercased()
        let pairs = fields[1].utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard pairs.count <= 64, pairs.allSatisfy({ $0.count == 2 }) else { return nil }
        digest = pairs.compactMap { UInt8(Substring($0), radix: 16) }
        guard digest.count == pairs.count, Self.digestLengths[algorithm].map({ $0 == digest.count }) ?? true else {
            return nil
        }
    }

    /// The hash functions that are strong enough to accept, with their lengths in bytes.
    public static let digestLengths = ["sha-256": 32, "sha-384": 48, "sha-512": 64]

    /// Whether the hash function is known and strong enough (RFC 8122 §5 forbids MD5 and MD2, and SHA-1 is broken).
    public var isAcceptable: Bool {
        Self.digestLengths[algorithm] != nil
    }

    /// The value of an `a=fingerprint` line.
    public var sdpValue: String {
        let digits = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }
        return "\(algorithm) \(digits.joined(separator: ":"))"
    }
}

/// Who begins the DTLS handshake (RFC 8842 §5.3; RFC 4145 §4).
public enum SetupRole: String, Sendable {
    /// The client.
    case active
    /// The server.
    case passive
    /// Either, as the answerer likes.
    case actpass
    /// Neither for now.
    case holdconn
}

/// The attributes that describe a transport: ICE, DTLS and bundling. Each is read as RFC 9429 §5.8 has it.
extension AttributeList {
    /// `a=ice-ufrag` and `a=ice-pwd`, when both are here.
    public var iceCredentials: ICECredentials? {
        guard let ufrag = value("ice-ufrag"), let password = value("ice-pwd") else { return nil }
        return ICECredentials(ufrag: ufrag, password: password)
    }

    /// `a=ice-options`.
    public var iceOptions: [String] {
        values("ice-options").flatMap { $0.fields() }
    }

    /// `a=ice-lite` (session part only).
    public var isICELite: Bool {
        contains("ice-lite")
    }

    /// `a=candidate`; those of unknown transports are left out.
    public var candidates: [Candidate] {
        values("candidate").compactMap { try? Candidate(parsing: $0) }
    }

    /// `a=fingerprint`.
    public var fingerprints: [CertificateFingerprint] {
        values("fingerprint").compactMap { CertificateFingerprint(parsing: $0) }
    }

    /// `a=setup`.
    public var setup: SetupRole? {
        value("setup").flatMap { SetupRole(rawValue: $0.lowercased()) }
    }

    /// `a=mid`.
    public var mid: Mid? {
        value("mid").flatMap { $0.isToken ? Mid($0) : nil }
    }

    /// The m-lines of each `a=group:BUNDLE` (session part only).
    public var bundles: [[Mid]] {
        values("group").compactMap { group in
            let fields = group.fields()
            return fields.first == "BUNDLE" ? fields.dropFirst().map { Mid($0) } : nil
        }
    }

    /// `a=bundle-only`: port 0 here does not reject the line (RFC 9143 §6).
    public var isBundleOnly: Bool {
        contains("bundle-only")
    }

    /// `a=rtcp-mux` (RFC 5761), or `a=rtcp-mux-only`, which is more than that (RFC 8858).
    public var hasRTCPMux: Bool {
        contains("rtcp-mux") || contains("rtcp-mux-only")
    }

    /// `a=rtcp-rsize` (RFC 5506).
    public var hasReducedSizeRTCP: Bool {
        contains("rtcp-rsize")
    }

    /// `a=max-message-size` of a data channel line in bytes (RFC 8841 §6): what the writer takes; 0: anything.
    public var maximumMessageSize: Int? {
        value("max-message-size").flatMap { Int($0) }.flatMap { $0 < 0 ? nil : $0 }
    }

    /// `a=sctp-port` of a data channel line (RFC 8841).
    public var sctpPort: UInt16? {
        value("sctp-port").flatMap { UInt16($0) }
    }
}
