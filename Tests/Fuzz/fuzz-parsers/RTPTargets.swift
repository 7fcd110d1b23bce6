import ProtocolCore
import RTP

/// All extensions under ids of the one-byte form, and under ids that only the two-byte form has.
private let extensionMaps: [HeaderExtensionMap] = [UInt8(1), 16].map { first in
    var map = HeaderExtensionMap()
    for known in HeaderExtension.allCases {
        map[first + known.rawValue] = known
    }
    return map
}

/// A packet: header, extensions under two maps, texts and descriptors in them, padding.
func testRTP(_ packet: RawSpan) {
    _ = RTCPCompound.isRTCP(packet)
    guard let header = try? RTPHeader(parsing: packet) else { return }
    check(header.headerLength <= packet.byteCount, "the header ends within the packet")
    for map in extensionMaps {
        guard let extensions = try? ReceivedExtensions(parsing: packet, header: header, map: map) else { continue }
        let ranges = [extensions.mid, extensions.rid, extensions.repairedRid, extensions.dependencyDescriptor]
        for range in ranges.compactMap({ $0 }) {
            check(
                range.offset >= RTPHeader.fixedLength && range.length > 0
                    && range.offset + range.length <= header.headerLength, "extensions lie within the header")
            _ = try? range.text(in: packet)
        }
        if let range = extensions.dependencyDescriptor {
            testDependencyDescriptor(packet.extracting(range.offset..<range.offset + range.length))
        }
    }
    let payload = packet.extracting(header.headerLength..<packet.byteCount)
    if header.hasPadding, let padding = try? RTPHeader.paddingLength(of: payload) {
        check((1...payload.byteCount).contains(padding), "padding lies within the payload")
    }
}

/// The value of the header extension: what each packet tells, and the structure of keyframes.
func testDependencyDescriptor(_ bytes: RawSpan) {
    guard let descriptor = try? DependencyDescriptor(parsing: bytes) else { return }
    guard let structure = try? DependencyStructure(parsing: bytes) else { return }
    check(descriptor.hasStructure, "a structure is read only where one is announced")
    for templateID in 0...UInt8.max {
        guard let layer = structure.layer(ofTemplate: templateID) else { continue }
        check(layer.spatialID <= structure.highestLayer.spatialID, "no template is above the highest spatial layer")
        check(layer.temporalID <= structure.highestLayer.temporalID, "no template is above the highest temporal layer")
    }
    for target in -1...structure.decodeTargetCount {
        let layer = structure.layer(ofDecodeTarget: target)
        check((layer != nil) == (0..<structure.decodeTargetCount).contains(target), "every decode target has a layer")
    }
    for spatialID in 0...UInt8.max {
        _ = structure.resolution(ofSpatialID: spatialID)
    }
}
