public import ProtocolCore

/// The m-line of data channels as negotiated (RFC 8841): SCTP inside the DTLS connection that media has its keys from.
public struct NegotiatedDataLine: Hashable, Sendable {
    public var mid: Mid
    /// The peer's SCTP port.
    public var remotePort: UInt16
    /// The largest message that the peer takes, in bytes.
    public var remoteMaximumMessageSize: Int

    public init(mid: Mid, remotePort: UInt16, remoteMaximumMessageSize: Int) {
        self.mid = mid
        self.remotePort = remotePort
        self.remoteMaximumMessageSize = remoteMaximumMessageSize
    }
}

/// The m-line of data channels in an offer of ours.
public struct OfferDataLine: Hashable, Sendable {
    /// At most 32 characters of a token.
    public var mid: Mid
    /// How many of the other m-lines stand before it: the same in all offers of a session.
    public var position: Int

    public init(mid: Mid, position: Int) {
        self.mid = mid
        self.position = position
    }
}

/// What both sides say of data channels in SDP.
public enum DataLine {
    /// The port that browsers use too; there is one association for each transport, so that it distinguishes nothing.
    public static let port: UInt16 = 5000
    /// The largest message that we take, in bytes.
    public static let maximumMessageSize = 65_536

    static let kind = "application"
    static let format = "webrtc-datachannel"
    static let transports: Set = ["UDP/DTLS/SCTP", "TCP/DTLS/SCTP"]
    /// Of a peer that does not tell its own (RFC 8841 §6.1).
    static let assumedMessageSize = 65_536

    /// Reads what a peer's line says; nil when it is not of the present form.
    static func read(_ media: SessionDescription.Media, mid: Mid) -> NegotiatedDataLine? {
        guard media.formats.contains(format), let port = media.attributes.sctpPort else { return nil }
        let size = media.attributes.maximumMessageSize ?? assumedMessageSize
        return NegotiatedDataLine(mid: mid, remotePort: port, remoteMaximumMessageSize: size == 0 ? .max : size)
    }

    static func write(to attributes: inout AttributeList) {
        attributes.append("sctp-port", String(port))
        attributes.append("max-message-size", String(maximumMessageSize))
    }
}
