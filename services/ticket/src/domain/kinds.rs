//! The closed sets that an appeal is described by. Each value has one lower-case id, the same in data, rows and journals.
//! What policies are chosen by (channel, kind, priority) is `deadline`'s own.

pub use deadline::{Channel, ClockKind, Kind, Priority, SuspensionReason};

/// An enum whose values have ids: `ALL`, `as_str`, `parse`, and serde by the id.
macro_rules! ids {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $id:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$value_doc])* #[serde(rename = $id)] $value,)+ }

        // Not every list is walked, written and read.
        #[allow(dead_code)]
        impl $name {
            /// Every value, in order.
            pub const ALL: &[Self] = &[$(Self::$value,)+];

            /// The id in data, rows and journals.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$value => $id,)+ }
            }

            /// The value of that id.
            pub fn parse(id: &str) -> Option<Self> {
                match id { $($id => Some(Self::$value),)+ _ => None }
            }
        }
    };
}
pub(super) use ids;

ids! {
    /// Where an appeal stands.
    State {
        /// In a queue.
        Registered = "registered",
        /// Given to somebody who has not answered yet.
        Assigned = "assigned",
        /// Being worked on.
        InProgress = "in_progress",
        /// The applicant's turn; the clocks are paused (L8).
        AwaitingApplicant = "awaiting_applicant",
        /// The applicant must show who they are; the clocks are paused (T20).
        AwaitingVerification = "awaiting_verification",
        /// Another body must answer; the clocks run.
        AwaitingOtherBody = "awaiting_other_body",
        /// Answered; may be reopened within the window.
        Resolved = "resolved",
        /// Ended for good.
        Closed = "closed",
        /// Refused with a reason.
        Rejected = "rejected",
        /// Taken back by the applicant.
        Withdrawn = "withdrawn",
        /// Joined to another appeal.
        Merged = "merged",
    }
}

impl State {
    /// True while somebody owes something: work, or an answer of the applicant's.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Registered
            | Self::Assigned
            | Self::InProgress
            | Self::AwaitingApplicant
            | Self::AwaitingVerification
            | Self::AwaitingOtherBody => true,
            Self::Resolved | Self::Closed | Self::Rejected | Self::Withdrawn | Self::Merged => false,
        }
    }

    /// True when nothing leads out of it. REJECTED is not among them: it may be resubmitted (T14).
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Closed | Self::Withdrawn | Self::Merged)
    }

    /// True while the applicant owes the next step, so that the clocks stand still (L8).
    pub const fn is_paused(self) -> bool {
        matches!(self, Self::AwaitingApplicant | Self::AwaitingVerification)
    }
}

/// 1 is the most urgent: the order of queues (T8).
pub const fn priority_rank(priority: Priority) -> i16 {
    match priority {
        Priority::Emergency => 1,
        Priority::Critical => 2,
        Priority::High => 3,
        Priority::Normal => 4,
        Priority::Low => 5,
    }
}

/// The reason of that id.
pub fn suspension_reason(id: &str) -> Option<SuspensionReason> {
    SuspensionReason::ALL.into_iter().find(|reason| reason.as_str() == id)
}
