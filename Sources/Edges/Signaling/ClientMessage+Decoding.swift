internal import Calling
internal import MediaVocabulary
internal import ProtocolCore
internal import SDP

extension ClientMessage {
    /// Reads one text frame.
    static func decode(_ text: String) throws(RefusedMessage) -> ClientMessage {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONReader.read(text)
        } catch {
            var refusal = SignalingError(.malformedMessage, error.sentence)
            refusal.limit = error.limitName
            throw RefusedMessage(id: nil, error: refusal)
        }
        guard case .object(let members) = value else {
            throw RefusedMessage(
                id: nil, error: SignalingError(.malformedMessage, "The frame does not hold one JSON object."))
        }
        let reader = MessageReader(members)
        let id = try? reader.integer("id")
        do throws(SignalingError) {
            return try decode(reader)
        } catch {
            throw RefusedMessage(id: id, error: error)
        }
    }

    private static func decode(_ reader: MessageReader) throws(SignalingError) -> ClientMessage {
        let type = try reader.string("type", .type)
        switch type {
        case "hello":
            return .hello(
                Hello(
                    version: try reader.integer("version"), token: try reader.string("token", .token),
                    displayName: try reader.displayName("displayName"),
                    endpoint: try reader.optionalGUID("endpointId").map { EndpointID($0) },
                    resume: try reader.optionalString("resume", .resumeKey),
                    replaces: try reader.optionalString("replaces", .resumeKey)))
        case "ping": return .ping(time: try reader.number("time"))
        case "bye": return .bye
        default:
            guard let request = try decodeRequest(type, reader) else {
                throw SignalingError(.unknownType, "There is no message type \(type).", target: "type")
            }
            return .request(id: try reader.integer("id"), request)
        }
    }

    private static func decodeRequest(_ type: String, _ reader: MessageReader) throws(SignalingError) -> Request? {
        switch type {
        case "token": .token(try reader.string("token", .token))
        case "call.start":
            .start(
                targets: try reader.required(
                    "targets", reader.optionalStrings("targets", each: .user, limit: MessageLimits.names)
                )
                .map { UserID($0) },
                isMuted: try reader.bool("muted", default: false), context: try context(in: reader),
                media: try offer(in: reader))
        case "call.join":
            .join(
                GroupID(try reader.guid("groupId")), isMuted: try reader.bool("muted", default: false),
                media: try offer(in: reader))
        case "call.accept":
            .accept(
                try call(reader), isMuted: try reader.bool("muted", default: false), media: try offer(in: reader))
        case "call.reject":
            .reject(try call(reader), try reader.choice("reason", Rejection.self, default: .declined))
        case "call.hangUp":
            .hangUp(try call(reader), forEveryone: try reader.bool("forEveryone", default: false))
        case "call.add": .add(try call(reader), target: UserID(try reader.string("target", .user)))
        case "call.remove": .remove(try call(reader), ParticipantID(try reader.string("participantId", .identifier)))
        case "call.mute": .mute(try call(reader), try reader.bool("muted"))
        case "call.muteParticipants":
            .muteParticipants(
                try call(reader),
                try reader.optionalStrings("participantIds", each: .identifier, limit: MessageLimits.names)?.map {
                    ParticipantID($0)
                })
        case "call.hold": .hold(try call(reader), try reader.bool("onHold"))
        case "call.publish":
            .publish(try call(reader), camera: try reader.bool("camera"), screen: try reader.bool("screen"))
        case "call.raiseHand", "call.lowerHands", "call.spotlight", "call.react":
            .signal(try call(reader), try signal(type, reader))
        case "media.servers": .servers
        case "media.offer": .offer(try call(reader), try offer(reader))
        case "media.receive": .receive(try call(reader), try slots(reader))
        case "data.recipients":
            .dataRecipients(
                try call(reader), channel: try channel(reader),
                try reader.optionalStrings("participantIds", each: .identifier, limit: MessageLimits.recipients)?
                    .map { ParticipantID($0) })
        default: nil
        }
    }

    private static func call(_ reader: MessageReader) throws(SignalingError) -> CallID {
        CallID(try reader.string("callId", .identifier).lowercased())
    }

    private static func channel(_ reader: MessageReader) throws(SignalingError) -> UInt16 {
        UInt16(clamping: try reader.integer("channelId", in: 1...65_535))
    }

    private static func offer(in reader: MessageReader) throws(SignalingError) -> MediaOffer? {
        guard let media = try reader.optionalObject("media") else { return nil }
        return try offer(media)
    }

    private static func offer(_ reader: MessageReader) throws(SignalingError) -> MediaOffer {
        var lines: [MediaLine]?
        if let readers = try reader.optionalObjects("lines", limit: MessageLimits.lines) {
            var read: [MediaLine] = []
            for line in readers {
                read.append(
                    MediaLine(
                        mid: Mid(try line.string("mid", .mid)),
                        purpose: try line.choice("purpose", LinePurpose.self)))
            }
            lines = read
        }
        return MediaOffer(sdp: try reader.string("sdp", .sessionDescription), lines: lines)
    }

    private static func slots(_ reader: MessageReader) throws(SignalingError) -> [SlotRequest] {
        var slots: [SlotRequest] = []
        for slot in try reader.required("slots", reader.optionalObjects("slots", limit: MessageLimits.lines)) {
            let mid = Mid(try slot.string("mid", .mid))
            guard let participant = try slot.optionalString("participantId", .identifier) else {
                slots.append(SlotRequest(mid: mid, participant: nil))
                continue
            }
            slots.append(
                SlotRequest(
                    mid: mid, participant: ParticipantID(participant),
                    source: try slot.choice("source", among: [MediaSource.camera, .screen]),
                    width: try slot.pixels("width"),
                    height: try slot.pixels("height")))
        }
        return slots
    }
}
