import Alerts
import Dispatching
package import Platform
import Samples
import Text

/// Runs one drill: checks what must hold before, announces it to the agent, does the steps, puts back what `finally`
/// names in any case, and reports what the agent measured.
package struct DrillRunner: Sendable {
    /// What to run.
    package let scenario: DrillScenario
    /// On which cluster.
    package let cluster: String
    /// On which service, where the scenario has one.
    package let service: String?
    /// The drill's id.
    package let id: String
    /// Where the operator's own programs are.
    package let hooks: String
    let agent: DrillAgent
    let operators: DrillOperator
    let time: any TimeSource
    let interrupt: DrillInterrupt

    /// How often a condition is asked again.
    static let pollInterval = Duration.seconds(1)
    /// How long the agent may take to know of what happened: after that what it says is complete.
    static let settling = Duration.seconds(2)
    /// For how long what was checked before a drill is taken to be so still: whoever answers later may harm another estate
    /// than the one that was checked.
    static let freshness = Duration.seconds(30)
    /// How much longer than its longest course a drill is announced.
    static let margin = Duration.seconds(600)
    /// How far the agent's clock may be from ours before it is worth a remark.
    static let clockTolerance = Duration.seconds(2)
    /// How well the agent's clock is known.
    static let clockPrecision = Duration.milliseconds(200)

    /// A drill of a cluster. Whether the cluster may be drilled is for the caller to check.
    package init(
        _ scenario: DrillScenario, cluster: String, service: String? = nil, id: String, hooks: String,
        agent: DrillAgent,
        operators: DrillOperator, time: any TimeSource, interrupt: DrillInterrupt
    ) {
        self.scenario = scenario
        self.cluster = cluster
        self.service = service
        self.id = id
        self.hooks = hooks
        self.agent = agent
        self.operators = operators
        self.time = time
        self.interrupt = interrupt
    }

    /// What is known of a run so far.
    struct Course: Sendable {
        var startedAt: Timestamp
        var placeholders = DrillPlaceholders([:])
        var steps: [DrillReport.Step] = []
        var issues: [String] = []
        /// When the fault began.
        var fault: Timestamp?
        /// When the steps were over.
        var stepsEndedAt: Timestamp?
        /// The seconds that the fault loses.
        var dataLoss: Double?
        var measurement = DrillMeasurement()
        /// How far the agent's clock is ahead of ours.
        var clockOffset = Duration.zero
        /// Whether the agent knows of the drill.
        var isAnnounced = false
        /// Silences to expire in the end.
        var silences: [String] = []
        /// Whether a precondition did not hold.
        var isRefused = false
        /// Whether a step was declined or interrupted.
        var isAborted = false
        /// Whether a step failed.
        var isFailed = false
        /// Whether anything was done that may have to be put back.
        var hasActed = false
        var events: [(at: Timestamp, what: String)] = []

        mutating func note(_ issue: String) {
            if issues.count < DrillReport.issueLimit { issues.append(issue) }
        }
    }

    /// Runs the drill to its end. Never throws: what went wrong is in the report.
    package func run() async -> DrillReport {
        var course = Course(startedAt: time.wall())
        operators.show("\(id): \(scenario.description)")
        course = await interrupt.guarding(heedsEarlier: true) { [course] in
            var course = course
            await prepare(&course)
            return course
        }
        guard !course.isRefused, !course.isAborted else { return report(course) }
        // Nothing interrupts this: whether the agent knows of the drill must be certain.
        course = await Task { [course] in
            var course = course
            await announce(&course)
            return course
        }.value
        guard !course.isRefused else { return report(course) }
        course = await interrupt.guarding(heedsEarlier: true) { [course] in
            var course = course
            await doSteps(&course)
            course.stepsEndedAt = time.wall()
            if !course.isFailed, !course.isAborted { await waitForPage(&course) }
            return course
        }
        for step in scenario.finally {
            course = await interrupt.guarding(heedsEarlier: false) { [course] in
                var course = course
                await finish(step, &course)
                return course
            }
        }
        // Nor this: it is what the drill was for, and what tells the others that it is over.
        course = await Task { [course] in
            var course = course
            await measure(&course)
            await withdraw(&course)
            return course
        }.value
        return report(course)
    }

    // MARK: Before

    private func prepare(_ course: inout Course) async {
        do {
            course.placeholders = try await placeholders()
            try await compareClocks(&course)
        } catch {
            return refuse("the agent that measures the drill does not answer: \(error)", &course)
        }
        for precondition in scenario.preconditions {
            let outcome = await holds(precondition.condition, course)
            if case .success(true) = outcome { continue }
            var text = (try? course.placeholders.expand(precondition.otherwise)) ?? precondition.otherwise
            if case .failure(let error) = outcome { text += " (\(error))" }
            refuse(text, &course)
        }
        // Whatever a step needs is missed before anything is harmed.
        for step in scenario.steps + scenario.finally {
            do {
                _ = try words(of: step.action, course)
                guard case .run(let texts) = step.action else { continue }
                let program = try course.placeholders.arguments(texts).first ?? ""
                if let obstacle = operators.obstacle(program) { refuse("\(program): \(obstacle)", &course) }
            } catch {
                refuse("\(step.name): \(error)", &course)
            }
        }
        if Task.isCancelled { course.isAborted = true }
    }

    private func refuse(_ reason: String, _ course: inout Course) {
        course.isRefused = true
        course.note(reason)
        operators.show("not begun: \(reason)")
    }

    /// The values of this run: the names of the active node and of a standby as they are now.
    func placeholders() async throws(DrillAgent.Failure) -> DrillPlaceholders {
        var values: [DrillPlaceholder: String] = [.cluster: cluster, .hooks: hooks, .drill: id]
        values[.service] = service
        let label = "{cluster=\(cluster.quotedAsInGo)}"
        for (placeholder, expression) in [
            (DrillPlaceholder.active, "vault_cluster_active_info\(label) == 1"),
            (.standby, "vault_node_standby\(label) == 1"),
        ] {
            let names = try await agent.query(expression).elements.compactMap { $0.labels["node"] }.sorted()
            values[placeholder] = names.first
        }
        return DrillPlaceholders(values)
    }

    private func compareClocks(_ course: inout Course) async throws(DrillAgent.Failure) {
        let before = time.wall()
        guard let seconds = try await agent.query("time()").elements.first?.value, seconds.isFinite else { return }
        let theirs = Timestamp(seconds: seconds)
        // The answer was made between the two; either end may be as far away as the agent took.
        let after = time.wall()
        if theirs < before { course.clockOffset = theirs - before }
        if theirs > after { course.clockOffset = theirs - after }
        guard course.clockOffset > DrillRunner.clockTolerance || course.clockOffset < .zero - DrillRunner.clockTolerance
        else { return }
        course.note(
            "the agent's clock is \(Words.measured(course.clockOffset.seconds)) ahead of this machine's; times are corrected for it"
        )
    }

    private func announce(_ course: inout Course) async {
        let span = min(scenario.longest + DrillRunner.margin, Drill.spanLimit)
        let until = time.wall() + span + course.clockOffset
        do {
            let alerts = try scenario.alerts.map { try course.placeholders.expand($0, .promQL) }
            try await agent.announce(
                DrillAgent.Announcement(scenario: scenario.name, cluster: cluster, alerts: alerts, until: until))
            course.isAnnounced = true
            for text in scenario.silences {
                let matchers = try course.placeholders.expand(text, .promQL)
                course.silences.append(try await agent.silence(matchers, until, "drill \(id)"))
            }
        } catch {
            refuse("the drill could not be announced: \(error)", &course)
            await withdraw(&course)
            return
        }
        operators.show("announced: alerts of cluster \(cluster) say that they are of a drill")
        course.events.append((time.wall(), "drill announced"))
    }

    // MARK: After

    /// Waits until somebody was paged, if that was promised: what is repaired too soon pages nobody.
    private func waitForPage(_ course: inout Course) async {
        guard let promised = scenario.objective.paged, let fault = course.fault else { return }
        operators.show("waiting until a receiver has accepted a message about it")
        let deadline = time.monotonic() + max(promised - (time.wall() - fault), .zero) + DrillRunner.settling
        while !Task.isCancelled {
            await readHistory(&course)
            if course.measurement.paged != nil || time.monotonic() >= deadline { return }
            try? await time.sleep(for: DrillRunner.pollInterval)
        }
        course.isAborted = true
    }

    private func measure(_ course: inout Course) async {
        try? await time.sleep(for: DrillRunner.settling)
        await readHistory(&course)
        guard let served = scenario.served, let fault = course.fault, let end = course.stepsEndedAt else { return }
        let (from, to) = (fault + course.clockOffset, end + course.clockOffset)
        // Prometheus' API gives 11,000 steps at most.
        let step = Duration.milliseconds(max(1000, (to - from).milliseconds / 10_000))
        do {
            let expression = try course.placeholders.expand(served.expression, .promQL)
            let times = try await agent.times(expression, from, to, step)
            course.measurement.take(
                served: Set(times.map { $0 - course.clockOffset }), from: fault, through: end, step: step)
            // It may have come back between the last of these times and the end, at which the last step saw it.
            guard course.measurement.served == nil else { return }
            for time in [to, to + DrillRunner.clockPrecision] {
                let isThere = try await !agent.times(expression, time, time, step).isEmpty
                if isThere { course.measurement.served = end }
            }
        } catch {
            course.note("whether the service was there could not be asked: \(error)")
        }
    }

    private func readHistory(_ course: inout Course) async {
        guard let fault = course.fault else { return }
        do {
            let alerts = try scenario.alerts.map { text in
                try MatcherSyntax.parse(try course.placeholders.expand(text, .promQL))
            }
            let offset = course.clockOffset
            let entries = try await agent.history(fault + offset, time.wall() + offset).map { entry in
                var entry = entry
                entry.at = entry.at - offset
                return entry
            }
            course.measurement.take(
                entries, of: DrillMeasurement.Scope(cluster: cluster, others: alerts), since: fault)
        } catch {
            let issue = "what the agent knew could not be asked: \(error)"
            if !course.issues.contains(issue) { course.note(issue) }
        }
    }

    /// Ends what was announced.
    private func withdraw(_ course: inout Course) async {
        // Before the silences: what they held back is told as real.
        do {
            // Not the one that somebody else has announced.
            if course.isAnnounced { try await agent.end(cluster) }
        } catch {
            course.note("the agent was not told that the drill is over; it ends by itself: \(error)")
        }
        for id in course.silences {
            do {
                try await agent.expire(id)
            } catch {
                course.note("the silence \(id) could not be ended; it ends by itself: \(error)")
            }
        }
        course.silences = []
        guard course.isAnnounced else { return }
        operators.show("over: alerts of cluster \(cluster) are real again")
        course.events.append((time.wall(), "drill over"))
    }
}
