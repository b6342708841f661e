//! TLS on the listener, with a private root.

use std::time::Duration;

use bytes::Bytes;
use prometheus_client::registry::Registry;
use rpc::{Client, ClientConfig, ClientMetrics, METHODS, ServerConfig, TlsConfig};
use tonic::Code;

use crate::rig::{REQUEUE, Rig, file, table, yes};

#[tokio::test]
async fn only_the_right_root_is_trusted() {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let tls = TlsConfig { cert: file(&own.cert.pem()), key: file(&own.signing_key.serialize_pem()), client_ca: None };
    let rig = Rig::with(yes(), ServerConfig { tls: Some(tls), ..ServerConfig::default() }).await;
    let call = async |root: &str| {
        let mut config =
            ClientConfig::new(format!("https://localhost:{}", rig.address.port()), file(&rig.administrator()));
        config.tls_ca = Some(file(root));
        let client =
            Client::new("peer", &config, table(METHODS), ClientMetrics::register(&mut Registry::default())).unwrap();
        client.call_raw(REQUEUE, Bytes::new(), Duration::from_secs(60), None).await
    };
    call(&own.cert.pem()).await.expect("trusted");
    assert_eq!(call(&other.cert.pem()).await.unwrap_err().code(), Code::Unavailable);
    let plain = ClientConfig::new(rig.url(), file(&rig.administrator()));
    let client =
        Client::new("peer", &plain, table(METHODS), ClientMetrics::register(&mut Registry::default())).unwrap();
    client.call_raw(REQUEUE, Bytes::new(), Duration::from_secs(60), None).await.expect_err("no plain text");
}
