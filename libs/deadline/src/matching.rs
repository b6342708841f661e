//! Which appeals a policy is for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Channel, Features, Kind, Priority, is_id, is_region};

/// What appeals are told apart by here.
pub(crate) const DIMENSIONS: usize = 6;

/// Every named dimension must hold the appeal's value, an absent one holds all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Match {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<BTreeSet<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<BTreeSet<Kind>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<BTreeSet<Priority>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<BTreeSet<Channel>>,
    /// ISO 3166-2 codes, `RU-SA`. It holds no appeal of which nobody told where its applicant lives.
    ///
    /// As all that versions of a service before it do not know: publish it when every replica of every service knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<BTreeSet<String>>,
    /// Groups of people with terms of their own, `large_family`. It holds no appeal of which nobody told one. The group is sealed with what the
    /// applicant wrote, and the id of the policy is not: one that is for one group alone tells it to whoever may see the promise.
    ///
    /// As all that versions of a service before it do not know: publish it when every replica of every service knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applicant_group: Option<BTreeSet<String>>,
}

impl Match {
    /// Whether an appeal falls under it.
    pub fn holds(&self, features: &Features<'_>) -> bool {
        fn allows<T: Ord>(set: &Option<BTreeSet<T>>, value: &T) -> bool {
            set.as_ref().is_none_or(|set| set.contains(value))
        }
        fn told(set: &Option<BTreeSet<String>>, value: Option<&str>) -> bool {
            set.as_ref().is_none_or(|set| value.is_some_and(|value| set.contains(value)))
        }
        self.category.as_ref().is_none_or(|set| set.contains(features.category))
            && allows(&self.kind, &features.kind)
            && allows(&self.priority, &features.priority)
            && allows(&self.channel, &features.channel)
            && told(&self.region, features.region)
            && told(&self.applicant_group, features.applicant_group)
    }

    /// How many dimensions it names.
    pub fn specificity(&self) -> u8 {
        self.named().iter().map(|set| u8::from(set.is_some())).sum()
    }

    /// Whether it names none and so holds for every appeal.
    pub fn is_catch_all(&self) -> bool {
        self.specificity() == 0
    }

    /// What each dimension names, as it is written; `None` for one that holds all.
    pub(crate) fn named(&self) -> [Option<BTreeSet<&str>>; DIMENSIONS] {
        fn names<'a, T>(set: &'a Option<BTreeSet<T>>, name: impl Fn(&'a T) -> &'a str) -> Option<BTreeSet<&'a str>> {
            set.as_ref().map(|set| set.iter().map(name).collect())
        }
        [
            names(&self.category, String::as_str),
            names(&self.kind, |it| it.as_str()),
            names(&self.priority, |it| it.as_str()),
            names(&self.channel, |it| it.as_str()),
            names(&self.region, String::as_str),
            names(&self.applicant_group, String::as_str),
        ]
    }

    /// Every value of each dimension, in the same order; `None` for an open list.
    pub(crate) fn closed() -> [Option<Vec<&'static str>>; DIMENSIONS] {
        let kinds = Kind::ALL.iter().map(|it| it.as_str()).collect();
        let priorities = Priority::ALL.iter().map(|it| it.as_str()).collect();
        let channels = Channel::ALL.iter().map(|it| it.as_str()).collect();
        [None, Some(kinds), Some(priorities), Some(channels), None, None]
    }

    /// Whether an appeal can fall under both.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let (one, other) = (self.named(), other.named());
        one.iter()
            .zip(&other)
            .all(|(one, other)| one.as_ref().zip(other.as_ref()).is_none_or(|(one, other)| !one.is_disjoint(other)))
    }

    pub(crate) fn has_empty_set(&self) -> bool {
        self.named().iter().flatten().any(BTreeSet::is_empty)
    }

    /// What no appeal is told as, so that it would never be chosen by it.
    pub(crate) fn misspelt(&self) -> Vec<&'static str> {
        let all = |set: &Option<BTreeSet<String>>, is: fn(&str) -> bool| set.iter().flatten().all(|it| is(it));
        let region = (!all(&self.region, is_region)).then_some("a region is an ISO 3166-2 code, such as RU-SA");
        let group = (!all(&self.applicant_group, is_id))
            .then_some("an applicant_group is lower snake case, such as large_family");
        region.into_iter().chain(group).collect()
    }
}
