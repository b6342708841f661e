//! What a refusal may name as its reason: a value of a contract's `ErrorReason`, or one of [`crate::reasons`].

use proto::Reason;

/// Marks reasons that come from a contract and bring their own domain.
#[derive(Debug)]
pub struct Contract;

/// Marks reasons every service shares; the serving service's domain applies.
#[derive(Debug)]
pub struct Shared;

/// A reason. The parameter only keeps the two implementations apart and is always inferred.
pub trait Why<Kind> {
    /// The domain the reason belongs to; `None` means the domain of whoever serves the call.
    fn domain(&self) -> Option<&'static str>;
    /// UPPER_SNAKE name, as in `google.rpc.ErrorInfo.reason` (AIP-193).
    fn text(self) -> &'static str;
}

impl<R: Reason> Why<Contract> for R {
    fn domain(&self) -> Option<&'static str> {
        Some(R::DOMAIN)
    }

    fn text(self) -> &'static str {
        self.reason()
    }
}

impl Why<Shared> for &'static str {
    fn domain(&self) -> Option<&'static str> {
        None
    }

    fn text(self) -> &'static str {
        self
    }
}
