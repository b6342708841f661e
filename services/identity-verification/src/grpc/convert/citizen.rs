//! Citizens between the wire and the domain.

use jiff::Timestamp;
use person::{BirthDate, Email, Inn, Language, PersonName, Phone, Snils, Zone};
use proto::identity::v1::{self as wire, CreateCitizenRequest};
use proto::to_wire;
use rpc::{Refusal, Violations, reasons};
use uuid::Uuid;

use super::level_to_wire;
use crate::domain::{Citizen, Level, citizen_name};

/// CreateCitizen's request.
pub(crate) fn create_citizen(request: &CreateCitizenRequest, id: Uuid, now: Timestamp) -> Result<Citizen, Refusal> {
    let mut violations = Violations::new();
    outbox::request_id(&request.request_id, &mut violations);
    let Some(it) = &request.citizen else {
        violations.add("citizen", reasons::FIELD_REQUIRED, "must be given");
        return Err(Refusal::invalid(violations));
    };
    if it.full_name.is_empty() {
        violations.add("citizen.full_name", reasons::FIELD_REQUIRED, "must be given");
    }
    if it.phone.is_empty() && it.email.is_empty() {
        violations.add("citizen.phone", reasons::FIELD_REQUIRED, "a phone or an e-mail must be given");
    }
    let full_name = field(&mut violations, "citizen.full_name", &it.full_name, PersonName::parse);
    let phone = field(&mut violations, "citizen.phone", &it.phone, Phone::parse);
    let email = field(&mut violations, "citizen.email", &it.email, Email::parse);
    let snils = field(&mut violations, "citizen.snils", &it.snils, Snils::parse);
    let inn = field(&mut violations, "citizen.inn", &it.inn, Inn::parse);
    let birth_date = it.birth_date.as_ref().and_then(|date| {
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        BirthDate::parse(date.year, date.month, date.day, today)
            .map_err(|rule| violations.add("citizen.birth_date", reasons::FIELD_INVALID, rule))
            .ok()
    });
    let language = Language::parse(&it.language_code)
        .map_err(|rule| violations.add("citizen.language_code", reasons::FIELD_INVALID, rule));
    let zone =
        Zone::parse(&it.time_zone).map_err(|rule| violations.add("citizen.time_zone", reasons::FIELD_INVALID, rule));
    let (Some(full_name), Ok(language), Ok(zone), true) = (full_name, language, zone, violations.is_empty()) else {
        return Err(Refusal::invalid(violations));
    };
    let (create_time, update_time) = (now, now);
    Ok(Citizen {
        id,
        full_name,
        phone,
        email,
        snils,
        inn,
        birth_date,
        language,
        zone,
        revision: 1,
        create_time,
        update_time,
    })
}

fn field<T>(
    violations: &mut Violations,
    path: &'static str,
    typed: &str,
    parse: impl FnOnce(&str) -> Result<T, &'static str>,
) -> Option<T> {
    if typed.is_empty() {
        return None;
    }
    parse(typed).map_err(|rule| violations.add(path, reasons::FIELD_INVALID, rule)).ok()
}

pub(crate) fn citizen_to_wire(it: &Citizen, level: Level) -> wire::Citizen {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    wire::Citizen {
        name: citizen_name(it.id),
        full_name: it.full_name.expose().to_owned(),
        phone: text(it.phone.as_ref().map(Phone::expose)),
        email: text(it.email.as_ref().map(Email::expose)),
        snils: text(it.snils.as_ref().map(Snils::expose)),
        inn: text(it.inn.as_ref().map(Inn::expose)),
        birth_date: it.birth_date.map(|date| {
            let date = date.expose();
            proto::Date { year: date.year().into(), month: date.month().into(), day: date.day().into() }
        }),
        language_code: it.language.as_str().to_owned(),
        time_zone: it.zone.as_str().to_owned(),
        assurance_level: level_to_wire(level).into(),
        create_time: Some(to_wire(it.create_time)),
        update_time: Some(to_wire(it.update_time)),
    }
}
