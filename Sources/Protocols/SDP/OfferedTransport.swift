internal import ICE
internal import ProtocolCore
internal import RTP

/// The one transport that an offer describes for all of its lines in use.
struct OfferedTransport {
    let ice: ICECredentials
    let fingerprints: [CertificateFingerprint]
    let ourRole: NegotiatedSession.DTLSRole
    /// The lines on the transport by their names.
    let names: [Mid]

    /// - Parameter decisions: What was decided about all lines of the offer.
    init(
        _ offer: SessionDescription, _ decisions: [LineDecision], previous: NegotiatedSession?
    ) throws(NegotiationError) {
        let accepted = decisions.filter(\.isAccepted)
        guard let first = accepted.first?.line else { throw Self.nothingUsable(offer, decisions) }
        names = accepted.map(\.line.name)
        let sources = Self.sources(of: first, in: offer)
        guard let ice = Self.credentials(of: first, in: offer) else {
            throw NegotiationError(
                .missingICECredentials, mid: first.name, "The offer has no a=ice-ufrag and a=ice-pwd.")
        }
        guard ice.isWellFormed else {
            throw NegotiationError(
                .missingICECredentials, mid: first.name,
                "a=ice-ufrag or a=ice-pwd of the offer is too short, too long or has characters that are not allowed.")
        }
        self.ice = ice
        guard
            let fingerprints = sources.lazy.map({ $0.fingerprints.filter(\.isAcceptable) }).first(where: { !$0.isEmpty }
            )
        else {
            throw NegotiationError(
                .missingFingerprint, mid: first.name, "The offer has no a=fingerprint with sha-256, sha-384 or sha-512."
            )
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
                .unsupportedSetup, mid: first.name, "a=setup of the offer must be actpass, active or passive.")
        }
    }

    /// Where the attributes of a line's transport may stand, the nearest first: on the line, on the others of its BUNDLE
    /// group, of which the tagged one is the first (RFC 9143 §7.1.3; RFC 8859, category TRANSPORT), or in the session part.
    private static func sources(of line: OfferedLine, in offer: SessionDescription) -> [AttributeList] {
        var sources = [line.media.attributes]
        if let bundle = line.bundle {
            let medias = Dictionary(
                offer.media.compactMap { media in media.attributes.mid.map { ($0, media) } },
                uniquingKeysWith: { first, _ in first })
            let others = offer.attributes.bundles[bundle].prefix(SessionDescription.Limit.mediaLines)
                .compactMap { medias[$0] }
            sources += others.filter { $0.port != 0 }.map(\.attributes)
            // Port 0 may have been meant for the media of the line alone.
            sources += others.filter { $0.port == 0 }.map(\.attributes)
        }
        sources.append(offer.attributes)
        return sources
    }

    /// The offerer's ICE credentials for the transport of a line: a pair from one part, or else from two.
    static func credentials(of line: OfferedLine, in offer: SessionDescription) -> ICECredentials? {
        let sources = sources(of: line, in: offer)
        if let pair = sources.lazy.compactMap(\.iceCredentials).first { return pair }
        guard let ufrag = sources.lazy.compactMap({ $0.value("ice-ufrag") }).first,
            let password = sources.lazy.compactMap({ $0.value("ice-pwd") }).first
        else { return nil }
        return ICECredentials(ufrag: ufrag, password: password)
    }

    private static func nothingUsable(_ offer: SessionDescription, _ decisions: [LineDecision]) -> NegotiationError {
        let rejections = decisions.compactMap(\.rejection)
        guard !offer.media.isEmpty else {
            return NegotiationError(.noUsableMedia, "The offer has no m-line.")
        }
        let told = rejections.prefix(3).map(\.message) + (rejections.count > 3 ? ["…"] : [])
        return NegotiationError(
            .noUsableMedia, mid: rejections.count == 1 ? rejections[0].mid : nil, rejections: rejections,
            (["The offer has no m-line that can be used."] + told).joined(separator: " "))
    }
}
