/// Lets asynchronous work through one piece at a time, in the order in which tickets were drawn.
///
/// Drawing is synchronous, so work is ordered by the moment of the decision, whatever happens before it is carried out.
struct TicketGate {
    private var nextTicket = 0
    private var serving = 0
    private var waiting: [Int: CheckedContinuation<Void, Never>] = [:]

    /// Draws the next ticket. Whoever draws must wait for the turn and call `finish` after it.
    mutating func draw() -> Int {
        defer { nextTicket += 1 }
        return nextTicket
    }

    func isTurn(of ticket: Int) -> Bool {
        serving == ticket
    }

    /// Resumes the continuation when the ticket's turn comes.
    mutating func wait(_ ticket: Int, _ continuation: CheckedContinuation<Void, Never>) {
        waiting[ticket] = continuation
    }

    /// Ends the present turn and begins the next.
    mutating func finish() {
        serving += 1
        waiting.removeValue(forKey: serving)?.resume()
    }
}
