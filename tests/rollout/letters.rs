//! SMS at the centre and mails at the relay, by recipient, against the deliveries that are recorded as accepted: each came whole, none
//! twice. Whoever is ended gracefully knows what became of each message, so that here no label excuses a double, as it does after a kill.

use std::collections::BTreeMap;

use proto::notification::v1::{Channel as Way, Notification, delivery};
use testkit::mailbox::Mail;
use testkit::smsc::{Submitted, put_together};

use crate::book::Filed;

/// What came, and what does not hold.
#[derive(Debug, Default)]
pub struct Letters {
    pub sms: usize,
    pub mails: usize,
    pub lost: Vec<String>,
    pub doubled: Vec<String>,
    pub faults: Vec<String>,
}

/// How often the one came that came most often.
fn most_alike<T: Ord>(all: impl Iterator<Item = T>) -> usize {
    let mut times = BTreeMap::<T, usize>::new();
    all.for_each(|it| *times.entry(it).or_default() += 1);
    times.into_values().max().unwrap_or_default()
}

// === impl Letters ===

impl Letters {
    /// Sorts what the SMS centre and the mail relay were given.
    pub fn sort(filed: &[Filed], notifications: &[Notification], submits: Vec<Submitted>, mails: Vec<Mail>) -> Self {
        let mut letters = Self::default();
        let (mut by_phone, mut by_mailbox) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
        for submit in submits {
            by_phone.entry(submit.to.clone()).or_default().push(submit);
        }
        for mail in mails {
            by_mailbox.entry(mail.to.concat()).or_default().push(mail);
        }
        let mut by_subject = BTreeMap::<&str, Vec<&Notification>>::new();
        for notification in notifications {
            by_subject.entry(&notification.subject).or_default().push(notification);
        }
        for it in filed {
            let told = by_subject.remove(it.name.as_str()).unwrap_or_default();
            let submits = by_phone.remove(&it.phone).unwrap_or_default();
            // Levels that are seconds apart here may promise the same minute: their notices read alike.
            let alike = told.iter().filter(|it| it.template == "overdue_repeat").count().max(1);
            if most_alike(submits.iter().map(|submit| (submit.part, &submit.text))) > alike {
                letters.doubled.push(format!("{} was told something twice by SMS", it.number));
            }
            let sms: Vec<String> =
                put_together(&submits).into_iter().filter(|sms| sms.whole).map(|sms| sms.text).collect();
            letters.sms += letters.arrived(it, &told, Way::Sms, &sms);
            let mails = by_mailbox.remove(&it.mailbox()).unwrap_or_default();
            let mails: Vec<String> = mails.iter().map(|mail| mail.text().unwrap_or_default()).collect();
            if most_alike(mails.iter()) > alike {
                letters.doubled.push(format!("{} was told something twice by e-mail", it.number));
            }
            letters.mails += letters.arrived(it, &told, Way::Email, &mails);
        }
        for whom in by_phone.keys().chain(by_mailbox.keys()) {
            letters.faults.push(format!("{whom} got messages that nobody there filed for"));
        }
        letters
    }

    /// Compares the texts that came with what is recorded as sent that way, and answers how many came.
    fn arrived(&mut self, it: &Filed, told: &[&Notification], way: Way, texts: &[String]) -> usize {
        let deliveries = told.iter().flat_map(|it| &it.deliveries).filter(|it| it.channel() == way);
        let accepted = deliveries.filter(|it| it.state() == delivery::State::Accepted).count();
        if !texts.iter().any(|text| text.contains(&it.number)) {
            self.lost.push(format!("{} is in no message by {way:?}", it.number));
        }
        if texts.len() != accepted {
            self.faults.push(format!("{}: by {way:?} {accepted} are recorded, {} came", it.number, texts.len()));
        }
        texts.len()
    }
}
