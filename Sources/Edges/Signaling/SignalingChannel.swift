internal import Calling
internal import MediaVocabulary
internal import ProtocolCore

/// One connection of a client: it must say `hello`, and speaks for a session from then on.
///
/// Messages are to be handed in one after another; each is done with when `receive` returns.
public actor SignalingChannel {
    private enum State {
        /// We wait for `hello`.
        case awaitingHello(timeout: ScheduledAction)
        /// The `hello` is being checked.
        case greeting
        /// We speak for a session.
        case open(SignalingSession, link: Int)
        /// The connection is over, or soon will be: what still comes is dropped.
        case closed
    }

    private let connection: any SignalingConnection
    private let service: SignalingService
    private let clock: any CallClock
    private var state = State.greeting

    init(connection: any SignalingConnection, service: SignalingService, clock: any CallClock) {
        self.connection = connection
        self.service = service
        self.clock = clock
    }

    func awaitHello(for timeout: Duration) {
        let timer = clock.schedule(at: clock.now + timeout) { [weak self] in
            await self?.helloTimedOut()
        }
        state = .awaitingHello(timeout: timer)
    }

    private func helloTimedOut() {
        switch state {
        case .awaitingHello:
            var error = SignalingError(.malformedMessage, "No hello came in time.")
            error.limit = "signalling.helloTime"
            refuse(error, id: nil, .noHello, "no hello in time")
        case .greeting, .open, .closed: break
        }
    }

    /// Takes one text frame.
    public func receive(_ text: String) async {
        switch state {
        case .awaitingHello(let timeout):
            timeout.cancel()
            await greet(text)
        case .open(let session, let link):
            switch await session.heard(text.utf8.count, on: link) {
            case .taken: await take(text, for: session, on: link)
            case .tooMuch(let excess):
                countHit(of: excess.limit)
                await lose()
                connection.close(.tooManyMessages, "too many messages or bytes")
            case .stale: break
            }
        case .greeting, .closed: break
        }
    }

    /// The connection is over, whichever side ended it.
    public func closed() async {
        await lose()
    }

    private func lose() async {
        let state = self.state
        self.state = .closed
        switch state {
        case .awaitingHello(let timeout): timeout.cancel()
        case .open(let session, let link): await session.linkLost(link)
        case .greeting, .closed: break
        }
    }

    // MARK: Greeting

    private func greet(_ text: String) async {
        guard text.utf8.count <= MessageLimits.helloBytes else {
            var error = SignalingError(
                .malformedMessage, "The first frame may have at most \(MessageLimits.helloBytes) bytes.")
            error.limit = "signalling.hello"
            refuse(error, id: nil, .tooLarge, "the first frame is too large")
            return
        }
        let hello: ClientMessage.Hello
        do throws(RefusedMessage) {
            guard case .hello(let read) = try ClientMessage.decode(text) else {
                throw RefusedMessage(
                    id: nil, error: .malformed("type", "The first message of a connection must be a hello."))
            }
            guard read.version == ServerMessage.version else {
                throw RefusedMessage(
                    id: nil,
                    error: .malformed("version", "The server speaks version \(ServerMessage.version) only."))
            }
            hello = read
        } catch {
            refuse(error.error, id: error.id, .noHello, "no valid hello")
            return
        }
        state = .greeting
        do throws(SignalingError) {
            let (session, link) = try await service.admit(hello, on: connection)
            switch state {
            case .greeting:
                connection.admit()
                state = .open(session, link: link)
            // The connection broke while the token was being checked.
            case .closed: await session.linkLost(link)
            case .awaitingHello, .open: break
            }
        } catch {
            let code: CloseCode =
                if error.reason == .serverClosing {
                    .goingAway
                } else if error.reason == .limitReached {
                    .tooManyMessages
                } else {
                    .unauthorized
                }
            refuse(error, id: nil, code, error.reason.rawValue)
        }
    }

    private func refuse(_ error: SignalingError, id: Int?, _ code: CloseCode, _ reason: String) {
        state = .closed
        count(error)
        connection.send(.error(to: id, error))
        connection.close(code, reason)
    }

    // MARK: Messages

    private func take(_ text: String, for session: SignalingSession, on link: Int) async {
        let message: ClientMessage
        do throws(RefusedMessage) {
            message = try ClientMessage.decode(text)
        } catch {
            count(error.error)
            connection.send(.error(to: error.id, error.error))
            return
        }
        switch message {
        case .hello:
            connection.send(
                .error(to: nil, SignalingError(.invalidState, "The connection has said hello already.")))
        case .ping(let time): connection.send(.pong(time: time))
        case .bye:
            state = .closed
            await session.end(.applicationClosed, close: .normal, "bye")
        case .request(let id, let request): await session.handle(request, id: id, on: link)
        }
    }
}
