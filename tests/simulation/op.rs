//! What can happen, one line of text each: a list that failed is read as it was printed.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use tests::Part;

/// One thing that happens. Appeals are counted in the order of their filing, modulo how many there are: a list stays meaningful when
/// a filing is taken out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Somebody files an appeal.
    File(Form),
    /// The last request of a person comes once more under its own id.
    Again {
        /// With other content: a mistake of the caller.
        changed: bool,
    },
    /// The supervisor gives an appeal to a member.
    Assign(usize, usize),
    /// A member takes the next one.
    Claim(usize),
    /// Somebody does something about an appeal.
    Act(Act, usize),
    /// Time passes.
    Wait(Wait),
    /// The relay of a service does one step for each destination.
    Relay(Part),
    /// The next call of a method, or its answer, is lost.
    Lose { answer: bool, method: &'static str },
    /// The relay of a service dies holding its leases, before or after its call was applied.
    Die { part: Part, applied: bool },
    /// The monitor does one step.
    Tick,
    /// Two monitors do one at once.
    TwoTicks,
    /// The dispatcher does one step for each lane.
    Dispatch,
    /// The dispatcher dies in the middle of a send.
    DieSending,
    /// What the SMS centre does with the next message, or from now on.
    Sms(Centre),
    /// What the mail relay does with the next mail, or from now on.
    Mail(MailRelay),
    /// A receipt comes for the last SMS that has none.
    Receipt(Fate),
    /// A service is stopped and started.
    Restart(Part),
    /// Every loop works until nothing is due at this moment; faults stay.
    Run,
    /// All faults end, and everything that is due happens.
    Settle,
    /// The same, when whoever has an open appeal has taken it back.
    Close,
}

/// What is filed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// The channel, by its name on the wire.
    pub channel: &'static str,
    /// Id of the category.
    pub category: &'static str,
    /// By a citizen with an account, or by the portal for somebody without.
    pub login: bool,
    /// `ru` or `en`.
    pub language: &'static str,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$of])* $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in a list.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.word() == word)
            }
        }
    };
}

words! {
    /// What somebody does about an appeal.
    Act {
        /// Its assignee asks the applicant.
        Ask = "ask",
        /// Its assignee wants the person confirmed.
        AskIdentity = "ask-identity",
        /// The applicant answers.
        Inform = "inform",
        /// The applicant writes.
        Write = "write",
        /// Its assignee writes to the applicant.
        Answer = "answer",
        /// Its assignee leaves a note.
        Note = "note",
        /// Its assignee resolves it.
        Resolve = "resolve",
        /// Somebody who does not have it tries to.
        Meddle = "meddle",
        /// The applicant opens it again.
        Reopen = "reopen",
        /// The applicant takes it back.
        Withdraw = "withdraw",
        /// Its assignee has seen that it was handed up to them.
        Acknowledge = "acknowledge",
        /// Its assignee asks for more time.
        Extend = "extend",
        /// Its assignee asks another body.
        AskBody = "ask-body",
        /// That body answers.
        BodyAnswers = "body-answers",
        /// It is waited for no longer.
        GiveBodyUp = "give-body-up",
        /// The applicant is confirmed by a code.
        Prove = "prove",
    }
}

words! {
    /// What the SMS centre does.
    Centre {
        /// From now on it refuses everything for the time being.
        Down = "down",
        /// From now on it works.
        Up = "up",
        /// The next message is taken, and the connection ends without an answer. A centre that keeps it open and says nothing costs a second of
        /// real time: that is tried by the notification service's own tests of leases.
        Silent = "silent",
        /// The next message is lost together with the connection.
        Lost = "lost",
        /// The next message is refused for good.
        Refuse = "refuse",
    }
}

words! {
    /// What the mail relay does.
    MailRelay {
        /// From now on nobody is there: connections are refused.
        Away = "away",
        /// From now on it refuses everything for the time being.
        Down = "down",
        /// From now on it works.
        Up = "up",
        /// The next mail is taken, and the connection ends without an answer.
        Silent = "silent",
        /// The next mail is lost together with the connection.
        Lost = "lost",
        /// The next mail is refused for good.
        Refuse = "refuse",
    }
}

words! {
    /// What a receipt tells.
    Fate {
        /// It is on the handset.
        Delivered = "delivered",
        /// It can't be brought there.
        Undeliverable = "undeliverable",
    }
}

/// How much time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// So many seconds.
    For(u32),
    /// Up to the next time at which a rung is to fire, and so many seconds more or less. None: a minute.
    Next(i32),
}

