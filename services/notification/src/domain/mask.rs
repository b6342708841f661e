//! Addresses as those see them who may know that something went out, but not where to: enough to tell two apart on the phone with
//! their owner, too little to find the owner by.

use sealed::Personal;

use crate::providers::Channel;

/// What stands for all of an address that is not shown.
const HIDDEN: &str = "•••";

/// Country codes of two digits (ITU-T E.164). `1` and `7` are the only ones of one digit, all others have three.
const OF_TWO_DIGITS: [&str; 44] = [
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49", "51",
    "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84", "86", "90",
    "91", "92", "93", "94", "95", "98",
];

/// `+7•••67`, `m•••@•••.org`.
pub(crate) fn masked(channel: Channel, address: &Personal) -> String {
    let shown = match channel {
        Channel::Sms => phone(address.expose()),
        Channel::Email => email(address.expose()),
    };
    shown.unwrap_or_else(|| HIDDEN.to_owned())
}

/// Country and the last two digits.
fn phone(number: &str) -> Option<String> {
    let digits = number.strip_prefix('+').filter(|digits| digits.len() >= 9 && digits.is_ascii())?;
    let country = match digits.get(..2)? {
        one if one.starts_with(['1', '7']) => digits.get(..1)?,
        two if OF_TWO_DIGITS.contains(&two) => two,
        _ => digits.get(..3)?,
    };
    Some(format!("+{country}{HIDDEN}{}", digits.get(digits.len() - 2..)?))
}

/// The first letter, and the last label of the domain: a domain of one's own names its owner.
fn email(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    let first = local.chars().next()?;
    let (_, top) = domain.rsplit_once('.')?;
    Some(format!("{first}{HIDDEN}@{HIDDEN}.{top}"))
}

#[cfg(test)]
mod tests {
    use super::masked;
    use crate::providers::Channel;

    #[test]
    fn little_is_shown() {
        for (number, shown) in [
            ("+79161234567", "+7•••67"),
            ("+12025550143", "+1•••43"),
            ("+442071838750", "+44•••50"),
            ("+375291234567", "+375•••67"),
            ("112", "•••"),
            ("+79161", "•••"),
        ] {
            assert_eq!(masked(Channel::Sms, &number.into()), shown);
        }
        for (address, shown) in [
            ("мария@example.org", "м•••@•••.org"),
            ("maria@mail.ivanova.example", "m•••@•••.example"),
            ("root@localhost", "•••"),
            ("nobody", "•••"),
        ] {
            assert_eq!(masked(Channel::Email, &address.into()), shown);
        }
    }
}
