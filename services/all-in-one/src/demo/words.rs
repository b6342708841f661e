//! The words of the narration, in both languages of the suite. The messages themselves are in the language of whoever gets them.

use std::str::FromStr;

use anyhow::{Error, bail};

/// The language that the demo is told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tongue {
    /// English.
    English,
    /// Russian.
    Russian,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    /// What the services call the language.
    pub language_code: &'static str,
    pub title: &'static str,
    pub opening: &'static str,
    pub preparing: &'static str,
    pub days: [&'static str; 7],
    pub months: [&'static str; 12],
    pub registered: &'static str,
    pub expected: &'static str,
    pub assigned: &'static str,
    pub answered: &'static str,
    pub question: &'static str,
    pub clocks_stop: &'static str,
    pub information: &'static str,
    pub clocks_go: &'static str,
    pub code: &'static str,
    pub code_text: &'static str,
    pub identity: &'static str,
    pub identity_text: &'static str,
    pub resolved: &'static str,
    pub reopened: &'static str,
    pub withdrawn: &'static str,
    pub by_applicant: &'static str,
    pub reminder: &'static str,
    pub due: &'static str,
    pub overdue: &'static str,
    pub new_term: &'static str,
    pub queue: &'static str,
    pub acceptance: &'static str,
    pub first_answer: &'static str,
    pub next_answer: &'static str,
    pub other_body: &'static str,
    pub resolution: &'static str,
    pub mail: &'static str,
    pub explained: &'static str,
    pub counts: &'static str,
    pub stands: &'static str,
    pub reasons: [(&'static str, &'static str); 4],
    pub summary: &'static str,
    pub columns: [&'static str; 6],
    pub in_time: &'static str,
    pub late: &'static str,
    pub open: &'static str,
    pub closing: &'static str,
}

// === impl Tongue ===

impl Tongue {
    /// By the environment: `LC_ALL`, `LC_MESSAGES`, `LANG`, the first that is set.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(variable).find(|it| !it.is_empty());
        if set.is_some_and(|it| it.starts_with("ru")) { Self::Russian } else { Self::English }
    }

    pub(super) fn words(self) -> Words {
        match self {
            Self::English => ENGLISH,
            Self::Russian => RUSSIAN,
        }
    }
}

impl FromStr for Tongue {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        match name {
            "en" => Ok(Self::English),
            "ru" => Ok(Self::Russian),
            _ => bail!("the demo is told in `en` or `ru`"),
        }
    }
}

const ENGLISH: Words = Words {
    language_code: "en",
    title: "Otklik: a dozen appeals",
    opening: "Four real services, a private Postgres, and a clock that jumps to whatever comes next. People do what a script says; \
              messages, reminders and escalations are what the suite does by itself. Times are Moscow's.",
    preparing: "Starting everything …",
    days: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    registered: "registered",
    expected: "answer expected by",
    assigned: "assigned",
    answered: "answered",
    question: "question",
    clocks_stop: "the applicant owes an answer: the clocks stand still",
    information: "information",
    clocks_go: "the clocks run again; expected by",
    code: "code",
    code_text: "the citizen asks for one, to show who they are",
    identity: "identity",
    identity_text: "confirmed by a code, for this appeal alone",
    resolved: "RESOLVED",
    reopened: "reopened",
    withdrawn: "withdrawn",
    by_applicant: "by the applicant",
    reminder: "reminder",
    due: "due",
    overdue: "OVERDUE",
    new_term: "the citizen is told: expected by",
    queue: "whoever is free at that level",
    acceptance: "acceptance",
    first_answer: "first answer",
    next_answer: "next answer",
    other_body: "another body's answer",
    resolution: "resolution",
    mail: "e-mail",
    explained: "Why is it due then? ExplainDeadline",
    counts: "counts",
    stands: "stands still",
    reasons: [
        ("awaiting_applicant", "the applicant owes an answer"),
        ("awaiting_verification", "identity to be confirmed"),
        ("resolved", "resolved"),
        ("off_hours", "outside working hours"),
    ],
    summary: "What became of them",
    columns: ["number", "appeal", "ended", "in time", "level", "SMS"],
    in_time: "yes",
    late: "late",
    open: "open",
    closing: "Nothing of this is left. `cargo run` starts the suite to stay and prints commands to try; \
              `cargo run -- --time-scale 600` does so with a clock that runs fast.",
};

const RUSSIAN: Words = Words {
    language_code: "ru",
    title: "Отклик: дюжина обращений",
    opening: "Четыре настоящих сервиса, свой Postgres и часы, которые перескакивают к следующему событию. Люди делают то, что написано \
              в сценарии; сообщения, напоминания и передачу старшим система делает сама. Время московское.",
    preparing: "Всё запускается …",
    days: ["понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье"],
    months: [
        "января",
        "февраля",
        "марта",
        "апреля",
        "мая",
        "июня",
        "июля",
        "августа",
        "сентября",
        "октября",
        "ноября",
        "декабря",
    ],
    registered: "принято",
    expected: "ответ ожидается до",
    assigned: "назначено",
    answered: "ответ",
    question: "вопрос",
    clocks_stop: "ждём заявителя: срок не идёт",
    information: "сведения",
    clocks_go: "срок снова идёт; ответ ожидается до",
    code: "код",
    code_text: "гражданин просит код, чтобы подтвердить личность",
    identity: "личность",
    identity_text: "подтверждена кодом, только для этого обращения",
    resolved: "РЕШЕНО",
    reopened: "возобновлено",
    withdrawn: "отозвано",
    by_applicant: "заявителем",
    reminder: "напоминание",
    due: "до",
    overdue: "ПРОСРОЧЕНО",
    new_term: "гражданину сообщено: ответ ожидается до",
    queue: "кто свободен на этом уровне",
    acceptance: "взятие в работу",
    first_answer: "первый ответ",
    next_answer: "следующий ответ",
    other_body: "ответ другого ведомства",
    resolution: "решение",
    mail: "письмо",
    explained: "Почему такой срок? ExplainDeadline",
    counts: "идёт",
    stands: "стоит",
    reasons: [
        ("awaiting_applicant", "ждём заявителя"),
        ("awaiting_verification", "подтверждение личности"),
        ("resolved", "решено"),
        ("off_hours", "нерабочее время"),
    ],
    summary: "Чем всё кончилось",
    columns: ["номер", "обращение", "закрыто", "в срок", "уровень", "SMS"],
    in_time: "да",
    late: "позже",
    open: "открыто",
    closing: "От этого ничего не осталось. `cargo run` запускает систему надолго и печатает команды; \
              `cargo run -- --time-scale 600` — то же с быстрыми часами.",
};
