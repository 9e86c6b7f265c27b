import Foundation

/// The processor time of processes that do not belong to a measurement and may disturb it.
struct OtherProcesses {
    private let ours: [pid_t]
    private let start: (time: MonotonicTime, all: Double, ours: Double)

    init(apartFrom processes: [pid_t]) {
        ours = processes + [getpid()]
        start = (MonotonicTime.now, Self.processorSecondsOfAll(), Self.processorSeconds(of: ours))
    }

    /// The fraction of a processor that others have used since, excluding `more` seconds of processes that started
    /// later.
    func disturbance(apartFrom more: Double) -> Double {
        let elapsed = Double(MonotonicTime.now.nanoseconds - start.time.nanoseconds) / 1e9
        let all = Self.processorSecondsOfAll() - start.all
        return max(0, all - (Self.processorSeconds(of: ours) - start.ours) - more) / elapsed
    }

    private static func processorSeconds(of processes: [pid_t]) -> Double {
        processes.map { ProcessStatistics(process: $0).processorSeconds }.reduce(0, +)
    }

    /// User and system time. The time of interrupts is attributed to no process.
    private static func processorSecondsOfAll() -> Double {
        let text = (try? String(contentsOfFile: "/proc/stat", encoding: .utf8)) ?? ""
        let fields = text.prefix { $0 != "\n" }.split(separator: " ").dropFirst().compactMap { Double($0) }
        guard fields.count >= 8 else { return 0 }
        let (user, nice, system, stolen) = (fields[0], fields[1], fields[2], fields[7])
        return (user + nice + system + stolen) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
