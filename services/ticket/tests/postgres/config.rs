//! The compiled-in configuration, with no file and no environment.

use bootstrap::Service as _;
use bootstrap::config::Layers;
use ticket::Service;

#[test]
fn the_compiled_in_configuration_is_complete_and_agrees_with_itself() {
    let settings = Layers::default().load::<Service>().unwrap();
    Service::check(&settings.service).unwrap();
    assert_eq!(settings.service.appeals.reopen_within_working_days, 10);
    assert!(!settings.service.staff.seed_samples, "production makes its own members");
}

#[test]
fn a_calendar_that_is_not_shipped_is_refused_by_name() {
    let mut settings = Layers::default().load::<Service>().unwrap();
    settings.service.appeals.reopen_calendar = "lunar".into();
    assert!(Service::check(&settings.service).unwrap_err().to_string().contains("reopen_calendar"));
}
