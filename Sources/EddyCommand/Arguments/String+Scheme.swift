extension String {
    /// What stands behind a scheme such as `fd:`; nil if the text does not begin with it.
    ///
    /// Compared byte by byte: `hasPrefix` finds no scheme whose last character is joined by a mark behind it.
    func rest(after scheme: String) -> String? {
        utf8.starts(with: scheme.utf8) ? String(Substring(utf8.dropFirst(scheme.utf8.count))) : nil
    }
}
