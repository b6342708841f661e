//! What the applicant should do next, by state and language (T12): `data/advice.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::kinds::State;
use person::Language;

/// Texts by state and language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advices(BTreeMap<State, BTreeMap<String, String>>);

static BUILTIN: LazyLock<Advices> = LazyLock::new(|| {
    // The text is a constant of the binary and a test reads it: a build in which this can happen does not pass its tests.
    Advices::parse(include_str!("../../data/advice.toml")).unwrap_or_else(|fault| panic!("data/advice.toml: {fault}"))
});

impl Advices {
    /// The texts that are compiled in.
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// Reads texts: one table per state, one text per language.
    ///
    /// # Errors
    /// What is wrong, such as a state without a Russian text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let texts: BTreeMap<State, BTreeMap<String, String>> =
            toml::from_str(text).map_err(|error| error.to_string())?;
        for state in State::ALL {
            if !texts.get(state).is_some_and(|by_language| by_language.contains_key("ru")) {
                return Err(format!("{} has no text in ru", state.as_str()));
            }
        }
        Ok(Self(texts))
    }

    /// The text for a state; in Russian when there is none in that language (X5).
    pub fn of(&self, state: State, language: &Language) -> &str {
        let texts = self.0.get(&state);
        texts.and_then(|texts| texts.get(language.primary()).or_else(|| texts.get("ru"))).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_own_advice_in_both_languages() {
        let mut seen = std::collections::BTreeSet::new();
        for state in State::ALL {
            for tag in ["ru", "en"] {
                let text = Advices::builtin().of(*state, &Language::parse(tag).unwrap());
                assert!(!text.is_empty() && seen.insert(text), "{} {tag}", state.as_str());
            }
        }
    }

    #[test]
    fn other_languages_fall_back_to_russian_and_regions_to_their_language() {
        let advices = Advices::builtin();
        let of = |tag: &str| advices.of(State::Resolved, &Language::parse(tag).unwrap());
        assert_eq!(of("tt"), of("ru"));
        assert_eq!(of("en-GB"), of("en"));
        assert_ne!(of("en"), of("ru"));
    }
}
