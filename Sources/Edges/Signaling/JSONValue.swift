/// A JSON text as a value. Members are written in the given order, so that a frame reads like the protocol's
/// description.
enum JSONValue: Hashable, Sendable {
    /// One member of an object.
    struct Member: Hashable, Sendable {
        var name: String
        var value: JSONValue
    }

    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// A member of an object, the last one where there are several; nil when this is no object or has no such member.
    subscript(name: String) -> JSONValue? {
        switch self {
        case .object(let members): members.last { $0.name == name }?.value
        case .null, .bool, .integer, .number, .string, .array: nil
        }
    }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral
{
    init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member(name: $0.0, value: $0.1) })
    }

    init(stringLiteral value: String) {
        self = .string(value)
    }

    init(integerLiteral value: Int) {
        self = .integer(value)
    }

    init(booleanLiteral value: Bool) {
        self = .bool(value)
    }

    /// The string, or null.
    init(_ value: String?) {
        self = value.map { .string($0) } ?? .null
    }
}
