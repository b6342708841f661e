//! The control: a value put on purpose where nothing personal may be. A search that misses it proves nothing.

use prometheus_client::metrics::info::Info;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tests::Suite;
use tonic::{Code, Status};

use crate::needles::{Haystack, Planted, hex, utf16};
use crate::places::of_status;

const VALUE: &str = "Контрольная Канарейка +7 900 000-77-81";

/// The control as something to search for.
pub fn planted() -> Planted {
    Planted::text("control", VALUE, &["Канарейка", "+7 900 000-77-81"])
}

/// Logs it, on a span, on one for traces alone, and in a line.
pub fn log() {
    let _span = tracing::info_span!("control", value = VALUE).entered();
    let _trace_only = tracing::info_span!(target: store::TRACE_ONLY, "control", value = VALUE).entered();
    tracing::info!("logged on purpose: {VALUE}");
}

/// Measures it in every service.
pub async fn measure(suite: &Suite) {
    for replica in suite.replicas().await {
        let info = Info::new([("value", VALUE)]);
        replica.metrics.with(|registry| registry.register("control", "Kept on purpose", info));
    }
}

/// Errors that tell it: in the message, and in the details alone.
pub fn errors() -> [Haystack; 2] {
    let told = Status::new(Code::Internal, VALUE);
    let detailed = Status::with_details(Code::Internal, "internal", VALUE.as_bytes().to_vec().into());
    [of_status("control", &told), of_status("control", &detailed)]
}

/// Stores it in clear and as octets, in UTF-8 and in UTF-16.
pub async fn store(suite: &Suite) {
    let (big, _) = utf16(VALUE);
    let octets = |octets: &[u8]| String::from_utf8(hex(octets)).expect("hex is text");
    let statements = [
        "CREATE SCHEMA control".to_owned(),
        "CREATE TABLE control.clear (value text)".to_owned(),
        "CREATE TABLE control.octets (value bytea)".to_owned(),
        format!("INSERT INTO control.clear VALUES ('{VALUE}')"),
        format!("INSERT INTO control.octets VALUES ('\\x{}')", octets(VALUE.as_bytes())),
        format!("INSERT INTO control.octets VALUES ('\\x{}')", octets(&[&[7][..], &big].concat())),
    ];
    let mut admin = PgConnection::connect(&suite.admin_url()).await.expect("the test's own database");
    for statement in statements {
        admin.execute(sqlx::AssertSqlSafe(statement)).await.expect("a plain statement");
    }
}
