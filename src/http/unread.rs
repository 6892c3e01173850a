//! What is left of a request's body once it is answered: read to its end, within bounds. A connection that is closed while somebody
//! still sends on it may lose the answer on its way to them.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, Request, header};
use hyper::body::{Body as _, Bytes, Frame, Incoming, SizeHint};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::timeout;

/// Bytes that are read and thrown away.
const MOST: usize = 1024 * 1024;
/// How long they may take to come.
const LONGEST: Duration = Duration::from_secs(2);

/// Where a body is put by whoever reads no further.
type Left = Arc<Mutex<Option<Incoming>>>;

/// A body that can be read to its end once nobody wants it any more.
struct Wanted {
    /// None only once it is left.
    body: Option<Incoming>,
    left: Left,
}

impl Drop for Wanted {
    fn drop(&mut self) {
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = self.body.take();
    }
}

impl hyper::body::Body for Wanted {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Incoming::size_hint)
    }
}

/// Answers, and hears whoever asks to the end: the connection then takes the next request. It is closed behind the answer to somebody
/// who sends too much or too slowly.
pub async fn heard_out<E>(
    request: Request<Incoming>,
    answer: impl AsyncFnOnce(Request<Body>) -> Result<Response, E>,
) -> Result<Response, E> {
    if request.body().is_end_stream() {
        return answer(request.map(Body::new)).await;
    }
    let left = Left::default();
    let wanted = |body| Body::new(Wanted { body: Some(body), left: left.clone() });
    let mut response = answer(request.map(wanted)).await?;
    let body = left.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(body) = body
        && !timeout(LONGEST, ends(body)).await.unwrap_or(false)
    {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

/// Whether a body ends before it has become too much.
async fn ends(mut body: Incoming) -> bool {
    let mut read = 0;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(frame) = frame else { return false };
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > MOST {
            return false;
        }
    }
    true
}
