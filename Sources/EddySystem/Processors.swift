internal import CLiburing
internal import Glibc

/// The machine's processors, as far as they are this process's.
package enum Processors {
    /// How many this process may run on, at least 1. A container or taskset(1) may leave it fewer than there are.
    package static var usableCount: Int {
        let usable = Int(eddy_usable_processors())
        // Systems with over 1,024 processors do not fit into the set; they tell how many there are.
        return usable > 0 ? usable : max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    }
}
