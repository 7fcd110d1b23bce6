/// Which header extension each negotiated id stands for on one transport (RFC 8285 §5), in 24 bytes.
///
/// Ids 1...31 are kept; 1...14 fit the one-byte form, the others need the two-byte form. An extension has one id.
@frozen
public struct HeaderExtensionMap: Hashable, Sendable {
    /// The highest id that can be mapped; higher ones are ignored.
    public static let maximumID: UInt8 = 31

    /// Four bits per id 0...15: the extension's raw value plus one, 0 for none.
    @usableFromInline
    var lowIDs: UInt64 = 0
    /// The same for ids 16...31.
    @usableFromInline
    var highIDs: UInt64 = 0
    /// Five bits per extension: its id, 0 for none.
    @usableFromInline
    var ids: UInt64 = 0

    @inlinable
    public init() {}

    /// The extension that `id` stands for; nil for an id that is unmapped or outside 1...31.
    ///
    /// Setting moves the extension from the id it had; setting an id outside 1...31 changes nothing.
    @inlinable
    public subscript(id: UInt8) -> HeaderExtension? {
        get {
            guard id <= HeaderExtensionMap.maximumID else { return nil }
            let word = id < 16 ? lowIDs : highIDs
            let nibble = UInt8(truncatingIfNeeded: word &>> (UInt64(id & 15) &* 4)) & 15
            return nibble == 0 ? nil : HeaderExtension(rawValue: nibble &- 1)
        }
        set {
            guard id >= 1, id <= HeaderExtensionMap.maximumID else { return }
            if let previous = self[id] {
                setID(0, of: previous)
            }
            if let newValue {
                if let formerID = self.id(for: newValue) {
                    setNibble(0, at: formerID)
                }
                setID(id, of: newValue)
                setNibble(newValue.rawValue &+ 1, at: id)
            } else {
                setNibble(0, at: id)
            }
        }
    }

    /// The id negotiated for an extension, 1...31; nil when it was not negotiated.
    @inlinable
    public func id(for headerExtension: HeaderExtension) -> UInt8? {
        let id = UInt8(truncatingIfNeeded: ids &>> (UInt64(headerExtension.rawValue) &* 5)) & 31
        return id == 0 ? nil : id
    }

    @usableFromInline
    mutating func setNibble(_ value: UInt8, at id: UInt8) {
        let shift = UInt64(id & 15) &* 4
        if id < 16 {
            lowIDs = lowIDs & ~(15 &<< shift) | UInt64(value) &<< shift
        } else {
            highIDs = highIDs & ~(15 &<< shift) | UInt64(value) &<< shift
        }
    }

    @usableFromInline
    mutating func setID(_ id: UInt8, of headerExtension: HeaderExtension) {
        let shift = UInt64(headerExtension.rawValue) &* 5
        ids = ids & ~(31 &<< shift) | UInt64(id) &<< shift
    }
}
