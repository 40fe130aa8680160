//! The plugins of the guide, a module or folder each, and `conversations`, an example application that is itself a plugin.
//!
//! They depend on plugin-core alone, and know one another only by the types of the points and events that they share.

pub mod admin_extension;
pub mod analytics;
pub mod cleanup;
pub mod conversations;
pub mod data;
pub mod data_consumer;
pub mod data_source;
pub mod github_integration;

// The Rust of the README and of the guide is compiled and run with these plugins' tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/src/getting-started.md")]
struct Guide;

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/src/store.md")]
struct StorePage;

#[cfg(test)]
mod tests {
    #[test]
    fn documents_are_as_they_were() {
        plugin_core::testing::documents_match_lock("documents.lock");
    }
}
