//! Sends one message through a provider and prints what became of it, for `.ci/interop`.
//!
//! ```text
//! interop_send sms PORT TEXT                                     -> accepted ID...   receipt ID STATE   (until every part has one)
//! interop_send mail PORT CA_FILE USER PASSWORD_FILE SUBJECT TEXT HTML   -> accepted MESSAGE-ID
//! ```

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clock::{SharedClock, SystemClock};
use notification::providers::smpp::{Smpp, SmppConfig};
use notification::providers::smtp::{Security, Smtp, SmtpConfig};
use notification::providers::{Outgoing, PartState, Provider, ReceiptState, Sent, join, receipts};
use notification::templates::Lane;
use sealed::Personal;
use uuid::Uuid;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let clock: SharedClock = Arc::new(SystemClock);
    match arguments.as_slice() {
        ["sms", port, text] => sms(clock, port.parse()?, text).await,
        ["mail", port, ca_file, user, password_file, subject, text, html] => {
            let config = SmtpConfig {
                ca_file: Some(PathBuf::from(ca_file)),
                username: Some((*user).to_owned()),
                password_file: Some(PathBuf::from(password_file)),
                from_name: Some("Служба «Отклик»".to_owned()),
                ..SmtpConfig::new("localhost", port.parse()?, Security::Starttls, "no-reply@otklik.test")
            };
            let message = Outgoing {
                subject: Some((*subject).into()),
                html: Some((*html).into()),
                ..outgoing("ivan@example.org", text)
            };
            mail(clock, &config, &message).await
        }
        _ => bail!("sms PORT TEXT | mail PORT CA_FILE USER PASSWORD_FILE SUBJECT TEXT HTML"),
    }
}

fn outgoing(address: &str, text: &str) -> Outgoing {
    Outgoing {
        delivery_id: Uuid::now_v7(),
        lane: Lane::Code,
        address: Personal::from(address),
        subject: None,
        text: Personal::from(text),
        html: None,
        expires_at: None,
        handed: Vec::new(),
    }
}

fn accepted(sent: Sent) -> anyhow::Result<Vec<String>> {
    match sent {
        Sent::Accepted { references } => {
            println!("accepted {}", references.join(" "));
            Ok(references)
        }
        other => bail!("not accepted: {other:?}"),
    }
}

async fn mail(clock: SharedClock, config: &SmtpConfig, message: &Outgoing) -> anyhow::Result<()> {
    let provider = Smtp::new("mail".to_owned(), config, clock)?;
    accepted(provider.send(message).await)?;
    provider.stop().await;
    Ok(())
}

async fn sms(clock: SharedClock, port: u16, text: &str) -> anyhow::Result<()> {
    let (sender, mut arriving) = receipts(16);
    let config = SmppConfig::new("127.0.0.1", port, "otklik", "Otklik");
    let expires_at = clock.now().checked_add(jiff::SignedDuration::from_hours(1))?;
    let provider = Smpp::start("main".to_owned(), config, clock, sender)?;
    let message = Outgoing { expires_at: Some(expires_at), ..outgoing("+79160000001", text) };
    let references = accepted(provider.send(&message).await)?;
    let mut parts = vec![PartState::Handed; references.len()];
    while parts.contains(&PartState::Handed) {
        let arrived =
            tokio::time::timeout(Duration::from_secs(20), arriving.recv()).await.context("no receipt in 20 s")?;
        let arrived = arrived.context("the session ended")?;
        let receipt = &arrived.receipt;
        let part = references.iter().position(|reference| *reference == receipt.reference);
        let part = part.context("a receipt for something else")?;
        parts[part] = parts[part].after(receipt.state);
        println!(
            "receipt {} {}",
            receipt.reference,
            if receipt.state == ReceiptState::Delivered { "delivered" } else { "other" }
        );
        arrived.recorded();
    }
    println!("outcome {:?}", join(&parts));
    provider.stop().await;
    Ok(())
}
