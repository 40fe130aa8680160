//! What plugins store, above a storage engine that can be exchanged.

pub mod codec;
pub mod conformance;
pub mod db;
pub mod engine;
pub mod error;
pub mod filter;
pub mod key;
pub mod mem;
pub mod shim;
pub mod value;

pub use db::Db;
pub use error::StoreError;
pub use mem::MemEngine;
pub use shim::{Entry, Filter, Page, Revision, Versioned};
