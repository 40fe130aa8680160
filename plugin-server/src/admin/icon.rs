//! The pictures of `assets/icons`, put into pages as they are: a policy that allows no other source needs no exception for them.

static ICONS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/icons.rs"));

/// The picture `name`, which no screen reader speaks; nothing where there is none.
pub(super) fn svg(name: &str) -> String {
    let found = ICONS.binary_search_by_key(&name, |(known, _)| known).ok().and_then(|place| ICONS.get(place));
    found.map_or_else(String::new, |(_, svg)| {
        let from = svg.find("<svg").unwrap_or(0);
        svg.get(from..).unwrap_or_default().trim_end().replacen("<svg", "<svg aria-hidden=\"true\"", 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_that_an_attribute_takes_has_a_picture() {
        let missing: Vec<&str> = plugin_syntax::icons().filter(|name| svg(name).is_empty()).collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert!(ICONS.is_sorted());
    }

    #[test]
    fn pictures_bring_no_style_and_no_script() {
        for (name, svg) in ICONS {
            assert!(!svg.contains("style=") && !svg.contains("<script") && !svg.contains("<style"), "{name}");
        }
    }
}
