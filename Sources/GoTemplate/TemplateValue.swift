import Samples

/// A value inside a template: what Go's `reflect.Value` is to `text/template`, reduced to the kinds
/// that Prometheus' and Alertmanager's templates see.
package indirect enum TemplateValue: Sendable {
    /// Go's nil interface; prints as `<no value>`.
    case null
    case bool(Bool)
    case int(Int64)
    case float(Double)
    case string(String)
    /// Text that HTML mode must not escape; elsewhere like a string. Go's `template.HTML`.
    case html(String)
    case list(TemplateList)
    case map(TemplateMap)
    /// A Go struct, or a map or slice with methods.
    case object(TemplateObject)
    case time(TemplateTime)
    /// Go's `time.Duration`, in nanoseconds.
    case duration(nanoseconds: Int64)
}

/// A slice. Its nesting is counted once, at creation, so that no template can build a value
/// too deep to print or free.
package struct TemplateList: Sendable {
    package let items: [TemplateValue]
    /// 1 for a list of scalars.
    let depth: Int
    /// Go's name of the type, for `%T` and messages.
    let typeName: String

    package init(_ items: [TemplateValue], typeName: String = "[]interface {}") {
        self.items = items
        self.typeName = typeName
        depth = 1 + (items.lazy.map(\.depth).max() ?? 0)
    }
}

/// A map with string keys; ranges and prints in the order of its keys.
package struct TemplateMap: Sendable {
    package let values: [String: TemplateValue]
    /// What a missing key gives: the zero value of the map's element type.
    package let zero: TemplateValue
    let depth: Int

    package init(_ values: [String: TemplateValue], zero: TemplateValue = .null) {
        self.values = values
        self.zero = zero
        depth = 1 + (values.values.lazy.map(\.depth).max() ?? 0)
    }

    package var sortedKeys: [String] { values.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
}

/// A value with named fields and methods.
package struct TemplateObject: Sendable {
    package enum Member: Sendable {
        case value(TemplateValue)
        case method(@Sendable (_ arguments: [TemplateValue]) throws -> TemplateValue)
    }

    /// Go's name of the type, for `%T` and messages.
    package let typeName: String
    /// What the object is to `range`, `index`, `len`, `if` and printing: a map, a list, a string; nil for a plain
    /// struct.
    package let underlying: TemplateValue?
    /// The fields of a plain struct, in their order, for printing.
    package let fields: [(name: String, value: TemplateValue)]
    /// The member of a name, made when asked for; nil where there is none.
    package let member: @Sendable (_ name: String) -> Member?

    package init(
        typeName: String, underlying: TemplateValue? = nil, fields: [(name: String, value: TemplateValue)] = [],
        member: @escaping @Sendable (_ name: String) -> Member?
    ) {
        self.typeName = typeName
        self.underlying = underlying
        self.fields = fields
        self.member = member
    }

    /// A struct of plain fields.
    package init(typeName: String, fields: [String: TemplateValue]) {
        self.init(typeName: typeName, member: { name in fields[name].map(Member.value) })
    }

    /// A struct of plain fields in their order; it prints as Go prints one: `{a b}`.
    package init(typeName: String, ordered fields: [(name: String, value: TemplateValue)]) {
        let byName = Dictionary(fields.map { ($0.name, $0.value) }) { first, _ in first }
        self.init(typeName: typeName, fields: fields, member: { name in byName[name].map(Member.value) })
    }
}

extension TemplateValue {
    package static func list(_ items: [TemplateValue]) -> TemplateValue { .list(TemplateList(items)) }

    /// `[]string`.
    package static func strings(_ items: [String]) -> TemplateValue {
        .list(TemplateList(items.map(TemplateValue.string), typeName: "[]string"))
    }

    /// `map[string]string`: a missing key reads as the empty string.
    package static func strings(_ values: [String: String]) -> TemplateValue {
        .map(TemplateMap(values.mapValues(TemplateValue.string), zero: .string("")))
    }

    /// A series' or an alert's labels.
    package static func labels(_ labels: Labels) -> TemplateValue { .strings(labels.dictionary) }

    /// Levels of lists and maps in it; 0 for a scalar. Objects bring their own values and count as one.
    var depth: Int {
        switch self {
        case .list(let list): list.depth
        case .map(let map): map.depth
        case .object: 1
        default: 0
        }
    }

    /// An object as the map, list or string that it is; anything else itself.
    var unwrapped: TemplateValue {
        if case .object(let object) = self, let underlying = object.underlying { underlying } else { self }
    }

    /// Text, be it marked as HTML or not; nil for anything else.
    package var text: String? {
        switch unwrapped {
        case .string(let text), .html(let text): text
        default: nil
        }
    }

    /// Go's truth: false are false, zero, nil and what is empty.
    package var isTrue: Bool {
        switch unwrapped {
        case .null: false
        case .bool(let value): value
        case .int(let value): value != 0
        case .float(let value): value != 0
        case .string(let value), .html(let value): !value.isEmpty
        case .list(let list): !list.items.isEmpty
        case .map(let map): !map.values.isEmpty
        case .duration(let value): value != 0
        case .object, .time: true
        }
    }

    /// Go's name of the type, as `%T` prints it.
    package var typeName: String {
        switch self {
        case .null: "<nil>"
        case .bool: "bool"
        case .int: "int"
        case .float: "float64"
        case .string: "string"
        case .html: "template.HTML"
        case .list(let list): list.typeName
        case .map(let map): if case .string = map.zero { "map[string]string" } else { "map[string]interface {}" }
        case .object(let object): object.typeName
        case .time: "time.Time"
        case .duration: "time.Duration"
        }
    }
}
