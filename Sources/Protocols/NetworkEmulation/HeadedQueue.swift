/// A queue in an array: what is taken from its head leaves a hole, and the holes are closed now and then.
@usableFromInline
struct HeadedQueue<Element> {
    /// Holes that are left before they are closed.
    @usableFromInline
    static var mostHoles: Int { 64 }

    @usableFromInline
    var storage: [Element?] = []
    @usableFromInline
    var head = 0

    @inlinable
    init() {}

    @inlinable
    var first: Element? {
        head < storage.count ? storage[head] : nil
    }

    @inlinable
    mutating func append(_ element: Element) {
        storage.append(element)
    }

    /// Puts an element behind the last one that comes before it; at the end most of the time.
    @inlinable
    mutating func insert(_ element: Element, behind comesBefore: (Element) -> Bool) {
        var position = storage.count
        while position > head, let other = storage[position - 1], !comesBefore(other) { position -= 1 }
        if position == storage.count {
            storage.append(element)
        } else {
            storage.insert(element, at: position)
        }
    }

    @inlinable
    mutating func changeFirst(_ change: (inout Element) -> Void) {
        guard head < storage.count, var element = storage[head].take() else { return }
        change(&element)
        storage[head] = element
    }

    @inlinable
    mutating func popFirst() -> Element? {
        guard head < storage.count else { return nil }
        let element = storage[head].take()
        head += 1
        if head == storage.count {
            storage.removeAll(keepingCapacity: true)
            head = 0
        } else if head > HeadedQueue.mostHoles, head * 2 > storage.count {
            storage.removeFirst(head)
            head = 0
        }
        return element
    }

    @inlinable
    func reduce(_ initial: Double, _ combine: (Double, Element) -> Double) -> Double {
        storage[head...].reduce(initial) { sum, element in element.map { combine(sum, $0) } ?? sum }
    }
}

extension HeadedQueue: Sendable where Element: Sendable {}
