use super::*;
use crate::{
    plugin::state::Life,
    store::engine::{Durability, Write},
};

const NOON: &str = "2026-07-01T12:00:00Z";

#[test]
fn every_listener_hears_every_event_once_in_order_and_in_the_publisher_s_app() {
    let running = begin(&World::at(NOON));
    for n in 1..=3 {
        running.emit_to("tenant", json!({ "n": n }));
    }
    running.settle();
    let (mut first, second): (Vec<_>, Vec<_>) = logged().into_iter().partition(|line| !line.starts_with("too"));
    first.retain(|line| line.starts_with("begin"));
    assert_eq!(first, ["begin 1 in tenant", "begin 2 in tenant", "begin 3 in tenant"]);
    assert_eq!(second, ["too 1", "too 2", "too 3"]);
    assert_eq!(waiting(&running, "source"), 0);
    assert_eq!(running.count(0), (3, 0, 0, 0));
}

#[test]
fn rows_are_on_disk_when_emit_returns_and_outlive_a_kill() {
    let world = World::at(NOON);
    let running = begin(&world);
    running.shared.plugins[SINK].set_life(Life::Inactive);
    running.emit(1);
    assert_eq!(waiting(&running, "source"), 2);
    drop(running);
    assert_eq!(logged(), Vec::<String>::new());

    let running = begin(&world);
    running.settle();
    let heard = logged();
    assert_eq!(heard.iter().filter(|line| line.starts_with("end")).count(), 1, "{heard:?}");
    assert_eq!(heard.iter().filter(|line| line.starts_with("too")).count(), 1, "{heard:?}");
    assert_eq!(waiting(&running, "source"), 0);
}

#[test]
fn what_a_kill_cut_short_runs_again_and_what_had_ended_does_not() {
    let world = World::at(NOON);
    let running = begin_with(&world, &[listener_of(0, &HEAR)], None).started();
    running.emit(1);
    running.emit_to("default", json!({ "n": 2, "do": "sleep" }));
    running.emit(3);
    running.settle();
    assert_eq!(logged(), ["begin 1 in default", "end 1", "begin 2 in default"]);
    drop(running);

    let running = begin_with(&world, &[listener_of(0, &HEAR)], None).started();
    running.advance(Duration::from_secs(10));
    assert_eq!(logged(), ["begin 2 in default", "end 2", "begin 3 in default", "end 3"]);
}

#[test]
fn rows_keep_their_order_over_a_restart_with_an_earlier_clock() {
    let world = World::at(NOON);
    let running = begin_with(&world, &[listener_of(0, &HEAR)], None).started();
    running.shared.plugins[SINK].set_life(Life::Inactive);
    running.emit(1);
    drop(running);
    world.clock.set(crate::rig::instant("2026-07-01T11:00:00Z"));

    let running = begin_with(&world, &[listener_of(0, &HEAR)], None);
    running.shared.plugins[SINK].set_life(Life::Inactive);
    let running = running.started();
    running.emit(2);
    running.shared.plugins[SINK].set_life(Life::Active);
    running.settle();
    assert_eq!(logged(), ["begin 1 in default", "end 1", "begin 2 in default", "end 2"]);
}

#[test]
fn rows_of_a_plugin_that_is_off_wait_until_it_is_on() {
    let running = begin_with(&World::at(NOON), &[listener_of(0, &HEAR)], None).started();
    running.shared.plugins[SINK].set_life(Life::Inactive);
    running.emit(1);
    running.emit(2);
    running.advance(Duration::from_secs(3600));
    assert_eq!((logged(), waiting(&running, "source")), (vec![], 2));
    running.shared.plugins[SINK].set_life(Life::Active);
    running.settle();
    assert_eq!(logged(), ["begin 1 in default", "end 1", "begin 2 in default", "end 2"]);
}

