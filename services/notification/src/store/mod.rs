//! All SQL of this service. Rows become domain values here; one that can't is [`store::Error::Corrupt`].

pub(crate) mod claim;
pub(crate) mod delivery;
pub(crate) mod list;
pub(crate) mod notification;
pub(crate) mod receipt;
pub(crate) mod recipient;
pub(crate) mod waiting;

use person::{Email, Phone};
use sealed::{Personal, Place, Ring};
use store::Error;

use crate::domain::Contact;

/// Seals and opens the personal columns of one row.
pub(crate) struct Columns<'a> {
    pub(crate) ring: &'a Ring,
    pub(crate) table: &'static str,
    pub(crate) row: &'a [u8],
}

// === impl Columns ===

impl Columns<'_> {
    pub(crate) fn place<'c>(&'c self, column: &'c str) -> Place<'c> {
        Place { table: self.table, column, row: self.row }
    }

    pub(crate) fn seal(&self, column: &str, plain: Option<&Personal>) -> Option<Vec<u8>> {
        plain.map(|plain| self.ring.seal_text(self.place(column), plain))
    }

    pub(crate) fn open(&self, column: &'static str, sealed: Option<Vec<u8>>) -> Result<Option<Personal>, Error> {
        let open = |sealed: Vec<u8>| self.ring.open_text(self.place(column), &sealed);
        sealed.map(open).transpose().map_err(|_| corrupt(self.table, column))
    }

    pub(crate) fn open_contact(&self, phone: Option<Vec<u8>>, email: Option<Vec<u8>>) -> Result<Contact, Error> {
        Ok(Contact {
            phone: self.open("phone", phone)?.map(Phone::stored),
            email: self.open("email", email)?.map(Email::stored),
        })
    }
}

pub(crate) fn corrupt(table: &str, column: &str) -> Error {
    Error::Corrupt(format!("{table}.{column}"))
}
