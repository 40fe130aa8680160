//! The test host: the host itself, over memory and a clock that the test moves. It runs in the test's own thread. And simulations:
//! many tasks in an order that a seed decides.

mod executor;
mod lock;
mod request;
mod seeds;
mod simulation;
mod units;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    catalog::Catalog,
    clock::{Clock, ManualClock, Timestamp},
    context::{Context, OwnedContext, call::Call},
    dispatch::{filter::apply, hook::fire, outcome::Outcome},
    endpoint::{handler::Pool, router::Router},
    error::Result,
    host::Host,
    id::{AppId, UserId},
    plugin::state::Life,
    point::{Event, FilterPoint, HookPoint, Plugin},
    store::{engine::Engine, mem::MemEngine},
    testing::executor::{Executor, Tasks},
};

pub use actix_web::http::Method;
pub use lock::{documents_match_lock, documents_of_plugin_match_lock};
pub use request::Response;
pub use seeds::each_seed;
pub use simulation::{Simulation, SimulationError};
pub use units::Units;

/// A host for tests, of one plugin and what it requires.
///
/// Time stands at 2026-01-01T00:00:00Z until the test moves it, or until a call waits for a later one: then it moves there.
///
/// ```standalone_crate
/// use plugin_core::{prelude::*, testing::TestHost};
///
/// #[hook_point("door:open")]
/// struct DoorOpen { who: String }
///
/// #[plugin(id = "porter")]
/// struct Porter;
///
/// #[hook("door:open")]
/// async fn note(ctx: &Context<Porter>, opened: &DoorOpen) -> Result<()> {
///     ctx.db().set("last", &opened.who).await?;
///     Ok(())
/// }
///
/// let mut host = TestHost::of::<Porter>().build();
/// host.fire(&DoorOpen { who: "ada".into() });
/// let last: Option<String> = host.with::<Porter, _>(async |ctx| ctx.db().get("last").await).unwrap();
/// assert_eq!(last.as_deref(), Some("ada"));
/// assert_eq!(host.fired::<DoorOpen>(), 1);
/// ```
#[derive(Debug)]
pub struct TestHost {
    host: Host,
    executor: Executor,
    clock: ManualClock,
    /// As a server's: one for all requests, so that what it remembers of callers is remembered here.
    router: Router,
    app: AppId,
    user: Option<UserId>,
    scopes: Vec<String>,
    /// Whose endpoints are called, first.
    plugins: Vec<&'static str>,
}

/// A [`TestHost`] in the making.
#[derive(Debug)]
pub struct Setup {
    plugins: Vec<&'static str>,
    /// Those that are started, and may be left as they come out of it.
    tolerated: Vec<&'static str>,
    settings: BTreeMap<String, Map<String, Value>>,
    now: Timestamp,
    engine: Option<Arc<dyn Engine>>,
}

impl TestHost {
    /// A host in which `P` and what it requires are active.
    pub fn of<P: Plugin>() -> Setup {
        let now = "2026-01-01T00:00:00Z".parse().expect("an instant");
        Setup { plugins: vec![P::ID], tolerated: Vec::new(), settings: BTreeMap::new(), now, engine: None }
    }

    /// The host itself.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// From now on calls are made for `app`.
    ///
    /// # Panics
    /// If `app` is no id.
    pub fn app(&mut self, app: &str) -> &mut Self {
        self.app = AppId::new(app).unwrap_or_else(|error| panic!("{error}"));
        self
    }

    /// From now on calls are made on behalf of `user`.
    ///
    /// # Panics
    /// If `user` is no id.
    pub fn user(&mut self, user: &str) -> &mut Self {
        self.user = Some(UserId::new(user).unwrap_or_else(|error| panic!("{error}")));
        self
    }

    /// From now on calls are made on behalf of nobody.
    pub fn nobody(&mut self) -> &mut Self {
        self.user = None;
        self.scopes.clear();
        self
    }

