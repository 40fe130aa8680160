//! The suite of documents over memory: as it is, in the order of a strict engine that answers in pieces, and under all its faults.

use std::sync::Arc;

use crate::{
    random::Odds,
    store::{
        MemEngine,
        conformance::documents::Store,
        engine::Engine,
        mem::strict::{Faults, StrictEngine},
    },
};

/// As near as memory comes to a store that is reopened: another handle to the same data.
struct Over(Arc<dyn Engine>);

impl Store for Over {
    fn engine(&self) -> Arc<dyn Engine> {
        Arc::clone(&self.0)
    }

    fn reopen(self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

fn strict(faults: Faults) -> Over {
    Over(Arc::new(StrictEngine::new(1, faults)))
}

mod plain {
    use super::*;

    crate::documents_conformance!(|| Over(Arc::new(MemEngine::new())));
}

mod in_pieces {
    use super::*;

    crate::documents_conformance!(|| strict(Faults { short_scans: Odds::one_in(2), yields: 2, ..Faults::NONE }));
}

mod under_all_faults {
    use super::*;

    crate::documents_truth!(|| strict(Faults::ALL));
}
