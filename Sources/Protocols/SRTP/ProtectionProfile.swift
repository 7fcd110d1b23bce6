/// How SRTP packets are encrypted and authenticated: the profiles negotiated in DTLS (RFC 5764 §4.1.2,
/// RFC 7714 §14.2).
public enum ProtectionProfile: Hashable, Sendable, CaseIterable {
    /// AES-128 in Galois/counter mode: the fastest one, offered first.
    case aeadAES128GCM
    /// AES-256 in Galois/counter mode.
    case aeadAES256GCM
    /// AES-128 in counter mode with HMAC-SHA1 cut to 80 bits: what every WebRTC endpoint must have (RFC 8827 §6.5).
    // swift-format-ignore: AlwaysUseLowerCamelCase
    case aes128CMSHA1_80

    /// The profile with the given number in the DTLS `use_srtp` extension, or nil when it is not one of ours.
    public init?(dtlsIdentifier: UInt16) {
        switch dtlsIdentifier {
        case 0x0001: self = .aes128CMSHA1_80
        case 0x0007: self = .aeadAES128GCM
        case 0x0008: self = .aeadAES256GCM
        default: return nil
        }
    }

    /// Its number in the DTLS `use_srtp` extension.
    public var dtlsIdentifier: UInt16 {
        switch self {
        case .aes128CMSHA1_80: 0x0001
        case .aeadAES128GCM: 0x0007
        case .aeadAES256GCM: 0x0008
        }
    }

    /// Its name in IANA's registry of DTLS-SRTP protection profiles.
    public var name: String {
        switch self {
        case .aes128CMSHA1_80: "SRTP_AES128_CM_HMAC_SHA1_80"
        case .aeadAES128GCM: "SRTP_AEAD_AES_128_GCM"
        case .aeadAES256GCM: "SRTP_AEAD_AES_256_GCM"
        }
    }

    /// The length of master and session encryption keys in bytes.
    public var keyLength: Int {
        switch self {
        case .aeadAES128GCM, .aes128CMSHA1_80: 16
        case .aeadAES256GCM: 32
        }
    }

    /// The length of master and session salts in bytes.
    public var saltLength: Int {
        switch self {
        case .aeadAES128GCM, .aeadAES256GCM: 12
        case .aes128CMSHA1_80: 14
        }
    }

    /// How many bytes an RTP packet grows by: its authentication tag.
    public var tagLength: Int {
        switch self {
        case .aeadAES128GCM, .aeadAES256GCM: 16
        case .aes128CMSHA1_80: 10
        }
    }

    /// How many bytes an RTCP packet grows by: its authentication tag and the SRTCP index (RFC 3711 §3.4).
    public var controlOverhead: Int {
        tagLength + 4
    }

    /// The largest `tagLength` of all profiles: how much room to keep behind a payload.
    public static let maximumTagLength = 16
    /// The largest `controlOverhead` of all profiles: how much room to keep behind an RTCP packet.
    public static let maximumControlOverhead = 20
}
