//! Pictures that people send: told apart by their bytes, decoded within bounds of size and memory, one at a time, and written
//! anew. Whatever else was in the file stays behind. Tested in `tests/flows/settings/logos.rs`.

use crate::refusal::{Refusal, Result};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits};
use keel_types::Fault;
use sha2::{Digest as _, Sha256};
use std::io::Cursor;
use tokio::sync::Semaphore;

/// Pixels a picture may be wide or high when it is sent.
pub const LARGEST: u32 = 3_000;
/// Pixels it is wide or high at most as it is kept.
pub const KEPT: u32 = 256;
/// Bytes that its pixels may take: eight each at most.
const MEMORY: u64 = 72_000_000;

/// Decoding takes as much as a hundred megabytes, so one picture is decoded at a time.
static TURN: Semaphore = Semaphore::const_new(1);

/// A picture as it is kept.
#[derive(Clone, Debug)]
pub struct Picture {
    /// PNG, at most [`KEPT`] pixels wide and high.
    pub png: Vec<u8>,
    /// The name of its file: other bytes have another name.
    pub name: String,
}

/// The picture in a file, made small; or what is wrong with the file.
pub(crate) async fn read(file: Vec<u8>) -> Result<std::result::Result<Picture, Fault>> {
    let turn = TURN.acquire().await.map_err(|error| Refusal::internal(&error))?;
    let decoded = tokio::task::spawn_blocking(move || {
        // Held until the work is done, even when nobody waits for it any more.
        let _held = turn;
        decode(&file)
    });
    decoded.await.map_err(|error| Refusal::internal(&error))
}

fn decode(file: &[u8]) -> std::result::Result<Picture, Fault> {
    let unreadable = |_| Fault::NotAPicture;
    let format = image::guess_format(file).map_err(unreadable)?;
    if !matches!(format, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP) {
        return Err(Fault::NotAPicture);
    }
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > LARGEST {
        return Err(Fault::TooManyPixels);
    }
    let turned = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    let mut small = if width.max(height) > KEPT { picture.thumbnail(KEPT, KEPT) } else { picture };
    small.apply_orientation(turned);
    let mut png = vec![];
    small.into_rgba8().write_to(&mut Cursor::new(&mut png), ImageFormat::Png).map_err(unreadable)?;
    Ok(Picture { name: name_of(&png), png })
}

fn name_of(png: &[u8]) -> String {
    use std::fmt::Write as _;
    let hash = Sha256::digest(png);
    let mut name = String::with_capacity(36);
    for byte in &hash[..16] {
        let _ = write!(name, "{byte:02x}");
    }
    name + ".png"
}
