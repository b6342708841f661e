//! From the receipts of an SMS's parts to one outcome. Pure, so that it can be worked out again from stored rows at any time,
//! in whatever order the receipts came.

/// What is known about one part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// Not handed over (refused, or its turn never came).
    Missing,
    /// Taken by the provider, no final receipt yet.
    Handed,
    /// On the handset.
    Delivered,
    /// Given up by the network.
    Failed {
        /// The subscriber can't be reached by this number.
        permanent: bool,
    },
    /// Its validity ended first.
    Expired,
}

impl PartState {
    /// The state after a receipt. What is final stays, except that a delivery wins over anything (N-04): a centre that says
    /// "expired" and then "delivered" was early with the first.
    #[must_use]
    pub fn after(self, receipt: super::ReceiptState) -> Self {
        use super::ReceiptState;
        match (self, receipt) {
            (Self::Delivered, _) | (_, ReceiptState::Delivered) => Self::Delivered,
            // A receipt proves that the provider has the part, whatever our row said.
            (Self::Missing, ReceiptState::Underway) => Self::Handed,
            (state, ReceiptState::Underway) => state,
            (Self::Missing | Self::Handed, ReceiptState::Failed { permanent }) => Self::Failed { permanent },
            (Self::Missing | Self::Handed, ReceiptState::Expired) => Self::Expired,
            (state, _) => state,
        }
    }
}

/// What the parts together mean for the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Still open.
    Pending,
    /// Every part is on the handset.
    Delivered,
    /// At least one part will not arrive, so the message can't be read whole.
    Failed {
        /// A repeat to this number makes no sense.
        permanent: bool,
    },
    /// At least one part ran out of its validity, none failed for good.
    Expired,
}

/// Joins the states of all parts of a message: delivered only when all are, lost as soon as one is. The order of the parts
/// does not matter. The worst word wins: permanent failure, then expiry, then transient failure.
pub fn join(parts: &[PartState]) -> Outcome {
    if parts.contains(&PartState::Failed { permanent: true }) {
        Outcome::Failed { permanent: true }
    } else if parts.contains(&PartState::Expired) {
        Outcome::Expired
    } else if parts.contains(&PartState::Failed { permanent: false }) {
        Outcome::Failed { permanent: false }
    } else if !parts.is_empty() && parts.iter().all(|part| *part == PartState::Delivered) {
        Outcome::Delivered
    } else {
        Outcome::Pending
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::ReceiptState;
    use super::*;

    fn receipt() -> impl Strategy<Value = ReceiptState> {
        prop_oneof![
            Just(ReceiptState::Underway),
            Just(ReceiptState::Delivered),
            any::<bool>().prop_map(|permanent| ReceiptState::Failed { permanent }),
            Just(ReceiptState::Expired),
        ]
    }

    #[test]
    fn one_missing_part_keeps_the_message_open_and_one_lost_part_ends_it() {
        use PartState::{Delivered, Expired, Failed, Handed, Missing};
        assert_eq!(join(&[]), Outcome::Pending);
        assert_eq!(join(&[Delivered, Delivered]), Outcome::Delivered);
        assert_eq!(join(&[Delivered, Handed]), Outcome::Pending);
        assert_eq!(join(&[Delivered, Missing]), Outcome::Pending);
        assert_eq!(join(&[Delivered, Failed { permanent: false }]), Outcome::Failed { permanent: false });
        assert_eq!(join(&[Expired, Failed { permanent: false }]), Outcome::Expired);
        assert_eq!(join(&[Expired, Failed { permanent: true }, Handed]), Outcome::Failed { permanent: true });
    }

    proptest! {
        #[test]
        fn the_order_of_parts_does_not_matter(receipts in prop::collection::vec(receipt(), 1..6), turn in 0usize..6) {
            let parts: Vec<_> = receipts.iter().map(|receipt| PartState::Handed.after(*receipt)).collect();
            let mut turned = parts.clone();
            turned.rotate_left(turn % parts.len());
            turned.reverse();
            prop_assert_eq!(join(&parts), join(&turned));
        }

        #[test]
        fn a_doubled_receipt_changes_nothing(state in receipt(), first in receipt()) {
            let once = PartState::Handed.after(first).after(state);
            prop_assert_eq!(once.after(state), once);
        }

        #[test]
        fn a_delivered_part_stays_delivered(later in prop::collection::vec(receipt(), 0..6)) {
            let end = later.iter().fold(PartState::Handed.after(ReceiptState::Delivered), |part, next| part.after(*next));
            prop_assert_eq!(end, PartState::Delivered);
        }
    }
}
