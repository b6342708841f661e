//! The shipped texts, compiled in. A new kind or language is a line here and its files.

/// A file of texts in one language.
pub(super) struct Texts {
    pub(super) language: &'static str,
    pub(super) source: &'static str,
}

/// A folder of `templates/`.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) manifest: &'static str,
    pub(super) texts: &'static [Texts],
}

macro_rules! file {
    ($($part:expr),+) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/", $($part),+))
    };
}

macro_rules! kind {
    ($name:literal) => {
        Kind {
            name: $name,
            manifest: file!($name, "/manifest.toml"),
            texts: &[
                Texts { language: "ru", source: file!($name, "/ru.toml") },
                Texts { language: "en", source: file!($name, "/en.toml") },
            ],
        }
    };
}

pub(super) const LAYOUT: &str = file!("layout.html");

pub(super) const LANGUAGES: &[(&str, &str)] = &[("ru", file!("languages/ru.toml")), ("en", file!("languages/en.toml"))];

pub(super) const KINDS: &[Kind] = &[
    kind!("registration"),
    kind!("status_change"),
    kind!("applicant_question"),
    kind!("reminder"),
    kind!("overdue_repeat"),
    kind!("deadline_extended"),
    kind!("deadline_changed"),
    kind!("pause_ended"),
    kind!("resolution"),
    kind!("verification_code"),
    kind!("staff_assigned"),
    kind!("staff_escalated"),
    kind!("staff_reminder"),
    kind!("staff_pause_ended"),
];
