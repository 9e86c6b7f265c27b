extension FinishedCommand {
    /// Whether the command printed nothing but one error line `eddy: WHAT; WHAT TO DO` that mentions its subject.
    func isOneClearLine(about subject: String = "") -> Bool {
        guard output.isEmpty, errors.count == 1 else { return false }
        return errors[0].wholeMatch(of: /eddy: [^;]+; .+/) != nil && errors[0].contains(subject)
    }
}
