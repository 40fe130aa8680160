//! What a shape can say of which no value, or next to none, could be stored: found in the shape alone, before anything is written.

use std::ptr;

use super::{
    collections::is_name,
    shape::{Content, Field, Of, Shape},
};
use crate::store::value::ValueError;

/// Why values of a shape cannot be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It is a map, and this, which is its key, is no name of a field.
    Key(&'static str),
    /// It is a list of things that take no bytes.
    NoBytes,
}

/// What cannot be stored in values of `shape`, by its path: a `*` stands for each thing of a list and for each value of a map.
pub(crate) fn flaws(shape: &'static Shape) -> Vec<(String, Flaw)> {
    let mut found = Vec::new();
    look(shape, &mut Walk { path: Vec::new(), around: Vec::new() }, &mut found);
    found
}

/// Where a look is.
struct Walk {
    path: Vec<String>,
    /// The shapes that lie around it. One of them again was looked at already.
    around: Vec<&'static Shape>,
}

impl Walk {
    fn at(&mut self, step: impl Into<String>, of: Of, found: &mut Vec<(String, Flaw)>) {
        self.path.push(step.into());
        look(of(), self, found);
        self.path.pop();
    }

    fn fields(&mut self, fields: &'static [Field], found: &mut Vec<(String, Flaw)>) {
        fields.iter().for_each(|field| self.at(field.name, field.shape, found));
    }

    fn items(&mut self, items: &'static [Of], found: &mut Vec<(String, Flaw)>) {
        items.iter().enumerate().for_each(|(place, item)| self.at(place.to_string(), *item, found));
    }
}

fn look(shape: &'static Shape, walk: &mut Walk, found: &mut Vec<(String, Flaw)>) {
    if walk.around.iter().any(|outer| ptr::eq(*outer, shape)) {
        return;
    }
    walk.around.push(shape);
    match shape {
        Shape::Option(inner) => look(inner(), walk, found),
        Shape::Seq(item) => {
            if takes_no_bytes(item(), &mut Vec::new()) {
                found.push((walk.path.join("."), Flaw::NoBytes));
            }
            walk.at("*", *item, found);
        }
        Shape::Map { key, value } => {
            if let Err(ValueError::KeyNotText(kind)) = is_name(key()) {
                found.push((walk.path.join("."), Flaw::Key(kind)));
            }
            walk.at("*", *value, found);
        }
        Shape::Tuple(items) => walk.items(items, found),
        Shape::Struct(fields) => walk.fields(fields, found),
        Shape::Enum(variants) => {
            for variant in *variants {
                walk.path.push(variant.name.to_owned());
                match variant.content {
                    Content::Unit => {}
                    Content::Newtype(inner) => look(inner(), walk, found),
                    Content::Tuple(items) => walk.items(items, found),
                    Content::Struct(fields) => walk.fields(fields, found),
                }
                walk.path.pop();
            }
        }
        // The others hold nothing that has a shape.
        _ => {}
    }
    walk.around.pop();
}

/// Whether every value of the shape is written as no byte at all.
fn takes_no_bytes(shape: &'static Shape, around: &mut Vec<&'static Shape>) -> bool {
    if around.iter().any(|outer| ptr::eq(*outer, shape)) {
        return true;
    }
    around.push(shape);
    let none = match shape {
        Shape::Unit => true,
        Shape::Tuple(items) => items.iter().all(|item| takes_no_bytes(item(), around)),
        Shape::Struct(fields) => fields.iter().all(|field| takes_no_bytes((field.shape)(), around)),
        _ => false,
    };
    around.pop();
    none
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::{
        Timestamp, model,
        store::{
            codec::CodecError,
            typed::{Stored, encode},
        },
    };

    #[model(stored)]
    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    enum Color {
        Red,
        Blue,
    }

    #[model(stored)]
    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    enum Shade {
        Of(Color),
    }

    #[model(stored)]
    struct Nothing {}

    #[model(stored)]
    struct Tree {
        leaves: Vec<Nothing>,
        names: BTreeMap<Option<String>, Vec<Tree>>,
        shades: (u8, BTreeMap<Shade, bool>),
        kind: Kind,
    }

    #[model(stored)]
    enum Kind {
        Grown { rings: BTreeSet<[(); 3]> },
        Cut(Option<Box<Tree>>),
    }

    #[test]
    fn what_can_be_stored_has_no_flaw() {
        #[model(stored)]
        struct Good {
            by_text: BTreeMap<String, Vec<u8>>,
            by_number: BTreeMap<i16, BTreeMap<char, bool>>,
            by_color: BTreeMap<Color, Vec<Option<()>>>,
            by_time: BTreeMap<Timestamp, Vec<Vec<(u8, ())>>>,
            nothing: ((), [(); 4], Nothing),
        }
        assert_eq!(flaws(Good::shape()), []);
        let good = Good {
            by_text: [("a".into(), vec![1])].into(),
            by_number: [(-1, [('a', true)].into())].into(),
            by_color: [(Color::Red, vec![None, Some(())])].into(),
            by_time: [(Timestamp::UNIX_EPOCH, vec![vec![(1, ())]])].into(),
            nothing: ((), [(); 4], Nothing {}),
        };
        assert!(encode(&good).is_ok());
    }

    #[test]
    fn each_flaw_is_found_where_it_lies() {
        let found = flaws(Tree::shape());
        let expected = [
            ("leaves", Flaw::NoBytes),
            ("names", Flaw::Key("nothing")),
            ("shades.1", Flaw::Key("a variant that holds something")),
            ("kind.grown.rings", Flaw::NoBytes),
        ];
        assert_eq!(found, expected.map(|(path, flaw)| (path.to_owned(), flaw)));
    }

    #[test]
    fn a_flaw_is_what_writing_would_refuse() {
        fn refused<T: Stored>(value: &T) {
            assert!(matches!(encode(value), Err(CodecError::Value(_))));
            assert_eq!(flaws(T::shape()).len(), 1);
        }
        refused(&vec![Nothing {}]);
        refused(&BTreeMap::from([((1_u8, 2_u8), 3_u8)]));
        refused(&BTreeMap::from([(Some(1_u8), 3_u8)]));
        refused(&BTreeMap::from([(vec![1_u8], 3_u8)]));
        refused(&BTreeMap::from([(Shade::Of(Color::Blue), 3_u8)]));
        refused(&BTreeSet::from([[(); 2]]));
    }
}
