import Samples

/// The predefined functions of Go's templates. Source: pkg.go.dev/text/template, "Functions".
enum Builtins {
    static let table: TemplateFunctions = [
        // `TemplateRun` evaluates and/or itself, since they skip arguments; these entries supply names and arity.
        "and": TemplateFunction(1...Int.max) { $0.first { !$0.isTrue } ?? $0.last ?? .null },
        "or": TemplateFunction(1...Int.max) { $0.first { $0.isTrue } ?? $0.last ?? .null },
        "not": TemplateFunction(1) { .bool(!$0[0].isTrue) },
        "len": TemplateFunction(1) { .int(Int64(try length($0[0]))) },
        "index": TemplateFunction(1...Int.max) { try $0.dropFirst().reduce($0[0], element) },
        "slice": TemplateFunction(1...4, slice),
        "eq": TemplateFunction(2...Int.max) { values in
            .bool(try values.dropFirst().contains { try equal(values[0], $0) })
        },
        "ne": TemplateFunction(2) { .bool(try !equal($0[0], $0[1])) },
        "lt": TemplateFunction(2) { .bool(try less($0[0], $0[1])) },
        "le": TemplateFunction(2) { .bool(try less($0[0], $0[1]) || equal($0[0], $0[1])) },
        "gt": TemplateFunction(2) { .bool(try !less($0[0], $0[1]) && !equal($0[0], $0[1])) },
        "ge": TemplateFunction(2) { .bool(try !less($0[0], $0[1])) },
        "print": TemplateFunction(running: 0...Int.max) { run, values in
            .string(try GoPrinter.print(values, limit: run.budget))
        },
        "println": TemplateFunction(running: 0...Int.max) { run, values in
            .string(try GoPrinter.printLine(values, limit: run.budget))
        },
        "printf": TemplateFunction(running: 1...Int.max) { run, values in
            guard let format = values[0].text else {
                throw TemplateFailure("printf expects a format string, found \(values[0].typeName)")
            }
            return .string(try GoPrinter.printf(format, Array(values.dropFirst()), limit: run.budget))
        },
        "html": TemplateFunction(running: 1...Int.max) { run, values in
            let text = try Escapes.html(joined(values, run))
            return run.templates.options.escapesHTML ? .html(text) : .string(text)
        },
        "js": TemplateFunction(running: 1...Int.max) { run, values in
            .string(Escapes.javaScript(try joined(values, run)))
        },
        "urlquery": TemplateFunction(running: 1...Int.max) { run, values in
            .string(Escapes.query(try joined(values, run)))
        },
    ]

    private static func joined(_ values: [TemplateValue], _ run: TemplateRun) throws(TemplateFailure) -> String {
        if values.count == 1, let text = values[0].text { return text }
        return try GoPrinter.print(values, limit: run.budget)
    }

    private static func length(_ value: TemplateValue) throws(TemplateFailure) -> Int {
        switch value.unwrapped {
        case .string(let text), .html(let text): return text.utf8.count
        case .list(let list): return list.items.count
        case .map(let map): return map.values.count
        case .null: throw TemplateFailure("len of nil pointer")
        default: throw TemplateFailure("len of type \(value.typeName)")
        }
    }

    private static func position(_ value: TemplateValue, upTo limit: Int) throws(TemplateFailure) -> Int {
        guard case .int(let index) = value else {
            throw TemplateFailure(
                "cannot index slice/array with \(value.typeName == "<nil>" ? "nil" : "type " + value.typeName)")
        }
        guard index >= 0, index <= limit else { throw TemplateFailure("index out of range: \(index)") }
        return Int(index)
    }

    private static func element(_ value: TemplateValue, _ key: TemplateValue) throws(TemplateFailure) -> TemplateValue {
        switch value.unwrapped {
        case .list(let list): return list.items[try position(key, upTo: list.items.count - 1)]
        case .string(let text), .html(let text):
            let index = try position(key, upTo: text.utf8.count - 1)
            return .int(Int64(text.utf8[text.utf8.index(text.utf8.startIndex, offsetBy: index)]))
        case .map(let map):
            guard let name = key.text else { throw TemplateFailure("value has type \(key.typeName); should be string") }
            return map.values[name] ?? map.zero
        case .null: throw TemplateFailure("index of untyped nil")
        default: throw TemplateFailure("can't index item of type \(value.typeName)")
        }
    }

    private static func slice(_ values: [TemplateValue]) throws -> TemplateValue {
        let whole = values[0].unwrapped
        let count = try whole.text?.utf8.count ?? length(whole)
        if whole.text != nil, values.count > 3 { throw TemplateFailure("cannot 3-index slice a string") }
        var bounds = [0, count]
        for (index, value) in values.dropFirst().prefix(2).enumerated() {
            bounds[index] = try position(value, upTo: count)
        }
        if values.count == 4 { _ = try position(values[3], upTo: count) }
        guard bounds[0] <= bounds[1] else { throw TemplateFailure("invalid slice index: \(bounds[0]) > \(bounds[1])") }
        if let text = whole.text {
            return .string(String(decoding: Array(text.utf8)[bounds[0]..<bounds[1]], as: UTF8.self))
        }
        guard case .list(let list) = whole else {
            throw TemplateFailure("can't slice item of type \(values[0].typeName)")
        }
        return .list(TemplateList(Array(list.items[bounds[0]..<bounds[1]]), typeName: list.typeName))
    }

    // MARK: - Comparison

    private static func equal(_ a: TemplateValue, _ b: TemplateValue) throws(TemplateFailure) -> Bool {
        switch (a.unwrapped, b.unwrapped) {
        case (.bool(let x), .bool(let y)): return x == y
        case (.int(let x), .int(let y)), (.duration(let x), .duration(let y)), (.int(let x), .duration(let y)),
            (.duration(let x), .int(let y)):
            return x == y
        case (.float(let x), .float(let y)): return x == y
        case (.time(let x), .time(let y)): return x == y
        case (.null, .null): return true
        case (.list, _), (.map, _), (_, .list), (_, .map), (.object, _), (_, .object):
            if case .null = a.unwrapped { return false }
            if case .null = b.unwrapped { return false }
            throw TemplateFailure("non-comparable type \(a.typeName == "string" ? b.typeName : a.typeName)")
        case (.null, _), (_, .null): return false
        case (let x, let y):
            guard let x = x.text, let y = y.text else { throw TemplateFailure("incompatible types for comparison") }
            return x == y
        }
    }

    private static func less(_ a: TemplateValue, _ b: TemplateValue) throws(TemplateFailure) -> Bool {
        switch (a.unwrapped, b.unwrapped) {
        case (.int(let x), .int(let y)), (.duration(let x), .duration(let y)), (.int(let x), .duration(let y)),
            (.duration(let x), .int(let y)):
            return x < y
        case (.float(let x), .float(let y)): return x < y
        case (.bool, .bool), (.time, .time): throw TemplateFailure("invalid type for comparison")
        case (let x, let y):
            guard let x = x.text, let y = y.text else { throw TemplateFailure("incompatible types for comparison") }
            return x.utf8.lexicographicallyPrecedes(y.utf8)
        }
    }
}
