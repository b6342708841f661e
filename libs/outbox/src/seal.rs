//! Where sealed values of this library lie: the place is bound into the value, so one can't be moved to another row.

use sealed::{Place, Ring};
use uuid::Uuid;
use zeroize::Zeroizing;

fn request_place(call_id: &Uuid) -> Place<'_> {
    Place { table: "outbox", column: "request", row: call_id.as_bytes() }
}

fn response_place(row: &[u8]) -> Place<'_> {
    Place { table: "request_id", column: "response", row }
}

/// Seals the request of a call.
pub(crate) fn request(ring: &Ring, call_id: Uuid, request: &[u8]) -> Vec<u8> {
    ring.seal(request_place(&call_id), request)
}

/// Opens the request of a call.
pub(crate) fn open_request(ring: &Ring, call_id: Uuid, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, sealed::Error> {
    ring.open(request_place(&call_id), sealed)
}

/// Seals the answer to a request; `row` stands for its caller, method and id.
pub(crate) fn response(ring: &Ring, row: &[u8], response: &[u8]) -> Vec<u8> {
    ring.seal(response_place(row), response)
}

/// Opens the answer to a request.
pub(crate) fn open_response(ring: &Ring, row: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, sealed::Error> {
    ring.open(response_place(row), sealed)
}