    /// From now on calls are made with this scope too.
    pub fn scope(&mut self, scope: &str) -> &mut Self {
        self.scopes.push(scope.to_owned());
        self
    }

    /// Fires `hook`.
    pub fn fire<H: HookPoint>(&mut self, hook: &H) -> Outcome {
        let call = self.a_call();
        self.executor.run(async { fire(&call.scope("test", u32::MAX), hook).await })
    }

    /// Applies the filters of its type to `value`.
    ///
    /// # Errors
    /// If a filter fails and the point fails closed.
    pub fn apply<F: FilterPoint>(&mut self, value: F) -> Result<F> {
        let call = self.a_call();
        self.executor.run(async { apply(&call.scope("test", u32::MAX), value).await })
    }

    /// Publishes `event` in the name of its plugin.
    ///
    /// # Errors
    /// If the rows cannot be written.
    pub fn emit<E: Event>(&mut self, event: &E) -> Result<()> {
        let call = self.a_call();
        let result = self.executor.run(async {
            let scope = call.scope("test", u32::MAX);
            Context::<E::Plugin>::view(&scope).emit(event).await
        });
        self.executor.settle();
        result
    }

    /// Runs `test` with a context of the plugin `P`.
    pub fn with<P: Plugin, T>(&mut self, test: impl AsyncFnOnce(OwnedContext<P>) -> T) -> T {
        let call = self.a_call();
        let context = Context::<P>::view(&call.scope("test", u32::MAX)).to_owned();
        self.executor.run(test(context))
    }

    /// Runs a cron job of the plugin under test now, whatever its schedule says, to its end.
    ///
    /// # Panics
    /// If the plugin has no such job.
    pub fn run_cron(&mut self, name: &str) {
        let host = self.host.clone();
        let plugin = self.plugin_with(name);
        self.executor.run(async { host.run_job(plugin, name).await }).unwrap_or_else(|error| panic!("{error}"));
        self.executor.settle();
    }

    /// Moves time on, through every instant that somebody waits for: `host.advance(1.hour())`, with [`Units`].
    pub fn advance(&mut self, duration: Duration) {
        let until = self.clock.now().saturating_add(duration);
        self.executor.advance_to(until);
    }

    /// Moves time on to `instant`, through every instant that somebody waits for.
    pub fn advance_to(&mut self, instant: Timestamp) {
        self.executor.advance_to(instant);
    }

    /// Lets everything that is under way go on until it waits for time to pass.
    pub fn settle(&mut self) {
        self.executor.settle();
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How often `H` was fired, however many handlers it has and whether they ran. A hook that no plugin of the test's binary handles
    /// is not counted: firing it costs nothing, so it leaves nothing.
    pub fn fired<H: HookPoint>(&self) -> u64 {
        self.handlers::<H>().first().map_or(0, |first| self.host.shared().stats.runs(*first))
    }

    /// How often handlers of `H` were called, all of them together.
    pub fn handled<H: HookPoint>(&self) -> u64 {
        self.handlers::<H>().iter().map(|item| self.host.figures(*item).calls).sum()
    }

    fn handlers<H: HookPoint>(&self) -> &[u32] {
        let point = self.host.catalog().hooks().iter().find(|point| point.name == H::NAME);
        point.map_or(&[][..], |point| &point.handlers)
    }

    /// How often the item called `name` was called.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn calls(&self, name: &str) -> u64 {
        let named =
            self.host.catalog().entries().iter().filter(|entry| entry.plugin.is_some() && entry.site.name == name);
        let calls: Vec<u64> = named.map(|entry| self.host.figures(entry.number).calls).collect();
        assert!(!calls.is_empty(), "there is no item `{name}`");
        calls.iter().sum()
    }

    /// Runs `future` to its end, time moving on where it has to.
    pub fn block_on<T>(&mut self, future: impl Future<Output = T>) -> T {
        self.executor.run(future)
    }

