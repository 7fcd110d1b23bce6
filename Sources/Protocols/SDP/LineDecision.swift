internal import ProtocolCore
internal import RTP

/// What becomes of one m-line of an offer, before slots and transport are known.
struct LineDecision {
    /// What an accepted or rejected line is in the session.
    enum Outcome {
        case media(NegotiatedLine)
        case data(NegotiatedDataLine)

        var media: NegotiatedLine? { if case .media(let line) = self { line } else { nil } }
        var data: NegotiatedDataLine? { if case .data(let line) = self { line } else { nil } }
    }

    let line: OfferedLine
    private(set) var rejection: LineRejection?
    /// What a line of data channels says; such a line is neither audio nor video.
    private(set) var data: NegotiatedDataLine?
    /// Whether the line gets a port in the answer, be it `inactive`.
    private(set) var isAccepted = false
    private let kind: MediaKind?
    private var purposes: [LinePurpose] = []
    private var published: LinePurpose?
    private var slot: LinePurpose?
    private var codecs: [NegotiatedCodec] = []
    private var extensions = HeaderExtensionMap()
    private var rids: [Rid] = []

    /// The profiles that RFC 9429 §5.1.2 wants accepted: some name `RTP/AVP` and mean DTLS-SRTP, which the fingerprint
    /// shows.
    private static let transports: Set = [
        "UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVP", "RTP/SAVPF", "RTP/SAVP",
        "RTP/AVPF", "RTP/AVP",
    ]
    /// What we understand or pass on. The limits of playout delay are a wish of one sender for one receiver's buffer
    /// and mean nothing in a slot.
    private static let extensions: Set<HeaderExtension> = [
        .mid, .rid, .repairedRid, .audioLevel, .absoluteSendTime, .transportSequence, .videoOrientation,
        .dependencyDescriptor,
    ]

    /// Decides whether the line could be used by itself.
    init(_ line: OfferedLine, rules: LineRules) {
        self.line = line
        kind = MediaKind(rawValue: line.media.kind)
        guard line.isInUse else {
            reject(.removed, "is out of use: the offer gives it port 0")
            return
        }
        guard line.media.portCount == 1 else {
            reject(
                .unsupportedTransport, "asks for \(line.media.portCount) ports; all media goes over one")
            return
        }
        switch line.misnaming {
        case .tooLong?:
            reject(.unusableMid, "has a mid of more than \(SessionDescription.Limit.midLength) characters")
            return
        case .repeated(let mid)?:
            reject(.unusableMid, "repeats the mid \(mid) of a line before")
            return
        case nil:
            break
        }
        guard line.media.kind != DataLine.kind else {
            readData()
            return
        }
        guard let kind else {
            reject(
                .unsupportedMedia, "is \(line.media.kind.prefix(16)); only audio, video and data channels are supported"
            )
            return
        }
        guard Self.transports.contains(line.media.transport) else {
            reject(
                .unsupportedTransport,
                "uses \(line.media.transport.prefix(32)); only UDP/TLS/RTP/SAVPF is supported")
            return
        }
        codecs = CodecNegotiation(line.media).codecs(for: kind, preferOffererOrder: rules.preferOffererOrder)
        guard !codecs.isEmpty else {
            let names = kind == .audio ? "Opus" : "H.264 nor VP8"
            reject(.noCommonCodec, "offers \(kind == .audio ? "no" : "neither") \(names)")
            return
        }
        guard line.attributes.hasRTCPMux else {
            reject(.missingRTCPMux, "has no a=rtcp-mux")
            return
        }
        isAccepted = true
    }

    private mutating func readData() {
        guard DataLine.transports.contains(line.media.transport), let read = DataLine.read(line.media, mid: line.name)
        else {
            reject(
                .unsupportedTransport,
                "uses \(line.media.transport.prefix(32)); data channels need UDP/DTLS/SCTP webrtc-datachannel and "
                    + "a=sctp-port")
            return
        }
        data = read
        isAccepted = true
    }

    /// Takes the line out of the answer.
    mutating func refuse(_ reason: LineRejection.Reason, _ message: String) {
        isAccepted = false
        data = nil
        codecs = []
        reject(reason, message)
    }

    private mutating func reject(_ reason: LineRejection.Reason, _ message: String) {
        // A line that is out of use may have lost its mid, and then there is nothing to tell anybody.
        if reason == .removed, line.media.attributes.mid != line.name { return }
        rejection = LineRejection(
            index: line.index, mid: line.name, reason: reason, message: "\(line.label) \(message).")
    }

