//! A `fn` that holds its thread, on a runtime that has no other.

use std::{
    sync::{Arc, LazyLock, Mutex, PoisonError, mpsc},
    time::Duration,
};

use serde_json::json;
use tokio::{
    runtime::{Builder, Handle},
    task::block_in_place,
};

use crate::{
    __rt::{CatchUp, Item, cron, listener},
    AppId, Context, Dynamic,
    context::call::Call,
    delivery::Deliveries,
    rig::{SINK, SOURCE, Sink, World, instant, shared, site},
    schedule::scheduler::Scheduler,
    site::Placed,
    spawn::Spawn,
};

/// The threads of a runtime, as a server has them.
#[derive(Debug)]
struct Threads(Handle);

impl Spawn for Threads {
    fn spawn(&self, task: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>) {
        drop(self.0.spawn(task));
    }

    fn in_place(&self, work: &mut dyn FnMut()) {
        block_in_place(work);
    }
}

/// What goes from handlers to the test, or back: handlers are functions and hold nothing.
struct Line<T>(mpsc::Sender<T>, Mutex<mpsc::Receiver<T>>);

impl<T> Line<T> {
    fn open() -> Self {
        let (send, receive) = mpsc::channel();
        Self(send, Mutex::new(receive))
    }

    fn say(&self, word: T) {
        self.0.send(word).expect("the line is never closed");
    }

    /// The next word. The limit is long enough to be met only where something went wrong.
    fn next(&self) -> Option<T> {
        self.1.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(Duration::from_secs(10)).ok()
    }
}

static SAID: LazyLock<Line<&str>> = LazyLock::new(Line::open);
static LET_GO: LazyLock<Line<()>> = LazyLock::new(Line::open);

fn hold(_: &Context<Sink>) {
    SAID.say("held");
    let _ = LET_GO.next();
    SAID.say("let go");
}

fn work(_: &Context<Sink>) {
    SAID.say("worked");
}

fn hear(_: &Context<Sink>, _: &Dynamic) {
    SAID.say("heard");
}

const fn minutely() -> cron::Meta {
    cron::Meta { schedule: "1m", timezone: None, catch_up: CatchUp::One, timeout: None }
}

static HOLD: Item = cron::sync_context::<Context<Sink>, (), _, _>(hold, minutely());
static WORK: Item = cron::sync_context::<Context<Sink>, (), _, _>(work, minutely());
static HEAR: Item = listener::sync_context::<Context<Sink>, Dynamic, _, _>(
    hear,
    listener::Meta { event: Some("source:thing"), timeout: None },
);

#[test]
fn a_job_that_holds_its_thread_stops_no_other_job_and_no_event() {
    let runtime = Builder::new_multi_thread().worker_threads(1).build().expect("a thread");
    let spawn = Arc::new(Threads(runtime.handle().clone()));
    let sites = ["hold", "work", "hear"].map(site);
    let place = |number: u32| (number, sites[number as usize]);
    let job = |((number, site), item): ((u32, _), &'static Item)| match item {
        Item::Cron(item) => Placed { number, plugin: SINK, site, item },
        other => panic!("{other:?} is no job"),
    };
    let listener = match (&HEAR, place(2)) {
        (Item::Listener(item), (number, site)) => Placed { number, plugin: SINK, site, item },
        (other, _) => panic!("{other:?} is no listener"),
    };
    let world = World::at("2026-01-01T10:00:30Z");
    let deliveries = Deliveries::new(&[listener], &[], spawn.clone());
    let scheduler = Scheduler::new(&[job((place(0), &HOLD)), job((place(1), &WORK))], spawn.clone());
    let shared = shared(&world, &sites, Box::new(deliveries.clone()), spawn, None);
    runtime.block_on(deliveries.start(&shared)).expect("deliveries start");
    runtime.block_on(scheduler.start(&shared)).expect("the scheduler starts");

    world.clock.set(instant("2026-01-01T10:01:00Z"));
    let mut jobs = [SAID.next(), SAID.next()];
    let call = Call::of_host(&shared, AppId::default());
    runtime.spawn(async move { call.shared.outbox.emit(&call, SOURCE, "source:thing", json!({})).await });
    let heard = SAID.next();
    LET_GO.say(());
    let last = SAID.next();
    jobs.sort_unstable();
    assert_eq!((jobs, heard, last), ([Some("held"), Some("worked")], Some("heard"), Some("let go")));
}
