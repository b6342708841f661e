//! The next version of a set: some entries replaced, added or taken away, and what that changes.
//!
//! Everything that is wrong with it is told at once, because a person who reviews a file wants the whole list.

use toml::{Table, Value};

use crate::{
    Invalid, PolicySet, SuspensionReason,
    set::{Care, Document},
};

/// The next version of a set, with what it changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    pub set: PolicySet,
    /// In the order of entries and fields.
    pub changes: Vec<Edit>,
}

/// One value that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// `calendar support`, `outage of_2_march`, `policy emergency`, or `extension` for the rule of the set.
    pub entry: String,
    /// Where in the entry, `first_answer.allowance`; empty for an entry that is new or gone.
    pub field: String,
    /// As it is written in TOML; `None` where there was nothing.
    pub before: Option<String>,
    /// As it is written in TOML; `None` where there is nothing any more.
    pub after: Option<String>,
}

impl PolicySet {
    /// The set that follows this one, under `version`: entries of `document` take the place of those with the same id, its `[extension]`
    /// that of the set, the policies and outages named in `removed` are gone. The document is TOML like any of a set's, without a version of its own.
    ///
    /// # Errors
    /// Everything that is wrong: among others an entry whose version is not one more than that of the entry it replaces, and a
    /// document that changes nothing.
    pub fn revised(&self, version: u32, document: &str, removed: &[String]) -> Result<Revision, Vec<Invalid>> {
        let given = Document::read(document).map_err(|invalid| vec![invalid])?;
        let mut faults = Vec::new();
        if given.version.is_some() {
            faults.push(Invalid::Set("the version of the set is given by the publication, not by the document".into()));
        }
        let before = self.document();
        for calendar in &given.calendars {
            let known = before.calendars.iter().find(|known| known.id == calendar.id);
            faults.extend(
                version_fault(calendar.version, known.map(|known| known.version))
                    .map(|what| Invalid::Calendar { id: calendar.id.clone(), what }),
            );
        }
        // A region's days are also its base's: what they come out as is another version too.
        let given_calendar = |id: &str| given.calendars.iter().any(|new| new.id == id);
        for known in before.calendars.iter().filter(|known| !given_calendar(&known.id)) {
            if let Some(base) = known.base.as_deref().filter(|base| given_calendar(base)) {
                let what = format!("its base {base:?} changes, so it needs a new version too");
                faults.push(Invalid::Calendar { id: known.id.clone(), what });
            }
        }
        for policy in &given.policies {
            let known = before.policies.iter().find(|known| known.id == policy.id);
            faults.extend(
                version_fault(policy.version, known.map(|known| known.version))
                    .map(|what| Invalid::Policy { id: policy.id.clone(), what }),
            );
            if policy.plans().any(|plan| plan.pauses.contains(&SuspensionReason::AwaitingOtherBody)) {
                let what =
                    "no clock pauses while another body is asked: promise other_body, and extend the term (L4)".into();
                faults.push(Invalid::Policy { id: policy.id.clone(), what });
            }
        }
        let is_known = |id: &String| self.policy(id).is_some() || self.outages().iter().any(|outage| outage.id == *id);
        for id in removed.iter().filter(|id| !is_known(id)) {
            faults.push(Invalid::Policy { id: id.clone(), what: "there is none to be removed".into() });
        }
        let mut after = Document { version: Some(version), ..before.clone() };
        after.calendars.retain(|known| given.calendars.iter().all(|new| new.id != known.id));
        after
            .policies
            .retain(|known| given.policies.iter().all(|new| new.id != known.id) && !removed.contains(&known.id));
        after
            .outages
            .retain(|known| given.outages.iter().all(|new| new.id != known.id) && !removed.contains(&known.id));
        after.outages.extend(given.outages);
        after.extension = given.extension.or(after.extension);
        after.calendars.extend(given.calendars);
        after.policies.extend(given.policies);
        match PolicySet::of(after, Care::Whole) {
            Err(more) => faults.extend(more),
            Ok(set) if faults.is_empty() => {
                let changes = changes(self, &set);
                // The version of an entry alone is no change.
                if changes.iter().any(|change| change.field != "version") {
                    return Ok(Revision { set, changes });
                }
                faults.push(Invalid::Set("nothing would change".into()));
            }
            Ok(_) => {}
        }
        Err(faults)
    }
}

fn version_fault(given: u32, known: Option<u32>) -> Option<String> {
    let expected = known.map_or(1, |known| known.saturating_add(1));
    (given != expected).then(|| format!("its version must be {expected}, not {given}"))
}

/// What differs between two sets.
fn changes(before: &PolicySet, after: &PolicySet) -> Vec<Edit> {
    let mut changes = Vec::new();
    let rule = |set: &PolicySet| Table::try_from(set.document()).unwrap_or_default().get("extension").cloned();
    differ("extension", String::new(), rule(before), rule(after), &mut changes);
    for kind in ["calendar", "outage", "policy"] {
        let (before, after) = (entries(before, kind), entries(after, kind));
        let ids: std::collections::BTreeSet<&String> = before.iter().chain(&after).map(|(id, _)| id).collect();
        for id in ids {
            let find =
                |all: &[(String, Value)]| all.iter().find(|(known, _)| known == id).map(|(_, value)| value.clone());
            differ(&format!("{kind} {id}"), String::new(), find(&before), find(&after), &mut changes);
        }
    }
    changes
}

/// The entries of one kind with their ids, as TOML.
fn entries(set: &PolicySet, kind: &str) -> Vec<(String, Value)> {
    let table = Table::try_from(set.document()).unwrap_or_default();
    let all = table.get(kind).and_then(Value::as_array).cloned().unwrap_or_default();
    let id = |entry: &Value| entry.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    all.into_iter().map(|entry| (id(&entry), entry)).collect()
}

fn differ(entry: &str, field: String, before: Option<Value>, after: Option<Value>, changes: &mut Vec<Edit>) {
    if before == after {
        return;
    }
    match (parts(before.as_ref()), parts(after.as_ref())) {
        (Some(before), Some(after)) => {
            let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for name in names {
                let field = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
                differ(entry, field, before.get(name).cloned(), after.get(name).cloned(), changes);
            }
        }
        _ => {
            let text = |value: Option<Value>| value.map(|value| value.to_string());
            changes.push(Edit { entry: entry.to_owned(), field, before: text(before), after: text(after) });
        }
    }
}

/// What a value is made of where its parts have names: a table, or a list of days by their dates.
fn parts(value: Option<&Value>) -> Option<Table> {
    match value? {
        Value::Table(table) => Some(table.clone()),
        Value::Array(list) => {
            let dated = |part: &Value| Some((part.get("from")?.as_str()?.to_owned(), part.clone()));
            list.iter().map(dated).collect::<Option<Table>>().filter(|table| !table.is_empty())
        }
        _ => None,
    }
}
