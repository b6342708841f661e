//! One verification: its code's life, its tries, its end.

use jiff::Timestamp;
use uuid::Uuid;

use super::{CodeRules, Refusal};

/// A way of showing who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Code by SMS to the bound phone.
    SmsCode,
    /// Code by e-mail to the bound address.
    EmailCode,
}

/// How sure we are; a higher one includes the lower ones (I8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing is confirmed.
    None,
    /// A bound contact answered.
    Simplified,
    /// Documents were checked.
    Standard,
    /// The person was confirmed.
    Confirmed,
}

/// Where a verification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A code is waited for.
    Pending,
    /// The right one came.
    Confirmed,
    /// The tries are used up.
    Failed,
}

/// What a try came to. Each is committed before it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Right.
    Confirmed,
    /// Wrong, or the last try was: the refusal to answer.
    Refused(Refusal),
}

/// A verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// The UUID of `verifications/{verification}`.
    pub id: Uuid,
    /// Whose.
    pub citizen_id: Uuid,
    /// How.
    pub method: Method,
    /// For which appeal.
    pub appeal_id: Uuid,
    /// For what.
    pub action: String,
    /// Where it stands.
    pub state: State,
    /// Number of the living code, from 1.
    pub generation: i32,
    /// Tries of the living code.
    pub attempts: i32,
    /// End of the living code.
    pub code_expire_time: Timestamp,
    /// When a code was last sent.
    pub send_time: Timestamp,
    /// When it was started.
    pub create_time: Timestamp,
    /// When it was confirmed.
    pub confirm_time: Option<Timestamp>,
    /// Until when it may be used.
    pub use_until_time: Option<Timestamp>,
}

// === impl Level ===

impl Level {
    /// The name in assertions.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Simplified => "simplified",
            Self::Standard => "standard",
            Self::Confirmed => "confirmed",
        }
    }
}

// === impl Method ===

impl Method {
    /// The level that it gives.
    pub fn level(self) -> Level {
        match self {
            Self::SmsCode | Self::EmailCode => Level::Simplified,
        }
    }
}

// === impl Verification ===

impl Verification {
    /// A new one with its first code. Whether it may be sent is [`super::may_send`]'s to say.
    pub fn start(
        id: Uuid,
        citizen_id: Uuid,
        method: Method,
        appeal_id: Uuid,
        action: String,
        now: Timestamp,
        rules: &CodeRules,
    ) -> Self {
        Self {
            id,
            citizen_id,
            method,
            appeal_id,
            action,
            state: State::Pending,
            generation: 1,
            attempts: 0,
            code_expire_time: now + rules.lifetime(method),
            send_time: now,
            create_time: now,
            confirm_time: None,
            use_until_time: None,
        }
    }

    /// Sends the code again, by `method`. Soon after the last one it is the same code with the time it has left, so that a late
    /// message and a second one agree; later, on another channel, or when its time is over, a new one with tries of its own.
    ///
    /// # Errors
    /// [`Refusal::Ended`].
    pub fn resend(&mut self, method: Method, now: Timestamp, rules: &CodeRules) -> Result<(), Refusal> {
        if self.state != State::Pending {
            return Err(Refusal::Ended);
        }
        let same = method == self.method
            && now < self.code_expire_time
            && now.duration_since(self.send_time) < rules.same_code_within;
        if !same {
            self.method = method;
            self.generation += 1;
            self.attempts = 0;
            self.code_expire_time = now + rules.lifetime(method);
        }
        self.send_time = now;
        Ok(())
    }

    /// Counts a try and settles it. The caller holds the row's lock and commits before it tells the verdict, so no number of
    /// tries at once gets more than `rules.attempts` answers.
    ///
    /// # Errors
    /// Refused before it counts: [`Refusal::Ended`], [`Refusal::AttemptsExhausted`], [`Refusal::CodeExpired`].
    pub fn attempt(&mut self, is_right: bool, now: Timestamp, rules: &CodeRules) -> Result<Verdict, Refusal> {
        match self.state {
            State::Confirmed => return Err(Refusal::Ended),
            State::Failed => return Err(Refusal::AttemptsExhausted),
            State::Pending if now >= self.code_expire_time => return Err(Refusal::CodeExpired),
            State::Pending => {}
        }
        self.attempts += 1;
        if is_right {
            self.state = State::Confirmed;
            self.confirm_time = Some(now);
            self.use_until_time = Some(now + rules.use_within);
            return Ok(Verdict::Confirmed);
        }
        if self.attempts >= rules.attempts {
            self.state = State::Failed;
            return Ok(Verdict::Refused(Refusal::AttemptsExhausted));
        }
        Ok(Verdict::Refused(Refusal::CodeWrong(rules.attempts - self.attempts)))
    }

    /// Whether an assertion may be made for that purpose and level.
    ///
    /// # Errors
    /// [`Refusal::NotConfirmed`], [`Refusal::CodeExpired`], [`Refusal::PurposeMismatch`], [`Refusal::LevelNotReached`].
    pub fn assert(&self, appeal_id: Uuid, action: &str, level: Level, now: Timestamp) -> Result<(), Refusal> {
        let until = self.use_until_time.filter(|_| self.state == State::Confirmed).ok_or(Refusal::NotConfirmed)?;
        if self.appeal_id != appeal_id || self.action != action {
            return Err(Refusal::PurposeMismatch);
        }
        if level > self.method.level() {
            return Err(Refusal::LevelNotReached);
        }
        if now >= until { Err(Refusal::CodeExpired) } else { Ok(()) }
    }

    /// Pending, and its code's time is over.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.state == State::Pending && now >= self.code_expire_time
    }
}

#[cfg(test)]
mod tests;
