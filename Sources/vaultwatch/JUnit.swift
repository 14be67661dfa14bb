import Text
import ArgumentParser
import Rules
import Samples
#if canImport(Glibc)
    import Glibc
#endif

/// Test results in JUnit's XML format, with the same elements as promtool's.
/// Source: prometheus/prometheus, util/junitxml.
enum JUnit {
    /// - Parameter now: the time of the run.
    static func write(_ results: [RuleTestRunner.FileResult], to path: String, now: Timestamp) throws {
        guard let file = fopen(path, "w") else {
            Terminal.error("\(path): \(String(cString: strerror(errno)))")
            throw ExitCode.failure
        }
        fputs(text(results, now: now), file)
        // Buffered data is written here: a full disk is only noticed now.
        guard fclose(file) == 0 else {
            Terminal.error("\(path): \(String(cString: strerror(errno)))")
            throw ExitCode.failure
        }
    }

    static func text(_ results: [RuleTestRunner.FileResult], now: Timestamp) -> String {
        var out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
        for result in results {
            let cases = result.tests.count + (result.errors.isEmpty ? 0 : 1)
            let failures = result.tests.reduce(0) { $0 + $1.failures.count }
            out +=
                "  <testsuite name=\"\(escaped(result.file))\" tests=\"\(cases)\" failures=\"\(failures)\" errors=\"\(result.errors.isEmpty ? 0 : 1)\" timestamp=\"\(now.rfc3339)\">\n"
            if !result.errors.isEmpty {
                out +=
                    "    <testcase name=\"unknown\"><error>\(escaped(result.errors.joined(separator: "\n")))</error></testcase>\n"
            }
            for test in result.tests {
                let head = "    <testcase name=\"\(escaped(test.name))\""
                out +=
                    test.failures.isEmpty
                    ? head + "/>\n"
                    : head + ">" + test.failures.map { "<failure>\(escaped($0))</failure>" }.joined() + "</testcase>\n"
            }
            out += "  </testsuite>\n"
        }
        return out + "</testsuites>\n"
    }

    private static func escaped(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where !Markup.append(scalar, quotes: .escaped, to: &out) {
            switch scalar {
            case "\n": out.append(contentsOf: "&#xA;".unicodeScalars)
            case "\t": out.append(contentsOf: "&#x9;".unicodeScalars)
            // XML 1.0 cannot represent these.
            case _ where scalar.value < 0x20 || scalar.value == 0xfffe || scalar.value == 0xffff: continue
            default: out.append(scalar)
            }
        }
        return String(out)
    }
}
