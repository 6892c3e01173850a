//! The durable file: one line of JSON per committed change, appended before the change is acknowledged.
//! A kill in the middle of a line loses only a change nobody was told about.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::store::Record;

/// One step of a change.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The record is as given, new or replaced.
    Put(Record),
    /// The record with this id is gone.
    Drop(String),
}

/// An open journal. While it lives no other process can open the same file.
#[derive(Debug)]
pub struct Journal {
    file: File,
    length: u64,
    _lock: File,
}

impl Journal {
    /// Reads all changes in `path`, oldest first; a torn last line is left out.
    ///
    /// # Errors
    /// The file is held by another process, unreadable, or damaged before its last line.
    pub fn read(path: &Path) -> io::Result<(Vec<Step>, File)> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let lock = locked(path)?;
        let mut steps = Vec::new();
        let lines: Vec<String> = match File::open(path) {
            Ok(file) => {
                BufReader::new(file).split(b'\n').map(|line| Ok(String::from_utf8_lossy(&line?).into_owned())).collect::<io::Result<_>>()?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        for (number, line) in lines.iter().enumerate() {
            match serde_json::from_str::<Vec<Step>>(line) {
                Ok(change) => steps.extend(change),
                Err(_) if number + 1 == lines.len() => {}
                Err(error) => {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{}:{}: {error}", path.display(), number + 1)));
                }
            }
        }
        Ok((steps, lock))
    }

    /// Replaces the file by one that holds exactly `records`, and keeps it open for more.
    pub fn rewrite<'r>(path: &Path, lock: File, records: impl Iterator<Item = &'r Record>) -> io::Result<Self> {
        let fresh = beside(path, "new");
        let mut writer = BufWriter::new(File::create(&fresh)?);
        for record in records {
            serde_json::to_writer(&mut writer, &[Step::Put(record.clone())])?;
            writer.write_all(b"\n")?;
        }
        writer.into_inner()?.sync_all()?;
        std::fs::rename(&fresh, path)?;
        let file = OpenOptions::new().append(true).open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { file, length, _lock: lock })
    }

    /// Appends one change, whole or not at all.
    pub fn append(&mut self, change: &[Step]) -> io::Result<()> {
        let mut line = serde_json::to_vec(change)?;
        line.push(b'\n');
        if let Err(error) = self.file.write_all(&line) {
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += line.len() as u64;
        Ok(())
    }
}

/// The lock beside the data file. A predecessor that is just ending gets two seconds to let go.
fn locked(path: &Path) -> io::Result<File> {
    let lock = File::create(beside(path, "lock"))?;
    for _ in 0..20 {
        if lock.try_lock().is_ok() {
            return Ok(lock);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err(io::Error::new(io::ErrorKind::ResourceBusy, format!("{} is used by another process", path.display())))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}
