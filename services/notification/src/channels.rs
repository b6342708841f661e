//! The providers of this installation, one a channel.

use std::sync::Arc;

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
        let console = |channel| -> Arc<dyn Provider> {
            Arc::new(Console::new("console".to_owned(), channel, Arc::clone(clock), receipts.clone()))
        };
        let sms: Option<Arc<dyn Provider>> = match (config.sms.provider, &config.smpp) {
            (SmsProvider::Console, _) => Some(console(Channel::Sms)),
            (SmsProvider::Smpp, Some(smpp)) => {
                Some(Arc::new(Smpp::start("smpp".to_owned(), smpp.clone(), Arc::clone(clock), receipts.clone())?))
            }
            _ => None,
        };
        let email: Option<Arc<dyn Provider>> = match (config.email.provider, &config.smtp) {
            (EmailProvider::Console, _) => Some(console(Channel::Email)),
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
