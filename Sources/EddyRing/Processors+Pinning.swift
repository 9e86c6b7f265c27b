internal import CLiburing
package import EddySystem

extension Processors {
    /// Ties the calling thread to one of the processors that it may run on (sched_setaffinity(2)): the one with this
    /// number among them, counted around.
    package static func pinCurrentThread(toUsable number: Int) throws(RingError) {
        guard eddy_pin_to_processor(Int32(number % usableCount), Int32(usableCount)) == 0 else {
            throw .system(call: "sched_setaffinity", error: .current)
        }
    }
}
