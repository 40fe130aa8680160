//! How a name written for Rust reads on the wire.

/// `daily_cleanup`, `dailyCleanup` and `DailyCleanup` as `daily-cleanup`.
///
/// ```
/// assert_eq!(plugin_syntax::kebab("daily_cleanup"), "daily-cleanup");
/// assert_eq!(plugin_syntax::kebab("HTTPServer2"), "http-server2");
/// ```
pub fn kebab(name: &str) -> String {
    words(name).join("-")
}

/// `daily_cleanup` as `DailyCleanup`.
///
/// ```
/// assert_eq!(plugin_syntax::pascal("extension_dashboard"), "ExtensionDashboard");
/// ```
pub fn pascal(name: &str) -> String {
    words(name).iter().map(|word| capitalized(word)).collect()
}

/// `daily_cleanup` as `dailyCleanup`.
///
/// ```
/// assert_eq!(plugin_syntax::camel("ended_at"), "endedAt");
/// ```
pub fn camel(name: &str) -> String {
    let words = words(name);
    words.iter().enumerate().map(|(at, word)| if at == 0 { word.clone() } else { capitalized(word) }).collect()
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The words of a name, in lower case. A word ends at `_` or `-`, before a capital that follows a small letter or a digit, and
/// before the last of several capitals if a small letter follows it.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.strip_prefix("r#").unwrap_or(name).chars().collect();
    let mut words = vec![String::new()];
    for (at, &letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(at + 1);
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase() || before.is_ascii_digit() || after.is_some_and(|after| after.is_lowercase())
            });
        if begins || matches!(letter, '_' | '-') {
            words.push(String::new());
        }
        if let (Some(word), false) = (words.last_mut(), matches!(letter, '_' | '-')) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_gives_the_same_words() {
        for name in
            ["daily_cleanup", "dailyCleanup", "DailyCleanup", "daily-cleanup", "_daily__cleanup_", "DAILY_CLEANUP"]
        {
            assert_eq!(kebab(name), "daily-cleanup", "{name}");
            assert_eq!(pascal(name), "DailyCleanup", "{name}");
            assert_eq!(camel(name), "dailyCleanup", "{name}");
        }
    }

    #[test]
    fn raw_identifiers_lose_their_mark() {
        assert_eq!(kebab("r#type"), "type");
    }

    #[test]
    fn nothing_stays_nothing() {
        assert_eq!((kebab("__"), pascal(""), camel("_")), (String::new(), String::new(), String::new()));
    }
}
