internal import Conference
package import DTLS
package import ICE
package import MediaWorker
package import ProtocolCore
internal import RTP
internal import SDP

/// What would have been negotiated with a synthetic peer: a microphone, a camera, three audio slots and video slots.
package enum SyntheticDescription {
    package static let opus: UInt8 = 111
    package static let h264: UInt8 = 102
    package static let h264Retransmission: UInt8 = 103

    /// SSRCs of the peer's own streams.
    package static func microphone(_ index: Int) -> SSRC { SSRC(UInt32(10_000 + index)) }
    package static func camera(_ index: Int) -> SSRC { SSRC(UInt32(20_000 + index)) }
    package static func cameraRetransmission(_ index: Int) -> SSRC { SSRC(UInt32(30_000 + index)) }
    /// SSRCs of the slots through which it receives; retransmissions are 500 above.
    package static func slot(_ index: Int, _ position: Int) -> SSRC { SSRC(UInt32(100_000 + 1000 * index + position)) }

    /// What differs between one client and another.
    package struct Options: Sendable {
        /// Whether the offer names the SSRCs of what is published.
        package var announces = true
        /// Whether there are retransmission streams (RFC 4588).
        package var hasRetransmissions = true
        /// Whether packets carry transport-wide numbers.
        package var numbersPackets = true
        /// Whether the client says how much it can take (REMB).
        package var estimatesBitrate = false

        package init() {}
    }

    package static func make(
        _ index: Int, local: ICECredentials, remote: ICECredentials, fingerprint: DTLS.CertificateFingerprint,
        videoSlots: Int, options: Options = Options()
    ) -> PeerDescription {
        let (announces, repairs) = (options.announces, options.hasRetransmissions)
        var extensions = SyntheticPeer.extensionMap
        if !options.numbersPackets { extensions[3] = nil }
        let audio = NegotiatedCodec(
            codec: .opus, payloadType: PayloadType(opus), rtxPayloadType: nil, clockRate: 48_000, channels: 2,
            h264: nil,
            packetizationMode: 0, feedback: [.transportCC])
        let video = NegotiatedCodec(
            codec: .h264, payloadType: PayloadType(h264),
            rtxPayloadType: repairs ? PayloadType(h264Retransmission) : nil,
            clockRate: 90_000, channels: 1, h264: nil, packetizationMode: 1,
            feedback: options.estimatesBitrate ? [.nack, .pli, .remb] : [.nack, .pli, .transportCC])
        var lines = [
            NegotiatedLine(
                mid: Mid("a"), kind: .audio, purposes: [.microphone], direction: .recvonly, codecs: [audio],
                publish: PublishedLine(
                    purpose: .microphone, codecs: [audio],
                    streams: announces ? [PublishedStream(ssrc: microphone(index), rtxSSRC: nil)] : [], rids: [],
                    cname: nil),
                slot: nil, extensions: extensions, rejection: nil),
            NegotiatedLine(
                mid: Mid("v"), kind: .video, purposes: [.camera], direction: .recvonly, codecs: [video],
                publish: PublishedLine(
                    purpose: .camera, codecs: [video],
                    streams: announces
                        ? [PublishedStream(ssrc: camera(index), rtxSSRC: cameraRetransmission(index))] : [],
                    rids: [],
                    cname: nil),
                slot: nil, extensions: extensions, rejection: nil),
        ]
        for position in 0..<(3 + videoSlots) {
            let isAudio = position < 3
            let ssrc = slot(index, position)
            lines.append(
                NegotiatedLine(
                    mid: Mid("s\(position)"), kind: isAudio ? .audio : .video,
                    purposes: [isAudio ? .audioSlot : .videoSlot], direction: .sendonly,
                    codecs: [isAudio ? audio : video], publish: nil,
                    slot: SlotLine(
                        purpose: isAudio ? .audioSlot : .videoSlot, ssrc: ssrc,
                        rtxSSRC: isAudio || !repairs ? nil : SSRC(ssrc.rawValue + 500),
                        codecs: [isAudio ? audio : video],
                        streamID: "s\(position)", trackID: "t\(position)"),
                    extensions: extensions, rejection: nil))
        }
        let session = NegotiatedSession(
            remoteICE: remote,
            remoteFingerprints: [
                SDP.CertificateFingerprint(algorithm: fingerprint.algorithm.rawValue, digest: fingerprint.bytes)
            ], ourDTLSRole: .server, bundle: lines.map(\.mid), lines: lines, rejections: [], slotStreams: [:])
        return PeerDescription(session, local: local)
    }
}
