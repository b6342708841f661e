//! `cargo run -- --demo`: a dozen appeals, from the form to the last SMS, told as it happens.
//!
//! ```text
//!  data/demo.toml: what people do ──► stage: the four services, a private Postgres, a clock turned by hand
//!                                        │  over gRPC, as anybody's system would
//!         next cue or next rung ◄────────┤
//!         the clock jumps there          ▼
//!                              settle: everything that is due happens ──► news: journal and messages ──► page
//! ```
//!
//! Nothing of the story is written down beforehand but what people do: the numbers, due times, messages, reminders and escalations are what
//! the services answer, and the clock jumps to where the SLA monitor says that something is due. The services' loops are stepped instead of
//! left to run, so days pass in seconds, in one order, and no lease is outlived by a jump. When it is over, nothing is left of it.
//!
//! Failure handling: Ctrl-C ends it between two jumps, or while everything is being started, and so does a page that can't be written any
//! more, as when whoever read it through a pipe has gone. Postgres and the folder with the keys go with the process, however that ends.

mod act;
mod news;
mod page;
mod phone;
mod script;
mod stage;
mod summary;
#[cfg(test)]
mod tests;
mod words;

use anyhow::{Context as _, Result, bail};
use tokio_util::sync::CancellationToken;

use self::act::Cast;
use self::news::News;
use self::page::Tone;
use self::script::{Deed, Script};
use self::stage::Stage;

pub use self::page::Page;
pub use self::words::Tongue;

/// More jumps than the story has: the ladders end.
const MOST_JUMPS: usize = 500;
const STOPPED: &str = "stopped before the end";

/// Plays the demo to its end.
///
/// # Errors
/// There is no Postgres and none can be installed; the stopper was cancelled; the page can't be written; or the suite did not do what it is
/// there for.
pub async fn run(mut page: Page, stopper: CancellationToken) -> Result<()> {
    let script = Script::builtin()?;
    page.opening();
    page.written()?;
    let opened = stopper.run_until_cancelled(Stage::open(script.start, &stopper)).await;
    let stage = opened.context(STOPPED)??;
    let story = tell(&mut page, &stage, &script, &stopper).await;
    let closed = stage.close().await;
    story.and(closed)
}

async fn tell(page: &mut Page, stage: &Stage, script: &Script, stopper: &CancellationToken) -> Result<()> {
    let mut cast = Cast::new(script, stage).await?;
    let mut news = News::default();
    let mut cues = script.cues().into_iter().peekable();
    for _ in 0..MOST_JUMPS {
        if stopper.is_cancelled() {
            bail!(STOPPED);
        }
        page.written()?;
        let rung = stage.next_rung().await?;
        let next = match (cues.peek(), rung) {
            (Some(cue), Some(rung)) => cue.at.min(rung),
            (Some(cue), None) => cue.at,
            (None, Some(rung)) => rung,
            (None, None) => {
                summary::tell(page, stage, &cast, &news).await?;
                return page.written();
            }
        };
        stage.turn_to(next);
        // What is due at that time happens before what people do then.
        stage.settle().await?;
        news.gather(page, stage, &cast).await?;
        while let Some(cue) = cues.next_if(|cue| cue.at <= stage.now()) {
            cast.perform(stage, cue).await?;
            // Of all that people do, the only thing that no journal shows.
            if cast.deed(cue) == Some(Deed::Code) {
                let words = page.words();
                let number = &cast.filed[&cue.form].number;
                page.entry(stage.now(), number, (Tone::Plain, words.code), words.code_text).await;
            }
            stage.settle().await?;
            news.gather(page, stage, &cast).await?;
        }
    }
    bail!("the story has no end")
}
