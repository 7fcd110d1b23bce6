internal import ProtocolCore
internal import RTP

/// What becomes of one m-line of an offer, before slots and transport are known.
struct LineDecision {
    let media: SessionDescription.Media
    /// Nil only on rejected lines.
    private(set) var mid: Mid?
    private(set) var kind: MediaKind?
    private(set) var rejection: LineRejection?
    /// What a line of data channels says; such a line is neither audio nor video.
    private(set) var data: NegotiatedDataLine?
    /// Whether the line gets a port in the answer, be it `inactive`.
    private(set) var isAccepted = false
    private var purposes: [LinePurpose] = []
    private var published: LinePurpose?
    private var slot: LinePurpose?
    private var codecs: [NegotiatedCodec] = []
    private var extensions = HeaderExtensionMap()
    private var rids: [Rid] = []

    /// The transports that are RTP over DTLS-SRTP, with the old names that RFC 9429 §5.1.2 asks to accept.
    private static let transports: Set = [
        "UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVP", "RTP/SAVPF", "RTP/SAVP",
    ]
    /// What we understand or pass on. The limits of playout delay are a wish of one sender for one receiver's buffer
    /// and mean nothing in a slot.
    private static let extensions: Set<HeaderExtension> = [
        .mid, .rid, .repairedRid, .audioLevel, .absoluteSendTime, .transportSequence, .videoOrientation,
        .dependencyDescriptor,
    ]

    /// - Parameters:
    ///   - counts: How many lines of each purpose are in use so far.
    ///   - hasData: Whether a line before it carries the data channels.
    init(
        _ media: SessionDescription.Media, parameters: AnswerParameters, counts: inout [LinePurpose: Int],
        hasData: Bool
    ) throws(NegotiationError) {
        self.media = media
        mid = media.attributes.mid
        kind = MediaKind(rawValue: media.kind)
        if media.port == 0, !media.attributes.isBundleOnly {
            reject(.removed, "is out of use: the offer gives it port 0")
            return
        }
        guard let mid, mid.rawValue.utf8.count <= 32 else {
            throw NegotiationError(
                .missingMid, "An m-line (\(media.kind)) needs a=mid with a token of at most 32 characters.")
        }
        if media.kind == DataLine.kind {
            decideData(mid, hasData: hasData)
            return
        }
        guard let kind else {
            reject(.unsupportedMedia, "is \(media.kind); only audio, video and data channels are supported")
            return
        }
        guard Self.transports.contains(media.transport) else {
            reject(.unsupportedTransport, "uses \(media.transport); only UDP/TLS/RTP/SAVPF is supported")
            return
        }
        codecs = CodecNegotiation(media).codecs(for: kind, preferOffererOrder: parameters.preferOffererOrder)
        guard !codecs.isEmpty else {
            let names = kind == .audio ? "Opus" : "H.264 nor VP8"
            reject(.noCommonCodec, "offers \(kind == .audio ? "no" : "neither") \(names)")
            return
        }
        guard media.attributes.hasRTCPMux else {
            throw NegotiationError(.missingRTCPMux, mid: mid, "m-line \(mid) has no a=rtcp-mux.")
        }
        isAccepted = true
        extensions = Self.commonExtensions(media.attributes)
        try assignPurposes(kind, mid: mid, parameters: parameters, counts: &counts)
        if published != nil, extensions.id(for: .rid) != nil {
            rids = Array(media.attributes.sentRids.prefix(parameters.maximumSimulcastLayers))
        }
    }

    private mutating func decideData(_ mid: Mid, hasData: Bool) {
        guard DataLine.transports.contains(media.transport), let read = DataLine.read(media, mid: mid) else {
            reject(
                .unsupportedTransport,
                "uses \(media.transport); data channels need UDP/DTLS/SCTP webrtc-datachannel and a=sctp-port")
            return
        }
        guard !hasData else {
            reject(.overLimit, "is a second line of data channels; all of them share one")
            return
        }
        data = read
        isAccepted = true
    }

    private mutating func reject(_ reason: LineRejection.Reason, _ message: String) {
        // A line that is out of use may have lost its mid, and then there is nothing to tell anybody.
        guard let mid else { return }
        rejection = LineRejection(mid: mid, reason: reason, message: "m-line \(mid) \(message).")
    }

    private mutating func assignPurposes(
        _ kind: MediaKind, mid: Mid, parameters: AnswerParameters, counts: inout [LinePurpose: Int]
    ) throws(NegotiationError) {
        let offered = media.attributes.direction
        purposes = parameters.purposes[mid].map { [$0] } ?? LinePurpose.assumed(for: kind, offered: offered)
        for purpose in purposes {
            guard purpose.kind == kind else {
                throw NegotiationError(
                    .purposeMismatch, mid: mid, "m-line \(mid) is \(kind.rawValue) and cannot be a \(purpose.rawValue)."
                )
            }
            // A line that does not flow now (a camera that is off) keeps its purpose and takes no place.
            guard purpose.isSlot ? offered.receives : offered.sends else { continue }
            let limit = parameters.limits[purpose]
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
    /// The header extensions taken, for the check that bundled lines agree.
    var acceptedExtensions: HeaderExtensionMap { extensions }

    /// The line as negotiated; nil when it is neither audio nor video, or has no mid.
    func line(slots: inout SlotAllocator, nextSSRC: () -> SSRC) -> NegotiatedLine? {
        guard let mid, let kind else { return nil }
        var line = NegotiatedLine(
            mid: mid, kind: kind, purposes: purposes,
            direction: MediaDirection(sends: slot != nil, receives: published != nil), codecs: codecs,
            publish: nil, slot: nil, extensions: extensions, rejection: rejection, isAccepted: isAccepted)
        if let published {
            line.publish = PublishedLine(
                purpose: published, codecs: codecs, streams: streams(), rids: rids,
                cname: media.attributes.ssrcAttributes.first { $0.name == "cname" }?.value)
        }
        if let slot {
            let streams = slots.streams(for: mid, kind: kind, nextSSRC: nextSSRC)
            let takesRTX = codecs.contains { $0.rtxPayloadType != nil }
            line.slot = SlotLine(
                purpose: slot, ssrc: streams.ssrc, rtxSSRC: takesRTX ? streams.rtxSSRC : nil, codecs: codecs,
                streamID: "slot-\(mid)", trackID: "track-\(mid)")
        }
        return line
    }

    /// The announced streams; those that only repair or protect another one are not streams of their own.
    private func streams() -> [PublishedStream] {
        let groups = media.attributes.ssrcGroups
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
        for ssrc in layers + media.attributes.ssrcAttributes.map(\.ssrc) where seen.insert(ssrc).inserted {
            guard streams.count < 16 else { break }
            streams.append(PublishedStream(ssrc: ssrc, rtxSSRC: repairs[ssrc]))
        }
        return streams
    }
}
