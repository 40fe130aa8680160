//! The traits behind the attributes on types: what is a plugin, what is fired, applied and published.

use std::sync::atomic::{AtomicU32, Ordering};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    plugin::config::Config,
    store::{
        codec::CodecError,
        typed::{Incoming, Outgoing, Shape, Stored},
    },
};

/// A dense number for a plugin or a point, given at its first use in this process, so that no name is looked up afterwards.
///
/// Which number it is depends on the order of use and shows nowhere.
#[derive(Debug)]
pub struct Ix {
    number: AtomicU32,
    space: &'static Space,
}

/// What numbers are given from.
#[derive(Debug)]
pub struct Space(AtomicU32);

/// The numbers of plugins.
pub static PLUGINS: Space = Space(AtomicU32::new(1));
/// The numbers of hook points.
pub static HOOKS: Space = Space(AtomicU32::new(1));
/// The numbers of filter points.
pub static FILTERS: Space = Space(AtomicU32::new(1));

impl Ix {
    /// A number of `space`, not given yet.
    pub const fn of(space: &'static Space) -> Self {
        Self { number: AtomicU32::new(0), space }
    }

    /// The number if it was given, else 0, at which every table holds its empty entry.
    #[inline]
    pub fn peek(&self) -> usize {
        self.number.load(Ordering::Relaxed) as usize
    }

    /// The number, given now if need be.
    pub fn get(&self) -> usize {
        let known = self.peek();
        if known != 0 {
            return known;
        }
        let mine = self.space.0.fetch_add(1, Ordering::Relaxed);
        match self.number.compare_exchange(0, mine, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => mine as usize,
            Err(theirs) => theirs as usize,
        }
    }
}

/// A unit with an id, a version, a configuration and its own data. Implemented by `#[plugin]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a plugin",
    label = "mark this type with `#[plugin(id = \"…\")]`"
)]
pub trait Plugin: Send + Sync + 'static {
    /// Its settings; `()` where it has none.
    type Config: Config;
    /// Its id.
    const ID: &'static str;

    #[doc(hidden)]
    fn ix() -> &'static Ix;
}

/// What a failing hook means to the one who fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookPolicy {
    /// It is recorded, and the next handler runs.
    #[default]
    Isolate,
    /// The first `Err` stops the chain and reaches the one who fires.
    Veto,
}

/// What a failing filter means to the one who applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnError {
    /// The last good value goes on.
    #[default]
    Keep,
    /// The error reaches the one who applies.
    Fail,
}

/// A moment that the host or a plugin fires; the type is the payload. Implemented by `#[hook_point("…")]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the payload of a hook",
    label = "not marked `#[hook_point(\"…\")]`"
)]
pub trait HookPoint: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// Its name on the wire.
    const NAME: &'static str;
    /// What a failing handler means.
    const POLICY: HookPolicy;

    #[doc(hidden)]
    fn ix() -> &'static Ix;
}

/// A value that is filtered before it is used. Implemented by `#[filter_point("…")]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the value of a filter",
    label = "not marked `#[filter_point(\"…\")]`"
)]
pub trait FilterPoint: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// Its name on the wire.
    const NAME: &'static str;
    /// What a failing handler means.
    const ON_ERROR: OnError;

    #[doc(hidden)]
    fn ix() -> &'static Ix;

    /// A copy to go on with should the next handler fail; `None` where a failure ends the chain.
    #[doc(hidden)]
    fn keep(&self) -> Option<Self>;

    /// What the final value must pass; the text says what is wrong with it.
    ///
    /// # Errors
    /// Why the value may not be used.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Something that happened, published by one plugin. Implemented by `#[event("…", plugin = …)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "not marked `#[event(\"…\", plugin = …)]`"
)]
pub trait Event: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// The plugin that publishes it, and the only one that can.
    type Plugin: Plugin;
    /// Its name on the wire; it begins with its plugin's id.
    const NAME: &'static str;
}

/// An event of the plugin `P`, which alone can publish it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event of the plugin `{P}`",
    label = "not marked `#[event(\"…\", plugin = {P})]`",
    note = "only the plugin that an event names can publish it"
)]
pub trait EventOf<P: Plugin>: Event {}

#[diagnostic::do_not_recommend]
impl<P: Plugin, E: Event<Plugin = P>> EventOf<P> for E {}

/// A payload, value or event as JSON, for handlers whose author has no type for it.
///
/// ```
/// let seen = plugin_core::Dynamic::new(serde_json::json!({ "user": { "name": "ada" } }));
/// assert_eq!(seen.at("user.name").and_then(|name| name.as_str()), Some("ada"));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Dynamic(serde_json::Value);

impl Dynamic {
    /// The view of `json`.
    pub fn new(json: serde_json::Value) -> Self {
        Self(json)
    }

    /// The JSON.
    pub fn json(&self) -> &serde_json::Value {
        &self.0
    }

    /// The JSON, for a filter to change.
    pub fn json_mut(&mut self) -> &mut serde_json::Value {
        &mut self.0
    }

    /// The value at a dotted path, if there is one.
    pub fn at(&self, path: &str) -> Option<&serde_json::Value> {
        path.split('.').try_fold(&self.0, |value, name| value.get(name))
    }

    /// The whole as a `T`.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.0)
    }

    /// Gives the JSON back.
    pub fn into_json(self) -> serde_json::Value {
        self.0
    }
}

impl Stored for Dynamic {
    fn shape() -> &'static Shape {
        &Shape::Any
    }

    fn store(&self, into: &mut Outgoing) -> Result<(), CodecError> {
        self.0.store(into)
    }

    fn load(from: &mut Incoming<'_>) -> Result<Self, CodecError> {
        Stored::load(from).map(Self)
    }
}

/// What a handler of a hook may take: a [`HookPoint`], or [`Dynamic`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the payload of a hook",
    label = "not marked `#[hook_point(\"…\")]`"
)]
pub trait HookPayload: Send + Sync + 'static {
    /// The name of its point; `None` for [`Dynamic`].
    const POINT: Option<&'static str>;
}

#[diagnostic::do_not_recommend]
impl<P: HookPoint> HookPayload for P {
    const POINT: Option<&'static str> = Some(P::NAME);
}

impl HookPayload for Dynamic {
    const POINT: Option<&'static str> = None;
}

/// What a filter may take and return: a [`FilterPoint`], or [`Dynamic`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the value of a filter",
    label = "not marked `#[filter_point(\"…\")]`"
)]
pub trait FilterValue: Sized + Send + Sync + 'static {
    /// The name of its point; `None` for [`Dynamic`].
    const POINT: Option<&'static str>;
}

#[diagnostic::do_not_recommend]
impl<P: FilterPoint> FilterValue for P {
    const POINT: Option<&'static str> = Some(P::NAME);
}

impl FilterValue for Dynamic {
    const POINT: Option<&'static str> = None;
}

/// What a listener may take: an [`Event`], or [`Dynamic`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "not marked `#[event(\"…\", plugin = …)]`"
)]
pub trait EventPayload: DeserializeOwned + Send + Sync + 'static {
    /// The name of the event; `None` for [`Dynamic`].
    const EVENT: Option<&'static str>;
}

#[diagnostic::do_not_recommend]
impl<E: Event> EventPayload for E {
    const EVENT: Option<&'static str> = Some(E::NAME);
}

impl EventPayload for Dynamic {
    const EVENT: Option<&'static str> = None;
}
