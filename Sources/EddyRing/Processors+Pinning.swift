internal import CLiburing
package import EddySystem

extension Processors {
    /// Pins the calling thread to one of its usable processors (sched_setaffinity(2)): the one at this index, modulo
    /// their count.
    package static func pinCurrentThread(toUsable number: Int) throws(RingError) {
        guard eddy_pin_to_processor(Int32(number % usableCount), Int32(usableCount)) == 0 else {
            throw .system(call: "sched_setaffinity", error: .current)
        }
    }
}
