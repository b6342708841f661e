//! Why a call was refused, as the contracts list it.

/// One value of a package's `ErrorReason` enum (AIP-193).
pub trait Reason: Copy {
    /// `google.rpc.ErrorInfo.domain`, fixed per service, such as `ticket.otklik`.
    const DOMAIN: &'static str;

    /// `google.rpc.ErrorInfo.reason`: the enum value without its prefix, such as `APPEAL_CLOSED`.
    fn reason(self) -> &'static str;
}
