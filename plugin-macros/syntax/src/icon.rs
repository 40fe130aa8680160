//! Icons of admin pages: a closed set of Lucide's names. The server carries the pictures.

use crate::nearest::hint;

/// There is no icon of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no icon `{name}`{hint}")]
pub struct IconError {
    name: String,
    hint: String,
}

/// All icons, sorted.
pub fn icons() -> impl Iterator<Item = &'static str> {
    include_str!("../icons.txt").lines()
}

/// The icon `name`, as it is in the table.
///
/// # Errors
/// Where there is none; the nearest one is named.
///
/// ```
/// assert_eq!(plugin_syntax::icon("chart-bar"), Ok("chart-bar"));
/// assert!(plugin_syntax::icon("chart-barr").unwrap_err().to_string().contains("did you mean `chart-bar`?"));
/// ```
pub fn icon(name: &str) -> Result<&'static str, IconError> {
    icons().find(|known| *known == name).ok_or_else(|| {
        let hint = match hint(name, icons()) {
            none if none.is_empty() => format!("; there are: {}", icons().collect::<Vec<_>>().join(", ")),
            near => near,
        };
        IconError { name: name.to_owned(), hint }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_none_is_near_all_are_listed() {
        let said = icon("spaceship").expect_err("Lucide has none").to_string();
        assert!(said.starts_with("there is no icon `spaceship`; there are: activity, archive,"), "{said}");
    }

    #[test]
    fn the_table_is_sorted_and_has_each_name_once() {
        let names: Vec<_> = icons().collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        assert!(names.len() >= 80);
    }
}
