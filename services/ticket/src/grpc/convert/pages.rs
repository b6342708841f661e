//! Requests for pages (AIP-158).

use prost::Message as _;
use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal, reasons};
use uuid::Uuid;

use super::form::Form;
use super::{kinds, names};
use crate::domain::{AppealFilter, is_id};

/// Rows of a page when the caller names no number.
const DEFAULT: u32 = 50;
/// Most rows of a page.
const MAX: u32 = 500;

/// Most events of one message of a watch, as the contract says.
const WATCHED: u32 = 100;

/// A page of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<F> {
    /// What is asked for.
    pub filter: F,
    /// At most so many rows.
    pub size: u32,
    /// The token of the page before; empty for the first page.
    pub token: String,
    /// Bytes that stand for the filter and the caller: tokens are bound to them (`rpc::pages`).
    pub bound: Vec<u8>,
}

/// The appeals asked for. For a citizen they are always their own; who works on them is for staff to ask.
///
/// # Errors
/// INVALID_ARGUMENT.
pub fn list_appeals(request: &wire::ListAppealsRequest, caller: &Caller) -> Result<Page<AppealFilter>, Refusal> {
    let mut form = Form::new();
    let size = page_size(&mut form, request.page_size);
    let mut states = Vec::with_capacity(request.states.len());
    for (at, raw) in request.states.iter().enumerate() {
        states.extend(form.required_choice(&format!("states[{at}]"), *raw, kinds::state));
    }
    let category = id(&mut form, "category", &request.category);
    let citizen = names::citizen(&mut form, "citizen", &request.citizen);
    let assignee =
        form.optional("assignee", &request.assignee, |name| crate::domain::parse_staff(name).map_err(names::rule));
    let channel = form.choice("channel", request.channel, kinds::channel);
    let priority = form.choice("priority", request.priority, kinds::priority);
    let due_before = form.time("due_before_time", request.due_before_time.as_ref());
    let group = id(&mut form, "group", &request.group);
    if !caller.is_staff() {
        for (path, value) in [("assignee", &request.assignee), ("group", &request.group)] {
            if !value.is_empty() {
                form.fault(path, reasons::FIELD_INVALID, "is for staff");
            }
        }
    }
    let filter = (|| {
        Some(AppealFilter {
            states,
            category: category?,
            citizen: caller.citizen().or(citizen?),
            assignee: assignee?,
            group: group?,
            channel: channel?,
            priority: priority?,
            due_before: due_before?,
        })
    })();
    let filter = form.finish(filter)?;
    let plain = wire::ListAppealsRequest { page_size: 0, page_token: String::new(), ..request.clone() };
    Ok(page(filter, size, &request.page_token, plain.encode_to_vec(), caller))
}

/// The appeal whose messages are asked for.
///
/// # Errors
/// INVALID_ARGUMENT.
pub fn list_messages(request: &wire::ListMessagesRequest, caller: &Caller) -> Result<Page<Uuid>, Refusal> {
    of_appeal(&request.parent, request.page_size, &request.page_token, caller)
}

/// The appeal whose events are asked for.
///
/// # Errors
/// INVALID_ARGUMENT.
pub fn list_events(request: &wire::ListAppealEventsRequest, caller: &Caller) -> Result<Page<Uuid>, Refusal> {
    of_appeal(&request.parent, request.page_size, &request.page_token, caller)
}

/// The appeal to watch, and from where on.
///
/// # Errors
/// INVALID_ARGUMENT.
pub fn watch_appeal(request: &wire::WatchAppealRequest, caller: &Caller) -> Result<Page<Uuid>, Refusal> {
    let mut form = Form::new();
    let appeal = names::appeal(&mut form, "name", &request.name);
    let appeal = form.finish(appeal)?;
    Ok(page(appeal, WATCHED, &request.start_cursor, appeal.as_bytes().to_vec(), caller))
}

fn of_appeal(parent: &str, size: i32, token: &str, caller: &Caller) -> Result<Page<Uuid>, Refusal> {
    let mut form = Form::new();
    let size = page_size(&mut form, size);
    let appeal = names::appeal(&mut form, "parent", parent);
    let appeal = form.finish(appeal)?;
    Ok(page(appeal, size, token, appeal.as_bytes().to_vec(), caller))
}

pub(super) fn page<F>(filter: F, size: u32, token: &str, mut bound: Vec<u8>, caller: &Caller) -> Page<F> {
    // The caller is part of what a token is bound to: another one's token is refused, though it would grant nothing.
    bound.push(0);
    bound.extend_from_slice(caller.key().as_bytes());
    Page { filter, size, token: token.to_owned(), bound }
}

pub(super) fn page_size(form: &mut Form, requested: i32) -> u32 {
    rpc::pages::size(requested, DEFAULT, MAX, form.violations())
}

/// An id that a list is narrowed by. One of another form names nothing, and not every text is one that Postgres takes (NUL).
pub(super) fn id(form: &mut Form, path: &str, typed: &str) -> Option<Option<String>> {
    form.optional(path, typed, |id| if is_id(id) { Ok(id.to_owned()) } else { Err("must be an id, such as access") })
}

pub(super) fn not_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
