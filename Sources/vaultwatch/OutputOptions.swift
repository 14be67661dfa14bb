import ArgumentParser
import FoundationEssentials

/// The output options of the commands that correspond to amtool's.
struct OutputOptions: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case simple, extended, json
    }

    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: "Output format, as amtool's. Default: on a terminal in the order of the pages, elsewhere simple.")
    var format: Format?
}

/// The output options of the other commands that print data.
struct DataOptions: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    @Option(name: [.customShort("o"), .customLong("output")], help: "Output format.")
    var format: Format = .text

    var isJSON: Bool { format == .json }
}

/// JSON on standard output.
enum JSONOutput {
    /// Prints a value, its names sorted, so that two outputs can be compared.
    static func print(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        Swift.print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// Prints an answer of the agent as it is.
    static func print(_ bytes: [UInt8]) { Swift.print(String(decoding: bytes, as: UTF8.self)) }
}
