//! The catalogue of categories, which is data (T6): `data/categories.toml`, or a file that the configuration names.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::assurance::{AssuranceLevel, resolving};
use super::kinds::{Kind, Priority};
use super::staff::Level;

/// One category.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Lower snake case name, such as `access_recovery`.
    pub id: String,
    /// What it is about, in the large.
    pub kind: Kind,
    /// How urgent it is (T8).
    pub priority: Priority,
    /// Group whose queue it goes to (T9).
    pub group: String,
    /// The lowest level that takes it from the queue.
    #[serde(default = "lowest")]
    pub queue_level: Level,
    /// Level at which the person must be confirmed before it is resolved (T20).
    #[serde(default = "nobody")]
    pub required_assurance: AssuranceLevel,
    /// What the person must have confirmed it for: the action that assertions are bound to.
    #[serde(default = "resolving")]
    pub required_action: String,
    /// Its name by language; `ru` and `en` at least (X5).
    pub names: BTreeMap<String, String>,
}

/// Every category, by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue(BTreeMap<String, Category>);

/// Why a catalogue is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the catalogue of categories: {0}")]
pub struct CatalogueError(pub String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    category: Vec<Category>,
}

const fn lowest() -> Level {
    Level::Operator
}

const fn nobody() -> AssuranceLevel {
    AssuranceLevel::None
}

static BUILTIN: LazyLock<Catalogue> = LazyLock::new(|| {
    // The text is a constant of the binary and a test reads it: a build in which this can happen does not pass its tests.
    Catalogue::parse(include_str!("../../data/categories.toml")).unwrap_or_else(|error| panic!("{error}"))
});

impl Catalogue {
    /// The catalogue that is compiled in.
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// Reads a catalogue.
    ///
    /// # Errors
    /// [`CatalogueError`], the first fault found.
    pub fn parse(text: &str) -> Result<Self, CatalogueError> {
        let file: File = toml::from_str(text).map_err(|error| CatalogueError(error.to_string()))?;
        let mut categories = BTreeMap::new();
        for category in file.category {
            for id in [&category.id, &category.group, &category.required_action] {
                if !is_id(id) {
                    return Err(CatalogueError(format!("{id:?} is not lower snake case")));
                }
            }
            if !["ru", "en"].iter().all(|language| category.names.get(*language).is_some_and(|name| !name.is_empty())) {
                return Err(CatalogueError(format!("{} needs names in ru and en", category.id)));
            }
            if let Some(twice) = categories.insert(category.id.clone(), category) {
                return Err(CatalogueError(format!("{} is listed twice", twice.id)));
            }
        }
        if categories.is_empty() {
            return Err(CatalogueError("lists nothing".into()));
        }
        Ok(Self(categories))
    }

    /// The category of that id.
    pub fn find(&self, id: &str) -> Option<&Category> {
        self.0.get(id)
    }

    /// Every category, by id.
    pub fn all(&self) -> impl Iterator<Item = &Category> {
        self.0.values()
    }
}

/// Whether the text has the form of a category's, a group's or an action's id: lower snake case.
pub fn is_id(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_catalogue_has_everything_t6_names() {
        let catalogue = Catalogue::builtin();
        for id in [
            "access_recovery",
            "account_locked",
            "code_not_arriving",
            "personal_data_change",
            "application_error",
            "application_status",
            "document_rejected",
            "payment",
            "technical_fault",
            "page_display",
            "file_upload",
            "mobile_app",
            "notification_fault",
            "suspicious_activity",
            "consultation",
            "feedback_positive",
            "feedback_neutral",
            "feedback_negative",
            "suggestion",
        ] {
            assert!(catalogue.find(id).is_some(), "{id}");
        }
    }

    #[test]
    fn exactly_t20s_categories_ask_for_a_confirmed_person() {
        let asking: Vec<&str> = Catalogue::builtin()
            .all()
            .filter(|category| category.required_assurance > AssuranceLevel::None)
            .map(|category| category.id.as_str())
            .collect();
        assert_eq!(asking, ["access_recovery", "account_locked", "personal_data_change"]);
        // Where identity verification sends its long codes.
        assert_eq!(Catalogue::builtin().find("access_recovery").unwrap().required_action, "recover_access");
    }

    #[test]
    fn faults_of_a_catalogue_are_named() {
        let entry = |id: &str, names: &str| {
            format!(
                "[[category]]\nid = \"{id}\"\nkind = \"reference\"\npriority = \"low\"\ngroup = \"help\"\nnames = {{ {names} }}\n"
            )
        };
        let both = "ru = \"а\", en = \"a\"";
        assert!(Catalogue::parse(&entry("one", both)).is_ok());
        assert!(Catalogue::parse(&entry("One", both)).is_err());
        assert!(Catalogue::parse(&entry("one", "ru = \"а\"")).is_err());
        assert!(Catalogue::parse(&(entry("one", both) + &entry("one", both))).is_err());
        assert!(Catalogue::parse("category = []").is_err());
    }
}
