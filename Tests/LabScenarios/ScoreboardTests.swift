import TestSupport
import Testing

/// All stories side by side in a committed file, so that a change of behaviour is seen in review.
@Suite("Lab: scoreboard")
struct ScoreboardTests {
    private static let stories =
        [Story.wideLink, .steadyLink] + Story.bandwidthDrops + Story.randomLosses + [
            .burstyLoss, .longPath, .competingFlow, .outage, .lateJoiner, .othersAtJoin, .viewStorm, .sourceStorm,
            .sequenceWrap, .uplinkLoss,
        ]

    private static let heading = """
        What receivers have of calls over emulated links: server and clients in virtual time, on fixed seeds. Written by
        LabScenarios. converge: from joining until the best layer is shown and stays; drain: from a drop until the queue
        stays below 100 ms; recover: from the link's recovery until the best layer is back and stays; all in s.
        layer: mean lines of the picture, as a part of those of the best layer; freeze: ms for each minute; gap: the longest
        time between two pictures, queue: the longest in front of the receiver, both in ms; link: media that arrived, as a
        part of what the link carries; audio: made up, as a part of the time; keyframes: asked of the publisher. A picture
        counts when it can be decoded: a player that waits for retransmissions would even these times out.


        """

    @Test("The scoreboard is as committed; SWITCHBOARD_WRITE_SCOREBOARD=1 writes it anew")
    func scoreboard() async throws {
        var board = Scoreboard(
            heading: Self.heading,
            columns: [
                "scenario", "converge", "drain", "recover", "layer", "freeze", "gap", "queue", "link", "audio",
                "keyframes",
            ])
        for story in Self.stories {
            let outcome = try await story.outcome
            let figures = outcome.figures
            board.add([
                story.name, Scoreboard.seconds(outcome.converged), Scoreboard.seconds(outcome.drained),
                Scoreboard.seconds(outcome.recovered), Scoreboard.percent(figures.meanLayer),
                Scoreboard.milliseconds(figures.freezePerMinute), Scoreboard.milliseconds(figures.longestGap),
                Scoreboard.milliseconds(figures.longestQueue), figures.linkShare.map(Scoreboard.percent) ?? "-",
                Scoreboard.percent(figures.audioGaps), String(figures.keyframeRequests),
            ])
        }
        let committed = try board.committed(as: "calls")
        #expect(board.text == committed, "Read what changed, then write it anew with SWITCHBOARD_WRITE_SCOREBOARD=1")
    }
}
