internal import ProtocolCore
internal import RTP

/// Which temporal layer a stream's packets belong to, by their dependency descriptors.
struct TemporalLayers {
    private var offset: UInt8 = 0
    private var count: UInt8 = 0
    /// The temporal layer of each template.
    private var layers = InlineArray<64, UInt8>(repeating: 0)

    /// Reads the descriptor that `bytes` holds; nil when it cannot be read or refers to a structure that was missed.
    mutating func layer(in bytes: RawSpan) -> UInt8? {
        guard let descriptor = try? DependencyDescriptor(parsing: bytes) else { return nil }
        if descriptor.hasStructure, let structure = try? DependencyStructure(parsing: bytes) { take(structure) }
        let index = (descriptor.templateID &- offset) & 63
        return index < count ? layers[Int(index)] : nil
    }

    private mutating func take(_ structure: DependencyStructure) {
        offset = structure.templateIDOffset
        count = UInt8(clamping: structure.templateCount)
        for index in 0..<min(structure.templateCount, 64) {
            let template = (offset &+ UInt8(index)) & 63
            layers[index] = structure.layer(ofTemplate: template)?.temporalID ?? 0
        }
    }
}
