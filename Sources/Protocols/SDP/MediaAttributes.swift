public import ProtocolCore

/// Who sends on an m-line, seen from the side that wrote the description (RFC 8866 §6.7).
public enum MediaDirection: String, Sendable {
    case sendrecv
    case sendonly
    case recvonly
    case inactive

    public init(sends: Bool, receives: Bool) {
        self = sends ? (receives ? .sendrecv : .sendonly) : (receives ? .recvonly : .inactive)
    }

    public var sends: Bool { self == .sendrecv || self == .sendonly }
    public var receives: Bool { self == .sendrecv || self == .recvonly }
}

/// `a=rtpmap`: what a payload type stands for (RFC 8866 §6.6).
public struct RTPMap: Hashable, Sendable {
    public let payloadType: PayloadType
    /// In lower case, because names are compared without regard to case.
    public let encodingName: String
    /// In Hz.
    public let clockRate: UInt32
    public let channels: UInt8
    /// Everything behind the payload type, as it is written.
    public let text: String

    init?(parsing value: String) {
        guard let (number, rest) = value.cut(at: " "), let payloadType = PayloadType(sdp: number) else { return nil }
        text = rest.trimmed
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), !parts[0].isEmpty, let rate = UInt32(Substring(parts[1])), rate > 0
        else { return nil }
        guard let channels = parts.count == 3 ? UInt8(Substring(parts[2])) : 1, channels > 0 else { return nil }
        self.payloadType = payloadType
        encodingName = String(Substring(parts[0])).lowercased()
        clockRate = rate
        self.channels = channels
    }
}

/// The parameters of an `a=fmtp` line: `name=value` pairs between semicolons (RFC 8866 §6.15).
public struct FormatParameters: Hashable, Sendable {
    private var values: [String: String] = [:]

    init(parsing text: String) {
        for part in text.utf8.split(separator: UInt8(ascii: ";")).prefix(64) {
            guard let (name, value) = String(Substring(part)).cut(at: "=") else { continue }
            values[name.trimmed.lowercased()] = value.trimmed
        }
    }

    /// The value of a parameter; its name in lower case.
    public subscript(name: String) -> String? {
        values[name]
    }
}

/// The RTCP feedback messages agreed for a codec (RFC 4585 §4.2; RFC 5104 §7.1).
public struct RTCPFeedback: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Generic NACK: lost packets are asked for again.
    public static let nack = RTCPFeedback(rawValue: 1 << 0)
    /// Picture loss indication.
    public static let pli = RTCPFeedback(rawValue: 1 << 1)
    /// Full intra request.
    public static let fir = RTCPFeedback(rawValue: 1 << 2)
    /// Transport-wide congestion control feedback.
    public static let transportCC = RTCPFeedback(rawValue: 1 << 3)
    /// Receiver-estimated maximum bit rate.
    public static let remb = RTCPFeedback(rawValue: 1 << 4)

    /// Congestion control feedback by stream (RFC 8888).
    public static let congestionControl = RTCPFeedback(rawValue: 1 << 5)

    /// Each message with its text in `a=rtcp-fb`, in the order in which we write them.
    static let texts: [(RTCPFeedback, String)] = [
        (.nack, "nack"), (.pli, "nack pli"), (.fir, "ccm fir"), (.transportCC, "transport-cc"), (.remb, "goog-remb"),
        (.congestionControl, "ack ccfb"),
    ]
}

/// `a=extmap`: which RTP header extension an id stands for (RFC 8285 §5).
public struct ExtensionMapping: Hashable, Sendable {
    /// 1...14 in the one-byte form, up to 255 in the two-byte form; larger ones only reserve a place.
    public let id: UInt16
    public let direction: MediaDirection?
    public let uri: String

    init?(parsing value: String) {
        let fields = value.fields()
        guard fields.count >= 2 else { return nil }
        let (number, direction) = fields[0].cut(at: "/").map { ($0, $1 as String?) } ?? (fields[0], nil)
        guard let id = UInt16(number), id > 0 else { return nil }
        self.id = id
        if let direction {
            guard let known = MediaDirection(rawValue: direction) else { return nil }
            self.direction = known
        } else {
            self.direction = nil
        }
        uri = fields[1]
    }
}

/// `a=ssrc`: one attribute of a stream (RFC 5576 §4.1).
public struct SSRCAttribute: Hashable, Sendable {
    public let ssrc: SSRC
    /// For example `cname` or `msid`.
    public let name: String
    public let value: String?

    init?(parsing text: String) {
        guard let (number, rest) = text.cut(at: " "), let ssrc = UInt32(number) else { return nil }
        self.ssrc = SSRC(ssrc)
        let (name, value) = rest.cut(at: ":").map { ($0, $1 as String?) } ?? (rest, nil)
        guard !name.isEmpty else { return nil }
        self.name = name
        self.value = value
    }
}

