//! The structure of a write-ahead log, as far as it tells whether the log is whole: blocks of 32 KiB, and in them records of a
//! header (checksum, length, type) and a payload. What the payloads say is RocksDB's business.
//!
//! A crash leaves a log that ends in the middle of a record. A flipped byte leaves one that goes on behind it, or whose end is all
//! there. RocksDB cannot tell the two apart in every case, and drops what is behind in some of them; here they are told apart.
//!
//! The format: <https://github.com/facebook/rocksdb/wiki/Write-Ahead-Log-File-Format>.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use super::crc32c::crc32c;

const BLOCK: usize = 32 << 10;
const HEADER: usize = 7;

/// What a log turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Every record is there.
    Whole,
    /// It ends in the middle of a write, as after a crash.
    Torn {
        /// Where that write begins.
        at: u64,
        /// How many bytes of it are there.
        bytes: u64,
    },
    /// Something in it is not what was written.
    Damaged {
        /// Where the record begins in which that is.
        at: u64,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// Looks at every record of `log`.
///
/// # Errors
/// If the file cannot be read.
pub(super) fn inspect(log: &Path) -> io::Result<Found> {
    let mut file = File::open(log)?;
    let mut walk = Walk::default();
    let (mut block, mut next) = (Vec::new(), read_block(&mut file)?);
    while !next.is_empty() {
        block.clone_from(&next);
        next = read_block(&mut file)?;
        let Err(Stop { offset, suspicion }) = walk.block(&block) else { continue };
        let at = walk.begins + offset as u64;
        let what = match suspicion {
            Suspicion::Damage(what) => what,
            Suspicion::End(what) => {
                let rest = block.get(offset..).unwrap_or_default();
                match has_record(rest) || goes_on(&mut file, next)? {
                    true => what,
                    false => return torn(log, walk.write.unwrap_or(at)),
                }
            }
        };
        return Ok(Found::Damaged { at, what });
    }
    walk.write.map_or(Ok(Found::Whole), |at| torn(log, at))
}

fn torn(log: &Path, at: u64) -> io::Result<Found> {
    let bytes = log.metadata()?.len().saturating_sub(at);
    Ok(Found::Torn { at, bytes })
}

/// The next block; less of it at the end of the file.
fn read_block(file: &mut File) -> io::Result<Vec<u8>> {
    let mut block = Vec::with_capacity(BLOCK);
    file.take(BLOCK as u64).read_to_end(&mut block)?;
    Ok(block)
}

/// Whether anything but zeros, which a file system may leave at the end of a file, is in the blocks from `block` on.
fn goes_on(file: &mut File, mut block: Vec<u8>) -> io::Result<bool> {
    while !block.is_empty() {
        if !is_zero(&block) {
            return Ok(true);
        }
        block = read_block(file)?;
    }
    Ok(false)
}

/// Whether a record begins behind the beginning of `rest`. What follows the torn end of a log is nothing.
fn has_record(rest: &[u8]) -> bool {
    let is_write = |record: &Record<'_>| !matches!(Kind::of(record.kind), Kind::Other | Kind::Reused);
    let records = (1..rest.len()).filter_map(|from| Record::read(rest.get(from..)?).ok());
    records.filter(is_write).any(|record| record.is_intact())
}

/// Where a walk stopped, from the beginning of the block.
struct Stop {
    offset: usize,
    suspicion: Suspicion,
}

#[derive(Clone, Copy)]
enum Suspicion {
    /// A crash does not leave this.
    Damage(&'static str),
    /// This is the end that a crash leaves, unless there is more behind it.
    End(&'static str),
}

#[derive(Default)]
struct Walk {
    /// Where the block begins in the file.
    begins: u64,
    /// Where the write begins of which records are still to come.
    write: Option<u64>,
}

impl Walk {
    /// Goes through the records of `block`, which is short only at the end of the file.
    fn block(&mut self, block: &[u8]) -> Result<(), Stop> {
        let mut offset = 0;
        while let Some(rest) = block.get(offset..).filter(|rest| !rest.is_empty()) {
            if BLOCK - offset < HEADER {
                // Too little for a header: the writer fills it with zeros, and nobody reads it.
                break;
            }
            let stop = |suspicion| Stop { offset, suspicion };
            let record = Record::read(rest).map_err(|suspicion| stop(self.beyond(rest, offset, suspicion)))?;
            if !record.is_intact() {
                return Err(stop(if is_zero(rest) {
                    Suspicion::End("records are missing")
                } else {
                    Suspicion::Damage("the checksum of a record does not match")
                }));
            }
            self.fragment(record.kind, self.begins + offset as u64).map_err(|what| stop(Suspicion::Damage(what)))?;
            offset += HEADER + record.payload.len();
        }
        self.begins += block.len() as u64;
        Ok(())
    }

    /// What to think of a record at `offset` that says it is longer than `rest`, which is what there is of it.
    fn beyond(&self, rest: &[u8], offset: usize, suspicion: Suspicion) -> Suspicion {
        let what = "the length of a record is wrong";
        let length = length(rest).unwrap_or_default();
        let is_whole_with_all = Record::of(rest, rest.len()).is_some_and(|record| record.is_intact());
        match offset + HEADER + length > BLOCK || is_whole_with_all {
            true => Suspicion::Damage(what),
            false => suspicion,
        }
    }

    /// Keeps account of the writes that take several records.
    fn fragment(&mut self, kind: u8, at: u64) -> Result<(), &'static str> {
        match (Kind::of(kind), self.write) {
            (Kind::Full | Kind::Other, None) | (Kind::Middle, Some(_)) => {}
            (Kind::First, None) => self.write = Some(at),
            (Kind::Last, Some(_)) => self.write = None,
            (Kind::Reused, _) => return Err("a record has the type of another kind of log"),
            (Kind::Full | Kind::Other | Kind::First, Some(_)) => return Err("the end of a write is missing"),
            (Kind::Middle | Kind::Last, None) => return Err("the beginning of a write is missing"),
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Full,
    First,
    Middle,
    Last,
    /// Of log files that are used again, which ours are not: RocksDB takes such a record for the end of the log.
    Reused,
    /// Says something about the log.
    Other,
}

impl Kind {
    fn of(byte: u8) -> Self {
        match byte {
            1 => Self::Full,
            2 => Self::First,
            3 => Self::Middle,
            4 => Self::Last,
            5..=8 | 11 | 131 => Self::Reused,
            _ => Self::Other,
        }
    }
}

/// One record: a write, or the part of one that fits into a block.
struct Record<'a> {
    checksum: u32,
    kind: u8,
    /// What the checksum is of: the type and the payload.
    covered: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Record<'a> {
    /// The record at the beginning of `rest`.
    fn read(rest: &'a [u8]) -> Result<Self, Suspicion> {
        let record = length(rest).and_then(|length| Self::of(rest, HEADER + length));
        record.ok_or(Suspicion::End("a record ends too early"))
    }

    /// The first `size` bytes of `rest` as a record.
    fn of(rest: &'a [u8], size: usize) -> Option<Self> {
        let whole = rest.get(..size)?;
        let (checksum, rest) = whole.split_first_chunk()?;
        let covered = rest.get(2..)?;
        let (&kind, payload) = covered.split_first()?;
        Some(Self { checksum: u32::from_le_bytes(*checksum), kind, covered, payload })
    }

    fn is_intact(&self) -> bool {
        // Stored in disguise, since a checksum of data that contains checksums is weak.
        let sum = self.checksum.wrapping_sub(0xa282_ead8);
        sum.rotate_right(17) == crc32c(self.covered)
    }
}

fn length(rest: &[u8]) -> Option<usize> {
    let bytes = rest.get(4..6)?.first_chunk()?;
    Some(usize::from(u16::from_le_bytes(*bytes)))
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log of `writes`, as RocksDB would have written it.
    fn log_of(writes: &[Vec<u8>]) -> Vec<u8> {
        let mut log: Vec<u8> = Vec::new();
        for write in writes {
            let (mut rest, mut first) = (&write[..], true);
            loop {
                let left = BLOCK - log.len() % BLOCK;
                if left < HEADER {
                    log.resize(log.len() + left, 0);
                    continue;
                }
                let (part, behind) = rest.split_at(rest.len().min(left - HEADER));
                let kind = match (first, behind.is_empty()) {
                    (true, true) => 1,
                    (true, false) => 2,
                    (false, false) => 3,
                    (false, true) => 4,
                };
                let covered = [&[kind], part].concat();
                let sum = crc32c(&covered).rotate_left(17).wrapping_add(0xa282_ead8);
                log.extend(sum.to_le_bytes());
                log.extend(u16::try_from(part.len()).expect("less than a block").to_le_bytes());
                log.extend(covered);
                (rest, first) = (behind, false);
                if behind.is_empty() {
                    break;
                }
            }
        }
        log
    }

    fn found(log: &[u8]) -> Found {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), log).expect("written");
        inspect(file.path()).expect("read")
    }

    /// Small writes, one over several blocks, one that leaves too little for a header at the end of its block, small ones.
    fn writes() -> Vec<Vec<u8>> {
        let mut writes: Vec<_> = (1..40_u8).map(|n| vec![n; usize::from(n) * 7]).collect();
        writes.push((0..=255_u8).cycle().take(3 * BLOCK).collect());
        let used = log_of(&writes).len() % BLOCK;
        writes.push(vec![7; BLOCK - used - HEADER - 3]);
        writes.extend((1..20_u8).map(|n| vec![n; 50]));
        writes
    }

    #[test]
    fn a_log_that_was_closed_is_whole() {
        assert_eq!(found(&[]), Found::Whole);
        assert_eq!(found(&log_of(&writes())), Found::Whole);
    }

    #[test]
    fn a_log_cut_anywhere_is_torn_where_its_last_write_begins() {
        let (mut begins, mut so_far) = (vec![], vec![]);
        for write in writes() {
            // Zeros before a write are the end of the block before.
            begins.push(log_of(&so_far).len());
            so_far.push(write);
        }
        let log = log_of(&so_far);
        for cut in (1..log.len()).step_by(13) {
            let begun = *begins.iter().filter(|begin| **begin < cut).max().expect("the first begins at 0");
            let ends = log_of(&so_far[..begins.iter().filter(|begin| **begin < cut).count()]).len();
            let expected = match cut >= ends {
                true => Found::Whole,
                false => Found::Torn { at: begun as u64, bytes: (cut - begun) as u64 },
            };
            // The filling of a block belongs to no write.
            let block_end = begun.next_multiple_of(BLOCK);
            let expected = match block_end - begun < HEADER && block_end > begun {
                true if cut <= block_end => Found::Whole,
                true => Found::Torn { at: block_end as u64, bytes: (cut - block_end) as u64 },
                false => expected,
            };
            assert_eq!(found(&log[..cut]), expected, "cut at {cut}");
        }
    }

    #[test]
    fn zeros_at_the_end_are_no_records() {
        let log = log_of(&[vec![1; 100]]);
        let longer = [&log[..], &[0; 40_000]].concat();
        assert_eq!(found(&longer), Found::Torn { at: log.len() as u64, bytes: 40_000 });
    }

    #[test]
    fn every_flipped_bit_that_matters_is_damage() {
        let log = log_of(&[vec![1; 100], vec![], vec![3; 300], vec![4; 10]]);
        for (place, bit) in (0..log.len()).flat_map(|place| (0..8).map(move |bit| (place, bit))) {
            let mut flipped = log.clone();
            flipped[place] ^= 1 << bit;
            assert!(matches!(found(&flipped), Found::Damaged { .. }), "bit {bit} of byte {place}");
        }
    }
}
