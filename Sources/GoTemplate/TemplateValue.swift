package import Samples

/// A value in a template. It corresponds to Go's `reflect.Value`, reduced to the kinds that occur in the templates of
/// Prometheus and Alertmanager.
package indirect enum TemplateValue: Sendable {
    /// Go's nil interface; prints as `<no value>`.
    case null
    case bool(Bool)
    case int(Int64)
    case float(Double)
    case string(String)
    /// Go's `template.HTML`: text that must not be escaped as HTML; otherwise it behaves as a string.
    case html(String)
    case list(TemplateList)
    case map(TemplateMap)
    /// A Go struct, or a map or slice with methods.
    case object(TemplateObject)
    case time(TemplateTime)
    /// Go's `time.Duration`, in nanoseconds.
    case duration(nanoseconds: Int64)
}

/// A slice. Its depth is computed at creation, so that a template can't build a value too deep to print or to free.
package struct TemplateList: Sendable {
    /// The elements.
    package let items: [TemplateValue]
    /// The levels of nesting: 1 for a list of scalars.
    let depth: Int
    /// Go's name of the type, for `%T` and errors.
    let typeName: String

    /// A slice from its elements.
    package init(_ items: [TemplateValue], typeName: String = "[]interface {}") {
        self.items = items
        self.typeName = typeName
        depth = 1 + (items.lazy.map(\.depth).max() ?? 0)
    }
}

/// A map with string keys. As in Go, `range` and printing go by sorted keys.
package struct TemplateMap: Sendable {
    /// The values by key.
    package let values: [String: TemplateValue]
    /// The zero value of the map's element type, which missing keys evaluate to.
    package let zero: TemplateValue
    let depth: Int

    /// A map from its values.
    package init(_ values: [String: TemplateValue], zero: TemplateValue = .null) {
        self.values = values
        self.zero = zero
        depth = 1 + (values.values.lazy.map(\.depth).max() ?? 0)
    }

    /// The keys in the order of their bytes, as Go sorts strings.
    package var sortedKeys: [String] { values.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
}

/// A value with fields and methods: a struct, or a map or slice of a named type.
package struct TemplateObject: Sendable {
    /// A field or a method.
    package enum Member: Sendable {
        /// A field, or a method without parameters.
        case value(TemplateValue)
        /// A method that takes arguments.
        case method(@Sendable (_ arguments: [TemplateValue]) throws -> TemplateValue)
    }

    /// Go's name of the type, for `%T` and errors; it starts with `*` for a pointer to a struct.
    package let typeName: String
    /// The map, list or string that `range`, `index`, `len`, `if` and printing use; nil for a struct.
    package let underlying: TemplateValue?
    /// The fields of a struct in order, for printing.
    package let fields: [(name: String, value: TemplateValue)]
    /// Looks a field or method up by its name; nil where there is none.
    package let member: @Sendable (_ name: String) -> Member?

    /// An object from its parts.
    package init(
        typeName: String, underlying: TemplateValue? = nil, fields: [(name: String, value: TemplateValue)] = [],
        member: @escaping @Sendable (_ name: String) -> Member?
    ) {
        self.typeName = typeName
        self.underlying = underlying
        self.fields = fields
        self.member = member
    }

    /// A struct without methods whose fields have no order; it prints as `{}`.
    package init(typeName: String, fields: [String: TemplateValue]) {
        self.init(typeName: typeName, member: { name in fields[name].map(Member.value) })
    }

    /// A struct without methods; it prints as in Go, `{a b}`.
    package init(typeName: String, ordered fields: [(name: String, value: TemplateValue)]) {
        let byName = Dictionary(fields.map { ($0.name, $0.value) }) { first, _ in first }
        self.init(typeName: typeName, fields: fields, member: { name in byName[name].map(Member.value) })
    }
}

extension TemplateValue {
    /// A list of Go's type `[]interface {}`.
    package static func list(_ items: [TemplateValue]) -> TemplateValue { .list(TemplateList(items)) }

    /// A list of Go's type `[]string`.
    package static func strings(_ items: [String]) -> TemplateValue {
        .list(TemplateList(items.map(TemplateValue.string), typeName: "[]string"))
    }

    /// A map of Go's type `map[string]string`, whose missing keys evaluate to the empty string.
    package static func strings(_ values: [String: String]) -> TemplateValue {
        .map(TemplateMap(values.mapValues(TemplateValue.string), zero: .string("")))
    }

    /// The labels of a series or an alert, as `map[string]string`.
    package static func labels(_ labels: Labels) -> TemplateValue { .strings(labels.dictionary) }

    /// The levels of nested lists and maps: 0 for a scalar, 1 for an object, whose values no template has built.
    var depth: Int {
        switch self {
        case .list(let list): list.depth
        case .map(let map): map.depth
        case .object: 1
        default: 0
        }
    }

    /// An object's underlying map, list or string; any other value itself.
    var unwrapped: TemplateValue {
        if case .object(let object) = self, let underlying = object.underlying { underlying } else { self }
    }

    /// The text of a string or of HTML; nil for any other value.
    package var text: String? {
        switch unwrapped {
        case .string(let text), .html(let text): text
        default: nil
        }
    }

    /// The truth of a value in `if`: false, zero, nil and empty values are false.
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
