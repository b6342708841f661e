//! A call that may be repeated.

/// A request that carries `request_id`, so the receiver applies it once however often it arrives (AIP-155).
///
/// Implemented by the build for exactly those messages, which is what makes an unrepeatable call in the outbox a compile error.
pub trait DurableCall: prost::Message + Default {
    /// Full gRPC path: `/otklik.ticket.v1.TicketService/EscalateAppeal`.
    const METHOD: &'static str;

    /// What the method answers.
    type Response: prost::Message + Default;

    /// The caller's id of this request, a UUID4.
    fn request_id(&self) -> &str;

    /// Sets the id; the outbox uses the id of its own row, so a redelivery is recognised.
    fn set_request_id(&mut self, request_id: String);
}
