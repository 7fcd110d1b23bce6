/// What is known of the addresses under which the server is reached.
public struct AddressFacts: Sendable, Hashable {
    /// An address with what matters of it here.
    public struct Address: Sendable, Hashable {
        public var text: String
        /// Reached from this machine alone.
        public var isLoopback: Bool
        /// Reached within a private network alone (RFC 1918, RFC 4193, RFC 6598).
        public var isPrivate: Bool
        public var isIPv6: Bool

        public init(_ text: String, isLoopback: Bool = false, isPrivate: Bool = false, isIPv6: Bool = false) {
            self.text = text
            self.isLoopback = isLoopback
            self.isPrivate = isPrivate
            self.isIPv6 = isIPv6
        }
    }

    /// What a STUN server said.
    public enum Mapping: Sendable, Hashable {
        /// No STUN server was asked.
        case notAsked
        /// It did not answer.
        case unanswered(server: String)
        /// It saw this address.
        case seen(Address, server: String)
    }

    /// `public.host`.
    public var publicHost: String
    /// What it resolves to.
    public var resolved: [Address]
    /// What clients are told to send media to.
    public var advertised: [Address]
    /// Whether the operator named them in `media.advertisedAddresses`.
    public var areGiven: Bool
    /// The addresses of this machine.
    public var interfaces: [Address]
    /// What the STUN server named by the operator said.
    public var mapping: Mapping
    /// What the server's own STUN server said under its public name.
    public var ownMapping: Mapping = .notAsked

    public init(
        publicHost: String, resolved: [Address], advertised: [Address], areGiven: Bool, interfaces: [Address],
        mapping: Mapping
    ) {
        self.publicHost = publicHost
        self.resolved = resolved
        self.advertised = advertised
        self.areGiven = areGiven
        self.interfaces = interfaces
        self.mapping = mapping
    }

    private static let setting = "media.advertisedAddresses"

    public var findings: [Finding] {
        var found = hostFindings + advertisedFindings + mappingFindings + ownMappingFindings
        if !found.contains(where: { $0.severity > .ok }) {
            found.append(
                .ok(.addresses, "addressesFit", "Media is advertised at \(list(advertised)), which is reachable here."))
        }
        return found
    }

    private func list(_ addresses: [Address]) -> String {
        addresses.isEmpty ? "no address" : addresses.map(\.text).joined(separator: ", ")
    }

    private func isOwn(_ address: Address) -> Bool { interfaces.contains { $0.text == address.text } }

    private var hostFindings: [Finding] {
        guard !resolved.isEmpty else {
            return [
                .problem(
                    .addresses, "hostUnresolved", "The name \(publicHost) does not resolve.",
                    remedy: "Add it to the DNS, or name another one with the setting public.host.")
            ]
        }
        let isOnlyLocal = resolved.allSatisfy(\.isLoopback)
        if isOnlyLocal, advertised.contains(where: { !$0.isLoopback }) {
            return [
                .warning(
                    .addresses, "hostIsLocal",
                    "The name \(publicHost) means this machine alone, so nobody else can use the connection string.",
                    remedy: "Name the server as others know it with the setting public.host.")
            ]
        }
        let elsewhere = resolved.filter { address in
            !isOwn(address) && !advertised.contains { $0.text == address.text } && !isMapped(address)
        }
        guard elsewhere.count == resolved.count else { return [] }
        return [
            .warning(
                .addresses, "hostElsewhere",
                "The name \(publicHost) leads to \(list(resolved)), which is neither an address of this machine nor one "
                    + "at which media is advertised.",
                remedy: "This is right behind a proxy or a NAT for HTTPS; media does not pass such a proxy, so set "
                    + "\(Self.setting) to the address that forwards the media ports.")
        ]
    }

    private func isMapped(_ address: Address) -> Bool {
        if case .seen(let seen, _) = mapping { return seen.text == address.text }
        return false
    }

    private var advertisedFindings: [Finding] {
        guard !advertised.isEmpty else {
            return [
                .problem(
                    .addresses, "nothingAdvertised", "There is no address at which clients could send media.",
                    remedy: "Set \(Self.setting), or bring up a network interface.")
            ]
        }
        var found: [Finding] = []
        for address in advertised where !isOwn(address) && !isMapped(address) {
            found.append(
                .warning(
                    .addresses, "advertisedElsewhere",
                    "Media is advertised at \(address.text), which is no address of this machine\(seenClause).",
                    remedy: "Right only where a NAT or a load balancer forwards the media ports from there; otherwise "
                        + "change \(Self.setting). `--stun HOST:PORT` lets the doctor see the NAT."))
        }
        if !areGiven, advertised.allSatisfy({ $0.isPrivate || $0.isLoopback }), case .seen(let seen, _) = mapping,
            !seen.isPrivate, !seen.isLoopback
        {
            found.append(
                .problem(
                    .addresses, "behindNAT",
                    "Media is advertised at \(list(advertised)), but the internet sees this machine at \(seen.text).",
                    remedy: "Set \(Self.setting) to \(seen.text), and forward the media ports to this machine."))
        }
        return found
    }

    private var seenClause: String {
        if case .seen(let seen, let server) = mapping { return ", nor the one that \(server) sees (\(seen.text))" }
        return ""
    }

    private var mappingFindings: [Finding] {
        switch mapping {
        case .notAsked: []
        case .unanswered(let server):
            [
                .warning(
                    .addresses, "stunUnanswered", "The STUN server \(server) did not answer.",
                    remedy: "Name another one with --stun, or let UDP out of this network.")
            ]
        case .seen(let seen, let server):
            [.ok(.addresses, "stunSeen", "\(server) sees this machine at \(seen.text).")]
        }
    }

    private var ownMappingFindings: [Finding] {
        guard case .unanswered(let server) = ownMapping else { return [] }
        return [
            .problem(
                .addresses, "ownSTUNUnanswered",
                "The server's own STUN and TURN port does not answer at \(server) over UDP.",
                remedy: "Check turn.host and turn.port, and let UDP through to that port.")
        ]
    }
}
