internal import Synchronization

/// Pictures of ours, coded by the app: access units of H.264 in the byte stream format.
///
/// The size is free up to 1920 x 1080 at 30 frames per second. Keyframes have parameter sets before them.
public final class RawOutgoingVideoStream: Sendable {
    public let type: MediaStreamType
    /// The names of its simulcast layers, the smallest first; empty for one stream. They must have been named in the
    /// call's options.
    public let layers: [String]

    /// What the network and the others ask of whoever codes the pictures.
    public enum Event: Hashable, Sendable {
        /// Somebody cannot decode: the next picture of this layer should be a keyframe.
        case keyframeRequested(layer: String?)
        /// Nobody looks at this layer at present, or somebody does again.
        case layerActivated(String?, Bool)
        /// The most that those who look at this layer can use of it, in bits per second; nil for no limit.
        case bitrateLimited(String?, Int?)
    }

    typealias Send = @Sendable ([UInt8], Bool, String?, Duration) async -> Bool

    private struct State {
        var send: Send?
    }

    private let state = Mutex(State())
    private let broadcast = Broadcast<Event>()

    public init(type: MediaStreamType = .camera, layers: [String] = []) {
        self.type = type
        self.layers = layers
    }

    /// What is asked of the coder, from now on.
    public var events: AsyncStream<Event> { broadcast.stream() }

    /// Sends one access unit.
    /// - Parameters:
    ///   - layer: The simulcast layer; nil without simulcast.
    ///   - mediaTime: When the picture was taken, on the stream's own time line.
    /// - Returns: Whether it was sent. False while the stream is not in a call, or when the network does not carry it;
    ///   then only a keyframe is taken next.
    @discardableResult
    public func send(
        _ accessUnit: [UInt8], isKeyframe: Bool, layer: String? = nil, mediaTime: Duration
    ) async -> Bool {
        guard let send = state.withLock({ $0.send }) else { return false }
        return await send(accessUnit, isKeyframe, layer, mediaTime)
    }

    func connect(_ send: Send?) {
        state.withLock { $0.send = send }
    }

    func notify(_ event: Event) {
        broadcast.send(event)
    }
}

/// Sound of ours, coded by the app or by an encoder that it gives.
public final class RawOutgoingAudioStream: Sendable {
    /// The payload, its loudness below overload in dBov (127 is silence), and when it was taken.
    typealias Send = @Sendable ([UInt8], UInt8, Duration) async -> Void

    private let state = Mutex<Send?>(nil)

    public init() {}

    /// Sends one Opus packet.
    /// - Parameters:
    ///   - level: How far below overload it is, in dB: 0 (loudest) ... 127 (silence).
    ///   - mediaTime: When its first sample was taken, on the stream's own time line.
    public func send(_ packet: [UInt8], level: UInt8, mediaTime: Duration) async {
        guard let send = state.withLock({ $0 }) else { return }
        await send(packet, level, mediaTime)
    }

    /// The level of some samples, as ``send(_:level:mediaTime:)`` wants it (RFC 6464 §3).
    public static func level(of samples: [Int16]) -> UInt8 {
        guard !samples.isEmpty else { return 127 }
        let power = samples.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(samples.count)
        guard power > 0 else { return 127 }
        // Bits of the ratio to full scale, at 3.0103 dB of power each.
        let full = 32_768.0 * 32_768.0
        var ratio = full / power
        var decibels = 0.0
        while ratio >= 2 {
            ratio /= 2
            decibels += 3.0103
        }
        decibels += (ratio - 1) * 3.0103
        return UInt8(min(max(decibels, 0), 127))
    }

    func connect(_ send: Send?) {
        state.withLock { $0 = send }
    }
}
