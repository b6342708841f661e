//! Members of staff and categories, read from the very files that the ticket service is built with.

use std::sync::LazyLock;

use serde::Deserialize;

/// A member of staff.
#[derive(Clone, Debug, Deserialize)]
pub struct Member {
    pub id: String,
    pub email: String,
    pub level: String,
    pub groups: Vec<String>,
    pub languages: Vec<String>,
}

/// A category of appeals.
#[derive(Clone, Debug, Deserialize)]
pub struct Category {
    pub id: String,
    pub priority: String,
    pub group: String,
    #[serde(default = "operator")]
    pub queue_level: String,
    #[serde(default = "none")]
    pub required_assurance: String,
}

#[derive(Deserialize)]
struct Staff {
    member: Vec<Member>,
}

#[derive(Deserialize)]
struct Categories {
    category: Vec<Category>,
}

static STAFF: LazyLock<Staff> = LazyLock::new(|| {
    toml::from_str(include_str!("../../services/ticket/data/staff.toml")).expect("the file of the ticket service")
});
static CATEGORIES: LazyLock<Categories> = LazyLock::new(|| {
    toml::from_str(include_str!("../../services/ticket/data/categories.toml")).expect("the file of the ticket service")
});

/// Who works here.
pub fn members() -> &'static [Member] {
    &STAFF.member
}

/// The member of that id.
pub fn member(id: &str) -> Option<&'static Member> {
    members().iter().find(|it| it.id == id)
}

/// The category of that id.
pub fn category(id: &str) -> &'static Category {
    CATEGORIES.category.iter().find(|it| it.id == id).expect("a category of the catalogue")
}

/// The place of a level in the order of levels, from 1.
pub fn rank(level: &str) -> i16 {
    const LEVELS: [&str; 4] = ["operator", "specialist", "senior_specialist", "supervisor"];
    let place = LEVELS.iter().position(|it| *it == level).expect("a level of staff");
    i16::try_from(place).expect("there are four") + 1
}

/// The place of a priority, the most urgent first.
pub fn urgency(priority: &str) -> usize {
    const PRIORITIES: [&str; 5] = ["emergency", "critical", "high", "normal", "low"];
    PRIORITIES.iter().position(|it| *it == priority).expect("a priority")
}

fn operator() -> String {
    "operator".to_owned()
}

fn none() -> String {
    "none".to_owned()
}

impl Member {
    /// Name and role, as tokens are asked for.
    pub fn who(&self) -> String {
        format!("staff/{}:{}", self.id, self.level)
    }
}
