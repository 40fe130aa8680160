//! How RocksDB is set up: safety first, then memory that does not grow with the number of plugins.

use rocksdb::{
    BlockBasedOptions, Cache, DBCompressionType, DBRecoveryMode, DataBlockIndexType, LogLevel, Options, ReadOptions,
    WriteBufferManager, WriteOptions,
};

const MIB: usize = 1 << 20;

/// What all column families share, and the options made from it.
pub(super) struct Tuning {
    table: BlockBasedOptions,
    buffers: WriteBufferManager,
}

impl Tuning {
    pub(super) fn new() -> Self {
        // Readers of this cache take no lock, and find their block at once. It learns the size of its entries by itself.
        let cache = Cache::new_hyper_clock_cache(64 * MIB, 0);
        let mut table = BlockBasedOptions::default();
        // For documents of some hundred bytes: fewer blocks to be found, fewer keys to be passed on the way to one, and a hash
        // that leads to a single key without a search.
        table.set_block_size(8 << 10);
        table.set_block_restart_interval(4);
        table.set_data_block_index_type(DataBlockIndexType::BinaryAndHash);
        // Entries a bucket. Two keys in one bucket are searched for all the same; so thin, three of four have one to themselves.
        table.set_data_block_hash_ratio(0.3);
        table.set_block_cache(&cache);
        table.set_bloom_filter(10.0, false);
        // Index and filter blocks count against the cache: otherwise they grow outside every limit.
        table.set_cache_index_and_filter_blocks(true);
        table.set_pin_l0_filter_and_index_blocks_in_cache(true);
        Self { table, buffers: WriteBufferManager::new_write_buffer_manager(128 * MIB, false) }
    }

    /// Options of the database as a whole.
    pub(super) fn database(&self) -> Options {
        let mut options = self.family();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        options.set_paranoid_checks(true);
        // RocksDB's default opens in spite of a flipped byte in its log and silently drops the acknowledged rows behind it. This
        // mode forgives the torn end that a crash leaves, which nobody was told of, and refuses everything else.
        options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
        // A log file that is missing as a whole is noticed as well.
        options.set_track_and_verify_wals_in_manifest(true);
        options.set_max_total_wal_size(256 * MIB as u64);
        options.set_write_buffer_manager(&self.buffers);
        options.set_max_open_files(512);
        options.set_max_background_jobs(2);
        // Files that a finished read was the last to need are deleted in the background, not on the reader's thread.
        options.set_avoid_unnecessary_blocking_io(true);
        options.set_log_level(LogLevel::Warn);
        options.set_keep_log_file_num(5);
        options.set_max_log_file_size(4 * MIB);
        options
    }

    /// Options of one column family.
    pub(super) fn family(&self) -> Options {
        let mut options = Options::default();
        options.set_block_based_table_factory(&self.table);
        options.set_write_buffer_size(8 * MIB);
        // The first write to a family takes one arena block: with the default of 1 MiB a thousand plugins were a gigabyte.
        options.set_arena_block_size(32 << 10);
        options.set_compression_type(DBCompressionType::Lz4);
        options.set_bottommost_compression_type(DBCompressionType::Zstd);
        options
    }
}

/// Options of every read.
pub(super) fn reading() -> ReadOptions {
    let mut options = ReadOptions::default();
    options.set_verify_checksums(true);
    options
}

/// When a group of commits counts as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flush {
    ToSystem,
    ToDisk,
}

pub(super) fn writing(flush: Flush) -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(flush == Flush::ToDisk);
    // A write that has to wait for tables to be made fails at once and is written again: whoever waits inside RocksDB for a disk
    // that is full waits until it no longer is.
    options.set_no_slowdown(true);
    options
}
