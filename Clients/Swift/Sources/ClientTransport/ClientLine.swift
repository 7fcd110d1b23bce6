public import ProtocolCore
public import SDP

/// One m-line as a client wants it: a source that it sends, or a slot that it receives in.
public struct ClientLine: Hashable, Sendable {
    public var mid: Mid
    public var purpose: LinePurpose
    /// Whether media flows; a camera that is off keeps its line.
    public var isActive: Bool
    /// The simulcast layers, the smallest first; empty for one stream.
    public var rids: [Rid]
    /// The preferred first.
    public var codecs: [Codec]

    public init(
        mid: Mid, purpose: LinePurpose, isActive: Bool = true, rids: [Rid] = [], codecs: [Codec] = [.opus, .h264]
    ) {
        self.mid = mid
        self.purpose = purpose
        self.isActive = isActive
        self.rids = rids
        self.codecs = codecs
    }

    /// The lines of a usual client: microphone, camera and screen, then slots.
    ///
    /// - Parameters:
    ///   - cameraLayers: The names of the camera's simulcast layers; empty for one stream.
    public static func usual(
        audioSlots: Int = 3, videoSlots: Int = 4, screenSlots: Int = 1, cameraLayers: [Rid] = []
    ) -> [ClientLine] {
        var purposes: [LinePurpose] = [.microphone, .camera, .screen]
        purposes += Array(repeating: .audioSlot, count: max(0, audioSlots))
        purposes += Array(repeating: .videoSlot, count: max(0, videoSlots))
        purposes += Array(repeating: .screenSlot, count: max(0, screenSlots))
        return purposes.enumerated().map { position, purpose in
            ClientLine(
                mid: Mid(String(position)), purpose: purpose, rids: purpose == .camera ? cameraLayers : [])
        }
    }
}
