extension FinishedCommand {
    /// Whether the command's errors are one line `eddy: WHAT; WHAT TO DO`, which names what it is about, and its
    /// output is nothing.
    func isOneClearLine(about subject: String = "") -> Bool {
        guard output.isEmpty, errors.count == 1 else { return false }
        return errors[0].wholeMatch(of: /eddy: [^;]+; .+/) != nil && errors[0].contains(subject)
    }
}
