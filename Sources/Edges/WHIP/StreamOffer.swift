internal import Calling
internal import ICE
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
    let videoSlots: [String]

    init(parsing text: String, for direction: StreamDirection) throws(Problem) {
        do throws(SDPError) {
            description = try SessionDescription(parsing: text)
        } catch {
            throw Problem(.malformedOffer, "\(error)")
        }
        var lines: [MediaLine] = []
        var used: [(kind: MediaKind, mid: String)] = []
        for media in description.media {
            guard let kind = MediaKind(rawValue: media.kind), let mid = media.attributes.mid else { continue }
            lines.append(MediaLine(mid: mid.rawValue, purpose: direction.purpose(of: kind)))
            let offered = media.attributes.direction
            let isUsed = direction == .whip ? offered.sends : offered.receives
            // Port 0 takes a line out of use, unless it lives on the transport of another one.
            guard isUsed, media.port != 0 || media.attributes.isBundleOnly else { continue }
            used.append((kind, mid.rawValue))
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
    fileprivate func purpose(of kind: MediaKind) -> MediaPurpose {
        switch (self, kind) {
        case (.whip, .audio): .microphone
        case (.whip, .video): .camera
        case (.whep, .audio): .audioSlot
        case (.whep, .video): .videoSlot
        }
    }
}
