//! What is searched for, and how: every value in the forms in which it could hide.
//!
//! As is, in lower case, digits only; in UTF-8 and UTF-16 (an SMS is UTF-16BE), each raw and in hex; in base64 at the three
//! alignments, both alphabets; escaped as `Debug`, JSON, byte strings and URLs do it. Runs of hex, as a dump shows `bytea`, are
//! also searched decoded.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Shorter decoded runs hold no form of any value.
const SHORTEST_HEX: usize = 8;
/// How much of the surroundings a finding shows, octets each way.
const AROUND: usize = 60;

/// How often one value is shown in one place.
const SHOWN_MOST: usize = 5;

/// Something that may be found nowhere, and what to call it in a report.
#[derive(Clone, Debug)]
pub struct Planted {
    what: String,
    values: Vec<String>,
    /// Six digits may stand in a longer number by chance: in text they count only on their own.
    on_its_own: bool,
}

/// A place to search.
#[derive(Clone, Debug)]
pub struct Haystack {
    /// What to call it in a report.
    pub source: String,
    /// Its octets.
    pub content: Vec<u8>,
}

/// One value that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Which value.
    pub what: String,
    /// In which form.
    pub form: &'static str,
    /// Where.
    pub source: String,
    /// With what around it.
    pub shown: String,
}

/// One form of a value.
struct Needle {
    what: String,
    form: &'static str,
    on_its_own: bool,
}

/// All forms of all values, ready to search.
pub struct Search {
    /// Those that are the same in any letter case.
    low: (AhoCorasick, Vec<Needle>),
    exact: (AhoCorasick, Vec<Needle>),
}

// === impl Planted ===

impl Planted {
    /// A name, an address, a word: it is distinctive as a whole.
    pub fn value(what: &str, value: &str) -> Self {
        Self { what: what.to_owned(), values: vec![value.to_owned()], on_its_own: false }
    }

    /// A text: the whole of it, and each word that only it has.
    pub fn text(what: &str, text: &str, words: &[&str]) -> Self {
        assert!(words.iter().all(|word| text.contains(word)), "{what}");
        let values = std::iter::once(text).chain(words.iter().copied()).map(str::to_owned).collect();
        Self { what: what.to_owned(), values, on_its_own: false }
    }

    /// A number as people write it: so, and its digits.
    pub fn number(what: &str, written: &str) -> Self {
        let digits: String = written.chars().filter(char::is_ascii_digit).collect();
        // Without the country's 7 or 8: as much of a Russian phone number as identifies it.
        let national = (digits.len() == 11 && written.starts_with(['+', '8'])).then(|| digits[1..].to_owned());
        let values = [Some(written.to_owned()), Some(digits), national].into_iter().flatten().collect();
        Self { what: what.to_owned(), values, on_its_own: false }
    }

    /// A short number.
    pub fn code(what: &str, digits: &str) -> Self {
        Self { on_its_own: true, ..Self::value(what, digits) }
    }

    /// A JWT: its claims and its signature, each enough to be a leak.
    pub fn token(what: &str, token: &str) -> Self {
        let values: Vec<String> = token.split('.').skip(1).map(str::to_owned).collect();
        assert_eq!(values.len(), 2, "{what} is no JWT");
        Self { what: what.to_owned(), values, on_its_own: false }
    }
}

// === impl Haystack ===

impl Haystack {
    /// A place.
    pub fn new(source: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self { source: source.into(), content: content.into() }
    }
}

// === impl Search ===

