import FoundationEssentials
import Platform
import Transport

/// Status, text and certificate of an HTTP server.
struct HTTPServiceCheck: ServiceCheck {
    let options: HTTPServiceOptions
    let timeout: Duration
    let http: any HTTPClient
    let files: any FileAccess

    func look() async -> ServiceFinding {
        let response: HTTPResponse
        do throws(ServiceRequestError) {
            var request = try await options.endpoint.request(files)
            request.method = options.method
            request.timeout = timeout
            request.connectTimeout = timeout
            request.bodyLimitBytes = options.bodyLimitBytes
            // A longer body is read as far as the limit.
            request.statusSuffices = true
            request.redirectLimit = options.redirectLimit
            do throws(TransportError) { response = try await http.send(request) } catch {
                return ServiceFinding(error)
            }
        } catch {
            return ServiceFinding(down: error.failure)
        }
        var finding = ServiceFinding(timing: response.timing)
        finding.certificateExpiry = response.certificateExpiry
        finding.certificateLifetime = response.certificateLifetime
        finding.facts = [.init(name: "service_http_status", value: Double(response.status))]
        finding.detail = "status \(response.status)"
        if !options.statuses.contains(where: { $0.contains(response.status) }) {
            let expected = options.statuses.map {
                $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)"
            }.joined(separator: ", ")
            finding.failure = ProbeFailure("status", "status \(response.status); expected \(expected)")
        } else if let text = options.text, !response.body.contains(Array(text.utf8)) {
            finding.failure = ProbeFailure(
                "text", "status \(response.status), and the body lacks the text that is expected")
        }
        return finding
    }
}

/// A request that can't be made.
struct ServiceRequestError: Error {
    let failure: ProbeFailure
}

extension HTTPEndpointOptions {
    /// A GET with its headers and login, whose files are read now.
    ///
    /// Each request has a connection of its own: clients come with new ones, so what they meet must be met.
    func request(_ files: any FileAccess) async throws(ServiceRequestError) -> HTTPRequest {
        var request = HTTPRequest(url: url)
        request.tls = tls
        request.headers.append(("Connection", "close"))
        for header in headers { request.headers.append((header.name, try await reveal(header.value, files))) }
        if let user, let password {
            let login = "\(user):\(try await reveal(password, files))"
            request.headers.append(("Authorization", "Basic " + Data(login.utf8).base64EncodedString()))
        }
        return request
    }

    private func reveal(_ secret: Secret, _ files: any FileAccess) async throws(ServiceRequestError) -> String {
        do throws(FileError) { return try await secret.revealInTime(files) } catch {
            throw ServiceRequestError(failure: ProbeFailure("configuration", "no credential: \(error)"))
        }
    }
}
