extension String {
    /// The text after a scheme such as `fd:`; nil if the text does not begin with the scheme.
    ///
    /// Compares bytes: `hasPrefix` does not match a scheme whose last character combines with a following mark.
    func rest(after scheme: String) -> String? {
        utf8.starts(with: scheme.utf8) ? String(Substring(utf8.dropFirst(scheme.utf8.count))) : nil
    }
}
