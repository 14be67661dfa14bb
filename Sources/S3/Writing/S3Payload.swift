import CCrypto
import FoundationEssentials
package import Platform
import Text
package import Transport

/// A part of a file that is sent to S3, with the digests that S3 compares it with. They are computed in one pass, on the
/// caller's thread, which therefore must be one that may compute for long.
package struct S3Payload: Sendable {
    /// The bytes.
    package let slice: FileSlice
    /// 64 hexadecimal digits, lower case.
    package let sha256: String
    /// The same in Base64, for `x-amz-checksum-sha256`.
    let sha256Base64: String
    /// In Base64, for `Content-MD5`.
    let md5Base64: String

    private static let chunkBytes = 1 << 20

    /// Reads the part once. Source: EVP_DigestInit(3).
    /// - Throws: `FileError` if the file cannot be read or is shorter, or if libcrypto fails.
    package init(_ slice: FileSlice) throws(FileError) {
        let failed = FileError(path: slice.file.path, reason: "libcrypto cannot compute a digest")
        let (sha, md) = (EVP_MD_CTX_new(), EVP_MD_CTX_new())
        defer {
            EVP_MD_CTX_free(sha)
            EVP_MD_CTX_free(md)
        }
        guard sha != nil, md != nil, EVP_DigestInit_ex(sha, EVP_sha256(), nil) == 1,
            EVP_DigestInit_ex(md, EVP_md5(), nil) == 1
        else { throw failed }
        var chunk = [UInt8](repeating: 0, count: Int(min(Int64(S3Payload.chunkBytes), max(1, slice.count))))
        var done: Int64 = 0
        while done < slice.count {
            let wanted = Int(min(Int64(chunk.count), slice.count - done))
            guard try slice.file.read(into: &chunk, count: wanted, at: slice.offset + done) == wanted else {
                throw FileError(path: slice.file.path, reason: "the temporary file is shorter than what was written")
            }
            guard EVP_DigestUpdate(sha, chunk, wanted) == 1, EVP_DigestUpdate(md, chunk, wanted) == 1 else {
                throw failed
            }
            done += Int64(wanted)
        }
        var sum = [UInt8](repeating: 0, count: 32)
        var tag = [UInt8](repeating: 0, count: 16)
        guard EVP_DigestFinal_ex(sha, &sum, nil) == 1, EVP_DigestFinal_ex(md, &tag, nil) == 1 else { throw failed }
        self.slice = slice
        sha256 = sum.hexadecimal
        sha256Base64 = Data(sum).base64EncodedString()
        md5Base64 = Data(tag).base64EncodedString()
    }

    /// The `Content-MD5` of a short body.
    static func md5(of body: [UInt8]) -> String { Data(digest(of: body, EVP_md5())).base64EncodedString() }

    /// The `x-amz-content-sha256` of a short body.
    static func sha256(of body: [UInt8]) -> String { digest(of: body, EVP_sha256()).hexadecimal }

    private static func digest(of body: [UInt8], _ algorithm: OpaquePointer?) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        EVP_Digest(body, body.count, &digest, &count, algorithm, nil)
        return Array(digest.prefix(Int(count)))
    }
}
