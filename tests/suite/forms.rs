//! Requests as citizens and staff would send them.

use jiff::Timestamp;
use proto::sla::v1::{Allowance, ExtensionReason, allowance::Span};
use proto::ticket::v1::{
    Appeal, AppealContact, Applicant, AskOtherBodyRequest, Channel, Consent, ExtendDeadlineRequest, FileAppealRequest,
    Message, PostMessageRequest, ProvideInfoRequest, RecordOtherBodyAnswerRequest, ReopenAppealRequest,
    RequestInfoRequest, ResolveAppealRequest, WithdrawAppealRequest,
};
use proto::to_wire;
use uuid::Uuid;

/// Shipped categories of several kinds and groups.
pub const CATEGORIES: [&str; 10] = [
    "access_recovery",
    "account_locked",
    "code_not_arriving",
    "application_error",
    "document_rejected",
    "payment",
    "page_display",
    "suspicious_activity",
    "consultation",
    "suggestion",
];

/// A new request id.
pub fn request_id() -> String {
    Uuid::new_v4().to_string()
}

/// The form without login, rightly filled in: a technical fault, in Russian.
pub fn appeal(now: Timestamp) -> FileAppealRequest {
    filled(now, "code_not_arriving", "ru")
}

/// The same in another category and language.
pub fn filled(now: Timestamp, category: &str, language: &str) -> FileAppealRequest {
    let appeal = Appeal {
        channel: Channel::WebForm.into(),
        category: category.to_owned(),
        subject: "Не приходит код".to_owned(),
        description: "Код подтверждения не приходит второй день, номер не менялся.".to_owned(),
        applicant: Some(Applicant {
            full_name: "Иванова Мария Петровна".to_owned(), ..Applicant::default()
        }),
        contact: Some(AppealContact { phone: "8 916 123-45-67".to_owned(), email: "maria@example.org".to_owned() }),
        consent: Some(Consent { version: "2026-01".to_owned(), agree_time: Some(to_wire(now)) }),
        language_code: language.to_owned(),
        ..Appeal::default()
    };
    FileAppealRequest { appeal: Some(appeal), request_id: request_id(), validate_only: false }
}

/// A public message.
pub fn message(appeal: &str, text: &str) -> PostMessageRequest {
    let message = Message { text: text.to_owned(), ..Message::default() };
    PostMessageRequest { parent: appeal.to_owned(), message: Some(message), request_id: request_id() }
}

/// A question to the applicant.
pub fn question(appeal: &str) -> RequestInfoRequest {
    let text = "Пришлите, пожалуйста, последние четыре цифры номера.".to_owned();
    RequestInfoRequest { name: appeal.to_owned(), text, request_id: request_id(), ..RequestInfoRequest::default() }
}

/// What another body is asked.
pub fn to_body(appeal: &str) -> AskOtherBodyRequest {
    AskOtherBodyRequest {
        name: appeal.to_owned(),
        body: "tax_service".to_owned(),
        text: "Подтвердите, что сведения переданы.".to_owned(),
        request_id: request_id(),
        ..AskOtherBodyRequest::default()
    }
}

/// What it answered.
pub fn from_body(appeal: &str) -> RecordOtherBodyAnswerRequest {
    RecordOtherBodyAnswerRequest {
        name: appeal.to_owned(),
        text: "Сведения переданы 2 марта.".to_owned(),
        request_id: request_id(),
        ..RecordOtherBodyAnswerRequest::default()
    }
}

/// More time, two working days of it, as other departments have to agree.
pub fn extension(appeal: &str) -> ExtendDeadlineRequest {
    ExtendDeadlineRequest {
        name: appeal.to_owned(),
        reason: ExtensionReason::OtherDepartments.into(),
        length: Some(Allowance { span: Some(Span::WorkingDays(2)) }),
        etag: String::new(),
        request_id: request_id(),
    }
}

/// The applicant's answer to it.
pub fn information(appeal: &str) -> ProvideInfoRequest {
    let text = "4567".to_owned();
    ProvideInfoRequest { name: appeal.to_owned(), text, assertion: String::new(), request_id: request_id() }
}

/// The resolution.
pub fn resolution(appeal: &str) -> ResolveAppealRequest {
    let answer = "Номер подтверждён, код снова приходит.".to_owned();
    ResolveAppealRequest {
        name: appeal.to_owned(),
        answer,
        request_id: request_id(),
        ..ResolveAppealRequest::default()
    }
}

/// The wish to go on.
pub fn reopening(appeal: &str) -> ReopenAppealRequest {
    ReopenAppealRequest {
        name: appeal.to_owned(), text: "Код опять не приходит.".to_owned(), request_id: request_id()
    }
}

/// The wish to stop.
pub fn withdrawal(appeal: &str) -> WithdrawAppealRequest {
    WithdrawAppealRequest { name: appeal.to_owned(), request_id: request_id() }
}
