internal import Glibc

/// Anonymous memory from mmap(2), aligned to its huge-page size, unmapped by `unmap()`.
///
/// Alignment to 2 MiB lets the kernel back a slab with one huge page, which saves TLB entries; `MADV_DONTFORK` keeps a
/// child process from sharing memory that the kernel may be writing to.
@safe
struct MappedMemory {
    static let alignment = 2 << 20

    let base: UnsafeMutableRawPointer
    let byteCount: Int

    /// Maps `byteCount` bytes (a multiple of ``alignment``); nil when the system refuses.
    init?(byteCount: Int) {
        require(byteCount > 0 && byteCount % Self.alignment == 0, "a slab is a multiple of 2 MiB")
        // Map more than is needed, then unmap what lies before and after the aligned part.
        let (padded, overflow) = byteCount.addingReportingOverflow(Self.alignment)
        guard !overflow else { return nil }
        let mapped = unsafe mmap(nil, padded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else { return nil }
        let address = UInt(bitPattern: mapped)
        let aligned = (address + UInt(Self.alignment) - 1) & ~UInt(Self.alignment - 1)
        let before = Int(aligned - address)
        if before > 0 { unsafe munmap(mapped, before) }
        let behind = Self.alignment - before
        if behind > 0 { unsafe munmap(mapped + before + byteCount, behind) }

        unsafe base = mapped + before
        self.byteCount = byteCount
        // Advice only: on a kernel that does not support it, the memory works as well.
        unsafe madvise(base, byteCount, MADV_HUGEPAGE)
        unsafe madvise(base, byteCount, MADV_DONTFORK)
    }

    /// Unmaps the memory. No slice and no kernel operation may refer to it any more.
    func unmap() {
        unsafe munmap(base, byteCount)
    }
}
