public import ProtocolCore

/// The framing of one Opus packet, from its first one or two bytes (RFC 6716 §3).
public struct OpusPacket: Hashable, Sendable {
    /// The most audio that one packet may hold (RFC 6716 §3.4, R5).
    public static let maximumDuration: Duration = .milliseconds(120)

    /// Mode, bandwidth and frame size, 0...31 (RFC 6716 table 2).
    public let configuration: UInt8
    /// Whether the frames hold two channels.
    public let isStereo: Bool
    /// 1...48.
    public let frameCount: Int
    /// The audio of all frames, 2.5...120 ms.
    public var duration: Duration {
        frameDuration * frameCount
    }

    /// The audio of one frame, 2.5...60 ms.
    public var frameDuration: Duration {
        OpusPacket.frameDuration(of: configuration)
    }

    /// Reads the table-of-contents byte, and the frame count byte where there is one.
    ///
    /// - Throws: `.truncated`, or `.malformed` for no frame or more than 120 ms of them.
    public init(parsing payload: RawSpan) throws(ParseError) {
        let contents = try payload.uint8(at: 0)
        configuration = contents >> 3
        isStereo = contents & 0x04 != 0
        switch contents & 0x03 {
        case 0: frameCount = 1
        case 1, 2: frameCount = 2
        default: frameCount = Int(try payload.uint8(at: 1) & 0x3f)
        }
        guard frameCount > 0, OpusPacket.frameDuration(of: configuration) * frameCount <= OpusPacket.maximumDuration
        else { throw .malformed("Opus frame count") }
    }

    /// Whether a payload marks silence: with discontinuous transmission an encoder sends one or two bytes every 400 ms
    /// (RFC 6716 §2.1.9).
    @inlinable
    public static func isDiscontinuousTransmission(_ payload: RawSpan) -> Bool {
        payload.byteCount <= 2
    }

    private static func frameDuration(of configuration: UInt8) -> Duration {
        switch configuration {
        // SILK: 10, 20, 40 and 60 ms.
        case 0...11: configuration & 3 == 3 ? .milliseconds(60) : .milliseconds(10 << Int(configuration & 3))
        // Hybrid: 10 and 20 ms.
        case 12...15: .milliseconds(10 << Int(configuration & 1))
        // CELT: 2.5, 5, 10 and 20 ms.
        default: .microseconds(2500 << Int(configuration & 3))
        }
    }
}
