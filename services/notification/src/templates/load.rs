//! Reads, compiles and checks the files.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Deserialize;

use super::builtin::{KINDS, Kind as Files, LANGUAGES, LAYOUT};
use super::catalogue::{Catalogue, Kind, LoadError, TemplateConfig};
use super::language::Language;
use super::manifest::{Manifest, VariableType};
use crate::providers::Channel;

/// A kind's texts in one language.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    #[serde(default)]
    sms: Option<String>,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    html: Option<String>,
}

/// Given to every text without a declaration.
pub(super) const GIVEN: [&str; 1] = ["hotline"];
pub(super) const LAYOUT_NAME: &str = "layout.html";

fn fault(file: impl Into<String>, problem: impl Into<String>) -> LoadError {
    LoadError { file: file.into(), problem: problem.into() }
}

fn parse<T: for<'a> Deserialize<'a>>(file: &str, source: &str) -> Result<T, LoadError> {
    toml::from_str(source).map_err(|error| fault(file, error.to_string()))
}

pub(super) fn builtin(config: &TemplateConfig) -> Result<Catalogue, LoadError> {
    let mut languages = BTreeMap::new();
    for (name, source) in LANGUAGES {
        languages.insert((*name).to_owned(), parse::<Language>(&format!("languages/{name}.toml"), source)?);
    }
    if let Some(unknown) = config.fallback.iter().find(|language| !languages.contains_key(*language)) {
        return Err(fault("the configuration's fallback", format!("there is no language `{unknown}`")));
    }
    if config.fallback.is_empty() {
        return Err(fault("the configuration's fallback", "names no language"));
    }
    let mut engine = engine(config);
    add(&mut engine, LAYOUT_NAME, LAYOUT.to_owned())?;
    let mut kinds = BTreeMap::new();
    for files in KINDS {
        kinds.insert(files.name.to_owned(), kind(&mut engine, &languages, files)?);
    }
    check_superseded(&kinds)?;
    Ok(Catalogue { engine, languages, kinds, fallback: config.fallback.clone() })
}

pub(super) fn engine(config: &TemplateConfig) -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    // Its debug information quotes values.
    engine.set_debug(false);
    engine.set_auto_escape_callback(|name| if name.ends_with("html") { AutoEscape::Html } else { AutoEscape::None });
    engine.add_global("hotline", config.hotline.clone());
    engine
}

pub(super) fn kind(
    engine: &mut Environment<'static>,
    languages: &BTreeMap<String, Language>,
    files: &Files,
) -> Result<Kind, LoadError> {
    let file = format!("{}/manifest.toml", files.name);
    let manifest: Manifest = parse(&file, files.manifest)?;
    check_manifest(&manifest, languages).map_err(|problem| fault(file, problem))?;
    let mut found = Vec::new();
    for texts in files.texts {
        let file = format!("{}/{}.toml", files.name, texts.language);
        let language = languages.get(texts.language).ok_or_else(|| fault(&*file, "there is no such language file"))?;
        for list in manifest.variables.values().filter_map(|variable| variable.words.as_ref()) {
            if !language.words.contains_key(list) {
                return Err(fault(&*file, format!("the language has no list of words `{list}`")));
            }
        }
        let source: Texts = parse(&file, texts.source)?;
        let mut used = BTreeSet::new();
        for (part, text) in parts(&manifest, source).map_err(|problem| fault(&*file, problem))? {
            let name = format!("{}/{}/{part}", files.name, texts.language);
            used.extend(add(engine, &name, text)?);
        }
        check_use(&manifest, &used).map_err(|problem| fault(&*file, problem))?;
        found.push(texts.language.to_owned());
    }
    Ok(Kind { manifest, languages: found })
}

