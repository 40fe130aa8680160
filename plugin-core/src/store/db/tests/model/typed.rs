//! Typed documents among those of the model. To the map they are what they hold, as any other.

use proptest::{prelude::*, sample::select};

use super::data::{Datum, of_fields};
use crate::{document, model, plugin};

#[plugin(id = "model-tests")]
pub(super) struct Model;

/// What the keys of such documents begin with.
pub(super) const PREFIX: &str = "t:";

#[document(plugin = Model, collection = "t")]
#[index(a, -l)]
#[index(b, unique)]
#[derive(PartialEq)]
pub(super) struct Thing {
    #[id]
    pub(super) id: String,
    pub(super) a: Option<i64>,
    pub(super) b: Option<String>,
    pub(super) c: Inner,
    pub(super) l: Vec<i64>,
}

#[model(stored)]
#[derive(PartialEq)]
pub(super) struct Inner {
    pub(super) x: Option<bool>,
    pub(super) y: Kind,
}

#[model(stored)]
#[derive(PartialEq)]
pub(super) enum Kind {
    Ab,
    Of(i64),
}

impl Thing {
    pub(super) fn key(&self) -> String {
        format!("{PREFIX}{}", self.id)
    }

    pub(super) fn datum(&self) -> Datum {
        let text = |text: &String| Datum::Text(text.clone());
        let null = |datum: Option<Datum>| Some(datum.unwrap_or(Datum::Null));
        let y = match &self.c.y {
            Kind::Ab => Datum::Text("ab".into()),
            Kind::Of(n) => of_fields([("of", Some(Datum::from(*n)))]),
        };
        let c = of_fields([("x", null(self.c.x.map(Datum::Bool))), ("y", Some(y))]);
        of_fields([
            ("id", Some(text(&self.id))),
            ("a", null(self.a.map(Datum::from))),
            ("b", null(self.b.as_ref().map(text))),
            ("c", Some(c)),
            ("l", Some(Datum::List(self.l.iter().copied().map(Datum::from).collect()))),
        ])
    }
}

pub(super) fn id() -> impl Strategy<Value = String> {
    select(vec!["a", "ab", "b", "ÿ"]).prop_map(str::to_owned)
}

pub(super) fn thing() -> BoxedStrategy<Thing> {
    let number = || -2..=2_i64;
    let text = select(vec!["", "a", "ab", "b"]).prop_map(str::to_owned);
    let kind = prop_oneof![Just(Kind::Ab), number().prop_map(Kind::Of)];
    let inner = (proptest::option::of(any::<bool>()), kind).prop_map(|(x, y)| Inner { x, y });
    let fields = (
        id(),
        proptest::option::weighted(0.8, number()),
        proptest::option::of(text),
        inner,
        proptest::collection::vec(number(), 0..3),
    );
    fields.prop_map(|(id, a, b, c, l)| Thing { id, a, b, c, l }).boxed()
}
