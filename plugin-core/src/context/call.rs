//! One piece of work that the host does, and for whom.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    bare::frame::{Frame, Lent, Owned},
    context::shared::Shared,
    id::{AppId, UserId},
};

/// Why the host works.
#[derive(Debug, Clone)]
pub enum Origin {
    /// A request over HTTP, with its id.
    Request(Uuid),
    /// A run of a cron job, with its id.
    Run(Uuid),
    /// A delivery of an event or a webhook.
    Delivery(Arc<Delivered>),
    /// The host's own doing: starting and stopping, or a test.
    Host,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(id) | Self::Run(id) => fmt::Display::fmt(id, f),
            Self::Delivery(delivered) => f.write_str(&delivered.id),
            Self::Host => f.write_str("host"),
        }
    }
}

/// What is delivered to a listener or a webhook's handler.
#[derive(Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The id of the event, or the sender's id of the webhook's delivery.
    pub id: String,
    /// The events that led to it, each published while the one before was handled, and last the one that is delivered.
    pub events: Vec<String>,
}

/// One piece of work: a request, a run, a delivery. Everything that handlers do within it is done for the same app and user.
#[derive(Debug, Clone)]
pub struct Call {
    /// The host.
    pub shared: Arc<Shared>,
    /// For which app.
    pub app: AppId,
    /// On whose behalf.
    pub user: Option<UserId>,
    /// Why.
    pub origin: Origin,
    /// Cancelled when the work should end early.
    pub cancelled: CancellationToken,
    /// What led to it, where it goes on from a context that was kept.
    pub kept: Option<Kept>,
}

/// What a context that outlives its call keeps of it.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The points and items that led to the one that kept it, the outermost first.
    pub names: Vec<&'static str>,
    /// The place of the plugin whose context it is.
    pub plugin: usize,
    /// Cancelled when that plugin stops: as it ran then, not as it may run again.
    pub stop: CancellationToken,
}

/// A call as one handler, or the handlers of one point, see it.
pub type Scope = Frame<Call, Running>;
/// A [`Scope`] on the stack.
pub type LentScope<'a> = Lent<'a, Call, Running>;
/// A [`Scope`] that keeps its call.
pub type OwnedScope = Owned<Call, Running>;

/// What runs in a scope.
#[derive(Debug)]
pub struct Running {
    /// The name of the point or item.
    pub name: &'static str,
    /// How many points were fired or applied, one from within the other, to come here.
    pub depth: u8,
    item: AtomicU32,
}

impl Running {
    /// The item numbered `item`, called `name`.
    pub fn item(name: &'static str, item: u32) -> Self {
        Self { name, depth: 0, item: item.into() }
    }

    /// The same, to be kept: as deep, so that what goes on from there does not begin to count again.
    pub fn kept(&self) -> Self {
        Self { name: self.name, depth: self.depth, item: self.item.load(Relaxed).into() }
    }

    /// The point `name`, fired or applied within `outer`. No item runs yet.
    #[inline]
    pub fn point(name: &'static str, outer: &Self) -> Self {
        Self { name, depth: outer.depth + 1, item: u32::MAX.into() }
    }

    /// Says that the item numbered `item` runs from now on.
    #[inline]
    pub fn now(&self, item: u32) {
        self.item.store(item, Relaxed);
    }

    /// The number of the item that runs.
    pub fn current(&self) -> usize {
        self.item.load(Relaxed) as usize
    }
}

impl Call {
    /// A call of the host's own, for `app` and nobody.
    pub fn of_host(shared: &Arc<Shared>, app: AppId) -> Self {
        let (shared, cancelled) = (Arc::clone(shared), CancellationToken::new());
        Self { shared, app, user: None, origin: Origin::Host, cancelled, kept: None }
    }

    /// The scope in which the item numbered `item`, called `name`, runs.
    pub fn scope(&self, name: &'static str, item: u32) -> LentScope<'_> {
        Frame::lend(self, Running::item(name, item))
    }
}

/// The points and items that led to `scope`, the outermost first.
pub fn chain(scope: &Scope) -> Vec<&'static str> {
    let mut names: Vec<_> =
        std::iter::successors(Some(scope), |scope| scope.parent()).map(|scope| scope.data().name).collect();
    names.extend(scope.lent().kept.iter().flat_map(|kept| kept.names.iter().rev()));
    names.reverse();
    names
}
