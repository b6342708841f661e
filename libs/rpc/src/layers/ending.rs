//! How a call ended. The code of a unary call that fails is in its headers, that of any other in its trailers, and a caller that goes away
//! leaves neither: whatever happens, the end is told once.

use http::{HeaderMap, Response};
use http_body_util::BodyExt;
use tonic::Code;
use tonic::body::Body;

const STATUS: &str = "grpc-status";

/// Tells `end` the code when dropped: the one it was given, else CANCELLED.
pub(crate) struct Ending<F: FnOnce(Code)> {
    end: Option<F>,
    code: Code,
}

impl<F: FnOnce(Code) + Send + 'static> Ending<F> {
    pub(crate) fn new(end: F) -> Self {
        Self { end: Some(end), code: Code::Cancelled }
    }

    /// Keeps watch over the response until its last frame was sent or it was dropped.
    pub(crate) fn watch(mut self, response: Response<Body>) -> Response<Body> {
        if let Some(code) = code(response.headers()) {
            self.code = code;
            return response;
        }
        response.map(|body| {
            Body::new(body.map_frame(move |frame| {
                // Named whole, so the closure owns it and it ends with the body.
                let ending = &mut self;
                if let Some(code) = frame.trailers_ref().and_then(code) {
                    ending.code = code;
                }
                frame
            }))
        })
    }
}

impl<F: FnOnce(Code)> Drop for Ending<F> {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            end(self.code);
        }
    }
}

fn code(headers: &HeaderMap) -> Option<Code> {
    headers.get(STATUS).map(|value| Code::from_bytes(value.as_bytes()))
}
