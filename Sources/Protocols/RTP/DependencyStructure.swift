public import ProtocolCore

/// The frame templates that a dependency descriptor's sender uses until the next keyframe
/// (AV1 RTP specification, A.8.2 `template_dependency_structure`), in fixed storage.
public struct DependencyStructure: Sendable {
    /// The most templates: the template id has six bits.
    public static let maximumTemplates = 64
    /// The highest spatial id that a scalability mode uses (AV1 RTP specification, A.8.3).
    public static let maximumSpatialID: UInt8 = 3
    /// The highest temporal id that the AV1 bitstream can tell.
    public static let maximumTemporalID: UInt8 = 7

    /// The id of the first template, 0...63.
    public let templateIDOffset: UInt8
    /// The number of templates, 1...64.
    public let templateCount: Int
    /// The number of decode targets (qualities that a receiver may choose), 1...32.
    public let decodeTargetCount: Int
    /// The number of chains, 0...32.
    public let chainCount: Int
    /// The highest layers that any template has.
    public let highestLayer: FrameLayer
    /// The decode targets in use, one bit each from the lowest: all of them unless the descriptor said otherwise.
    public let activeDecodeTargets: UInt32

    /// The layer of each template, in the order of their ids.
    private var layers: InlineArray<64, FrameLayer>
    /// The layer that each decode target reaches.
    private var targetLayers: InlineArray<32, FrameLayer>
    private let hasResolutions: Bool
    private var widths: InlineArray<4, Int>
    private var heights: InlineArray<4, Int>

    /// The layer of frames whose descriptor names `templateID`; nil when the structure has no such template, and then
    /// the packet belongs to another structure or is broken.
    public func layer(ofTemplate templateID: UInt8) -> FrameLayer? {
        let index = Int((templateID &- templateIDOffset) & 63)
        return index < templateCount ? layers[index] : nil
    }

    /// The highest layer that decode target `target` shows; nil when there is no such target.
    public func layer(ofDecodeTarget target: Int) -> FrameLayer? {
        target >= 0 && target < decodeTargetCount ? targetLayers[target] : nil
    }

    /// The picture size of a spatial layer in pixels, 1...65536 each; nil when the sender did not tell.
    public func resolution(ofSpatialID spatialID: UInt8) -> (width: Int, height: Int)? {
        guard hasResolutions, spatialID <= highestLayer.spatialID else { return nil }
        return (widths[Int(spatialID)], heights[Int(spatialID)])
    }

    /// Reads the structure that `bytes`, the value of the header extension, holds.
    ///
    /// - Throws: `.malformed` when the descriptor has no structure (see `DependencyDescriptor.hasStructure`),
    ///   `.limitExceeded` for more templates or layers than the specification allows, `.truncated` when it ends early.
    public init(parsing bytes: RawSpan) throws(ParseError) {
        let descriptor = try DependencyDescriptor(parsing: bytes)
        guard descriptor.hasStructure else { throw .malformed("dependency structure flag") }
        var reader = BitReader()
        // The mandatory fields and the five flags after them were read above.
        _ = try reader.bits(29, in: bytes)
        templateIDOffset = UInt8(try reader.bits(6, in: bytes))
        let targetCount = Int(try reader.bits(5, in: bytes)) + 1
        decodeTargetCount = targetCount

        var layers = InlineArray<64, FrameLayer>(repeating: FrameLayer(spatialID: 0, temporalID: 0))
        let (count, highest) = try DependencyStructure.readLayers(&reader, bytes, into: &layers)
        self.layers = layers
        templateCount = count
        highestLayer = highest

        var targetLayers = InlineArray<32, FrameLayer>(repeating: FrameLayer(spatialID: 0, temporalID: 0))
        for template in 0..<count {
            for target in 0..<targetCount {
                // Indication 0: a frame of this template is not part of the decode target.
                guard try reader.bits(2, in: bytes) != 0 else { continue }
                let reached = targetLayers[target]
                targetLayers[target] = FrameLayer(
                    spatialID: max(reached.spatialID, layers[template].spatialID),
                    temporalID: max(reached.temporalID, layers[template].temporalID))
            }
        }
        self.targetLayers = targetLayers

        try DependencyStructure.skipFrameDifferences(&reader, bytes, templateCount: count)
        chainCount = try DependencyStructure.skipChains(
            &reader, bytes, templateCount: count, decodeTargetCount: targetCount)

        hasResolutions = try reader.flag(in: bytes)
        widths = InlineArray(repeating: 0)
        heights = InlineArray(repeating: 0)
        if hasResolutions {
            for spatialID in 0...Int(highest.spatialID) {
                widths[spatialID] = Int(try reader.bits(16, in: bytes)) + 1
                heights[spatialID] = Int(try reader.bits(16, in: bytes)) + 1
            }
        }
        if descriptor.hasActiveDecodeTargets {
            activeDecodeTargets = try reader.bits(targetCount, in: bytes)
        } else {
            activeDecodeTargets = UInt32(truncatingIfNeeded: (UInt64(1) << UInt64(targetCount)) - 1)
        }
    }

    /// `template_layers`: each template's layer is told as a step from the previous one.
    private static func readLayers(
        _ reader: inout BitReader, _ bytes: RawSpan, into layers: inout InlineArray<64, FrameLayer>
    ) throws(ParseError) -> (count: Int, highest: FrameLayer) {
        var layer = FrameLayer(spatialID: 0, temporalID: 0)
        var highest = layer
        var count = 0
        while true {
            guard count < maximumTemplates else { throw .limitExceeded("dependency templates") }
            layers[count] = layer
            count += 1
            switch try reader.bits(2, in: bytes) {
            case 0:
                break
            case 1:
                guard layer.temporalID < maximumTemporalID else { throw .limitExceeded("temporal layers") }
                layer.temporalID += 1
                highest.temporalID = max(highest.temporalID, layer.temporalID)
            case 2:
                guard layer.spatialID < maximumSpatialID else { throw .limitExceeded("spatial layers") }
                layer.temporalID = 0
                layer.spatialID += 1
                highest.spatialID = layer.spatialID
            default:
                return (count, highest)
            }
        }
    }

    /// `template_fdiffs`: how far back each template's frames refer. Every one costs bits, so the bytes bound the loop.
    private static func skipFrameDifferences(
        _ reader: inout BitReader, _ bytes: RawSpan, templateCount: Int
    ) throws(ParseError) {
        for _ in 0..<templateCount {
            while try reader.flag(in: bytes) {
                _ = try reader.bits(4, in: bytes)
            }
        }
    }

    /// `template_chains`: which frames protect which decode target.
    private static func skipChains(
        _ reader: inout BitReader, _ bytes: RawSpan, templateCount: Int, decodeTargetCount: Int
    ) throws(ParseError) -> Int {
        let chainCount = try reader.nonSymmetric(below: UInt32(decodeTargetCount) + 1, in: bytes)
        guard chainCount > 0 else { return 0 }
        for _ in 0..<decodeTargetCount {
            _ = try reader.nonSymmetric(below: chainCount, in: bytes)
        }
        for _ in 0..<templateCount * Int(chainCount) {
            _ = try reader.bits(4, in: bytes)
        }
        return Int(chainCount)
    }
}