/// `a=ssrc-group`: streams that belong together (RFC 5576 §4.2).
public struct SSRCGroup: Hashable, Sendable {
    /// `FID` (a stream and its retransmissions, RFC 4588) or `SIM` (simulcast layers) among others.
    public let semantics: String
    public let ssrcs: [SSRC]

    init?(parsing value: String) {
        let fields = value.fields()
        let ssrcs = fields.dropFirst().compactMap { UInt32($0).map { SSRC($0) } }
        guard let semantics = fields.first, !ssrcs.isEmpty, ssrcs.count == fields.count - 1 else { return nil }
        self.semantics = semantics
        self.ssrcs = ssrcs
    }
}

/// `a=msid`: the media stream and track that a line belongs to (RFC 8830).
public struct MediaStreamID: Hashable, Sendable {
    /// `-` for a track in no stream.
    public let stream: String
    public let track: String?

    init?(parsing value: String) {
        let fields = value.fields()
        guard let stream = fields.first else { return nil }
        self.stream = stream
        track = fields.count > 1 ? fields[1] : nil
    }
}

/// The attributes that describe the media of one m-line.
extension AttributeList {
    /// The direction; `sendrecv` when none is given (RFC 8866 §6.7).
    public var direction: MediaDirection {
        lazy.compactMap { MediaDirection(rawValue: $0.name) }.first ?? .sendrecv
    }

    public var rtpMaps: [RTPMap] {
        values("rtpmap").compactMap { RTPMap(parsing: $0) }
    }

    /// The parameters of each payload type that has an `a=fmtp` line.
    public var formatParameters: [PayloadType: FormatParameters] {
        var parameters: [PayloadType: FormatParameters] = [:]
        for value in values("fmtp") {
            guard let (number, text) = value.cut(at: " "), let payloadType = PayloadType(sdp: number) else { continue }
            parameters[payloadType] = FormatParameters(parsing: text)
        }
        return parameters
    }

    /// The known feedback messages of a payload type, with those that `*` gives to all of them.
    public func feedback(for payloadType: PayloadType) -> RTCPFeedback {
        let targets = ["\(payloadType) ", "* "]
        return values("rtcp-fb").reduce(into: []) { found, value in
            guard let target = targets.first(where: { value.hasPrefix($0) }) else { return }
            let text = String(value.dropFirst(target.count)).trimmed
            if let (message, _) = RTCPFeedback.texts.first(where: { $0.1 == text }) { found.insert(message) }
        }
    }

    public var extensionMappings: [ExtensionMapping] {
        values("extmap").compactMap { ExtensionMapping(parsing: $0) }
    }

    /// `a=extmap-allow-mixed`: one-byte and two-byte header extensions may alternate (RFC 8285 §6).
    public var allowsMixedExtensions: Bool {
        contains("extmap-allow-mixed")
    }

    public var ssrcAttributes: [SSRCAttribute] {
        values("ssrc").compactMap { SSRCAttribute(parsing: $0) }
    }

    public var ssrcGroups: [SSRCGroup] {
        values("ssrc-group").compactMap { SSRCGroup(parsing: $0) }
    }

    public var mediaStreamIDs: [MediaStreamID] {
        values("msid").compactMap { MediaStreamID(parsing: $0) }
    }

    /// The layers that the writer of the description sends: those in `a=simulcast:send` that have an `a=rid … send`
    /// line, in that order (RFC 8853 §5.1, RFC 8851 §4). Of alternatives for one layer the first counts.
    public var sentRids: [Rid] {
        rids(direction: "send")
    }

    /// The layers that the writer of the description receives; see ``sentRids``.
    public var receivedRids: [Rid] {
        rids(direction: "recv")
    }

    private func rids(direction: String) -> [Rid] {
        let declared = Set(
            values("rid").compactMap { value -> String? in
                let fields = value.fields()
                return fields.count >= 2 && fields[1] == direction ? fields[0] : nil
            })
        guard let fields = value("simulcast")?.fields(),
            let keyword = fields.firstIndex(of: direction), keyword + 1 < fields.count
        else { return [] }
        var found: [Rid] = []
        for layer in fields[keyword + 1].utf8.split(separator: UInt8(ascii: ";")) {
            // A tilde marks a layer that starts paused.
            let first = layer.split(separator: UInt8(ascii: ",")).first.map { $0.drop { $0 == UInt8(ascii: "~") } }
            guard let first else { continue }
            let rid = Rid(String(Substring(first)))
            if declared.contains(rid.rawValue), !found.contains(rid) { found.append(rid) }
        }
        return found
    }
}

extension PayloadType {
    /// A payload type in decimal digits, 0...127.
    init?(sdp text: String) {
        guard let number = UInt8(text), number < 128 else { return nil }
        self.init(number)
    }
}
