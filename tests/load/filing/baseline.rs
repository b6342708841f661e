//! The baseline's statement, made of the rows that one real filing left: the same tables, columns and sizes.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

/// What a filing writes, parents first.
const TABLES: [&str; 5] = ["appeal", "appeal_event", "request_id", "outbox_key", "outbox"];
/// Constants longer than this are printed by their beginning.
const SHOWN: usize = 40;

/// One transaction of pgbench.
#[derive(Debug)]
pub struct Filing {
    /// As it is run.
    pub text: String,
    /// As it is printed.
    pub shown: String,
}

/// A column.
struct Column {
    name: String,
    kind: String,
    /// Whether it may have nothing in it.
    is_nullable: bool,
}

/// What is new in each transaction, and what stands for it in the sample.
struct Sample {
    id: String,
    number: String,
    /// When the sample was filed: every instant of it is kept as a distance from then.
    time: String,
}

/// Reads the one filing that is there.
///
/// # Errors
/// There is not just one.
pub async fn script(admin_url: &str) -> Result<Filing> {
    let mut admin = PgConnection::connect(admin_url).await?;
    let appeals: Vec<Value> =
        sqlx::query_scalar("SELECT to_jsonb(appeal) FROM ticket.appeal").fetch_all(&mut admin).await?;
    ensure!(appeals.len() == 1, "the sample is one appeal, not {}", appeals.len());
    let text = |key: &str| appeals[0][key].as_str().map(str::to_owned).with_context(|| format!("the appeal's {key}"));
    let sample = Sample { id: text("appeal_id")?, number: text("number")?, time: text("create_time")? };
    let mut parts = Vec::new();
    for table in TABLES {
        let columns = sqlx::query(
            "SELECT column_name::text AS name, udt_name::text AS kind, is_nullable = 'YES' AS is_nullable
            FROM information_schema.columns
            WHERE table_schema = 'ticket' AND table_name = $1 ORDER BY ordinal_position",
        )
        .bind(table)
        .fetch_all(&mut admin)
        .await?;
        let column =
            |row: &PgRow| Column { name: row.get("name"), kind: row.get("kind"), is_nullable: row.get("is_nullable") };
        let columns: Vec<Column> = columns.iter().map(column).collect();
        let select = format!("SELECT to_jsonb(it) FROM ticket.{table} AS it ORDER BY ctid");
        let rows: Vec<Value> = sqlx::query_scalar(AssertSqlSafe(select)).fetch_all(&mut admin).await?;
        ensure!(!rows.is_empty(), "the sample left nothing in {table}");
        parts.push((table, columns, rows));
    }
    let whole = |literal: &dyn Fn(&str) -> String| statement(&parts, &sample, literal);
    Ok(Filing { text: whole(&quoted), shown: whole(&|text| quoted(&shortened(text))) })
}