#[test]
fn a_failing_handler_is_counted_and_holds_nobody_up() {
    let running = begin(&World::at(NOON));
    for (n, what) in [(1, "fail"), (2, "panic"), (3, "")] {
        running.emit_to("default", json!({ "n": n, "do": what }));
    }
    running.settle();
    let heard = logged();
    assert!(heard.contains(&"end 3".to_owned()), "{heard:?}");
    assert_eq!(heard.iter().filter(|line| line.starts_with("too")).count(), 3);
    assert_eq!(running.count(0), (3, 1, 1, 0));
    assert_eq!(waiting(&running, "source"), 0);
}

#[test]
fn a_handler_is_stopped_at_its_time_limit() {
    static SLOW: Item = listener::async_context::<Context<Sink>, Dynamic, _, _>(
        hear,
        listener::Meta { event: Some(THING), timeout: Some(Duration::from_secs(5)) },
    );
    let running = begin_with(&World::at(NOON), &[listener_of(0, &SLOW)], None).started();
    running.emit_to("default", json!({ "n": 1, "do": "sleep" }));
    running.emit(2);
    running.advance(Duration::from_secs(5));
    assert_eq!(logged(), ["begin 1 in default", "begin 2 in default", "end 2"]);
    assert_eq!(running.count(0), (2, 0, 0, 1));
}

#[test]
fn events_that_lead_to_one_another_end_with_the_chain_in_words() {
    let running = begin_with(&World::at(NOON), &[listener_of(0, &HEAR)], None).started();
    running.emit_to("default", json!({ "n": 1, "do": "again" }));
    running.settle();
    let heard = logged();
    assert_eq!(heard.iter().filter(|line| line.starts_with("begin")).count(), 16);
    let refused: Vec<_> = heard.iter().filter(|line| line.contains("not published")).collect();
    assert_eq!(refused.len(), 1);
    assert!(refused[0].contains("source:thing -> source:thing"), "{refused:?}");
}

#[test]
fn an_event_is_refused_that_no_listener_could_read() {
    let running = begin_with(&World::at(NOON), &[listener_of(0, &HEAR)], None).started();
    let nested = |depth: usize| (2..depth).fold(json!([]), |inner, _| json!([inner]));
    running.emit_to("default", json!({ "n": 1, "deep": nested(127) }));
    let refused = running.run(running.publish("default", json!({ "n": 2, "deep": nested(128) })));
    let said = refused.expect_err("it lies too deep").to_string();
    assert!(said.starts_with("the event `source:thing` is not published: its arrays and objects lie"), "{said}");
    running.settle();
    assert_eq!(logged(), ["begin 1 in default", "end 1"]);
    assert_eq!((running.count(0), waiting(&running, "source")), ((1, 0, 0, 0), 0));
}

#[test]
fn a_row_that_cannot_be_read_is_counted_and_removed() {
    let world = World::at(NOON);
    let running = begin_with(&world, &[listener_of(0, &HEAR)], None);
    let key = crate::store::key::queue("listener/sink/hear", 7).into_bytes();
    let write = vec![Write::put(key, b"no row".to_vec())];
    let keyspace = Keyspace::of_plugin("source");
    running.run(running.shared.engine.commit(&keyspace, write, Durability::Synced)).expect("memory commits");
    let running = running.started();
    assert_eq!((running.count(0), waiting(&running, "source")), ((1, 1, 0, 0), 0));
}

#[test]
fn rows_of_a_listener_that_is_gone_are_kept() {
    let world = World::at(NOON);
    let running = begin(&world);
    running.shared.plugins[SINK].set_life(Life::Inactive);
    running.emit(1);
    drop(running);

    let running = begin_with(&world, &[listener_of(0, &HEAR)], None).started();
    assert_eq!(logged(), ["begin 1 in default", "end 1"]);
    assert_eq!(waiting(&running, "source"), 1);
    drop(running);

    let running = begin(&world);
    assert_eq!((logged(), waiting(&running, "source")), (vec!["too 1".to_owned()], 0));
}

