/// The operator's side of a drill: programs, questions, and what is shown meanwhile.
package struct DrillOperator: Sendable {
    /// How a program ended.
    package enum End: Sendable, Hashable {
        /// With an exit status.
        case exited(Int32)
        /// By a signal.
        case signalled(Int32)
        /// It did not end in time, and was killed.
        case timedOut
        /// The drill was interrupted, and it was killed.
        case interrupted
        /// It could not be started.
        case notStarted(String)
    }

    /// A question to the operator.
    package enum Question: Sendable, Hashable {
        /// Whether a step that harms is to be done.
        case harm(step: String, action: String)
        /// Whether a human has done something, or found it in order.
        case confirm(String)
    }

    /// The answer to a question.
    package enum Answer: Sendable, Hashable {
        case yes, no
        /// There is nobody to ask; with how to answer in advance.
        case nobody(String)
    }

    /// Why a program cannot be run; nil for one that can.
    package var obstacle: @Sendable (_ program: String) -> String?
    /// Runs a program to its end, at the latest when the time is up or the task is cancelled: then it is ended with all
    /// of its group. What it prints goes to the operator alone; it may be secret.
    package var run:
        @Sendable (_ arguments: [String], _ environment: [String: String], _ timeout: Duration) async -> End
    /// Asks a question; may take as long as the operator does.
    package var ask: @Sendable (Question) async -> Answer
    /// Shows what happens, a line each.
    package var show: @Sendable (String) -> Void

    /// The operator from its parts.
    package init(
        obstacle: @escaping @Sendable (_ program: String) -> String? = { _ in nil },
        run:
            @escaping @Sendable (_ arguments: [String], _ environment: [String: String], _ timeout: Duration) async ->
            End,
        ask: @escaping @Sendable (Question) async -> Answer, show: @escaping @Sendable (String) -> Void
    ) {
        self.obstacle = obstacle
        self.run = run
        self.ask = ask
        self.show = show
    }
}
