//! A set of policies with their calendars: one immutable version of everything that is promised.
//!
//! The SLA monitor owns the sets; ticket keeps a copy, so that filing an appeal asks nobody. Both know the set that is
//! compiled in by its content hash, and a copy is the set it says it is when the hash agrees.

use std::{borrow::Cow, cmp::Reverse, fmt};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::reach::Boxes;
use crate::{
    Calendar, CalendarData, ClockKind, ExtensionRule, Features, Invalid, Outage, Plan, Policy, Term, ZoneChoice, cases,
};

/// Faults of choice after which no more are looked for.
const MOST_FAULTS: usize = 100;

/// SHA-256 of a set's canonical text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash([u8; 32]);

/// One version of all policies and calendars.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicySet {
    document: Document,
    /// What comes out of the document's calendars, in the same order.
    calendars: Vec<Calendar>,
    hash: ContentHash,
    /// Index of the policy that matches everything; checked when loading.
    catch_all: usize,
}

/// A set as text. Several documents make one set, so that a file holds one subject.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<u32>,
    /// Within which bounds terms may be extended under policies that say nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) extension: Option<ExtensionRule>,
    /// What counts for nobody.
    #[serde(default, rename = "outage", skip_serializing_if = "Vec::is_empty")]
    pub(crate) outages: Vec<Outage>,
    #[serde(default, rename = "calendar")]
    pub(crate) calendars: Vec<CalendarData>,
    #[serde(default, rename = "policy")]
    pub(crate) policies: Vec<Policy>,
}

/// How closely a document is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Care {
    /// Everything that whoever publishes it has to answer for.
    Whole,
    /// What is needed to compute with it.
    Readable,
}

impl Document {
    pub(crate) fn read(text: &str) -> Result<Self, Invalid> {
        toml::from_str(text).map_err(|error| Invalid::Text(error.to_string()))
    }
}

impl PolicySet {
    /// Reads a set from TOML documents, exactly one of which has the version. The order of documents and of entries in them
    /// does not matter.
    ///
    /// # Errors
    /// [`Invalid`], the first fault found: among others an ambiguous choice, a policy that can never be chosen, and a set
    /// without a catch-all.
    pub fn from_toml(documents: &[&str]) -> Result<Self, Invalid> {
        let mut whole = Document::default();
        for text in documents {
            let Document { version, extension, outages, calendars, policies } = Document::read(text)?;
            if whole.version.is_some() && version.is_some() {
                return Err(Invalid::Set("two documents have a version".into()));
            }
            if whole.extension.is_some() && extension.is_some() {
                return Err(Invalid::Set("two documents say how terms may be extended".into()));
            }
            whole.version = whole.version.or(version);
            whole.extension = whole.extension.or(extension);
            whole.outages.extend(outages);
            whole.calendars.extend(calendars);
            whole.policies.extend(policies);
        }
        Self::of(whole, Care::Whole).map_err(|mut faults| faults.swap_remove(0))
    }

    /// Reads a set from the one document that it was published as. It is known by the hash of that very text, also where a later
    /// program would write the same set in another way. Whether it should have been published is not asked again: a stricter rule,
    /// or a zone law that moves a case of a truth table, must not take away what was promised.
    ///
    /// # Errors
    /// [`Invalid`], the first fault found: it can't be computed with.
    pub fn published(document: &str) -> Result<Self, Invalid> {
        let read = Document::read(document)?;
        let hash = ContentHash(Sha256::digest(document).into());
        let set = Self::of(read, Care::Readable).map_err(|mut faults| faults.swap_remove(0))?;
        Ok(Self { hash, ..set })
    }

    /// The set as one canonical document: equal sets give equal text, and `from_toml` gives the set back.
    ///
    /// # Errors
    /// [`Invalid::Text`] when a value has no form in TOML; every value of a loaded set came from one.
    pub fn to_toml(&self) -> Result<String, Invalid> {
        canonical(&self.document)
    }

    /// Counts from 1, one more for every published set.
    pub fn version(&self) -> u32 {
        self.document.version.unwrap_or_default()
    }

    /// What the set is known by.
    pub fn content_hash(&self) -> ContentHash {
        self.hash
    }

    /// Policies in the order in which they are tried.
    pub fn policies(&self) -> &[Policy] {
        &self.document.policies
    }

    /// Calendars by id.
    pub fn calendars(&self) -> &[Calendar] {
        &self.calendars
    }

    /// What counts for nobody, oldest first.
    pub fn outages(&self) -> &[Outage] {
        &self.document.outages
    }

