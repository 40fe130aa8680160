//! What surrounds every page: navigation, and who looks.

use std::collections::BTreeMap;

use super::icon;
use crate::{
    http::{Server, Viewer},
    views,
};

/// The frame of a page.
pub(super) struct Shell {
    pub(super) user: String,
    /// What forms must repeat; none for a viewer with a token, who gets no forms.
    pub(super) csrf: Option<String>,
    pub(super) groups: Vec<Group>,
    at: String,
}

/// The links under one heading.
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) links: Vec<Link>,
}

/// A page of a plugin.
pub(super) struct Link {
    pub(super) href: String,
    pub(super) title: &'static str,
    pub(super) icon: &'static str,
}

impl Shell {
    /// The frame of the page at `at` that `viewer` looks at.
    pub(super) fn of(server: &Server, viewer: &Viewer, at: &str) -> Self {
        let mut groups: BTreeMap<&'static str, Vec<Link>> = BTreeMap::new();
        for page in views::pages(server.host.catalog()) {
            let href = format!("/admin/pages{}", page.path);
            let link = Link { href, title: page.title, icon: page.icon.unwrap_or("file") };
            groups.entry(page.group).or_default().push(link);
        }
        Self {
            user: viewer.user.to_string(),
            csrf: viewer.session.as_ref().map(|session| session.csrf.clone()),
            groups: groups.into_iter().map(|(name, links)| Group { name, links }).collect(),
            at: at.to_owned(),
        }
    }

    pub(super) fn is_at(&self, href: &str) -> bool {
        self.at == href
    }

    pub(super) fn icon(&self, name: &str) -> String {
        icon::svg(name)
    }
}
