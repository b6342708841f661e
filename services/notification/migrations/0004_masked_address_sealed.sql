-- Personal data lies nowhere unsealed: what is left of a masked address still tells two people apart.
ALTER TABLE delivery DROP COLUMN masked_address;
-- Sealed; null without an address.
ALTER TABLE delivery ADD COLUMN masked_address bytea;
