//! Tokens: what is believed, what is not, and why.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rpc::auth::{AuthConfig, Claims, Signer, Source};
use rpc::{Role, ServerConfig};
use tokio::net::TcpListener;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::rig::{AUDIENCE, Rig, handler, yes};

fn reason(status: &Status) -> String {
    status.get_details_error_info().unwrap().reason
}

/// The outcome of a call with this token.
async fn call(rig: &Rig, token: &str) -> Result<(), (Code, String)> {
    let answer = rig.requeue_with(Some(&format!("Bearer {token}")), "calls/1").await;
    answer.map(|_| ()).map_err(|status| (status.code(), reason(&status)))
}

fn invalid() -> Result<(), (Code, String)> {
    Err((Code::Unauthenticated, "TOKEN_INVALID".into()))
}

fn denied(reason: &str) -> Result<(), (Code, String)> {
    Err((Code::PermissionDenied, reason.into()))
}

#[tokio::test]
async fn a_good_token_names_the_caller() {
    let rig = Rig::start(handler(|caller, _| async move {
        assert_eq!(caller.system(), Some("relay"));
        assert_eq!(caller.key(), "systems/relay");
        Ok(())
    }))
    .await;
    assert_eq!(call(&rig, &rig.token("systems/relay", &[Role::System])).await, Ok(()));
}

#[tokio::test]
async fn no_token_and_no_bearer() {
    let rig = Rig::start(yes()).await;
    let status = rig.requeue_with(None, "x").await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Unauthenticated, "TOKEN_MISSING"));
    for header in ["Basic eDp5", "Bearer", "Bearer ", "Bearer a.b.c"] {
        let status = rig.requeue_with(Some(header), "x").await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (Code::Unauthenticated, "TOKEN_INVALID"), "{header}");
    }
    assert!(rig.metrics().contains(r#"code="UNAUTHENTICATED"} 5"#), "metrics see refused tokens: {}", rig.metrics());
}

#[tokio::test]
async fn times_are_the_clocks() {
    let rig = Rig::start(yes()).await;
    let token = rig.administrator();
    assert_eq!(call(&rig, &token).await, Ok(()));
    // Leeway is 5 s: valid at 1 h + 4 s, not at 1 h + 5 s.
    rig.clock.advance(SignedDuration::from_secs(3604));
    assert_eq!(call(&rig, &token).await, Ok(()));
    rig.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(call(&rig, &token).await, invalid());
    let mut claims = rig.claims("staff/root", &[Role::Administrator]);
    claims.nbf = Some(claims.exp - 60);
    let early = rig.signer.sign(&claims).unwrap();
    assert_eq!(call(&rig, &early).await, invalid());
    rig.clock.advance(SignedDuration::from_mins(59));
    assert_eq!(call(&rig, &early).await, Ok(()));
}

#[tokio::test]
async fn the_audience_must_be_ours() {
    let rig = Rig::start(yes()).await;
    let mut claims = rig.claims("staff/root", &[Role::Administrator]);
    claims.aud = vec!["other".into()];
    assert_eq!(call(&rig, &rig.signer.sign(&claims).unwrap()).await, invalid());
    claims.aud = vec!["other".into(), AUDIENCE.into()];
    assert_eq!(call(&rig, &rig.signer.sign(&claims).unwrap()).await, Ok(()));
    let single = serde_json::json!({"sub": "staff/root", "aud": AUDIENCE, "exp": claims.exp, "roles": ["administrator"], "amr": ["mfa"]});
    assert_eq!(call(&rig, &rig.signer.sign(&single).unwrap()).await, Ok(()));
    for absent in ["aud", "exp", "sub"] {
        let mut lacking = single.clone();
        lacking.as_object_mut().unwrap().remove(absent);
        assert_eq!(call(&rig, &rig.signer.sign(&lacking).unwrap()).await, invalid(), "without {absent}");
    }
}

#[tokio::test]
async fn forgeries_fail() {
    let rig = Rig::start(yes()).await;
    let claims = rig.claims("staff/root", &[Role::Administrator]);
    let token = rig.signer.sign(&claims).unwrap();
    let [header, body, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();

    let other = serde_json::to_vec(&rig.claims("staff/other", &[Role::Administrator])).unwrap();
    let altered = format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(other));
    assert_eq!(call(&rig, &altered).await, invalid(), "altered claims");

    let stranger = Signer::generate().unwrap();
    assert_eq!(call(&rig, &stranger.sign(&claims).unwrap()).await, invalid(), "unknown key");

    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    assert_eq!(call(&rig, &format!("{none}.{body}.")).await, invalid(), "alg none");
    assert_eq!(call(&rig, &format!("{none}.{body}.{signature}")).await, invalid(), "alg none with a signature");

    let document: serde_json::Value = serde_json::from_str(&rig.signer.jwks().unwrap()).unwrap();
    let public = URL_SAFE_NO_PAD.decode(document["keys"][0]["x"].as_str().unwrap()).unwrap();
    for secret in [public, rig.signer.jwks().unwrap().into_bytes()] {
        for kid in [None, Some(rig.signer.key_id().to_owned())] {
            let mut header = Header::new(Algorithm::HS256);
            header.kid = kid;
            let forged = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&secret)).unwrap();
            assert_eq!(call(&rig, &forged).await, invalid(), "HS256 keyed with what is public");
        }
    }
}

