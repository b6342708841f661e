//! What operators see: traces as a collector gets them, metrics as they are scraped, and the way from one to the other.

mod collector;
mod metrics;
mod scrape;
mod traces;
mod tree;
