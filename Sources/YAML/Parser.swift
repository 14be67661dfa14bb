import CYAML

extension Node {
    /// The maximum nesting of a document.
    private static let depthLimit = 64
    /// The maximum number of values of a document, aliases expanded: with aliases a small file can be very large.
    private static let nodeLimit = 200_000

    /// Parses one YAML document. Aliases and merge keys are resolved; an empty document is an empty mapping.
    /// - Parameters:
    ///   - bytes: UTF-8 text.
    ///   - file: the file's name, for errors.
    /// - Throws: `YAMLError` at the first syntax error, duplicate key or key that is not a scalar, at a second document
    ///   and where the document is too deep or too large.
    package static func parse(_ bytes: [UInt8], file: String) throws(YAMLError) -> Node {
        var builder = Builder(file: file)
        do {
            return try builder.document(bytes)
        } catch let error as YAMLError {
            throw error
        } catch {
            throw YAMLError(SourcePosition(file: file, line: 1, column: 1), "\(error)")
        }
    }

    /// Parses one YAML document, as `parse(_:file:)` does for bytes.
    package static func parse(_ text: String, file: String) throws(YAMLError) -> Node {
        try parse(Array(text.utf8), file: file)
    }

    private struct Builder {
        let file: String
        var anchors: [String: Node] = [:]
        var nodes = 0

        mutating func document(_ bytes: [UInt8]) throws -> Node {
            var parser = yaml_parser_t()
            guard yaml_parser_initialize(&parser) == 1 else { throw YAMLError(position(1, 1), "out of memory") }
            defer { yaml_parser_delete(&parser) }
            return try bytes.withUnsafeBufferPointer { input in
                yaml_parser_set_input_string(&parser, input.baseAddress, input.count)
                var root: Node?
                while true {
                    var event = try next(&parser)
                    defer { yaml_event_delete(&event) }
                    switch event.type {
                    case YAML_STREAM_START_EVENT, YAML_DOCUMENT_END_EVENT: continue
                    case YAML_DOCUMENT_START_EVENT:
                        if root != nil {
                            throw YAMLError(
                                position(event), "unexpected second document; expected one document per file")
                        }
                        var first = try next(&parser)
                        defer { yaml_event_delete(&first) }
                        root = try node(&parser, first, depth: 0)
                    default: return root ?? Node(.mapping([]), at: position(1, 1))
                    }
                }
            }
        }

        mutating func node(_ parser: inout yaml_parser_t, _ event: yaml_event_t, depth: Int) throws -> Node {
            let here = position(event)
            nodes += 1
            guard depth < depthLimit else { throw YAMLError(here, "nested deeper than \(depthLimit) levels") }
            guard nodes < nodeLimit else { throw YAMLError(here, "more than \(nodeLimit) values") }
            switch event.type {
            case YAML_ALIAS_EVENT:
                let name = text(event.data.alias.anchor)
                guard let node = anchors[name] else { throw YAMLError(here, "unknown alias \"*\(name)\"") }
                nodes += size(node)
                return node
            case YAML_SCALAR_EVENT:
                let scalar = event.data.scalar
                let value = String(
                    decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
                return anchored(
                    Node(.scalar(value, plain: scalar.style == YAML_PLAIN_SCALAR_STYLE), at: here), scalar.anchor)
            case YAML_SEQUENCE_START_EVENT:
                var items: [Node] = []
                while true {
                    var child = try next(&parser)
                    defer { yaml_event_delete(&child) }
                    if child.type == YAML_SEQUENCE_END_EVENT { break }
                    items.append(try node(&parser, child, depth: depth + 1))
                }
                return anchored(Node(.sequence(items), at: here), event.data.sequence_start.anchor)
            case YAML_MAPPING_START_EVENT:
                var pairs: [(key: Key, value: Node)] = []
                var merged: [(key: Key, value: Node)] = []
                var seen: Set<String> = []
                while true {
                    var keyEvent = try next(&parser)
                    defer { yaml_event_delete(&keyEvent) }
                    if keyEvent.type == YAML_MAPPING_END_EVENT { break }
                    let keyNode = try node(&parser, keyEvent, depth: depth + 1)
                    guard let key = keyNode.scalar else {
                        throw YAMLError(keyNode.position, "expected a scalar as a key, found \(keyNode.kind)")
                    }
                    var valueEvent = try next(&parser)
                    defer { yaml_event_delete(&valueEvent) }
                    let value = try node(&parser, valueEvent, depth: depth + 1)
                    if key == "<<" {
                        merged += value.mapping ?? value.sequence?.flatMap { $0.mapping ?? [] } ?? []
                        continue
                    }
                    guard seen.insert(key).inserted else {
                        throw YAMLError(keyNode.position, "duplicate key \"\(key)\"")
                    }
                    pairs.append((Key(text: key, position: keyNode.position), value))
                }
                for pair in merged where seen.insert(pair.key.text).inserted { pairs.append(pair) }
                return anchored(Node(.mapping(pairs), at: here), event.data.mapping_start.anchor)
            default: throw YAMLError(here, "unexpected end")
            }
        }

        /// Remembers a value under its anchor, if it has one.
        private mutating func anchored(_ node: Node, _ anchor: UnsafeMutablePointer<yaml_char_t>?) -> Node {
            if let anchor { anchors[text(anchor)] = node }
            return node
        }

        private func size(_ node: Node) -> Int {
            switch node.content {
            case .scalar: 1
            case .sequence(let items): items.reduce(1) { $0 + size($1) }
            case .mapping(let pairs): pairs.reduce(1) { $0 + size($1.value) }
            }
        }

        private func next(_ parser: inout yaml_parser_t) throws -> yaml_event_t {
            var event = yaml_event_t()
            guard yaml_parser_parse(&parser, &event) == 1 else {
                let problem = parser.problem.map { String(cString: $0) } ?? "not YAML"
                let context = parser.context.map { " " + String(cString: $0) } ?? ""
                let mark = parser.problem_mark
                throw YAMLError(position(mark.line + 1, mark.column + 1), problem + context)
            }
            return event
        }

        private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String {
            pointer.map { String(cString: $0) } ?? ""
        }

        private func position(_ event: yaml_event_t) -> SourcePosition {
            position(event.start_mark.line + 1, event.start_mark.column + 1)
        }
        private func position(_ line: Int, _ column: Int) -> SourcePosition {
            SourcePosition(file: file, line: line, column: column)
        }
    }
}
