//! What came to the SMS centre and to the mail relay, against the deliveries: one for one. A message is told by the references that its
//! delivery notes; one that was taken without an answer is nobody's, and is allowed for each doubt that a delivery is labelled with.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use testkit::smsc::{Submitted, put_together_of};
use uuid::Uuid;

use super::notices::{Delivery, REPEAT};
use super::rungs::Rung;
use super::texts::{Line, in_order, text_of};
use crate::catalogue::members;
use crate::world::World;

/// A whole message as it came to a phone.
pub(super) struct Told {
    pub(super) at: Timestamp,
    pub(super) to: String,
    pub(super) template: &'static str,
    /// The level that it tells of.
    pub(super) level: i64,
    pub(super) text: String,
    /// The delivery that notes one of its parts.
    pub(super) of: Option<Uuid>,
}

/// Phone, template, level: what a text is known by.
type Kind<'a> = (&'a str, &'a str, i64);

// === impl World ===

impl World {
    /// What deliveries note of the messages that were taken: reference and delivery.
    pub(super) async fn noted(&mut self) -> Result<BTreeMap<String, Uuid>> {
        let sql = "SELECT reference, delivery_id FROM notification.delivery_part";
        let noted: Vec<(String, Uuid)> = sqlx::query_as(sql).fetch_all(&mut self.db).await?;
        Ok(noted.into_iter().collect())
    }

    /// The whole messages to phones, in the order in which they could be read: one whose first part was taken without an answer, and
    /// whose others came days later, is read then.
    pub(super) fn told(&self, noted: &BTreeMap<String, Uuid>) -> Result<Vec<Told>> {
        let taken: Vec<&(Timestamp, Submitted)> = self.texts.iter().filter(|(_, it)| it.message_id.is_some()).collect();
        let submits: Vec<Submitted> = taken.iter().map(|(_, it)| it.clone()).collect();
        let mut all = Vec::new();
        // Two messages of 256 share a reference, and two questions may have the same words.
        let owner = |id: &str| noted.get(id).copied();
        for message in put_together_of(&submits, owner).into_iter().filter(|it| it.whole) {
            let mark = text_of(&message.text);
            let (template, level) = mark.with_context(|| format!("nobody knows this text: {}", message.text))?;
            let is_part = |it: &Submitted| it.message_id.as_ref().is_some_and(|id| message.parts.contains(id));
            let at = taken.iter().filter(|(_, it)| is_part(it)).map(|(at, _)| *at).max().context("its parts came")?;
            let of = message.parts.iter().find_map(|id| noted.get(id)).copied();
            all.push(Told { at, to: message.to, template, level, text: message.text, of });
        }
        Ok(all)
    }

    /// Each text that was sent came, and once; a second time only where a label says that it may have.
    pub(super) fn check_phones(&mut self, told: &[Told], deliveries: &[Delivery], rungs: &[Rung]) -> Result<()> {
        let phones: BTreeMap<&str, &str> = self
            .appeals
            .iter()
            .map(|it| (&*it.name, &*it.phone))
            .chain(self.codes.iter().map(|it| (&*it.verification, &*it.phone)))
            .collect();
        let kind = |it: &'_ Delivery| (phones.get(it.subject.as_str()).copied().unwrap_or_default(), it.level(rungs));
        let mut came: BTreeMap<Uuid, usize> = BTreeMap::new();
        let mut unnoted: BTreeMap<Kind<'_>, usize> = BTreeMap::new();
        for it in told {
            let Some(id) = it.of else {
                *unnoted.entry((&it.to, it.template, it.level)).or_default() += 1;
                continue;
            };
            let of = deliveries.iter().find(|of| of.delivery_id == id).context("a delivery is gone")?;
            let known = (kind(of).0, of.template.as_str(), kind(of).1);
            ensure!((&*it.to, it.template, it.level) == known, "{known:?} came to {} as {}", it.to, it.text);
            *came.entry(id).or_default() += 1;
        }
        let mut doubts: BTreeMap<Kind<'_>, usize> = BTreeMap::new();
        for it in deliveries.iter().filter(|it| it.channel == "sms") {
            let count = came.get(&it.delivery_id).copied().unwrap_or_default();
            let (least, most) = (usize::from(it.is_taken()), usize::from(it.is_taken() || it.doubts() > 0));
            ensure!((least..=most).contains(&count), "{count} came of {it:?}; parts: {}", self.parts(kind(it).0));
            *doubts.entry((kind(it).0, &it.template, kind(it).1)).or_default() += it.doubts();
        }
        for (kind, count) in &unnoted {
            let doubts = doubts.get(kind).copied().unwrap_or_default();
            ensure!(*count <= doubts, "{kind:?}: {count} more came than are noted, {doubts} are doubted");
            self.tally.count("a text came without a note of it");
        }
        Ok(())
    }

