import Testing

@testable import peers

struct OutputTests {
    @Test func theMedianIsTheMiddleOne() {
        #expect(median([3]) == 3)
        #expect(median([9, 1, 5]) == 5)
        #expect(median([4, 1, 9, 2]) == 3)
        #expect(median([]).isNaN)
    }

    @Test func aQuantileIsOneOfTheValues() {
        #expect(quantile(0.5, of: [3, 1, 2]) == 2)
        #expect(quantile(0.99, of: (1...100).map(Double.init)) == 99)
        #expect(quantile(1, of: [1, 5]) == 5)
        #expect(quantile(0.99, of: [7]) == 7)
        #expect(quantile(0.5, of: []).isNaN)
    }

    @Test func numbersHaveCommasBetweenThousands() {
        #expect(figure(999) == "999")
        #expect(figure(1000) == "1,000")
        #expect(figure(-1_234_567.891, digits: 2) == "-1,234,567.89")
    }

    @Test func microsecondsHaveThreeDigits() {
        #expect(microseconds(0.5304) == "0.530")
        #expect(microseconds(4.937) == "4.94")
        #expect(microseconds(56.66) == "56.7")
        #expect(microseconds(25_756) == "25,756")
    }

    @Test func columnsOfATableLineUp() {
        var table = Table(["server", "µs"])
        table.rows = [["Eddy", "5.10"], ["C, epoll", "12"]]
        #expect(
            table.text == """
                | server   |   µs |
                | -------- | ---: |
                | Eddy     | 5.10 |
                | C, epoll |   12 |
                """
        )
    }
}
