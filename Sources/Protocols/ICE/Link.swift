/// Over what an agent's datagrams travel to the peer's address: part of the name of a path.
///
/// The agent only tells links apart and pairs them with candidates that they can reach; the driver knows what is behind
/// them. The numbers tell links of one kind apart, so that those of before and after a restart can be used side by side.
public enum Link: Hashable, Sendable {
    /// The UDP socket with the path's local address.
    case udp
    /// TCP connections that we open to the peer's passive candidates, each packet behind its length (RFC 6544 §4.1,
    /// RFC 4571 §2). The driver opens one when the first check is to be sent.
    case tcp(UInt16)
    /// A TURN server's relayed address, which is the path's local one (RFC 8656).
    case relay(UInt16)

    /// The transport of the candidates of the peer that can be reached over it.
    var transport: Candidate.Transport {
        switch self {
        case .udp, .relay: .udp
        case .tcp: .tcp
        }
    }
}
