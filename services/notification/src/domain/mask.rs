//! Addresses with their middle hidden, for those who may see that something went out but not where to.

use sealed::Personal;

use crate::providers::Channel;

/// `+7916•••4567`, `m•••@example.org`.
pub(crate) fn masked(channel: Channel, address: &Personal) -> String {
    let address = address.expose();
    match channel {
        Channel::Sms => {
            let letters: Vec<char> = address.chars().collect();
            if letters.len() < 10 {
                return "•••".to_owned();
            }
            let text = |part: &[char]| part.iter().collect::<String>();
            format!("{}•••{}", text(&letters[..5]), text(&letters[letters.len() - 4..]))
        }
        Channel::Email => match address.split_once('@') {
            Some((local, domain)) => {
                format!("{}•••@{domain}", local.chars().next().map(String::from).unwrap_or_default())
            }
            None => "•••".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::masked;
    use crate::providers::Channel;

    #[test]
    fn the_middle_is_hidden() {
        assert_eq!(masked(Channel::Sms, &"+79161234567".into()), "+7916•••4567");
        assert_eq!(masked(Channel::Sms, &"112".into()), "•••");
        assert_eq!(masked(Channel::Email, &"мария@example.org".into()), "м•••@example.org");
    }
}
