import EddySystem
import EddyTestSupport
import Testing

@testable import EddyLoad

/// Outstanding requests, and the received parts of their replies.
@Suite("load: request pipeline")
struct RequestPipelineTests {
    @Test("Replies in pieces of any length complete requests in order", arguments: [1, 3, 64, 100, 1000])
    func pieces(length: Int) {
        var pipeline = RequestPipeline(depth: 8, messageSize: 64)
        var (sent, completed) = (UInt64(0), UInt64(0))
        for _ in 0..<8 {
            pipeline.send(at: Instant(nanoseconds: sent))
            sent += 1
        }
        while completed < 200 {
            let count = min(length, pipeline.bytesExpected)
            for _ in 0..<pipeline.receive(count) {
                #expect(pipeline.takeOldest() == Instant(nanoseconds: completed))
                completed += 1
                pipeline.send(at: Instant(nanoseconds: sent))
                sent += 1
            }
            #expect(pipeline.count == 8)
            #expect(pipeline.bytesExpected <= 512)
        }
    }

    @Test("Nothing is expected when nothing is outstanding")
    func empty() {
        var pipeline = RequestPipeline(depth: 2, messageSize: 10)
        #expect(pipeline.bytesExpected == 0)
        pipeline.send(at: 1)
        #expect(pipeline.bytesExpected == 10)
        #expect(pipeline.receive(9) == 0)
        #expect(pipeline.bytesExpected == 1)
        pipeline.send(at: 2)
        #expect(pipeline.bytesExpected == 11)
        #expect(pipeline.receive(11) == 2)
        #expect(pipeline.takeOldest() == 1)
        #expect(pipeline.takeOldest() == 2)
        #expect(pipeline.bytesExpected == 0)
    }
}
