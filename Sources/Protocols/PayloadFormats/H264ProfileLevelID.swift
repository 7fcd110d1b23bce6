public import ProtocolCore

/// The H.264 profiles that browsers and telephones use (ITU-T H.264 annex A).
public enum H264Profile: Hashable, Sendable, CaseIterable {
    case constrainedBaseline
    case baseline
    case main
    case constrainedHigh
    case high

    /// Whether a decoder of this profile can decode every stream of `other` (ITU-T H.264 §A.2).
    public func decodes(_ other: H264Profile) -> Bool {
        switch self {
        case .constrainedBaseline: other == .constrainedBaseline
        case .baseline: other == .constrainedBaseline || other == .baseline
        case .main: other == .constrainedBaseline || other == .main
        case .constrainedHigh: other == .constrainedBaseline || other == .constrainedHigh
        case .high: other != .baseline
        }
    }
}

/// An H.264 level: the limit of picture size and rate (ITU-T H.264 table A-1). Unknown levels keep their number.
public struct H264Level: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Ten times the level's number, 31 for level 3.1; 1b is 11 with `isOneB`.
    public let number: UInt8
    /// Whether this is level 1b, between 1 and 1.1.
    public let isOneB: Bool

    /// Between 1 and 1.1.
    public static let level1b = H264Level(number: 11, isOneB: true)
    /// Up to 1280 x 720 at 30 frames per second.
    public static let level31 = H264Level(number: 31)
    /// Up to 1920 x 1080 at 30 frames per second.
    public static let level40 = H264Level(number: 40)
    /// Up to 3840 x 2160 at 60 frames per second.
    public static let level52 = H264Level(number: 52)

    /// - Parameter number: Ten times the level, as `level_idc` tells it.
    public init(number: UInt8) {
        self.number = number
        isOneB = false
    }

    private init(number: UInt8, isOneB: Bool) {
        self.number = number
        self.isOneB = isOneB
    }

    public static func < (lhs: H264Level, rhs: H264Level) -> Bool {
        if lhs.number != rhs.number { return lhs.number < rhs.number }
        return lhs.isOneB && !rhs.isOneB
    }

    /// The largest picture in macroblocks of 16 x 16 pixels: 3600 (1280 x 720) for level 3.1, 8192 (1920 x 1080 and a
    /// little more) for level 4; nil for a level not in the table.
    public var maximumMacroblocks: Int? {
        if isOneB { return 99 }
        return switch number {
        case 10: 99
        case 11, 12, 13, 20: 396
        case 21: 792
        case 22, 30: 1620
        case 31: 3600
        case 32: 5120
        case 40, 41: 8192
        case 42: 8704
        case 50: 22_080
        case 51, 52: 36_864
        case 60, 61, 62: 139_264
        default: nil
        }
    }

    public var description: String {
        isOneB ? "1b" : "\(number / 10).\(number % 10)"
    }
}

/// The `profile-level-id` of an H.264 format in SDP (RFC 6184 §8.1), for example `42e01f`.
///
/// Offers are matched by profile. The level is only a limit that either side may lower, so it never makes a match fail.
public struct H264ProfileLevelID: Hashable, Sendable, CustomStringConvertible {
    /// The tools that the stream may use.
    public let profile: H264Profile
    /// The limit of its picture size and rate.
    public let level: H264Level
    /// `profile_idc` and the constraint flags without the one that tells level 1b, as they came.
    private let profileBytes: UInt16

    /// What a format without the parameter means: Baseline at level 1 (RFC 6184 §8.1).
    public static let absent = H264ProfileLevelID(profile: .baseline, level: H264Level(number: 10))

    /// The usual way to write a profile and level.
    public init(profile: H264Profile, level: H264Level) {
        self.profile = profile
        self.level = level
        profileBytes =
            switch profile {
            case .constrainedBaseline: 0x42e0
            case .baseline: 0x4200
            case .main: 0x4d00
            case .constrainedHigh: 0x640c
            case .high: 0x6400
            }
    }

