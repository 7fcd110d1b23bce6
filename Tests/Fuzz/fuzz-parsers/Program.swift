/// The driver of libFuzzer, which the sanitizer's runtime brings along.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>, Int) -> CInt
) -> CInt

/// What the driver's callback runs, which as a C function captures nothing. Set once, before the driver starts.
nonisolated(unsafe) private var chosen: (RawSpan) -> Void = { _ in }

/// `fuzz-parsers --target=NAME [libFuzzer's options and corpora]`; without a target it lists them.
///
/// libFuzzer passes over arguments that begin with two dashes and gives them to the processes it starts itself, so
/// `-merge=1` and `-fork=1` work.
@_cdecl("fuzz_parsers_main")
public func fuzzMain(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    let prefix = "--target="
    let texts = (1..<max(1, Int(count))).compactMap { arguments[$0].map { String(cString: $0) } }
    guard let argument = texts.first(where: { $0.hasPrefix(prefix) }) else {
        for target in FuzzTarget.allCases {
            print(target.rawValue)
        }
        return 0
    }
    guard let target = FuzzTarget(rawValue: String(argument.dropFirst(prefix.count))) else {
        print("fuzz-parsers: there is no target \(argument.dropFirst(prefix.count))")
        return 2
    }
    chosen = target.test
    var count = count
    var arguments = arguments
    return runDriver(&count, &arguments) { bytes, length in
        chosen(UnsafeRawBufferPointer(start: bytes, count: length).bytes)
        return 0
    }
}
