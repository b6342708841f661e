//! Notification alone: a real Postgres, an SMS centre and a mail relay in this process, one clock that the test turns, loops that move when
//! the test says so. What it tells other services is delivered into a list.

mod codes;
mod expiry;
mod lanes;
mod leases;
mod lists;
mod mail;
mod plans;
mod receipts;
mod recipients;
mod repeats;
mod retries;
mod rig;
mod stops;
