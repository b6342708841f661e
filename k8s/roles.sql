-- Once, by the administrator of an empty database `otklik` (CREATE DATABASE otklik). Each service works under a role of its own, which reads
-- and writes rows in its schema and can change no table; a second role makes that schema and is used by the migration Job alone.
-- Give each a password afterwards: \password otklik_ticket
REVOKE ALL ON DATABASE otklik FROM PUBLIC;
CREATE ROLE otklik_ticket LOGIN;
CREATE ROLE otklik_identity LOGIN;
CREATE ROLE otklik_notification LOGIN;
CREATE ROLE otklik_sla LOGIN;
CREATE ROLE otklik_ticket_migrate LOGIN;
CREATE ROLE otklik_identity_migrate LOGIN;
CREATE ROLE otklik_notification_migrate LOGIN;
CREATE ROLE otklik_sla_migrate LOGIN;
GRANT CONNECT ON DATABASE otklik TO otklik_ticket, otklik_identity, otklik_notification, otklik_sla;
GRANT CONNECT, CREATE ON DATABASE otklik
  TO otklik_ticket_migrate, otklik_identity_migrate, otklik_notification_migrate, otklik_sla_migrate;
