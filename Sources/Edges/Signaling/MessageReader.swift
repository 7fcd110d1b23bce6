internal import Calling
internal import MediaVocabulary

/// Reads the members of one object of a client's message; what is missing or of the wrong form is refused by name.
struct MessageReader {
    private let members: [String: JSONValue]
    /// Where the object stands in the message, for example `media.lines.0.`.
    private let path: String

    init(_ members: [JSONValue.Member], path: String = "") {
        self.members = Dictionary(members.map { ($0.name, $0.value) }) { _, last in last }
        self.path = path
    }

    /// The member, or nil when it is absent or null.
    private func value(_ name: String) -> JSONValue? {
        switch members[name] {
        case nil, .null: nil
        case let value?: value
        }
    }

    private func wrong(_ name: String, _ expected: String, limit: String? = nil) -> SignalingError {
        var error = SignalingError.malformed(path + name, "The member \(path + name) must be \(expected).")
        error.limit = limit
        return error
    }

    private func check(_ string: String, _ name: String, _ limit: TextLimit) throws(SignalingError) {
        guard string.utf8.count <= limit.bytes else {
            throw wrong(name, "at most \(limit.bytes) bytes long", limit: limit.name)
        }
    }

    func optionalString(_ name: String, _ limit: TextLimit) throws(SignalingError) -> String? {
        guard let value = value(name) else { return nil }
        guard case .string(let string) = value else { throw wrong(name, "a string") }
        try check(string, name, limit)
        return string
    }

    func string(_ name: String, _ limit: TextLimit) throws(SignalingError) -> String {
        guard let string = try optionalString(name, limit), !string.isEmpty else {
            throw wrong(name, "a non-empty string")
        }
        return string
    }

    func displayName(_ name: String) throws(SignalingError) -> String? {
        guard let string = try optionalString(name, .displayName) else { return nil }
        guard string.count <= MessageLimits.displayNameCharacters else {
            throw wrong(
                name, "at most \(MessageLimits.displayNameCharacters) characters long",
                limit: "signalling.displayNameCharacters")
        }
        return string
    }

    func optionalGUID(_ name: String) throws(SignalingError) -> String? {
        guard let string = try optionalString(name, .identifier) else { return nil }
        guard let guid = IdentifierSource.canonicalGUID(string) else { throw wrong(name, "a GUID") }
        return guid
    }

    func guid(_ name: String) throws(SignalingError) -> String {
        guard let guid = try optionalGUID(name) else { throw wrong(name, "a GUID") }
        return guid
    }

    func bool(_ name: String) throws(SignalingError) -> Bool {
        guard case .bool(let bool) = value(name) else { throw wrong(name, "true or false") }
        return bool
    }

    func bool(_ name: String, default fallback: Bool) throws(SignalingError) -> Bool {
        value(name) == nil ? fallback : try bool(name)
    }

    func integer(_ name: String) throws(SignalingError) -> Int {
        guard case .integer(let integer) = value(name) else { throw wrong(name, "an integer") }
        return integer
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(SignalingError) -> Int {
        let integer = try integer(name)
        guard range.contains(integer) else {
            throw wrong(name, "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }

    /// A size in pixels, 0 when absent.
    func pixels(_ name: String) throws(SignalingError) -> Int {
        switch value(name) {
        case nil: return 0
        case .integer(let pixels) where (0...100_000).contains(pixels): return pixels
        case .number(let pixels) where (0...100_000).contains(pixels): return Int(pixels.rounded(.up))
        case .some: throw wrong(name, "a number of pixels")
        }
    }

    /// Any number, as it was written.
    func number(_ name: String) throws(SignalingError) -> JSONValue {
        switch value(name) {
        case .integer(let integer): return .integer(integer)
        case .number(let number): return .number(number)
        case nil, .null, .bool, .string, .array, .object: throw wrong(name, "a number")
        }
    }

    func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, _ type: Choice.Type
    ) throws(SignalingError) -> Choice where Choice.RawValue == String {
        try choice(name, among: Array(Choice.allCases))
    }

    func choice<Choice: RawRepresentable>(
        _ name: String, among choices: [Choice]
    ) throws(SignalingError) -> Choice where Choice.RawValue == String {
        guard case .string(let string) = value(name), let choice = choices.first(where: { $0.rawValue == string })
        else { throw wrong(name, "one of " + choices.map(\.rawValue).joined(separator: ", ")) }
        return choice
    }

    func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, _ type: Choice.Type, default fallback: Choice
    ) throws(SignalingError) -> Choice where Choice.RawValue == String {
        value(name) == nil ? fallback : try choice(name, type)
    }

    func optionalObject(_ name: String) throws(SignalingError) -> MessageReader? {
        guard let value = value(name) else { return nil }
        guard case .object(let members) = value else { throw wrong(name, "an object") }
        return MessageReader(members, path: "\(path)\(name).")
    }

    func optionalStrings(_ name: String, each text: TextLimit, limit: Int) throws(SignalingError) -> [String]? {
        guard let elements = try optionalArray(name, limit: limit) else { return nil }
        var strings: [String] = []
        for (index, element) in elements.enumerated() {
            guard case .string(let string) = element, !string.isEmpty else {
                throw wrong("\(name).\(index)", "a non-empty string")
            }
            try check(string, "\(name).\(index)", text)
            strings.append(string)
        }
        return strings
    }

    func optionalObjects(_ name: String, limit: Int) throws(SignalingError) -> [MessageReader]? {
        guard let elements = try optionalArray(name, limit: limit) else { return nil }
        var readers: [MessageReader] = []
        for (index, element) in elements.enumerated() {
            guard case .object(let members) = element else { throw wrong("\(name).\(index)", "an object") }
            readers.append(MessageReader(members, path: "\(path)\(name).\(index)."))
        }
        return readers
    }

    /// Refuses an absent array.
    func required<Element>(_ name: String, _ array: [Element]?) throws(SignalingError) -> [Element] {
        guard let array else { throw wrong(name, "an array") }
        return array
    }

    private func optionalArray(_ name: String, limit: Int) throws(SignalingError) -> [JSONValue]? {
        guard let value = value(name) else { return nil }
        guard case .array(let elements) = value else { throw wrong(name, "an array") }
        guard elements.count <= limit else {
            throw wrong(name, "an array of at most \(limit) elements", limit: "signalling.elements")
        }
        return elements
    }
}
