import EddyBuffers

/// The state shared by the workers of a model test: a mailbox for each.
final class ModelWorld: Sendable {
    let mail: [LetterBox]
    let operations: Int

    init(workers: Int, operations: Int) {
        mail = (0..<workers).map { _ in LetterBox() }
        self.operations = operations
    }

    final class LetterBox: Sendable {
        private let items = Locked<[ModelItem]>([])
        func put(_ item: ModelItem) { items.withLock { $0.append(item) } }
        func empty() -> [ModelItem] {
            items.withLock { items in
                defer { items = [] }
                return items
            }
        }
    }
}

/// A thread that performs random operations on buffers of its own pool and of others.
struct ModelWorker {
    let world: ModelWorld
    let number: Int
    let pool: BufferPool
    var random: SeededGenerator
    var items: [ModelItem] = []
    var nextSeed: UInt64
    var chunk: Chunk?
    var filled = 0

    init(world: ModelWorld, number: Int, seed: UInt64) {
        self.world = world
        self.number = number
        random = SeededGenerator(seed: seed &+ UInt64(number))
        nextSeed = UInt64(number) << 48
        pool = BufferPool(configuration: .init(receiveChunkSize: 16 << 10, maximumBytes: 16 << 20))
        pool.makeCurrent()
    }

    mutating func run() {
        for step in 0..<world.operations {
            operate(Int.random(in: 0..<100, using: &random))
            if step % 64 == 0 {
                items += world.mail[number].empty()
                pool.drainRemoteFrees()
            }
            while items.count > 200 { drop() }
        }
    }

    /// Drops all remaining buffers.
    mutating func finish() {
        items += world.mail[number].empty()
        while !items.isEmpty { drop() }
        if let chunk { pool.reclaim(chunk) }
        chunk = nil
    }

    private mutating func operate(_ choice: Int) {
        switch choice {
        case 0..<25: allocate()
        case 25..<40: receive()
        case 40..<50: withItem { $0.share($1) }
        case 50..<60: withItem { $0.split($1) }
        case 60..<66: withItem { $0.rewrite($1) }
        case 66..<70: withItem { $0.compact($1) }
        case 70..<75: withItem { $0.copyOrUnshare($1) }
        case 75..<85: send()
        default: drop()
        }
    }

    private mutating func withItem(_ body: (inout ModelWorker, ModelItem) -> Void) {
        guard !items.isEmpty else { return }
        let index = Int.random(in: items.indices, using: &random)
        items.swapAt(index, items.count - 1)
        body(&self, items.removeLast())
    }

    private mutating func keep(_ form: consuming ModelItem.Form, seed: UInt64, offset: Int, count: Int) {
        items.append(ModelItem(form, seed: seed, offset: offset, count: count))
    }

    private mutating func randomSize() -> Int {
        let bits = Int.random(in: 0..<12, using: &random)
        return Int.random(in: 0...(1 << bits), using: &random)
            + (bits == 11 && Bool.random(using: &random) ? 40_000 : 0)
    }

    private mutating func allocate() {
        let size = randomSize()
        let count = Int.random(in: 0...size, using: &random)
        var buffer = Buffer.allocUnsafe(size)
        nextSeed += 1
        for index in 0..<count { buffer.append(ModelItem.byte(nextSeed, index)) }
        keep(.unique(buffer.detach()), seed: nextSeed, offset: 0, count: count)
    }

    /// Fills a chunk incrementally, like the kernel.
    private mutating func receive() {
        let count = Int.random(in: 1...2000, using: &random)
        if chunk == nil || filled + count > chunk!.capacity {
            if let chunk { pool.reclaim(chunk) }
            chunk = pool.allocateReceiveChunk()
            filled = 0
        }
        guard let chunk else { return }
        nextSeed += 1
        for index in 0..<count {
            chunk.base.storeBytes(of: ModelItem.byte(nextSeed, index), toByteOffset: filled + index, as: UInt8.self)
        }
        let buffer = Buffer(adopting: Slice(chunk, filled..<filled + count))
        filled += count
        keep(.unique(buffer.detach()), seed: nextSeed, offset: 0, count: count)
    }

    private mutating func share(_ item: ModelItem) {
        switch item.take() {
        case .unique(let buffer):
            keep(.shared(buffer.share()), seed: item.seed, offset: item.offset, count: item.count)
        case .shared(let buffer):
            let lower = Int.random(in: 0...item.count, using: &random)
            let upper = Int.random(in: lower...item.count, using: &random)
            let slice = SharedBuffer(rebasing: buffer[lower..<upper])
            keep(.shared(slice), seed: item.seed, offset: item.offset + lower, count: upper - lower)
            keep(.shared(buffer), seed: item.seed, offset: item.offset, count: item.count)
        }
    }

    private mutating func split(_ item: ModelItem) {
        let place = Int.random(in: 0...item.count, using: &random)
        switch item.take() {
        case .unique(let detached):
            var rest = detached.attach()
            let first = rest.splitFirst(place)
            keep(.unique(first.detach()), seed: item.seed, offset: item.offset, count: place)
            keep(.unique(rest.detach()), seed: item.seed, offset: item.offset + place, count: item.count - place)
        case .shared(let buffer):
            keep(
                .shared(SharedBuffer(rebasing: buffer[place..<item.count])),
                seed: item.seed,
                offset: item.offset + place,
                count: item.count - place
            )
        }
    }

    /// Writes other bytes, with room after them, into the same memory.
    private mutating func rewrite(_ item: ModelItem) {
        switch item.take() {
        case .unique(let detached):
            var buffer = detached.attach()
            nextSeed += 1
            for index in 0..<buffer.count { buffer.store(ModelItem.byte(nextSeed, index), at: index) }
            var count = buffer.count
            while buffer.freeCapacity > 0, Bool.random(using: &random) {
                buffer.append(ModelItem.byte(nextSeed, count))
                count += 1
            }
            keep(.unique(buffer.detach()), seed: nextSeed, offset: 0, count: count)
        case .shared(let buffer):
            keep(.shared(buffer), seed: item.seed, offset: item.offset, count: item.count)
        }
    }

    private mutating func compact(_ item: ModelItem) {
        switch item.take() {
        case .unique(let buffer):
            let compacted = buffer.attach().compacted()
            keep(.unique(compacted.detach()), seed: item.seed, offset: item.offset, count: item.count)
        case .shared(let buffer):
            keep(.shared(buffer.compacted()), seed: item.seed, offset: item.offset, count: item.count)
        }
    }

    private mutating func copyOrUnshare(_ item: ModelItem) {
        switch item.take() {
        case .unique(let buffer):
            keep(.unique(buffer), seed: item.seed, offset: item.offset, count: item.count)
        case .shared(let buffer):
            if Bool.random(using: &random) {
                keep(.shared(buffer), seed: item.seed, offset: item.offset, count: item.count)
            }
            keep(.unique(buffer.unshare().detach()), seed: item.seed, offset: item.offset, count: item.count)
        }
    }

    private mutating func send() {
        withItem { worker, item in
            let receiver = Int.random(in: worker.world.mail.indices, using: &worker.random)
            worker.world.mail[receiver].put(item)
        }
    }

    private mutating func drop() {
        withItem { _, item in
            switch item.take() {
            case .unique(let buffer): item.verify(buffer.attach().bytes)
            case .shared(let buffer): item.verify(buffer.bytes)
            }
        }
    }
}
