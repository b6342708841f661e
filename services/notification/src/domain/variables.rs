//! The variables of a message as JSON, for the sealed column.

use jiff::Timestamp;
use sealed::{Personal, Zeroizing};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::templates::{Value, Values};

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Stored {
    Text(String),
    Time(Timestamp),
    Code(String),
    Number(i64),
}

/// Writes values; the bytes are for sealing.
pub(crate) fn to_json(values: &Values) -> Zeroizing<Vec<u8>> {
    let stored: BTreeMap<&str, Stored> = values
        .iter()
        .map(|(name, value)| {
            let stored = match value {
                Value::Text(text) => Stored::Text(text.expose().to_owned()),
                Value::Time(time) => Stored::Time(*time),
                Value::Code(code) => Stored::Code(code.expose().to_owned()),
                Value::Number(number) => Stored::Number(*number),
            };
            (name.as_str(), stored)
        })
        .collect();
    Zeroizing::new(serde_json::to_vec(&stored).expect("a map of plain values is JSON"))
}

/// Reads what [`to_json`] wrote; `None` for anything else.
pub(crate) fn from_json(bytes: &[u8]) -> Option<Values> {
    let stored: BTreeMap<String, Stored> = serde_json::from_slice(bytes).ok()?;
    let read = |(name, stored)| {
        let value = match stored {
            Stored::Text(text) => Value::Text(Personal::from(text)),
            Stored::Time(time) => Value::Time(time),
            Stored::Code(code) => Value::Code(Personal::from(code)),
            Stored::Number(number) => Value::Number(number),
        };
        (name, value)
    };
    Some(stored.into_iter().map(read).collect())
}

/// The same values with every code replaced, for texts that a list may show.
pub(crate) fn hide_codes(values: &Values) -> Values {
    let hide = |value: &Value| match value {
        // A code is letters and digits to the template's check, so that is what stands for it.
        Value::Code(code) => Value::Code(Personal::from("X".repeat(code.expose().chars().count()))),
        other => other.clone(),
    };
    values.iter().map(|(name, value)| (name.clone(), hide(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_and_codes_can_be_hidden() {
        let values = Values::from([
            ("a".to_owned(), Value::Text("текст".into())),
            ("b".to_owned(), Value::Time("2026-11-22T09:00:00Z".parse().unwrap())),
            ("c".to_owned(), Value::Code("123456".into())),
            ("d".to_owned(), Value::Number(-5)),
        ]);
        assert_eq!(from_json(&to_json(&values)), Some(values.clone()));
        let hidden = hide_codes(&values);
        assert_eq!(hidden["c"], Value::Code("XXXXXX".into()));
        assert_eq!(hidden["a"], values["a"]);
        assert_eq!(from_json(b"{}x"), None);
    }
}
