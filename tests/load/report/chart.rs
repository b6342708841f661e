//! The chart: each measure as a share of the same work in bare SQL.

use std::fmt::Write as _;

use super::{Bar, Report};

const WIDTH: f64 = 860.0;
const LABEL: f64 = 330.0;
const ROW: f64 = 26.0;
const TOP: f64 = 48.0;
/// What does not fit is cut, with its figure beside it.
const MOST: f64 = 2.0;

/// SVG without scripts or fonts of its own, readable on light and dark pages.
pub(super) fn svg(report: &Report) -> String {
    let bars: Vec<&Bar> = report.sections.values().flat_map(|section| &section.bars).collect();
    let height = TOP + ROW * bars.len() as f64 + 16.0;
    let scale = (WIDTH - LABEL - 70.0) / MOST;
    let x = |share: f64| LABEL + share.clamp(0.0, MOST) * scale;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"12\" y=\"20\" font-size=\"15\" fill=\"#1f2328\">Ours as a share of the same work in bare SQL (pgbench)</text>\n"
    );
    let bottom = height - 12.0;
    for share in [0.0, 0.5, 1.0, 1.5, 2.0] {
        let colour = if (share - 1.0_f64).abs() < f64::EPSILON { "#57606a" } else { "#d8dee4" };
        let at = x(share);
        let _ = writeln!(svg, "<line x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{bottom}\" stroke=\"{colour}\"/>");
        let percent = share * 100.0;
        let _ =
            writeln!(svg, "<text x=\"{at:.1}\" y=\"40\" text-anchor=\"middle\" fill=\"#57606a\">{percent:.0} %</text>");
    }
    for (at, bar) in bars.iter().enumerate() {
        row(&mut svg, bar, TOP + ROW * at as f64 + 6.0, x);
    }
    svg.push_str("</svg>\n");
    svg
}

fn row(svg: &mut String, bar: &Bar, y: f64, x: impl Fn(f64) -> f64) {
    let is_met = bar.goal.is_none_or(|goal| bar.share >= goal);
    let colour = if is_met { "#2da44e" } else { "#bf8700" };
    let (text, width) = (y + 13.0, x(bar.share) - LABEL);
    let _ = writeln!(svg, "<text x=\"12\" y=\"{text}\" fill=\"#1f2328\">{}</text>", escaped(&bar.label));
    let _ = writeln!(svg, "<rect x=\"{LABEL}\" y=\"{y}\" width=\"{width:.1}\" height=\"16\" fill=\"{colour}\"/>");
    let (end, percent) = (x(bar.share) + 6.0, bar.share * 100.0);
    let _ = writeln!(svg, "<text x=\"{end:.1}\" y=\"{text}\" fill=\"#1f2328\">{percent:.0} %</text>");
    if let Some(goal) = bar.goal {
        let (at, top, bottom) = (x(goal), y - 3.0, y + 19.0);
        let _ = writeln!(
            svg,
            "<line x1=\"{at:.1}\" y1=\"{top}\" x2=\"{at:.1}\" y2=\"{bottom}\" stroke=\"#cf222e\" stroke-width=\"2\"><title>goal</title></line>"
        );
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Section;

    #[test]
    fn a_bar_is_as_long_as_its_share_and_none_leaves_the_picture() {
        let bars = [("a <b>", 0.5, Some(0.6)), ("far", 7.0, None)];
        let bars = bars.map(|(label, share, goal)| Bar { label: label.to_owned(), share, goal }).to_vec();
        let mut report = Report::default();
        report.sections.insert("one".to_owned(), Section { bars, ..Section::default() });
        let svg = svg(&report);
        assert!(svg.contains("a &lt;b>") && svg.contains("width=\"115.0\"") && svg.contains("#bf8700"), "{svg}");
        assert!(svg.contains("width=\"460.0\"") && svg.contains(">700 %<"), "{svg}");
    }
}
