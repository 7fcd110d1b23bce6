import MediaLab
import NetworkEmulation
import ProtocolCore

/// Links and people of which the scenarios are made; see `VirtualConference`.
enum Lab {
    /// A link with half a second of queue, unless told otherwise.
    static func link(
        _ megabits: Double, loss: LinkConditions.Loss = .none, delay: Duration = .milliseconds(20),
        jitter: Duration = .milliseconds(2), queue: Duration = .milliseconds(500)
    ) -> LinkConditions {
        LinkConditions(
            rate: Int(megabits * 1e6), delay: delay, jitter: jitter, loss: loss, queueLimit: .time(queue))
    }

    /// A client that only watches.
    static func watcher(videoSlots: Int = 1) -> VirtualClient.Shape {
        var shape = VirtualClient.Shape()
        shape.publishes = []
        shape.videoSlots = videoSlots
        return shape
    }

    /// A client that talks.
    static func talker(layers: [(height: Int, bitrate: Int)]? = nil) -> VirtualClient.Shape {
        var shape = VirtualClient.Shape()
        shape.audioLevel = 20
        if let layers { shape.layers = layers }
        return shape
    }

    /// One talks, one watches over the link told.
    static func pair(
        _ down: LinkConditions, seed: UInt64 = 1
    ) throws -> (VirtualConference, ada: VirtualClient, grace: VirtualClient) {
        let conference = try VirtualConference(seed: seed)
        let ada = try conference.join(shape: talker())
        let grace = try conference.join(down: down, shape: watcher())
        conference.show(ada, of: grace)
        return (conference, ada, grace)
    }
}

extension VirtualClient {
    /// The first video slot's picture.
    var picture: VirtualClient.Picture { pictures[videoSlots[0]] ?? VirtualClient.Picture() }

    /// How long after an instant the queue in front of the client began to stay below a limit for a second.
    func drainTime(after start: Instant, below limit: Duration) -> Duration? {
        var since: Instant?
        for (at, delay) in queueDelays where at >= start {
            if delay <= limit {
                since = since ?? at
                if let since, at - since >= .seconds(1) { return since - start }
            } else {
                since = nil
            }
        }
        return nil
    }
}
