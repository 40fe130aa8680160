//! Filters: what their attributes leave, and applying them.

use std::{
    any::Any,
    fmt,
    future::{self, Future},
    mem,
    pin::Pin,
    task::{self, Poll},
    time::Duration,
};

use actix_web::http::StatusCode;
use futures_util::FutureExt;
use schemars::{Schema, SchemaGenerator};
use serde_json::Value;

use crate::{
    bare::slot::Slot,
    context::{
        Context,
        call::{Running, Scope},
        shared::BoxFuture,
    },
    dispatch::{
        call::{AnyFilter, Either, FilterCall, Room},
        chain::{self, Entry, Next, Run, Steps},
        guard::{self, Failure},
        wire,
    },
    error::{Error, Result},
    point::{Dynamic, FilterPoint, Ix, OnError, Plugin},
    shape::Owner,
};

/// How long a filter may take unless its attribute says so.
pub const LIMIT: Duration = Duration::from_secs(2);
/// How long all filters of a value may take together, counted from when the first of them suspends.
pub const CHAIN_LIMIT: Duration = Duration::from_secs(10);

/// What `#[filter_point]` leaves.
#[derive(Debug)]
pub struct FilterPointItem {
    /// Its name on the wire.
    pub name: &'static str,
    /// What a failing handler means.
    pub on_error: OnError,
    /// Its number.
    pub ix: fn() -> &'static Ix,
    /// The JSON Schema of its value.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// Makes the list for the host's table out of the filters in the order of their calls.
    pub build: fn(Vec<FilterEntry>) -> Box<dyn Any + Send + Sync>,
    /// Applies it to a value in JSON. An undecodable value is a 422 that names the field.
    pub apply_json: for<'a> fn(&'a Scope, Value) -> BoxFuture<'a, Result<Value>>,
}

impl FilterPointItem {
    /// The point `T`, with the JSON Schema of its value.
    pub const fn of<T: FilterPoint>(schema: fn(&mut SchemaGenerator) -> Schema) -> Self {
        Self {
            name: T::NAME,
            on_error: T::ON_ERROR,
            ix: T::ix,
            schema,
            build: |filters| Box::new(FilterList::<T>::new(&filters)),
            apply_json: |scope, value| apply_json::<T>(scope, value).boxed(),
        }
    }
}

/// What `#[filter]` leaves.
#[derive(Debug)]
pub struct FilterItem {
    /// Whose it is.
    pub owner: Owner,
    /// The point it handles.
    pub point: &'static str,
    /// When its turn is; ascending.
    pub priority: i32,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// The typed call, for the list of its point to downcast.
    pub call: &'static (dyn Any + Send + Sync),
}

/// A filter, for the list of its point.
#[derive(Debug, Clone, Copy)]
pub struct FilterEntry {
    /// Its number among the host's items.
    pub item: u32,
    /// The place of its plugin among the host's.
    pub plugin: usize,
    /// What its attribute left.
    pub filter: &'static FilterItem,
}

/// The filters of `T` in the order of their calls.
struct FilterList<T: 'static>(Box<[Entry<AnyFilter<T>>]>);

impl<T: FilterPoint> FilterList<T> {
    fn new(filters: &[FilterEntry]) -> Self {
        Self(filters.iter().map(entry).collect())
    }
}

fn entry<T: FilterPoint>(entry: &FilterEntry) -> Entry<AnyFilter<T>> {
    let call = entry.filter.call;
    let typed = call.downcast_ref::<FilterCall<T>>().copied().map(Either::Typed);
    let call = typed.or_else(|| call.downcast_ref::<FilterCall<Dynamic>>().copied().map(Either::Json));
    Entry {
        call: call.expect("a filter's call is of the type of the point that it names, or of JSON"),
        item: entry.item,
        plugin: u32::try_from(entry.plugin).expect("a binary has fewer plugins than that"),
        limit: entry.filter.timeout.unwrap_or(LIMIT),
    }
}

/// Why a value may not be used, for the log.
#[derive(Debug)]
struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// The error of a value that may not be used: outside it names the point alone.
#[cold]
fn refused(point: &str, why: String) -> Error {
    Error::public(
        StatusCode::INTERNAL_SERVER_ERROR,
        "filter-failed",
        format!("a filter of `{point}` failed, so the value is not used"),
    )
    .because(Refused(why))
}

impl<P: Plugin> Context<P> {
    /// Applies the filters of `T` to `value`, each to what the one before made of it.
    ///
    /// # Errors
    /// `filter-failed`, if a filter failed where the point says `on_error = fail`, or if the final value does not pass the point's
    /// `check`. The value must not be used then.
    #[inline]
    pub fn apply<T: FilterPoint>(&self, value: T) -> Apply<'_, T> {
        apply(self.scope(), value)
    }
}

