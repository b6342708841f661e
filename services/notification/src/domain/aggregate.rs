//! From the deliveries of a notification to its state.

use super::{DeliveryState, NotificationState};

/// The state of a notification that was `before` and whose deliveries are these: the best of them, and never less than before.
pub(crate) fn aggregate(before: NotificationState, deliveries: &[DeliveryState]) -> NotificationState {
    let has = |state| deliveries.contains(&state);
    let now = if has(DeliveryState::Delivered) {
        NotificationState::Delivered
    } else if has(DeliveryState::Accepted) {
        NotificationState::Sent
    } else if has(DeliveryState::Queued) || has(DeliveryState::Sending) {
        NotificationState::Queued
    } else if has(DeliveryState::Failed) {
        NotificationState::Failed
    } else if has(DeliveryState::Expired) {
        NotificationState::Expired
    } else if has(DeliveryState::Dropped) {
        NotificationState::Dropped
    } else {
        // Nothing but skipped channels: nobody could be told.
        NotificationState::Failed
    };
    match (before, now) {
        // "Delivered" stands, whatever a late receipt says.
        (NotificationState::Delivered, _) => NotificationState::Delivered,
        // A second channel still waiting takes nothing away from the first.
        (NotificationState::Sent, NotificationState::Queued) => NotificationState::Sent,
        _ => now,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{DeliveryState as D, NotificationState as N};
    use super::aggregate;

    #[test]
    fn the_best_channel_decides() {
        assert_eq!(aggregate(N::Queued, &[D::Failed, D::Accepted]), N::Sent);
        assert_eq!(aggregate(N::Queued, &[D::Failed, D::Queued]), N::Queued);
        assert_eq!(aggregate(N::Sent, &[D::Failed, D::Queued]), N::Sent);
        assert_eq!(aggregate(N::Queued, &[D::Skipped, D::Skipped]), N::Failed);
        assert_eq!(aggregate(N::Sent, &[D::Failed, D::Skipped]), N::Failed);
        assert_eq!(aggregate(N::Delivered, &[D::Failed]), N::Delivered);
    }

    fn state() -> impl Strategy<Value = D> {
        prop::sample::select(vec![
            D::Queued,
            D::Sending,
            D::Accepted,
            D::Delivered,
            D::Failed,
            D::Expired,
            D::Skipped,
            D::Dropped,
        ])
    }

    proptest! {
        #[test]
        fn the_order_of_channels_does_not_matter(mut states in prop::collection::vec(state(), 1..4)) {
            let forward = aggregate(N::Queued, &states);
            states.reverse();
            prop_assert_eq!(aggregate(N::Queued, &states), forward);
            prop_assert_eq!(aggregate(forward, &states), forward);
        }
    }
}
