//! In Russian.

use ::deadline::{Allowance, SuspensionReason};
use jiff::SignedDuration;

use super::Words;

pub(super) const WORDS: Words = Words {
    term: |allowance| format!("Срок — {}.", length(allowance)),
    counting: |allowance| match allowance {
        Allowance::RealTime(_) => "Считается всё время, и ночью, и в выходные.",
        Allowance::WorkingTime(_) => "Считаются только часы работы.",
        Allowance::WorkingDays(_) => "День обращения не считается, срок кончается с концом последнего рабочего дня.",
    },
    from: |start, zone| format!("Отсчёт с {start}, время {zone}."),
    days: "Считаются дни",
    skipped: "Не считаются",
    day_off: "выходные",
    pause: |from, to, reason| format!("С {from} по {to} срок не шёл: {}.", why(reason)),
    paused: |since, reason, left| format!("С {since} срок не идёт: {}. Останется {left}.", why(reason)),
    extended: |from, by| format!("Срок, истекавший {from}, продлён: ещё {}.", length(by)),
    due: |due| format!("Срок истекает {due}."),
    provisional: |years| {
        format!("Производственный календарь на {years} ещё не утверждён: выходные могут быть перенесены.")
    },
    folded: "Часть дней не перечислена: их слишком много.",
    span,
};

fn why(reason: SuspensionReason) -> &'static str {
    match reason {
        SuspensionReason::AwaitingApplicant => "ждали ответа заявителя",
        SuspensionReason::AwaitingVerification => "ждали подтверждения личности",
        SuspensionReason::AwaitingOtherBody => "ждали ответа другого ведомства",
        SuspensionReason::Resolved => "ответ был дан",
        SuspensionReason::Outage => "никто не мог работать",
    }
}

fn length(allowance: Allowance) -> String {
    match allowance {
        Allowance::RealTime(time) => span(time),
        Allowance::WorkingTime(time) => format!("{} рабочего времени", span(time)),
        Allowance::WorkingDays(days) => {
            format!("{days} {}", plural(days.into(), ["рабочий день", "рабочих дня", "рабочих дней"]))
        }
    }
}

fn span(time: SignedDuration) -> String {
    let minutes = time.as_mins();
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let hours = (hours != 0).then(|| format!("{hours} {}", plural(hours, ["час", "часа", "часов"])));
    let minutes = (minutes != 0 || hours.is_none())
        .then(|| format!("{minutes} {}", plural(minutes, ["минута", "минуты", "минут"])));
    [hours, minutes].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// One, a few, many: 1 день, 2 дня, 5 дней, 11 дней, 21 день.
fn plural(count: i64, [one, few, many]: [&'static str; 3]) -> &'static str {
    match (count % 10, count % 100) {
        (_, 11..=14) => many,
        (1, _) => one,
        (2..=4, _) => few,
        _ => many,
    }
}
