//! E-mail addresses.

use email_address::{EmailAddress, Options};

use super::personal;

personal! {
    /// An e-mail address; its domain in lower case, its local part as typed (T3).
    Email
}

const RULE: &str = "must be an e-mail address, such as name@example.org";

impl Email {
    /// Reads an address as typed. No display name, no address literal, a domain with a dot: it must be reachable from outside.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        let options = Options::default().without_display_text().without_domain_literal().with_required_tld();
        let address = EmailAddress::parse_with_options(typed.trim(), options).map_err(|_| RULE)?;
        // Line breaks would end a header of SMTP.
        if address.as_str().chars().any(char::is_control) {
            return Err(RULE);
        }
        Ok(Self(format!("{}@{}", address.local_part(), address.domain().to_lowercase()).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        assert_eq!(Email::parse(" Anna.Petrova@Example.ORG ").unwrap().expose(), "Anna.Petrova@example.org");
        assert!(Email::parse("почта@пример.рф").is_ok());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for typed in
            ["", "anna", "anna@", "@example.org", "anna@localhost", "a b@example.org", "Anna <anna@example.org>"]
        {
            assert_eq!(Email::parse(typed).unwrap_err(), RULE, "{typed}");
        }
        assert!(Email::parse("anna@example.org\r\nbcc: x@example.org").is_err());
    }
}
