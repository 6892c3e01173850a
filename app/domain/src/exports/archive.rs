//! A zip that is written piece by piece: what is finished is taken out while the rest is still to come.

use crate::refusal::{Refusal, Result};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

/// A zip under way.
pub(super) struct Archive {
    zip: ZipWriter<StreamWriter<Finished>>,
    finished: Finished,
}

/// The bytes that are finished and not taken out yet.
#[derive(Clone, Default)]
struct Finished(Arc<Mutex<Vec<u8>>>);

impl Write for Finished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Archive {
    /// An empty one.
    pub fn new() -> Self {
        let finished = Finished::default();
        Self { zip: ZipWriter::new_stream(finished.clone()), finished }
    }

    /// Begins a file; what is added from now on stands in it.
    pub fn file(&mut self, name: &str) -> Result<()> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).large_file(true);
        self.zip.start_file(name, options).map_err(|error| Refusal::internal(&error))
    }

    /// Adds to the file.
    pub fn add(&mut self, text: &str) -> Result<()> {
        self.zip.write_all(text.as_bytes()).map_err(|error| Refusal::internal(&error))
    }

    /// Takes out what is finished, if it is at least so many bytes.
    pub fn take(&mut self, least: usize) -> Option<Vec<u8>> {
        let mut finished = self.finished.0.lock().unwrap_or_else(PoisonError::into_inner);
        (finished.len() >= least.max(1)).then(|| std::mem::take(&mut *finished))
    }

    /// Ends it; gives the last bytes.
    pub fn end(self) -> Result<Vec<u8>> {
        let Self { zip, finished } = self;
        zip.finish().map_err(|error| Refusal::internal(&error))?;
        Ok(std::mem::take(&mut *finished.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}
