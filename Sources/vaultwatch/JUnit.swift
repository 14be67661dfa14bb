import ArgumentParser
import Rules
#if canImport(Glibc)
import Glibc
#endif

/// Test results as build servers read them. Source: the JUnit XML schema of Apache Ant.
enum JUnit {
    static func write(_ results: [RuleTestRunner.FileResult], to path: String) throws {
        var out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
        for result in results {
            let failed = result.tests.count { !$0.failures.isEmpty } + (result.errors.isEmpty ? 0 : 1)
            out += "  <testsuite name=\"\(escaped(result.file))\" tests=\"\(result.tests.count + (result.errors.isEmpty ? 0 : 1))\" failures=\"\(failed)\" errors=\"0\">\n"
            if !result.errors.isEmpty { out += testCase("file", result.errors) }
            for test in result.tests { out += testCase(test.name, test.failures) }
            out += "  </testsuite>\n"
        }
        out += "</testsuites>\n"
        guard let file = fopen(path, "w") else {
            Terminal.error("\(path): \(String(cString: strerror(errno)))")
            throw ExitCode.failure
        }
        fputs(out, file)
        fclose(file)
    }

    private static func testCase(_ name: String, _ failures: [String]) -> String {
        let head = "    <testcase name=\"\(escaped(name))\""
        if failures.isEmpty { return head + "/>\n" }
        return head + ">" + failures.map { "<failure>\(escaped($0))</failure>" }.joined() + "</testcase>\n"
    }

    private static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case _ where scalar.value < 0x20 && scalar != "\n" && scalar != "\t": continue
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