    /// Decides what the line is used for on the transport that it shares.
    mutating func assign(
        rules: LineRules, counts: inout [LinePurpose: Int], shared: inout SharedMeanings, hasData: inout Bool
    ) {
        guard let kind else {
            if hasData { refuse(.overLimit, "is a second line of data channels; all of them share one") }
            hasData = true
            return
        }
        purposes =
            rules.purposes[line.name].map { [$0] } ?? LinePurpose.assumed(for: kind, offered: line.direction)
        if let purpose = purposes.first, purpose.kind != kind {
            purposes = []
            refuse(.purposeMismatch, "is \(kind.rawValue) and cannot be a \(purpose.rawValue)")
            return
        }
        let usable = shared.take(codecs)
        guard !usable.isEmpty else {
            refuse(
                .conflictingPayloadTypes,
                "uses payload type \(codecs[0].payloadType) for something else than an m-line before it")
            return
        }
        codecs = usable
        extensions = shared.take(Self.commonExtensions(line.attributes))
        usePurposes(rules: rules, counts: &counts)
        if published != nil, extensions.id(for: .rid) != nil {
            rids = Array(line.attributes.sentRids.prefix(rules.maximumSimulcastLayers))
        }
    }

    private mutating func usePurposes(rules: LineRules, counts: inout [LinePurpose: Int]) {
        for purpose in purposes {
            // A line that does not flow now (a camera that is off) keeps its purpose and takes no place.
            guard purpose.isSlot ? line.direction.receives : line.direction.sends else { continue }
            let limit = rules.limits[purpose]
            guard counts[purpose, default: 0] < limit else {
                reject(.overLimit, "is one \(purpose.rawValue) too many: at most \(limit) may be in use")
                continue
            }
            counts[purpose, default: 0] += 1
            if purpose.isSlot { slot = purpose } else { published = purpose }
        }
    }

    private static func commonExtensions(_ attributes: AttributeList) -> HeaderExtensionMap {
        var map = HeaderExtensionMap()
        for mapping in attributes.extensionMappings {
            // Id 15 is reserved in the one-byte form; larger ones would force the two-byte form on every packet.
            guard let id = UInt8(exactly: mapping.id), (1...14).contains(id), mapping.direction != .inactive,
                let known = HeaderExtension(uri: mapping.uri), extensions.contains(known),
                map[id] == nil, map.id(for: known) == nil
            else { continue }
            map[id] = known
        }
        return map
    }
}

extension LineDecision {
    /// The line as negotiated; nil when it is neither audio, video nor data channels, or has nothing to be named by.
    func negotiated(slots: inout SlotAllocator, nextSSRC: () -> SSRC) -> Outcome? {
        if let data { return .data(data) }
        let isNamed = line.media.attributes.mid == line.name || line.isInUse
        guard let kind, isNamed else { return nil }
        var negotiated = NegotiatedLine(
            mid: line.name, kind: kind, purposes: purposes,
            direction: MediaDirection(sends: slot != nil, receives: published != nil), codecs: codecs,
            publish: nil, slot: nil, extensions: extensions, rejection: rejection, isAccepted: isAccepted)
        negotiated.hasReducedSizeRTCP = line.attributes.hasReducedSizeRTCP
        if let published {
            negotiated.publish = PublishedLine(
                purpose: published, codecs: codecs, streams: streams(), rids: rids,
                cname: line.attributes.ssrcAttributes.first { $0.name == "cname" }?.value)
        }
        if let slot {
            let streams = slots.streams(for: line.name, kind: kind, nextSSRC: nextSSRC)
            let takesRTX = codecs.contains { $0.rtxPayloadType != nil }
            negotiated.slot = SlotLine(
                purpose: slot, ssrc: streams.ssrc, rtxSSRC: takesRTX ? streams.rtxSSRC : nil, codecs: codecs,
                streamID: "slot-\(line.name)", trackID: "track-\(line.name)")
        }
        return .media(negotiated)
    }

    /// The announced streams; those that only repair or protect another one are not streams of their own.
    private func streams() -> [PublishedStream] {
        let groups = line.attributes.ssrcGroups
        var repairs: [SSRC: SSRC] = [:]
        var secondary: Set<SSRC> = []
        for group in groups where group.semantics != "SIM" && group.ssrcs.count == 2 {
            secondary.insert(group.ssrcs[1])
            if group.semantics == "FID" { repairs[group.ssrcs[0]] = group.ssrcs[1] }
        }
        // A simulcast group gives the order of its layers; other streams come in the order of their lines.
        let layers = groups.first { $0.semantics == "SIM" }?.ssrcs ?? []
        var seen: Set<SSRC> = secondary
        var streams: [PublishedStream] = []
        for ssrc in layers + line.attributes.ssrcAttributes.map(\.ssrc) where seen.insert(ssrc).inserted {
            guard streams.count < 16 else { break }
            streams.append(PublishedStream(ssrc: ssrc, rtxSSRC: repairs[ssrc]))
        }
        return streams
    }
}
