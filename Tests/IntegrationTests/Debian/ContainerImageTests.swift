import Foundation
import Lab
import Platform
import Testing

/// No container engine runs where the tests do: what can be held without one.
@Suite(.serialized) struct ContainerImageTests {
    private struct Instruction {
        let name: String
        let text: String
        /// The words of an instruction in its JSON form.
        var words: [String] {
            guard let start = text.firstIndex(of: "[") else { return [] }
            return (try? JSONDecoder().decode([String].self, from: Data(text[start...].utf8))) ?? []
        }
    }

    private func instructions() throws -> [Instruction] {
        let text = try String(contentsOfFile: Binary.root + "/packaging/Containerfile", encoding: .utf8)
        let lines = text.replacingOccurrences(of: "\\\n", with: " ").components(separatedBy: "\n")
        return lines.filter { !$0.hasPrefix("#") && !$0.isEmpty }.map { line in
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            return Instruction(name: parts[0], text: parts.count > 1 ? parts[1] : "")
        }
    }

    @Test func theImageIsOfThePackageAndNotRunByRoot() async throws {
        let all = try instructions()
        func only(_ name: String) throws -> Instruction {
            let found = all.filter { $0.name == name }
            #expect(found.count == 1, "\(name)")
            return try #require(found.first)
        }
        let known: Set = [
            "FROM", "RUN", "COPY", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT", "CMD",
        ]
        #expect(all.allSatisfy { known.contains($0.name) })
        #expect(try only("FROM").text == "docker.io/library/debian:12-slim")
        // Not root, by number: Kubernetes' runAsNonRoot can't look up a name.
        let user = try only("USER").text.split(separator: ":").compactMap { Int($0) }
        #expect(user.count == 2 && user.allSatisfy { $0 > 0 })
        #expect(all.lastIndex { $0.name == "RUN" } ?? 0 < all.firstIndex { $0.name == "USER" } ?? 0)
        #expect(try only("COPY").text.hasPrefix("vaultwatch_*.deb "))

        // The program is where the package puts it, and takes these arguments.
        let files = try await BuiltPackage.shared().unpacked()
        let entry = try #require(try only("ENTRYPOINT").words.first)
        #expect(FileManager.default.isExecutableFile(atPath: files.path + entry))
        let command = try only("CMD").words
        let health = try only("HEALTHCHECK").words
        #expect(command.first == "run" && health.first == entry && health.dropFirst().first == "query")
        for words in [command, Array(health.dropFirst())] {
            // The parser reads all arguments before it prints its help.
            let (exit, output, error) = try await Binary.run(words + ["--help"])
            #expect(exit == .exited(0) && output.contains("USAGE: vaultwatch \(words[0])"), "\(words): \(error)")
            for flag in words where flag.hasPrefix("--") {
                #expect(output.contains(flag.prefix { $0 != "=" }), "\(flag)")
            }
        }
        let port = try only("EXPOSE").text
        #expect(command.contains("--web.listen-address=:\(port)"))
        #expect(command.contains("--storage.path=\(try only("VOLUME").text)"))
        for line in all where line.name == "RUN" {
            let child = try await ChildProcess.start("sh", ["-n", "-c", line.text])
            #expect(await child.wait() == .exited(0), "\(line.text)")
        }
    }

    /// Parsed by PyYAML; ports, paths, numbers and flags agree with the image and with what the agent serves.
    @Test func theManifestAgreesWithTheImage() async throws {
        let python = ProcessInfo.processInfo.environment["VAULTWATCH_TEST_PYTHON"] ?? "python3"
        let json = try await ChildProcess.run(
            python,
            [
                "-c", "import json,sys,yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))",
                Binary.root + "/packaging/examples/kubernetes.yaml",
            ])
        let documents = try #require(JSONSerialization.jsonObject(with: Data(json)) as? [[String: Any]])
        #expect(documents.compactMap { $0["kind"] as? String } == ["PersistentVolumeClaim", "Deployment", "Service"])
        func at(_ value: Any?, _ path: String...) -> Any? {
            path.reduce(value) { value, key in
                Int(key).map { index in (value as? [Any]).flatMap { $0.indices.contains(index) ? $0[index] : nil } }
                    ?? (value as? [String: Any])?[key]
            }
        }
        let spec = at(documents[1], "spec", "template", "spec")
        let container = at(spec, "containers", "0")
        let image = try instructions()
        let command = image.first { $0.name == "CMD" }?.words
        #expect(at(container, "args") as? [String] == command)
        #expect("\(at(container, "ports", "0", "containerPort") ?? "")" == image.first { $0.name == "EXPOSE" }?.text)
        let user = at(spec, "securityContext", "runAsUser") as? Int
        #expect(user.map { "\($0):\($0)" } == image.first { $0.name == "USER" }?.text)
        #expect(at(spec, "securityContext", "runAsNonRoot") as? Bool == true)
        #expect(at(spec, "automountServiceAccountToken") as? Bool == false)
        #expect(at(container, "securityContext", "readOnlyRootFilesystem") as? Bool == true)
        #expect(at(container, "securityContext", "allowPrivilegeEscalation") as? Bool == false)
        #expect(at(container, "securityContext", "capabilities", "drop") as? [String] == ["ALL"])
        #expect(at(documents[1], "spec", "strategy", "type") as? String == "Recreate")
        let agent = try await RunningAgent.start(alerting: "route: {receiver: r}\nreceivers: [{name: r}]")
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
            let path = try #require(at(container, probe, "httpGet", "path") as? String)
            try await ChildProcess.run("curl", ["-sf", agent.url + path])
        }
        await agent.stop()
    }
}
