import EddyBuffers
import Synchronization
import Testing

@Suite struct DetachedBufferTests {
    @Test func crossesThreadsAndComesBack() {
        BufferPool.temporary { pool in
            var buffer = pool.allocate(100)
            buffer.append("there")
            let outward = Parcel(buffer.detach())
            let homeward = Mutex<DetachedBuffer?>(nil)
            withUnsafePointer(to: homeward) { homeward in
                let homeward = UInt(bitPattern: homeward)
                onAnotherThread {
                    var buffer = outward.take().attach()
                    buffer.append(" and back")
                    let detached = Parcel(buffer.detach())
                    UnsafePointer<Mutex<DetachedBuffer?>>(bitPattern: homeward)!.pointee.withLock {
                        $0 = detached.take()
                    }
                }
            }
            let detached = homeward.withLock { $0.take() }!
            #expect(detached.count == 14)
            let back = detached.attach()
            #expect(String(decoding: back) == "there and back")
        }
    }

    @Test func droppedElsewhereItComesHome() {
        BufferPool.temporary { pool in
            let parcel = Parcel(pool.allocate(100).detach())
            onAnotherThread { _ = parcel.take() }
            pool.drainRemoteFrees()
            #expect(pool.statistics.slicesOut == 0)
            #expect(pool.statistics.remoteReturns == 1)
        }
    }

    @Test func isSharedWithoutBeingAttached() {
        let detached = Buffer.from("hello").detach()
        #expect(String(decoding: detached.share()) == "hello")
    }

    @Test func goesThroughATask() async {
        let buffer = Buffer.from("hello")
        let detached = Parcel(buffer.detach())
        let text = await Task.detached { String(decoding: detached.take().attach()) }.value
        #expect(text == "hello")
    }
}
