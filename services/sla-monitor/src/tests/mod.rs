//! Against a real Postgres, stepped by hand, with scripted peers behind the outbox.

mod breach_order;
mod breaches;
mod canary;
mod drift;
mod figures;
mod figures_extended;
mod figures_file;
mod firing;
mod notices;
mod outages;
mod peers;
mod plans;
mod publishing;
mod races;
mod reads;
mod rebasing;
mod reconciling;
mod rig;
mod service;
mod unreadable;
mod watch;
