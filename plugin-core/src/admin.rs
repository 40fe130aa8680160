//! Pages of the admin area: what a plugin says of one, and what it gives back.

use std::time::Duration;

use crate::{
    context::{call::Scope, shared::BoxFuture},
    error::Result,
    id::UserId,
    shape::Owner,
};

/// The admin who looks at a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// Who it is.
    pub user: UserId,
}

/// A piece of HTML, safe to be put into a page.
///
/// ```
/// use plugin_core::Html;
///
/// let html = Html::trusted("<p>").text("1 < 2").raw("</p>");
/// assert_eq!(html.as_str(), "<p>1 &lt; 2</p>");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// Nothing, to be added to.
    pub fn new() -> Self {
        Self::default()
    }

    /// HTML that its author wrote. Data belongs into [`text`](Self::text).
    pub fn trusted(html: impl Into<String>) -> Self {
        Self(html.into())
    }

    /// Adds HTML that its author wrote.
    #[must_use]
    pub fn raw(mut self, html: &str) -> Self {
        self.0.push_str(html);
        self
    }

    /// Adds data, in element content or a quoted attribute value: what would be markup is escaped.
    #[must_use]
    pub fn text(mut self, text: impl std::fmt::Display) -> Self {
        for character in text.to_string().chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                other => self.0.push(other),
            }
        }
        self
    }

    /// The HTML.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What `#[admin_page]` leaves.
#[derive(Debug)]
pub struct AdminPageItem {
    /// Whose page it is.
    pub owner: Owner,
    /// Its path below the plugin's own, `/dashboard`.
    pub path: &'static str,
    /// Its title.
    pub title: &'static str,
    /// The name of its icon, if it has one.
    pub icon: Option<&'static str>,
    /// What programs know it by.
    pub component: &'static str,
    /// Under what it is listed.
    pub group: &'static str,
    /// How long it may take to render.
    pub timeout: Option<Duration>,
    /// Renders it.
    pub run: for<'a> fn(&'a Scope, Admin) -> BoxFuture<'a, Result<Html>>,
}

impl AdminPageItem {
    /// Where the page is listed: `/{plugin}{path}`. It is served at `/admin/pages` followed by this.
    pub fn listed_path(&self) -> String {
        format!("/{}{}", self.owner.id, self.path)
    }
}
