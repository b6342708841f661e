use jiff::Timestamp;
use sealed::Personal;

use super::builtin::{Kind as Files, LANGUAGES, Texts};
use super::{
    Catalogue, Lane, Problem, RenderError, Rendered, TemplateConfig, Value, Values, VariableType, Violation, load,
};
use crate::providers::Channel;
use crate::providers::smpp::segment::cut;

const NUMBER: &str = "7K3M-9QXT-2R5C";

fn config() -> TemplateConfig {
    toml::from_str("hotline = '8 800 000-00-00'").expect("the rest has defaults")
}

fn catalogue() -> Catalogue {
    Catalogue::builtin(&config()).expect("the shipped templates are sound")
}

fn text(value: &str) -> Value {
    Value::Text(Personal::from(value.to_owned()))
}

fn at(time: &str) -> Value {
    Value::Time(time.parse::<Timestamp>().expect("a time"))
}

fn typical(name: &str, kind: VariableType) -> Value {
    match (name, kind) {
        ("number", _) => text(NUMBER),
        ("prefix", _) => text("QK"),
        ("status", _) => text("awaiting_other_body"),
        ("handler", _) => text("senior_specialist"),
        ("priority", _) => text("critical"),
        ("reason", _) => text("further_analysis"),
        (_, VariableType::Text) => text("Пришлите, пожалуйста, номер заявления <2> & дату."),
        (_, VariableType::Time) => at("2026-11-25T15:00:00Z"),
        (_, VariableType::Code) => Value::Code(Personal::from("482913".to_owned())),
        (_, VariableType::Number) => Value::Number(10),
    }
}

fn values(catalogue: &Catalogue, kind: &str, optional: bool) -> Values {
    let variables = &catalogue.manifest(kind).expect("a known kind").variables;
    let wanted = variables.iter().filter(|(_, variable)| optional || !variable.optional);
    wanted.map(|(name, variable)| (name.clone(), typical(name, variable.kind))).collect()
}

fn render(kind: &str, locale: &str, zone: &str, channel: Channel) -> Rendered {
    let catalogue = catalogue();
    catalogue.render(kind, locale, zone, channel, &values(&catalogue, kind, true)).expect("typical values render")
}

#[test]
fn every_kind_renders_in_every_language_and_channel_and_a_russian_sms_fits_two_parts() {
    let catalogue = catalogue();
    println!("{:<20} {:<4} {:>5} {:>5}", "kind", "lang", "units", "parts");
    for (kind, manifest) in catalogue.kinds() {
        for language in ["ru", "en"] {
            for optional in [true, false] {
                for channel in &manifest.channels {
                    let mut values = values(&catalogue, kind, optional);
                    // The longest month and a zone that needs its difference.
                    for value in values.values_mut().filter(|value| matches!(value, Value::Time(_))) {
                        *value = at("2026-09-25T15:00:00Z");
                    }
                    let rendered = catalogue.render(kind, language, "Asia/Vladivostok", *channel, &values).expect(kind);
                    assert_eq!(rendered.language, language);
                    let all = [rendered.subject.as_ref(), Some(&rendered.text), rendered.html.as_ref()];
                    for part in all.into_iter().flatten().map(Personal::expose) {
                        let lower = part.to_lowercase();
                        assert!(
                            !lower.contains("http") && !lower.contains("www.") && !lower.contains("href"),
                            "{kind}: a link"
                        );
                        assert!(
                            !part.trim().is_empty() && !part.contains("none") && !part.contains("{{"),
                            "{kind}: {part}"
                        );
                    }
                    if *channel == Channel::Sms {
                        let sms = rendered.text.expose();
                        assert!(!sms.contains('\n') && !sms.contains("  "), "{kind}/{language}: {sms:?}");
                        let parts = cut(sms, true).expect("short").parts.len();
                        println!("{kind:<20} {language:<4} {:>5} {parts:>5}   {sms}", sms.encode_utf16().count());
                        assert!(parts <= 2, "{kind}/{language}: {parts} parts");
                    }
                }
            }
        }
    }
}

#[test]
fn the_promise_carries_number_and_time_and_the_repeat_its_apology_and_who_has_it() {
    let sms = render("registration", "ru", "Europe/Moscow", Channel::Sms);
    for part in [NUMBER, "25 ноября 2026, 18:00 (МСК)", "8 800 000-00-00"] {
        assert!(sms.text.expose().contains(part), "{part}");
    }
    let sms = render("overdue_repeat", "ru-RU", "Asia/Yekaterinburg", Channel::Sms);
    for part in ["Извините", "старшему специалисту", NUMBER, "25 ноября 2026, 20:00 (МСК+2)"]
    {
        assert!(sms.text.expose().contains(part), "{part}");
    }
    let sms = render("overdue_repeat", "en", "Europe/Moscow", Channel::Sms);
    for part in ["sorry", "a senior specialist", NUMBER, "25 November 2026, 18:00 (Moscow time)"] {
        assert!(sms.text.expose().contains(part), "{part}");
    }
    let catalogue = catalogue();
    let mut higher = values(&catalogue, "overdue_repeat", false);
    let said = catalogue.render("overdue_repeat", "ru", "Europe/Moscow", Channel::Sms, &higher).expect("renders");
    assert!(said.text.expose().contains("старшему специалисту"), "the first level is the senior specialist");
    higher.insert("handler".to_owned(), text("supervisor"));
    let said = catalogue.render("overdue_repeat", "ru", "Europe/Moscow", Channel::Sms, &higher).expect("renders");
    assert!(said.text.expose().contains("руководителю службы"));
}