    /// The policy of that id.
    pub fn policy(&self, id: &str) -> Option<&Policy> {
        self.document.policies.iter().find(|policy| policy.id == id)
    }

    /// The calendar of that id.
    pub fn calendar(&self, id: &str) -> Option<&Calendar> {
        let calendars = &self.calendars;
        calendars.binary_search_by(|calendar| calendar.id().cmp(id)).ok().map(|at| &calendars[at])
    }

    /// The policy for an appeal: the lowest order that matches, at the same order the one that names more dimensions.
    pub fn select(&self, features: &Features<'_>) -> &Policy {
        let policies = &self.document.policies;
        policies.iter().find(|policy| policy.matches.holds(features)).unwrap_or(&policies[self.catch_all])
    }

    /// One clock of a policy of this set, ready to compute with, for an applicant who reads times in no zone that is known: see
    /// [`term_for`](Self::term_for).
    pub fn term(&self, policy: &str, clock: ClockKind) -> Option<Term<'_>> {
        self.term_for(policy, clock, None)
    }

    /// One clock of a policy of this set, ready to compute with; `zone` is the IANA name of that in which the applicant reads times. `None` when
    /// the set has no such policy, or the policy no such clock.
    pub fn term_for(&self, policy: &str, clock: ClockKind, zone: Option<&str>) -> Option<Term<'_>> {
        let policy = self.policy(policy)?;
        let plan = policy.plan(clock)?;
        Some(Term::new(policy, clock, plan, self.calendar_for(&plan.calendar, plan, zone)?))
    }

    /// The calendar of that id by the wall that the plan chooses: its own, or that of `zone`, where the applicant reads times. Where that is not
    /// known it is the calendar's own.
    pub fn calendar_for(&self, id: &str, plan: &Plan, zone: Option<&str>) -> Option<Cow<'_, Calendar>> {
        let calendar = self.calendar(id)?;
        let moved = match plan.zone {
            ZoneChoice::Calendar => None,
            ZoneChoice::Applicant => {
                let other = zone.filter(|zone| calendar.data().zone != *zone);
                other.and_then(|zone| calendar.in_zone(zone).ok())
            }
        };
        Some(moved.map_or(Cow::Borrowed(calendar), Cow::Owned))
    }

    /// Within which bounds the resolution of an appeal under that policy may be extended; `None` where it may not (`L4`).
    pub fn extension(&self, policy: &str) -> Option<&ExtensionRule> {
        self.policy(policy)?.extension.as_ref().or(self.document.extension.as_ref())
    }

    /// The same set with calendars that [go on](Calendar::continued_by) as a later set has them.
    #[must_use]
    pub(crate) fn continued_by(&self, later: &Self) -> Self {
        let go_on = |calendar: &Calendar| later.calendar(calendar.id()).map(|later| calendar.continued_by(later));
        let calendars = self.calendars.iter().map(|it| go_on(it).unwrap_or_else(|| it.clone())).collect();
        Self { calendars, ..self.clone() }
    }

    pub(crate) fn document(&self) -> &Document {
        &self.document
    }

    /// The set of a whole document.
    ///
    /// # Errors
    /// Everything that is wrong with it, never nothing.
    pub(crate) fn of(mut document: Document, care: Care) -> Result<Self, Vec<Invalid>> {
        let mut faults = Vec::new();
        if document.version.is_none_or(|version| version == 0) {
            faults.push(Invalid::Set("a set has a version, counted from 1".into()));
        }
        document.outages.sort_by(|one, other| (one.from, &one.id).cmp(&(other.from, &other.id)));
        document.calendars.sort_by(|one, other| one.id.cmp(&other.id));
        document.calendars.iter_mut().for_each(CalendarData::sort);
        document.policies.sort_by(|one, other| rank(one).cmp(&rank(other)));
        faults.extend(check_ids(document.calendars.iter().map(|calendar| calendar.id.as_str()), "calendars"));
        faults.extend(check_ids(document.policies.iter().map(|policy| policy.id.as_str()), "policies"));
        if care == Care::Whole {
            let rule = document.extension.iter().flat_map(ExtensionRule::faults);
            faults.extend(rule.map(|what| Invalid::Set(format!("extension: {what}"))));
            let of = |it: &Outage| {
                it.faults().into_iter().map(|what| format!("outage {:?}: {what}", it.id)).collect::<Vec<_>>()
            };
            faults.extend(document.outages.iter().flat_map(of).map(Invalid::Set));
            faults.extend(check_ids(document.outages.iter().map(|outage| outage.id.as_str()), "outages"));
        }
        let outages: Vec<_> = document.outages.iter().map(Outage::suspension).collect();
        let mut calendars = Vec::with_capacity(document.calendars.len());
        for data in &document.calendars {
            match load(data, &document.calendars) {
                Ok(calendar) => calendars.push(calendar.with_outages(outages.clone())),
                Err(fault) => faults.push(fault),
            }
        }
        for policy in &document.policies {
            if care == Care::Whole {
                faults.extend(policy.check());
            }
            for plan in policy.plans() {
                if !document.calendars.iter().any(|calendar| calendar.id == plan.calendar) {
                    let what = format!("the set has no calendar {:?}", plan.calendar);
                    faults.push(Invalid::Policy { id: policy.id.clone(), what });
                }
            }
        }
        if care == Care::Whole {
            faults.extend(check_choice(&document.policies));
        }
        let catch_all = document.policies.iter().position(|policy| policy.matches.is_catch_all());
        if catch_all.is_none() {
            faults.push(Invalid::Set("no policy matches everything".into()));
        }
        let hash = match canonical(&document) {
            Ok(text) => ContentHash(Sha256::digest(text).into()),
            Err(fault) => return Err([faults, vec![fault]].concat()),
        };
        // What its cases say is told where nothing else is wrong: they would only repeat it.
        let Some(catch_all) = catch_all.filter(|_| faults.is_empty()) else { return Err(faults) };
        let set = Self { document, calendars, hash, catch_all };
        let faults = if care == Care::Whole { cases::run(&set) } else { Vec::new() };
        if faults.is_empty() { Ok(set) } else { Err(faults) }
    }
}

