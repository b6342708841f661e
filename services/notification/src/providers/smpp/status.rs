//! Command statuses of a refused submit, and what each means for the message (N-13).

use rusmpp::CommandStatus;

use super::super::Refused;

/// What to do about a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Slow down and come again.
    Throttled,
    /// This message or this number will never do.
    Permanent(&'static str),
    /// Come again; the word says whose fault it is.
    Transient(&'static str),
}

pub(super) fn verdict(status: CommandStatus) -> Verdict {
    use CommandStatus as S;
    match status {
        S::EsmeRthrottled | S::EsmeRmsgqful => Verdict::Throttled,
        S::EsmeRinvdstadr => Verdict::Permanent("address_refused"),
        S::EsmeRinvmsglen | S::EsmeRinvdcs | S::EsmeRinvesmclass => Verdict::Permanent("message_refused"),
        S::EsmeRxPAppn => Verdict::Permanent("refused"),
        // Our account, not the message: an operator's work.
        S::EsmeRinvsrcadr
        | S::EsmeRinvsrcton
        | S::EsmeRinvsrcnpi
        | S::EsmeRinvdstton
        | S::EsmeRinvdstnpi
        | S::EsmeRinvsystyp
        | S::EsmeRinvsertyp
        | S::EsmeRinvpaswd
        | S::EsmeRinvsysid
        | S::EsmeRbindfail
        | S::EsmeRprohibited
        | S::EsmeRsertypunauth
        | S::EsmeRsertypdenied => Verdict::Transient("account_refused"),
        S::EsmeRinvbndsts => Verdict::Transient("not_bound"),
        // RSYSERR, RSUBMITFAIL, RX_T_APPN and what vendors add: centres use them for anything, so the message is tried again.
        _ => Verdict::Transient("provider_failed"),
    }
}

pub(super) fn refused(verdict: Verdict, status: CommandStatus, pause: impl FnOnce() -> std::time::Duration) -> Refused {
    let mut refused = match verdict {
        Verdict::Throttled => Refused::transient("throttled", Some(pause())),
        Verdict::Permanent(reason) => Refused::permanent(reason),
        Verdict::Transient(reason) => Refused::transient(reason, None),
    };
    refused.code = Some(status.into());
    refused
}
