//! `/stats/{app}/{*rest}`: paths of endpoints and pages.

use std::{fmt, str::FromStr};

/// A path with parameters, as `matchit` reads it: `{name}` is one segment, `{*name}` all that is left.
///
/// A trailing slash counts, case counts, and there are no patterns within a parameter: a handler says what it takes by type.
///
/// ```
/// let route: plugin_syntax::Route = "/stats/{app}/{*rest}".parse()?;
/// assert_eq!(route.parameters().collect::<Vec<_>>(), ["app", "rest"]);
/// # Ok::<(), plugin_syntax::RouteError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    path: String,
    parameters: Vec<String>,
}

/// Why a text is not a route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RouteError {
    /// It does not begin with a slash.
    #[error("the path `{0}` must begin with `/`")]
    NoSlash(String),
    /// It has two slashes in a row.
    #[error("the path `{0}` has an empty segment: write one `/` where there are two")]
    EmptySegment(String),
    /// A segment would be taken for a step in the tree.
    #[error("the path `{path}` has the segment `{segment}`, which clients resolve before they send it")]
    DotSegment {
        /// The path.
        path: String,
        /// The segment.
        segment: String,
    },
    /// A segment holds what a path cannot hold.
    #[error(
        "`{character}` in the path `{path}` is not allowed: use letters, digits and `- . _ ~`, and `{{name}}` for a whole segment"
    )]
    Character {
        /// The path.
        path: String,
        /// What it holds.
        character: char,
    },
    /// A parameter is not the whole of its segment, or has a brace too few or too many.
    #[error(
        "in the path `{path}` the segment `{segment}` is not one parameter: write `{{name}}`, or `{{*name}}` at the end for all that is left"
    )]
    Parameter {
        /// The path.
        path: String,
        /// The segment.
        segment: String,
    },
    /// A parameter has a pattern.
    #[error("in the path `{path}` the parameter `{segment}` has a pattern, and there are none: {instead}")]
    Pattern {
        /// The path.
        path: String,
        /// The segment.
        segment: String,
        /// What to write.
        instead: String,
    },
    /// A parameter's name is not an identifier.
    #[error(
        "in the path `{path}` the parameter `{name}` must be named by letters, digits and `_`, beginning with a letter or `_`"
    )]
    ParameterName {
        /// The path.
        path: String,
        /// The name.
        name: String,
    },
    /// Two parameters have one name.
    #[error("the path `{path}` has the parameter `{name}` twice")]
    Twice {
        /// The path.
        path: String,
        /// The name.
        name: String,
    },
    /// Something follows a `{*name}`.
    #[error("in the path `{path}` nothing can follow `{{*{name}}}`, which takes all that is left")]
    AfterRest {
        /// The path.
        path: String,
        /// The name.
        name: String,
    },
    /// The path has parameters where it may have none.
    #[error("the path `{path}` has the parameter `{name}`, and a page has none")]
    Parameterized {
        /// The path.
        path: String,
        /// The name.
        name: String,
    },
}

impl Route {
    /// The path, as it was written.
    pub fn as_str(&self) -> &str {
        &self.path
    }

    /// Its parameters' names, in order.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().map(String::as_str)
    }

    /// The same, where parameters have no use.
    ///
    /// # Errors
    /// [`RouteError::Parameterized`] where it has any.
    pub fn without_parameters(self) -> Result<Self, RouteError> {
        match self.parameters.first() {
            Some(name) => Err(RouteError::Parameterized { path: self.path, name: name.clone() }),
            None => Ok(self),
        }
    }
}

impl FromStr for Route {
    type Err = RouteError;

