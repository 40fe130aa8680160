//! "Did you mean …?"

/// The one of `known` that a person who wrote `name` most likely meant, if one is close enough to be worth saying.
///
/// ```
/// assert_eq!(plugin_syntax::nearest("tiemout", ["name", "timeout"]), Some("timeout"));
/// assert_eq!(plugin_syntax::nearest("colour", ["name", "timeout"]), None);
/// ```
pub fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let lower = name.to_lowercase();
    let tolerated = (name.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&lower, &known.to_lowercase()), known))
        .filter(|(distance, _)| *distance <= tolerated)
        .min()
        .map(|(_, known)| known)
}

/// `; did you mean …?`, or nothing.
pub(crate) fn hint<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    nearest(name, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_case_is_the_nearest_of_all() {
        assert_eq!(nearest("america/new_york", ["America/New_York", "America/Nuuk"]), Some("America/New_York"));
    }

    #[test]
    fn short_names_are_not_guessed_wildly() {
        assert_eq!(nearest("a", ["bc", "de"]), None);
    }
}
