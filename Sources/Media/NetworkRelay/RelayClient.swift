internal import MediaIO
internal import ProtocolCore

/// Somebody who has sent to the relay, with the socket that stands for them towards the server.
final class RelayClient {
    let endpoint: SocketEndpoint
    let socket: UDPSocket
    var lastHeard: Instant
    /// Its socket is closed to new packets; what is still on the way to it is of no use.
    var isGone = false

    /// Opens a socket that can reach `server`.
    init(_ endpoint: SocketEndpoint, towards server: SocketEndpoint, now: Instant) throws(SystemError) {
        self.endpoint = endpoint
        let anywhere =
            server.isIPv6 ? SocketEndpoint(ipv6High: 0, low: 0, port: 0) : SocketEndpoint(ipv4: 0, port: 0)
        socket = try UDPSocket(bindingTo: anywhere)
        lastHeard = now
    }
}

/// A datagram on its way through the relay.
struct RelayedDatagram {
    let client: RelayClient
    let bytes: [UInt8]
}
