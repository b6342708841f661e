-- What the parts in `handed` belong to: a keyed digest of address and text. Null while nothing is handed over.
ALTER TABLE delivery ADD COLUMN handed_of bytea;
