//! A folder of backups as RocksDB lays it out: a list of files with their checksums for each backup, what is of one backup alone, and
//! what several share. Read here, since RocksDB opens such a folder only to change it, and looks at no byte of what it keeps.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use plugin_core::Timestamp;

use super::Backup;
use crate::rocks::crc32c::Crc32c;

const LISTS: &str = "meta";
const OWN: &str = "private";
const SHARED: &str = "shared_checksum";
/// How much of a file is read at a time, in bytes.
const PIECE: usize = 1 << 20;

/// A file of a backup that is not what was backed up, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Damage {
    pub(super) file: PathBuf,
    pub(super) what: String,
}

/// What a backup consists of.
#[derive(Debug, Default, PartialEq, Eq)]
struct List {
    /// In seconds since the Unix epoch.
    made_at: i64,
    /// Where each file is, from the folder on, and its checksum.
    files: Vec<(String, u32)>,
}

/// The checksums of files that were read already, or what is wrong with them: several backups share them.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeMap<String, Result<u32, String>>);

/// A backup as its list tells of it.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) backup: Backup,
    list: Result<List, Damage>,
}

/// The numbers of the backups in `folder`, lowest first; none if there is no such folder.
///
/// # Errors
/// If the folder cannot be read.
pub(super) fn ids(folder: &Path) -> io::Result<Vec<u32>> {
    let names = if_there(names(&folder.join(LISTS)))?.unwrap_or_default();
    let mut ids: Vec<u32> = names.iter().filter_map(|name| number(name)).collect();
    ids.sort_unstable();
    Ok(ids)
}

/// The backup `id` of `folder`, whose files nobody has looked at. None if there is none.
///
/// # Errors
/// If its list cannot be read.
pub(super) fn listed(folder: &Path, id: u32) -> io::Result<Option<Listed>> {
    let path = folder.join(LISTS).join(id.to_string());
    let Some(text) = if_there(fs::read(&path))? else { return Ok(None) };
    let list = List::read(&text).map_err(|what| Damage { file: path.clone(), what: what.to_owned() });
    let (seconds, files) = match &list {
        Ok(list) => (Some(list.made_at), list.files.len()),
        Err(_) => (path.metadata()?.modified().ok().and_then(seconds), 0),
    };
    let made_at = Timestamp::from_nanosecond(i128::from(seconds.unwrap_or_default()) * 1_000_000_000);
    let sizes = list.iter().flat_map(|list| &list.files).filter_map(|(name, _)| folder.join(name).metadata().ok());
    let backup = Backup {
        id,
        made_at: made_at.unwrap_or(Timestamp::UNIX_EPOCH),
        size: sizes.map(|file| file.len()).sum(),
        files: u32::try_from(files).unwrap_or(u32::MAX),
        damage: None,
    };
    Ok(Some(Listed { backup, list }))
}

/// The backup `id` of `folder`, and which of its files is not what was backed up: all of them are read. None if there is none.
///
/// # Errors
/// If its list cannot be read.
pub(super) fn looked_at(folder: &Path, id: u32, known: &mut Known) -> io::Result<Option<(Backup, Option<Damage>)>> {
    let Some(Listed { mut backup, list }) = listed(folder, id)? else { return Ok(None) };
    let damage = match list {
        Ok(list) => list.damage(folder, known),
        Err(damage) => Some(damage),
    };
    // Whoever deletes a backup begins with its list.
    if damage.is_some() && !folder.join(LISTS).join(id.to_string()).exists() {
        return Ok(None);
    }
    backup.damage = damage.as_ref().map(|Damage { file, what }| format!("{}: {what}", file.display()));
    Ok(Some((backup, damage)))
}