impl Search {
    /// Prepares the forms of all values.
    pub fn new<'a>(planted: impl IntoIterator<Item = &'a Planted>) -> Self {
        let (mut low, mut exact) = (Vec::new(), Vec::new());
        for it in planted {
            let mut seen = BTreeSet::new();
            for value in &it.values {
                for (form, octets, any_case) in forms(value) {
                    let octets = if any_case { lowered(&octets) } else { octets };
                    if seen.insert((octets.clone(), any_case)) {
                        let on_its_own = it.on_its_own && matches!(form, "as is" | "UTF-8");
                        let needle = Needle { what: it.what.clone(), form, on_its_own };
                        if any_case { &mut low } else { &mut exact }.push((octets, needle));
                    }
                }
            }
        }
        Self { low: automaton(low), exact: automaton(exact) }
    }

    /// Everything found in a place, each value a few times per form.
    pub fn find(&self, place: &Haystack) -> Vec<Found> {
        let mut found = Vec::new();
        self.look(&place.content, true, &place.source, &mut found);
        for run in hex_runs(&place.content) {
            self.look(&run, false, &format!("{}, octets in hex", place.source), &mut found);
        }
        let mut seen = BTreeMap::<_, usize>::new();
        found.retain(|it| {
            let times = seen.entry((it.what.clone(), it.form, it.source.clone())).or_default();
            *times += 1;
            *times <= SHOWN_MOST
        });
        found
    }

    fn look(&self, content: &[u8], text: bool, source: &str, found: &mut Vec<Found>) {
        for ((automaton, needles), content) in [(&self.low, &lowered(content)[..]), (&self.exact, content)] {
            for hit in automaton.find_overlapping_iter(content) {
                let needle = &needles[hit.pattern().as_usize()];
                if text && needle.on_its_own && !stands_alone(content, hit.start(), hit.end()) {
                    continue;
                }
                let shown = &content[hit.start().saturating_sub(AROUND)..(hit.end() + AROUND).min(content.len())];
                let shown = String::from_utf8_lossy(shown).into_owned();
                let (what, form, source) = (needle.what.clone(), needle.form, source.to_owned());
                found.push(Found { what, form, source, shown });
            }
        }
    }
}

fn automaton(needles: Vec<(Vec<u8>, Needle)>) -> (AhoCorasick, Vec<Needle>) {
    let (octets, needles): (Vec<_>, Vec<_>) = needles.into_iter().unzip();
    (AhoCorasick::new(octets).expect("a few thousand short needles"), needles)
}

/// Every form of a value, and whether its letter case says nothing.
fn forms(value: &str) -> Vec<(&'static str, Vec<u8>, bool)> {
    let low = value.to_lowercase();
    let mut all = vec![("as is", value.as_bytes().to_vec(), true)];
    for value in [value, &low] {
        let utf8 = value.as_bytes();
        let (big, little) = utf16(value);
        all.push(("UTF-16BE", big.clone(), false));
        all.push(("UTF-16LE", little, false));
        all.push(("hex of UTF-8", hex(utf8), true));
        all.push(("hex of UTF-16BE", hex(&big), true));
        for (name, octets) in [("base64", utf8), ("base64 of UTF-16BE", &big)] {
            for alignment in 0..3 {
                all.push((name, base64_at(&STANDARD_NO_PAD, alignment, octets), false));
                all.push((name, base64_at(&URL_SAFE_NO_PAD, alignment, octets), false));
            }
        }
        let escaped = |escape: &dyn Fn(char) -> String| value.chars().map(escape).collect::<String>().into_bytes();
        let plain = |c: char| c.is_ascii().then(|| c.to_string());
        all.push(("escaped by Debug", escaped(&|c| plain(c).unwrap_or_else(|| c.escape_unicode().to_string())), true));
        all.push(("escaped by JSON", escaped(&|c| plain(c).unwrap_or_else(|| format!("\\u{:04x}", c as u32))), true));
        all.push(("escaped octets", utf8.escape_ascii().to_string().into_bytes(), true));
        let listed = utf8.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        all.push(("listed octets", listed.into_bytes(), true));
        let letter = |&b: &u8| if b.is_ascii_alphanumeric() { (b as char).to_string() } else { format!("%{b:02x}") };
        all.push(("percent-encoded", utf8.iter().map(letter).collect::<String>().into_bytes(), true));
    }
    all
}

/// UTF-16, big and little end first.
pub fn utf16(value: &str) -> (Vec<u8>, Vec<u8>) {
    let big = value.encode_utf16().flat_map(u16::to_be_bytes).collect();
    (big, value.encode_utf16().flat_map(u16::to_le_bytes).collect())
}

/// Lower-case hex.
pub fn hex(octets: &[u8]) -> Vec<u8> {
    octets.iter().flat_map(|b| format!("{b:02x}").into_bytes()).collect()
}