    fn from_str(path: &str) -> Result<Self, RouteError> {
        let rest = path.strip_prefix('/').ok_or_else(|| RouteError::NoSlash(path.to_owned()))?;
        let mut route = Self { path: path.to_owned(), parameters: Vec::new() };
        let mut segments = rest.split('/').peekable();
        while let Some(segment) = segments.next() {
            let last = segments.peek().is_none();
            match segment {
                // The last one is the trailing slash, which counts.
                "" if last => {}
                "" => return Err(RouteError::EmptySegment(route.path)),
                "." | ".." => return Err(RouteError::DotSegment { path: route.path, segment: segment.to_owned() }),
                _ if segment.contains(['{', '}']) => route.parameter(segment, last)?,
                _ => {
                    if let Some(character) = segment.chars().find(|c| !is_plain(*c)) {
                        return Err(RouteError::Character { path: route.path, character });
                    }
                }
            }
        }
        Ok(route)
    }
}

impl Route {
    fn parameter(&mut self, segment: &str, last: bool) -> Result<(), RouteError> {
        let path = || self.path.clone();
        let inner = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let inner = inner.filter(|inner| !inner.contains(['{', '}']));
        let Some(inner) = inner else {
            return Err(RouteError::Parameter { path: path(), segment: segment.to_owned() });
        };
        if let Some((name, pattern)) = inner.split_once(':') {
            let instead = match pattern {
                ".*" | ".+" => format!("write `{{*{name}}}` at the end for all that is left"),
                _ => format!("write `{{{name}}}` and let the type of `Path` decide"),
            };
            return Err(RouteError::Pattern { path: path(), segment: segment.to_owned(), instead });
        }
        let (name, takes_rest) = inner.strip_prefix('*').map_or((inner, false), |name| (name, true));
        let mut letters = name.chars();
        let named = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && letters.all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !named {
            return Err(RouteError::ParameterName { path: path(), name: name.to_owned() });
        }
        if self.parameters.iter().any(|known| known == name) {
            return Err(RouteError::Twice { path: path(), name: name.to_owned() });
        }
        if takes_rest && !last {
            return Err(RouteError::AfterRest { path: path(), name: name.to_owned() });
        }
        self.parameters.push(name.to_owned());
        Ok(())
    }
}

/// What RFC 3986 calls unreserved: it means itself, encoded or not.
fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '.' | '_' | '~')
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(path: &str) -> String {
        path.parse::<Route>().expect_err(path).to_string()
    }

    #[test]
    fn routes_are_routes_for_the_router_too() {
        for path in ["/", "/stats", "/stats/", "/stats/{app}", "/a/{b_2}/c/{*rest}", "/{*rest}", "/v1.2/~me/a_b-c"] {
            let route: Route = path.parse().expect(path);
            matchit::Router::new().insert(route.as_str(), ()).expect(path);
        }
    }

    #[test]
    fn each_mistake_has_its_sentence() {
        assert_eq!(refused("stats"), "the path `stats` must begin with `/`");
        assert_eq!(refused(""), "the path `` must begin with `/`");
        assert!(refused("/a//b").contains("empty segment"));
        assert!(refused("/a/../b").contains("`..`"));
        assert!(refused("/a b").starts_with("` ` in the path"));
        assert!(refused("/a?b=c").starts_with("`?` in the path"));
        assert!(refused("/a%20b").starts_with("`%` in the path"));
        assert!(refused("/a{b}").contains("`a{b}` is not one parameter"));
        assert!(refused("/{b").contains("`{b` is not one parameter"));
        assert!(refused("/{a}{b}").contains("is not one parameter"));
        assert!(refused("/{tail:.*}").contains("write `{*tail}` at the end"));
        assert!(refused("/{id:[0-9]+}").contains("write `{id}`"));
        assert!(refused("/{}").contains("must be named"));
        assert!(refused("/{1st}").contains("must be named"));
        assert!(refused("/{a}/{a}").contains("`a` twice"));
        assert!(refused("/{*a}/b").contains("nothing can follow `{*a}`"));
    }

    #[test]
    fn a_page_has_no_parameters() {
        let parse = |path: &str| path.parse::<Route>().and_then(Route::without_parameters);
        assert!(parse("/dashboard").is_ok());
        assert!(matches!(parse("/dashboard/{id}"), Err(RouteError::Parameterized { .. })));
    }
}
