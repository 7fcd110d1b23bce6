internal import ProtocolCore
internal import RTP

/// What decides about the m-lines of an offer, besides the offer itself.
struct LineRules {
    var purposes: [Mid: LinePurpose]
    var limits: LineLimits
    var preferOffererOrder = false
    var maximumSimulcastLayers = 4
}

extension LineRules {
    /// Decides about every m-line, in two rounds: which could be used by themselves, then what they are used for on the
    /// one transport that there is. A line that cannot be used takes no place from another.
    func decide(_ offer: SessionDescription) -> [LineDecision] {
        var decisions = offer.offeredLines.map { LineDecision($0, rules: self) }
        let bundle = LineRules.bestBundle(decisions)
        var hasFirst = false
        var shared = SharedMeanings()
        var counts: [LinePurpose: Int] = [:]
        var hasData = false
        for index in decisions.indices where decisions[index].isAccepted {
            let isOnTransport = bundle == nil ? !hasFirst : decisions[index].line.bundle == bundle
            guard isOnTransport else {
                decisions[index].refuse(
                    .notBundled,
                    bundle == nil
                        ? "would need a transport of its own: the offer has no a=group:BUNDLE with it"
                        : "is not in the BUNDLE group of the other m-lines")
                continue
            }
            hasFirst = true
            decisions[index].assign(rules: self, counts: &counts, shared: &shared, hasData: &hasData)
        }
        return decisions
    }

    /// The BUNDLE group with the most lines that can be used; nil when no usable line is in one.
    ///
    /// A line outside of all groups is used only when no group is of use: it would be alone on the transport.
    private static func bestBundle(_ decisions: [LineDecision]) -> Int? {
        var sizes: [Int: Int] = [:]
        for decision in decisions where decision.isAccepted {
            if let bundle = decision.line.bundle { sizes[bundle, default: 0] += 1 }
        }
        return sizes.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    }
}

/// What payload types and header extension ids mean on the lines before: bundled lines share both number spaces
/// (RFC 9143 §9.1; RFC 8285 §5).
struct SharedMeanings {
    private enum Meaning: Hashable {
        case media(Codec)
        case retransmission(of: PayloadType)
        case redundancy(of: PayloadType)
    }

    private var payloadTypes: [PayloadType: Meaning] = [:]
    private var extensions: [UInt8: HeaderExtension] = [:]

    /// The codecs without those whose payload type means something else already.
    mutating func take(_ codecs: [NegotiatedCodec]) -> [NegotiatedCodec] {
        codecs.compactMap { codec in
            guard take(codec.payloadType, .media(codec.codec)) else { return nil }
            var codec = codec
            if let rtx = codec.rtxPayloadType, !take(rtx, .retransmission(of: codec.payloadType)) {
                codec.rtxPayloadType = nil
            }
            if let red = codec.redPayloadType, !take(red, .redundancy(of: codec.payloadType)) {
                codec.redPayloadType = nil
            }
            return codec
        }
    }

    private mutating func take(_ type: PayloadType, _ meaning: Meaning) -> Bool {
        if let known = payloadTypes[type] { return known == meaning }
        payloadTypes[type] = meaning
        return true
    }

    /// The mappings without those that contradict an earlier line: one id with two meanings, or two ids with one.
    mutating func take(_ map: HeaderExtensionMap) -> HeaderExtensionMap {
        var taken = HeaderExtensionMap()
        for id in UInt8(1)...14 {
            guard let meaning = map[id] else { continue }
            if let known = extensions[id], known != meaning { continue }
            if extensions.contains(where: { $0.value == meaning && $0.key != id }) { continue }
            extensions[id] = meaning
            taken[id] = meaning
        }
        return taken
    }
}