fn check_manifest(manifest: &Manifest, languages: &BTreeMap<String, Language>) -> Result<(), String> {
    if manifest.channels.is_empty() {
        return Err("no channel".to_owned());
    }
    if !manifest.ttl.is_positive() {
        return Err("ttl must be longer than nothing".to_owned());
    }
    for (name, variable) in &manifest.variables {
        let written = matches!(variable.kind, VariableType::Text | VariableType::Code);
        if written != variable.max_length.is_some() {
            return Err(format!("{name}: texts and codes have a max_length, others none"));
        }
        if GIVEN.contains(&name.as_str()) {
            return Err(format!("{name} is given by the configuration"));
        }
        if let Some(list) = &variable.words {
            let known = languages.values().any(|language| language.words.contains_key(list));
            if variable.kind != VariableType::Text || !known {
                return Err(format!("{name}: words are for texts, and no language has the list `{list}`"));
            }
        }
    }
    check_words(manifest, languages)
}

/// A misspelt kind would supersede nothing, and nobody would notice.
fn check_superseded(kinds: &BTreeMap<String, Kind>) -> Result<(), LoadError> {
    for (name, kind) in kinds {
        if let Some(unknown) = kind.manifest.supersedes.iter().find(|it| !kinds.contains_key(&it.kind)) {
            let problem = format!("supersedes the unknown kind `{}`", unknown.kind);
            return Err(fault(format!("{name}/manifest.toml"), problem));
        }
    }
    Ok(())
}

/// The same for the words that a kind supersedes another with.
fn check_words(manifest: &Manifest, languages: &BTreeMap<String, Language>) -> Result<(), String> {
    for (name, words) in manifest.supersedes.iter().flat_map(|it| &it.when) {
        let list = manifest.variables.get(name).and_then(|variable| variable.words.as_ref());
        let list = list.ok_or_else(|| format!("supersedes: `{name}` is no variable with words"))?;
        let is_known =
            |word: &String| languages.values().any(|it| it.words.get(list).is_some_and(|it| it.contains_key(word)));
        if let Some(unknown) = words.iter().find(|word| !is_known(word)) {
            return Err(format!("supersedes: `{unknown}` is no word of `{list}`"));
        }
    }
    Ok(())
}

/// The texts that the channels need, by the name that decides their escaping.
fn parts(manifest: &Manifest, texts: Texts) -> Result<Vec<(&'static str, String)>, String> {
    let sms = manifest.channels.contains(&Channel::Sms);
    let email = manifest.channels.contains(&Channel::Email);
    let mut found = Vec::new();
    let wanted = [
        ("sms", texts.sms, sms),
        ("subject", texts.subject, email),
        ("text", texts.text, email),
        ("html", texts.html, email),
    ];
    for (part, text, wanted) in wanted {
        match (text, wanted) {
            // The first line break only makes the file readable.
            (Some(text), true) => found.push((part, text.trim_start_matches('\n').to_owned())),
            (None, false) => {}
            (None, true) => return Err(format!("`{part}` is missing for a channel of the manifest")),
            (Some(_), false) => return Err(format!("`{part}` belongs to no channel of the manifest")),
        }
    }
    Ok(found)
}

fn check_use(manifest: &Manifest, used: &BTreeSet<String>) -> Result<(), String> {
    if let Some(name) =
        used.iter().find(|name| !manifest.variables.contains_key(*name) && !GIVEN.contains(&name.as_str()))
    {
        return Err(format!("`{name}` is not declared in the manifest"));
    }
    match manifest.variables.keys().find(|name| !used.contains(*name)) {
        Some(name) => Err(format!("`{name}` is declared and never used")),
        None => Ok(()),
    }
}

/// Compiles a text; gives the variables that it asks for.
fn add(engine: &mut Environment<'static>, name: &str, text: String) -> Result<BTreeSet<String>, LoadError> {
    engine.add_template_owned(name.to_owned(), text).map_err(|error| fault(name, error.to_string()))?;
    let template = engine.get_template(name).map_err(|error| fault(name, error.to_string()))?;
    Ok(template.undeclared_variables(false).into_iter().collect())
}
