//! Whether a sign-in used two different factors, by its `amr` claim (RFC 8176).

/// What a factor rests on. Two passwords are one factor shown twice.
#[derive(PartialEq)]
enum Factor {
    Knowledge,
    Possession,
    Inherence,
}

fn factor(method: &str) -> Option<Factor> {
    match method {
        "pwd" | "pin" | "kba" => Some(Factor::Knowledge),
        "otp" | "sms" | "tel" | "hwk" | "swk" | "sc" | "pop" => Some(Factor::Possession),
        "face" | "fpt" | "iris" | "retina" | "vbm" => Some(Factor::Inherence),
        _ => None,
    }
}

/// True when `amr` says "mfa" or names methods of two different kinds.
pub(crate) fn second_factor(amr: &[String]) -> bool {
    let kinds: Vec<Factor> = amr.iter().filter_map(|method| factor(method)).collect();
    amr.iter().any(|method| method == "mfa") || kinds.windows(2).any(|pair| pair[0] != pair[1])
}
