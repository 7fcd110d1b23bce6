/// One side's user name fragment and password for connectivity checks (RFC 8445 §5.3).
public struct ICECredentials: Hashable, Sendable {
    /// 4 to 256 characters of letters, digits, `+` and `/`; what others send may have `-`, `_`, `=` and `#` too.
    public let ufrag: String
    /// 22 to 256 characters of the same.
    public let password: String

    public init(ufrag: String, password: String) {
        self.ufrag = ufrag
        self.password = password
    }

    /// Whether both have the lengths that RFC 8839 §5.4 asks for, and no characters but its own and the four that
    /// libwebrtc takes besides them: some clients use Base64 for URLs, or hexadecimal digits with a sign. None of them
    /// ends a line of SDP, or parts the two names in the USERNAME of a check.
    public var isWellFormed: Bool {
        (4...256).contains(ufrag.utf8.count) && ufrag.utf8.allSatisfy(Self.isTaken)
            && (22...256).contains(password.utf8.count) && password.utf8.allSatisfy(Self.isTaken)
    }

    private static func isTaken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "="), UInt8(ascii: "#"): true
        default: isICECharacter(byte)
        }
    }

    static func isICECharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
            true
        default:
            false
        }
    }
}
