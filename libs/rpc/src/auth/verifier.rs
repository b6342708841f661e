//! From a token to a caller.
//!
//! Keys are loaded at start and again (a) when a token names a key that is not there, (b) when they are older than `refresh`, so that a key
//! taken out of the document stops working. Both are limited to one load per `reload_pause`: otherwise anybody could make us
//! hammer the issuer with made-up key ids. When a load fails the old keys stay: an issuer that is down must not stop the suite.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use clock::SharedClock;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::auth::claims::{Claims, TokenError};
use crate::auth::keys::KeysError;
use crate::auth::opened::Opened;
use crate::auth::source::Source;
use crate::caller::Caller;
use crate::reasons;
use crate::refusal::Refusal;

/// Pause between loads while nothing was loaded yet.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// How tokens are checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// The `aud` that tokens for this service carry.
    pub audience: String,
    /// File with the issuer's JWKS document. Exactly one of file and URL.
    #[serde(default)]
    pub jwks_file: Option<PathBuf>,
    /// URL of the issuer's JWKS document.
    #[serde(default)]
    pub jwks_url: Option<String>,
    /// PEM file with the root that signed the URL's certificate, when it is private.
    #[serde(default)]
    pub jwks_ca: Option<PathBuf>,
    /// How far the issuer's clock and ours may differ.
    #[serde(default = "default_leeway", with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub leeway: Duration,
    /// Age at which keys are loaded again.
    #[serde(default = "default_refresh", with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub refresh: Duration,
    /// Least time between two loads.
    #[serde(default = "default_pause", with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub reload_pause: Duration,
}

fn default_leeway() -> Duration {
    Duration::from_secs(5)
}

fn default_refresh() -> Duration {
    Duration::from_secs(300)
}

fn default_pause() -> Duration {
    Duration::from_secs(10)
}

impl AuthConfig {
    /// The defaults for `audience`, keys from nowhere yet.
    pub fn for_audience(audience: &str) -> Self {
        Self {
            audience: audience.to_owned(),
            jwks_file: None,
            jwks_url: None,
            jwks_ca: None,
            leeway: default_leeway(),
            refresh: default_refresh(),
            reload_pause: default_pause(),
        }
    }
}

/// Checks tokens. Shared by every call.
#[derive(Debug)]
pub struct Verifier {
    source: Source,
    config: AuthConfig,
    clock: SharedClock,
    state: RwLock<State>,
    /// Held while keys load, so that one call loads and the rest go on with what is there.
    loading: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone)]
struct State {
    keys: Option<Arc<Opened>>,
    /// Monotonic: how often we ask the issuer has nothing to do with the clock that tokens are compared with.
    loaded: Instant,
    tried: Instant,
}

/// Why a verifier can't be made.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Neither or both of `jwks_file` and `jwks_url`.
    #[error("exactly one of jwks_file and jwks_url must be set")]
    Source,
    /// The file is missing or unusable, or the CA is.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

impl Verifier {
    /// Loads the keys the configuration names. A missing file is an error; a URL that does not answer yet is not, since services start
    /// in any order: until it does, calls are answered UNAVAILABLE.
    pub async fn start(config: AuthConfig, clock: SharedClock) -> Result<Arc<Self>, StartError> {
        let source = match (&config.jwks_file, &config.jwks_url) {
            (Some(path), None) => Source::File(path.clone()),
            (None, Some(url)) => {
                let ca = match &config.jwks_ca {
                    Some(path) => Some(tokio::fs::read(path).await.map_err(KeysError::from)?),
                    None => None,
                };
                Source::url(url, ca.as_deref())?
            }
            _ => return Err(StartError::Source),
        };
        Self::with_source(source, config, clock).await
    }

    /// As [`Self::start`], with keys from `source`.
    pub async fn with_source(source: Source, config: AuthConfig, clock: SharedClock) -> Result<Arc<Self>, StartError> {
        let keys = match source.load().await {
            Ok(keys) => Some(Arc::new(Opened::new(keys))),
            Err(error @ KeysError::Fetch(_)) => {
                tracing::warn!(%error, "the issuer does not answer yet");
                None
            }
            Err(error) => return Err(error.into()),
        };
        let now = Instant::now();
        let state = RwLock::new(State { keys, loaded: now, tried: now });
        Ok(Arc::new(Self { source, config, clock, state, loading: tokio::sync::Mutex::new(()) }))
    }

    /// The caller of a token. UNAUTHENTICATED, TOKEN_INVALID when it is not believed; PERMISSION_DENIED, SECOND_FACTOR_REQUIRED
    /// for a staff role with one factor; UNAVAILABLE while no keys could be loaded.
    pub async fn verify(self: &Arc<Self>, token: &str) -> Result<Caller, Refusal> {
        let claims = self.claims(token).await?;
        let checked = claims
            .check(
                &self.config.audience,
                self.clock.now(),
                SignedDuration::try_from(self.config.leeway).unwrap_or_default(),
            )
            .and_then(|()| Claims::clone(&claims).caller());
        let caller = checked.map_err(invalid)?;
        if caller.is_staff() && !caller.second_factor {
            return Err(Refusal::denied(reasons::SECOND_FACTOR_REQUIRED, "staff sign in with two factors"));
        }
        Ok(caller)
    }

    async fn claims(self: &Arc<Self>, token: &str) -> Result<Arc<Claims>, Refusal> {
        let state = self.state();
        if state.loaded.elapsed() >= self.config.refresh && state.tried.elapsed() >= self.config.reload_pause {
            let this = Arc::clone(self);
            tokio::spawn(async move { this.reload().await });
        }
        let outcome = state.keys.as_ref().map(|keys| keys.open(token));
        match outcome {
            Some(Ok(claims)) => return Ok(claims),
            Some(Err(error)) if error != TokenError::UnknownKey => return Err(invalid(error)),
            // The key is new to us, or nothing was loaded yet.
            _ => self.reload().await,
        }
        match self.state().keys {
            Some(keys) => keys.open(token).map_err(invalid),
            None => Err(Refusal::unavailable_for(reasons::KEYS_UNAVAILABLE, FIRST_PAUSE)),
        }
    }

    /// Loads the keys unless somebody did within `reload_pause`.
    async fn reload(&self) {
        let _loading = self.loading.lock().await;
        let state = self.state();
        // Without any keys every call fails, so the issuer is asked sooner.
        let pause =
            if state.keys.is_some() { self.config.reload_pause } else { FIRST_PAUSE.min(self.config.reload_pause) };
        if state.tried.elapsed() < pause {
            return;
        }
        let loaded = self.source.load().await;
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.tried = Instant::now();
        match loaded {
            Ok(keys) => {
                state.keys = Some(Arc::new(Opened::new(keys)));
                state.loaded = state.tried;
            }
            Err(error) => tracing::warn!(%error, "keys could not be loaded again; the old ones stay"),
        }
    }

    fn state(&self) -> State {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn invalid(error: TokenError) -> Refusal {
    Refusal::unauthenticated(reasons::TOKEN_INVALID, error.to_string())
}
