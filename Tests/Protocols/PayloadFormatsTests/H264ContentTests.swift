import PayloadFormats
import ProtocolCore
import Testing

/// What a payload says of where a receiver can begin, in each of the forms of RFC 6184.
@Suite struct H264ContentTests {
    static let sps: [UInt8] = [0x67, 0x42, 0xc0, 0x1f, 0x8c, 0x8d, 0x40]
    static let pps: [UInt8] = [0x68, 0xce, 0x3c, 0x80]
    /// first_mb_in_slice 0, slice_type 7, pic_parameter_set_id 0.
    static let idr: [UInt8] = [0x65, 0x88, 0x84, 0x00]
    /// The same picture's second slice: first_mb_in_slice is not 0.
    static let secondIDR: [UInt8] = [0x65, 0x00, 0x9f, 0x44]
    static let slice: [UInt8] = [0x41, 0x9a, 0x24]
    static let unreferred: [UInt8] = [0x01, 0x9a, 0x24]
    static let delimiter: [UInt8] = [0x09, 0xf0]
    /// Buffering period, then recovery point.
    static let recovery: [UInt8] = [0x06, 0x00, 0x02, 0xaa, 0xbb, 0x06, 0x01, 0xc4, 0x80]
    static let userData: [UInt8] = [0x06, 0x05, 0x02, 0x06, 0x06, 0x80]

    static func stap(_ units: [UInt8]...) -> [UInt8] {
        units.reduce(into: [0x78]) { $0 += [UInt8($1.count >> 8), UInt8($1.count & 0xff)] + $1 }
    }

    static func fragment(_ unit: [UInt8], isStart: Bool) -> [UInt8] {
        [unit[0] & 0xe0 | 28, (isStart ? 0x80 : 0) | unit[0] & 0x1f] + unit.dropFirst()
    }

    static let cases: [(name: String, payload: [UInt8], content: H264Content, opens: Bool)] = [
        ("SPS", sps, .sequenceParameterSet, true),
        ("PPS alone", pps, .pictureParameterSet, false),
        ("access unit delimiter", delimiter, [], false),
        ("user data", userData, [], false),
        ("recovery point", recovery, .recoveryPoint, false),
        ("IDR slice", idr, [.idrSlice, .firstIDRSlice], false),
        ("second IDR slice", secondIDR, .idrSlice, false),
        ("slice", slice, .otherSlice, false),
        ("slice that nothing refers to", unreferred, [.otherSlice, .droppable], false),
        ("all of a keyframe", stap(sps, pps, idr), [.parameterSets, .idrSlice, .firstIDRSlice], true),
        ("sets of a keyframe", stap(delimiter, sps, pps), .parameterSets, true),
        ("PPS and a slice, as Quick Sync repeats it", stap(pps, slice), [.pictureParameterSet, .otherSlice], false),
        ("both sets before a slice", stap(sps, pps, slice), [.parameterSets, .otherSlice], false),
        (
            "both sets where pictures are refreshed", stap(sps, pps, recovery, slice),
            [.parameterSets, .otherSlice, .recoveryPoint], true
        ),
        ("beginning of an IDR slice", fragment(idr, isStart: true), [.idrSlice, .firstIDRSlice], false),
        ("more of an IDR slice", fragment(idr, isStart: false), .idrSlice, false),
        ("beginning of a slice", fragment(slice, isStart: true), .otherSlice, false),
        ("nothing", [], [], false),
        ("STAP-B", [25, 0, 0, 0, 1, 0x67], [], false),
        ("fragment without its header", [28], [], false),
    ]

    @Test func readsEachForm() {
        for (name, payload, content, opens) in Self.cases {
            let found = H264Payload.content(of: payload.span.bytes)
            #expect(found == content, "\(name)")
            #expect(found.opensKeyframe == opens, "\(name)")
        }
    }

    @Test func survivesEveryTruncation() {
        for (_, payload, _, _) in Self.cases {
            for count in payload.indices {
                let cut = Array(payload.prefix(count))
                _ = H264Payload.content(of: cut.span.bytes)
                _ = H264Payload.pictureParameterSetID(ofFirstIDRSliceIn: cut.span.bytes)
                _ = H264ParameterSetID(of: cut.span.bytes)
                H264Payload.forEachUnit(in: cut.span.bytes) { unit, _ in _ = H264ParameterSetID(of: unit) }
            }
        }
        // Sizes of messages that reach far beyond the unit.
        #expect(H264Payload.content(of: [UInt8](repeating: 0xff, count: 600).span.bytes) == [])
        #expect(H264Payload.content(of: ([0x06] + [UInt8](repeating: 0xff, count: 600)).span.bytes) == [])
    }

    @Test func numbersSetsAndTheSlicesThatUseThem() {
        #expect(H264ParameterSetID(of: Self.sps.span.bytes) == .sequence(0))
        #expect(H264ParameterSetID(of: Self.pps.span.bytes) == .picture(0, sequence: 0))
        #expect(H264ParameterSetID(of: Self.idr.span.bytes) == nil)
        for payload in [Self.idr, Self.stap(Self.delimiter, Self.idr), Self.fragment(Self.idr, isStart: true)] {
            #expect(H264Payload.pictureParameterSetID(ofFirstIDRSliceIn: payload.span.bytes) == 0)
        }
        for payload in [Self.slice, Self.fragment(Self.idr, isStart: false), Self.recovery] {
            #expect(H264Payload.pictureParameterSetID(ofFirstIDRSliceIn: payload.span.bytes) == nil)
        }
    }
}
