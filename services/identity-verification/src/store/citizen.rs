//! Table `citizen`.

use jiff::civil::Date;
use jiff_sqlx::{Timestamp as Stamp, ToSqlx};
use person::{BirthDate, Email, Inn, Language, PersonName, Phone, Snils, Zone};
use sealed::{Personal, Place, Ring};
use sqlx::PgConnection;
use store::Error;
use uuid::Uuid;

use crate::domain::Citizen;

struct Row {
    citizen_id: Uuid,
    full_name: Vec<u8>,
    phone: Option<Vec<u8>>,
    email: Option<Vec<u8>>,
    snils: Option<Vec<u8>>,
    inn: Option<Vec<u8>>,
    birth_date: Option<Vec<u8>>,
    language_code: String,
    time_zone: String,
    revision: i64,
    create_time: Stamp,
    update_time: Stamp,
}

/// Seals and opens the columns of one citizen's row.
struct Columns<'a> {
    ring: &'a Ring,
    row: Uuid,
}

/// Writes a new citizen.
///
/// # Errors
/// Constraint `citizen_snils_key`: somebody has this SNILS.
pub(crate) async fn insert(db: &mut PgConnection, ring: &Ring, it: &Citizen) -> Result<(), Error> {
    let columns = Columns { ring, row: it.id };
    let snils_index = it.snils.as_ref().map(|snils| ring.blind("snils", snils.expose()));
    sqlx::query!(
        "-- insert_citizen()
        INSERT INTO citizen (citizen_id, full_name, phone, email, snils, snils_index, inn, birth_date, language_code,
            time_zone, revision, create_time, update_time)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        it.id,
        columns.seal("full_name", it.full_name.personal()),
        it.phone.as_ref().map(|phone| columns.seal("phone", phone.personal())),
        it.email.as_ref().map(|email| columns.seal("email", email.personal())),
        it.snils.as_ref().map(|snils| columns.seal("snils", snils.personal())),
        snils_index,
        it.inn.as_ref().map(|inn| columns.seal("inn", inn.personal())),
        it.birth_date.map(|date| columns.seal("birth_date", &Personal::from(date.expose().to_string()))),
        it.language.as_str(),
        it.zone.as_str(),
        it.revision,
        it.create_time.to_sqlx(),
        it.update_time.to_sqlx(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Reads a citizen.
pub(crate) async fn get(db: &mut PgConnection, ring: &Ring, id: Uuid) -> Result<Option<Citizen>, Error> {
    let row = sqlx::query_as!(
        Row,
        "-- get_citizen()
        SELECT citizen_id, full_name, phone, email, snils, inn, birth_date, language_code, time_zone, revision,
            create_time, update_time
        FROM citizen WHERE citizen_id = $1",
        id,
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| row.open(ring)).transpose()
}

// === impl Row ===

impl Row {
    fn open(self, ring: &Ring) -> Result<Citizen, Error> {
        let columns = Columns { ring, row: self.citizen_id };
        let birth_date = columns.open("birth_date", self.birth_date)?;
        let birth_date = birth_date.map(|text| text.expose().parse::<Date>().map_err(|_| corrupt("birth_date")));
        let name = columns.open("full_name", Some(self.full_name))?.ok_or_else(|| corrupt("full_name"))?;
        Ok(Citizen {
            id: self.citizen_id,
            full_name: PersonName::stored(name),
            phone: columns.open("phone", self.phone)?.map(Phone::stored),
            email: columns.open("email", self.email)?.map(Email::stored),
            snils: columns.open("snils", self.snils)?.map(Snils::stored),
            inn: columns.open("inn", self.inn)?.map(Inn::stored),
            birth_date: birth_date.transpose()?.map(BirthDate::stored),
            language: Language::parse(&self.language_code).map_err(|_| corrupt("language_code"))?,
            zone: Zone::parse(&self.time_zone).map_err(|_| corrupt("time_zone"))?,
            revision: self.revision,
            create_time: self.create_time.to_jiff(),
            update_time: self.update_time.to_jiff(),
        })
    }
}

// === impl Columns ===

impl Columns<'_> {
    fn place<'c>(&'c self, column: &'c str) -> Place<'c> {
        Place { table: "citizen", column, row: self.row.as_bytes() }
    }

    fn seal(&self, column: &str, plain: &Personal) -> Vec<u8> {
        self.ring.seal_text(self.place(column), plain)
    }

    fn open(&self, column: &'static str, sealed: Option<Vec<u8>>) -> Result<Option<Personal>, Error> {
        sealed.map(|sealed| self.ring.open_text(self.place(column), &sealed).map_err(|_| corrupt(column))).transpose()
    }
}

fn corrupt(column: &str) -> Error {
    Error::Corrupt(format!("citizen.{column}"))
}
