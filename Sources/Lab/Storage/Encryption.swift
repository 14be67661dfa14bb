import CCrypto

/// Decrypts what `aes256GCM` returned; nil if the key is another or a byte is changed. Source: EVP_EncryptInit(3).
func openAES256GCM(_ sealed: [UInt8], key: [UInt8], ivCount: Int = 12) -> [UInt8]? {
    guard sealed.count >= ivCount + 16, key.count == 32 else { return nil }
    let cipher = Array(sealed.dropFirst(ivCount + 16))
    var tag = Array(sealed[ivCount..<ivCount + 16])
    let context = EVP_CIPHER_CTX_new()
    defer { EVP_CIPHER_CTX_free(context) }
    var plain = [UInt8](repeating: 0, count: cipher.count + 16)
    var written: Int32 = 0
    var last: Int32 = 0
    EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, nil, nil)
    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, Int32(clamping: ivCount), nil)
    EVP_DecryptInit_ex(context, nil, nil, key, Array(sealed.prefix(ivCount)))
    EVP_DecryptUpdate(context, &plain, &written, cipher, Int32(clamping: cipher.count))
    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, &tag)
    let isGenuine = EVP_DecryptFinal_ex(context, nil, &last) == 1
    return isGenuine ? Array(plain.prefix(Int(written))) : nil
}

/// SHA-256 as 32 bytes; EVP_Digest(3).
func sha256Bytes(_ bytes: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    var length: UInt32 = 0
    EVP_Digest(bytes, bytes.count, &digest, &length, EVP_sha256(), nil)
    return digest
}

/// MD5 as 16 bytes; EVP_Digest(3).
func md5Bytes(_ bytes: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 16)
    var length: UInt32 = 0
    EVP_Digest(bytes, bytes.count, &digest, &length, EVP_md5(), nil)
    return digest
}
