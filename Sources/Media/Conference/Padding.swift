/// The payload of packets that carry nothing: zeros, and how many bytes to take away (RFC 3550 §5.1).
enum Padding {
    static let length = 240
    /// Written once and only read afterwards.
    nonisolated(unsafe) static let bytes: UnsafeRawPointer = {
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: length, alignment: 8)
        bytes.initializeMemory(as: UInt8.self, repeating: 0, count: length)
        bytes.storeBytes(of: UInt8(length), toByteOffset: length - 1, as: UInt8.self)
        return UnsafeRawPointer(bytes)
    }()
}
