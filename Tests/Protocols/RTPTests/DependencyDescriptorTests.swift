import ProtocolCore
import RTP
import Testing

@Suite struct DependencyDescriptorTests {
    /// Template 0 is T0 of a keyframe, 1 is T0, 2 is T1: one spatial layer, two temporal ones, two decode targets.
    private func twoTemporalLayers(offset: UInt32 = 60, active: UInt32? = nil, resolution: Bool = true) -> [UInt8] {
        var writer = BitWriter()
        writer.write(1, bits: 1)  // start of frame
        writer.write(0, bits: 1)  // end of frame
        writer.write(offset, bits: 6)  // template id
        writer.write(0x1234, bits: 16)  // frame number
        writer.write(1, bits: 1)  // structure
        writer.write(active == nil ? 0 : 1, bits: 1)
        writer.write(0, bits: 3)  // no custom fields
        writer.write(offset, bits: 6)  // template id offset
        writer.write(1, bits: 5)  // two decode targets
        for step: UInt32 in [0, 1, 3] {  // same layer, next temporal, end
            writer.write(step, bits: 2)
        }
        for indication: UInt32 in [3, 3, 2, 3, 0, 1] {  // two per template; T1 is not part of target 0
            writer.write(indication, bits: 2)
        }
        writer.write(0, bits: 1)  // template 0: no reference
        for _ in 0..<2 {  // templates 1 and 2: one reference each
            writer.write(1, bits: 1)
            writer.write(1, bits: 4)
            writer.write(0, bits: 1)
        }
        writer.write(2, bits: 2)  // one chain: ns(3) codes 1 as 10
        // Both targets protected by chain 0: ns(1) takes no bits.
        for difference: UInt32 in [0, 2, 1] {
            writer.write(difference, bits: 4)
        }
        writer.write(resolution ? 1 : 0, bits: 1)
        if resolution {
            writer.write(1279, bits: 16)
            writer.write(719, bits: 16)
        }
        if let active {
            writer.write(active, bits: 2)
        }
        return writer.bytes
    }

    @Test func readsMandatoryFields() throws {
        let descriptor = try DependencyDescriptor(parsing: wire("48 00d8").span.bytes)
        #expect(!descriptor.isStartOfFrame && descriptor.isEndOfFrame)
        #expect(descriptor.templateID == 8)
        #expect(descriptor.frameNumber == 0xd8)
        #expect(!descriptor.hasStructure && !descriptor.hasActiveDecodeTargets)
        let extended = try DependencyDescriptor(parsing: wire("86 0173 40 fc").span.bytes)
        #expect(extended.isStartOfFrame && !extended.isEndOfFrame)
        #expect(!extended.hasStructure && extended.hasActiveDecodeTargets)
    }

    @Test func readsStructure() throws {
        let bytes = twoTemporalLayers()
        #expect(try DependencyDescriptor(parsing: bytes.span.bytes).hasStructure)
        let structure = try DependencyStructure(parsing: bytes.span.bytes)
        #expect(structure.templateIDOffset == 60)
        #expect(structure.templateCount == 3)
        #expect(structure.decodeTargetCount == 2)
        #expect(structure.chainCount == 1)
        #expect(structure.activeDecodeTargets == 0b11)
        #expect(structure.highestLayer == FrameLayer(spatialID: 0, temporalID: 1))
        #expect(structure.layer(ofDecodeTarget: 0) == FrameLayer(spatialID: 0, temporalID: 0))
        #expect(structure.layer(ofDecodeTarget: 1) == FrameLayer(spatialID: 0, temporalID: 1))
        #expect(structure.layer(ofDecodeTarget: 2) == nil)
        let resolution = try #require(structure.resolution(ofSpatialID: 0))
        #expect(resolution == (1280, 720))
        #expect(structure.resolution(ofSpatialID: 1) == nil)
    }

    @Test func findsTheLayerOfATemplateOverTheWrapOfIDs() throws {
        let structure = try DependencyStructure(parsing: twoTemporalLayers(offset: 62).span.bytes)
        #expect(structure.layer(ofTemplate: 62) == FrameLayer(spatialID: 0, temporalID: 0))
        #expect(structure.layer(ofTemplate: 63) == FrameLayer(spatialID: 0, temporalID: 0))
        #expect(structure.layer(ofTemplate: 0) == FrameLayer(spatialID: 0, temporalID: 1))
        #expect(structure.layer(ofTemplate: 1) == nil)
        #expect(structure.layer(ofTemplate: 61) == nil)
    }

    @Test func readsActiveDecodeTargets() throws {
        #expect(
            try DependencyStructure(parsing: twoTemporalLayers(active: 0b01).span.bytes).activeDecodeTargets == 0b01)
        let plain = try DependencyStructure(parsing: twoTemporalLayers(resolution: false).span.bytes)
        #expect(plain.resolution(ofSpatialID: 0) == nil)
    }

    @Test func refusesTruncationAtEveryOffset() {
        let bytes = twoTemporalLayers(active: 3)
        for length in 0..<bytes.count {
            let cut = Array(bytes[..<length])
            if length < 3 {
                #expect(throws: ParseError.truncated) { try DependencyDescriptor(parsing: cut.span.bytes) }
            }
            if length == 3 {
                #expect(throws: ParseError.malformed("dependency structure flag")) {
                    try DependencyStructure(parsing: cut.span.bytes)
                }
            } else {
                #expect(throws: ParseError.truncated) { try DependencyStructure(parsing: cut.span.bytes) }
            }
        }
    }

    /// Layer steps after the head: all zero asks for endless templates, 01 and 10 for endless layers.
    @Test(arguments: [
        (0x00 as UInt8, "dependency templates"), (0x55, "temporal layers"), (0xaa, "spatial layers"),
    ])
    func boundsTemplatesAndLayers(steps: UInt8, limit: String) {
        // Forty head bits are followed by layer steps: five flags, six offset bits and five target bits end a byte.
        let bytes = wire("80 0001 8000") + [UInt8](repeating: steps, count: 40)
        do {
            _ = try DependencyStructure(parsing: bytes.span.bytes)
            Issue.record("the structure was taken")
        } catch {
            guard case ParseError.limitExceeded(let name) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(name.description == limit)
        }
    }
}
