//! A trace as text: a line a span, children indented below their parent, so that a test can show what it expects.

use std::fmt::Write as _;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

/// What is shown of a span besides kind and name.
const SHOWN: [&str; 9] = ["channel", "template", "provider", "clock", "level", "attempt", "code", "state", "outcome"];

/// The tree below a span. Children are in the order of their text.
///
/// # Panics
/// A span is not below it.
pub fn tree(spans: &[Span], root: &str) -> String {
    let text = below(spans, root, 0);
    assert_eq!(text.lines().count(), spans.len(), "not all of it hangs together:\n{text}\n{}", flat(spans));
    text
}

fn below(spans: &[Span], parent: &str, depth: usize) -> String {
    let children = spans.iter().filter(|it| hex(&it.parent_span_id) == parent);
    let text = |it: &Span| format!("{:depth$}{}\n{}", "", line(it), below(spans, &hex(&it.span_id), depth + 2));
    let mut texts: Vec<String> = children.map(text).collect();
    texts.sort();
    texts.concat()
}

/// The spans as they came, with their ids.
pub fn flat(spans: &[Span]) -> String {
    spans.iter().fold(String::new(), |mut text, it| {
        let _ = writeln!(text, "{} {} < {}", line(it), hex(&it.span_id), hex(&it.parent_span_id));
        text
    })
}

fn line(span: &Span) -> String {
    let kind = format!("{:?}", span.kind()).to_lowercase();
    let shown = SHOWN.iter().filter_map(|key| attribute(span, key).map(|value| format!(" {key}={value}")));
    let kind = if span.kind() == SpanKind::Internal { "-" } else { kind.as_str() };
    // The package says nothing that the service's name does not.
    let name = span.name.rsplit_once("v1.").map_or(span.name.as_str(), |(_, name)| name);
    format!("{kind} {name}{}", shown.collect::<String>())
}

/// An attribute's value as text.
pub fn attribute(span: &Span, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|it| it.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        Value::BoolValue(is) => Some(is.to_string()),
        _ => None,
    }
}

/// An id as it stands in headers.
pub fn hex(id: &[u8]) -> String {
    id.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
