//! What is done for plugins' data in the background: indexes are built, documents of older versions stored anew, and what has expired is
//! removed.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    background::{Background, Stopped},
    clock::Clock,
    context::shared::Shared,
    spawn::Spawn,
    store::{Space, StoreError},
};

/// How often it is looked for what has expired. Nobody is given it from the moment on at which it expires.
const REAPING: Duration = Duration::from_secs(60);
/// How long after a failure of the store it is tried again.
const AGAIN: Duration = Duration::from_secs(10);

/// The tasks, one a plugin.
#[derive(Debug)]
pub(super) struct Upkeep(Background);

impl Upkeep {
    pub(super) fn new(spawn: Arc<dyn Spawn>) -> Self {
        Self(Background::new(spawn))
    }

    pub(super) fn start(&self, shared: &Arc<Shared>) {
        for plugin in &shared.plugins {
            let space = Arc::clone(plugin.space(&shared.engine, &shared.clock));
            let (clock, closing) = (shared.clock.clone(), self.0.closing().clone());
            self.0.start(work(space, clock, closing));
        }
    }

    pub(super) fn close(&self) {
        self.0.close();
    }

    pub(super) async fn stop(&self, clock: &Clock, patience: Duration) {
        if let Stopped::Abandoned(tasks) = self.0.stop(clock, patience).await {
            tracing::warn!("the upkeep of {tasks} stores was stopped before its end; it goes on at the next start");
        }
    }
}

/// Looks after a store until it is to end.
async fn work(space: Arc<Space>, clock: Clock, closing: CancellationToken) {
    let (mut pause, mut told) = (Some(()), None);
    while pause.is_some() {
        let problem = look_after(&space, &|| !closing.is_cancelled()).await.err().map(|problem| problem.to_string());
        // Once a problem, not once a try.
        match &problem {
            Some(problem) if told.as_ref() != Some(problem) => {
                tracing::warn!(?space, problem, "the upkeep of a store failed; it is tried again");
            }
            None if told.is_some() => tracing::info!(?space, "the upkeep of a store goes on"),
            _ => {}
        }
        let until = if problem.is_none() { REAPING } else { AGAIN };
        told = problem;
        pause = closing.run_until_cancelled(clock.sleep(until)).await;
    }
}

async fn look_after(space: &Arc<Space>, goes_on: &impl Fn() -> bool) -> Result<(), StoreError> {
    let _turn = space.upkeep().await;
    let goes_on = &|| goes_on() && !space.is_asked_for();
    // First, so that what goes into indexes is what is stored. Where one cannot be done the others are.
    let migrated = space.migrate(goes_on).await;
    let built = space.build_indexes(goes_on).await;
    let reaped = space.reap().await.map(drop);
    migrated.and(built).and(reaped)
}
