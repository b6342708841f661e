//! The canaries: two people who exist nowhere, with words that nobody else says.

use jiff::Timestamp;
use proto::identity::v1::Citizen;
use proto::ticket::v1::{AppealContact, Applicant, FileAppealRequest, Passport};
use tests::forms;

use crate::needles::Planted;

pub const NAME: &str = "Зарянкина Евпраксия Канареевна";
pub const PHONE: &str = "+79167350914";
pub const PHONE_TYPED: &str = "8 (916) 735-09-14";
pub const EMAIL: &str = "evpraxia.zaryankina@kenar-post.example";
pub const SNILS: &str = "173-508-264 69";
pub const INN: &str = "771948365294";
pub const PASSPORT_SERIES: &str = "47 19";
pub const PASSPORT_NUMBER: &str = "830264";
pub const ACCOUNT: &str = "LK-7Q4-ZARYANKA";
pub const CALL_TIME: &str = "после 19, спросить Зяблицыну";
/// A group may tell of somebody's health.
pub const GROUP: &str = "pustelga_veteran";
pub const SUBJECT: &str = "Снегирёвка не открывается";
pub const DESCRIPTION: &str = "Пеночковый раздел пуст,\nа варакушка показывает ошибку.";
pub const SAID: &str = "Пишет Щеглиха: ничего не изменилось.";
pub const REPLIED: &str = "Чечёточный отдел уже смотрит.";
pub const NOTED: &str = "Внутри: звонил Зимородков, ругался.";
pub const ASKED: &str = "Назовите, пожалуйста, Оляпкино слово.";
pub const TO_BODY: &str = "Проверьте, пожалуйста, запись Горихвосткиной.";
pub const FROM_BODY: &str = "Запись найдена: Трясогузкин переулок.";
pub const PROVIDED: &str = "Моё слово: Свиристелиха.";
pub const ANSWERED: &str = "Коноплянка починена, проверьте.";
pub const REOPENED: &str = "Дубоносиха опять не открывается.";

pub const CITIZEN_NAME: &str = "Овсянкина Гликерия Чижовна";
pub const CITIZEN_PHONE: &str = "+79267418305";
pub const CITIZEN_EMAIL: &str = "glikeria.ovsyankina@chizh-mail.example";
pub const CITIZEN_SNILS: &str = "284-619-375 13";
pub const CITIZEN_INN: &str = "503827194601";

/// The password of the account at the SMS centre: at most 8 octets.
pub const PASSWORD: &str = "kRapiv9z";

/// What may be found nowhere.
pub fn planted() -> Vec<Planted> {
    vec![
        Planted::text("full name", NAME, &["Зарянкина", "Евпраксия", "Канареевна"]),
        Planted::number("phone", PHONE),
        Planted::value("phone as typed", PHONE_TYPED),
        Planted::text("e-mail", EMAIL, &["evpraxia.zaryankina", "kenar-post"]),
        Planted::number("SNILS", SNILS),
        Planted::number("INN", INN),
        Planted::number("passport", "47 19 830264"),
        Planted::code("passport number", PASSPORT_NUMBER),
        Planted::value("account number", ACCOUNT),
        Planted::text("call time", CALL_TIME, &["Зяблицыну"]),
        Planted::value("group", GROUP),
        Planted::text("birth date", "1931-02-17 19310217 17.02.1931", &["1931-02-17", "19310217", "17.02.1931"]),
        Planted::text("issue date", "1949-10-23 19491023 23.10.1949", &["1949-10-23", "19491023", "23.10.1949"]),
        Planted::text("subject", SUBJECT, &["Снегирёвка"]),
        Planted::text("description", DESCRIPTION, &["Пеночковый", "варакушка"]),
        Planted::text("message of the applicant", SAID, &["Щеглиха"]),
        Planted::text("message of staff", REPLIED, &["Чечёточный"]),
        Planted::text("internal note", NOTED, &["Зимородков"]),
        Planted::text("question", ASKED, &["Оляпкино"]),
        Planted::text("information", PROVIDED, &["Свиристелиха"]),
        Planted::text("answer", ANSWERED, &["Коноплянка"]),
        Planted::text("reopening", REOPENED, &["Дубоносиха"]),
        Planted::text("question to another body", TO_BODY, &["Горихвосткиной"]),
        Planted::text("answer of another body", FROM_BODY, &["Трясогузкин"]),
        Planted::text("citizen's name", CITIZEN_NAME, &["Овсянкина", "Гликерия", "Чижовна"]),
        Planted::number("citizen's phone", CITIZEN_PHONE),
        Planted::text("citizen's e-mail", CITIZEN_EMAIL, &["glikeria.ovsyankina", "chizh-mail"]),
        Planted::number("citizen's SNILS", CITIZEN_SNILS),
        Planted::number("citizen's INN", CITIZEN_INN),
        Planted::text("citizen's birth date", "1948-07-29 19480729", &["1948-07-29", "19480729"]),
        Planted::value("password", PASSWORD),
    ]
}

/// The form with every field filled in.
pub fn form(now: Timestamp, category: &str) -> FileAppealRequest {
    let mut request = forms::filled(now, category, "ru");
    let appeal = request.appeal.as_mut().expect("filled");
    appeal.subject = SUBJECT.to_owned();
    appeal.description = DESCRIPTION.to_owned();
    appeal.contact = Some(AppealContact { phone: PHONE_TYPED.to_owned(), email: EMAIL.to_owned() });
    appeal.applicant = Some(Applicant {
        full_name: NAME.to_owned(),
        account_number: ACCOUNT.to_owned(),
        snils: SNILS.to_owned(),
        inn: INN.to_owned(),
        passport: Some(Passport {
            series: PASSPORT_SERIES.to_owned(),
            number: PASSPORT_NUMBER.to_owned(),
            issue_date: date(1949, 10, 23),
        }),
        birth_date: date(1931, 2, 17),
        call_time: CALL_TIME.to_owned(),
        region: "RU-SA".to_owned(),
        group: GROUP.to_owned(),
        ..Applicant::default()
    });
    request
}

/// The citizen with an account.
pub fn citizen() -> Citizen {
    Citizen {
        full_name: CITIZEN_NAME.to_owned(),
        phone: CITIZEN_PHONE.to_owned(),
        email: CITIZEN_EMAIL.to_owned(),
        snils: CITIZEN_SNILS.to_owned(),
        inn: CITIZEN_INN.to_owned(),
        birth_date: date(1948, 7, 29),
        ..Citizen::default()
    }
}

fn date(year: i32, month: i32, day: i32) -> Option<proto::Date> {
    Some(proto::Date { year, month, day })
}
