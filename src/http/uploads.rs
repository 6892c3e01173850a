//! Forms with files, `multipart/form-data`, read part by part. A file that is too large is read to its end all the same, and
//! thrown away: who is still sending would not hear why it is refused.

use super::actions::{LARGEST, Received, Unread};
use axum::body::Body;
use http::{HeaderMap, header};
use keel_domain::Refusal;
use keel_domain::access::{Read, SignedIn};
use keel_types::{Code, Fault};
use keel_web::action::Declared;
use keel_web::arrival::Arrival;
use keel_web::form::MOST_FIELDS;
use keel_web::problem::{FieldProblem, Problem};
use multer::{Constraints, Field, Multipart, SizeLimit};
use tokio::sync::Semaphore;

pub const MEDIA_TYPE: &str = "multipart/form-data";
/// The largest file that is taken, in bytes.
const LARGEST_FILE: usize = 1024 * 1024;
/// The largest form that is read to its end, in bytes.
const LONGEST: u64 = 8 * 1024 * 1024;
/// Forms with files that are under way at once.
const AT_ONCE: usize = 8;

static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);

/// Reads a form of this action, for people with a session. What was typed beside a file that is too large is kept.
pub async fn read(arrival: &Arrival, action: &Declared, headers: &HeaderMap, body: Body) -> Result<Received, Unread> {
    Read::<SignedIn>::open(&arrival.keel, arrival.asked.clone()).await.map_err(Problem::from)?;
    let place = PLACES.try_acquire().map_err(|_| Problem::from(Refusal::Unavailable))?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(kind).map_err(|_| Problem::new(Code::Malformed))?;
    let most = Constraints::new().size_limit(SizeLimit::new().whole_stream(LONGEST));
    let mut form = Form { parts: Multipart::with_constraints(body.into_data_stream(), boundary, most), texts: 0, too_large: vec![] };
    let mut received = Received { place: Some(place), ..Received::default() };
    match form.collect(action, &mut received).await {
        Ok(()) if form.too_large.is_empty() => Ok(received),
        Err(problem) if form.too_large.is_empty() => Err(Unread { fields: received.fields, problem: problem.into() }),
        // Whatever was wrong behind it: the file is what to mend.
        _ => {
            let problem = Problem { errors: form.too_large, ..Problem::new(Code::TooLarge) };
            Err(Unread { fields: received.fields, problem: problem.into() })
        }
    }
}

/// A form while it is read.
struct Form {
    parts: Multipart<'static>,
    /// Bytes of the texts so far.
    texts: usize,
    /// The files that are too large.
    too_large: Vec<FieldProblem>,
}

impl Form {
    async fn collect(&mut self, action: &Declared, received: &mut Received) -> Result<(), Problem> {
        while let Some(mut part) = self.parts.next_field().await.map_err(|error| told(&error))? {
            let name = part.name().unwrap_or_default().to_owned();
            if let Some(file) = action.files.iter().find(|file| **file == name) {
                received.files.extend(self.file(&mut part, file).await?.map(|bytes| (*file, bytes.into())));
            } else {
                let text = self.text(&mut part).await?;
                received.fields.0.push((name, text));
            }
            if received.fields.0.len() + received.files.len() > MOST_FIELDS {
                return Err(Problem::new(Code::Malformed));
            }
        }
        Ok(())
    }

    async fn file(&mut self, part: &mut Field<'static>, name: &str) -> Result<Option<Vec<u8>>, Problem> {
        let (mut bytes, mut fits) = (vec![], true);
        while let Some(chunk) = part.chunk().await.map_err(|error| told(&error))? {
            if fits && bytes.len() + chunk.len() > LARGEST_FILE {
                (bytes, fits) = (vec![], false);
                self.too_large.push(FieldProblem::new(name, Fault::FileTooLarge));
            }
            if fits {
                bytes.extend_from_slice(&chunk);
            }
        }
        Ok(fits.then_some(bytes))
    }

    async fn text(&mut self, part: &mut Field<'static>) -> Result<String, Problem> {
        let mut bytes = vec![];
        while let Some(chunk) = part.chunk().await.map_err(|error| told(&error))? {
            self.texts += chunk.len();
            if self.texts > LARGEST {
                return Err(Problem::new(Code::TooLarge));
            }
            bytes.extend_from_slice(&chunk);
        }
        String::from_utf8(bytes).map_err(|_| Problem::new(Code::Malformed))
    }
}

fn told(error: &multer::Error) -> Problem {
    Problem::new(if matches!(error, multer::Error::StreamSizeExceeded { .. }) { Code::TooLarge } else { Code::Malformed })
}
