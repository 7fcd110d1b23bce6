/// One side's user name fragment and password for connectivity checks (RFC 8445 §5.3).
public struct ICECredentials: Hashable, Sendable {
    /// 4 to 256 characters of letters, digits, `+` and `/`.
    public let ufrag: String
    /// 22 to 256 characters of the same.
    public let password: String

    public init(ufrag: String, password: String) {
        self.ufrag = ufrag
        self.password = password
    }

    /// Whether both are of the form that RFC 8839 §5.4 asks for.
    public var isWellFormed: Bool {
        (4...256).contains(ufrag.utf8.count) && ufrag.utf8.allSatisfy(Self.isICECharacter)
            && (22...256).contains(password.utf8.count) && password.utf8.allSatisfy(Self.isICECharacter)
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