#[test]
fn times_follow_the_recipients_zone() {
    let time = |zone: &str, locale: &str| {
        let sms = render("staff_reminder", locale, zone, Channel::Sms).text.expose().to_owned();
        sms.rsplit_once(": ").expect("the time is last").1.to_owned()
    };
    assert_eq!(time("Europe/Kaliningrad", "ru"), "25 ноября 2026, 17:00 (МСК-1)");
    assert_eq!(time("Asia/Kamchatka", "ru"), "26 ноября 2026, 03:00 (МСК+9)");
    assert_eq!(time("Asia/Kathmandu", "en"), "25 November 2026, 20:45 (UTC+5:45)");
    assert_eq!(time("America/St_Johns", "en"), "25 November 2026, 11:30 (UTC-3:30)");
    assert_eq!(time("UTC", "ru"), "25 ноября 2026, 15:00 (UTC+0)");
    let catalogue = catalogue();
    let values = values(&catalogue, "staff_reminder", true);
    let nowhere = catalogue.render("staff_reminder", "ru", "Moon/Sea", Channel::Sms, &values);
    assert_eq!(nowhere, Err(RenderError::Zone));
}

#[test]
fn names_of_zones_tell_the_true_difference_from_moscow() {
    // The data say "МСК+2"; the time-zone database says whether that is so.
    let moment: Timestamp = "2026-11-25T15:00:00Z".parse().expect("a time");
    let russian: toml::Table = toml::from_str(LANGUAGES[0].1).expect("well-formed");
    for (zone, name) in russian["zones"].as_table().expect("a table") {
        let offset = jiff::tz::TimeZone::get(zone).expect(zone).to_offset(moment).seconds() / 3600 - 3;
        let told = name.as_str().expect("text").strip_prefix("МСК").expect("of Moscow");
        assert_eq!(told.parse::<i32>().unwrap_or(0), offset, "{zone}");
    }
}

#[test]
fn languages_fall_back() {
    let language = |locale: &str| render("registration", locale, "Europe/Moscow", Channel::Sms).language;
    assert_eq!(["ru", "ru-RU", "en_GB", "EN", "tt-RU", ""].map(language), ["ru", "ru", "en", "en", "ru", "ru"]);
    let english = TemplateConfig { fallback: vec!["en".to_owned()], ..config() };
    let catalogue = Catalogue::builtin(&english).expect("sound");
    let values = values(&catalogue, "registration", true);
    let rendered = catalogue.render("registration", "tt", "Europe/Moscow", Channel::Sms, &values).expect("renders");
    assert_eq!(rendered.language, "en");
    let nothing = TemplateConfig { fallback: vec!["tlh".to_owned()], ..config() };
    assert!(Catalogue::builtin(&nothing).is_err());
}

#[test]
fn every_fault_of_the_values_is_named_at_once() {
    let catalogue = catalogue();
    let values = Values::from([
        ("due_time".to_owned(), text("завтра")),
        ("priority".to_owned(), text("super")),
        ("password".to_owned(), text("qwerty")),
        ("link".to_owned(), Value::Number(1)),
    ]);
    let expected = [
        ("due_time", Problem::WrongType(VariableType::Time)),
        ("level", Problem::Missing),
        ("number", Problem::Missing),
        ("priority", Problem::UnknownWord("priority".to_owned())),
        ("link", Problem::Unknown),
        ("password", Problem::Unknown),
    ];
    let expected: Vec<_> =
        expected.into_iter().map(|(variable, problem)| Violation { variable: variable.to_owned(), problem }).collect();
    assert_eq!(catalogue.check("staff_escalated", &values), Err(expected.clone()));
    let rendered = catalogue.render("staff_escalated", "ru", "UTC", Channel::Email, &values);
    assert_eq!(rendered, Err(RenderError::Values(expected)));
    assert_eq!(catalogue.check("nothing", &values).expect_err("unknown")[0].problem, Problem::UnknownKind);
}

