internal import Calling
internal import Congestion
internal import Foundation
internal import MediaVocabulary
internal import PayloadFormats
internal import ProtocolCore

/// A message to a client.
enum ServerMessage: Hashable, Sendable {
    /// The answer to `hello`.
    struct Welcome: Hashable, Sendable {
        var user: UserID
        var displayName: String
        var session: String
        var endpoint: EndpointID
        var resume: String
        var isResumed: Bool
        var resumeWindowSeconds: Int
        var heartbeatSeconds: Int
        var expiresOn: Date
        var calls: [Snapshot]
    }

    /// A call as the client sees it, with the number of the last roster push that it contains.
    struct Snapshot: Hashable, Sendable {
        var call: CallSnapshot
        var rosterSequence: Int
    }

    /// What a request brought.
    enum Reply: Hashable, Sendable {
        case done
        case call(Snapshot, MediaAnswer?)
        case participant(ParticipantID)
        case media(MediaAnswer)
        case servers(MediaServers)
    }

    case welcome(Welcome)
    case pong(time: JSONValue)
    case reply(to: Int, Reply)
    case error(to: Int?, SignalingError)
    case tokenExpiring(Date)
    case serverClosing(reason: String, inSeconds: Int)
    case incomingCall(IncomingCall)
    case incomingCallEnded(CallID, CallEndReason)
    case state(CallID, CallState, CallKind, CallEndReason?)
    case roster(CallID, sequence: Int, RosterChange)
    case own(CallID, OwnState)
    case speakers(CallID, SpeakerReport)
    case reactions(CallID, [ParticipantReaction])
    case mediaState(CallID, isConnected: Bool)
    case slots(CallID, [SlotState])
    case codec(CallID, mid: Mid, codec: MediaCodec, reason: String)
    case layers(CallID, mid: Mid, [LayerDemand])
    case allocation(CallID, LinkAllocation)
}

extension ServerMessage {
    /// The version of the protocol.
    static let version = 1

    var json: JSONValue {
        switch self {
        case .welcome(let welcome): welcome.json
        case .pong(let time): ["type": "pong", "time": time]
        case .reply(let id, let reply): reply.json(to: id)
        case .error(let id, let error): error.json(to: id)
        case .tokenExpiring(let date): ["type": "tokenExpiring", "expiresOn": date.json]
        case .serverClosing(let reason, let seconds):
            ["type": "serverClosing", "reason": .string(reason), "inSeconds": .integer(seconds)]
        case .incomingCall(let incoming): incoming.json
        case .incomingCallEnded(let call, let reason):
            ["type": "incomingCallEnded", "callId": call.json, "reason": reason.json]
        case .state(let call, let state, let kind, let reason):
            [
                "type": "call.state", "callId": call.json, "state": .string(state.rawValue),
                "kind": .string(kind.rawValue), "reason": reason?.json ?? .null,
            ]
        case .roster(let call, let sequence, let change): change.json(call: call, sequence: sequence)
        case .own(let call, let own):
            .object([.type("call.self"), .init(name: "callId", value: call.json)] + own.members)
        case .speakers(let call, let report): report.json(call: call)
        case .reactions(let call, let reactions):
            [
                "type": "call.reactions", "callId": call.json,
                "reactions": .array(
                    reactions.map {
                        ["participantId": $0.participant.json, "reaction": .string($0.reaction.rawValue)]
                    }),
            ]
        case .mediaState(let call, let isConnected):
            [
                "type": "media.state", "callId": call.json,
                "state": .string(isConnected ? "connected" : "interrupted"),
            ]
        case .slots(let call, let slots):
            ["type": "media.slots", "callId": call.json, "slots": .array(slots.map(\.json))]
        case .codec(let call, let mid, let codec, let reason):
            [
                "type": "media.codec", "callId": call.json, "mid": .string(mid.rawValue), "codec": .string(codec.name),
                "reason": .string(reason),
            ]
        case .layers(let call, let mid, let layers):
            [
                "type": "media.layers", "callId": call.json, "mid": .string(mid.rawValue),
                "layers": .array(
                    layers.map { layer in
                        [
                            "rid": JSONValue(layer.rid?.rawValue), "active": .bool(layer.isWanted),
                            "maxBitrate": layer.maximumBitrate.map { .integer($0) } ?? .null,
                        ]
                    }),
            ]
        case .allocation(let call, let allocation):
            [
                "type": "media.allocation", "callId": call.json,
                "availableBitrate": allocation.budget.map { .integer($0) } ?? .null,
                "state": JSONValue(allocation.state?.rawValue),
                "transport": .string(allocation.transport.rawValue), "slots": .array(allocation.slots.map(\.json)),
            ]
        }
    }
}

extension LinkAllocation.Slot {
    fileprivate var json: JSONValue {
        [
            "mid": .string(mid.rawValue), "rid": JSONValue(rid?.rawValue),
            "width": size.map { .integer($0.width) } ?? .null, "height": size.map { .integer($0.height) } ?? .null,
            "bitrate": .integer(bitrate), "reason": .string(reason.rawValue),
        ]
    }
}

extension JSONValue.Member {
    fileprivate static func type(_ type: String) -> Self {
        JSONValue.Member(name: "type", value: .string(type))
    }
}

extension ServerMessage.Welcome {
    fileprivate var json: JSONValue {
        [
            "type": "welcome", "version": .integer(ServerMessage.version), "userId": user.json,
            "displayName": .string(displayName), "sessionId": .string(session), "endpointId": endpoint.json,
            "resume": .string(resume), "resumed": .bool(isResumed),
            "resumeWindowSeconds": .integer(resumeWindowSeconds), "heartbeatSeconds": .integer(heartbeatSeconds),
            "expiresOn": expiresOn.json, "calls": .array(calls.map(\.json)),
        ]
    }
}

extension ServerMessage.Reply {
    fileprivate func json(to id: Int) -> JSONValue {
        var members: [JSONValue.Member] = [.type("reply"), .init(name: "to", value: .integer(id))]
        switch self {
        case .done: break
        case .call(let snapshot, let media):
            members.append(.init(name: "call", value: snapshot.json))
            if let media {
                members.append(.init(name: "media", value: media.json))
            }
        case .participant(let participant):
            members.append(.init(name: "participantId", value: participant.json))
        case .media(let media):
            members.append(.init(name: "media", value: media.json))
        case .servers(let servers):
            members += servers.members
        }
        return .object(members)
    }
}

extension SignalingError {
    fileprivate func json(to id: Int?) -> JSONValue {
        let (code, subCode) = self.code
        var error: [JSONValue.Member] = [
            .init(name: "code", value: .integer(code)), .init(name: "subCode", value: .integer(subCode)),
            .init(name: "reason", value: .string(reason.rawValue)), .init(name: "message", value: .string(message)),
        ]
        if let target {
            error.append(.init(name: "target", value: .string(target)))
        }
        var members: [JSONValue.Member] = [.type("error")]
        if let id {
            members.append(.init(name: "to", value: .integer(id)))
        }
        members.append(.init(name: "error", value: .object(error)))
        return .object(members)
    }
}

extension Date {
    /// Seconds precision, UTC, for example `2026-11-24T10:00:00Z`.
    fileprivate var json: JSONValue {
        .string(formatted(.iso8601))
    }
}
