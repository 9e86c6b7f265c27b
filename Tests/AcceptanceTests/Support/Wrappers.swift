import Foundation

/// What to put before a command so that a line of shell is run first in its process, such as `ulimit -n 40`.
func shell(_ line: String) -> [String] {
    ["sh", "-c", "\(line) && exec \"$@\"", "sh"]
}

/// What to put before a command so that it lacks a capability even when root runs it. Other users have none to lack.
func without(capability: String) -> [String] {
    geteuid() == 0 ? ["setpriv", "--bounding-set", "-\(capability)", "--"] : []
}
