import Calling
import Congestion
import Foundation
import MediaVocabulary
import PayloadFormats
import ProtocolCore
import SDP

@testable import Signaling

extension ServerMessage {
    /// Reads a message as a client would; nil when it is none.
    init?(example json: JSONValue) {
        let call = CallID(json["callId"]?.string ?? "")
        switch json["type"]?.string {
        case "welcome":
            guard let date = json["expiresOn"]?.date else { return nil }
            self = .welcome(
                Welcome(
                    user: UserID(json.text("userId")), displayName: json.text("displayName"),
                    session: json.text("sessionId"), endpoint: EndpointID(json.text("endpointId")),
                    resume: json.text("resume"), isResumed: json.flag("resumed"),
                    resumeWindowSeconds: json.number("resumeWindowSeconds"),
                    heartbeatSeconds: json.number("heartbeatSeconds"), expiresOn: date,
                    calls: json.list("calls").map { Snapshot(example: $0) }))
        case "pong": self = .pong(time: json["time"] ?? .null)
        case "reply":
            let reply: Reply
            if let snapshot = json["call"] {
                reply = .call(Snapshot(example: snapshot), json["media"].map { MediaAnswer(example: $0) })
            } else if let media = json["media"] {
                reply = .media(MediaAnswer(example: media))
            } else if json["iceServers"] != nil {
                reply = .servers(MediaServers(example: json))
            } else if let participant = json["participantId"]?.string {
                reply = .participant(ParticipantID(participant))
            } else {
                reply = .done
            }
            self = .reply(to: json.number("to"), reply)
        case "error":
            guard let error = json["error"], let reason = SignalingError.Reason(rawValue: error.text("reason")) else {
                return nil
            }
            self = .error(
                to: json["to"]?.integer,
                SignalingError(reason, error.text("message"), target: error["target"]?.string))
        case "tokenExpiring":
            guard let date = json["expiresOn"]?.date else { return nil }
            self = .tokenExpiring(date)
        case "serverClosing":
            self = .serverClosing(reason: json.text("reason"), inSeconds: json.number("inSeconds"))
        case "incomingCall":
            guard let from = json["from"], let kind = CallKind(rawValue: json.text("kind")) else { return nil }
            self = .incomingCall(
                IncomingCall(
                    call: call, participant: ParticipantID(""), caller: UserID(from.text("userId")),
                    callerDisplayName: from.text("displayName"), kind: kind,
                    group: json["groupId"]?.string.map { GroupID($0) },
                    participantCount: json.number("participantCount"),
                    context: json["customContext"].map { CustomContext(example: $0) }))
        case "incomingCallEnded":
            guard let reason = json["reason"].flatMap({ CallEndReason(example: $0) }) else { return nil }
            self = .incomingCallEnded(call, reason)
        case "call.state":
            guard let state = CallState(rawValue: json.text("state")), let kind = CallKind(rawValue: json.text("kind"))
            else { return nil }
            self = .state(call, state, kind, json["reason"].flatMap { CallEndReason(example: $0) })
        case "call.roster":
            self = .roster(
                call, sequence: json.number("sequence"),
                RosterChange(
                    added: json.list("added").compactMap { RosterEntry(example: $0) },
                    changed: json.list("changed").compactMap { RosterEntry(example: $0) },
                    removed: json.list("removed").compactMap { removed in
                        removed["reason"].flatMap { CallEndReason(example: $0) }.map {
                            Departure(participant: ParticipantID(removed.text("participantId")), reason: $0)
                        }
                    }))
        case "call.self": self = .own(call, OwnState(example: json))
        case "call.speakers":
            guard case .object(let levels) = json["levels"] else { return nil }
            self = .speakers(
                call,
                SpeakerReport(
                    dominant: json.list("dominant").compactMap { $0.string.map { ParticipantID($0) } },
                    levels: Dictionary(
                        uniqueKeysWithValues: levels.compactMap { member in
                            if case .number(let level) = member.value {
                                (ParticipantID(member.name), level)
                            } else {
                                nil
                            }
                        })))
        case "call.reactions":
            self = .reactions(
                call,
                json.list("reactions").compactMap { told in
                    Reaction(rawValue: told.text("reaction")).map {
                        ParticipantReaction(participant: ParticipantID(told.text("participantId")), reaction: $0)
                    }
                })
        case "media.state": self = .mediaState(call, isConnected: json.text("state") == "connected")
        case "media.slots": self = .slots(call, json.list("slots").compactMap { SlotState(example: $0) })
        case "media.codec":
            guard let codec = MediaCodec(example: json.text("codec")) else { return nil }
            self = .codec(call, mid: Mid(json.text("mid")), codec: codec, reason: json.text("reason"))
        case "media.layers":
            self = .layers(
                call, mid: Mid(json.text("mid")),
                json.list("layers").map {
                    LayerDemand(
                        rid: $0["rid"]?.string.map { Rid($0) }, isWanted: $0.flag("active"),
                        maximumBitrate: $0["maxBitrate"]?.integer)
                })
        case "media.allocation":
            self = .allocation(
                call,
                LinkAllocation(
                    budget: json["availableBitrate"]?.integer,
                    state: json["state"]?.string.flatMap { CongestionState(rawValue: $0) },
                    slots: json.list("slots").compactMap { slot in
                        AllocationReason(rawValue: slot.text("reason")).map { reason in
                            LinkAllocation.Slot(
                                mid: Mid(slot.text("mid")), rid: slot["rid"]?.string.map { Rid($0) },
                                size: slot["width"]?.integer.flatMap { width in
                                    slot["height"]?.integer.map { PictureSize(width: width, height: $0) }
                                }, bitrate: slot.number("bitrate"), reason: reason)
                        }
                    }, transport: MediaTransport(rawValue: json.text("transport")) ?? .udp))
        default: return nil
        }
    }
}

