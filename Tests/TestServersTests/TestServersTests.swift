import Lab
import Platform
import TestServers
import Testing

/// The servers that other tests depend on, tested with independent clients.
struct TestServersTests {
    @Test func motoKeepsObjects() async throws {
        let moto = try await Moto.start()
        let python = try #require(TestPython.find())
        let output = try await ChildProcess.run(
            python,
            [
                "-c",
                """
                import boto3
                s3 = boto3.client("s3", endpoint_url="\(moto.endpoint)", aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1")
                s3.create_bucket(Bucket="bucket"); s3.put_object(Bucket="bucket", Key="k", Body=b"body")
                print(s3.get_object(Bucket="bucket", Key="k")["Body"].read().decode())
                """,
            ])
        #expect(String(decoding: output, as: UTF8.self) == "body\n")
        await moto.stop()
        #expect(!accepts(port: moto.port))
    }

    @Test func sinkWantsTLSAndTheRightPassword() async throws {
        let authority = try await CertificateAuthority()
        let sink = try await SMTPSink.start(
            SMTPSink.Options(
                security: .startTLS, certificate: try await authority.issue("mail"),
                login: ("me", Secret(value: "right"))))
        let python = try #require(TestPython.find())
        func send(_ password: String) async throws {
            try await ChildProcess.run(
                python,
                [
                    "-c",
                    """
                    import smtplib, ssl
                    s = smtplib.SMTP("127.0.0.1", \(sink.port))
                    s.starttls(context=ssl.create_default_context(cafile="\(authority.certificateFile)"))
                    s.login("me", "\(password)")
                    s.sendmail("a@example.com", ["b@example.com", "c@example.com"], "Subject: x\\r\\n\\r\\n.dot\\r\\n")
                    """,
                ])
        }
        try await send("right")
        await #expect(throws: ChildProcessError.self) { try await send("wrong") }
        let mails = sink.mails()
        #expect(mails.count == 1)
        #expect(mails.first?.sender == "a@example.com")
        #expect(mails.first?.recipients == ["b@example.com", "c@example.com"])
        #expect(mails.first?.text == "Subject: x\r\n\r\n.dot\r\n")
        await sink.stop()
    }

    @Test func sinkRefusesAsTold() async throws {
        let sink = try await SMTPSink.start(SMTPSink.Options(dataReply: "451 later"))
        let python = try #require(TestPython.find())
        await #expect(throws: ChildProcessError.self) {
            try await ChildProcess.run(
                python,
                [
                    "-c",
                    """
                    import smtplib
                    smtplib.SMTP("127.0.0.1", \(sink.port)).sendmail("a@example.com", ["b@example.com"], "x")
                    """,
                ])
        }
        #expect(sink.mails().isEmpty)
        await sink.stop()
    }
}

struct CertificateAuthorityTests {
    @Test func certificatesAreGoodExpiredOrForAnotherHost() async throws {
        let authority = try await CertificateAuthority()
        let good = try await authority.issue("good")
        let expired = try await authority.issue("expired", validity: .expired)
        let other = try await authority.issue("other", hosts: ["DNS:elsewhere.example"])
        func verify(_ certificate: CertificateAuthority.Certificate) async throws {
            try await ChildProcess.run(
                "openssl",
                [
                    "verify", "-CAfile", authority.certificateFile, "-verify_ip", "127.0.0.1",
                    certificate.certificateFile,
                ])
        }
        try await verify(good)
        await #expect { try await verify(expired) } throws: { "\($0)".contains("certificate has expired") }
        await #expect { try await verify(other) } throws: { "\($0)".contains("IP address mismatch") }
    }
}
