/// How a client's media reaches this machine.
public enum MediaTransport: String, Hashable, Sendable, CaseIterable {
    /// Straight to the media port.
    case udp
    /// Over a TCP connection of ICE (RFC 6544), which loses nothing and so is late instead.
    case tcp
    /// Through the TURN server of this program.
    case relay
}
