import Testing

@testable import Eddy

/// Slots and identifiers.
@Suite("loop: slot table")
struct SlotTableTests {
    @Test("A table grows by segments, and reuses the slot that was vacated last", arguments: [1, 255, 256, 257, 1000])
    func growth(count: Int) {
        let table = ConnectionTable()
        var ids: Set<ConnectionID> = []
        for descriptor in 0..<Int32(count) { ids.insert(table.occupy(descriptor: descriptor, phase: .open)) }
        #expect(ids.count == count)
        #expect(table.count == count)
        #expect(table.capacity == (count + 255) / 256 * 256)
        let first = table.id(at: 0)
        table[first].lifecycle.move(to: .closing)
        table.remove(first)
        #expect(table.count == count - 1)
        let next = table.occupy(descriptor: 7, phase: .open)
        #expect(next.index == first.index)
        #expect(next.generation == first.generation + 1)
    }

    @Test("An element stays where it is while the table grows")
    func stability() {
        let table = ConnectionTable()
        let first = table.occupy(descriptor: 1, phase: .open)
        let pointer = withUnsafeMutablePointer(to: &table[first]) { $0 }
        for descriptor in 2..<Int32(3000) { _ = table.occupy(descriptor: descriptor, phase: .open) }
        #expect(withUnsafeMutablePointer(to: &table[first]) { $0 } == pointer)
        #expect(pointer.pointee.descriptor == 1)
    }

    @Test("An identifier is stale once its slot is vacated")
    func generations() {
        let table = ConnectionTable()
        let id = table.occupy(descriptor: 5, phase: .open)
        #expect(table.isCurrent(id) == true)
        table[id].lifecycle.move(to: .closing)
        table.remove(id)
        #expect(table.isCurrent(id) == false)
        let next = table.occupy(descriptor: 6, phase: .connecting)
        #expect(next.index == id.index)
        #expect(table.isCurrent(id) == false)
        #expect(table.isCurrent(next) == true)
    }

    @Test("An identifier survives the token of an operation")
    func tokens() {
        let id = ConnectionID(index: 0xdead_beef, generation: 0xab_cdef)
        let token = OperationToken(.receive, id)
        #expect(token.kind == OperationKind.receive.rawValue)
        #expect(ConnectionID(token) == id)
        #expect(ListenerID(OperationToken(.accept, ListenerID(index: 7))).index == 7)
    }

    @Test("A generation wraps to what a token holds")
    func wrapping() {
        let table = ConnectionTable()
        let id = table.occupy(descriptor: 5, phase: .open)
        table[id].generation = OperationToken.generationMask
        let last = ConnectionID(index: id.index, generation: OperationToken.generationMask)
        #expect(table.isCurrent(last) == true)
        table[last].lifecycle.move(to: .closing)
        table.remove(last)
        #expect(table.occupy(descriptor: 5, phase: .open) == ConnectionID(index: id.index, generation: 0))
    }

    @Test("A connection starts without anything of the slot's last one")
    func freshState() {
        let table = ConnectionTable()
        let id = table.occupy(descriptor: 5, phase: .open)
        table[id].receiving.receivedEnd()
        _ = table[id].fail(104)
        table[id].downstream = id
        table[id].receiving.install(CallbackID(index: 1))
        table[id].lifecycle.move(to: .closing)
        table.remove(id)
        let next = table.occupy(descriptor: 9, phase: .connecting)
        #expect(table[next].descriptor == 9)
        #expect(table[next].lifecycle == Lifecycle(.connecting))
        #expect(table[next].receiving.input == .open)
        #expect(table[next].downstream == nil && !table[next].receiving.hasReader)
    }

    @Test("A connection takes as many bytes as the documentation says")
    func size() {
        #expect(MemoryLayout<ConnectionState>.stride == 176)
        #expect(MemoryLayout<ConnectionDeadlines>.stride == 144)
    }

    @Test("All connections are visited, and no vacant slots")
    func visiting() {
        let table = ConnectionTable()
        for descriptor in 0..<Int32(600) { _ = table.occupy(descriptor: descriptor, phase: .open) }
        for index in stride(from: 0, to: 600, by: 2) {
            table[table.id(at: index)].lifecycle.move(to: .closing)
            table.remove(table.id(at: index))
        }
        var visited: [Int] = []
        table.forEachConnection { visited.append($0.index) }
        #expect(visited == Array(stride(from: 1, to: 600, by: 2)))
    }
}
