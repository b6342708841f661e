//! What the all-in-one prints when it is up: addresses, where things lie, and commands that work as pasted.

use std::fmt;
use std::path::Path;

use jiff::Timestamp;
use uuid::Uuid;

use crate::Part;

/// The banner of one run.
#[derive(Debug)]
pub struct Banner<'a> {
    /// The services of this process.
    pub parts: &'a [Part],
    /// The data folder as the person would type it.
    pub home: &'a Path,
    /// The clock's speed.
    pub scale: u32,
    /// The clock's now: the form's consent must not lie in the future.
    pub now: Timestamp,
}

/// A command: title, service, full method, whose token, JSON.
struct Example {
    title: &'static str,
    part: Part,
    method: &'static str,
    token: &'static str,
    data: String,
}

// === impl Banner ===

impl Banner<'_> {
    fn examples(&self) -> Vec<Example> {
        let consent = self.now.strftime("%Y-%m-%dT%H:%M:%SZ");
        let form = format!(
            r#"{{"request_id":"{}","appeal":{{"channel":"CHANNEL_WEB_FORM","category":"code_not_arriving","subject":"Не приходит код","description":"Код подтверждения не приходит второй день.","applicant":{{"full_name":"Иванова Мария Петровна"}},"contact":{{"phone":"8 916 123-45-67","email":"maria@example.org"}},"consent":{{"version":"2026-01","agree_time":"{consent}"}}}}}}"#,
            Uuid::new_v4()
        );
        let claim = format!(r#"{{"request_id":"{}"}}"#, Uuid::new_v4());
        let all = [
            (
                "File an appeal; the answer has its number and when to expect the resolution",
                Part::Ticket,
                "otklik.ticket.v1.TicketService/FileAppeal",
                "portal",
                form,
            ),
            (
                "See the SMS and the e-mail that went out",
                Part::Notification,
                "otklik.notification.v1.NotificationService/ListNotifications",
                "administrator",
                "{}".to_owned(),
            ),
            (
                "Take the most urgent appeal, as a specialist",
                Part::Ticket,
                "otklik.ticket.v1.TicketService/ClaimNextAppeal",
                "specialist",
                claim,
            ),
            (
                "See what is promised and when it escalates",
                Part::Sla,
                "otklik.sla.v1.SlaService/ListDeadlines",
                "supervisor",
                "{}".to_owned(),
            ),
        ];
        all.into_iter()
            .filter(|(_, part, ..)| self.parts.contains(part))
            .map(|(title, part, method, token, data)| Example { title, part, method, token, data })
            .collect()
    }
}

impl fmt::Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nOtklik is up.")?;
        if self.scale != 1 {
            writeln!(f, "The clock runs {} times as fast; it shows {:.0}.", self.scale, self.now)?;
        }
        writeln!(f)?;
        for part in self.parts {
            let (grpc, admin) = part.ports();
            writeln!(f, "  {:<13} grpc 127.0.0.1:{grpc}   http://127.0.0.1:{admin}/metrics", part.name())?;
        }
        let tokens = self.home.join("tokens");
        writeln!(f, "\n  tokens        {}/<role>", tokens.display())?;
        writeln!(f, "  SMS, e-mail   printed here, and listed by ListNotifications")?;
        for example in self.examples() {
            let (port, _) = example.part.ports();
            writeln!(f, "\n# {}:", example.title)?;
            writeln!(
                f,
                "grpcurl -plaintext -H \"authorization: Bearer $(cat '{}/{}')\" -d '{}' 127.0.0.1:{port} {}",
                tokens.display(),
                example.token,
                example.data,
                example.method
            )?;
        }
        writeln!(f, "\nThe same with buf, here the last one:")?;
        if let Some(example) = self.examples().pop() {
            let (port, _) = example.part.ports();
            writeln!(
                f,
                "buf curl --http2-prior-knowledge --protocol grpc -H \"authorization: Bearer $(cat '{}/{}')\" -d '{}' http://127.0.0.1:{port}/{}",
                tokens.display(),
                example.token,
                example.data,
                example.method
            )?;
        }
        writeln!(f, "\nTo get them: cargo install --locked grpcurl-rs   or   npm install -g @bufbuild/buf")?;
        writeln!(f, "Ctrl-C stops; the next run continues where this one stopped.")
    }
}
