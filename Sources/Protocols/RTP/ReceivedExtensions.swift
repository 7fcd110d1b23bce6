public import ProtocolCore

/// The loudness of one audio packet, as its sender measured it (RFC 6464 §3).
@frozen
public struct AudioLevel: Hashable, Sendable {
    /// Whether the sender believes that the packet holds speech.
    public var voiceActivity: Bool
    /// The level below overload in dBov, 0 (loudest) ... 127 (silence).
    public var level: UInt8

    @inlinable
    public init(voiceActivity: Bool, level: UInt8) {
        self.voiceActivity = voiceActivity
        self.level = level & 0x7f
    }

    /// Reads the extension's single byte.
    @inlinable
    public init(rawValue: UInt8) {
        self.init(voiceActivity: rawValue & 0x80 != 0, level: rawValue)
    }

    /// The extension's single byte.
    @inlinable
    public var rawValue: UInt8 {
        (voiceActivity ? 0x80 : 0) | level
    }
}

/// A run of bytes within a packet.
@frozen
public struct PacketRange: Hashable, Sendable {
    /// The first byte, counted from the packet's start.
    public var offset: Int
    /// The number of bytes.
    public var length: Int

    @inlinable
    public init(offset: Int, length: Int) {
        self.offset = offset
        self.length = length
    }

    /// The bytes as text; for cold paths (the first packet of a stream).
    ///
    /// - Throws: `.truncated` when the range does not lie in `packet`, `.malformed` when the bytes are not UTF-8.
    public func text(in packet: RawSpan) throws(ParseError) -> String {
        guard let text = String(validating: try packet.array(at: offset, count: length), as: UTF8.self) else {
            throw .malformed("header extension text")
        }
        return text
    }
}

/// What one pass over a packet's header extension found.
///
/// Both forms of RFC 8285 are read; another profile, and ids without a mapping, are skipped. When an extension occurs
/// twice, the last one counts.
@frozen
public struct ReceivedExtensions: Equatable, Sendable {
    /// Voice activity and loudness.
    public var audioLevel: AudioLevel?
    /// The packet's number within its transport.
    public var transportSequence: UInt16?
    /// 24 bits of 6.18 fixed-point seconds.
    public var absoluteSendTime: UInt32?
    /// Camera, flip and rotation bits (3GPP TS 26.114 §7.4.5).
    public var videoOrientation: UInt8?
    /// Two 12-bit counts of 10 ms, the minimum in the high half of 24 bits.
    public var playoutDelay: UInt32?
    /// Where the m-line's name lies.
    public var mid: PacketRange?
    /// Where the simulcast layer's name lies.
    public var rid: PacketRange?
    /// Where the name of the layer that a retransmission repairs lies.
    public var repairedRid: PacketRange?
    /// Where the dependency descriptor lies.
    public var dependencyDescriptor: PacketRange?

    /// The profile of the one-byte form (RFC 8285 §4.2).
    @usableFromInline
    static let oneByteProfile: UInt16 = 0xbede
    /// The profile of the two-byte form without its four application bits (RFC 8285 §4.3).
    @usableFromInline
    static let twoByteProfile: UInt16 = 0x1000

    /// Finds nothing.
    @inlinable
    public init() {}

    /// Reads the extension of `packet`, whose header is `header`.
    ///
    /// - Throws: `.malformed` when an element runs past the extension or is shorter than its value, `.truncated` when
    ///   `header` belongs to a longer packet.
    @inlinable
    public init(parsing packet: RawSpan, header: RTPHeader, map: HeaderExtensionMap) throws(ParseError) {
        self.init()
        if header.extensionLength == 0 { return }
        let end = header.extensionOffset &+ header.extensionLength
        guard header.extensionOffset >= 0, end <= packet.byteCount else { throw .truncated }
        if header.extensionProfile == ReceivedExtensions.oneByteProfile {
            try parseOneByteForm(packet, from: header.extensionOffset, to: end, map: map)
        } else if header.extensionProfile & 0xfff0 == ReceivedExtensions.twoByteProfile {
            try parseTwoByteForm(packet, from: header.extensionOffset, to: end, map: map)
        }
    }

    @inlinable
    mutating func parseOneByteForm(
        _ packet: RawSpan, from start: Int, to end: Int, map: HeaderExtensionMap
    ) throws(ParseError) {
        var offset = start
        while offset < end {
            let head = try packet.uint8(at: offset)
            offset &+= 1
            if head == 0 { continue }
            // Id 15, and id 0 with a length, end the extension (RFC 8285 §4.2).
            if head >> 4 == 15 || head >> 4 == 0 { return }
            let length = Int(head & 0x0f) &+ 1
            guard end &- offset >= length else { throw .malformed("header extension element length") }
            if let known = map[head >> 4] {
                try record(known, packet, PacketRange(offset: offset, length: length))
            }
            offset &+= length
        }
    }

    @inlinable
    mutating func parseTwoByteForm(
        _ packet: RawSpan, from start: Int, to end: Int, map: HeaderExtensionMap
    ) throws(ParseError) {
        var offset = start
        while offset < end {
            let id = try packet.uint8(at: offset)
            offset &+= 1
            if id == 0 { continue }
            guard offset < end else { throw .malformed("header extension element length") }
            let length = Int(try packet.uint8(at: offset))
            offset &+= 1
            guard end &- offset >= length else { throw .malformed("header extension element length") }
            if let known = map[id] {
                try record(known, packet, PacketRange(offset: offset, length: length))
            }
            offset &+= length
        }
    }

    @inlinable
    mutating func record(_ known: HeaderExtension, _ packet: RawSpan, _ range: PacketRange) throws(ParseError) {
        switch known {
        case .audioLevel:
            try require(1, in: range)
            audioLevel = AudioLevel(rawValue: try packet.uint8(at: range.offset))
        case .transportSequence:
            try require(2, in: range)
            transportSequence = try packet.uint16(at: range.offset)
        case .absoluteSendTime:
            try require(3, in: range)
            absoluteSendTime = try packet.uint24(at: range.offset)
        case .videoOrientation:
            try require(1, in: range)
            videoOrientation = try packet.uint8(at: range.offset)
        case .playoutDelay:
            try require(3, in: range)
            playoutDelay = try packet.uint24(at: range.offset)
        case .mid:
            try require(1, in: range)
            mid = range
        case .rid:
            try require(1, in: range)
            rid = range
        case .repairedRid:
            try require(1, in: range)
            repairedRid = range
        case .dependencyDescriptor:
            try require(3, in: range)
            dependencyDescriptor = range
        }
    }

    @inlinable
    func require(_ length: Int, in range: PacketRange) throws(ParseError) {
        guard range.length >= length else { throw .malformed("header extension value length") }
    }
}