/// Channels by their names on the wire.
pub const CHANNELS: [&str; 5] = ["web_form", "chat", "email", "portal", "phone"];
/// One category of each priority, and each kind of assurance.
pub const CATEGORIES: [&str; 7] = [
    "code_not_arriving",
    "access_recovery",
    "personal_data_change",
    "suspicious_activity",
    "page_display",
    "consultation",
    "payment",
];
/// Languages.
pub const LANGUAGES: [&str; 2] = ["ru", "en"];
/// What may be lost.
pub const METHODS: [&str; 8] = [
    "TrackDeadline",
    "UpdateDeadline",
    "StopDeadline",
    "UpsertRecipient",
    "SendNotification",
    "EscalateAppeal",
    "RecordDeadlineOutcome",
    "RecordNoticeOutcome",
];

// === impl Op ===

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(Form { channel, category, login, language }) => {
                let who = if *login { "citizen" } else { "anonymous" };
                write!(f, "file {channel} {category} {who} {language}")
            }
            Self::Again { changed: false } => write!(f, "again"),
            Self::Again { changed: true } => write!(f, "again changed"),
            Self::Assign(appeal, member) => write!(f, "assign {appeal} {member}"),
            Self::Claim(member) => write!(f, "claim {member}"),
            Self::Act(act, appeal) => write!(f, "{} {appeal}", act.word()),
            Self::Wait(Wait::For(seconds)) => write!(f, "wait {seconds}"),
            Self::Wait(Wait::Next(seconds)) => write!(f, "wait next {seconds}"),
            Self::Relay(part) => write!(f, "relay {part}"),
            Self::Lose { answer: false, method } => write!(f, "lose request {method}"),
            Self::Lose { answer: true, method } => write!(f, "lose answer {method}"),
            Self::Die { part, applied: false } => write!(f, "die {part} before"),
            Self::Die { part, applied: true } => write!(f, "die {part} after"),
            Self::Tick => write!(f, "tick"),
            Self::TwoTicks => write!(f, "ticks"),
            Self::Dispatch => write!(f, "dispatch"),
            Self::DieSending => write!(f, "die sending"),
            Self::Sms(centre) => write!(f, "sms {}", centre.word()),
            Self::Mail(relay) => write!(f, "mail {}", relay.word()),
            Self::Receipt(fate) => write!(f, "receipt {}", fate.word()),
            Self::Restart(part) => write!(f, "restart {part}"),
            Self::Run => write!(f, "run"),
            Self::Settle => write!(f, "settle"),
            Self::Close => write!(f, "close"),
        }
    }
}

impl FromStr for Op {
    type Err = anyhow::Error;

    fn from_str(line: &str) -> Result<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        Ok(match words.as_slice() {
            ["file", channel, category, who, language] => Self::File(Form {
                channel: known(&CHANNELS, channel)?,
                category: known(&CATEGORIES, category)?,
                login: known(&["anonymous", "citizen"], who)? == "citizen",
                language: known(&LANGUAGES, language)?,
            }),
            ["again"] => Self::Again { changed: false },
            ["again", "changed"] => Self::Again { changed: true },
            ["assign", appeal, member] => Self::Assign(appeal.parse()?, member.parse()?),
            ["claim", member] => Self::Claim(member.parse()?),
            ["wait", "next", seconds] => Self::Wait(Wait::Next(seconds.parse()?)),
            ["wait", seconds] => Self::Wait(Wait::For(seconds.parse()?)),
            ["relay", part] => Self::Relay(part.parse()?),
            ["lose", what, method] => Self::Lose {
                answer: known(&["request", "answer"], what)? == "answer",
                method: known(&METHODS, method)?,
            },
            ["tick"] => Self::Tick,
            ["ticks"] => Self::TwoTicks,
            ["dispatch"] => Self::Dispatch,
            ["die", "sending"] => Self::DieSending,
            ["die", part, when] => {
                Self::Die { part: part.parse()?, applied: known(&["before", "after"], when)? == "after" }
            }
            ["sms", centre] => Self::Sms(Centre::parse(centre).context("sms")?),
            ["mail", relay] => Self::Mail(MailRelay::parse(relay).context("mail")?),
            ["receipt", fate] => Self::Receipt(Fate::parse(fate).context("receipt")?),
            ["restart", part] => Self::Restart(part.parse()?),
            ["run"] => Self::Run,
            ["settle"] => Self::Settle,
            ["close"] => Self::Close,
            [act, appeal] => Self::Act(Act::parse(act).with_context(|| line.to_owned())?, appeal.parse()?),
            _ => bail!("no such thing can happen: {line}"),
        })
    }
}

fn known(words: &[&'static str], word: &str) -> Result<&'static str> {
    words.iter().copied().find(|it| *it == word).with_context(|| format!("{word} is not one of {words:?}"))
}