/// The letters of base64 that depend on nothing but `octets` when they begin `alignment` octets into a group of three.
fn base64_at(engine: &impl base64::Engine, alignment: usize, octets: &[u8]) -> Vec<u8> {
    let shifted = [&[0; 2][..alignment], octets].concat();
    let letters = engine.encode(&shifted).into_bytes();
    let (first, end) = ((alignment * 8).div_ceil(6), shifted.len() * 8 / 6);
    letters[first..end].to_vec()
}

fn lowered(content: &[u8]) -> Vec<u8> {
    // What is no UTF-8 becomes U+FFFD, and no form that depends on case has those.
    String::from_utf8_lossy(content).to_lowercase().into_bytes()
}

fn stands_alone(content: &[u8], start: usize, end: usize) -> bool {
    let joins = |b: &u8| b.is_ascii_alphanumeric();
    let before = start.checked_sub(1).and_then(|at| content.get(at));
    // After a dot they are the fraction of a number.
    !before.is_some_and(|b| joins(b) || *b == b'.') && !content.get(end).is_some_and(joins)
}

/// Runs of hex behind `\x`, decoded.
fn hex_runs(content: &[u8]) -> Vec<Vec<u8>> {
    let digit = |b: u8| (b as char).to_digit(16).map(|it| it as u8);
    let mut runs = Vec::new();
    let mut at = 0;
    while let Some(next) = content[at..].windows(2).position(|it| it == b"\\x") {
        let start = at + next + 2;
        let digits: Vec<u8> = content[start..].iter().map_while(|b| digit(*b)).collect();
        at = start + digits.len();
        if digits.len() >= SHORTEST_HEX {
            runs.push(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect());
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(planted: &Planted, content: impl Into<Vec<u8>>) -> bool {
        !Search::new([planted]).find(&Haystack::new("test", content)).is_empty()
    }

    #[test]
    fn every_form_is_found_at_every_place() {
        let name = Planted::value("name", "Зарянкина");
        let low = "зарянкина";
        let (big, little) = utf16("Зарянкина");
        for before in ["", "a", "bb", "ccc", "слово "] {
            let with = |octets: &[u8]| [before.as_bytes(), octets, b" end"].concat();
            for octets in ["Зарянкина".as_bytes(), low.as_bytes(), "ЗАРЯНКИНА".as_bytes(), &big, &little]
            {
                assert!(finds(&name, with(octets)), "{before}");
                assert!(finds(&name, hex(&with(octets))) || octets == little || octets == "ЗАРЯНКИНА".as_bytes());
                let dumped = format!("VALUES ('\\x{}')", String::from_utf8(hex(&with(octets))).unwrap());
                assert!(finds(&name, dumped), "{before}");
            }
            for octets in ["Зарянкина".as_bytes(), low.as_bytes(), &big] {
                assert!(finds(&name, STANDARD_NO_PAD.encode(with(octets))), "{before}");
                assert!(finds(&name, URL_SAFE_NO_PAD.encode(with(octets))), "{before}");
            }
        }
        for text in [
            format!("{:?}", low.as_bytes()),
            low.as_bytes().escape_ascii().to_string(),
            low.escape_unicode().to_string(),
            "\\u0437\\u0430\\u0440\\u044F\\u043D\\u043A\\u0438\\u043D\\u0430".to_owned(),
            "%D0%B7%D0%B0%D1%80%D1%8F%D0%BD%D0%BA%D0%B8%D0%BD%D0%B0".to_owned(),
        ] {
            assert!(finds(&name, text.clone()), "{text}");
        }
        assert!(!finds(&name, "Зорянкина"));
    }

    #[test]
    fn numbers_are_found_however_they_are_written() {
        let phone = Planted::number("phone", "+7 916 735-09-14");
        for text in ["+7 916 735-09-14", "to=79167350914", "89167350914", "x9167350914x"] {
            assert!(finds(&phone, text), "{text}");
        }
        assert!(!finds(&phone, "79167350915"));
    }

    #[test]
    fn a_code_counts_on_its_own_only() {
        let code = Planted::code("code", "482913");
        for text in ["482913", "code=482913,", "код 482913", "\"482913\"", "\\x343832393133"] {
            assert!(finds(&code, text), "{text}");
        }
        for text in ["1482913", "0.482913", "482913ab"] {
            assert!(!finds(&code, text), "{text}");
        }
    }
}
