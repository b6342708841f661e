//! The providers of this installation, one a channel.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;

use anyhow::Context as _;
use clock::SharedClock;

use crate::config::{Config, EmailProvider, SmsProvider};
use crate::providers::console::Console;
use crate::providers::smpp::Smpp;
use crate::providers::smtp::Smtp;
use crate::providers::{Channel, Provider, ReceiptSender};

/// Who sends what.
#[derive(Clone, Debug)]
pub(crate) struct Channels {
    sms: Option<Arc<dyn Provider>>,
    email: Option<Arc<dyn Provider>>,
}

// === impl Channels ===

impl Channels {
    /// Makes the providers. Nothing connects before the first message.
    pub(crate) fn new(config: &Config, clock: &SharedClock, receipts: &ReceiptSender) -> anyhow::Result<Self> {
        let console = |channel| -> anyhow::Result<Arc<dyn Provider>> {
            let (name, clock, receipts) = ("console".to_owned(), Arc::clone(clock), receipts.clone());
            Ok(match &config.console.file {
                None => Arc::new(Console::new(name, channel, clock, receipts)),
                Some(path) => {
                    let paper = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
                    let paper = paper.with_context(|| format!("`console.file` {}", path.display()))?;
                    Arc::new(Console::to(name, channel, clock, receipts, Box::new(paper)))
                }
            })
        };
        let sms: Option<Arc<dyn Provider>> = match (config.sms.provider, &config.smpp) {
            (SmsProvider::Console, _) => Some(console(Channel::Sms)?),
            (SmsProvider::Smpp, Some(smpp)) => {
                Some(Arc::new(Smpp::start("smpp".to_owned(), smpp.clone(), Arc::clone(clock), receipts.clone())?))
            }
            _ => None,
        };
        let email: Option<Arc<dyn Provider>> = match (config.email.provider, &config.smtp) {
            (EmailProvider::Console, _) => Some(console(Channel::Email)?),
            (EmailProvider::Smtp, Some(smtp)) => Some(Arc::new(Smtp::new("smtp".to_owned(), smtp, Arc::clone(clock))?)),
            _ => None,
        };
        Ok(Self { sms, email })
    }

    /// Who sends on a channel, if anybody does.
    pub(crate) fn of(&self, channel: Channel) -> Option<&dyn Provider> {
        match channel {
            Channel::Sms => self.sms.as_deref(),
            Channel::Email => self.email.as_deref(),
        }
    }

    /// Every provider says good-bye.
    pub(crate) async fn stop(&self) {
        for provider in [&self.sms, &self.email].into_iter().flatten() {
            provider.stop().await;
        }
    }
}
