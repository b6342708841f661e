use std::{fs, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::*;
use crate::{Context, Parts, Service};

/// A service with a section of its own.
pub(crate) struct Postman;

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PostmanConfig {
    smtp: Smtp,
    lanes: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Smtp {
    host: String,
    port: u16,
    password: Option<Secret>,
    password_file: Option<PathBuf>,
    #[serde(with = "super::span::required")]
    patience: Duration,
}

impl Service for Postman {
    const NAME: &'static str = "post-man";
    const SCHEMA: &'static str = "postman";
    const DOMAIN: &'static str = "postman.otklik";
    const DEFAULTS: &'static str = r#"
        lanes = ["code", "normal"]
        [grpc]
        listen = "0.0.0.0:50053"
        [smtp]
        host = "default.example"
        port = 25
        patience = "10s"
        [peers.ticket]
        url = "http://ticket:50051"
    "#;
    const ACCESS: &'static str = "";
    const PEERS: &'static [&'static str] = &["ticket"];
    type Config = PostmanConfig;

    fn migrations() -> Vec<&'static sqlx::migrate::Migrator> {
        Vec::new()
    }

    fn check(config: &PostmanConfig) -> anyhow::Result<()> {
        anyhow::ensure!(!config.lanes.is_empty(), "`lanes` must name at least one lane");
        Ok(())
    }

    async fn build(_: &Context, _: PostmanConfig) -> anyhow::Result<Parts> {
        unreachable!("only configured here")
    }
}

fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn load(pairs: &[(&str, &str)]) -> Result<Settings<PostmanConfig>, ConfigError> {
    Layers::default().environment(environment(pairs)).load::<Postman>()
}

fn refused(pairs: &[(&str, &str)]) -> String {
    load(pairs).unwrap_err().to_string()
}

/// A file that is gone when the test is.
struct TempFile(PathBuf);

impl TempFile {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("otklik-config-{}-{name}", std::process::id()));
        fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn the_defaults_are_complete() {
    let settings = load(&[]).unwrap();
    assert_eq!(settings.service.smtp.host, "default.example");
    assert_eq!(settings.common.grpc.listen.port(), 50053, "the service's file lies above the shared one");
    assert_eq!(settings.common.lifecycle.grace, Duration::from_secs(20));
    assert_eq!(settings.common.peers["ticket"].url, "http://ticket:50051");
}

#[test]
fn environment_beats_file_beats_preset_beats_defaults() {
    let file = TempFile::new("layers.toml", "[smtp]\nhost = 'file.example'\nport = 2525\n");
    let layers = Layers::default()
        .preset("smtp.host", "preset.example")
        .preset("smtp.port", 1025)
        .preset("smtp.patience", "20s")
        .file(Some(&file.0))
        .environment(environment(&[("OTKLIK_POST_MAN__SMTP__HOST", "environment.example")]));

    let smtp = layers.load::<Postman>().unwrap().service.smtp;

    assert_eq!(smtp.host, "environment.example");
    assert_eq!(smtp.port, 2525);
    assert_eq!(smtp.patience, Duration::from_secs(20));
    assert_eq!(load(&[]).unwrap().service.smtp.patience, Duration::from_secs(10));
}

