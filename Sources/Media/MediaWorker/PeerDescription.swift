public import Conference
public import DTLS
public import ICE
public import MediaVocabulary
public import ProtocolCore
public import RTP
public import SDP

/// What was negotiated with one peer, in the terms of the worker: made of an SDP answer, outside the worker.
public struct PeerDescription: Sendable {
    /// A source that the peer may send, and how.
    public struct Publication: Sendable {
        public var mid: Mid
        public var source: MediaSource
        public var codecs: [MediaCodec]
        public var streams: [PublishedStream]
        /// The names of its simulcast layers in the order of the offer; empty for a single stream.
        public var rids: [Rid]
        /// H.264 parameter sets that the offer tells.
        public var parameterSets: [[UInt8]] = []
    }

    public var localICE: ICECredentials
    public var remoteICE: ICECredentials
    public var remoteFingerprints: [DTLS.CertificateFingerprint]
    public var isDTLSServer: Bool
    public var extensions = HeaderExtensionMap()
    public var publications: [Publication] = []
    public var slots: [SlotDescription] = []
    /// Its line of data channels; nil without one.
    public var data: NegotiatedDataLine?
    /// Whether it tells by stream which packets arrived (RFC 8888).
    public var reportsByStream = false
    /// Whether it tells how much it can take (REMB), as negotiated for what it receives.
    public var estimatesBitrate = false
    var payloads = PayloadTable()
    /// SSRCs of slots whose receiver asks for lost packets and has no retransmission stream for one of its codecs.
    var slotsRepairedInPlace: Set<UInt32> = []

    /// Reads an answered session; `local` are the credentials that the answer carries.
    public init(_ session: NegotiatedSession, local: ICECredentials) {
        localICE = local
        remoteICE = session.remoteICE
        remoteFingerprints = session.remoteFingerprints.compactMap { fingerprint in
            DTLS.CertificateFingerprint.Algorithm(rawValue: fingerprint.algorithm).flatMap {
                DTLS.CertificateFingerprint(algorithm: $0, bytes: fingerprint.digest)
            }
        }
        isDTLSServer = session.ourDTLSRole == .server
        data = session.data
        for line in session.lines where line.isAccepted {
            for id in UInt8(1)...HeaderExtensionMap.maximumID {
                if let kind = line.extensions[id] { extensions[id] = kind }
            }
            if let publish = line.publish { add(publish, of: line.mid) }
            if let slot = line.slot { add(slot, of: line.mid) }
        }
    }

    private mutating func add(_ publish: PublishedLine, of mid: Mid) {
        learn(publish.codecs)
        let source: MediaSource =
            switch publish.purpose {
            case .microphone, .audioSlot: .microphone
            case .camera, .videoSlot: .camera
            case .screen, .screenSlot: .screen
            }
        let rids = publish.rids.count > 1 ? publish.rids : []
        publications.append(
            Publication(
                mid: mid, source: source, codecs: publish.codecs.map { MediaCodec($0.codec) }.withoutRepeats,
                // Firefox announces the SSRCs of its layers too, but only a packet's rid says which layer it is of.
                streams: rids.isEmpty ? publish.streams : [], rids: rids,
                parameterSets: publish.codecs.lazy.map(\.parameterSets).first { !$0.isEmpty } ?? []))
    }

    private mutating func add(_ slot: SlotLine, of mid: Mid) {
        learn(slot.codecs)
        let kind: SlotDescription.Kind =
            switch slot.purpose {
            case .audioSlot, .microphone: .audio
            case .videoSlot, .camera: .video
            case .screenSlot, .screen: .screen
            }
        var types: [MediaCodec: PayloadType] = [:]
        var rtxTypes: [MediaCodec: PayloadType] = [:]
        // The first of a codec is the one that the receiver likes best.
        for codec in slot.codecs where codec.isForwardable && types[MediaCodec(codec.codec)] == nil {
            types[MediaCodec(codec.codec)] = codec.payloadType
            rtxTypes[MediaCodec(codec.codec)] = codec.rtxPayloadType
        }
        let isRepairedInPlace = slot.codecs.contains {
            $0.feedback.contains(.nack) && ($0.rtxPayloadType == nil || slot.rtxSSRC == nil)
        }
        if kind != .audio, isRepairedInPlace { slotsRepairedInPlace.insert(slot.ssrc.rawValue) }
        if slot.codecs.contains(where: { $0.feedback.contains(.remb) }) { estimatesBitrate = true }
        slots.append(
            SlotDescription(
                mid: mid, kind: kind, ssrc: slot.ssrc, rtxSSRC: slot.rtxSSRC, payloadTypes: types,
                rtxPayloadTypes: rtxTypes, redPayloadType: slot.codecs.first { $0.codec == .opus }?.redPayloadType))
    }

    private mutating func learn(_ codecs: [NegotiatedCodec]) {
        if codecs.contains(where: { $0.feedback.contains(.congestionControl) }) { reportsByStream = true }
        for codec in codecs {
            payloads.set(codec.payloadType, .media(MediaCodec(codec.codec)))
            if let red = codec.redPayloadType { payloads.set(red, .redundantAudio(of: codec.payloadType.rawValue)) }
            if let rtx = codec.rtxPayloadType { payloads.set(rtx, .retransmission(of: codec.payloadType.rawValue)) }
        }
    }
}

extension MediaCodec {
    /// The same codec by its name in SDP.
    init(_ codec: Codec) {
        switch codec {
        case .opus: self = .opus
        case .h264: self = .h264
        case .vp8: self = .vp8
        }
    }
}

extension [MediaCodec] {
    fileprivate var withoutRepeats: [MediaCodec] {
        var seen: [MediaCodec] = []
        for codec in self where !seen.contains(codec) { seen.append(codec) }
        return seen
    }
}
