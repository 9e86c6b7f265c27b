import Foundation

/// Prints progress to standard error, so that standard output contains only the result.
func report(_ line: String) {
    FileHandle.standardError.write(Data("\(line)\n".utf8))
}