type Part = (&'static str, Vec<Column>, Vec<Value>);

fn statement(parts: &[Part], sample: &Sample, literal: &dyn Fn(&str) -> String) -> String {
    let mut text = String::from(
        "WITH new AS MATERIALIZED (\n    SELECT gen_random_uuid() AS new_id, md5(random()::text) AS new_number, now() AS new_time\n)",
    );
    for (at, (table, columns, rows)) in parts.iter().enumerate() {
        let names: Vec<&str> = columns.iter().map(|it| it.name.as_str()).collect();
        let one = |row: &Value| {
            let values = columns.iter().map(|column| value(row.as_object(), column, sample, literal));
            format!("SELECT {} FROM new", values.collect::<Vec<_>>().join(", "))
        };
        let rows: Vec<String> = rows.iter().map(one).collect();
        let insert =
            format!("INSERT INTO ticket.{table} ({})\n    {}", names.join(", "), rows.join("\n    UNION ALL "));
        match at + 1 == parts.len() {
            false => text.push_str(&format!(", {table} AS (\n    {insert}\n)")),
            true => text.push_str(&format!("\n{insert};\n")),
        }
    }
    text
}

fn value(
    row: Option<&Map<String, Value>>,
    column: &Column,
    sample: &Sample,
    literal: &dyn Fn(&str) -> String,
) -> String {
    let kind = column.kind.as_str();
    let cast = |text: &str| format!("{}::{kind}", literal(text));
    match (row.and_then(|row| row.get(&column.name)), kind) {
        // A note of nothing is JSON's null, which looks like nothing here; but nothing is not let into its column.
        (None | Some(Value::Null), "jsonb") if !column.is_nullable => "'null'::jsonb".to_owned(),
        (None | Some(Value::Null), _) => format!("NULL::{kind}"),
        (Some(Value::String(text)), _) if *text == sample.id => "new_id".to_owned(),
        (Some(Value::String(text)), _) if *text == sample.number => "new_number".to_owned(),
        (Some(Value::String(_)), "uuid") => "gen_random_uuid()".to_owned(),
        (Some(Value::String(text)), "timestamptz") => match micros_between(&sample.time, text) {
            Some(0) => "new_time".to_owned(),
            Some(micros) => format!("new_time + interval '{micros} microseconds'"),
            None => cast(text),
        },
        (Some(Value::String(text)), "text") if text.contains(&sample.id) => {
            format!("replace({}, {}, new_id::text)", quoted(text), quoted(&sample.id))
        }
        (Some(Value::String(text)), _) => cast(text),
        (Some(other), _) => cast(&other.to_string()),
    }
}

fn micros_between(from: &str, to: &str) -> Option<i64> {
    let micros = |text: &str| text.parse().map(|time: jiff::Timestamp| time.as_microsecond()).ok();
    Some(micros(to)? - micros(from)?)
}

fn quoted(text: &str) -> String {
    // A backslash means itself in a plain constant, as standard_conforming_strings has it. A colon would begin a variable of pgbench.
    let text = text.replace('\'', "''");
    match text.contains(':') {
        true => {
            format!("({})", text.split(':').map(|part| format!("'{part}'")).collect::<Vec<_>>().join("||chr(58)||"))
        }
        false => format!("'{text}'"),
    }
}

fn shortened(text: &str) -> String {
    match text.strip_prefix("\\x") {
        Some(hex) if hex.len() > SHOWN => format!("\\x{}… {} bytes", &hex[..12], hex.len() / 2),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_in_each_filing_is_new_and_the_rest_is_as_it_was() {
        let id = "5f0c8d1e-0000-4000-8000-000000000001".to_owned();
        let sample = Sample { id: id.clone(), number: "26KM4T".into(), time: "2026-03-02T09:00:00+00:00".into() };
        let columns = [
            "a uuid",
            "b text",
            "c timestamptz",
            "d bytea",
            "e int8",
            "f text",
            "g text",
            "h uuid",
            "i jsonb",
            "j timestamptz",
            "k jsonb",
            "l jsonb null",
        ];
        let columns = columns.iter().map(|it| it.split(' ').collect::<Vec<_>>()).map(|words| Column {
            name: words[0].to_owned(),
            kind: words[1].to_owned(),
            is_nullable: words[1] != "jsonb" || words.len() > 2,
        });
        let row = serde_json::json!({
            "a": id, "b": format!("appeals/{id}"), "c": sample.time, "d": "\\x00ff", "e": 3, "f": null, "g": "26KM4T",
            "h": "5f0c8d1e-0000-4000-8000-000000000002", "i": {"x": "it's"},
            "j": "2026-03-02T10:00:00.000001+00:00",
        });
        let text = statement(&[("appeal", columns.collect(), vec![row])], &sample, &quoted);
        let expected = format!(
            "SELECT new_id, replace('appeals/{id}', '{id}', new_id::text), new_time, '\\x00ff'::bytea, '3'::int8, NULL::text, new_number, \
             gen_random_uuid(), ('{{\"x\"'||chr(58)||'\"it''s\"}}')::jsonb, \
             new_time + interval '3600000001 microseconds', 'null'::jsonb, NULL::jsonb FROM new"
        );
        assert!(text.contains(&expected), "{text}");
        assert!(
            text.contains("INSERT INTO ticket.appeal (a, b, c, d, e, f, g, h, i, j, k, l)") && text.ends_with(";\n"),
            "{text}"
        );
        assert_eq!(shortened(&format!("\\x{}", "ab".repeat(30))), "\\xabababababab… 30 bytes");
    }
}