#[tokio::test]
async fn rs256_and_tokens_without_a_key_id() {
    let rsa = EncodingKey::from_rsa_pem(include_bytes!("rsa_test_only.pem")).unwrap();
    let mut jwk = serde_json::to_value(Jwk::from_encoding_key(&rsa, Algorithm::RS256).unwrap()).unwrap();
    jwk["kid"] = "rsa".into();
    let signer = Signer::generate().unwrap();
    let mut document: serde_json::Value = serde_json::from_str(&signer.jwks().unwrap()).unwrap();
    let odd = serde_json::json!({"kty": "quantum", "kid": "odd"});
    document["keys"].as_array_mut().unwrap().extend([odd, jwk.clone()]);
    let source = Source::Fixed(document.to_string().into_bytes());
    let rig = Rig::with_keys(yes(), ServerConfig::default(), signer, source, AuthConfig::for_audience(AUDIENCE)).await;
    let claims = rig.claims("staff/root", &[Role::Administrator]);
    let sign = |algorithm, kid: Option<&str>| {
        let mut header = Header::new(algorithm);
        header.kid = kid.map(str::to_owned);
        jsonwebtoken::encode(&header, &claims, &rsa).unwrap()
    };
    assert_eq!(call(&rig, &sign(Algorithm::RS256, Some("rsa"))).await, Ok(()));
    assert_eq!(call(&rig, &sign(Algorithm::RS256, None)).await, Ok(()), "no kid: all keys of the algorithm");
    assert_eq!(call(&rig, &sign(Algorithm::RS512, Some("rsa"))).await, invalid(), "only RS256");
    assert_eq!(call(&rig, &sign(Algorithm::PS256, None)).await, invalid());
    assert_eq!(call(&rig, &rig.administrator()).await, Ok(()));
}

#[tokio::test]
async fn roles_and_subjects_must_fit() {
    let rig = Rig::start(yes()).await;
    let citizen = "citizens/0198b3c4-7d60-7cc2-9a3b-2f1c5d6e7f80";
    assert_eq!(call(&rig, &rig.token(citizen, &[Role::Citizen])).await, denied("ROLE_NOT_ALLOWED"));
    assert_eq!(call(&rig, &rig.token("systems/portal", &[Role::System])).await, denied("ROLE_NOT_ALLOWED"));
    assert_eq!(call(&rig, &rig.token("staff/1", &[])).await, denied("ROLE_NOT_ALLOWED"));
    for (subject, role) in [
        ("staff/1", Role::Citizen),
        ("citizens/me", Role::Citizen),
        (citizen, Role::Administrator),
        ("systems/relay", Role::Administrator),
        ("staff/relay", Role::System),
        ("systems/", Role::System),
        ("staff/", Role::Administrator),
    ] {
        assert_eq!(call(&rig, &rig.token(subject, &[role])).await, invalid(), "{subject} as {role:?}");
    }
}

