internal import ProtocolCore

/// Whether a publisher's own link is too narrow for what it sends, as far as its packets tell.
///
/// A server knows no more than what arrives: packets that are lost on their way to it. While a link is short, the smaller
/// layers are asked for even if nobody watches them. Browsers then give the bits to the smallest first and leave the
/// largest out, instead of sending that with five pictures a second.
struct PublisherLink {
    /// From this part of a second's packets on their loss tells of a link that is short: what radio loses at any rate is
    /// mostly less.
    static let shortLoss = 0.08
    /// So long a link counts as short after the last sign of it.
    static let memory: Duration = .seconds(10)
    /// While it is short a layer from which nothing has come for so long is taken for left out.
    static let silence: Duration = .milliseconds(400)

    private var shortUntil: Instant?
    /// A layer stopped, for whatever reason: smaller ones are asked for until then.
    private var doubtfulUntil: Instant?

    /// Takes which part of a layer's packets was lost on the way to us, 0...1.
    mutating func note(loss: Double, now: Instant) {
        if loss >= PublisherLink.shortLoss { shortUntil = now + PublisherLink.memory }
    }

    /// A layer that somebody watches has just stopped.
    mutating func noteStop(now: Instant) {
        doubtfulUntil = now + PublisherLink.memory
    }

    /// Whether smaller layers are to be asked for, so that there is something to show.
    func isDoubtful(now: Instant) -> Bool {
        isShort(now: now) || (doubtfulUntil.map { now < $0 } ?? false)
    }

    /// The publisher leaves out a layer that it was asked for, and sends a smaller one.
    mutating func noteLeftOut(now: Instant) {
        if isShort(now: now) { shortUntil = now + PublisherLink.memory }
    }

    func isShort(now: Instant) -> Bool {
        shortUntil.map { now < $0 } ?? false
    }
}
