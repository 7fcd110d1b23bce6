/// A fixed number of plain elements that lie outside of their owner, in memory that is taken with the first change.
///
/// A large value that holds its storage in itself is copied whole wherever the compiler passes it on as a constant, which
/// costs more than what is done with it; and it takes its memory even if it is never used. With its storage here the owner
/// stays small.
public struct FixedStorage<Element: BitwiseCopyable & Sendable>: ~Copyable, @unchecked Sendable {
    // Sendable, since there is one owner and nobody else has the pointer.
    @usableFromInline
    var base: UnsafeMutablePointer<Element>?
    @usableFromInline
    let initial: Element
    public let count: Int

    /// - Parameters:
    ///   - element: What every element is until it is changed.
    ///   - count: Above zero.
    public init(repeating element: Element, count: Int) {
        precondition(count > 0, "storage for nothing")
        initial = element
        self.count = count
    }

    deinit {
        base?.deallocate()
    }

    /// - Precondition: `position` is in `0..<count`.
    @inlinable
    public subscript(position: Int) -> Element {
        get {
            precondition(position >= 0 && position < count, "position beyond the storage")
            return base?[position] ?? initial
        }
        _modify {
            precondition(position >= 0 && position < count, "position beyond the storage")
            yield &inUse()[position]
        }
    }

    @inlinable
    mutating func inUse() -> UnsafeMutablePointer<Element> {
        base ?? allocate()
    }

    @usableFromInline
    @inline(never)
    mutating func allocate() -> UnsafeMutablePointer<Element> {
        let storage = UnsafeMutablePointer<Element>.allocate(capacity: count)
        storage.initialize(repeating: initial, count: count)
        base = storage
        return storage
    }

    /// Makes every element what it was in the beginning.
    public mutating func reset() {
        base?.update(repeating: initial, count: count)
    }
}
