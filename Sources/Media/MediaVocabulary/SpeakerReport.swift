/// Who is heard at the moment.
public struct SpeakerReport: Hashable, Sendable {
    /// Loudest first.
    public var dominant: [ParticipantID]
    /// 0 (silence) to 1; who is absent is silent.
    public var levels: [ParticipantID: Double]

    public init(dominant: [ParticipantID] = [], levels: [ParticipantID: Double] = [:]) {
        self.dominant = dominant
        self.levels = levels
    }
}
