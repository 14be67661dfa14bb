import Foundation
import Lab
import Platform
import Testing

@testable import vaultwatch

/// What is in the package.
@Suite(.serialized) struct PackageTests {
    @Test func theSameProgramGivesTheSameBytes() async throws {
        let folder = try TemporaryDirectory()
        let packages = try await [BuiltPackage.shared(), BuiltPackage(in: folder.path)]
        let bytes = try packages.map { try Data(contentsOf: URL(filePath: $0.path)) }
        // Outside of the macro, which would compute the difference of two files of 40 MB, for hours.
        let areEqual = bytes[0] == bytes[1]
        #expect(areEqual, "\(bytes[0].count) and \(bytes[1].count) bytes")
        #expect(packages[0].path.hasSuffix("/vaultwatch_\(Vaultwatch.version)_amd64.deb"))
    }

    /// The named tags are those of a debug program: the Swift runtime is outside, and nothing is compressed.
    @Test func lintianHasNothingToSay() async throws {
        let package = try await BuiltPackage.shared()
        let debug =
            "custom-library-search-path,uses-no-compression-for-control-tarball,uses-no-compression-for-data-tarball"
        let child = try await ChildProcess.start(
            "lintian", ["--allow-root", "--fail-on=error,warning", "--suppress-tags=\(debug)", package.path])
        let exit = await child.wait()
        let said = String(decoding: child.standardOutput(limit: 1 << 16), as: UTF8.self)
        #expect(exit == .exited(0), "\(said)")
        #expect(!said.contains("W: ") && !said.contains("E: "), "\(said)")
    }

    /// A page for each command, from the argument parser, which man(1) formats without a complaint.
    @Test func everyCommandHasAManualPage() async throws {
        let files = try await BuiltPackage.shared().unpacked()
        let pages = try FileManager.default.contentsOfDirectory(atPath: files.path + "/usr/share/man/man1")
        let help = try JSONDecoder().decode(
            Help.self, from: Data(try await Binary.run(["--experimental-dump-help"]).output.utf8))
        #expect(Set(pages) == Set(help.command.names(above: "").map { $0 + ".1.gz" }))
        for page in pages {
            let child = try await ChildProcess.start(
                "man", ["--warnings", "--local-file", files.path + "/usr/share/man/man1/" + page],
                options: .init(environment: ["MANWIDTH": "80", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"]))
            #expect(await child.wait() == .exited(0))
            let complaints = String(decoding: child.standardError(limit: 4096), as: UTF8.self)
            #expect(complaints.isEmpty, "\(page): \(complaints)")
            let text = String(decoding: child.standardOutput(limit: 1 << 16), as: UTF8.self)
            #expect(text.contains("SYNOPSIS") && text.contains("EXIT STATUS"), "\(page): \(text)")
        }
        let run = try await ChildProcess.run("man", ["-l", files.path + "/usr/share/man/man1/vaultwatch-run.1.gz"])
        #expect(String(decoding: run, as: UTF8.self).contains("--storage.path=PATH"))
    }

    /// What the argument parser says of itself.
    private struct Help: Decodable {
        struct Command: Decodable {
            var commandName: String
            var subcommands: [Command]?

            func names(above: String) -> [String] {
                commandName == "help"
                    ? []
                    : [above + commandName] + (subcommands ?? []).flatMap { $0.names(above: above + commandName + "-") }
            }
        }
        var command: Command
    }

    /// The shells read their completions and propose commands.
    @Test(arguments: ["bash", "zsh", "fish"]) func shellsCompleteCommands(shell: String) async throws {
        let files = try await BuiltPackage.shared().unpacked()
        let folder = files.path + "/usr/share"
        let script =
            switch shell {
            case "bash":
                """
                source \(folder)/bash-completion/completions/vaultwatch
                COMP_WORDS=(vaultwatch si) COMP_CWORD=1 COMP_LINE='vaultwatch si' COMP_POINT=13
                $(complete -p vaultwatch | sed 's/.*-F \\([^ ]*\\).*/\\1/') vaultwatch si vaultwatch
                echo "${COMPREPLY[@]}"
                """
            case "zsh":
                // Only the line editor completes, which needs a terminal; zshmodules(1), zsh/zpty.
                """
                zmodload zsh/zpty
                zpty -b inner zsh -f -i
                zpty -w inner "fpath=(\(folder)/zsh/vendor-completions \\$fpath); autoload -Uz compinit; compinit -u -D; print begun"
                zpty -r inner said '*begun*begun*'
                zpty -w -n inner $'vaultwatch si\\t'
                zpty -r inner said '*silence*'
                print -r -- "$said"
                """
            default:
                """
                source \(folder)/fish/vendor_completions.d/vaultwatch.fish
                complete --do-complete 'vaultwatch si'
                """
            }
        let home = try TemporaryDirectory()
        let path = URL(filePath: Binary.path).deletingLastPathComponent().path
        let child = try await ChildProcess.start(
            "timeout", ["60", shell, "-c", script],
            options: .init(environment: ["PATH": "\(path):/usr/bin:/bin", "HOME": home.path, "TERM": "dumb"]))
        let exit = await child.wait()
        let said = String(decoding: child.standardOutput(limit: 4096), as: UTF8.self)
        #expect(
            exit == .exited(0) && said.contains("silence"),
            "\(exit): \(said) \(String(decoding: child.standardError(limit: 4096), as: UTF8.self))")
        home.remove()
        files.remove()
    }

    /// The libraries that packaging/README.md names are those that the program asks for.
    @Test func theLibrariesAreNamed() async throws {
        let readme = try String(contentsOfFile: Binary.root + "/packaging/README.md", encoding: .utf8)
        let start = try #require(readme.range(of: "beside glibc: ")).upperBound
        let named = readme[start...].prefix { $0 != "." }.split { ", \n".contains($0) }.map(String.init)
        let headers = try await ChildProcess.run("objdump", ["--private-headers", Binary.path])
        // libyaml-0.so.2 is libyaml.
        let libraries = String(decoding: headers, as: UTF8.self).split(separator: "\n").filter {
            $0.contains(" NEEDED ")
        }.compactMap { $0.split(separator: " ").last?.prefix { $0 != "." && $0 != "-" } }.map(String.init)
        // glibc, and the Swift runtime, which only a debug program has as shared libraries.
        let others = ["libc", "libm", "ld", "libdispatch", "libBlocksRuntime", "libFoundationEssentials"]
        let expected = libraries.filter { !others.contains($0) && !$0.hasPrefix("libswift") }.map {
            $0 == "libz" ? "zlib" : $0
        }
        #expect(expected.sorted() == named.filter { $0 != "and" }.sorted())
    }
}
