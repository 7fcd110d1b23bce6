import Calling
import MediaVocabulary
import ProtocolCore
import Testing

@Suite("Reconnect")
struct ReconnectTests {
    private let a = ParticipantID("a")

    @Test("One who comes back within the window is the same participant", arguments: [true, false])
    func withinTheWindow(isSignalling: Bool) throws {
        var scene = try Scene.talking("a", "b")
        try scene.handle(.media(a, isLost: false))
        try scene.handle(isSignalling ? .signalling(a, isLost: true) : .media(a, isLost: true))
        #expect(scene.seen("a") == .reconnecting)
        try scene.advance(by: .milliseconds(59_999))
        try scene.handle(isSignalling ? .signalling(a, isLost: false) : .media(a, isLost: false))
        #expect(scene.seen("a") == .connected)
        try scene.advance(by: .seconds(3600))
        #expect(scene.ended == nil)
        #expect(scene.machine.roster.map(\.participant) == [a, ParticipantID("b")])
    }

    @Test("One who does not come back leaves, and the other side is not left alone in a 1:1 call")
    func afterTheWindow() throws {
        var scene = try Scene.talking("a", "b")
        try scene.handle(.signalling(a, isLost: true))
        try scene.advance(by: .seconds(60))
        #expect(scene.ending("a") == [.networkLost])
        #expect(scene.ending("b") == [.callOver])
    }

    @Test("The window runs from the first loss while either is lost")
    func bothLost() throws {
        var scene = try Scene.group("a", "b")
        try scene.handle(.media(a, isLost: false))
        try scene.handle(.media(a, isLost: true))
        try scene.advance(by: .seconds(20))
        try scene.handle(.signalling(a, isLost: true))
        try scene.handle(.media(a, isLost: false))
        #expect(scene.seen("a") == .reconnecting)
        try scene.advance(by: .seconds(59))
        #expect(scene.seen("a") == .reconnecting)
        try scene.advance(by: .seconds(1))
        #expect(scene.ending("a") == [.networkLost])
        #expect(scene.state("b") == .connected)
    }

    @Test("Reconnecting stands above hold in the roster, and hold comes back")
    func holdAndLoss() throws {
        var scene = try Scene.group("a", "b")
        try scene.handle(.hold(a, true))
        try scene.handle(.signalling(a, isLost: true))
        #expect(scene.seen("a") == .reconnecting)
        #expect(scene.state("a") == .localHold)
        try scene.handle(.signalling(a, isLost: false))
        #expect(scene.seen("a") == .hold)
    }

    @Test("One whose media never comes leaves after the set-up time")
    func noMediaPath() throws {
        var scene = try Scene.group("a", "b")
        try scene.handle(.mediaOffered(a))
        try scene.handle(.media(a, isLost: true))
        #expect(scene.seen("a") == .connected)
        try scene.advance(by: .seconds(84))
        #expect(scene.ending("a").isEmpty)
        try scene.advance(by: .seconds(1))
        #expect(scene.ending("a") == [.noMediaPath])
    }

    @Test("One whose media comes stays")
    func mediaPath() throws {
        var scene = try Scene.group("a", "b")
        try scene.handle(.mediaOffered(a))
        try scene.handle(.media(a, isLost: false))
        try scene.handle(.mediaOffered(a))
        try scene.advance(by: .seconds(1000))
        #expect(scene.ended == nil)
    }
}
