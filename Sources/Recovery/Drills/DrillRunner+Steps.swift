import Platform
import Samples
import Text

/// The steps of a drill.
extension DrillRunner {
    /// Does the steps until one does not pass; the others are skipped.
    func doSteps(_ course: inout Course) async {
        for (index, step) in scenario.steps.enumerated() {
            if course.isFailed || course.isAborted {
                record(step, isFinal: false, .skipped, since: nil, "", &course)
                continue
            }
            if index == scenario.faultIndex { await readDataLoss(&course) }
            await perform(step, isFault: index == scenario.faultIndex, isFinal: false, &course)
        }
    }

    /// Does a step of `finally`; its failure keeps no other from being done.
    func finish(_ step: DrillScenario.Step, _ course: inout Course) async {
        // Whoever declined the first step that does something left the estate as it was.
        guard course.hasActed else { return record(step, isFinal: true, .skipped, since: nil, "", &course) }
        let before = (course.isFailed, course.isAborted)
        await perform(step, isFault: false, isFinal: true, &course)
        guard (course.isFailed, course.isAborted) != before else { return }
        course.isFailed = true
        operators.show("\(title(step, course)): do it by hand, or the estate stays as the drill left it")
    }

    private func perform(
        _ step: DrillScenario.Step, isFault: Bool, isFinal: Bool, _ course: inout Course
    ) async {
        // What puts things back is not asked about: it was agreed to with the step that it puts back.
        if step.harms, !isFinal, !(await isAgreed(step, &course)) { return }
        let began = time.wall()
        let title = title(step, course)
        switch step.action {
        case .run: course.hasActed = true
        case .confirm: course.hasActed = course.hasActed || step.harms || step.isFault
        case .wait, .check: break
        }
        if isFault { course.fault = began }
        course.events.append((began, (isFault ? "fault: " : isFinal ? "finally: " : "") + title))
        operators.show("\(isFinal ? "finally: " : "")\(title)")
        let (outcome, reason) = await carryOut(step, course)
        // A human may take his time before he does what he is asked to.
        if isFault, case .confirm = step.action { course.fault = time.wall() }
        record(step, isFinal: isFinal, outcome, since: began, reason, &course)
    }

    /// Asks before a step that harms.
    private func isAgreed(_ step: DrillScenario.Step, _ course: inout Course) async -> Bool {
        let action = (try? words(of: step.action, course)) ?? ""
        let question = DrillOperator.Question.harm(step: title(step, course), action: action)
        let asked = time.monotonic()
        let (outcome, reason) = await answer(to: question, within: DrillScenario.answerLimit)
        if outcome == .passed {
            // What was done so far is why preconditions no longer hold.
            guard !course.hasActed, time.monotonic() - asked > DrillRunner.freshness,
                let change = await change(course)
            else { return true }
            record(step, isFinal: false, .declined, since: nil, change, &course)
            return false
        }
        // Whoever does not answer does not agree.
        record(step, isFinal: false, outcome == .timedOut ? .declined : outcome, since: nil, reason, &course)
        return false
    }

    /// What is no longer as it was when the drill was checked: the answer was to what stood then.
    /// - Returns: nil if nothing is.
    private func change(_ course: Course) async -> String? {
        do throws(DrillAgent.Failure) {
            if try await placeholders() != course.placeholders {
                return "another node is active, or standby, than when it was asked: run the drill anew"
            }
        } catch { return "the agent that measures the drill does not answer any more: \(error)" }
        for precondition in scenario.preconditions {
            if case .success(true) = await holds(precondition.condition, course) { continue }
            let text = (try? course.placeholders.expand(precondition.otherwise)) ?? precondition.otherwise
            return "a precondition no longer holds: \(text)"
        }
        return nil
    }

    private func answer(
        to question: DrillOperator.Question, within limit: Duration
    ) async -> (DrillReport.StepOutcome, String) {
        let operators = operators
        let answer = await Deadline.run(
            { await operators.ask(question) }, until: time.monotonic() + limit, time: time)
        return switch answer {
        case .yes: (.passed, "")
        case .no: (.declined, "the operator declined it")
        case .nobody(let advice): (.declined, advice)
        case nil where Task.isCancelled: (.interrupted, "interrupted")
        case nil: (.timedOut, "nobody answered within \(Words.duration(limit))")
        }
    }

    private func carryOut(
        _ step: DrillScenario.Step, _ course: Course
    ) async -> (DrillReport.StepOutcome, String) {
        if Task.isCancelled { return (.interrupted, "interrupted") }
        switch step.action {
        case .run(let texts): return await start(texts, step.timeout, course)
        case .wait(let condition): return await wait(for: condition, within: step.timeout, course)
        case .check(let condition):
            switch await holds(condition, course) {
            case .success(true): return (.passed, "")
            case .success(false): return (.failed, "it does not hold: \(shown(condition, course))")
            case .failure(let error): return (Task.isCancelled ? .interrupted : .failed, error.description)
            }
        case .confirm(let text):
            let text = (try? course.placeholders.expand(text)) ?? text
            return await answer(to: .confirm(text), within: step.timeout)
        }
    }

