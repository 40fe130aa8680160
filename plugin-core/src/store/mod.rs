//! What plugins store, above a storage engine that can be exchanged.

pub mod db;
pub mod engine;
