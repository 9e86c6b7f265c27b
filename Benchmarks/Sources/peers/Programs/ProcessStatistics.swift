import Foundation

/// The kernel's statistics of a process.
struct ProcessStatistics {
    let process: pid_t

    /// Its resident memory in bytes. `smaps_rollup` counts its pages; `status` has an estimate.
    func residentBytes() throws -> Int {
        let text = try String(contentsOfFile: "/proc/\(process)/smaps_rollup", encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix("Rss:") }
        guard let kibibytes = line?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw PeersError("cannot read the memory of process \(process)")
        }
        return kibibytes << 10
    }

    /// The estimate. The kernel does not walk the pages for it, so it may be read often.
    func roughResidentBytes() throws -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        guard let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) }) else {
            throw PeersError("the server (process \(process)) has ended")
        }
        return kibibytes << 10
    }

    /// Waits until it has used no processor time for a while, and so has finished its work. At most 10 seconds.
    func waitUntilIdle() throws {
        let limit = ContinuousClock.now + .seconds(10)
        var used = try processorTime()
        repeat {
            usleep(300_000)
            let now = try processorTime()
            if now == used { return }
            used = now
        } while ContinuousClock.now < limit
    }

    /// The time of all its threads so far; 0 when it has ended.
    var processorSeconds: Double {
        (try? processorTime()) ?? 0
    }

    private func processorTime() throws -> Double {
        var clock = clockid_t()
        var time = timespec()
        guard clock_getcpuclockid(process, &clock) == 0, clock_gettime(clock, &time) == 0 else {
            throw PeersError("the server (process \(process)) has ended")
        }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