/// Applies the filters of `T` to `value` within `outer`; as [`Context::apply`].
#[inline]
pub fn apply<T: FilterPoint>(outer: &Scope, value: T) -> Apply<'_, T> {
    Apply { outer, value: Some(value), slot: Slot::default() }
}

/// Filters being applied to a value.
#[derive(Debug)]
#[must_use = "nothing is applied until this is awaited"]
pub struct Apply<'a, T: 'static> {
    outer: &'a Scope,
    value: Option<T>,
    slot: Slot<'a, Result<T>>,
}

// Nothing in it is pinned: what runs is elsewhere.
impl<T> Unpin for Apply<'_, T> {}

impl<T: FilterPoint> Future for Apply<'_, T> {
    type Output = Result<T>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Result<T>> {
        let Self { outer, value, slot } = &mut *self;
        let Some(value) = value.take() else { return slot.poll(cx) };
        match outer.lent().shared.filters.list::<FilterList<T>>(T::ix()) {
            Some(list) => slot.start(|| through(outer, list, value), cx),
            None => Poll::Ready(checked(value)),
        }
    }
}

fn checked<T: FilterPoint>(value: T) -> Result<T> {
    let wrong = match guard::catch(|| value.check()) {
        Ok(Ok(())) => return Ok(value),
        Ok(Err(wrong)) => wrong,
        Err(said) => format!("its check panicked: {said}"),
    };
    tracing::error!(target: "plugin", point = T::NAME, "the filtered value may not be used: {wrong}");
    Err(refused(T::NAME, wrong))
}

async fn apply_json<T: FilterPoint>(outer: &Scope, value: Value) -> Result<Value> {
    let value = apply::<T>(outer, wire::decode(value)?).await?;
    Ok(serde_json::to_value(value)?)
}

async fn through<T: FilterPoint>(outer: &Scope, list: &FilterList<T>, value: T) -> Result<T> {
    let scope = outer.nested(Running::point(T::NAME, outer.data()));
    if let Some(error) = chain::too_deep(&scope) {
        return Err(refused(T::NAME, error.to_string()));
    }
    let steps = FilterSteps { scope: &scope, value: Some(value), failed: None };
    let mut run = Run::new("filter", &list.0, CHAIN_LIMIT, steps);
    future::poll_fn(|cx| run.poll(cx)).await;
    match (run.steps.value, run.steps.failed) {
        (Some(value), None) => checked(value),
        (_, failed) => Err(refused(T::NAME, failed.unwrap_or_default())),
    }
}

struct FilterSteps<'a, T> {
    scope: &'a Scope,
    /// What the next filter is given; while a filter runs, what to go on with should it fail.
    value: Option<T>,
    /// Why the chain ended early.
    failed: Option<String>,
}

impl<'a, T: FilterPoint> Steps<'a, AnyFilter<T>, T> for FilterSteps<'a, T> {
    #[inline]
    fn scope(&self) -> &'a Scope {
        self.scope
    }

    #[inline]
    fn start(&mut self, call: &AnyFilter<T>, room: Room<'_, 'a, T>, cx: &mut task::Context<'_>) -> Poll<Result<T>> {
        let kept = self.value.as_ref().and_then(T::keep);
        let value = mem::replace(&mut self.value, kept).expect("each filter leaves a value or ends the chain");
        match call {
            Either::Typed(FilterCall::Sync(call)) => Poll::Ready(call(self.scope, value)),
            Either::Typed(FilterCall::Async(call)) => call(self.scope, value, room, cx),
            Either::Json(call) => {
                let (call, scope) = (*call, self.scope);
                room.start(|| by_json(call, scope, value), cx)
            }
        }
    }

    #[inline]
    fn ended(&mut self, value: T) {
        self.value = Some(value);
    }

    fn failed(&mut self, item: u32, failure: Failure) -> Next {
        if T::ON_ERROR == OnError::Keep && self.value.is_some() {
            return Next::Runs;
        }
        let (plugin, filter) = guard::names(&self.scope.lent().shared, item);
        self.failed = Some(format!("{plugin}, {filter}: {failure}"));
        Next::IsSkipped
    }

    fn skipped(&mut self) {}
}

/// Runs a filter of JSON on a value of a type.
async fn by_json<T: FilterPoint>(call: FilterCall<Dynamic>, scope: &Scope, value: T) -> Result<T> {
    let json = Dynamic::new(serde_json::to_value(&value)?);
    let json = match call {
        FilterCall::Sync(call) => call(scope, json)?,
        FilterCall::Async(call) => {
            let (mut slot, mut json) = (Slot::default(), Some(json));
            future::poll_fn(|cx| match json.take() {
                Some(json) => call(scope, json, &mut slot, cx),
                None => slot.poll(cx),
            })
            .await?
        }
    };
    Ok(serde_path_to_error::deserialize(json.into_json())?)
}
