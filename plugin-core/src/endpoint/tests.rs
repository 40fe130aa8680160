//! Endpoints as documents describe them, and as requests meet them.

mod serving;
mod stalling;

use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    __rt::{Access, EndpointMeta, Ix, PLUGINS, Plugin, endpoint, probe},
    Context, Error, Json, Query, Result, User,
    endpoint::{describe::Docs, openapi},
    registration::Item,
    site::Site,
};
use actix_web::web::Path;

#[derive(Debug)]
struct Shop;

impl Plugin for Shop {
    type Config = ();
    const ID: &'static str = "shop";

    fn ix() -> &'static Ix {
        static IX: Ix = Ix::of(&PLUGINS);
        &IX
    }
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Order {
    user_id: String,
    lines: Vec<Line>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Line {
    count: u32,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Page {
    limit: Option<u32>,
    after: String,
}

const GET: EndpointMeta =
    EndpointMeta { method: "GET", path: "/", access: Access::Public, rate: None, body: None, timeout: None };

const fn site(name: &'static str) -> Site {
    Site { name, ident: name, doc: "Says what.\nAnd why.", file: "shop.rs", line: 1, module: "shop", package: "shop" }
}

async fn order(_: &Context<Shop>, Json(order): Json<Order>, _: User) -> Result<(Json<Order>, StatusCode), Error> {
    Ok((Json(order), StatusCode::CREATED))
}

fn describe_order(d: &Docs) {
    use probe::*;
    d.argument("order", of::<Json<Order>>().describe(d.generator()));
    d.argument("user", of::<User>().describe(d.generator()));
    d.result(of::<Result<(Json<Order>, StatusCode), Error>>().ok().with_status().describe(d.generator()));
}

async fn list(path: Path<(String, u32)>, page: Query<Page>) -> Json<Vec<u32>> {
    Json(vec![path.1, page.limit.unwrap_or(0), page.after.len() as u32])
}

fn describe_list(d: &Docs) {
    use probe::*;
    d.argument("path", of::<Path<(String, u32)>>().describe(d.generator()));
    d.argument("page", of::<Query<Page>>().describe(d.generator()));
    d.result(of::<Json<Vec<u32>>>().ok().with_status().describe(d.generator()));
}

#[test]
fn the_document_says_what_the_types_say() {
    static ORDER: Item = endpoint::async_context::<Context<Shop>, (Json<Order>, User), _, _>(
        order,
        EndpointMeta { method: "POST", path: "/orders", access: Access::Scope("buy"), ..GET },
        describe_order,
    );
    static LIST: Item = endpoint::async_bare::<Shop, (Path<(String, u32)>, Query<Page>), _, _>(
        list,
        EndpointMeta { path: "/orders/{user}/{*rest}", ..GET },
        describe_list,
    );
    static SITES: [Site; 2] = [site("order"), site("list")];
    let endpoints = [&ORDER, &LIST].into_iter().zip(&SITES).filter_map(|(item, site)| match item {
        Item::Endpoint(endpoint) => Some((endpoint, site)),
        _ => None,
    });
    let about = openapi::About { title: "t", version: "1" };
    let others = Map::from_iter([("/healthz".to_owned(), json!({ "get": {} }))]);
    let document = openapi::document(about, endpoints, others);

    let at = |path: &str| document.pointer(path).cloned().unwrap_or_else(|| panic!("{path} in {document:#}"));
    assert_eq!(at("/openapi"), "3.1.0");
    assert_eq!(at("/paths/~1healthz/get"), json!({}));
    let post = "/paths/~1api~1plugins~1shop~1endpoints~1orders/post";
    let named = json!({ "$ref": "#/components/schemas/shop.Order" });
    assert_eq!(at(&format!("{post}/requestBody/content/application~1json/schema")), named);
    assert_eq!(at(&format!("{post}/responses/2XX/content/application~1json/schema")), named);
    assert_eq!(at(&format!("{post}/security")), json!([{ "bearer": ["buy"] }]));
    assert_eq!(at(&format!("{post}/summary")), "Says what.");
    assert_eq!(at(&format!("{post}/responses/422/$ref")), "#/components/responses/Problem");
    assert_eq!(at("/components/schemas/shop.Order/properties/lines/items/$ref"), "#/components/schemas/shop.Line");

    let get = "/paths/~1api~1plugins~1shop~1endpoints~1orders~1{user}~1{rest}/get";
    let parameters = at(&format!("{get}/parameters"));
    let told: Vec<_> = parameters.as_array().into_iter().flatten().map(parameter).collect();
    assert_eq!(
        told,
        [
            ("path", "rest", true, "integer".to_owned()),
            ("path", "user", true, "string".to_owned()),
            ("query", "after", true, "string".to_owned()),
            ("query", "limit", false, r#"["integer","null"]"#.to_owned()),
        ]
    );
    assert_eq!(at(&format!("{get}/responses/200/content/application~1json/schema/type")), "array");
}

fn parameter(parameter: &Value) -> (&str, &str, bool, String) {
    let text = |name: &str| parameter[name].as_str().unwrap_or_default();
    let kind = &parameter["schema"]["type"];
    let kind = kind.as_str().map_or_else(|| kind.to_string(), str::to_owned);
    (text("in"), text("name"), parameter["required"] == true, kind)
}
