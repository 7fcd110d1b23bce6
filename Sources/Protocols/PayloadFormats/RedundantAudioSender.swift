public import ProtocolCore

/// Sends each audio payload with copies of the one or two before it (RFC 2198).
///
/// It remembers what it sent. After the first packets nothing is allocated.
public struct RedundantAudioSender: Sendable {
    /// The payload type of the audio within.
    public let payloadType: PayloadType
    /// How many earlier payloads go with each, 0...2. May be changed at any time.
    public var copies: Int

    private var newer = Sent()
    private var older = Sent()

    private struct Sent {
        var payload: [UInt8] = []
        var timestamp: UInt32?
    }

    public init(payloadType: PayloadType, copies: Int = 1) {
        self.payloadType = payloadType
        self.copies = copies
    }

    /// Writes a redundant payload.
    ///
    /// - Parameters:
    ///   - payload: The newest audio. Short packets of silence are sent like others.
    ///   - timestamp: Its RTP timestamp. Copies that are too old for the format are left out.
    /// - Returns: The bytes written; nil, with nothing remembered, when the payload alone does not fit.
    public mutating func write(
        _ payload: RawSpan, timestamp: UInt32, into buffer: UnsafeMutableRawBufferPointer
    ) -> Int? {
        let written = newer.payload.withUnsafeBytes { newerBytes in
            older.payload.withUnsafeBytes { olderBytes in
                RedundantAudio.write(
                    primary: payload, payloadType: payloadType,
                    newer: copies > 0 ? RedundantAudioSender.earlier(newer, newerBytes, timestamp) : nil,
                    older: copies > 1 ? RedundantAudioSender.earlier(older, olderBytes, timestamp) : nil, into: buffer)
            }
        }
        guard let written else { return nil }
        remember(payload, timestamp)
        return written
    }

    private static func earlier(
        _ sent: Sent, _ bytes: UnsafeRawBufferPointer, _ timestamp: UInt32
    ) -> RedundantAudio.Earlier? {
        sent.timestamp.map {
            RedundantAudio.Earlier(payload: bytes, timestampOffset: Int(Int32(bitPattern: timestamp &- $0)))
        }
    }

    private mutating func remember(_ payload: RawSpan, _ timestamp: UInt32) {
        swap(&newer, &older)
        newer.payload.removeAll(keepingCapacity: true)
        payload.withUnsafeBytes { newer.payload.append(contentsOf: $0) }
        newer.timestamp = timestamp
    }
}
