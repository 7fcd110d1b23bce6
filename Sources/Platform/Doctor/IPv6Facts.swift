/// What is known of IPv6 at this machine and in the settings.
public struct IPv6Facts: Sendable, Hashable {
    /// A setting that says where the server listens.
    public struct Bind: Sendable, Hashable {
        public var setting: String
        public var address: String
        /// Whether it takes IPv6.
        public var takesIPv6: Bool
        /// Whether it takes IPv4; an IPv6 wildcard does.
        public var takesIPv4: Bool

        public init(setting: String, address: String, takesIPv6: Bool, takesIPv4: Bool) {
            self.setting = setting
            self.address = address
            self.takesIPv6 = takesIPv6
            self.takesIPv4 = takesIPv4
        }
    }

    /// Whether this machine has an IPv6 address that others can reach.
    public var machineHasIPv6: Bool
    public var machineHasIPv4: Bool
    /// Whether `public.host` has an IPv6 address.
    public var hostHasIPv6: Bool
    public var publicHost: String
    /// The settings of HTTPS, media and, where it is on, TURN.
    public var binds: [Bind]

    public init(
        machineHasIPv6: Bool, machineHasIPv4: Bool, hostHasIPv6: Bool, publicHost: String, binds: [Bind]
    ) {
        self.machineHasIPv6 = machineHasIPv6
        self.machineHasIPv4 = machineHasIPv4
        self.hostHasIPv6 = hostHasIPv6
        self.publicHost = publicHost
        self.binds = binds
    }

    public var findings: [Finding] {
        let without = binds.filter { !$0.takesIPv6 }
        let remedy = "Set \(names(without)) to ::, which takes IPv4 as well."
        if !machineHasIPv4, machineHasIPv6, !without.isEmpty {
            return [
                .problem(
                    .ipv6, "ipv6Only", "This machine has IPv6 alone, but \(names(without)) takes IPv4 alone.",
                    remedy: remedy)
            ]
        }
        if hostHasIPv6, !without.isEmpty {
            return [
                .problem(
                    .ipv6, "hostHasIPv6",
                    "The name \(publicHost) has an IPv6 address, which clients try first, but \(names(without)) takes "
                        + "IPv4 alone.",
                    remedy: remedy + " Or take the AAAA record out of the DNS.")
            ]
        }
        if machineHasIPv6, !without.isEmpty {
            return [
                .warning(
                    .ipv6, "ipv6Unused",
                    "This machine has IPv6, but \(names(without)) takes IPv4 alone: mobile networks with IPv6 alone take "
                        + "a detour.",
                    remedy: remedy)
            ]
        }
        if !machineHasIPv6 { return [.ok(.ipv6, "ipv6Absent", "This machine has no IPv6, and needs none.")] }
        return [.ok(.ipv6, "ipv6Served", "IPv6 is served.")]
    }

    private func names(_ binds: [Bind]) -> String { binds.map(\.setting).joined(separator: ", ") }
}
