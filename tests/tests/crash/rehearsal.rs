//! Stores that have lost something, made by hand: whoever checks the others must say so of these.

use plugin_core::{
    AppId,
    store::{
        Value,
        codec::{self, Head},
        key,
    },
};
use serde_json::{Value as Json, json};
use tests::Result;

use crate::{
    history::{History, Life, Line, Target, What},
    orders::{Found, Said},
    plan::{APPS, PLUGINS},
    rows::{self, Indexes, Row},
};

/// Lines of a child, what is found afterwards, and whether that may be.
struct Case {
    name: &'static str,
    said: Vec<Line>,
    found: Vec<Row>,
    is_right: bool,
}

/// Fails if the checks do not tell what is lost from what is not.
pub(crate) fn run() -> Result<()> {
    let doc = |key: &str, value: Json, expiry| -> Result<Row> {
        let value = codec::seal(Head::default(), expiry, &Value::from(value))?;
        Ok(Row { key: key::document(&AppId::new(APPS[0])?, key).into_bytes(), value })
    };
    let write = |op, keys: &[&str]| {
        let fields = Some(json!({ "op": op }));
        let target = |key: &&str| Target { key: (*key).to_owned(), fields: fields.clone(), life: Life::Endless };
        will(op, What::Write(keys.iter().map(target).collect()))
    };
    let twins = ["twins:0:left", "twins:0:right"];
    let one = || doc("items:1", json!({ "op": 1 }), None);
    let cases = [
        case("a write that was cut off", vec![write(1, &["items:1"])], vec![], true),
        case("a write that is lost", vec![write(1, &["items:1"]), Line::Done { op: 1 }], vec![], false),
        case("a write that was refused", vec![write(1, &["items:1"]), Line::Refused { op: 1 }], vec![one()?], false),
        case("a write that nobody did", vec![], vec![one()?], false),
        case(
            "an older write over a newer",
            vec![write(1, &["items:1"]), Line::Done { op: 1 }, write(2, &["items:1"]), Line::Done { op: 2 }],
            vec![one()?],
            false,
        ),
        case("half a commit", vec![write(1, &twins)], vec![doc(twins[0], json!({ "op": 1 }), None)?], false),
        case(
            "a number that did not grow",
            vec![will(1, What::Add { key: "counters:0".into(), by: 2 }), Line::Done { op: 1 }],
            vec![doc("counters:0", json!(1), None)?],
            false,
        ),
        case("half a transfer", vec![], vec![doc("accounts:0", json!({ "balance": 1 }), None)?], false),
        case(
            "no row of expiry",
            vec![write(1, &["items:1"])],
            vec![doc("items:1", json!({ "op": 1 }), Some(9))?],
            false,
        ),
        case(
            "an entry of no index",
            vec![],
            vec![Row { key: b"\x11a\0\0\0\0\0\0\0\0\0\x01\x08".to_vec(), value: vec![] }],
            false,
        ),
    ];
    for Case { name, said, found, is_right } in cases {
        let mut history = History::default();
        for line in said {
            history.hear(&serde_json::to_string(&line)?)?;
        }
        let plugins: Vec<Vec<Row>> = std::iter::once(found).chain((1..PLUGINS).map(|_| Vec::new())).collect();
        let checked = rows::check(&plugins).and_then(|_| history.settle(&plugins, Indexes::default()));
        if checked.is_ok() != is_right {
            return Err(format!("the checks say of {name}: {checked:?}").into());
        }
    }
    orders()
}

/// The same of orders and of who hears of them.
fn orders() -> Result<()> {
    let said = || Said { acknowledged: [1, 2].into(), torn: [3].into(), kills: 1 };
    for (name, orders, heard, is_right) in [
        ("what was acknowledged", &[1, 2][..], &[(1, 1), (2, 1)][..], true),
        ("what was cut off, and is there", &[1, 2, 3], &[(1, 1), (2, 1), (3, 1)], true),
        ("an event that a kill brings again", &[1, 2], &[(1, 2), (2, 1)], true),
        ("an order that is lost", &[1], &[(1, 1)], false),
        ("an order that is lost, with its event", &[1], &[(1, 1), (2, 1)], false),
        ("an order that was refused", &[1, 2, 4], &[(1, 1), (2, 1), (4, 1)], false),
        ("an event that is lost", &[1, 2], &[(1, 1)], false),
        ("an event of nothing", &[1, 2], &[(1, 1), (2, 1), (3, 1)], false),
        ("events that come again without a kill", &[1, 2], &[(1, 2), (2, 2)], false),
    ] {
        let found = Found { orders: orders.iter().copied().collect(), heard: heard.iter().copied().collect() };
        let checked = said().check(&found);
        if checked.is_ok() != is_right {
            return Err(format!("the checks say of {name}: {checked:?}").into());
        }
    }
    Ok(())
}

fn case(name: &'static str, said: Vec<Line>, found: Vec<Row>, is_right: bool) -> Case {
    Case { name, said, found, is_right }
}

fn will(op: u64, what: What) -> Line {
    Line::Will { op, plugin: 0, app: APPS[0].into(), what }
}
