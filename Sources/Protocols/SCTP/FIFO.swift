/// A queue in an array: what leaves in front is made room of now and then, so that each step costs constant time.
struct FIFO<Element> {
    private var storage: [Element?] = []
    private var head = 0

    var count: Int { storage.count - head }
    var isEmpty: Bool { count == 0 }
    var first: Element? { isEmpty ? nil : storage[head] }

    mutating func append(_ element: Element) {
        storage.append(element)
    }

    mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        let element = storage[head].take()
        head += 1
        if head == storage.count {
            storage.removeAll(keepingCapacity: head < 256)
            head = 0
        } else if head >= 64, head * 2 >= storage.count {
            storage.removeFirst(head)
            head = 0
        }
        return element
    }

    mutating func removeAll() {
        storage = []
        head = 0
    }

    /// The element `index` places behind the first.
    subscript(index: Int) -> Element {
        get {
            guard let element = storage[head + index] else { preconditionFailure("an element that has left") }
            return element
        }
        _modify {
            guard var element = storage[head + index].take() else { preconditionFailure("an element that has left") }
            defer { storage[head + index] = element }
            yield &element
        }
    }
}

extension FIFO: Sendable where Element: Sendable {}
