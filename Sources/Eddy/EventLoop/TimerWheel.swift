internal import EddySystem

// A hierarchical timing wheel (Varghese and Lauck, 1987). Time is counted in ticks of 65.5 µs. Each level has 64 lists;
// a list of level 0 holds the timers of one tick, a list of level 1 those of 64 ticks, and so on. Eight levels cover
// every possible deadline:
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
// Everything on a level is due before everything on the levels above it, and within a level the list with the smallest
// number is due first. When the wheel reaches a list of level 1 or above, that list's timers move to lower levels: at
// most seven times in the life of a timer, usually two or three. Setting a timer appends it to a list, and cancelling
// it leaves its entry there (``TimerList``); neither depends on the number of timers.
//
// The cost of a cancellation is fetching the timer's memory. So cancellations are batched, and the memory of a batch is
// fetched concurrently. Every query applies the pending batch first, so the batching is not observable.
//
// A deadline is rounded up to a tick: a timer is never early, and late by at most one tick, about the slack that Linux
// allows itself in waking a thread (prctl(2), PR_SET_TIMERSLACK: 50 µs). Timers of one tick fire in the order in which
// they were set.

/// The loop's timers. The state is behind a pointer, as in ``LoopQueue``. Loop thread only.
@safe
struct TimerWheel: ~Copyable {
    /// A tick is 2¹⁶ ns.
    static let tickBits: UInt64 = 16
    private static let digitBits: UInt64 = 6
    private static let levelCount = 8
    private static let placeCount = 64
    private static let listCount = levelCount * placeCount

    @safe
    private struct Storage {
        /// The wheel's current tick: all earlier timers have been removed.
        var tick: UInt64 = 0
        /// A bit for each level that holds a timer.
        var levels: UInt8 = 0
        /// For each level, a bit for each list that holds a timer.
        var places: UnsafeMutablePointer<UInt64>
        var lists: UnsafeMutablePointer<TimerList>
        /// Cancelled timers that have not been removed yet.
        var batch = InlineArray<16, TimerID>(repeating: TimerID(index: 0, generation: 0))
        var batchCount = 0
    }

    private let storage: UnsafeMutablePointer<Storage>
    let nodes = SlotTable<TimerNode>()
    private let chunks = SlotTable<TimerChunk>()

    init() {
        let places = UnsafeMutablePointer<UInt64>.allocate(capacity: Self.levelCount)
        unsafe places.initialize(repeating: 0, count: Self.levelCount)
        let lists = UnsafeMutablePointer<TimerList>.allocate(capacity: Self.listCount)
        unsafe lists.initialize(repeating: TimerList(), count: Self.listCount)
        unsafe storage = .allocate(capacity: 1)
        unsafe storage.initialize(to: Storage(places: places, lists: lists))
    }

    deinit {
        unsafe storage.pointee.places.deallocate()
        unsafe storage.pointee.lists.deallocate()
        unsafe storage.deallocate()
    }

    /// The number of set or reserved timers.
    var count: Int {
        applyPendingCancellations()
        return nodes.count
    }

    /// The number of list entries: at most twice the number of running timers, plus two chunks for each list in use.
    var entryCount: Int {
        applyPendingCancellations()
        return (0..<Self.listCount).reduce(0) { sum, list in
            unsafe sum + Int(storage.pointee.lists[list].running + storage.pointee.lists[list].cancelled)
        }
    }

    // MARK: Setting and cancelling

    /// Sets a timer for `deadline`.
    @discardableResult
    func schedule(_ event: TimerEvent, at deadline: Instant) -> TimerID {
        let timer = reserve()
        start(timer, event, at: deadline)
        return timer
    }

    /// Reserves a timer that is not running, so that its identifier exists before its event. It must be started or
    /// cancelled.
    func reserve() -> TimerID {
        nodes.occupy()
    }

    /// Starts a timer that was reserved.
    @inline(__always)
    func start(_ timer: TimerID, _ event: TimerEvent, at deadline: Instant) {
        nodes[timer].event = event
        // Rounded up, without overflow.
        let roundingUp: UInt64 = (1 << Self.tickBits) - 1
        link(TimerEntry(tick: (min(deadline.nanoseconds, ~roundingUp) &+ roundingUp) >> Self.tickBits, timer: timer))
    }

    /// Cancels a running or reserved timer. Does nothing when it has fired or was cancelled.
    func cancel(_ timer: TimerID?) {
        guard let timer, nodes.contains(timer) else { return }
        let count = unsafe storage.pointee.batchCount
        unsafe storage.pointee.batch[count] = timer
        unsafe storage.pointee.batchCount = count &+ 1
        if unsafe count &+ 1 == storage.pointee.batch.count { applyCancellations() }
    }

    /// Cancels a timer.
    ///
    /// - Returns: its event if it was running.
    func take(_ timer: TimerID) -> TimerEvent? {
        applyPendingCancellations()
        return nodes.contains(timer) ? end(timer) : nil
    }

    /// Applies the pending cancellations.
    @inline(__always)
    private func applyPendingCancellations() {
        if unsafe storage.pointee.batchCount > 0 { applyCancellations() }
    }

    @inline(never)
    private func applyCancellations() {
        // Looks all timers up first, without branches.
        var count = 0
        for position in 0..<(unsafe storage.pointee.batchCount) {
            let timer = unsafe storage.pointee.batch[position]
            unsafe storage.pointee.batch[count] = timer
            count &+= nodes[timer].matches(timer.generation)
        }
        unsafe storage.pointee.batchCount = 0
        for position in 0..<count { _ = unsafe end(storage.pointee.batch[position]) }
    }

