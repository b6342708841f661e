//! Members of staff: requests and view (T9).

use std::collections::BTreeSet;

use jiff::Timestamp;
use prost::Message as _;
use proto::ticket::v1 as wire;
use proto::to_wire;
use rpc::{Caller, Refusal, reasons};
use uuid::Uuid;

use super::form::Form;
use super::pages::{Page, id, page, page_size};
use super::{kinds, names};
use crate::domain::{Email, Language, Member, MemberChange, MemberFilter, Text};

/// Most groups or languages of one member.
const LIST_MAX: usize = 50;

/// A member to register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberAsk {
    /// The caller's id of the request.
    pub request_id: Uuid,
    /// The member as asked for.
    pub member: Member,
}

/// A member to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberUpdate {
    /// The caller's id of the request.
    pub request_id: Uuid,
    /// The member's id.
    pub id: String,
    /// What to change.
    pub change: MemberChange,
}

/// A duty to begin or end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutyAsk {
    /// The caller's id of the request.
    pub request_id: Uuid,
    /// The member's id.
    pub id: String,
    /// Whether the member takes work from now on.
    pub on_duty: bool,
}

/// A member to register at `now`.
///
/// # Errors
/// INVALID_ARGUMENT, as of every function here.
pub fn create_member(request: &wire::CreateMemberRequest, now: Timestamp) -> Result<MemberAsk, Refusal> {
    let mut form = Form::new();
    let request_id = form.request_id(&request.request_id);
    let Some(wire) = form.present("member", request.member.as_ref()) else { return form.finish(None) };
    let id = names::member(&mut form, "member.name", &wire.name);
    let display_name = form.required("member.display_name", &wire.display_name, Text::line);
    let level = form.required_choice("member.level", wire.level, kinds::level);
    let groups = groups(&mut form, &wire.groups);
    let languages = languages(&mut form, &wire.language_codes);
    let email = form.optional("member.email", &wire.email, Email::parse);
    let read = (|| {
        let member = Member {
            id: id?,
            display_name: display_name?,
            level: level?,
            groups: groups?,
            languages: languages?,
            on_duty: wire.on_duty,
            load: 0,
            email: email?,
            create_time: now,
            update_time: now,
        };
        Some(MemberAsk { request_id: request_id?, member })
    })();
    form.finish(read)
}

/// The id of the member asked for.
pub fn get_member(request: &wire::GetMemberRequest) -> Result<String, Refusal> {
    let mut form = Form::new();
    let id = names::member(&mut form, "name", &request.name);
    form.finish(id)
}

/// The members asked for.
pub fn list_members(request: &wire::ListMembersRequest, caller: &Caller) -> Result<Page<MemberFilter>, Refusal> {
    let mut form = Form::new();
    let size = page_size(&mut form, request.page_size);
    let level = form.choice("level", request.level, kinds::level);
    let group = id(&mut form, "group", &request.group);
    let filter = (|| Some(MemberFilter { group: group?, level: level? }))();
    let filter = form.finish(filter)?;
    let plain = wire::ListMembersRequest { page_size: 0, page_token: String::new(), ..request.clone() };
    Ok(page(filter, size, &request.page_token, plain.encode_to_vec(), caller))
}

/// A member to change (AIP-134): by the mask; without one the fields that are set; `*` all of them.
pub fn update_member(request: &wire::UpdateMemberRequest) -> Result<MemberUpdate, Refusal> {
    let mut form = Form::new();
    let request_id = form.request_id(&request.request_id);
    let Some(wire) = form.present("member", request.member.as_ref()) else { return form.finish(None) };
    let id = names::member(&mut form, "member.name", &wire.name);
    let fields = masked(&mut form, request, wire);
    let mut change = MemberChange::default();
    for field in fields {
        match field {
            Field::DisplayName => {
                change.display_name = form.required("member.display_name", &wire.display_name, Text::line);
            }
            Field::Level => change.level = form.required_choice("member.level", wire.level, kinds::level),
            Field::Groups => change.groups = groups(&mut form, &wire.groups),
            Field::LanguageCodes => change.languages = languages(&mut form, &wire.language_codes),
            Field::Email => change.email = form.optional("member.email", &wire.email, Email::parse),
        }
    }
    let read = (|| Some(MemberUpdate { request_id: request_id?, id: id?, change }))();
    form.finish(read)
}