#[test]
fn environment_values_get_the_type_that_is_asked_for() {
    let service = load(&[
        ("OTKLIK_POST_MAN__SMTP__PORT", "587"),
        ("OTKLIK_POST_MAN__SMTP__PASSWORD", "12345"),
        ("OTKLIK_POST_MAN__SMTP__PATIENCE", "1m 30s"),
        ("OTKLIK_POST_MAN__LANES", r#"["code", "bulk"]"#),
        ("OTKLIK_POST_MAN__GRPC__REFLECTION", "false"),
    ])
    .unwrap();
    assert_eq!(service.service.smtp.port, 587);
    assert_eq!(service.service.smtp.password.unwrap().expose(), "12345");
    assert_eq!(service.service.smtp.patience, Duration::from_secs(90));
    assert_eq!(service.service.lanes, ["code", "bulk"]);
    assert!(!service.common.grpc.reflection);
}

#[test]
fn an_unknown_key_is_refused_with_its_name_and_where_it_stands() {
    let text = refused(&[("OTKLIK_POST_MAN__SMTP__HOTS", "x")]);
    assert!(text.contains("`smtp.hots`") && text.contains("OTKLIK_POST_MAN__SMTP__HOTS"), "{text}");

    let text = refused(&[("OTKLIK_POST_MAN__GRPC__LISTNE", "x")]);
    assert!(text.contains("`grpc.listne`") && text.contains("OTKLIK_POST_MAN__GRPC__LISTNE"), "{text}");

    let text = refused(&[("OTKLIK_POST_MAN__SMPT__HOST", "x")]);
    assert!(text.contains("`smpt`") && text.contains("OTKLIK_POST_MAN__SMPT__HOST"), "{text}");

    let file = TempFile::new("unknown.toml", "[telemetry]\nflter = 'info'\n");
    let text = Layers::default().file(Some(&file.0)).load::<Postman>().unwrap_err().to_string();
    assert!(text.contains("`telemetry.flter`") && text.contains("unknown.toml"), "{text}");
}

#[test]
fn a_wrong_value_is_refused_with_its_key_and_without_the_value() {
    let text = refused(&[("OTKLIK_POST_MAN__SMTP__PORT", "hunter2")]);
    assert!(text.contains("`smtp.port`") && text.contains("OTKLIK_POST_MAN__SMTP__PORT"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");

    let text = refused(&[("OTKLIK_POST_MAN__GRPC__MAX_IN_FLIGHT", "0")]);
    assert!(text.contains("grpc.max_in_flight"), "{text}");
    let text = refused(&[("OTKLIK_POST_MAN__TELEMETRY__FILTER", "a=b=c")]);
    assert!(text.contains("telemetry.filter"), "{text}");
    let text = refused(&[("OTKLIK_POST_MAN__LANES", "[]")]);
    assert!(text.contains("`lanes`"), "{text}");
}

#[test]
fn a_file_that_is_no_toml_is_refused_without_quoting_it() {
    let file = TempFile::new("broken.toml", "[smtp]\npassword = hunter2\n");
    let text = Layers::default().file(Some(&file.0)).load::<Postman>().unwrap_err().to_string();
    assert!(text.contains("line 2") && text.contains("broken.toml"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");

    let text = Layers::default().file(Some("/nowhere/x.toml".as_ref())).load::<Postman>().unwrap_err().to_string();
    assert!(text.contains("/nowhere/x.toml"), "{text}");
}

#[test]
fn only_known_peers_are_accepted() {
    let text = refused(&[("OTKLIK_POST_MAN__PEERS__TIKCET__URL", "http://x")]);
    assert!(text.contains("`peers.tikcet`"), "{text}");
}

#[test]
fn other_variables_are_none_of_our_business() {
    // What Kubernetes sets in every pod when a Service is named otklik-post-man.
    load(&[
        ("OTKLIK_POST_MAN_SERVICE_HOST", "10.0.0.1"),
        ("OTKLIK_POST_MAN_PORT_50051_TCP_ADDR", "10.0.0.1"),
        ("OTKLIK_TICKET__NO__SUCH", "x"),
    ])
    .unwrap();
}

#[test]
fn the_printed_configuration_is_complete_readable_and_redacted() {
    let settings = load(&[
        ("OTKLIK_POST_MAN__SMTP__PASSWORD", "hunter2"),
        ("OTKLIK_POST_MAN__DATABASE__URL", "postgres://otklik:hunter2@db/otklik"),
        ("OTKLIK_POST_MAN__MIGRATE__URL", "postgres://admin:hunter2@db/otklik"),
    ])
    .unwrap();

    let text = settings.print().unwrap();

    assert!(!text.contains("hunter2"), "{text}");
    assert!(!format!("{settings:?}").contains("hunter2"));
    let table: toml::Table = text.parse().unwrap();
    assert_eq!(table["smtp"]["password"].as_str(), Some(REDACTED));
    assert_eq!(table["database"]["url"].as_str(), Some(REDACTED));
    assert_eq!(table["smtp"]["patience"].as_str(), Some("10s"));
    assert_eq!(table["grpc"]["listen"].as_str(), Some("0.0.0.0:50053"));

    // What is printed can be used as a file.
    let file = TempFile::new("printed.toml", &text);
    let again = Layers::default().file(Some(&file.0)).load::<Postman>().unwrap();
    assert_eq!(again.print().unwrap(), text);
}

#[test]
fn logins_in_urls_are_not_shown() {
    let settings = load(&[
        ("OTKLIK_POST_MAN__AUTH__JWKS_URL", "https://issuer:hunter2@sso.example/jwks.json?a=b@c"),
        ("OTKLIK_POST_MAN__TELEMETRY__OTLP_ENDPOINT", "http://hunter2@collector:4317"),
        ("OTKLIK_POST_MAN__PEERS__TICKET__URL", "http://a:hunter2@b:hunter2@ticket:50051"),
        ("OTKLIK_POST_MAN__SMTP__HOST", "mail@default.example"),
        ("OTKLIK_POST_MAN__LANES", r#"["http://hunter2@one", "http://hunter2@two http://three"]"#),
    ])
    .unwrap();

    let text = settings.print().unwrap();

    assert!(!text.contains("hunter2"), "{text}");
    let table: toml::Table = text.parse().unwrap();
    assert_eq!(table["auth"]["jwks_url"].as_str(), Some("https://[redacted]@sso.example/jwks.json?a=b@c"));
    assert_eq!(table["telemetry"]["otlp_endpoint"].as_str(), Some("http://[redacted]@collector:4317"));
    assert_eq!(table["peers"]["ticket"]["url"].as_str(), Some("http://[redacted]@ticket:50051"));
    assert_eq!(table["smtp"]["host"].as_str(), Some("mail@default.example"));
    assert_eq!(table["lanes"][1].as_str(), Some("http://[redacted]@two http://three"));
}

#[test]
fn a_secret_comes_from_its_file_or_its_value_but_not_both() {
    let file = TempFile::new("secret", "hunter2\n");
    let value = Secret::from("value");
    let pick = |value, file| Secret::pick("smtp.password", value, file).map(|it| it.map(|it| it.expose().to_owned()));

    assert_eq!(pick(None, Some(&file.0)).unwrap().as_deref(), Some("hunter2"));
    assert_eq!(pick(Some(&value), None).unwrap().as_deref(), Some("value"));
    assert_eq!(pick(None, None).unwrap(), None);
    let error = pick(Some(&value), Some(&file.0)).unwrap_err().to_string();
    assert!(error.contains("`smtp.password_file`"), "{error}");
}

#[test]
fn a_folder_of_files_is_read_by_order_of_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let load = || Layers::default().file(Some(folder.path())).load::<Postman>();
    let error = load().unwrap_err().to_string();
    assert!(error.ends_with("no *.toml in this folder"), "a mount that went wrong: {error}");
    put("10-base.toml", "[smtp]\nhost = 'base.example'\nport = 26\n");
    put("50-here.toml", "[smtp]\nhost = 'here.example'\n");
    put("notes.md", "= no TOML");
    fs::create_dir(folder.path().join("..data")).unwrap();
    let smtp = load().unwrap().service.smtp;
    assert_eq!((&*smtp.host, smtp.port), ("here.example", 26));
    put("60-typing.toml", "[smtp]\nhots = 'x'\n");
    let error = load().unwrap_err().to_string();
    assert!(error.contains("60-typing.toml"), "the file at fault is named: {error}");
}
