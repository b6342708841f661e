//! Reports as CSV (RFC 4180): for a spreadsheet, or for whoever has no gRPC.

use std::collections::BTreeMap;

use ::deadline::ExtensionReason;
use csv::{Terminator, Writer, WriterBuilder};
use rpc::Refusal;

use crate::domain::{Dimension, Figures, Histogram, Key, Scope};

/// Rows of one piece: some tens of kilobytes.
const PIECE: usize = 500;

/// The columns of figures, behind those that rows are told apart by. Times are seconds.
const FIGURES: [&str; 19] = [
    "kept_count",
    "late_count",
    "cancelled_count",
    "cancelled_late_count",
    "unmeasured_count",
    "reopened_count",
    "kept_share",
    "lateness_mean",
    "lateness_p50",
    "lateness_p90",
    "lateness_p99",
    "time_used_mean",
    "time_used_p50",
    "time_used_p90",
    "time_used_p99",
    "extended_further_analysis_count",
    "extended_missing_information_count",
    "extended_other_departments_count",
    "extended_for_other_reasons_count",
];

/// In the order of their columns; `None` is one that is not known here.
const REASONS: [Option<ExtensionReason>; 4] = [
    Some(ExtensionReason::FurtherAnalysis),
    Some(ExtensionReason::MissingInformation),
    Some(ExtensionReason::OtherDepartments),
    None,
];

/// The file in pieces, each written when it is asked for: the header line, then the rows in order.
pub(crate) fn report_pieces(
    scope: &Scope,
    rows: BTreeMap<Key, Figures>,
) -> impl Iterator<Item = Result<Vec<u8>, Refusal>> + Send + use<> {
    let dimensions: Vec<Dimension> = scope.dimensions.iter().copied().collect();
    let mut rows = rows.into_iter().peekable();
    let mut is_first = true;
    std::iter::from_fn(move || {
        if !is_first && rows.peek().is_none() {
            return None;
        }
        let mut lines = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
        let written = (|| {
            if std::mem::take(&mut is_first) {
                let header = dimensions.iter().map(|it| title(*it)).chain(FIGURES);
                lines.write_record(std::iter::once("clock").chain(header))?;
            }
            rows.by_ref().take(PIECE).try_for_each(|(key, figures)| line(&mut lines, &dimensions, &key, &figures))
        })();
        Some(
            written
                .and_then(|()| lines.into_inner().map_err(|fault| fault.into_error().into()))
                .map_err(Refusal::internal),
        )
    })
}

fn line(lines: &mut Writer<Vec<u8>>, dimensions: &[Dimension], key: &Key, figures: &Figures) -> csv::Result<()> {
    lines.write_field(key.cell.clock.as_str())?;
    for dimension in dimensions {
        lines.write_field(cell(*dimension, key))?;
    }
    for count in [
        figures.kept.count(),
        figures.late.count(),
        figures.cancelled,
        figures.cancelled_late,
        figures.unmeasured,
        figures.reopened,
    ] {
        lines.write_field(count.max(0).to_string())?;
    }
    lines.write_field(figures.kept_share().map_or_else(String::new, |share| format!("{share:.4}")))?;
    for histogram in [&figures.lateness, &figures.used()] {
        for seconds in seconds(histogram) {
            lines.write_field(seconds.map_or_else(String::new, |seconds| seconds.to_string()))?;
        }
    }
    for reason in REASONS {
        lines.write_field(figures.extended.get(&reason).map_or(0, |count| *count.max(&0)).to_string())?;
    }
    lines.write_record(None::<&[u8]>)
}

fn seconds(histogram: &Histogram) -> [Option<i64>; 4] {
    let [p50, p90, p99] = [50, 90, 99].map(|percent| histogram.percentile(percent));
    [histogram.mean().map(|mean| mean.round() as i64), p50, p90, p99]
}

fn title(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Policy => "policy",
        Dimension::Category => "category",
        Dimension::Priority => "priority",
        Dimension::Channel => "channel",
        Dimension::Group => "group",
        Dimension::Date => "date",
        Dimension::Hour => "hour",
    }
}

fn cell(dimension: Dimension, key: &Key) -> String {
    match dimension {
        Dimension::Policy => harmless(&key.cell.policy),
        Dimension::Category => harmless(&key.cell.category),
        Dimension::Priority => harmless(&key.cell.priority),
        Dimension::Channel => harmless(&key.cell.channel),
        Dimension::Group => harmless(&key.cell.group),
        Dimension::Date => key.date.map_or_else(String::new, |date| date.to_string()),
        Dimension::Hour => key.hour.map_or_else(String::new, |hour| hour.to_string()),
    }
}

/// Text that a spreadsheet takes for text. Ids come from the ticket service's catalogues as they are, and one that began with `=` would be
/// computed by whoever opens the file.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{text}") } else { text.to_owned() }
}
