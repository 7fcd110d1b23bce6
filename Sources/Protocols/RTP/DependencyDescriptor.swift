public import ProtocolCore

/// The spatial and temporal layer of a frame.
@frozen
public struct FrameLayer: Hashable, Sendable {
    /// 0 for the smallest picture, at most 3.
    public var spatialID: UInt8
    /// 0 for the lowest frame rate, at most 7.
    public var temporalID: UInt8

    @inlinable
    public init(spatialID: UInt8, temporalID: UInt8) {
        self.spatialID = spatialID
        self.temporalID = temporalID
    }
}

/// The dependency descriptor of one packet (AV1 RTP specification, appendix A): which frame it belongs to.
///
/// The layers of the frame follow from its template alone, so this reads what names the template and the structure that
/// the sender attaches to keyframes. The frame's own decode target indications, frame differences and chains, which may
/// replace those of the template, are not read.
///
/// ```swift
/// let descriptor = try DependencyDescriptor(parsing: bytes)
/// if descriptor.hasStructure { structure = try DependencyStructure(parsing: bytes) }
/// let layer = structure?.layer(ofTemplate: descriptor.templateID)
/// ```
@frozen
public struct DependencyDescriptor: Hashable, Sendable {
    /// Whether this is the first packet of its frame.
    public var isStartOfFrame: Bool
    /// Whether this is the last packet of its frame.
    public var isEndOfFrame: Bool
    /// 0...63.
    public var templateID: UInt8
    /// Counts the frames of the stream, modulo 2^16.
    public var frameNumber: UInt16
    /// Whether a new template structure is attached, as with every keyframe that begins a coded sequence.
    public var hasStructure: Bool
    /// Whether the set of active decode targets is attached, after the structure or in its place.
    public var hasActiveDecodeTargets: Bool

    /// The length of a descriptor without extended fields, in bytes.
    @usableFromInline
    static let mandatoryLength = 3

    /// Reads the descriptor that `bytes`, the value of the header extension, holds.
    ///
    /// - Throws: `.truncated` when `bytes` has fewer than three bytes.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
        let first = try bytes.uint8(at: 0)
        isStartOfFrame = first & 0x80 != 0
        isEndOfFrame = first & 0x40 != 0
        templateID = first & 0x3f
        frameNumber = try bytes.uint16(at: 1)
        if bytes.byteCount > DependencyDescriptor.mandatoryLength {
            let flags = try bytes.uint8(at: 3)
            hasStructure = flags & 0x80 != 0
            hasActiveDecodeTargets = flags & 0x40 != 0
        } else {
            hasStructure = false
            hasActiveDecodeTargets = false
        }
    }
}