    private func start(
        _ texts: [String], _ timeout: Duration, _ course: Course
    ) async -> (DrillReport.StepOutcome, String) {
        let arguments: [String]
        do {
            arguments = try course.placeholders.arguments(texts)
        } catch {
            return (.failed, error.description)
        }
        let environment = [
            "VAULTWATCH_DRILL": id, "VAULTWATCH_DRILL_SCENARIO": scenario.name, "VAULTWATCH_DRILL_CLUSTER": cluster,
        ]
        let program = arguments.first ?? ""
        return switch await operators.run(arguments, environment, timeout) {
        case .exited(0): (.passed, "")
        case .exited(let status): (.failed, "\(program) ended with status \(status)")
        case .signalled(let number): (.failed, "\(program) was killed by signal \(number)")
        case .timedOut: (.timedOut, "\(program) did not end within \(Words.duration(timeout))")
        case .interrupted: (.interrupted, "interrupted")
        case .notStarted(let reason): (.failed, "\(program): \(reason)")
        }
    }

    private func wait(
        for condition: DrillScenario.Condition, within limit: Duration, _ course: Course
    ) async -> (DrillReport.StepOutcome, String) {
        let deadline = time.monotonic() + limit
        var failure: String?
        while !Task.isCancelled {
            switch await holds(condition, course) {
            case .success(true): return (.passed, "")
            case .success(false): failure = nil
            // An agent that restarts is asked again.
            case .failure(let error): failure = error.description
            }
            guard time.monotonic() < deadline else {
                let what = failure ?? "it does not hold: \(shown(condition, course))"
                return (.timedOut, "after \(Words.duration(limit)): \(what)")
            }
            try? await time.sleep(for: DrillRunner.pollInterval)
        }
        return (.interrupted, "interrupted")
    }

    /// Whether a condition holds now.
    func holds(
        _ condition: DrillScenario.Condition, _ course: Course
    ) async -> Result<Bool, DrillAgent.Failure> {
        do {
            let expression = try course.placeholders.expand(condition.expression, .promQL)
            return .success(try await agent.query(expression).holds)
        } catch let error as DrillAgent.Failure {
            return .failure(error)
        } catch {
            return .failure(DrillAgent.Failure("\(error)"))
        }
    }

    /// What a step does, for the operator.
    /// - Throws: `DrillPlaceholders.Failure`.
    func words(of action: DrillScenario.Action, _ course: Course) throws(DrillPlaceholders.Failure) -> String {
        switch action {
        case .run(let texts): try course.placeholders.arguments(texts).joined(separator: " ")
        case .wait(let condition), .check(let condition): try course.placeholders.expand(condition.expression, .promQL)
        case .confirm(let text): try course.placeholders.expand(text)
        }
    }

    /// A step's name with the names of this run.
    private func title(_ step: DrillScenario.Step, _ course: Course) -> String {
        (try? course.placeholders.expand(step.name)) ?? step.name
    }

    private func shown(_ condition: DrillScenario.Condition, _ course: Course) -> String {
        (try? course.placeholders.expand(condition.expression, .promQL)) ?? condition.expression
    }

    /// Asks what the fault will lose, as long as the agent still sees it.
    private func readDataLoss(_ course: inout Course) async {
        guard let condition = scenario.dataLoss else { return }
        do {
            let expression = try course.placeholders.expand(condition.expression, .promQL)
            let value = try await agent.query(expression).elements.map(\.value).filter(\.isFinite).max()
            course.dataLoss = value.map { max($0, 0) }
            if value == nil { course.note("what the fault loses is not known: \(expression) has no result") }
        } catch {
            course.note("what the fault loses could not be asked: \(error)")
        }
    }

    private func record(
        _ step: DrillScenario.Step, isFinal: Bool, _ outcome: DrillReport.StepOutcome, since began: Timestamp?,
        _ reason: String, _ course: inout Course
    ) {
        let action =
            switch step.action {
            case .run: "run"
            case .wait: "wait"
            case .check: "check"
            case .confirm: "confirm"
            }
        let title = title(step, course)
        course.steps.append(
            DrillReport.Step(
                name: title, action: action, isFinal: isFinal, outcome: outcome, startedAt: began?.rfc3339,
                seconds: began.map { max((time.wall() - $0).seconds, 0) }, reason: reason))
        switch outcome {
        case .passed, .skipped: return
        case .failed, .timedOut: course.isFailed = true
        case .interrupted, .declined: course.isAborted = true
        }
        course.note("\(isFinal ? "finally: " : "")\(title): \(reason)")
        operators.show("\(title): \(reason)")
    }
}
