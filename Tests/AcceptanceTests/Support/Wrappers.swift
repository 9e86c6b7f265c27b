import Foundation

/// The command prefix that first runs a shell line in the command's process, such as `ulimit -n 40`.
func shell(_ line: String) -> [String] {
    ["sh", "-c", "\(line) && exec \"$@\"", "sh"]
}

/// The command prefix that removes a capability, even if root runs it. Other users do not have it anyway.
func without(capability: String) -> [String] {
    geteuid() == 0 ? ["setpriv", "--bounding-set", "-\(capability)", "--"] : []
}
