internal import ICE
internal import ProtocolCore
internal import RTP

/// The one transport that an offer describes for all of its lines in use.
struct OfferedTransport {
    let ice: ICECredentials
    let fingerprints: [CertificateFingerprint]
    let ourRole: NegotiatedSession.DTLSRole
    /// The lines on the transport.
    let mids: [Mid]

    init(
        _ offer: SessionDescription, accepted: [LineDecision], previous: NegotiatedSession?
    ) throws(NegotiationError) {
        guard let first = accepted.first else {
            throw NegotiationError(
                .noUsableMedia,
                offer.media.isEmpty
                    ? "The offer has no m-line." : "The offer has no m-line in use that offers Opus, H.264 or VP8.")
        }
        mids = accepted.compactMap(\.mid)
        let bundle = offer.attributes.bundles.first { $0.contains { $0 == first.mid } } ?? []
        if accepted.count > 1 {
            for mid in mids where !bundle.contains(mid) {
                throw NegotiationError(.notBundled, mid: mid, "m-line \(mid) is not in the BUNDLE group of the offer.")
            }
        }
        try Self.checkExtensions(accepted)

        // Bundled lines share what the group's first one says; some clients say it once for the session
        // (RFC 9143 §7.1.3; RFC 9429 §5.2.1).
        let tagged = offer.media.first { $0.attributes.mid == bundle.first }
        let sources = [first.media.attributes, tagged?.attributes, offer.attributes].compactMap { $0 }
        guard let ice = sources.lazy.compactMap(\.iceCredentials).first else {
            throw NegotiationError(
                .missingICECredentials, mid: first.mid, "The offer has no a=ice-ufrag and a=ice-pwd.")
        }
        guard ice.isWellFormed else {
            throw NegotiationError(
                .missingICECredentials, mid: first.mid,
                "a=ice-ufrag or a=ice-pwd of the offer is too short, too long or has characters that are not allowed.")
        }
        self.ice = ice
        guard
            let fingerprints = sources.lazy.map({ $0.fingerprints.filter(\.isAcceptable) }).first(where: { !$0.isEmpty }
            )
        else {
            throw NegotiationError(
                .missingFingerprint, mid: first.mid, "The offer has no a=fingerprint with sha-256, sha-384 or sha-512.")
        }
        self.fingerprints = fingerprints
        // In an offer without it the offerer is the client (RFC 4145 §4).
        let written = sources.lazy.compactMap { $0.value("setup") }.first
        switch written.map({ SetupRole(rawValue: $0.lowercased()) }) ?? .active {
        case .active:
            ourRole = .server
        case .passive:
            ourRole = .client
        case .actpass:
            // An association that goes on keeps its roles (RFC 8842 §5.3).
            ourRole = previous.map { $0.remoteFingerprints == fingerprints ? $0.ourDTLSRole : .server } ?? .server
        case .holdconn, nil:
            throw NegotiationError(
                .unsupportedSetup, mid: first.mid, "a=setup of the offer must be actpass, active or passive.")
        }
    }

    /// Bundled lines must agree on ids, since a packet's line is only known from one of its extensions.
    private static func checkExtensions(_ accepted: [LineDecision]) throws(NegotiationError) {
        for id in UInt8(1)...14 {
            let meanings = Set(accepted.compactMap { $0.acceptedExtensions[id] })
            guard meanings.count <= 1 else {
                throw NegotiationError(
                    .conflictingExtensions, "Header extension id \(id) means different things on bundled m-lines.")
            }
        }
    }
}
