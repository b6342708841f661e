//! Ticket: registers citizens' appeals and leads them to their end.
mod app;
mod assertions;
mod domain;
mod routes;
mod store;
