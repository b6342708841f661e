//! Who hears of what happened, by the ticket service.

use anyhow::{Result, ensure};

use crate::journal::Event;
use crate::model::Appeal;

// === impl Appeal ===

impl Appeal {
    /// Notes who hears of an event.
    ///
    /// # Errors
    /// Two notices would be taken for one.
    pub(crate) fn notice(&mut self, event: &Event, is_move: bool) -> Result<()> {
        let to_member = |id: &str| format!("staff-{id}");
        let (template, recipient) = match event.kind.as_str() {
            "filed" => ("registration", self.recipient()),
            "info_requested" => ("applicant_question", self.recipient()),
            "extension_proposed" => ("deadline_extended", self.recipient()),
            "resolved" => ("resolution", self.recipient()),
            "applicant_reminded" => ("reminder", self.recipient()),
            "pause_ended" => {
                let staff = self.assignee.as_deref().map(|id| ("staff_pause_ended", to_member(id), event.time));
                self.notices.extend(staff);
                ("pause_ended", self.recipient())
            }
            // Whoever has it now, also who had it before.
            "escalated" => match &self.assignee {
                Some(assignee) => ("staff_escalated", to_member(assignee)),
                None => return Ok(()),
            },
            "assigned" if event.actor != format!("staff/{}", event.text("assignee")) => {
                ("staff_assigned", to_member(event.text("assignee")))
            }
            "deadline_warned" => {
                let epoch = event.number_of("epoch");
                let clock = self.clock(event.text("clock"))?;
                if clock.state != "running" || clock.epoch != epoch {
                    return Ok(());
                }
                match &self.assignee {
                    Some(assignee) => ("staff_reminder", to_member(assignee)),
                    None => return Ok(()),
                }
            }
            _ if is_move && event.state != "assigned" => ("status_change", self.recipient()),
            _ => return Ok(()),
        };
        let notice = (template, recipient, event.time);
        // Notes may share a moment: whoever is warned of both terms at once hears of it once.
        let is_once = template == "staff_reminder" || !self.notices.contains(&notice);
        ensure!(is_once, "two notices of one kind to one person, of one moment: one is not sent");
        self.notices.push(notice);
        Ok(())
    }
}
