//! What the all-in-one prints when it is up: addresses, where things lie, and commands that work as pasted.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

use jiff::Timestamp;
use uuid::Uuid;

use crate::{Part, Place};

/// The banner of one run.
#[derive(Debug)]
pub struct Banner<'a> {
    /// The services of this process.
    pub places: &'a [Place],
    /// The data folder as the person would type it.
    pub home: &'a Path,
    /// Nothing is kept for a next run.
    pub ephemeral: bool,
    /// The clock's speed.
    pub scale: u32,
    /// The clock's now: the form's consent must not lie in the future.
    pub now: Timestamp,
}

/// A command: title, where, full method, whose token, JSON.
struct Example {
    title: &'static str,
    address: SocketAddr,
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
                "Take the most urgent appeal, as a specialist",
                Part::Ticket,
                "otklik.ticket.v1.TicketService/ClaimNextAppeal",
                "specialist",
                claim,
            ),
            (
                "See the SMS and the e-mail that went out",
                Part::Notification,
                "otklik.notification.v1.NotificationService/ListNotifications",
                "administrator",
                "{}".to_owned(),
            ),
            (
                "See what is promised and when it escalates",
                Part::Sla,
                "otklik.sla.v1.SlaService/ListDeadlines",
                "supervisor",
                "{}".to_owned(),
            ),
        ];
        let here = |(title, part, method, token, data)| {
            let place = self.places.iter().find(|it| it.part == part)?;
            Some(Example { title, address: place.grpc, method, token, data })
        };
        all.into_iter().filter_map(here).collect()
    }
}

impl fmt::Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nOtklik is up.")?;
        if self.scale != 1 {
            writeln!(f, "The clock runs {} times as fast; it shows {:.0}.", self.scale, self.now)?;
        }
        writeln!(f)?;
        for Place { part, grpc, admin, .. } in self.places {
            writeln!(f, "  {:<13} grpc {grpc}   http://{admin}/metrics", part.name())?;
        }
        let tokens = self.home.join("tokens");
        writeln!(f, "\n  tokens        {}/<role>", tokens.display())?;
        if let Some(messages) = self.places.iter().find_map(|it| it.messages.as_ref()) {
            writeln!(f, "  SMS           {}", messages.sms)?;
            writeln!(f, "  e-mail        {}", messages.email)?;
        }
        let examples = self.examples();
        for Example { title, address, method, token, data } in &examples {
            writeln!(f, "\n# {title}:")?;
            writeln!(
                f,
                "grpcurl -plaintext -H \"authorization: Bearer $(cat '{}/{token}')\" -d '{data}' {address} {method}",
                tokens.display()
            )?;
        }
        if let Some(Example { address, method, token, data, .. }) = examples.last() {
            writeln!(f, "\nThe same with buf, here the last one:")?;
            writeln!(
                f,
                "buf curl --http2-prior-knowledge --protocol grpc -H \"authorization: Bearer $(cat '{}/{token}')\" -d '{data}' http://{address}/{method}",
                tokens.display()
            )?;
            writeln!(f, "\nTo get them: cargo install --locked grpcurl-rs   or   npm install -g @bufbuild/buf")?;
        }
        let kept = if self.ephemeral {
            " and leaves nothing behind"
        } else {
            "; the next run continues where this one stopped"
        };
        writeln!(f, "\nCtrl-C stops{kept}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Messages;

    fn place(part: Part, messages: Option<(&str, &str)>) -> Place {
        let messages = messages.map(|(sms, email)| Messages { sms: sms.to_owned(), email: email.to_owned() });
        let (grpc, admin) = ("127.0.0.1:7000".parse().unwrap(), "127.0.0.1:7100".parse().unwrap());
        Place { part, listen: (grpc, admin), grpc, admin, messages }
    }

    fn banner(places: &[Place], ephemeral: bool) -> String {
        let now = "2026-03-02T12:00:00Z".parse().unwrap();
        Banner { places, home: Path::new(".otklik"), ephemeral, scale: 1, now }.to_string()
    }

    #[test]
    fn addresses_and_commands_are_those_of_the_configuration() {
        let text =
            banner(&[place(Part::Ticket, None), place(Part::Notification, Some(("by pigeon", "by cart")))], false);
        assert!(text.contains("ticket        grpc 127.0.0.1:7000   http://127.0.0.1:7100/metrics"), "{text}");
        assert!(text.contains(" 127.0.0.1:7000 otklik.ticket.v1.TicketService/FileAppeal"), "{text}");
        assert!(
            text.contains("http://127.0.0.1:7000/otklik.notification.v1.NotificationService/ListNotifications"),
            "{text}"
        );
        assert!(text.contains("SMS           by pigeon\n  e-mail        by cart"), "{text}");
        assert!(text.contains("the next run continues") && !text.contains("5005"), "{text}");
    }

    #[test]
    fn nothing_is_said_of_what_is_not_here() {
        let text = banner(&[place(Part::Identity, None)], true);
        for absent in ["SMS", "e-mail", "grpcurl", "buf", "the next run"] {
            assert!(!text.contains(absent), "{absent}: {text}");
        }
    }
}
