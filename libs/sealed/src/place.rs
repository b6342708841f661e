/// Where a value lives. It is authenticated with the value, so a value moved to another place does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The table, with its schema when two schemas share a table name.
    pub table: &'a str,
    /// The column.
    pub column: &'a str,
    /// The row's primary key, as bytes that never change.
    pub row: &'a [u8],
}

impl<'a> Place<'a> {
    /// Shorthand for the struct.
    pub fn new(table: &'a str, column: &'a str, row: &'a [u8]) -> Place<'a> {
        Place { table, column, row }
    }

    pub(crate) fn parts(&self) -> [&'a [u8]; 3] {
        [self.table.as_bytes(), self.column.as_bytes(), self.row]
    }
}
