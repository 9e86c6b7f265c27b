// A hierarchical timing wheel (Varghese and Lauck, 1987). Time is counted in ticks of 65.5 µs. Each level has 64
// lists; a list of level 0 holds the timers of one tick, a list of level 1 those of 64 ticks, and so on. Eight levels
// cover every deadline that there is:
//
//     level 0   │·│·│t│·│ … │   64 lists of 1 tick
//     level 1   │·│t│·│·│ … │   64 lists of 64 ticks           a bit for each list says whether it holds a timer,
//     level 2   │·│·│·│t│ … │   64 lists of 4,096 ticks        and a bit for each level; so the next list is found
//        ⋮                                                     by counting zeros, not by looking
//     level 7
//
//     tick of a timer   =  d₇ d₆ d₅ d₄ d₃ d₂ d₁ d₀     digits of 6 bits
//     tick of the wheel =  d₇ d₆ d₅ e₄ e₃ e₂ e₁ e₀
//                                   ▲
//                                   the highest digit in which they differ: the timer is in list d₄ of level 4
//
// It follows that everything on a level is due before everything on the levels above it, and that within a level the
// list with the smallest number is due first. When the wheel comes to a list of level 1 or above, that list's timers
// go to lower levels: at most seven times in the life of a timer, usually two or three. Setting a timer links it into
// a list, cancelling it unlinks it; neither depends on how many there are.
//
// A deadline is rounded up to a tick: a timer is never early, and late by no more than one tick, which is what Linux
// allows itself in waking a thread (prctl(2), PR_SET_TIMERSLACK: 50 µs). Timers of one tick fire in the order in
// which they were set.

/// The loop's deadlines. A handle, as ``JobQueue``. Loop thread only.
@safe
struct TimerWheel: ~Copyable {
    /// A tick is 2¹⁶ ns.
    static let tickBits: UInt64 = 16
    private static let digitBits: UInt64 = 6
    private static let levelCount = 8
    private static let placeCount = 64
    private static let lastTick = UInt64.max >> tickBits

    /// Timers in the order in which they were set.
    private struct List {
        var first = SlotIndex.none
        var last = SlotIndex.none
    }

    @safe
    private struct Storage {
        /// The wheel's tick: everything before it has been taken out.
        var tick: UInt64 = 0
        /// A bit for each level that holds a timer.
        var levels: UInt8 = 0
        /// For each level, a bit for each list that holds a timer.
        var places: UnsafeMutablePointer<UInt64>
        var lists: UnsafeMutablePointer<List>
    }

    private let storage: UnsafeMutablePointer<Storage>
    private let nodes = SlotStore<TimerNode>()

    init() {
        let places = UnsafeMutablePointer<UInt64>.allocate(capacity: Self.levelCount)
        unsafe places.initialize(repeating: 0, count: Self.levelCount)
        let lists = UnsafeMutablePointer<List>.allocate(capacity: Self.levelCount * Self.placeCount)
        unsafe lists.initialize(repeating: List(), count: Self.levelCount * Self.placeCount)
        unsafe storage = .allocate(capacity: 1)
        unsafe storage.initialize(to: Storage(places: places, lists: lists))
    }

    deinit {
        unsafe storage.pointee.places.deallocate()
        unsafe storage.pointee.lists.deallocate()
        unsafe storage.deallocate()
    }

    /// Timers that are set or reserved.
    var count: Int { nodes.count }

    // MARK: Setting and cancelling

    /// Sets a timer for `deadline`, in nanoseconds of CLOCK_MONOTONIC.
    @discardableResult
    func schedule(_ event: TimerEvent, at deadline: UInt64) -> TimerHandle {
        let handle = reserve()
        start(handle, event, at: deadline)
        return handle
    }

    /// Makes a timer that is not running, so that its handle is known before its event is. It must be started or
    /// cancelled.
    func reserve() -> TimerHandle {
        let index = nodes.occupy()
        return TimerHandle(index: index, generation: nodes[index].generation)
    }

    /// Starts a timer that was reserved.
    func start(_ handle: TimerHandle, _ event: TimerEvent, at deadline: UInt64) {
        nodes[handle.index].event = event
        // Rounded up, without overflow.
        let tick = deadline == 0 ? 0 : ((deadline - 1) >> Self.tickBits) + 1
        nodes[handle.index].tick = min(tick, Self.lastTick)
        link(handle.index)
    }

    /// Takes a timer out. Does nothing when it has fired or was cancelled.
    ///
    /// - Returns: the event of a timer that was running.
    @discardableResult
    func cancel(_ handle: TimerHandle) -> TimerEvent? {
        let index = handle.index
        guard nodes.contains(index), nodes[index].generation == handle.generation else { return nil }
        let isRunning = nodes[index].level != TimerNode.noLevel
        if isRunning { unlink(index) }
        let event = finish(index)
        return isRunning ? event : nil
    }

