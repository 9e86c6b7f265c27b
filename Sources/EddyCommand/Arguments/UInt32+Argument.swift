import ArgumentParser

extension UInt32 {
    /// Parses the permissions of a file in octal: `660`, `0660`.
    @Sendable static func mode(_ text: String) throws -> UInt32 {
        guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
            let mode = UInt32(text, radix: 8), mode <= 0o777
        else {
            throw ValidationError("'\(text)' is not a file mode; write octal digits up to 0777, for example 0660")
        }
        return mode
    }
}