#[test]
fn stopping_lets_a_handler_end_and_begins_no_other() {
    let world = World::at(NOON);
    let running = begin_with(&world, &[listener_of(0, &HEAR)], None).started();
    running.emit_to("default", json!({ "n": 1, "do": "sleep" }));
    running.emit(2);
    running.settle();
    let clock = running.shared.clock.clone();
    let stopped = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (deliveries, done) = (running.deliveries.clone(), stopped.clone());
    crate::spawn::Spawn::spawn(
        &*running.tasks,
        Box::pin(async move {
            deliveries.stop(&clock, Duration::from_secs(25)).await;
            done.store(true, std::sync::atomic::Ordering::SeqCst);
        }),
    );
    running.advance(Duration::from_secs(10));
    assert!(stopped.load(std::sync::atomic::Ordering::SeqCst));
    assert_eq!((logged(), waiting(&running, "source")), (vec!["begin 1 in default".to_owned(), "end 1".to_owned()], 1));
}

/// Deliveries that were stopped while a listener slept for longer than they waited.
fn broken_off() -> Running {
    let world = World::at(NOON);
    let running = begin_with(&world, &[listener_of(0, &HEAR)], None).started();
    running.emit_to("default", json!({ "n": 1, "do": "sleep" }));
    running.settle();
    let (deliveries, clock) = (running.deliveries.clone(), running.shared.clock.clone());
    crate::spawn::Spawn::spawn(
        &*running.tasks,
        Box::pin(async move { deliveries.stop(&clock, Duration::from_secs(5)).await }),
    );
    running.advance(Duration::from_secs(60));
    running
}

#[test]
fn what_outlasts_the_drain_is_dropped_and_comes_again() {
    let running = broken_off();
    assert_eq!((logged(), waiting(&running, "source")), (vec!["begin 1 in default".to_owned()], 1));
}

#[test]
fn what_a_late_request_publishes_is_written_also_when_deliveries_were_broken_off() {
    let running = broken_off();
    running.emit(2);
    assert_eq!((logged(), waiting(&running, "source")), (vec!["begin 1 in default".to_owned()], 2));
}

#[test]
fn closing_begins_no_delivery_and_breaks_none_off() {
    let running = begin_with(&World::at(NOON), &[listener_of(0, &HEAR)], None).started();
    running.emit_to("default", json!({ "n": 1, "do": "sleep" }));
    running.settle();
    running.deliveries.close();
    running.emit(2);
    running.advance(Duration::from_secs(60));
    assert_eq!((logged(), waiting(&running, "source")), (vec!["begin 1 in default".to_owned(), "end 1".to_owned()], 1));
}

#[test]
fn a_subscription_hears_what_is_published_while_its_plugin_is_on() {
    let running = begin_with(&World::at(NOON), &[], None).started();
    let call = Call::of_host(&running.shared, AppId::default());
    let scope = call.scope("activate", 0);
    let context = Context::<Sink>::view(&scope);
    let subscription = context.events().on(THING, |ctx, event| async move {
        log(format!("{} {}", ctx.app_id(), event.at("n").cloned().unwrap_or_default()));
    });
    running.emit_to("tenant", json!({ "n": 1 }));
    running.settle();
    assert_eq!(logged(), ["tenant 1"]);
    assert_eq!(waiting(&running, "source"), 0);

    running.shared.plugins[SINK].set_life(Life::Inactive);
    running.emit(2);
    running.settle();
    running.shared.plugins[SINK].set_life(Life::Active);
    assert!(context.events().off(subscription));
    running.emit(3);
    running.settle();
    assert_eq!(logged(), Vec::<String>::new());
}

#[test]
fn a_row_is_written_even_if_the_publisher_is_dropped_meanwhile() {
    let running = begin_with(&World::at(NOON), &[listener_of(0, &HEAR)], None).started();
    {
        let mut publishing = std::pin::pin!(running.publish("default", json!({ "n": 1 })));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(publishing.as_mut().poll(&mut cx).is_pending());
    }
    running.settle();
    assert_eq!(logged(), ["begin 1 in default", "end 1"]);
}
