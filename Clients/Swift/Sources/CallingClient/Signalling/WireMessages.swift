/// What the server sends, as `docs/protocol.md` describes it. Members that are not used here are left out.
enum Wire {
    struct Head: Decodable {
        var type: String
        var to: Int?
    }

    struct Failure: Decodable {
        struct Body: Decodable {
            var code: Int
            var subCode: Int
            var reason: String
            var message: String
            var target: String?
        }

        var error: Body
    }

    struct Welcome: Decodable, Sendable {
        var userId: String
        var displayName: String?
        var sessionId: String
        var endpointId: String
        var resume: String
        var resumed: Bool
        var resumeWindowSeconds: Int
        var heartbeatSeconds: Int
        var calls: [Snapshot]
    }

    struct Reason: Decodable, Sendable {
        var code: Int
        var subCode: Int
        var message: String?
    }

    struct Participant: Decodable, Sendable {
        var participantId: String
        var userId: String
        var displayName: String?
        var state: String
        var muted: Bool
        var onHold: Bool
        var camera: Bool
        var screen: Bool
        var speaking: Bool
    }

    struct Snapshot: Decodable, Sendable {
        var callId: String
        var kind: String
        var state: String
        var direction: String
        var groupId: String?
        var participantId: String
        var muted: Bool
        var onHold: Bool
        var camera: Bool
        var screen: Bool
        var participants: [Participant]
        var dominant: [String]
    }

    struct Media: Decodable, Sendable {
        var sdp: String
    }

    struct CallReply: Decodable, Sendable {
        var call: Snapshot
        var media: Media?
    }

    struct MediaReply: Decodable, Sendable {
        var media: Media
    }

    struct ParticipantReply: Decodable, Sendable {
        var participantId: String
    }

    struct Empty: Decodable, Sendable {}

    /// Every push about a call has this.
    struct OfCall: Decodable {
        var callId: String
    }

    struct IncomingCall: Decodable, Sendable {
        struct Caller: Decodable, Sendable {
            var userId: String
            var displayName: String?
        }

        var callId: String
        var from: Caller
        var kind: String
        var groupId: String?
    }

    struct IncomingCallEnded: Decodable, Sendable {
        var callId: String
        var reason: Reason
    }

    struct CallState: Decodable, Sendable {
        var state: String
        var kind: String
        var reason: Reason?
    }

    struct Roster: Decodable, Sendable {
        struct Removed: Decodable, Sendable {
            var participantId: String
            var reason: Reason?
        }

        var added: [Participant]
        var changed: [Participant]
        var removed: [Removed]
    }

    struct SelfState: Decodable, Sendable {
        var muted: Bool
        var onHold: Bool
        var camera: Bool
        var screen: Bool
    }

    struct Speakers: Decodable, Sendable {
        var dominant: [String]
        var levels: [String: Double]
    }

    struct Slots: Decodable, Sendable {
        struct Slot: Decodable, Sendable {
            var mid: String
            var participantId: String?
            var source: String?
            var state: String
            var codec: String?
            var reason: String?
            var message: String?
        }

        var slots: [Slot]
    }

    struct Layers: Decodable, Sendable {
        struct Layer: Decodable, Sendable {
            var rid: String?
            var active: Bool
            var maxBitrate: Int?
        }

        var mid: String
        var layers: [Layer]
    }

    struct MediaState: Decodable, Sendable {
        var state: String
    }
}
