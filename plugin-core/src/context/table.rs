//! Handlers by point, without a name being looked up.

use std::{any::Any, fmt};

use crate::{bare::typed::Typed, point::Ix};

/// For each point, by its [`Ix`], the list of its handlers in a type that only its dispatcher knows.
#[derive(Default)]
pub struct PointTable {
    lens: Box<[u32]>,
    lists: Box<[Option<Typed>]>,
}

impl PointTable {
    /// The table with `lists`, each with its number of handlers, at the places that their points have.
    pub fn new(lists: impl IntoIterator<Item = (&'static Ix, usize, Box<dyn Any + Send + Sync>)>) -> Self {
        let mut lens = vec![0];
        let mut by_place: Vec<Option<Typed>> = vec![None];
        for (ix, len, list) in lists {
            let place = ix.get();
            if lens.len() <= place {
                lens.resize(place + 1, 0);
                by_place.resize_with(place + 1, || None);
            }
            lens[place] = u32::try_from(len).expect("a binary has fewer handlers than that");
            by_place[place] = Some(Typed::new(list));
        }
        Self { lens: lens.into(), lists: by_place.into() }
    }

    /// Whether the point has any handler.
    #[inline]
    pub fn listens(&self, ix: &Ix) -> bool {
        self.lens.get(ix.peek()).is_some_and(|&len| len != 0)
    }

    /// The list of the point, an `L`.
    #[inline]
    pub fn list<L: 'static>(&self, ix: &Ix) -> Option<&L> {
        self.lists.get(ix.peek())?.as_ref()?.get()
    }
}

impl fmt::Debug for PointTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PointTable").field("lens", &self.lens).finish_non_exhaustive()
    }
}