    /// Ends the host as a `kill -9` would, and starts another one, of `setup`, over the same data.
    #[must_use]
    pub fn restart_after_kill(self, setup: Setup) -> Self {
        let (engine, now) = (Arc::clone(&self.host.shared().engine), self.clock.now());
        drop(self);
        Setup { engine: Some(engine), now, ..setup }.build()
    }

    fn a_call(&self) -> Call {
        Call { user: self.user.clone(), ..Call::of_host(self.host.shared(), self.app.clone()) }
    }

    /// The id of the active plugin that has an item called `name`.
    fn plugin_with(&self, name: &str) -> &'static str {
        let catalog = self.host.catalog();
        let found = catalog.entries().iter().find(|entry| {
            let plugin = entry.plugin.map(|place| &self.host.shared().plugins[place]);
            entry.site.name == name && plugin.is_some_and(|plugin| plugin.is_on())
        });
        let id = found.and_then(|entry| entry.item.owner());
        id.unwrap_or_else(|| panic!("no active plugin has an item `{name}`"))
    }
}

impl Setup {
    /// Another plugin that is to be active.
    #[must_use]
    pub fn and<P: Plugin>(mut self) -> Self {
        self.plugins.push(P::ID);
        self
    }

    /// `P` is started too, and may fail or be switched off, as may what requires it.
    #[must_use]
    pub fn but_not_active<P: Plugin>(mut self) -> Self {
        self.tolerated.push(P::ID);
        self
    }

    /// The settings of the first plugin, as its settings file would have them.
    ///
    /// # Panics
    /// If `settings` is no object.
    #[must_use]
    pub fn config(self, settings: impl Serialize) -> Self {
        let plugin = self.plugins[0];
        self.set(plugin, settings)
    }

    /// The settings of `P`, as its settings file would have them.
    ///
    /// # Panics
    /// If `settings` is no object.
    #[must_use]
    pub fn settings_of<P: Plugin>(self, settings: impl Serialize) -> Self {
        self.set(P::ID, settings)
    }

    fn set(mut self, plugin: &str, settings: impl Serialize) -> Self {
        match serde_json::to_value(settings) {
            Ok(Value::Object(settings)) => self.settings.insert(plugin.to_owned(), settings),
            other => panic!("the settings of `{plugin}` are an object, not {other:?}"),
        };
        self
    }

    /// The time at the start.
    #[must_use]
    pub fn now(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    /// The engine to use instead of a new one in memory.
    #[must_use]
    pub fn engine(mut self, engine: Arc<dyn Engine>) -> Self {
        self.engine = Some(engine);
        self
    }

    /// Starts the host.
    ///
    /// # Panics
    /// With all that is wrong, if the plugins cannot start.
    #[must_use]
    pub fn build(self) -> TestHost {
        let catalog = Catalog::linked().unwrap_or_else(|problems| panic!("{problems}"));
        let clock = ManualClock::at(self.now);
        let tasks = Tasks::default();
        let mut executor = Executor::new(tasks.clone(), clock.clone());
        let engine = self.engine.unwrap_or_else(|| Arc::new(MemEngine::new()));
        let builder = Host::builder(catalog, engine, Clock::from(clock.clone()), Arc::new(tasks));
        let builder = builder.settings(self.settings).only(self.plugins.iter().chain(&self.tolerated).copied());
        let host = executor.run(builder.build()).unwrap_or_else(|error| panic!("{error:?}"));
        executor.run(host.start()).unwrap_or_else(|error| panic!("{error:?}"));
        for plugin in &self.plugins {
            let (_, state) = host.plugin(plugin).unwrap_or_else(|_| panic!("`{plugin}` is not linked into this test"));
            let life = state.life();
            assert!(
                life == Life::Active || !self.tolerated.is_empty(),
                "the plugin `{plugin}` is not active: {life:?}"
            );
        }
        let router = host.routes().pool(Pool::Inline).build();
        let router = router.unwrap_or_else(|conflicts| panic!("{conflicts:?}"));
        let app = AppId::default();
        TestHost { host, executor, clock, router, app, user: None, scopes: Vec::new(), plugins: self.plugins }
    }
}
