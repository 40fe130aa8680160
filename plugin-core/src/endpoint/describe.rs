//! What endpoints take and give back, found out from the types of their parameters.
//!
//! Nothing has to be implemented to be described: generated code asks a [`probe`] on each type. A method that the probe has for
//! that very type wins over the one that a trait gives to all probes, so what has a schema shows it, and any other extractor or
//! answer, of any crate, is left out.

use std::cell::RefCell;

use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value};

/// Where the schemas of named types are kept in an OpenAPI document.
pub(super) const DEFINITIONS: &str = "/components/schemas";

/// What the endpoints of one plugin take and give back; filled by generated code.
#[derive(Debug)]
pub struct Docs {
    generator: Generator,
    arguments: RefCell<Vec<(&'static str, Doc)>>,
    result: RefCell<Option<Doc>>,
}

/// What makes schemas, shared by the lines of one description.
pub type Generator = RefCell<SchemaGenerator>;

/// One parameter, or the answer.
#[derive(Debug)]
pub struct Doc {
    /// What it is.
    pub kind: DocKind,
    /// With which status it is sent, if it is an answer.
    pub status: DocStatus,
}

/// What a parameter or an answer is.
#[derive(Debug)]
pub enum DocKind {
    /// A body of JSON.
    Json(Schema),
    /// A body as forms send it.
    Form(Schema),
    /// The URL's query.
    Query(Schema),
    /// The parameters of the path.
    Path(Schema),
    /// A body of this content type, of which no more is known.
    Raw(&'static str),
}

/// With which status an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocStatus {
    /// 200.
    Ok,
    /// One that the handler decides.
    Decided,
}

impl Docs {
    pub(super) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = DEFINITIONS.into();
            settings.meta_schema = None;
        });
        let generator = RefCell::new(settings.into_generator());
        Self { generator, arguments: RefCell::default(), result: RefCell::default() }
    }

    /// For `describe` of a probe.
    pub fn generator(&self) -> &Generator {
        &self.generator
    }

    /// Notes what a probe found out of the parameter `name`.
    pub fn argument(&self, name: &'static str, doc: Option<Doc>) {
        self.arguments.borrow_mut().extend(doc.map(|doc| (name, doc)));
    }

    /// Notes what a probe found out of the answer.
    pub fn result(&self, doc: Option<Doc>) {
        *self.result.borrow_mut() = doc;
    }

    /// Takes what was noted since the last time.
    pub(super) fn take(&self) -> (Vec<(&'static str, Doc)>, Option<Doc>) {
        (self.arguments.take(), self.result.take())
    }

    /// The schema that `schema` refers to, or itself.
    pub(super) fn resolved(&self, schema: &Schema) -> Schema {
        let generator = self.generator.borrow();
        let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
        let found = name.and_then(|name| generator.definitions().get(name)).cloned();
        found.and_then(|found| Schema::try_from(found).ok()).unwrap_or_else(|| schema.clone())
    }

    /// The schemas of the named types that were met.
    pub(super) fn definitions(&self) -> Map<String, Value> {
        self.generator.borrow_mut().take_definitions(true)
    }
}

/// What generated code asks about types: `of::<T>().describe(…)`, and for an answer `of::<R>().ok().with_status().describe(…)`.
pub mod probe {
    use std::marker::PhantomData;

    use actix_web::{
        http::StatusCode,
        web::{self, Bytes},
    };
    use schemars::JsonSchema;

    use super::{Doc, DocKind, DocStatus, Generator};
    use crate::{
        admin::Html,
        endpoint::extract::{Json, Query},
    };

    /// What is inside an extractor or an answer whose schema is shown.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` has no JSON schema, so the endpoint cannot be described",
        label = "mark this type with `#[model]`, or derive `JsonSchema` for it"
    )]
    pub trait Described: JsonSchema {}

    #[diagnostic::do_not_recommend]
    impl<T: JsonSchema> Described for T {}

    /// Asks about a `T`.
    #[derive(Debug)]
    pub struct Probe<T> {
        of: PhantomData<fn() -> T>,
        status: DocStatus,
    }

    /// Asks about a `T`.
    pub fn of<T>() -> Probe<T> {
        Probe::with(DocStatus::Ok)
    }

    impl<T> Probe<T> {
        fn with(status: DocStatus) -> Self {
            Self { of: PhantomData, status }
        }

        fn found(&self, kind: DocKind) -> Option<Doc> {
            Some(Doc { kind, status: self.status })
        }
    }

    macro_rules! with_schema {
        ($($Wrapper:ty => $kind:ident,)*) => {$(
            impl<T> Probe<$Wrapper> {
                /// With the schema of what is inside.
                pub fn describe(&self, generator: &Generator) -> Option<Doc>
                where
                    T: Described,
                {
                    self.found(DocKind::$kind(generator.borrow_mut().subschema_for::<T>()))
                }
            }
        )*};
    }

    with_schema! {
        Json<T> => Json,
        web::Json<T> => Json,
        web::Form<T> => Form,
        Query<T> => Query,
        web::Query<T> => Query,
        web::Path<T> => Path,
    }

    macro_rules! raw {
        ($($Type:ty => $kind:literal,)*) => {$(
            impl Probe<$Type> {
                /// As a content type alone.
                pub fn describe(&self, _: &Generator) -> Option<Doc> {
                    self.found(DocKind::Raw($kind))
                }
            }
        )*};
    }

    raw! {
        Bytes => "application/octet-stream",
        String => "text/plain",
        &'static str => "text/plain",
        Html => "text/html",
    }

    impl<T, E> Probe<Result<T, E>> {
        /// What it gives when all is well.
        pub fn ok(&self) -> Probe<T> {
            Probe::with(self.status)
        }
    }

    impl<T> Probe<(T, StatusCode)> {
        /// What is sent, with a status that the handler decides.
        pub fn with_status(&self) -> Probe<T> {
            Probe::with(DocStatus::Decided)
        }
    }

    /// Of any other type nothing is known.
    pub trait Unknown {
        /// Nothing.
        fn describe(&self, _: &Generator) -> Option<Doc> {
            None
        }
    }

    impl<T> Unknown for Probe<T> {}

    /// Any other type than a `Result` is what it gives.
    pub trait Infallible {
        /// The type.
        type Given;

        /// The same.
        fn ok(&self) -> Probe<Self::Given>;
    }

    impl<T> Infallible for Probe<T> {
        type Given = T;

        fn ok(&self) -> Probe<T> {
            Probe::with(self.status)
        }
    }

    /// Any other type than a pair with a status is what is sent.
    pub trait Unstated {
        /// The type.
        type Sent;

        /// The same.
        fn with_status(&self) -> Probe<Self::Sent>;
    }

    impl<T> Unstated for Probe<T> {
        type Sent = T;

        fn with_status(&self) -> Probe<T> {
            Probe::with(self.status)
        }
    }
}