    /// Each mail that was sent came to whom it was for, and once. Its reference is the name that it bears itself, so its repeat is known too;
    /// one that no delivery notes is at least to somebody in whose mails there is that much doubt.
    /// None goes out after its time, and none tells an applicant that we are late who was told the answer.
    pub(super) fn check_mails(
        &mut self,
        deliveries: &[Delivery],
        rungs: &[Rung],
        noted: &BTreeMap<String, Uuid>,
    ) -> Result<()> {
        let mut came: BTreeMap<Uuid, usize> = BTreeMap::new();
        let mut lines: BTreeMap<&str, Vec<Line<'_>>> = BTreeMap::new();
        let mut unnoted: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, mail) in &self.mails {
            let [to] = mail.to.as_slice() else { bail!("to {:?}", mail.to) };
            let name = mail.header("Message-ID").unwrap_or_default();
            let Some(id) = noted.get(&name) else {
                *unnoted.entry(to).or_default() += 1;
                continue;
            };
            let of = deliveries.iter().find(|it| it.delivery_id == *id).context("a delivery is gone")?;
            let (address, number) = self.address(of)?;
            ensure!(*to == address, "to {to}: {of:?}");
            ensure!(mail.text().is_some_and(|it| it.contains(number)), "it speaks of another appeal: {of:?}");
            ensure!(*at < of.expire_time.to_jiff(), "it went out at {at}: {of:?}");
            *came.entry(*id).or_default() += 1;
            let line = Line { at: *at, template: &of.template, level: of.level(rungs), of: Some(*id) };
            lines.entry(&of.subject).or_default().push(line);
        }
        for appeal in &self.appeals {
            let theirs = lines.remove(appeal.name.as_str()).unwrap_or_default();
            in_order(appeal, theirs, deliveries).with_context(|| format!("mails of {}", appeal.name))?;
        }
        let mut doubts: BTreeMap<String, usize> = BTreeMap::new();
        for it in deliveries.iter().filter(|it| it.channel == "email") {
            let count = came.get(&it.delivery_id).copied().unwrap_or_default();
            let (least, most) = (usize::from(it.is_taken()), usize::from(it.is_taken()) + it.doubts());
            ensure!((least..=most).contains(&count), "{count} came of {it:?}");
            *doubts.entry(self.address(it)?.0).or_default() += most - count;
            if count > 1 {
                self.tally.count("a mail came twice, labelled");
            }
        }
        for (address, count) in unnoted {
            let doubts = doubts.get(address).copied().unwrap_or_default();
            ensure!(count <= doubts, "to {address}: {count} more came than are noted, {doubts} are doubted");
        }
        Ok(())
    }

    /// Where a mail goes, and the number of the appeal that it is about.
    fn address(&self, it: &Delivery) -> Result<(String, &str)> {
        let appeal = self.appeals.iter().find(|appeal| appeal.name == it.subject).context("an appeal of ours")?;
        let member = members().iter().find(|member| it.recipient_id == format!("staff-{}", member.id));
        let address = match member {
            Some(member) => member.email.clone(),
            None => format!("p{}@example.org", appeal.phone),
        };
        Ok((address, &appeal.number))
    }

    /// What came to a phone, part by part, with the beginning of each.
    fn parts(&self, phone: &str) -> String {
        let ours = self.texts.iter().filter(|(_, it)| it.to == phone);
        let shown = ours.map(|(at, it)| {
            let begin: String = it.text.chars().take(12).collect();
            format!("{at} {:?} {:?} {begin:?}", it.part, it.message_id)
        });
        shown.collect::<Vec<_>>().join(", ")
    }
}

// === impl Delivery ===

impl Delivery {
    /// Whether a provider is known to have taken it.
    fn is_taken(&self) -> bool {
        matches!(self.state.as_str(), "accepted" | "delivered") || self.reason == "UNREACHABLE"
    }

    /// The level that it tells of; 0 of what is no notice of one.
    fn level(&self, rungs: &[Rung]) -> i64 {
        let rung = rungs.iter().find(|rung| rung.notice_request_id == Some(self.send_request_id));
        if self.template == REPEAT { rung.map_or(0, |it| it.level.into()) } else { 0 }
    }

    /// How often it may have come without a note of it: as often as its label says.
    fn doubts(&self) -> usize {
        if self.possibly_doubled { self.doubts.unsigned_abs() as usize } else { 0 }
    }
}
