import MediaIO
import ProtocolCore

/// The addresses that sockets are bound to where no setting names one.
struct BindAddress: Sendable {
    /// Takes everything that reaches this machine: `0.0.0.0`, or `::` where there is no IPv4 to be reached by.
    let everything: String
    /// What the operator may want to know about the choice; nil when there is nothing to say.
    let note: String?

    /// - Parameter interfaces: The addresses of this machine.
    init(interfaces: [SocketEndpoint] = SocketEndpoint.interfaceAddresses()) {
        let outward = interfaces.filter { !$0.isLoopback }
        let hasIPv6 = outward.contains { $0.isIPv6 }
        if hasIPv6, outward.allSatisfy(\.isIPv6) {
            everything = "::"
            note = "This machine has addresses of IPv6 only, so the server listens on ::."
        } else {
            everything = "0.0.0.0"
            note =
                hasIPv6
                ? "This machine has addresses of IPv6 too. To be reached by them, set https.bind, media.bindAddress and "
                    + "turn.bindAddress to \"::\", which takes IPv4 and IPv6." : nil
        }
    }
}
