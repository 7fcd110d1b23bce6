/// The condition of an `If-Match` header (RFC 9110 §13.1.1).
enum EntityTagCondition: Hashable, Sendable {
    /// `*`: whatever there is.
    case any
    /// One of these; weak tags never match and are left out.
    case oneOf(Set<String>)

    /// - Parameter header: The value of the header. Tags without quotes, which some clients send, are taken too.
    init(_ header: String) {
        let tags = header.split(separator: ",").map { $0.trimmingSpaces }
        guard tags != ["*"] else {
            self = .any
            return
        }
        self = .oneOf(Set(tags.filter { !$0.hasPrefix("W/") }.map { $0.filter { $0 != "\"" } }))
    }

    /// - Parameter tag: The present tag, without quotes.
    func holds(for tag: String) -> Bool {
        switch self {
        case .any: true
        case .oneOf(let tags): tags.contains(tag)
        }
    }
}

extension StringProtocol {
    /// The text without spaces and tabs at either end.
    var trimmingSpaces: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }
}
