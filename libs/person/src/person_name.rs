//! Names of people.

use super::personal;

personal! {
    /// Family name, given name and patronymic, as the person writes them, spaces evened out (T3).
    PersonName
}

const MAX: usize = 200;
const RULE: &str = "must be a name of at most 200 characters, with letters and without digits";

impl PersonName {
    /// Reads a name as typed. One word is enough: not everybody has three.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        let name = typed.split_whitespace().collect::<Vec<_>>().join(" ");
        let fits = name.chars().count() <= MAX
            && name.chars().any(char::is_alphabetic)
            && !name.chars().any(|c| c.is_numeric() || c.is_control() || matches!(c, '<' | '>' | '@'));
        if fits { Ok(Self(name.into())) } else { Err(RULE) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_as_written() {
        assert_eq!(PersonName::parse("  Петрова   Анна Сергеевна ").unwrap().expose(), "Петрова Анна Сергеевна");
        assert!(PersonName::parse("О'Коннор-Смирнова Жанна д’Арк").is_ok());
        for typed in ["", " - ", "Anna 2", "<b>Anna</b>", &"а".repeat(201)] {
            assert_eq!(PersonName::parse(typed).unwrap_err(), RULE);
        }
    }
}
