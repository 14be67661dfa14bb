import Samples
import Text

/// One execution of a template. Source: Go's text/template/exec.go. Each node, call and loop iteration counts as a
/// step, all values that functions return count against a budget, and recursion is limited.
package struct TemplateRun {
    let templates: TemplateSet
    /// The maximum recursion through templates, blocks and parentheses together.
    private static let depthLimit = 300
    /// The maximum depth of the lists and maps that functions return.
    private static let valueDepthLimit = 32

    var output: String { String(decoding: bytes, as: UTF8.self) }
    private var bytes: [UInt8] = []
    private var steps = 0
    private var depth = 0
    /// The size of all values that functions have returned, in bytes.
    private var produced = 0
    private var tree: Tree?
    private var variables: [(name: String, value: TemplateValue)] = []

    init(_ templates: TemplateSet) { self.templates = templates }

    private enum Flow { case next, `break`, `continue` }

    mutating func execute(_ tree: Tree, _ data: TemplateValue, variables: [(name: String, value: TemplateValue)])
        throws(TemplateError)
    {
        let outer = (self.tree, self.variables)
        (self.tree, self.variables) = (tree, [("$", data)] + variables)
        defer { (self.tree, self.variables) = outer }
        _ = try walk(tree.nodes, data)
    }

    /// The output of another template of the set, for functions such as `tmpl`.
    /// - Throws: `TemplateFailure` where it is not defined, `TemplateError` where its execution fails.
    package mutating func text(of name: String, _ data: TemplateValue) throws -> String {
        guard let tree = templates.trees[name] else {
            throw TemplateFailure("template \(name.quotedAsInGo) not defined")
        }
        let outer = bytes
        bytes = []
        defer { bytes = outer }
        try execute(tree, data, variables: [])
        return output
    }

    /// The bytes that functions may still return: 16 times the output limit in all.
    var budget: Int { templates.options.outputLimit * 16 - produced }

    // MARK: - Errors and bounds

    private func fail(_ range: Range<Int>, _ message: String) -> TemplateError {
        guard let tree else { return TemplateError(template: "", line: 1, column: 1, message: message) }
        let excerpt = tree.source.text(range)
        let shown =
            excerpt.unicodeScalars.count > 20
            ? String(String.UnicodeScalarView(excerpt.unicodeScalars.prefix(20))) + "..." : excerpt
        return tree.source.error(at: range.lowerBound, "executing \(tree.name.quotedAsInGo) at <\(shown)>: \(message)")
    }

    private mutating func step(_ offset: Int) throws(TemplateError) {
        steps += 1
        if steps > templates.options.stepLimit {
            throw fail(offset..<offset, "more than \(templates.options.stepLimit) steps")
        }
    }

    private mutating func descend(_ offset: Int) throws(TemplateError) {
        depth += 1
        if depth > Self.depthLimit {
            throw fail(offset..<offset, "exceeded maximum template depth (\(Self.depthLimit))")
        }
    }

    private mutating func emit(_ text: String, _ offset: Int) throws(TemplateError) {
        guard bytes.count + text.utf8.count <= templates.options.outputLimit else {
            throw fail(offset..<offset, "more than \(templates.options.outputLimit) bytes of output")
        }
        bytes.append(contentsOf: text.utf8)
    }

    // MARK: - Nodes

    private mutating func walk(_ nodes: [TemplateNode], _ dot: TemplateValue) throws(TemplateError) -> Flow {
        for node in nodes {
            switch node {
            case .text(let text):
                try step(0)
                try emit(text, 0)
            case .action(let pipeline):
                let value = try evaluate(pipeline, dot)
                if pipeline.binding == .none { try print(value, pipeline.range) }
            case .branch(let branch):
                let flow = try walk(branch, dot)
                if flow != .next { return flow }
            case .template(let name, let argument, let offset):
                try step(offset)
                guard let tree = templates.trees[name] else {
                    throw fail(offset..<offset, "template \(name.quotedAsInGo) not defined")
                }
                let data = if let argument { try evaluate(argument, dot) } else { TemplateValue.null }
                try descend(offset)
                try execute(tree, data, variables: [])
                depth -= 1
            case .break: return .break
            case .continue: return .continue
            }
        }
        return .next
    }

    private mutating func walk(_ branch: Branch, _ dot: TemplateValue) throws(TemplateError) -> Flow {
        let mark = variables.count
        defer { variables.removeLast(variables.count - mark) }
        try descend(branch.pipeline.range.lowerBound)
        defer { depth -= 1 }
        if branch.kind == .range { return try loop(branch, dot) }
        let value = try evaluate(branch.pipeline, dot)
        let body = value.isTrue ? branch.body : branch.otherwise
        return try walk(body, branch.kind == .with && value.isTrue ? value : dot)
    }

    private mutating func loop(_ branch: Branch, _ dot: TemplateValue) throws(TemplateError) -> Flow {
        let names = branch.pipeline.variables
        let value = try evaluate(branch.pipeline, dot)
        let elements: any Sequence<(TemplateValue, TemplateValue)>
        switch value.unwrapped {
        case .list(let list): elements = list.items.lazy.enumerated().map { (.int(Int64($0.offset)), $0.element) }
        case .map(let map): elements = map.sortedKeys.lazy.map { (.string($0), map.values[$0] ?? map.zero) }
        case .int(let count): elements = (0..<max(0, count)).lazy.map { (.int($0), .int($0)) }
        case .null: elements = []
        default: throw fail(branch.pipeline.range, "range can't iterate over \(value.typeName)")
        }
        var isEmpty = true
        for (key, element) in elements {
            isEmpty = false
            try step(branch.pipeline.range.lowerBound)
            if names.count > 1 {
                assign(names[0], key)
                assign(names[1], element)
            } else if let name = names.first {
                assign(name, element)
            }
            let inner = variables.count
            let flow = try walk(branch.body, element)
            variables.removeLast(variables.count - inner)
            if flow == .break { break }
        }
        return isEmpty ? try walk(branch.otherwise, dot) : .next
    }

    /// Sets the innermost variable of that name.
    private mutating func assign(_ name: String, _ value: TemplateValue) {
        if let index = variables.lastIndex(where: { $0.name == name }) { variables[index].value = value }
    }

    private mutating func print(_ value: TemplateValue, _ range: Range<Int>) throws(TemplateError) {
        if case .null = value {
            try emit(templates.options.escapesHTML ? "" : "<no value>", range.lowerBound)
            return
        }
        let text: String
        do {
            text = try value.text ?? GoPrinter.display(value, limit: templates.options.outputLimit)
        } catch {
            throw fail(range, "\(error)")
        }
        if templates.options.escapesHTML {
            if case .html = value {
                try emit(text, range.lowerBound)
            } else {
                try emit(HTMLEscaping.escape(text, after: bytes), range.lowerBound)
            }
        } else {
            try emit(text, range.lowerBound)
        }
    }

    // MARK: - Pipelines

    private mutating func evaluate(_ pipeline: Pipeline, _ dot: TemplateValue) throws(TemplateError) -> TemplateValue {
        try descend(pipeline.range.lowerBound)
        defer { depth -= 1 }
        var value: TemplateValue?
        for command in pipeline.commands { value = try evaluate(command, dot, final: value) }
        let result = value ?? .null
        for name in pipeline.variables {
            if pipeline.binding == .declare {
                variables.append((name, result))
            } else {
                assign(name, result)
            }
        }
        return result
    }

    private mutating func evaluate(_ command: Command, _ dot: TemplateValue, final: TemplateValue?)
        throws(TemplateError) -> TemplateValue
    {
        guard let first = command.operands.first else { throw fail(command.range, "empty command") }
        try step(first.range.lowerBound)
        let arguments = command.operands.dropFirst()
        switch first.kind {
        case .function(let name): return try call(name, command.range, arguments, dot, final)
        case .field(let names): return try fields(names, of: dot, first.range, arguments, dot, final)
        case .variable(let name, let names):
            return try fields(names, of: variable(name, first.range), first.range, arguments, dot, final)
        case .chain(let inner, let names):
            return try fields(names, of: evaluate(inner, dot), first.range, arguments, dot, final)
        case .constant, .dot, .null, .pipeline:
            if !arguments.isEmpty || final != nil {
                throw fail(first.range, "can't give argument to non-function \(tree?.source.text(first.range) ?? "")")
            }
            if case .null = first.kind { throw fail(first.range, "nil is not a command") }
            return try evaluate(first, dot)
        }
    }

    /// An operand used as an argument; it has no arguments itself.
    private mutating func evaluate(_ operand: Operand, _ dot: TemplateValue) throws(TemplateError) -> TemplateValue {
        try step(operand.range.lowerBound)
        switch operand.kind {
        case .dot: return dot
        case .null: return .null
        case .constant(let value): return value
        case .pipeline(let pipeline): return try evaluate(pipeline, dot)
        case .function(let name): return try call(name, operand.range, [], dot, nil)
        case .field(let names): return try fields(names, of: dot, operand.range, [], dot, nil)
        case .variable(let name, let names):
            return try fields(names, of: variable(name, operand.range), operand.range, [], dot, nil)
        case .chain(let inner, let names):
            return try fields(names, of: evaluate(inner, dot), operand.range, [], dot, nil)
        }
    }

    private func variable(_ name: String, _ range: Range<Int>) throws(TemplateError) -> TemplateValue {
        guard let found = variables.last(where: { $0.name == name }) else {
            throw fail(range, "undefined variable: \(name)")
        }
        return found.value
    }

    // MARK: - Fields and calls

    /// `value.a.b`; the arguments are passed to the last member.
    private mutating func fields(
        _ names: [String], of value: TemplateValue, _ range: Range<Int>, _ arguments: ArraySlice<Operand>,
        _ dot: TemplateValue, _ final: TemplateValue?
    ) throws(TemplateError) -> TemplateValue {
        guard let last = names.last else {
            if !arguments.isEmpty || final != nil {
                throw fail(range, "can't give argument to non-function \(tree?.source.text(range) ?? "")")
            }
            return value
        }
        var value = value
        for name in names.dropLast() { value = try field(name, of: value, range, nil) }
        guard !arguments.isEmpty || final != nil else { return try field(last, of: value, range, nil) }
        var values: [TemplateValue] = []
        for argument in arguments { values.append(try evaluate(argument, dot)) }
        if let final { values.append(final) }
        return try field(last, of: value, range, values)
    }

    /// One field, method or map entry of a value.
    /// - Parameter arguments: nil where none are given.
    private mutating func field(
        _ name: String, of value: TemplateValue, _ range: Range<Int>, _ arguments: [TemplateValue]?
    ) throws(TemplateError) -> TemplateValue {
        let member: TemplateObject.Member?
        switch value {
        case .object(let object): member = object.member(name)
        case .time(let time): member = time.member(name)
        case .duration(let nanoseconds): member = TemplateValue.durationMember(name, nanoseconds)
        default: member = nil
        }
        switch member {
        case .method(let body):
            do {
                return try checked(body(arguments ?? []), range)
            } catch let error as TemplateError {
                throw error
            } catch {
                throw fail(range, "error calling \(name): \(error)")
            }
        case .value(let found):
            if arguments != nil { throw fail(range, "\(name) has arguments but cannot be invoked as function") }
            return found
        case nil: break
        }
        switch value.unwrapped {
        case .map(let map):
            if arguments != nil { throw fail(range, "\(name) is not a method but has arguments") }
            if let found = map.values[name] { return found }
            switch templates.options.missingKey {
            case .noValue: return .null
            case .zero: return map.zero
            case .error: throw fail(range, "map has no entry for key \(name.quotedAsInGo)")
            }
        case .null: throw fail(range, "nil data; no entry for key \(name.quotedAsInGo)")
        default: throw fail(range, "can't evaluate field \(name) in type \(value.typeName)")
        }
    }

    private mutating func call(
        _ name: String, _ range: Range<Int>, _ arguments: ArraySlice<Operand>, _ dot: TemplateValue,
        _ final: TemplateValue?
    ) throws(TemplateError) -> TemplateValue {
        guard let function = templates.functions[name] ?? Builtins.table[name] else {
            throw fail(range, "\(name.quotedAsInGo) is not a defined function")
        }
        let count = arguments.count + (final == nil ? 0 : 1)
        guard function.arity.contains(count) else {
            let max = function.arity.upperBound
            let want =
                function.arity.lowerBound == max
                ? "\(max)"
                : max == .max ? "at least \(function.arity.lowerBound)" : "\(function.arity.lowerBound) to \(max)"
            throw fail(range, "wrong number of args for \(name): want \(want) got \(count)")
        }
        // `and` and `or` do not evaluate the arguments after the one that decides.
        if name == "and" || name == "or" {
            var value: TemplateValue = .null
            for argument in arguments {
                value = try evaluate(argument, dot)
                if value.isTrue == (name == "or") { return value }
            }
            return final ?? value
        }
        var values: [TemplateValue] = []
        values.reserveCapacity(count)
        for argument in arguments { values.append(try evaluate(argument, dot)) }
        if let final { values.append(final) }
        try descend(range.lowerBound)
        defer { depth -= 1 }
        do {
            return try checked(function.body(&self, values), range)
        } catch let error as TemplateError {
            throw error
        } catch {
            throw fail(range, "error calling \(name): \(error)")
        }
    }

    /// Counts a function's result against the budget.
    /// - Throws: `TemplateError` where the budget is exceeded or the value is too deep.
    private mutating func checked(_ value: TemplateValue, _ range: Range<Int>) throws(TemplateError) -> TemplateValue {
        switch value {
        case .string(let text), .html(let text): produced += text.utf8.count
        case .list(let list): produced += list.items.count * 16
        case .map(let map): produced += map.values.count * 32
        default: break
        }
        if budget < 0 { throw fail(range, "functions returned more than \(templates.options.outputLimit * 16) bytes") }
        if value.depth > Self.valueDepthLimit {
            throw fail(range, "lists or maps nested deeper than \(Self.valueDepthLimit) levels")
        }
        return value
    }
}
