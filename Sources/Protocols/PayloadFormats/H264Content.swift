public import ProtocolCore

/// What lies in one H.264 RTP payload, as far as it decides where a receiver can begin.
public struct H264Content: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    @inlinable
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// A sequence parameter set begins here.
    public static let sequenceParameterSet = H264Content(rawValue: 1 << 0)
    /// A picture parameter set begins here.
    public static let pictureParameterSet = H264Content(rawValue: 1 << 1)
    /// Some of a slice of an IDR picture.
    public static let idrSlice = H264Content(rawValue: 1 << 2)
    /// The first slice of an IDR picture begins here: the one with macroblock 0.
    public static let firstIDRSlice = H264Content(rawValue: 1 << 3)
    /// Some of a slice of another picture.
    public static let otherSlice = H264Content(rawValue: 1 << 4)
    /// A message that a decoder may begin at the picture (recovery point, ITU-T H.264 §D.2.8), as streams have it that
    /// refresh their pictures bit by bit instead of sending IDR pictures.
    public static let recoveryPoint = H264Content(rawValue: 1 << 5)
    /// The payload is of a picture that no other refers to: `nal_ref_idc` is 0 throughout.
    public static let droppable = H264Content(rawValue: 1 << 6)

    public static let parameterSets: H264Content = [.sequenceParameterSet, .pictureParameterSet]
    /// Where a decoder that has the parameter sets can begin.
    public static let entries: H264Content = [.firstIDRSlice, .recoveryPoint]
    /// What a forwarder has to look at more closely.
    public static let decisive: H264Content = [.parameterSets, .entries]

    /// Whether a receiver may begin here on the chance that parameter sets in band open a keyframe, which the slices
    /// after them will show. Encoders also repeat them before other pictures; then the slice is often in the payload.
    @inlinable
    public var opensKeyframe: Bool {
        contains(.sequenceParameterSet) && (isDisjoint(with: .otherSlice) || !isDisjoint(with: .entries))
    }
}

extension H264Payload {
    /// What is in a payload; nothing in one that is empty, truncated or of another structure.
    @inlinable
    public static func content(of payload: RawSpan) -> H264Content {
        guard let header = try? payload.uint8(at: 0) else { return [] }
        var content: H264Content = []
        var hasReference = false
        switch header & 0x1f {
        case 1...23:
            content = self.content(ofUnitAt: 0, header: header, in: payload)
            hasReference = header & 0x60 != 0
        case NALType.stapA:
            var offset = 1
            while offset < payload.byteCount {
                guard let length = try? payload.uint16(at: offset), length > 0,
                    payload.byteCount &- offset &- 2 >= Int(length), let inner = try? payload.uint8(at: offset &+ 2)
                else { return [] }
                content.formUnion(self.content(ofUnitAt: offset &+ 2, header: inner, in: payload))
                hasReference = hasReference || inner & 0x60 != 0
                offset &+= 2 &+ Int(length)
            }
        case NALType.fuA:
            guard let fragment = try? payload.uint8(at: 1) else { return [] }
            hasReference = header & 0x60 != 0
            if fragment & 0x80 != 0 {
                // The fragment's header stands where the unit's would: the slice begins behind it.
                content = self.content(ofUnitAt: 1, header: fragment & 0x1f, in: payload)
            } else {
                switch fragment & 0x1f {
                case NALType.idrSlice: content = .idrSlice
                case 1..<NALType.idrSlice: content = .otherSlice
                default: break
                }
            }
        default:
            return []
        }
        if !hasReference, !content.isDisjoint(with: [.idrSlice, .otherSlice]) { content.insert(.droppable) }
        return content
    }

    @inlinable
    static func content(ofUnitAt offset: Int, header: UInt8, in payload: RawSpan) -> H264Content {
        switch header & 0x1f {
        case 1..<NALType.idrSlice: return .otherSlice
        case NALType.idrSlice:
            // first_mb_in_slice is 0 where its code begins with a one (ITU-T H.264 §7.3.3, §9.1).
            let isFirst = (try? payload.uint8(at: offset &+ 1)).map { $0 & 0x80 != 0 } ?? false
            return isFirst ? [.idrSlice, .firstIDRSlice] : .idrSlice
        case NALType.supplementalInformation:
            return hasRecoveryPoint(behind: offset, in: payload) ? .recoveryPoint : []
        case NALType.sequenceParameterSet: return .sequenceParameterSet
        case NALType.pictureParameterSet: return .pictureParameterSet
        default: return []
        }
    }