/// A calendar of a set, with the one that it is based on. A base stands alone: with chains nobody could tell by reading one
/// file which of three wins, and a cycle has no end.
fn load(data: &CalendarData, all: &[CalendarData]) -> Result<Calendar, Invalid> {
    let refuse = |what: String| Err(Invalid::Calendar { id: data.id.clone(), what });
    let base = match &data.base {
        None => None,
        Some(base) => match all.iter().find(|other| other.id == *base) {
            None => return refuse(format!("the set has no calendar {base:?} to base it on")),
            Some(found) if found.base.is_some() => {
                return refuse(format!("its base {base:?} has a base itself"));
            }
            found => found,
        },
    };
    Calendar::new(data.clone(), base)
}

fn canonical(document: &Document) -> Result<String, Invalid> {
    toml::to_string(document).map_err(|error| Invalid::Text(error.to_string()))
}

/// The order in which policies are tried. The id only makes the order of policies that never meet the same everywhere.
fn rank(policy: &Policy) -> (u32, Reverse<u8>, &str) {
    (policy.order, Reverse(policy.matches.specificity()), &policy.id)
}

fn check_ids<'a>(ids: impl Iterator<Item = &'a str>, what: &str) -> Vec<Invalid> {
    let mut ids: Vec<&str> = ids.collect();
    ids.sort_unstable();
    let twice = ids.windows(2).filter(|pair| pair[0] == pair[1]);
    twice.map(|pair| Invalid::Set(format!("two {what} have the id {:?}", pair[0]))).collect()
}

/// Choices that nothing decides, and policies that would never be chosen. `policies` are in the order of trial.
fn check_choice(policies: &[Policy]) -> Vec<Invalid> {
    let mut faults = Vec::new();
    let boxes = Boxes::of(policies.iter().map(|policy| &policy.matches));
    for (at, later) in policies.iter().enumerate() {
        // Of hundreds that tie nobody reads all pairs.
        if faults.len() >= MOST_FAULTS {
            break;
        }
        let ties = |earlier: &&Policy| {
            let same = (earlier.order, earlier.matches.specificity()) == (later.order, later.matches.specificity());
            same && earlier.matches.overlaps(&later.matches)
        };
        let tied = policies[..at].iter().filter(ties);
        faults.extend(tied.map(|earlier| Invalid::Tie { one: earlier.id.clone(), other: later.id.clone() }));
        let before: Vec<usize> = (0..at).filter(|it| !ties(&&policies[*it])).collect();
        let by = boxes.taken_by(at, &before);
        if !by.is_empty() {
            let by = by.iter().map(|it| policies[*it].id.clone()).collect();
            faults.push(Invalid::Unreachable { id: later.id.clone(), by });
        }
    }
    faults
}

// === impl ContentHash ===

impl ContentHash {
    /// Whether it is that one, in lower-case hex.
    pub fn is(&self, hex: &str) -> bool {
        let digits = |byte: &u8| [byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]);
        self.0.iter().flat_map(digits).eq(hex.bytes())
    }

    /// The 32 bytes, as a database keeps them.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentHash({self})")
    }
}
