#if canImport(Glibc)
    import Glibc
#endif

/// Environment variables that are made of the names of services, and look like our settings when a service is called
/// `switchboard` or `switchboard-…`.
///
/// Kubernetes gives each container, for each service of its namespace, the variables that Docker made for linked
/// containers: https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables. For a service
/// `switchboard-media` they begin with `SWITCHBOARD_MEDIA`. Name and value must both have the form, so that a misspelt
/// setting is still told from them.
enum InjectedVariable {
    static func matches(name: String, value: String) -> Bool {
        guard name.hasPrefix(Setting.environmentPrefix) else { return false }
        let words = name.split(separator: "_", omittingEmptySubsequences: false).map { String($0) }
        return isService(words, value) || isPort(words, value) || isLink(words, value)
    }

    /// `NAME_SERVICE_HOST=10.0.0.1`, `NAME_SERVICE_PORT=8443`, `NAME_SERVICE_PORT_HTTPS=8443`.
    private static func isService(_ words: [String], _ value: String) -> Bool {
        guard let index = words.lastIndex(of: "SERVICE"), index > 0, index + 1 < words.count else { return false }
        switch words[index + 1] {
        case "HOST": return index + 2 == words.count && isAddress(value)
        case "PORT": return isPortNumber(value)
        default: return false
        }
    }

    /// `NAME_PORT=tcp://10.0.0.1:8443`, `NAME_PORT_8443_TCP` with the same, and `NAME_PORT_8443_TCP_PROTO=tcp`, `_PORT`
    /// and `_ADDR`.
    private static func isPort(_ words: [String], _ value: String) -> Bool {
        if words.last == "PORT", isURL(value) { return true }
        guard let index = words.lastIndex(where: { protocols.contains($0.lowercased()) }), index >= 3,
            words[index - 2] == "PORT", isPortNumber(words[index - 1])
        else { return false }
        switch words[(index + 1)...] {
        case []: return isURL(value)
        case ["PROTO"]: return value == words[index].lowercased()
        case ["PORT"]: return value == words[index - 1]
        case ["ADDR"]: return isAddress(value)
        default: return false
        }
    }

    /// Docker's links besides: `ALIAS_NAME=/container/alias`, and `ALIAS_ENV_…` for what the other container has set.
    private static func isLink(_ words: [String], _ value: String) -> Bool {
        if words.last == "NAME" {
            return value.hasPrefix("/") && value.split(separator: "/", omittingEmptySubsequences: false).count == 3
        }
        return words.count > 2 && words[1...].contains("ENV")
    }

    private static let protocols: Set<String> = ["tcp", "udp", "sctp"]

    /// `tcp://10.0.0.1:8443`, which no setting can be.
    private static func isURL(_ value: String) -> Bool {
        guard let colon = value.firstIndex(of: ":"), protocols.contains(String(value[..<colon])),
            value[colon...].hasPrefix("://")
        else { return false }
        let authority = value[value.index(colon, offsetBy: 3)...]
        guard let last = authority.lastIndex(of: ":"), isPortNumber(String(authority[authority.index(after: last)...]))
        else { return false }
        var host = authority[..<last]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        return isAddress(String(host))
    }

    private static func isPortNumber(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) } && (UInt16(text) ?? 0) > 0
    }

    private static func isAddress(_ text: String) -> Bool {
        var four = in_addr()
        var six = in6_addr()
        return inet_pton(AF_INET, text, &four) == 1 || inet_pton(AF_INET6, text, &six) == 1
    }
}
