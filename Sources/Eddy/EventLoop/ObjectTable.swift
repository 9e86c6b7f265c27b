/// Objects that others refer to by a small number, such as the listeners of a loop. The slots of objects that have left
/// are reused.
struct ObjectTable<Object> {
    typealias ID = PlainID<Object>

    private var objects: [Object?] = []
    private var vacant: [ID] = []

    /// Reserves a slot, to which an object is then assigned.
    mutating func reserve() -> ID {
        if let id = vacant.popLast() { return id }
        objects.append(nil)
        return ID(index: objects.count - 1)
    }

    mutating func insert(_ object: Object) -> ID {
        let id = reserve()
        objects[id.index] = object
        return id
    }

    mutating func remove(_ id: ID) {
        assert(objects[id.index] != nil, "an object leaves once")
        objects[id.index] = nil
        vacant.append(id)
    }

    subscript(id: ID) -> Object? {
        get { objects[id.index] }
        set { objects[id.index] = newValue }
    }

    var isEmpty: Bool { vacant.count == objects.count }

    /// The objects in the order of their slots: a copy, so objects may leave while it is used.
    var all: [Object] { objects.compactMap(\.self) }
}
