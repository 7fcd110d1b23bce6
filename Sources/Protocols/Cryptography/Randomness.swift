internal import CNIOBoringSSL

/// `count` bytes from BoringSSL's generator, fit for keys, passwords and tokens.
///
/// This is the only source of randomness below the drivers. Protocol cores do not call it: whoever creates a core
/// draws what it needs here and hands it in, so that tests can hand in bytes of their own.
/// - Parameter count: How many bytes; 0 or fewer gives an empty array.
public func randomBytes(_ count: Int) -> [UInt8] {
    guard count > 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
        // Aborts rather than returns when the kernel gives no entropy, so its result needs no look.
        RAND_bytes(output.baseAddress, count)
        initialized = count
    }
}
