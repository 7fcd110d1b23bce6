internal import Calling
internal import ICE
internal import MediaVocabulary
internal import ProtocolCore
internal import SDP

/// A client's offer, checked for what its direction allows, with a purpose for each of its m-lines.
struct StreamOffer: Sendable {
    /// The offer as it was last answered.
    private(set) var description: SessionDescription
    /// What the m-lines are for. Every audio and video line has a purpose, so that none flows the other way.
    let lines: [MediaLine]
    /// Whether the client sends sound.
    let publishesAudio: Bool
    /// Whether the client sends a picture.
    let publishesVideo: Bool
    /// The m-lines in which the client wants to see somebody, in order.
    let videoSlots: [Mid]

    /// - Parameter takesPart: Whether the client is content with some of what it offers.
    init(parsing text: String, for direction: StreamDirection, takesPart: Bool = false) throws(Problem) {
        do throws(SDPError) {
            description = try SessionDescription(parsing: text)
        } catch {
            if let limit = error.limit { Limit.count(limit) }
            throw Problem(.malformedOffer, "\(error)")
        }
        var lines: [MediaLine] = []
        var used: [(kind: MediaKind, mid: Mid)] = []
        for line in description.offeredLines {
            guard let kind = MediaKind(rawValue: line.media.kind) else { continue }
            lines.append(MediaLine(mid: line.name, purpose: direction.purpose(of: kind)))
            let isUsed = direction == .whip ? line.direction.sends : line.direction.receives
            guard isUsed, line.isInUse else { continue }
            used.append((kind, line.name))
        }
        self.lines = lines
        let audio = used.count { $0.kind == .audio }
        let video = used.count { $0.kind == .video }
        switch direction {
        case .whip:
            guard !used.isEmpty else {
                throw Problem(.unusableOffer, "The offer sends nothing: a publisher needs an m-line to send on.")
            }
            guard audio <= 1, video <= 1 else {
                throw Problem(
                    .unusableOffer,
                    "The offer sends \(audio) audio and \(video) video tracks; a session takes one of each.")
            }
            (publishesAudio, publishesVideo) = (audio == 1, video == 1)
            videoSlots = []
        case .whep:
            guard !used.isEmpty else {
                throw Problem(.unusableOffer, "The offer receives nothing: a viewer needs an m-line to receive on.")
            }
            (publishesAudio, publishesVideo) = (false, false)
            videoSlots = used.filter { $0.kind == .video }.map(\.mid)
        }
        if !takesPart { try requireAllLines(Set(used.map(\.mid)), direction) }
    }

    /// Refuses an offer of which a line cannot be used: half of a session would look like a whole one to whoever started
    /// it (RFC 9725 §4.4.3).
    ///
    /// - Parameter used: The audio and video lines on which the client wants something. What it does not use itself is
    ///   no loss to it.
    private func requireAllLines(_ used: Set<Mid>, _ direction: StreamDirection) throws(Problem) {
        let purposes = Dictionary(
            lines.map { ($0.mid, $0.purpose) }, uniquingKeysWith: { first, _ in first })
        let examined = Answerer.examine(description, purposes: purposes)
        var refused = examined.rejections.filter { rejection in
            let isMedia = MediaKind(rawValue: description.media[rejection.index].kind) != nil
            return rejection.reason != .removed && (!isMedia || used.contains(rejection.mid))
        }.map(Problem.Line.init)
        for line in examined.lines {
            guard let slot = line.slot, !slot.codecs.contains(where: \.isForwardable) else { continue }
            refused.append(
                Problem.Line(
                    mid: line.mid.rawValue, reason: LineRejection.Reason.noCommonCodec.rawValue,
                    detail: "m-line \(line.mid) takes H.264 with packetization-mode 0 alone; mode 1 is needed to watch."
                ))
        }
        guard !refused.isEmpty else { return }
        throw Problem(
            .unusableOffer,
            (refused.prefix(3).map(\.detail) + ["With partial=true a session takes what can be used."])
                .joined(separator: " "), lines: refused)
    }

    /// The offer as the call plane takes it.
    var mediaOffer: MediaOffer {
        MediaOffer(sdp: description.description, lines: lines)
    }

    /// The ICE credentials of the client.
    var credentials: ICECredentials? {
        parts.lazy.compactMap(\.iceCredentials).first
    }

    private var parts: [AttributeList] {
        description.media.map(\.attributes) + [description.attributes]
    }

    /// The same offer with other ICE credentials: what a client would offer to restart ICE.
    func restarted(with credentials: ICECredentials) -> StreamOffer {
        var offer = self
        offer.description.attributes = Self.restarted(description.attributes, credentials)
        for index in offer.description.media.indices {
            offer.description.media[index].attributes = Self.restarted(
                offer.description.media[index].attributes, credentials)
        }
        return offer
    }

    private static func restarted(_ attributes: AttributeList, _ credentials: ICECredentials) -> AttributeList {
        AttributeList(
            attributes.compactMap { attribute in
                switch attribute.name {
                case "ice-ufrag": SDPAttribute("ice-ufrag", credentials.ufrag)
                case "ice-pwd": SDPAttribute("ice-pwd", credentials.password)
                // Those of the generation before.
                case "candidate", "end-of-candidates", "remote-candidates": nil
                default: attribute
                }
            })
    }
}

extension StreamDirection {
    fileprivate func purpose(of kind: MediaKind) -> LinePurpose {
        switch (self, kind) {
        case (.whip, .audio): .microphone
        case (.whip, .video): .camera
        case (.whep, .audio): .audioSlot
        case (.whep, .video): .videoSlot
        }
    }
}