    /// Looks through the messages of a unit of supplemental information (ITU-T H.264 §7.3.2.3).
    @usableFromInline
    static func hasRecoveryPoint(behind header: Int, in payload: RawSpan) -> Bool {
        var offset = header + 1
        // A picture has a handful of messages; the last byte of the unit is none.
        for _ in 0..<8 {
            guard let type = messageField(at: &offset, in: payload), let size = messageField(at: &offset, in: payload),
                offset < payload.byteCount
            else { return false }
            if type == 6 { return true }
            offset += size
        }
        return false
    }

    /// A number in bytes of 255 and a smaller one at its end.
    private static func messageField(at offset: inout Int, in payload: RawSpan) -> Int? {
        var value = 0
        while let byte = try? payload.uint8(at: offset) {
            offset += 1
            value += Int(byte)
            if byte != 0xff { return value }
        }
        return nil
    }

    /// The number of the picture parameter set that the first IDR slice in a payload uses; nil without such a slice.
    public static func pictureParameterSetID(ofFirstIDRSliceIn payload: RawSpan) -> Int? {
        guard let header = try? payload.uint8(at: 0) else { return nil }
        switch header & 0x1f {
        case NALType.fuA:
            guard let fragment = try? payload.uint8(at: 1), fragment & 0x9f == 0x80 | NALType.idrSlice else {
                return nil
            }
            return pictureParameterSetID(ofSliceBehind: 1, in: payload)
        default:
            var found: Int?
            forEachUnit(in: payload) { unit, type in
                if type == NALType.idrSlice, found == nil { found = pictureParameterSetID(ofSliceBehind: 0, in: unit) }
            }
            return found
        }
    }

    private static func pictureParameterSetID(ofSliceBehind header: Int, in unit: RawSpan) -> Int? {
        var reader = ExpGolombReader(offset: header + 1)
        guard (try? reader.unsigned(in: unit)) != nil, (try? reader.unsigned(in: unit)) != nil else { return nil }
        return try? reader.unsigned("pic_parameter_set_id", upTo: 255, in: unit)
    }

    /// Goes through the whole NAL units of a payload: the only one, or those of a STAP-A; none of a fragment.
    public static func forEachUnit(in payload: RawSpan, _ take: (_ unit: RawSpan, _ type: UInt8) -> Void) {
        guard let header = try? payload.uint8(at: 0) else { return }
        switch header & 0x1f {
        case 1...23:
            take(payload, header & 0x1f)
        case NALType.stapA:
            var offset = 1
            while let length = try? payload.uint16(at: offset) {
                let start = offset + 2
                let end = start + Int(length)
                guard length > 0, end <= payload.byteCount else { return }
                let unit = payload.extracting(start..<end)
                if let header = try? unit.uint8(at: 0) { take(unit, header & 0x1f) }
                offset = end
            }
        default:
            return
        }
    }
}

/// The number of an H.264 parameter set, and of the one that it builds on.
public enum H264ParameterSetID: Hashable, Sendable {
    case sequence(Int)
    case picture(Int, sequence: Int)

    /// Reads the first fields of a parameter set (ITU-T H.264 §7.3.2.1.1, §7.3.2.2); nil for any other unit.
    public init?(of unit: RawSpan) {
        guard let header = try? unit.uint8(at: 0) else { return nil }
        switch header & 0x1f {
        case H264NALUnitType.sequenceParameterSet.rawValue:
            // Profile, constraints and level go before it.
            var reader = ExpGolombReader(offset: 4)
            guard let id = try? reader.unsigned("seq_parameter_set_id", upTo: 31, in: unit) else { return nil }
            self = .sequence(id)
        case H264NALUnitType.pictureParameterSet.rawValue:
            var reader = ExpGolombReader(offset: 1)
            guard let id = try? reader.unsigned("pic_parameter_set_id", upTo: 255, in: unit),
                let sequence = try? reader.unsigned("seq_parameter_set_id", upTo: 31, in: unit)
            else { return nil }
            self = .picture(id, sequence: sequence)
        default:
            return nil
        }
    }
}