#[test]
fn values_are_measured() {
    let catalogue = catalogue();
    let problem = |name: &str, value: Value, kind: &str| {
        let mut values = values(&catalogue, kind, true);
        values.insert(name.to_owned(), value);
        catalogue
            .check(kind, &values)
            .err()
            .map(|violations| violations.into_iter().map(|one| one.problem).collect::<Vec<_>>())
    };
    assert_eq!(problem("number", text(&"9".repeat(32)), "registration"), None);
    assert_eq!(problem("number", text(&"9".repeat(33)), "registration"), Some(vec![Problem::TooLong(32)]));
    assert_eq!(problem("number", text(" "), "registration"), Some(vec![Problem::Empty]));
    assert_eq!(problem("number", text("1\u{0}"), "registration"), Some(vec![Problem::BadCharacter]));
    assert_eq!(problem("question", text("строка\nстрока"), "applicant_question"), None);
    let code = |code: &str| Value::Code(Personal::from(code.to_owned()));
    assert_eq!(problem("code", code("4829 13"), "verification_code"), Some(vec![Problem::BadCharacter]));
    assert_eq!(
        problem("code", text("482913"), "verification_code"),
        Some(vec![Problem::WrongType(VariableType::Code)])
    );
}

#[test]
fn html_is_escaped_and_plain_text_is_not() {
    let mail = render("applicant_question", "ru", "Europe/Moscow", Channel::Email);
    assert!(mail.text.expose().contains("<2> & дату"));
    let html = mail.html.expect("a mail has it");
    assert!(html.expose().contains("&lt;2&gt; &amp; дату") && !html.expose().contains("<2>"));
    assert!(html.expose().contains("<p>Здравствуйте!</p>"), "the text's own markup stays");
    assert!(html.expose().starts_with("<!DOCTYPE html>\n<html lang=\"ru\">"));
    assert_eq!(mail.subject.expect("a mail has it").expose(), format!("Обращение № {NUMBER}: нужен ваш ответ"));
}

#[test]
fn manifests_say_how_a_kind_is_treated() {
    let catalogue = catalogue();
    let code = catalogue.manifest("verification_code").expect("known");
    assert_eq!((code.lane, code.ttl.as_mins(), code.mandatory), (Lane::Code, 10, true));
    let news = catalogue.manifest("status_change").expect("known");
    assert_eq!((news.lane, news.mandatory), (Lane::Normal, false));
    assert_eq!(catalogue.manifest("overdue_repeat").expect("known").lane, Lane::Emergency);
    let mut personal = Vec::new();
    for (kind, manifest) in catalogue.kinds() {
        let names = manifest.variables.iter().filter(|(_, variable)| variable.personal).map(|(name, _)| name);
        personal.extend(names.map(|name| format!("{kind}.{name}")));
    }
    let expected =
        ["applicant_question.question", "resolution.summary", "status_change.comment", "verification_code.code"];
    assert_eq!(personal, expected);
}

#[test]
fn an_unsound_template_is_refused_when_loaded() {
    const MANIFEST: &str = "version = 1\nchannels = ['sms']\nlane = 'normal'\nttl = '1h'\nmandatory = false\n[variables]\nname = { type = 'text', max_length = 9 }\n";
    const SUPERSEDES: &str = "version = 1\nchannels = ['sms']\nlane = 'normal'\nttl = '1h'\nmandatory = false\nsupersedes = [{ kind = 'reminder', when.name = ['closed', 'lost'] }]\n[variables]\nname = { type = 'text', max_length = 9, words = 'status' }\n";
    fn problem(manifest: &'static str, source: &'static str) -> String {
        let languages = LANGUAGES
            .iter()
            .map(|(name, source)| ((*name).to_owned(), toml::from_str(source).expect("sound")))
            .collect();
        let texts: &'static [Texts] = Box::leak(Box::new([Texts { language: "ru", source }]));
        let files = Files { name: "kind", manifest, texts };
        let mut engine = load::engine(&config());
        load::kind(&mut engine, &languages, &files).map_or_else(|error| error.to_string(), |_| "sound".to_owned())
    }
    let cases = [
        (MANIFEST, "sms = '{{ name }} {{ hotline }}'", "sound"),
        (MANIFEST, "sms = '{{ name }} {{ surname }}'", "`surname` is not declared"),
        (MANIFEST, "sms = 'hello'", "`name` is declared and never used"),
        (MANIFEST, "sms = '{{ name'", "kind/ru/sms"),
        (MANIFEST, "subject = '{{ name }}'", "`sms` is missing"),
        (MANIFEST, "sms = '{{ name }}'\nhtml = 'x'", "`html` belongs to no channel"),
        (MANIFEST, "sms = '{{ name }}'\nsmss = 'x'", "unknown field"),
        (SUPERSEDES, "sms = '{{ name }}'", "`lost` is no word of `status`"),
        ("version = 1\nchannels = []\nlane = 'normal'\nttl = '1h'\nmandatory = false\n", "sms = ''", "no channel"),
        (
            "version = 1\nchannels = ['sms']\nlane = 'fast'\nttl = '1h'\nmandatory = false\n",
            "sms = ''",
            "unknown variant",
        ),
    ];
    for (manifest, source, expected) in cases {
        let problem = problem(manifest, source);
        assert!(problem.contains(expected), "{source}: {problem}");
    }
}
