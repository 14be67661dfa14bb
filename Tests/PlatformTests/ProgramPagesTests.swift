import Testing

@testable import Platform

struct ProgramPagesTests {
    @Test(
        arguments: [
            (
                "55d0c0a00000-55d0c0b00000 r-xp 00012000 fe:00 1234   /usr/bin/vaultwatch",
                0x55d0_c0a0_0000..<0x55d0_c0b0_0000
            ),
            ("7f00-7f10 r-xp 00000000 fe:00 99 /a b/lib.so (deleted)", 0x7f00..<0x7f10),
            // What may have been written to, and what is no file.
            ("7f00-7f10 r--p 00000000 fe:00 99 /lib.so", nil), ("7f00-7f10 rwxp 00000000 fe:00 99 /lib.so", nil),
            ("7f00-7f10 r-xp 00000000 00:00 0 [vdso]", nil), ("7f00-7f10 r-xp 00000000 00:00 0", nil),
            ("7f10-7f00 r-xp 00000000 fe:00 99 /lib.so", nil), ("zz-7f r-xp 0 fe:00 99 /lib.so", nil), ("", nil),
        ] as [(String, Range<UInt>?)])
    func tellsTheProgramsCode(line: String, range: Range<UInt>?) {
        #expect(ProgramPages.executableFile(line) == range)
    }

    /// The test's own code comes back.
    @Test func codeThatIsUsedComesBack() {
        ProgramPages.release()
        #expect((1...100).reduce(0, +) == 5050)
    }
}