/// Deletes the backups `ids` of `folder`, and every file that none of the others has.
///
/// # Errors
/// If a file cannot be read or deleted. What is left is deleted by the next call.
pub(super) fn delete(folder: &Path, ids: &[u32]) -> io::Result<()> {
    let lists = folder.join(LISTS);
    for id in ids {
        if_there(fs::remove_file(lists.join(id.to_string())))?;
    }
    // No list is left of which files have gone, also if the machine stops now.
    File::open(&lists)?.sync_all()?;
    let (mut left, mut used) = (BTreeSet::new(), BTreeSet::new());
    let mut all_are_known = true;
    for id in self::ids(folder)? {
        left.insert(id);
        match List::read(&fs::read(lists.join(id.to_string()))?) {
            Ok(list) => used.extend(list.files.into_iter().map(|(name, _)| name)),
            Err(_) => all_are_known = false,
        }
    }
    for name in if_there(names(&folder.join(OWN)))?.unwrap_or_default() {
        if number(&name).is_none_or(|id| !left.contains(&id)) {
            fs::remove_dir_all(folder.join(OWN).join(name))?;
        }
    }
    // What a list that cannot be read was of is not known.
    for name in if_there(names(&folder.join(SHARED)))?.filter(|_| all_are_known).unwrap_or_default() {
        if !used.contains(&format!("{SHARED}/{name}")) {
            fs::remove_file(folder.join(SHARED).join(name))?;
        }
    }
    Ok(())
}

impl List {
    /// The list as RocksDB writes it: when, up to which write, perhaps what its user noted, how many files, and a line for each.
    fn read(text: &[u8]) -> Result<Self, &'static str> {
        let text = std::str::from_utf8(text).map_err(|_| "it is no text")?;
        let mut lines = text.lines();
        let made_at = lines.next().and_then(|line| line.parse().ok()).ok_or("it does not say when it was made")?;
        let mut lines = lines.skip(1).skip_while(|line| line.starts_with("metadata "));
        let count: usize =
            lines.next().and_then(|line| line.parse().ok()).ok_or("it does not say how many files there are")?;
        let file = |line: &str| match line.split(' ').collect::<Vec<_>>()[..] {
            [name, "crc32", checksum] => Some((name.to_owned(), checksum.parse().ok()?)),
            _ => None,
        };
        let files: Option<Vec<_>> = lines.map(file).collect();
        let files = files.ok_or("a line of it is no file with its checksum")?;
        match files.len() == count {
            true => Ok(Self { made_at, files }),
            false => Err("it has another number of files than it says"),
        }
    }

    /// The first of the files that is not what it was.
    fn damage(&self, folder: &Path, known: &mut Known) -> Option<Damage> {
        self.files.iter().find_map(|(name, expected)| {
            let file = folder.join(name);
            let what = match known.checksum(&file, name) {
                Err(what) => what,
                Ok(found) if found == *expected => return None,
                Ok(found) => format!("its checksum is {found:08x} and was {expected:08x} when it was backed up"),
            };
            Some(Damage { file, what })
        })
    }
}

impl Known {
    /// The checksum of `file`, which lists call `name`, or why there is none.
    fn checksum(&mut self, file: &Path, name: &str) -> Result<u32, String> {
        if let Some(known) = self.0.get(name) {
            return known.clone();
        }
        let found = File::open(file).and_then(checksum).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "it is missing".to_owned(),
            _ => format!("it cannot be read: {error}"),
        });
        self.0.insert(name.to_owned(), found.clone());
        found
    }
}

fn checksum(mut file: File) -> io::Result<u32> {
    let (mut piece, mut sum) = (vec![0; PIECE], Crc32c::new());
    loop {
        let read = file.read(&mut piece)?;
        match piece.get(..read).unwrap_or_default() {
            [] => return Ok(sum.finish()),
            bytes => sum = sum.then(bytes),
        }
    }
}

/// The names in `folder`.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// A backup that is being made has a name that is no number yet.
fn number(name: &str) -> Option<u32> {
    name.parse().ok().filter(|id: &u32| id.to_string() == name)
}

fn seconds(time: SystemTime) -> Option<i64> {
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

fn if_there<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
