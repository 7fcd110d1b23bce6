internal import Calling
internal import MediaVocabulary
internal import ProtocolCore
internal import SDP

extension CallIdentifier {
    var json: JSONValue {
        .string(rawValue)
    }
}

extension CallEndReason {
    var json: JSONValue {
        ["code": .integer(code), "subCode": .integer(subCode), "message": .string(message)]
    }
}

extension RosterEntry {
    var json: JSONValue {
        let members: [JSONValue.Member] = [
            .init(name: "participantId", value: participant.json), .init(name: "userId", value: user.json),
            .init(name: "endpointId", value: JSONValue(endpoint?.rawValue)),
            .init(name: "displayName", value: .string(displayName)),
            .init(name: "state", value: .string(state.rawValue)), .init(name: "muted", value: .bool(isMuted)),
            .init(name: "onHold", value: .bool(isOnHold)), .init(name: "camera", value: .bool(camera)),
            .init(name: "screen", value: .bool(screen)), .init(name: "speaking", value: .bool(isSpeaking)),
        ]
        return .object(members + marks.members)
    }
}

extension RosterChange {
    func json(call: CallID, sequence: Int) -> JSONValue {
        [
            "type": "call.roster", "callId": call.json, "sequence": .integer(sequence),
            "added": .array(added.map(\.json)), "changed": .array(changed.map(\.json)),
            "removed": .array(
                removed.map { ["participantId": $0.participant.json, "reason": $0.reason.json] }),
        ]
    }
}

extension OwnState {
    var members: [JSONValue.Member] {
        [
            .init(name: "muted", value: .bool(isMuted)), .init(name: "mutedBy", value: JSONValue(mutedBy?.rawValue)),
            .init(name: "onHold", value: .bool(isOnHold)), .init(name: "camera", value: .bool(camera)),
            .init(name: "screen", value: .bool(screen)),
        ] + marks.members
    }
}

extension ParticipantMarks {
    /// A mark that is not there has no member.
    var members: [JSONValue.Member] {
        [("hand", hand), ("spotlight", spotlight)].compactMap { name, order in
            order.map { JSONValue.Member(name: name, value: .integer($0)) }
        }
    }
}

extension ServerMessage.Snapshot {
    var json: JSONValue {
        let view: JSONValue = [
            "callId": call.call.json, "kind": .string(call.kind.rawValue), "state": .string(call.state.rawValue),
            "direction": .string(call.direction.rawValue), "groupId": JSONValue(call.group?.rawValue),
            "participantId": call.participant.json, "muted": .bool(call.own.isMuted),
            "onHold": .bool(call.own.isOnHold), "camera": .bool(call.own.camera), "screen": .bool(call.own.screen),
            "rosterSequence": .integer(rosterSequence), "participants": .array(call.participants.map(\.json)),
            "dominant": .array(call.dominant.map(\.json)),
        ]
        return view.adding(call.own.marks.members)
    }
}

extension JSONValue {
    /// An object with some more members.
    fileprivate func adding(_ more: [Member]) -> JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(members + more)
    }
}

extension CustomContext {
    fileprivate var json: JSONValue {
        var members: [JSONValue.Member] = []
        if let userToUser {
            members.append(.init(name: "userToUser", value: .string(userToUser)))
        }
        if !headers.isEmpty {
            let headers = headers.map { header -> JSONValue in
                ["key": .string(header.key), "value": .string(header.value)]
            }
            members.append(.init(name: "headers", value: .array(headers)))
        }
        return .object(members)
    }
}

extension IncomingCall {
    var json: JSONValue {
        let view: JSONValue = [
            "type": "incomingCall", "callId": call.json,
            "from": ["userId": caller.json, "displayName": .string(callerDisplayName)],
            "kind": .string(kind.rawValue), "groupId": JSONValue(group?.rawValue),
            "participantCount": .integer(participantCount),
        ]
        return view.adding(context.map { [.init(name: "customContext", value: $0.json)] } ?? [])
    }
}

extension SpeakerReport {
    func json(call: CallID) -> JSONValue {
        let levels = self.levels.sorted { $0.key < $1.key }.map { participant, level in
            JSONValue.Member(
                name: participant.rawValue, value: .number((min(max(level, 0), 1) * 100).rounded() / 100))
        }
        return [
            "type": "call.speakers", "callId": call.json, "dominant": .array(dominant.map(\.json)),
            "levels": .object(levels),
        ]
    }
}

extension MediaAnswer {
    var json: JSONValue {
        [
            "sdp": .string(sdp),
            "lines": .array(
                lines.map { line in
                    [
                        "mid": .string(line.mid.rawValue), "purpose": .string(line.purpose.rawValue),
                        "codecs": .array(line.codecs.map { .string($0) }),
                    ]
                }),
        ]
    }
}

extension SlotState {
    var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init(name: "mid", value: .string(mid.rawValue)),
            .init(name: "participantId", value: JSONValue(participant?.rawValue)),
            .init(name: "source", value: JSONValue(source?.rawValue)),
            .init(name: "state", value: .string(condition.word)),
        ]
        switch condition {
        case .active:
            if let codec {
                members.append(.init(name: "codec", value: .string(codec.name)))
            }
        case .unavailable(let obstacle):
            members.append(.init(name: "reason", value: .string(obstacle.rawValue)))
            if let message {
                members.append(.init(name: "message", value: .string(message)))
            }
        case .empty, .waiting: break
        }
        return .object(members)
    }
}