extension JSONValue {
    fileprivate func text(_ name: String) -> String { self[name]?.string ?? "" }
    fileprivate func number(_ name: String) -> Int { self[name]?.integer ?? -1 }
    fileprivate func flag(_ name: String) -> Bool { self[name] == .bool(true) }
    fileprivate func list(_ name: String) -> [JSONValue] { self[name]?.elements ?? [] }
    fileprivate var date: Date? { string.flatMap { try? Date($0, strategy: .iso8601) } }
}

extension ServerMessage.Snapshot {
    fileprivate init(example json: JSONValue) {
        self.init(
            call: CallSnapshot(
                call: CallID(json.text("callId")), kind: CallKind(rawValue: json.text("kind")) ?? .oneToOne,
                state: CallState(rawValue: json.text("state")) ?? .disconnected,
                direction: CallDirection(rawValue: json.text("direction")) ?? .incoming,
                group: json["groupId"]?.string.map { GroupID($0) },
                participant: ParticipantID(json.text("participantId")), own: OwnState(example: json),
                participants: json.list("participants").compactMap { RosterEntry(example: $0) },
                dominant: json.list("dominant").compactMap { $0.string.map { ParticipantID($0) } }),
            rosterSequence: json.number("rosterSequence"))
    }
}

extension OwnState {
    fileprivate init(example json: JSONValue) {
        self.init(
            isMuted: json.flag("muted"), mutedBy: json["mutedBy"]?.string.map { ParticipantID($0) },
            isOnHold: json.flag("onHold"), camera: json.flag("camera"), screen: json.flag("screen"),
            marks: ParticipantMarks(example: json))
    }
}

extension ParticipantMarks {
    fileprivate init(example json: JSONValue) {
        self.init(hand: json["hand"]?.integer, spotlight: json["spotlight"]?.integer)
    }
}

extension CustomContext {
    fileprivate init(example json: JSONValue) {
        self.init(
            userToUser: json["userToUser"]?.string,
            headers: json.list("headers").map { Header(key: $0.text("key"), value: $0.text("value")) })
    }
}

extension RosterEntry {
    fileprivate init?(example json: JSONValue) {
        guard let state = ParticipantState(rawValue: json.text("state")) else { return nil }
        self.init(
            participant: ParticipantID(json.text("participantId")), user: UserID(json.text("userId")),
            displayName: json.text("displayName"), state: state, isMuted: json.flag("muted"),
            isOnHold: json.flag("onHold"), camera: json.flag("camera"), screen: json.flag("screen"),
            isSpeaking: json.flag("speaking"), endpoint: json["endpointId"]?.string.map { EndpointID($0) },
            marks: ParticipantMarks(example: json))
    }
}

extension CallEndReason {
    fileprivate init?(example json: JSONValue) {
        guard json["code"]?.integer != nil else { return nil }
        self.init(code: json.number("code"), subCode: json.number("subCode"), message: json.text("message"))
    }
}

extension MediaAnswer {
    fileprivate init(example json: JSONValue) {
        self.init(
            sdp: json.text("sdp"),
            lines: json.list("lines").compactMap { line in
                LinePurpose(rawValue: line.text("purpose")).map {
                    MediaAnswer.Line(
                        mid: Mid(line.text("mid")), purpose: $0, codecs: line.list("codecs").compactMap(\.string))
                }
            })
    }
}

extension SlotState {
    fileprivate init?(example json: JSONValue) {
        let obstacle = json["reason"]?.string.flatMap { SlotCondition.Obstacle(rawValue: $0) }
        let conditions = [SlotCondition.empty, .waiting, .active] + (obstacle.map { [.unavailable($0)] } ?? [])
        guard let condition = conditions.first(where: { $0.word == json.text("state") }) else { return nil }
        self.init(
            mid: Mid(json.text("mid")), participant: json["participantId"]?.string.map { ParticipantID($0) },
            source: json["source"]?.string.flatMap { MediaSource(rawValue: $0) }, condition: condition,
            codec: json["codec"]?.string.flatMap(MediaCodec.init(example:)), message: json["message"]?.string)
    }
}

extension MediaCodec {
    fileprivate init?(example name: String) {
        guard let codec = MediaCodec.allCases.first(where: { $0.name == name }) else { return nil }
        self = codec
    }
}

extension MediaServers {
    fileprivate init(example json: JSONValue) {
        self.init(
            servers: json.list("iceServers").map { server in
                Server(
                    urls: server.list("urls").compactMap(\.string), username: server["username"]?.string,
                    credential: server["credential"]?.string)
            },
            expiresInSeconds: json["expiresInSeconds"]?.integer)
    }
}
