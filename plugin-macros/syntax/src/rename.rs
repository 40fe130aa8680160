//! How serde writes names under `rename_all`. A document's bytes have no names, so what stands beside them must say the same as
//! serde does, to the letter: that is why these rules are serde's, and not those of the neighbouring `case`.

/// A rule of `rename_all`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rename {
    /// `lowercase`
    Lower,
    /// `UPPERCASE`
    Upper,
    /// `PascalCase`
    Pascal,
    /// `camelCase`
    Camel,
    /// `snake_case`
    Snake,
    /// `SCREAMING_SNAKE_CASE`
    ScreamingSnake,
    /// `kebab-case`
    Kebab,
    /// `SCREAMING-KEBAB-CASE`
    ScreamingKebab,
}

const RULES: [(&str, Rename); 8] = [
    ("lowercase", Rename::Lower),
    ("UPPERCASE", Rename::Upper),
    ("PascalCase", Rename::Pascal),
    ("camelCase", Rename::Camel),
    ("snake_case", Rename::Snake),
    ("SCREAMING_SNAKE_CASE", Rename::ScreamingSnake),
    ("kebab-case", Rename::Kebab),
    ("SCREAMING-KEBAB-CASE", Rename::ScreamingKebab),
];

impl Rename {
    /// The rule that serde calls `name`.
    pub fn named(name: &str) -> Option<Self> {
        RULES.iter().find(|(known, _)| *known == name).map(|(_, rule)| *rule)
    }

    /// The name of a field, which is written in snake_case.
    ///
    /// ```
    /// use plugin_syntax::Rename;
    ///
    /// assert_eq!(Rename::Camel.field("ended_at"), "endedAt");
    /// ```
    pub fn field(self, name: &str) -> String {
        match self {
            Self::Lower | Self::Snake => name.to_owned(),
            Self::Upper | Self::ScreamingSnake => name.to_ascii_uppercase(),
            Self::Pascal => capitalized(name),
            Self::Camel => with_small_first(&capitalized(name)),
            Self::Kebab => name.replace('_', "-"),
            Self::ScreamingKebab => name.to_ascii_uppercase().replace('_', "-"),
        }
    }

    /// The name of a variant, which is written in PascalCase.
    ///
    /// ```
    /// use plugin_syntax::Rename;
    ///
    /// assert_eq!(Rename::Kebab.variant("HandedOver"), "handed-over");
    /// ```
    pub fn variant(self, name: &str) -> String {
        match self {
            Self::Pascal => name.to_owned(),
            Self::Lower => name.to_ascii_lowercase(),
            Self::Upper => name.to_ascii_uppercase(),
            Self::Camel => with_small_first(name),
            Self::Snake => snake(name),
            Self::ScreamingSnake => snake(name).to_ascii_uppercase(),
            Self::Kebab => snake(name).replace('_', "-"),
            Self::ScreamingKebab => snake(name).to_ascii_uppercase().replace('_', "-"),
        }
    }
}

/// Without its underscores, what followed them in capitals.
fn capitalized(name: &str) -> String {
    let mut begins = true;
    let letters = name.chars().filter_map(|letter| match (letter, std::mem::replace(&mut begins, letter == '_')) {
        ('_', _) => None,
        (letter, true) => Some(letter.to_ascii_uppercase()),
        (letter, false) => Some(letter),
    });
    letters.collect()
}

fn with_small_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

/// An underscore before every capital but the first letter.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for (at, letter) in name.char_indices() {
        if at > 0 && letter.is_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    /// serde's own table, and names that people do write.
    #[test]
    fn names_are_those_that_serde_writes() {
        for (name, rule, field) in [
            ("ended_at", Rename::Camel, "endedAt"),
            ("ended_at", Rename::Pascal, "EndedAt"),
            ("_id", Rename::Camel, "id"),
            ("a2_b", Rename::Camel, "a2B"),
            ("userID", Rename::Camel, "userID"),
            ("ended_at", Rename::Lower, "ended_at"),
            ("ended_at", Rename::Upper, "ENDED_AT"),
            ("ended_at", Rename::Kebab, "ended-at"),
            ("ended_at", Rename::ScreamingKebab, "ENDED-AT"),
            ("z42", Rename::ScreamingSnake, "Z42"),
        ] {
            assert_eq!(rule.field(name), field, "{rule:?}");
        }
        for (name, rule, variant) in [
            ("HandedOver", Rename::Camel, "handedOver"),
            ("HTTPError", Rename::Camel, "hTTPError"),
            ("HTTPError", Rename::Snake, "h_t_t_p_error"),
            ("HandedOver", Rename::Pascal, "HandedOver"),
            ("HandedOver", Rename::Lower, "handedover"),
            ("HandedOver", Rename::Upper, "HANDEDOVER"),
            ("HandedOver", Rename::ScreamingSnake, "HANDED_OVER"),
            ("HandedOver", Rename::ScreamingKebab, "HANDED-OVER"),
        ] {
            assert_eq!(rule.variant(name), variant, "{rule:?}");
        }
    }

    #[test]
    fn rules_have_the_names_that_serde_knows() {
        assert_eq!(Rename::named("SCREAMING-KEBAB-CASE"), Some(Rename::ScreamingKebab));
        assert_eq!(Rename::named("camel"), None);
    }
}