    /// Ends a timer, unless the identifier is stale.
    @inline(__always)
    private func end(_ timer: TimerID) -> TimerEvent? {
        guard nodes[timer].generation == timer.generation else { return nil }
        let list = Int(nodes[timer].list)
        let event = finish(timer)
        guard list != TimerNode.noList else { return nil }
        unsafe storage.pointee.lists[list].countCancelled()
        if unsafe storage.pointee.lists[list].running == 0 { clear(list) }
        if unsafe storage.pointee.lists[list].isSparse { sweep(list) }
        if nodes[timer].generation == .max { resetGeneration(timer) }
        return event
    }

    /// Vacates a timer's slot. Its identifier, and its list entry if there is one, become stale.
    @inline(__always)
    private func finish(_ timer: TimerID) -> TimerEvent {
        let event = nodes[timer].event
        nodes[timer].generation &+= 1
        nodes[timer].list = TimerNode.noList
        nodes.vacate(timer)
        return event
    }

    // MARK: Time

    /// The next time to check for due timers; nil when none is running.
    ///
    /// This is the earliest timer's tick, or the earlier tick at which several distant timers move to a lower level.
    var nextDeadline: Instant? {
        applyPendingCancellations()
        guard let (level, place) = nextList else { return nil }
        let list = level * Self.placeCount + place
        let isOnly = unsafe storage.pointee.lists[list].running == 1
        let tick = isOnly ? firstRunning(list).tick : firstTick(level: level, place: place)
        return Instant(nanoseconds: tick << Self.tickBits)
    }

    /// Removes the next timer that is due at `now`, which never decreases; nil when none is due.
    func popDue(at now: Instant) -> TimerEvent? {
        applyPendingCancellations()
        let tick = now.nanoseconds >> Self.tickBits
        while let (level, place) = nextList {
            let start = firstTick(level: level, place: place)
            guard start <= tick else { break }
            unsafe storage.pointee.tick = start
            guard level > 0 else { return popFirst(place) }
            cascade(level * Self.placeCount + place)
        }
        unsafe storage.pointee.tick = max(storage.pointee.tick, tick)
        return nil
    }

    /// The first due list.
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

    /// Removes the first timer of a nonempty list of level 0.
    @inline(never)
    private func popFirst(_ list: Int) -> TimerEvent {
        let timer = firstRunning(list).timer
        unsafe storage.pointee.lists[list].removeFirstRunning(chunks: chunks)
        if unsafe storage.pointee.lists[list].running == 0 { markEmpty(list) }
        let event = finish(timer)
        if nodes[timer].generation == .max { resetGeneration(timer) }
        return event
    }

    /// 1 for an entry whose timer is running, otherwise 0.
    @inline(__always)
    private func running(_ entry: TimerEntry) -> Int {
        nodes[entry.timer].matches(entry.timer.generation)
    }

    private func firstRunning(_ list: Int) -> TimerEntry {
        unsafe storage.pointee.lists[list].firstRunning(chunks: chunks) { running($0) }
    }

    /// Moves the timers of a list that the wheel has reached: from now on they differ in a lower digit only.
    @inline(never)
    private func cascade(_ list: Int) {
        markEmpty(list)
        takeOut(list) { link($0) }
    }

    // MARK: Lists

    /// Appends a timer to its list. An overdue timer is due now.
    @inline(__always)
    private func link(_ entry: TimerEntry) {
        let now = unsafe storage.pointee.tick
        let tick = max(entry.tick, now)
        let highestBit = UInt64(truncatingIfNeeded: 63 &- ((tick ^ now) | 1).leadingZeroBitCount)
        let level = highestBit / Self.digitBits
        let place = (tick &>> (level &* Self.digitBits)) % UInt64(Self.placeCount)
        let list = Int(truncatingIfNeeded: level &* UInt64(Self.placeCount) &+ place)
        nodes[entry.timer].list = UInt16(truncatingIfNeeded: list)
        unsafe storage.pointee.lists[list].append(entry, chunks: chunks)
        if unsafe storage.pointee.lists[list].running == 1 { markOccupied(list) }
    }

    /// Empties a list, and passes the entries of running timers to `body`.
    @inline(__always)
    private func takeOut(_ number: Int, _ body: (TimerEntry) -> Void) {
        let list = unsafe storage.pointee.lists[number]
        unsafe storage.pointee.lists[number] = TimerList()
        list.takeOut(chunks: chunks, counting: { running($0) }, body)
    }

    /// Removes the stale entries of a list.
    @inline(never)
    private func sweep(_ list: Int) {
        takeOut(list) { unsafe storage.pointee.lists[list].append($0, chunks: chunks) }
    }

    /// A slot has used all 2³² generations and restarts at zero. Its stale entries must not match new timers, so they
    /// are removed while the slot has a generation that no timer uses.
    @inline(never)
    private func resetGeneration(_ timer: TimerID) {
        for list in 0..<Self.listCount where unsafe storage.pointee.lists[list].cancelled > 0 { sweep(list) }
        nodes[timer].generation = 0
    }

    /// Empties a list without running timers.
    @inline(never)
    private func clear(_ list: Int) {
        unsafe storage.pointee.lists[list].clear(chunks: chunks)
        markEmpty(list)
    }

    private func markOccupied(_ list: Int) {
        let (level, place) = list.quotientAndRemainder(dividingBy: Self.placeCount)
        unsafe storage.pointee.places[level] |= 1 << UInt64(place)
        unsafe storage.pointee.levels |= 1 << UInt8(level)
    }

    private func markEmpty(_ list: Int) {
        let (level, place) = list.quotientAndRemainder(dividingBy: Self.placeCount)
        unsafe storage.pointee.places[level] &= ~(1 << UInt64(place))
        if unsafe storage.pointee.places[level] == 0 { unsafe storage.pointee.levels &= ~(1 << UInt8(level)) }
    }
}
