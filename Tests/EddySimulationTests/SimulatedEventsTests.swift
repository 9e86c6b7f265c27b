import EddySystem
import Testing

@testable import EddySimulation

@Suite("simulation: the order of events")
struct SimulatedEventsTests {
    private func order(of times: [UInt64], by generator: SeededGenerator?) -> (order: [Int], overtakings: Int) {
        var events = SimulatedEvents()
        events.order = generator
        nonisolated(unsafe) var happened: [Int] = []
        for (number, time) in times.enumerated() {
            events.schedule(at: Instant(nanoseconds: time)) { happened.append(number) }
        }
        while let action = events.popDue(at: Instant(nanoseconds: 100)) { action() }
        return (happened, events.overtakings)
    }

    @Test("Events due at the same time happen in the order in which they were scheduled")
    func scheduled() {
        let (order, overtakings) = order(of: [7, 5, 7, 5, 101, 7], by: nil)
        #expect(order == [1, 3, 0, 2, 5])
        #expect(overtakings == 0)
    }

    @Test("A seed fixes a random order, seeds together give all orders, and time still passes")
    func permuted() {
        var orders: Set<[Int]> = []
        for seed in UInt64(0)..<200 {
            let (order, overtakings) = order(of: [7, 5, 7, 5, 101, 7], by: SeededGenerator(seed: seed))
            #expect(order == self.order(of: [7, 5, 7, 5, 101, 7], by: SeededGenerator(seed: seed)).order)
            #expect(Set(order[..<2]) == [1, 3])
            #expect((overtakings == 0) == (order == [1, 3, 0, 2, 5]))
            orders.insert(order)
        }
        #expect(orders.count == 2 * 6)
    }
}
