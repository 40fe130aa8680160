//! The server: a socket, RocksDB and a wall clock for the host of plugin-core.

#[cfg(feature = "rocksdb")]
pub mod rocks;
