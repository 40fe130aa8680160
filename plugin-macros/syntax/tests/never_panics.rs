//! No text makes a parser panic, and what one takes it shows as it was written.

use plugin_syntax::{
    Method, Rate, Requirement, Route, Schedule, Zone, camel, component, duration, icon, item_name, kebab, nearest,
    pascal, plugin_id, point_name, scope, size, version, webhook_event,
};
use proptest::prelude::*;

/// Texts that come near to what the parsers take.
fn near() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[0-9]{0,22}(ms|s|m|h|d|B|KiB|MiB|GiB|/s|/m|/h)?",
        "([0-9*LW#,/?A-Z-]{1,8} ){0,6}[0-9*LW#,/A-Z-]{0,4}",
        "(/|[a-z.~%]|\\{\\*?[a-z]{0,2}(:\\.\\*)?\\}|\\{|\\}){0,8}",
        "[a-z-]{0,9} ?[<>=^~]{0,2} ?[0-9.]{0,6}",
        "@[a-z]{0,8}",
    ]
}

/// One good value of a field, or a list of them.
fn field(low: u16, high: u16) -> impl Strategy<Value = String> {
    let value = move || low..=high;
    prop_oneof![
        Just("*".to_owned()),
        value().prop_map(|value| value.to_string()),
        (1..=high).prop_map(|step| format!("*/{step}")),
        (value(), value()).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        (value(), value()).prop_map(|(a, b)| format!("{a},{b}")),
    ]
}

proptest! {
    #[test]
    fn no_parser_panics(text in near()) {
        let _ = text.parse::<Method>();
        let _ = text.parse::<Rate>();
        let _ = text.parse::<Requirement>();
        let _ = text.parse::<Route>();
        let _ = Schedule::parse(&text, None);
        let _ = Zone::parse(&text);
        let _ = (duration(&text), size(&text), version(&text), icon(&text));
        let _ = (plugin_id(&text), point_name(&text), item_name(&text), component(&text), scope(&text), webhook_event(&text));
        let _ = (kebab(&text), pascal(&text), camel(&text), nearest(&text, ["a", "ab", "timeout"]));
    }

    #[test]
    fn every_well_formed_cron_schedule_is_taken_and_moves_on(
        (minute, hour, weekday) in (field(0, 59), field(0, 23), field(0, 6)),
        after in -4_000_000_000i64..8_000_000_000,
    ) {
        let text = format!("{minute} {hour} * * {weekday}");
        let schedule = Schedule::in_zone(&text, Some("Europe/Berlin")).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(schedule.to_string(), text);
        let after = jiff::Timestamp::from_second(after).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let next = schedule.next_after(after).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert!(next > after);
    }

    #[test]
    fn an_accepted_route_is_one_for_the_router(text in "(/|[a-z.~]|\\{\\*?[a-z]{0,2}\\}|\\{|\\}){0,8}") {
        if let Ok(route) = text.parse::<Route>() {
            prop_assert!(matchit::Router::new().insert(route.as_str(), ()).is_ok());
        }
    }
}
