-- What a message said is erased with its last attempt, whether it held a code or not.
ALTER TABLE notification DROP COLUMN holds_code;
