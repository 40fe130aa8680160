//! What plugins store, above a storage engine that can be exchanged.

pub mod codec;
pub mod conformance;
pub mod cursor;
pub mod db;
mod documents;
pub mod engine;
pub mod error;
pub mod filter;
pub mod key;
pub mod mem;
pub mod page;
pub mod query;
mod scan;
mod search;
mod sort;
pub mod value;

pub use cursor::Cursor;
pub use db::Db;
pub use error::StoreError;
pub use filter::Filter;
pub use mem::MemEngine;
pub use page::{Entry, Page, Revision, Versioned};
pub use value::Value;