/// A duty to begin or end.
pub fn set_duty(request: &wire::SetDutyRequest) -> Result<DutyAsk, Refusal> {
    let mut form = Form::new();
    let request_id = form.request_id(&request.request_id);
    let id = names::member(&mut form, "name", &request.name);
    let read = (|| Some(DutyAsk { request_id: request_id?, id: id?, on_duty: request.on_duty }))();
    form.finish(read)
}

/// A member as staff see one.
pub fn member_view(member: &Member) -> wire::Member {
    wire::Member {
        name: format!("staff/{}", member.id),
        display_name: member.display_name.expose().to_owned(),
        level: kinds::level_to_wire(member.level).into(),
        groups: member.groups.iter().cloned().collect(),
        language_codes: member.languages.iter().map(|language| language.as_str().to_owned()).collect(),
        on_duty: member.on_duty,
        load: member.load,
        email: member.email.as_ref().map(|email| email.expose().to_owned()).unwrap_or_default(),
        create_time: Some(to_wire(member.create_time)),
        update_time: Some(to_wire(member.update_time)),
    }
}

/// A field that a mask may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    DisplayName,
    Level,
    Groups,
    LanguageCodes,
    Email,
}

impl Field {
    const ALL: [Self; 5] = [Self::DisplayName, Self::Level, Self::Groups, Self::LanguageCodes, Self::Email];

    fn path(self) -> &'static str {
        match self {
            Self::DisplayName => "display_name",
            Self::Level => "level",
            Self::Groups => "groups",
            Self::LanguageCodes => "language_codes",
            Self::Email => "email",
        }
    }

    fn is_set(self, member: &wire::Member) -> bool {
        match self {
            Self::DisplayName => !member.display_name.is_empty(),
            Self::Level => member.level != 0,
            Self::Groups => !member.groups.is_empty(),
            Self::LanguageCodes => !member.language_codes.is_empty(),
            Self::Email => !member.email.is_empty(),
        }
    }
}

fn masked(form: &mut Form, request: &wire::UpdateMemberRequest, member: &wire::Member) -> Vec<Field> {
    let paths = request.update_mask.as_ref().map(|mask| mask.paths.as_slice()).unwrap_or_default();
    match paths {
        [] => Field::ALL.into_iter().filter(|field| field.is_set(member)).collect(),
        [all] if all == "*" => Field::ALL.to_vec(),
        paths => {
            let known: Vec<Field> =
                Field::ALL.into_iter().filter(|field| paths.iter().any(|path| path == field.path())).collect();
            if paths.iter().any(|path| Field::ALL.iter().all(|field| field.path() != path)) {
                form.fault(
                    "update_mask",
                    reasons::FIELD_INVALID,
                    "may name display_name, level, groups, language_codes, email, or be * alone",
                );
            }
            known
        }
    }
}

fn groups(form: &mut Form, groups: &[String]) -> Option<BTreeSet<String>> {
    let is_id = |id: &String| {
        id.starts_with(|c: char| c.is_ascii_lowercase())
            && id.len() <= 63
            && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    if groups.is_empty() {
        form.missing("member.groups");
        return None;
    }
    let fits = groups.len() <= LIST_MAX && groups.iter().all(is_id);
    form.rule("member.groups", fits.then(|| groups.iter().cloned().collect()).ok_or("must be ids, such as access"))
}

fn languages(form: &mut Form, codes: &[String]) -> Option<Vec<Language>> {
    if codes.is_empty() {
        form.missing("member.language_codes");
        return None;
    }
    let parse = |code: &String| {
        if code.is_empty() { Err("must be language tags, such as ru") } else { Language::parse(code) }
    };
    let mut languages: Vec<Language> =
        form.rule("member.language_codes", codes.iter().take(LIST_MAX).map(parse).collect::<Result<_, _>>())?;
    let mut seen = BTreeSet::new();
    languages.retain(|language| seen.insert(language.as_str().to_owned()));
    Some(languages)
}
