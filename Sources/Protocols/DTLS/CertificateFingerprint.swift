internal import Cryptography

/// The hash of a certificate as SDP carries it: `a=fingerprint:sha-256 12:AB:…` (RFC 8122 §5).
public struct CertificateFingerprint: Hashable, Sendable, CustomStringConvertible {
    /// The hash functions we accept; the raw value is the name in SDP.
    public enum Algorithm: String, Hashable, Sendable, CaseIterable {
        case sha256 = "sha-256"
        case sha384 = "sha-384"
        case sha512 = "sha-512"

        /// The length of a fingerprint in bytes.
        public var length: Int {
            switch self {
            case .sha256: 32
            case .sha384: 48
            case .sha512: 64
            }
        }
    }

    public let algorithm: Algorithm
    /// As many bytes as `algorithm.length`.
    public let bytes: [UInt8]

    /// Nil when the number of bytes is not the algorithm's.
    public init?(algorithm: Algorithm, bytes: [UInt8]) {
        guard bytes.count == algorithm.length else { return nil }
        self.algorithm = algorithm
        self.bytes = bytes
    }

    /// Reads what signalling carries; nil when the algorithm is unknown or too weak, or the digits are wrong.
    ///
    /// - Parameters:
    ///   - algorithm: A hash function's name in any case, as `sha-256`.
    ///   - hexadecimal: Pairs of digits in any case, separated by colons.
    public init?(algorithm: some StringProtocol, hexadecimal: some StringProtocol) {
        guard let algorithm = Algorithm(rawValue: algorithm.lowercased()) else { return nil }
        let text = hexadecimal.utf8
        guard text.count == algorithm.length * 3 - 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(algorithm.length)
        for (position, character) in text.enumerated() {
            switch position % 3 {
            case 0:
                guard let digit = Self.value(ofDigit: character) else { return nil }
                bytes.append(digit << 4)
            case 1:
                guard let digit = Self.value(ofDigit: character) else { return nil }
                bytes[bytes.count - 1] |= digit
            default:
                guard character == UInt8(ascii: ":") else { return nil }
            }
        }
        self.algorithm = algorithm
        self.bytes = bytes
    }

    /// The fingerprint of a certificate in DER.
    public init(of certificate: RawSpan, algorithm: Algorithm) {
        self.algorithm = algorithm
        bytes =
            switch algorithm {
            case .sha256: sha256(certificate)
            case .sha384: sha384(certificate)
            case .sha512: sha512(certificate)
            }
    }

    /// Whether this is the fingerprint of the certificate.
    func matches(_ certificate: RawSpan) -> Bool {
        constantTimeEquals(bytes, CertificateFingerprint(of: certificate, algorithm: algorithm).bytes)
    }

    /// Pairs of capital hexadecimal digits, separated by colons.
    public var hexadecimal: String {
        bytes.map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined(separator: ":")
    }

    /// The value of SDP's `fingerprint` attribute.
    public var description: String {
        "\(algorithm.rawValue) \(hexadecimal)"
    }

    private static func value(ofDigit character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
