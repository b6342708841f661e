//! Resource names.

use uuid::Uuid;

/// `citizens/{uuid}`.
pub fn citizen_name(id: Uuid) -> String {
    format!("citizens/{id}")
}

/// `recipients/{uuid}`: how notification knows a citizen.
pub fn recipient_name(id: Uuid) -> String {
    format!("recipients/{id}")
}

/// `verifications/{uuid}`.
pub fn verification_name(id: Uuid) -> String {
    format!("verifications/{id}")
}

/// The UUID within `collection/{uuid}`, in lower case with hyphens, as it was given out.
pub fn parse_name(collection: &str, name: &str) -> Option<Uuid> {
    let id = name.strip_prefix(collection)?.strip_prefix('/')?;
    Uuid::try_parse(id).ok().filter(|parsed| parsed.hyphenated().to_string() == id)
}

#[cfg(test)]
mod tests {
    use super::parse_name;

    #[test]
    fn only_the_form_that_was_given_out_is_read() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        assert!(parse_name("citizens", &format!("citizens/{id}")).is_some());
        for wrong in
            [id.to_owned(), format!("appeals/{id}"), format!("citizens/{}", id.to_uppercase()), "citizens/".into()]
        {
            assert_eq!(parse_name("citizens", &wrong), None, "{wrong}");
        }
    }
}
