import Samples
import Text

extension Bucket {
    /// An error answer. Source: Amazon S3 API Reference, "List of error codes".
    struct Refusal: Error {
        let status: Int
        let code: String
        let message: String
        /// Further elements.
        let more: String
        let headers: [String: String]

        init(_ status: Int, _ code: String, _ message: String, more: String = "", headers: [String: String] = [:]) {
            self.status = status
            self.code = code
            self.message = message
            self.more = more
            self.headers = headers
        }

        static let notImplemented = Refusal(
            501, "NotImplemented", "A header you provided implies functionality that is not implemented")

        static let malformedXML = Refusal(
            400, "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema")

        static func skewed(_ now: Timestamp) -> Refusal {
            Refusal(
                403, "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
                more:
                    "<ServerTime>\(now.rfc3339)</ServerTime><MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>"
            )
        }

        func response(_ id: String, hasBody: Bool) -> LabResponse {
            let text = """
                <?xml version="1.0" encoding="UTF-8"?>
                <Error><Code>\(code)</Code><Message>\(Markup.escape(message))</Message>\(more)<RequestId>\(id)</RequestId><HostId>lab</HostId></Error>
                """
            return LabResponse(status, type: "application/xml", hasBody ? text : "", headers: headers)
        }
    }
}
