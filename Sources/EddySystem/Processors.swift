internal import CLiburing
internal import Glibc

/// The processors that this process may use.
package enum Processors {
    /// The number of processors that this process may run on, at least 1. A container or taskset(1) may allow fewer
    /// than the machine has.
    package static var usableCount: Int {
        let usable = Int(eddy_usable_processors())
        // The set is too small for more than 1,024 processors; then use the number of online processors.
        return usable > 0 ? usable : max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    }
}
