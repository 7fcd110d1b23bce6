/// A session description (RFC 8866) as WebRTC uses it (RFC 9429): one session part and a list of m-lines.
///
/// Lines of the types `i u e p r z k` carry nothing for WebRTC and are not kept. All attributes are.
public struct SessionDescription: Hashable, Sendable {
    /// Who made the description, and which version of it this is (RFC 8866 §5.2).
    public struct Origin: Hashable, Sendable {
        public var username: String
        /// Digits; numbers of more than 64 bits are allowed.
        public var sessionID: String
        /// Digits; grows with each description of a session.
        public var sessionVersion: String
        public var address: ConnectionData

        public init(username: String = "-", sessionID: String, sessionVersion: String, address: ConnectionData) {
            self.username = username
            self.sessionID = sessionID
            self.sessionVersion = sessionVersion
            self.address = address
        }
    }

    /// Network type, address type and address, as in `IN IP4 0.0.0.0` (RFC 8866 §5.7).
    public struct ConnectionData: Hashable, Sendable {
        public var networkType: String
        public var addressType: String
        public var address: String

        public init(networkType: String = "IN", addressType: String = "IP4", address: String) {
            self.networkType = networkType
            self.addressType = addressType
            self.address = address
        }

        /// `IN IP4 0.0.0.0`: the address is somewhere else, in ICE candidates.
        public static let unspecified = ConnectionData(address: "0.0.0.0")
    }

    /// One m-line with what belongs to it (RFC 8866 §5.14).
    public struct Media: Hashable, Sendable {
        /// `audio`, `video`, `application` …
        public var kind: String
        /// 0 rejects the line, except in an offer with `a=bundle-only`.
        public var port: UInt16
        /// How many consecutive ports the line asks for, each with an RTP session of its own (RFC 8866 §5.14).
        public var portCount: UInt16
        /// For example `UDP/TLS/RTP/SAVPF`.
        public var transport: String
        /// RTP payload types, or other format names.
        public var formats: [String]
        public var connection: ConnectionData?
        /// Values of `b=` lines.
        public var bandwidths: [String] = []
        public var attributes: AttributeList = []

        public init(
            kind: String, port: UInt16, portCount: UInt16 = 1, transport: String, formats: [String],
            connection: ConnectionData? = nil, attributes: AttributeList = []
        ) {
            self.kind = kind
            self.port = port
            self.portCount = portCount
            self.transport = transport
            self.formats = formats
            self.connection = connection
            self.attributes = attributes
        }
    }

    public var origin: Origin
    public var name: String
    public var connection: ConnectionData?
    /// Values of `b=` lines.
    public var bandwidths: [String] = []
    /// Values of `t=` lines; WebRTC sessions have no fixed time.
    public var timings: [String] = ["0 0"]
    public var attributes: AttributeList = []
    public var media: [Media] = []

    public init(origin: Origin, name: String = "-") {
        self.origin = origin
        self.name = name
    }
}

extension SessionDescription: CustomStringConvertible {
    /// The description as text, each line ended by CR LF.
    public var description: String {
        var text = "v=0\r\no=\(origin.username) \(origin.sessionID) \(origin.sessionVersion) \(origin.address)\r\n"
        text += "s=\(name)\r\n"
        connection.map { text += "c=\($0)\r\n" }
        bandwidths.forEach { text += "b=\($0)\r\n" }
        timings.forEach { text += "t=\($0)\r\n" }
        attributes.write(to: &text)
        for line in media {
            let ports = line.portCount == 1 ? "\(line.port)" : "\(line.port)/\(line.portCount)"
            text += "m=\(line.kind) \(ports) \(line.transport) \(line.formats.joined(separator: " "))\r\n"
            line.connection.map { text += "c=\($0)\r\n" }
            line.bandwidths.forEach { text += "b=\($0)\r\n" }
            line.attributes.write(to: &text)
        }
        return text
    }
}

extension SessionDescription.ConnectionData: CustomStringConvertible {
    public var description: String {
        "\(networkType) \(addressType) \(address)"
    }
}

extension AttributeList {
    fileprivate func write(to text: inout String) {
        for attribute in self {
            text += attribute.value.map { "a=\(attribute.name):\($0)\r\n" } ?? "a=\(attribute.name)\r\n"
        }
    }
}