    /// Gives up the place of a timer that is in no list.
    private func finish(_ index: UInt32) -> TimerEvent {
        nodes[index].generation &+= 1
        nodes.vacate(index)
        return nodes[index].event
    }

    // MARK: Time

    /// When to look for timers that are due (nanoseconds of CLOCK_MONOTONIC); nil when none is running.
    ///
    /// It is the earliest timer's tick, or an earlier moment at which several timers that are far away come nearer.
    var nextDeadline: UInt64? {
        guard let (level, place) = nextList else { return nil }
        let list = unsafe storage.pointee.lists[level * Self.placeCount + place]
        let isOnly = list.first == list.last
        let tick = isOnly ? nodes[list.first].tick : firstTick(level: level, place: place)
        return tick << Self.tickBits
    }

    /// Takes the next timer that is due at `now`, which never goes back; nil when there is none.
    func popDue(at now: UInt64) -> TimerEvent? {
        let tick = now >> Self.tickBits
        while let (level, place) = nextList {
            let start = firstTick(level: level, place: place)
            guard start <= tick else { break }
            unsafe storage.pointee.tick = start
            guard level > 0 else {
                let index = unsafe storage.pointee.lists[place].first
                unlink(index)
                return finish(index)
            }
            bringNearer(level: level, place: place)
        }
        unsafe storage.pointee.tick = max(storage.pointee.tick, tick)
        return nil
    }

    /// The list that is due first.
    private var nextList: (level: Int, place: Int)? {
        let levels = unsafe storage.pointee.levels
        guard levels != 0 else { return nil }
        let level = levels.trailingZeroBitCount
        return (level, unsafe storage.pointee.places[level].trailingZeroBitCount)
    }

    /// The first of a list's ticks: the wheel's digits above the level, the list's number, zeros.
    private func firstTick(level: Int, place: Int) -> UInt64 {
        let shift = UInt64(level) * Self.digitBits
        let above = unsafe storage.pointee.tick & (UInt64.max << (shift + Self.digitBits))
        return above | (UInt64(place) << shift)
    }

    /// The wheel has come to a list: its timers differ in a lower digit only, from now on.
    private func bringNearer(level: Int, place: Int) {
        var index = unsafe storage.pointee.lists[level * Self.placeCount + place].first
        unsafe storage.pointee.lists[level * Self.placeCount + place] = List()
        markEmpty(level: level, place: place)
        while index != SlotIndex.none {
            let next = nodes[index].next
            link(index)
            index = next
        }
    }

    // MARK: Lists

    /// Puts a timer at the end of its list. What should have fired before is due now.
    private func link(_ index: UInt32) {
        let now = unsafe storage.pointee.tick
        let tick = max(nodes[index].tick, now)
        let highestBit = UInt64(63 - ((tick ^ now) | 1).leadingZeroBitCount)
        let level = Int(highestBit / Self.digitBits)
        let place = Int(tick >> (UInt64(level) * Self.digitBits)) % Self.placeCount
        nodes[index].level = UInt8(level)
        nodes[index].place = UInt8(place)
        nodes[index].next = SlotIndex.none
        let list = level * Self.placeCount + place
        let last = unsafe storage.pointee.lists[list].last
        nodes[index].previous = last
        unsafe storage.pointee.lists[list].last = index
        guard last == SlotIndex.none else {
            nodes[last].next = index
            return
        }
        unsafe storage.pointee.lists[list].first = index
        unsafe storage.pointee.places[level] |= 1 << UInt64(place)
        unsafe storage.pointee.levels |= 1 << UInt8(level)
    }

    private func unlink(_ index: UInt32) {
        let (level, place) = (Int(nodes[index].level), Int(nodes[index].place))
        let (next, previous) = (nodes[index].next, nodes[index].previous)
        nodes[index].level = TimerNode.noLevel
        let list = level * Self.placeCount + place
        if next == SlotIndex.none {
            unsafe storage.pointee.lists[list].last = previous
        } else {
            nodes[next].previous = previous
        }
        if previous == SlotIndex.none {
            unsafe storage.pointee.lists[list].first = next
            if next == SlotIndex.none { markEmpty(level: level, place: place) }
        } else {
            nodes[previous].next = next
        }
    }

    private func markEmpty(level: Int, place: Int) {
        unsafe storage.pointee.places[level] &= ~(1 << UInt64(place))
        if unsafe storage.pointee.places[level] == 0 { unsafe storage.pointee.levels &= ~(1 << UInt8(level)) }
    }
}
