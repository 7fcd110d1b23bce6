import ClientTransport
import DTLS
import ProtocolCore
import SDP
import Testing

/// The thread with its sockets: everything else of this room is tested as a value. It says nothing about time.
@Suite(.timeLimit(.minutes(1))) struct TransportLoopTests {
    private final class Sink: MediaSink {
        let events: AsyncStream<ClientSession.Event>.Continuation
        let payloads: AsyncStream<[UInt8]>.Continuation

        init(_ events: AsyncStream<ClientSession.Event>.Continuation, _ payloads: AsyncStream<[UInt8]>.Continuation) {
            self.events = events
            self.payloads = payloads
        }

        func receive(_ packet: ReceivedPacket, payload: UnsafeRawBufferPointer) { payloads.yield(Array(payload)) }
        func tick(now: Instant) -> [Mid] { [] }
        func handle(_ event: ClientSession.Event) { events.yield(event) }
    }

    @Test func carriesMediaBothWaysThroughSockets() async throws {
        let server = try LoopbackServer()
        await server.start()
        let loop = try TransportLoop(name: "test-client")
        let (events, eventContinuation) = AsyncStream.makeStream(of: ClientSession.Event.self)
        let (payloads, payloadContinuation) = AsyncStream.makeStream(of: [UInt8].self)
        let configuration = ClientSession.Configuration(
            identity: try DTLSIdentity.generate(unixTime: 1_700_000_000), ice: .random(), localEndpoints: [], seed: 1,
            canonicalName: "ada")
        let session = try await loop.open(configuration) { Sink(eventContinuation, payloadContinuation) }

        let lines = ClientLine.usual()
        let offer = try #require(await loop.offer(session, lines))
        try await loop.accept(session, try await server.answer(offer, to: lines))
        var event = events.makeAsyncIterator()
        #expect(await event.next() == .connected)

        var atServer = server.received.makeAsyncIterator()
        for number in UInt8(0)..<20 {
            await loop.sendAudio(session, [0x78, number], on: Mid("0"), mediaTime: .milliseconds(20) * Int(number))
            #expect(await atServer.next() == [0x78, number])
        }
        var atClient = payloads.makeAsyncIterator()
        for number in UInt8(0)..<20 {
            // One slice of H.264 that is no keyframe.
            let payload: [UInt8] = [0x41, number]
            #expect(await server.send(payload, into: Mid("6"), sequence: 100 + UInt16(number)))
            #expect(await atClient.next() == payload)
        }
        let snapshot = try #require(await loop.snapshot(session))
        #expect(snapshot.isConnected)
        #expect(snapshot.counters.sentPackets >= 20)

        await loop.close(session)
        #expect(await loop.snapshot(session) == nil)
        await loop.stop()
        await server.stop()
    }
}
