import Calling
import MediaVocabulary
import ProtocolCore
import SDP

@testable import Signaling

extension ClientMessage {
    /// The message as a client writes it, with every member that has no default.
    var example: JSONValue {
        switch self {
        case .hello(let hello):
            .object(
                .some("type", "hello"), .some("version", .integer(hello.version)), .some("token", .string(hello.token)),
                .maybe("displayName", hello.displayName), .maybe("endpointId", hello.endpoint?.rawValue),
                .maybe("resume", hello.resume), .maybe("replaces", hello.replaces))
        case .ping(let time): ["type": "ping", "time": time]
        case .bye: ["type": "bye"]
        case .request(let id, let request): request.example(id: id)
        }
    }
}

extension ClientMessage.Request {
    fileprivate func example(id: Int) -> JSONValue {
        func message(_ type: String, _ members: [JSONValue.Member]?...) -> JSONValue {
            var all: [JSONValue.Member] = [
                .init(name: "type", value: .string(type)), .init(name: "id", value: .integer(id)),
            ]
            for part in members {
                all += part ?? []
            }
            return .object(all)
        }
        func call(_ call: CallID) -> [JSONValue.Member]? { .some("callId", call.json) }
        func media(_ offer: MediaOffer?) -> [JSONValue.Member]? {
            offer.flatMap { .some("media", .object($0.members)) }
        }
        switch self {
        case .token(let token): return message("token", .some("token", .string(token)))
        case .start(let targets, let isMuted, let context, let offer):
            return message(
                "call.start", .some("targets", .array(targets.map(\.json))), .some("muted", .bool(isMuted)),
                context.flatMap { .some("customContext", $0.example) }, media(offer))
        case .join(let group, let isMuted, let offer):
            return message("call.join", .some("groupId", group.json), .some("muted", .bool(isMuted)), media(offer))
        case .accept(let id, let isMuted, let offer):
            return message("call.accept", call(id), .some("muted", .bool(isMuted)), media(offer))
        case .reject(let id, let rejection):
            return message("call.reject", call(id), rejection == .busy ? .some("reason", "busy") : nil)
        case .hangUp(let id, let forEveryone):
            return message("call.hangUp", call(id), .some("forEveryone", .bool(forEveryone)))
        case .add(let id, let target): return message("call.add", call(id), .some("target", target.json))
        case .remove(let id, let participant):
            return message("call.remove", call(id), .some("participantId", participant.json))
        case .mute(let id, let isMuted): return message("call.mute", call(id), .some("muted", .bool(isMuted)))
        case .muteParticipants(let id, let participants):
            return message(
                "call.muteParticipants", call(id),
                participants.flatMap { .some("participantIds", .array($0.map(\.json))) })
        case .hold(let id, let isOnHold): return message("call.hold", call(id), .some("onHold", .bool(isOnHold)))
        case .publish(let id, let camera, let screen):
            return message("call.publish", call(id), .some("camera", .bool(camera)), .some("screen", .bool(screen)))
        case .signal(let id, let signal):
            let (type, members) = signal.example
            return message(type, call(id), members)
        case .offer(let id, let offer): return message("media.offer", call(id), offer.members)
        case .servers: return message("media.servers")
        case .receive(let id, let slots):
            return message("media.receive", call(id), .some("slots", .array(slots.map(\.example))))
        case .dataRecipients(let id, let channel, let participants):
            return message(
                "data.recipients", call(id), .some("channelId", .integer(Int(channel))),
                .some("participantIds", participants.map { .array($0.map(\.json)) } ?? .null))
        }
    }
}

extension MediaOffer {
    fileprivate var members: [JSONValue.Member] {
        var members: [JSONValue.Member] = [.init(name: "sdp", value: .string(sdp))]
        if let lines {
            members.append(
                .init(
                    name: "lines",
                    value: .array(
                        lines.map { ["mid": .string($0.mid.rawValue), "purpose": .string($0.purpose.rawValue)] })))
        }
        return members
    }
}

extension CallSignal {
    fileprivate var example: (type: String, members: [JSONValue.Member]) {
        func named(_ participants: [ParticipantID]?) -> [JSONValue.Member] {
            participants.map { [.init(name: "participantIds", value: .array($0.map(\.json)))] } ?? []
        }
        func flag(_ name: String, _ value: Bool) -> JSONValue.Member { .init(name: name, value: .bool(value)) }
        switch self {
        case .hand(let isRaised): return ("call.raiseHand", [flag("raised", isRaised)])
        case .lowerHands(let others): return ("call.lowerHands", named(others))
        case .startSpotlight(let others): return ("call.spotlight", named(others) + [flag("on", true)])
        case .endSpotlight(let others): return ("call.spotlight", named(others) + [flag("on", false)])
        case .reaction(let reaction):
            return ("call.react", [.init(name: "reaction", value: .string(reaction.rawValue))])
        }
    }
}

extension CustomContext {
    fileprivate var example: JSONValue {
        .object(
            .maybe("userToUser", userToUser),
            headers.isEmpty
                ? nil
                : .some(
                    "headers",
                    .array(headers.map { ["key": .string($0.key), "value": .string($0.value)] })))
    }
}

extension SlotRequest {
    fileprivate var example: JSONValue {
        guard let participant else { return ["mid": .string(mid.rawValue), "participantId": .null] }
        return [
            "mid": .string(mid.rawValue), "participantId": participant.json, "source": .string(source.rawValue),
            "width": .integer(width), "height": .integer(height),
        ]
    }
}

extension [JSONValue.Member]? {
    fileprivate static func some(_ name: String, _ value: JSONValue) -> Self {
        [JSONValue.Member(name: name, value: value)]
    }

    fileprivate static func maybe(_ name: String, _ value: String?) -> Self {
        value.flatMap { some(name, .string($0)) }
    }
}

extension JSONValue {
    fileprivate static func object(_ members: [Member]?...) -> JSONValue {
        .object(Array(members.compactMap { $0 }.joined()))
    }
}
