//! The collector of a request's faults, with the few rules that many fields share.

use jiff::{SignedDuration, Timestamp};
use rpc::{Refusal, Violations, Why, reasons};
use uuid::{Uuid, Variant};

/// The first instant of google.protobuf.Timestamp, 1 January of year 1. Years before Christ can be typed, but not all of them stored.
const FIRST: Timestamp = Timestamp::constant(-62_135_596_800, 0);

/// Reads fields and remembers what is wrong with them. A field at fault reads as `None`; [`Form::finish`] then refuses.
#[derive(Debug, Default)]
pub(super) struct Form(Violations);

impl Form {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn fault<K>(&mut self, path: &str, reason: impl Why<K>, text: &'static str) {
        self.0.add(path, reason, text);
    }

    pub(super) fn violations(&mut self) -> &mut Violations {
        &mut self.0
    }

    /// A value by its own rule.
    pub(super) fn rule<T>(&mut self, path: &str, parsed: Result<T, &'static str>) -> Option<T> {
        parsed.map_err(|rule| self.fault(path, reasons::FIELD_INVALID, rule)).ok()
    }

    /// A text that must be there and keep a rule.
    pub(super) fn required<T>(
        &mut self,
        path: &str,
        typed: &str,
        parse: impl FnOnce(&str) -> Result<T, &'static str>,
    ) -> Option<T> {
        if typed.trim().is_empty() {
            self.missing(path);
            return None;
        }
        self.rule(path, parse(typed))
    }

    /// A text that may be absent; `Some(None)` is absent and fine.
    pub(super) fn optional<T>(
        &mut self,
        path: &str,
        typed: &str,
        parse: impl FnOnce(&str) -> Result<T, &'static str>,
    ) -> Option<Option<T>> {
        if typed.trim().is_empty() { Some(None) } else { self.rule(path, parse(typed)).map(Some) }
    }

    /// A message or enum that must be there.
    pub(super) fn present<T>(&mut self, path: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.missing(path);
        }
        value
    }

    /// An enum value on the wire: 0 is absent, an unknown one a fault. `Some(None)` is absent.
    pub(super) fn choice<W: TryFrom<i32>, T>(
        &mut self,
        path: &str,
        raw: i32,
        to_domain: impl FnOnce(W) -> Option<T>,
    ) -> Option<Option<T>> {
        if raw == 0 {
            return Some(None);
        }
        let value = W::try_from(raw).ok().and_then(to_domain);
        self.rule(path, value.ok_or("is no value of the enum")).map(Some)
    }

    /// An enum value that must be given.
    pub(super) fn required_choice<W: TryFrom<i32>, T>(
        &mut self,
        path: &str,
        raw: i32,
        to_domain: impl FnOnce(W) -> Option<T>,
    ) -> Option<T> {
        let value = self.choice(path, raw, to_domain)?;
        self.present(path, value)
    }

    /// An instant that may be absent.
    pub(super) fn time(&mut self, path: &str, time: Option<&prost_types::Timestamp>) -> Option<Option<Timestamp>> {
        match time {
            None => Some(None),
            Some(time) => {
                let time = proto::from_wire(time).filter(|time| *time >= FIRST).map(micros);
                self.rule(path, time.ok_or("is no instant")).map(Some)
            }
        }
    }

    /// An instant that must be there.
    pub(super) fn required_time(&mut self, path: &str, time: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
        let time = self.time(path, time)?;
        self.present(path, time)
    }

    /// A span of zero or more that may be absent.
    pub(super) fn span(&mut self, path: &str, span: Option<&prost_types::Duration>) -> Option<Option<SignedDuration>> {
        let Some(span) = span else { return Some(None) };
        let fits = span.seconds >= 0 && (0..1_000_000_000).contains(&span.nanos);
        let parsed = fits.then(|| SignedDuration::new(span.seconds, span.nanos));
        self.rule(path, parsed.ok_or("must be zero or more")).map(Some)
    }

    /// The caller's id of the request: a UUID4 (AIP-155).
    pub(super) fn request_id(&mut self, typed: &str) -> Option<Uuid> {
        let id = Uuid::try_parse(typed).ok();
        let id = id.filter(|id| id.get_version_num() == 4 && id.get_variant() == Variant::RFC4122);
        if id.is_none() {
            self.fault("request_id", reasons::REQUEST_ID_INVALID, "must be a UUID4");
        }
        id
    }

    pub(super) fn missing(&mut self, path: &str) {
        self.fault(path, reasons::FIELD_REQUIRED, "must be given");
    }

    /// What was read, when nothing was at fault.
    pub(super) fn finish<T>(self, read: Option<T>) -> Result<T, Refusal> {
        self.0.finish()?;
        // A field reads as `None` only together with a fault.
        read.ok_or_else(|| Refusal::internal("a request without faults was not read whole"))
    }
}

/// Postgres keeps microseconds: what is answered now and what is read back later are the same instant.
fn micros(time: Timestamp) -> Timestamp {
    let nanos = time.as_nanosecond();
    // Towards the past, which every instant has room for but the very first.
    Timestamp::from_nanosecond(nanos - nanos.rem_euclid(1_000)).unwrap_or(time)
}
