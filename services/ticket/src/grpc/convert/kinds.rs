//! Enums between wire and domain. Absent and unknown values have no domain value.

use deadline::ExtensionReason;
use proto::identity::v1::AssuranceLevel as WireAssurance;
use proto::notification::v1::notification::State as WireNotice;
use proto::sla::v1::{ClockKind as WireClock, ExtensionReason as WireExtensionReason};
use proto::ticket::v1::{
    self as wire, appeal, applicant, member, message, record_other_body_answer_request as answered,
    request_info_request,
};

use crate::domain::{
    AssuranceLevel, Author, BodyOutcome, Channel, ClockKind, ExtensionState, Kind, Level, Need, NoticeState,
    PreferredAnswer, Priority, State, Visibility,
};

/// Both directions of one enum; every wire value but the unspecified one has its domain value.
macro_rules! both_ways {
    ($to_domain:ident, $to_wire:ident, $wire:ty, $domain:ty, $($value:ident),+) => {
        pub(super) fn $to_domain(value: $wire) -> Option<$domain> {
            match value {
                <$wire>::Unspecified => None,
                $(<$wire>::$value => Some(<$domain>::$value),)+
            }
        }

        pub(super) fn $to_wire(value: $domain) -> $wire {
            match value {
                $(<$domain>::$value => <$wire>::$value,)+
            }
        }
    };
}

both_ways!(
    state,
    state_to_wire,
    appeal::State,
    State,
    Registered,
    Assigned,
    InProgress,
    AwaitingApplicant,
    AwaitingVerification,
    AwaitingOtherBody,
    Resolved,
    Closed,
    Rejected,
    Withdrawn,
    Merged
);
both_ways!(
    channel,
    channel_to_wire,
    wire::Channel,
    Channel,
    Phone,
    Chat,
    Email,
    WebForm,
    Portal,
    MobileApp,
    Social,
    MfcOffice,
    VoiceMessage,
    System
);
both_ways!(priority, priority_to_wire, wire::Priority, Priority, Emergency, Critical, High, Normal, Low);
both_ways!(preferred, preferred_to_wire, applicant::PreferredAnswer, PreferredAnswer, Phone, Email, Sms, Portal);
both_ways!(level, level_to_wire, member::Level, Level, Operator, Specialist, SeniorSpecialist, Supervisor);
both_ways!(clock, clock_to_wire, WireClock, ClockKind, Acceptance, FirstAnswer, NextAnswer, OtherBody, Resolution);
both_ways!(
    extension_reason,
    extension_reason_to_wire,
    WireExtensionReason,
    ExtensionReason,
    FurtherAnalysis,
    MissingInformation,
    OtherDepartments
);
both_ways!(notice, notice_to_wire, WireNotice, NoticeState, Queued, Sent, Delivered, Failed, Expired, Dropped);

pub(super) fn extension_state_to_wire(state: ExtensionState) -> appeal::extension::State {
    match state {
        ExtensionState::Proposed => appeal::extension::State::Proposed,
        ExtensionState::Effective => appeal::extension::State::Effective,
        ExtensionState::Lapsed => appeal::extension::State::Lapsed,
    }
}

pub(super) fn kind_to_wire(kind: Kind) -> wire::Kind {
    match kind {
        Kind::Technical => wire::Kind::Technical,
        Kind::Documentary => wire::Kind::Documentary,
        Kind::Reference => wire::Kind::Reference,
    }
}

pub(super) fn need(value: request_info_request::Need) -> Option<Need> {
    match value {
        request_info_request::Need::Unspecified => None,
        request_info_request::Need::Information => Some(Need::Information),
        request_info_request::Need::Verification => Some(Need::Verification),
    }
}

pub(super) fn body_outcome(value: answered::Outcome) -> Option<BodyOutcome> {
    match value {
        answered::Outcome::Unspecified => None,
        answered::Outcome::Answered => Some(BodyOutcome::Answered),
        answered::Outcome::GivenUp => Some(BodyOutcome::GivenUp),
    }
}

pub(super) fn visibility(value: message::Visibility) -> Option<Visibility> {
    match value {
        message::Visibility::Unspecified => None,
        message::Visibility::Public => Some(Visibility::Public),
        message::Visibility::Internal => Some(Visibility::Internal),
    }
}

pub(super) fn visibility_to_wire(value: Visibility) -> message::Visibility {
    match value {
        Visibility::Public => message::Visibility::Public,
        Visibility::Internal => message::Visibility::Internal,
    }
}

pub(super) fn author_to_wire(value: Author) -> message::Author {
    match value {
        Author::Applicant => message::Author::Applicant,
        Author::Staff => message::Author::Staff,
        Author::System => message::Author::System,
    }
}

pub(super) fn assurance_to_wire(level: AssuranceLevel) -> WireAssurance {
    match level {
        AssuranceLevel::None => WireAssurance::None,
        AssuranceLevel::Simplified => WireAssurance::Simplified,
        AssuranceLevel::Standard => WireAssurance::Standard,
        AssuranceLevel::Confirmed => WireAssurance::Confirmed,
    }
}