    /// Reads six hexadecimal digits of either case.
    ///
    /// - Throws: `.malformed` for other text, and for a profile that is not one of `H264Profile`.
    public init(parsing text: Substring) throws(ParseError) {
        guard text.utf8.count == 6, text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
            let value = UInt32(text, radix: 16)
        else { throw .malformed("profile-level-id") }
        let profileNumber = UInt8(truncatingIfNeeded: value >> 16)
        let constraints = UInt8(truncatingIfNeeded: value >> 8)
        let levelNumber = UInt8(truncatingIfNeeded: value)
        guard let profile = H264ProfileLevelID.profile(number: profileNumber, constraints: constraints) else {
            throw .malformed("H.264 profile")
        }
        self.profile = profile
        var flags = constraints
        switch profile {
        case .constrainedBaseline, .baseline, .main:
            // Constraint set 3 turns level 1.1 of these profiles into 1b (ITU-T H.264 §A.3.1).
            let isOneB = levelNumber == 11 && constraints & H264ProfileLevelID.constraintSet3 != 0
            level = isOneB ? .level1b : H264Level(number: levelNumber)
            flags &= ~H264ProfileLevelID.constraintSet3
        case .constrainedHigh, .high:
            // The high profiles have a number of its own for 1b.
            level = levelNumber == 9 ? .level1b : H264Level(number: levelNumber)
        }
        profileBytes = UInt16(profileNumber) << 8 | UInt16(flags)
    }

    private init(profile: H264Profile, level: H264Level, profileBytes: UInt16) {
        self.profile = profile
        self.level = level
        self.profileBytes = profileBytes
    }

    /// Whether both name the same profile, however written (RFC 6184 table 5), so that the formats match.
    public func isSameProfile(as other: H264ProfileLevelID) -> Bool {
        profile == other.profile
    }

    /// The same profile with another level.
    public func with(level: H264Level) -> H264ProfileLevelID {
        H264ProfileLevelID(profile: profile, level: level, profileBytes: profileBytes)
    }

    /// The value to answer an offer with, when `self` is what we support; nil when the profiles differ.
    ///
    /// Without asymmetry both directions must use one level, the lower (RFC 6184 §8.2.2); with it we tell our own.
    public func answer(to offer: H264ProfileLevelID, levelAsymmetryAllowed: Bool) -> H264ProfileLevelID? {
        guard isSameProfile(as: offer) else { return nil }
        return offer.with(level: levelAsymmetryAllowed ? level : min(level, offer.level))
    }

    /// Six lower-case hexadecimal digits.
    public var description: String {
        var value = UInt32(profileBytes) << 8 | UInt32(level.number)
        if level.isOneB {
            switch profile {
            case .constrainedBaseline, .baseline, .main:
                value |= UInt32(H264ProfileLevelID.constraintSet3) << 8
            case .constrainedHigh, .high:
                value = value & ~0xff | 9
            }
        }
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 6 - digits.count) + digits
    }

    private static let constraintSet3: UInt8 = 0x10

    /// RFC 6184 table 5: constraint flags that turn one profile into a narrower one. Bits 0x0f are reserved, except
    /// that constraint sets 4 and 5 together make High into Constrained High.
    private static func profile(number: UInt8, constraints: UInt8) -> H264Profile? {
        let set0 = constraints & 0x80 != 0
        let set1 = constraints & 0x40 != 0
        switch number {
        case 0x42: return set1 ? .constrainedBaseline : .baseline
        case 0x4d: return set0 ? .constrainedBaseline : .main
        // Extended, which we know only where it is restricted to Baseline's tools.
        case 0x58 where set0: return set1 ? .constrainedBaseline : .baseline
        case 0x64: return constraints & 0x0c == 0x0c ? .constrainedHigh : .high
        default: return nil
        }
    }
}
