//! Who somebody is and how they show it: pure, with the time given.
//!
//! ```text
//!              right code in time
//!   PENDING ──────────────────────► CONFIRMED ──► assertions, for `use_within`
//!      │  ▲
//!      │  └ ResendCode: same code within 60 s, later the next generation (the older code dies)
//!      │
//!      ├── five wrong codes ──► FAILED     this verification only; the citizen may start another (I-02)
//!      └── time passes ───────► EXPIRED    (not stored: pending past its code's time; ResendCode revives it)
//! ```

mod citizen;
mod code;
mod limits;
mod names;
mod refusal;
mod rules;
mod verification;

pub use self::{
    citizen::Citizen,
    code::{Code, CodeKey},
    limits::may_send,
    names::{citizen_name, parse_name, recipient_name, verification_name},
    refusal::Refusal,
    rules::{CodeRules, SendLimits},
    verification::{Level, Method, State, Verification},
};
