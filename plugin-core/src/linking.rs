//! Which crates a server means to hold, so that one that the linker left out is noticed.

use std::fmt;

/// The crates that a `plugins!` names, and where it stands.
#[derive(Debug)]
pub struct Expected {
    /// The crates, as they are written there.
    pub crates: &'static [&'static str],
    /// `file!()`.
    pub file: &'static str,
    /// `line!()`.
    pub line: u32,
}

/// One of them.
#[derive(Debug, Clone, Copy)]
pub struct Named {
    /// What its library is called.
    pub library: &'static str,
    /// The file of the `plugins!`.
    pub file: &'static str,
    /// Its line.
    pub line: u32,
}

inventory::collect!(Expected);

impl Expected {
    /// All that this binary's `plugins!` name.
    pub fn linked() -> impl Iterator<Item = Named> {
        inventory::iter::<Self>().flat_map(Self::named)
    }

    /// What this `plugins!` names. A crate whose name is a keyword is written `r#gen`, and called `gen`.
    fn named(&self) -> impl Iterator<Item = Named> {
        let Self { crates, file, line } = *self;
        crates.iter().map(move |name| Named { library: name.strip_prefix("r#").unwrap_or(name), file, line })
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Links plugin crates into a server, and expects each of them to hold a plugin.
///
/// A crate that is only listed in Cargo.toml contributes nothing: the compiler leaves out what no path names. A dependency that
/// Cargo.toml renames is written `its_name as real_name`.
///
/// ```ignore
/// plugin_core::plugins! { analytics, data_source, mine as github_integration }
/// ```
#[macro_export]
macro_rules! plugins {
    ($($name:ident $(as $real:ident)?),* $(,)?) => {
        $(use $name as _;)*
        const _: () = {
            $crate::__rt::inventory::submit! {
                $crate::linking::Expected {
                    crates: &[$($crate::plugins!(@real $name $($real)?)),*],
                    file: ::core::file!(),
                    line: ::core::line!(),
                }
            }
        };
    };
    (@real $name:ident) => { ::core::stringify!($name) };
    (@real $name:ident $real:ident) => { ::core::stringify!($real) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_named_like_a_keyword_is_expected_by_its_name() {
        let expected = Expected { crates: &["r#gen", "general"], file: "src/main.rs", line: 3 };
        let named: Vec<String> = expected.named().map(|it| format!("{} {it}", it.library)).collect();
        assert_eq!(named, ["gen src/main.rs:3", "general src/main.rs:3"]);
    }
}
