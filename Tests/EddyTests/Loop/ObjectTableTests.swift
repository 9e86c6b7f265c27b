import Testing

@testable import Eddy

@Suite("table of objects")
struct ObjectTableTests {
    private final class Object {
        let name: String
        init(_ name: String) { self.name = name }
    }

    @Test("Slots of objects that have left are reused, and reserved ones are not")
    func reuse() {
        var table = ObjectTable<Object>()
        #expect(table.isEmpty)
        let first = table.insert(Object("a"))
        let reserved = table.reserve()
        let last = table.insert(Object("c"))
        #expect(Set([first, reserved, last]).count == 3 && !table.isEmpty)
        #expect(table[reserved] == nil && table[first]?.name == "a" && table[last]?.name == "c")
        table[reserved] = Object("b")
        table.remove(first)
        #expect(table[first] == nil)
        #expect(table.insert(Object("d")) == first)
        #expect(table.all.map(\.name) == ["d", "b", "c"])
        for id in [first, reserved, last] { table.remove(id) }
        #expect(table.isEmpty)
    }

    @Test("An object is released when it leaves")
    func release() {
        var table = ObjectTable<Object>()
        weak var object: Object?
        let id = {
            let new = Object("a")
            object = new
            return table.insert(new)
        }()
        #expect(object != nil)
        table.remove(id)
        #expect(object == nil)
    }
}
