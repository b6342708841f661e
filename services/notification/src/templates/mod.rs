//! The texts of notifications: data, one folder for each kind, checked when loaded (N4, N-16).
//!
//! ```text
//! templates/<kind>/manifest.toml    channels, lane, time to live, kinds that it supersedes, declared variables
//! templates/<kind>/<language>.toml  sms, subject, text, html
//! templates/languages/<language>.toml   month names, zone names, words for codes such as `in_progress`
//! templates/layout.html             around every HTML text
//! ```
//!
//! Loading compiles every text and refuses: an undeclared variable in a text, a declared one that no text of a language uses, a
//! channel without its text. Rendering refuses missing *and* unknown variables, wrong types, values that are empty or too long,
//! all of them at once. Nothing a violation or an error says repeats a value.
//!
//! Times are given as instants and written in the recipient's zone and language; a `words` variable is given as a code and
//! written in the language's own words. `hotline` comes from the configuration and needs no declaration (N6). Text values are
//! escaped in HTML.
//!
//! Languages are an open set (X5): a locale is tried whole, then without its region, then the configured fall-back in order.
//! A template's `version` is pinned by each notification; whoever changes a text raises it.

mod builtin;
mod catalogue;
mod language;
mod load;
mod manifest;
mod render;
#[cfg(test)]
mod tests;
mod value;

pub use catalogue::{Catalogue, LoadError, RenderError, Rendered, TemplateConfig};
pub use manifest::{Lane, Manifest, Supersedes, Variable, VariableType};
pub use value::{Problem, Value, Values, Violation};