#[tokio::test]
async fn staff_show_two_factors() {
    let rig = Rig::start(yes()).await;
    let cases: [(&[&str], bool); 7] = [
        (&[], false),
        (&["pwd"], false),
        (&["pwd", "pin"], false),
        (&["otp", "hwk"], false),
        (&["pwd", "otp"], true),
        (&["mfa"], true),
        (&["hwk", "user", "face"], true),
    ];
    for (amr, enough) in cases {
        let claims = rig.claims("staff/root", &[Role::Administrator]).amr(amr);
        let expected = if enough { Ok(()) } else { denied("SECOND_FACTOR_REQUIRED") };
        assert_eq!(call(&rig, &rig.signer.sign(&claims).unwrap()).await, expected, "{amr:?}");
    }
}

/// Serves a JWKS document that can be exchanged, and counts how often it was asked.
async fn issuer(document: Arc<std::sync::Mutex<String>>, asked: Arc<AtomicUsize>) -> String {
    let answer = move || {
        asked.fetch_add(1, Ordering::SeqCst);
        let text = document.lock().unwrap().clone();
        async move { text }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    let app = axum::Router::new().route("/jwks", axum::routing::get(answer));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

#[tokio::test]
async fn a_rotated_key_is_fetched_and_floods_are_not() {
    let (old, new) = (Signer::generate().unwrap(), Signer::generate().unwrap());
    let document = Arc::new(std::sync::Mutex::new(old.jwks().unwrap()));
    let asked = Arc::new(AtomicUsize::new(0));
    let url = issuer(Arc::clone(&document), Arc::clone(&asked)).await;
    let rotate = |pause| {
        let auth = AuthConfig { reload_pause: pause, ..AuthConfig::for_audience(AUDIENCE) };
        let source = Source::url(&url, None).unwrap();
        Rig::with_keys(yes(), ServerConfig::default(), old.clone(), source, auth)
    };
    let sign = |rig: &Rig, signer: &Signer| signer.sign(&rig.claims("staff/root", &[Role::Administrator])).unwrap();

    let rig = rotate(Duration::ZERO).await;
    assert_eq!(call(&rig, &sign(&rig, &old)).await, Ok(()));
    assert_eq!(asked.load(Ordering::SeqCst), 1, "a known key asks nobody");
    *document.lock().unwrap() = new.jwks().unwrap();
    assert_eq!(call(&rig, &sign(&rig, &new)).await, Ok(()), "an unknown key asks the issuer");
    assert_eq!(call(&rig, &sign(&rig, &old)).await, invalid(), "a key that was taken out is gone");
    drop(rig);

    asked.store(0, Ordering::SeqCst);
    let rig = rotate(Duration::from_secs(3600)).await;
    for _ in 0..5 {
        let stranger = Signer::generate().unwrap();
        assert_eq!(call(&rig, &sign(&rig, &stranger)).await, invalid());
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "made-up keys ask the issuer no further");
}

#[tokio::test]
async fn a_silent_issuer_is_unavailable_not_unauthenticated() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let source = Source::url(&format!("http://{closed}/jwks"), None).unwrap();
    let rig = Rig::with_keys(
        yes(),
        ServerConfig::default(),
        Signer::generate().unwrap(),
        source,
        AuthConfig::for_audience(AUDIENCE),
    )
    .await;
    assert_eq!(call(&rig, &rig.administrator()).await, Err((Code::Unavailable, "KEYS_UNAVAILABLE".into())));
}

#[test]
fn claims_survive_a_round_trip() {
    let now = "2026-03-02T09:00:00Z".parse().unwrap();
    let claims =
        Claims::new("staff/7", &[Role::SeniorSpecialist], "x", now, SignedDuration::from_secs(60)).amr(&["mfa"]);
    let back: Claims = serde_json::from_str(&serde_json::to_string(&claims).unwrap()).unwrap();
    assert_eq!(back, claims);
    let caller = back.caller().unwrap();
    assert!(caller.is(Role::SeniorSpecialist) && caller.is_staff() && caller.second_factor);
    assert_eq!(caller.staff(), Some("7"));
}
