//! Which crates a server means to hold, so that one that the linker left out is noticed.

/// The crates that a `plugins!` names, as their libraries are called.
#[derive(Debug)]
pub struct Expected(pub &'static [&'static str]);

inventory::collect!(Expected);

impl Expected {
    /// All that this binary's `plugins!` name.
    pub fn linked() -> impl Iterator<Item = &'static str> {
        inventory::iter::<Self>().flat_map(|expected| expected.0.iter().copied())
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
                $crate::linking::Expected(&[$($crate::plugins!(@real $name $($real)?)),*])
            }
        };
    };
    (@real $name:ident) => { ::core::stringify!($name) };
    (@real $name:ident $real:ident) => { ::core::stringify!($real) };
}
