/// One `a=` line (RFC 8866 §5.13).
public struct SDPAttribute: Hashable, Sendable {
    public var name: String
    /// What follows the colon; nil for a property attribute such as `a=rtcp-mux`.
    public var value: String?

    public init(_ name: String, _ value: String? = nil) {
        self.name = name
        self.value = value
    }
}

/// The attributes of a session or of one m-line, in order, known and unknown alike.
///
/// Reads through it are lenient: a value that does not have its attribute's form is passed over as if the line were
/// absent, because a peer may use forms that came after us.
public struct AttributeList: Hashable, Sendable, RandomAccessCollection, ExpressibleByArrayLiteral {
    private var attributes: [SDPAttribute]

    public init(_ attributes: [SDPAttribute] = []) {
        self.attributes = attributes
    }

    public init(arrayLiteral elements: SDPAttribute...) {
        attributes = elements
    }

    public var startIndex: Int { attributes.startIndex }
    public var endIndex: Int { attributes.endIndex }

    public subscript(position: Int) -> SDPAttribute {
        attributes[position]
    }

    public mutating func append(_ name: String, _ value: String? = nil) {
        attributes.append(SDPAttribute(name, value))
    }

    /// Whether a line of this name is there, with or without a value.
    public func contains(_ name: String) -> Bool {
        attributes.contains { $0.name == name }
    }

    /// The value of the first line of this name that has one.
    public func value(_ name: String) -> String? {
        attributes.first { $0.name == name && $0.value != nil }?.value
    }

    /// The values of all lines of this name.
    public func values(_ name: String) -> [String] {
        attributes.compactMap { $0.name == name ? $0.value : nil }
    }
}

extension String {
    /// The parts between single spaces; empty parts are dropped.
    func fields(maximumSplits: Int = .max) -> [String] {
        utf8.split(separator: UInt8(ascii: " "), maxSplits: maximumSplits).map { String(Substring($0)) }
    }

    /// The text before and behind the first `separator`, which is ASCII; nil when there is none.
    func cut(at separator: Unicode.Scalar) -> (String, String)? {
        let byte = UInt8(ascii: separator)
        guard let index = utf8.firstIndex(of: byte) else { return nil }
        return (String(self[..<index]), String(self[utf8.index(after: index)...]))
    }

    /// The text without spaces at either end.
    var trimmed: String {
        let space = UInt8(ascii: " ")
        guard utf8.first == space || utf8.last == space else { return self }
        let bytes = utf8.drop { $0 == space }
        return String(Substring(bytes.dropLast(bytes.reversed().prefix { $0 == space }.count)))
    }

    /// Whether this is a token in the sense of RFC 8866 §9: visible ASCII without separators.
    var isToken: Bool {
        !isEmpty
            && utf8.allSatisfy { byte in
                switch byte {
                case 0x21, 0x23...0x27, 0x2a...0x2b, 0x2d...0x2e, 0x30...0x39, 0x41...0x5a, 0x5e...0x7e: true
                default: false
                }
            }
    }
}
