//! `query!`: a filter as it is written down in code.

/// Writes down a [`Filter`](crate::store::filter::Filter).
///
/// Each line names a field by its path and what it must equal, or operators in braces: `eq ne gt gte lt lte in exists prefix`.
/// All lines must hold. `or [{…}, {…}]`, `and [{…}, {…}]` and `not {…}`, without a colon, combine further lists. A path that is
/// not made of names is written as a string. Operands are any expression that serde can write; [`None`] is null.
///
/// ```
/// use plugin_core::{Timestamp, query, store::value::Value};
///
/// let (user, since) = (Some("ada"), Timestamp::UNIX_EPOCH);
/// let filter = query! {
///     userId: user,
///     endedAt: { gt: since, lte: "2026-12-31T00:00:00Z" },
///     "messages.0.from": { in: ["user", "assistant"] },
///     or [{ meta.language: "en" }, { meta: { exists: false } }],
///     not { title: { prefix: "test:" } },
/// };
///
/// #[derive(serde::Serialize)]
/// #[serde(rename_all = "camelCase")]
/// struct Ended { user_id: &'static str, ended_at: Timestamp, messages: Vec<Message> }
/// #[derive(serde::Serialize)]
/// struct Message { from: &'static str }
///
/// let ended_at = "2026-07-01T12:00:00Z".parse().unwrap();
/// let ended = Ended { user_id: "ada", ended_at, messages: vec![Message { from: "user" }] };
/// assert!(filter.matches(&Value::of(&ended)?));
/// # Ok::<_, plugin_core::store::value::ValueError>(())
/// ```
///
/// An operator that does not exist does not compile; `query! { endedAt: { after: 7 } }` says:
///
/// ```text
/// error: unknown operator `after`; the operators are eq, ne, gt, gte, lt, lte, in, exists, prefix
/// ```
///
/// # Of a type
///
/// With the name of a [`#[document]`](macro@crate::document) before the braces, what comes out is a
/// [`TypedFilter`](crate::store::typed::TypedFilter) of it: a field that it does not have, and an operand that the field cannot be
/// compared with, do not compile. The names are those in documents, for fields of fields too; what they have that Rust's names
/// cannot have, as a `-`, is a `_`. A place in a list, a key of a map, and a path in a value of any type stand in quotes.
///
/// ```
/// use std::collections::BTreeMap;
/// use plugin_core::prelude::*;
/// # #[plugin(id = "analytics-plugin")]
/// # pub struct Analytics;
///
/// #[document(plugin = Analytics, collection = "conversations")]
/// pub struct Conversation {
///     #[id]
///     pub id: String,
///     pub user_id: Option<String>,
///     pub ended_at: Option<Timestamp>,
///     pub messages: Vec<Message>,
///     pub figures: BTreeMap<String, u32>,
///     pub extra: Dynamic,
/// }
///
/// #[model(stored)]
/// pub struct Message {
///     pub r#type: String,
/// }
///
/// let since = Timestamp::UNIX_EPOCH;
/// let filter = query!(Conversation {
///     userId: "ada",
///     endedAt: { gt: since },
///     messages."0".r#type: { in: ["question", "answer"] },
///     or [{ figures."tokens": { gte: 1000 } }, { extra."plan.name": "trial" }],
/// });
/// # assert!(filter.problem().is_none());
/// ```
#[macro_export]
macro_rules! query {
    // A list of conditions, taken one by one into the brackets.
    (@list [$($done:expr,)*]) => { $crate::store::filter::Filter::every([$($done),*]) };
    (@list [$($done:expr,)*] or [$({ $($any:tt)* }),* $(,)?] $(, $($rest:tt)*)?) => {
        $crate::query!(@list [$($done,)* $crate::store::filter::Filter::any([$($crate::query!($($any)*)),*]),] $($($rest)*)?)
    };
    (@list [$($done:expr,)*] and [$({ $($every:tt)* }),* $(,)?] $(, $($rest:tt)*)?) => {
        $crate::query!(@list [$($done,)* $crate::store::filter::Filter::every([$($crate::query!($($every)*)),*]),] $($($rest)*)?)
    };
    (@list [$($done:expr,)*] not { $($not:tt)* } $(, $($rest:tt)*)?) => {
        $crate::query!(@list [$($done,)* !$crate::query!($($not)*),] $($($rest)*)?)
    };
    // The path first, to one expression, however it is spelled.
    (@list [$($done:expr,)*] $name:ident $(. $step:ident)* : $($rest:tt)+) => {
        $crate::query!(@list [$($done,)*] (
            $crate::store::filter::__path(&[::core::stringify!($name) $(, ::core::stringify!($step))*])
        ) : $($rest)+)
    };
    (@list [$($done:expr,)*] $path:literal : $($rest:tt)+) => { $crate::query!(@list [$($done,)*] ($path) : $($rest)+) };
    (@list [$($done:expr,)*] ($path:expr) : { $($operator:ident : $operand:expr),+ $(,)? } $(, $($rest:tt)*)?) => {
        $crate::query!(@list [$($done,)* $($crate::query!(@operator $operator, $path, $operand),)+] $($($rest)*)?)
    };
    (@list [$($done:expr,)*] ($path:expr) : $operand:expr $(, $($rest:tt)*)?) => {
        $crate::query!(@list [$($done,)* $crate::query!(@operator eq, $path, $operand),] $($($rest)*)?)
    };
    (@list [$($done:expr,)*] $($other:tt)+) => {
        ::core::compile_error!(::core::concat!(
            "`query!` takes `field: value`, `field: { operator: value }`, `or [{ … }]`, `and [{ … }]` and `not { … }`, not `",
            ::core::stringify!($($other)+), "`"
        ))
    };

    (@operator eq, $path:expr, $operand:expr) => { $crate::store::filter::field($path).eq(&$operand) };
    (@operator ne, $path:expr, $operand:expr) => { $crate::store::filter::field($path).ne(&$operand) };
    (@operator gt, $path:expr, $operand:expr) => { $crate::store::filter::field($path).gt(&$operand) };
    (@operator gte, $path:expr, $operand:expr) => { $crate::store::filter::field($path).gte(&$operand) };
    (@operator lt, $path:expr, $operand:expr) => { $crate::store::filter::field($path).lt(&$operand) };
    (@operator lte, $path:expr, $operand:expr) => { $crate::store::filter::field($path).lte(&$operand) };
    (@operator in, $path:expr, $operand:expr) => { $crate::store::filter::field($path).one_of(&$operand) };
    (@operator prefix, $path:expr, $operand:expr) => { $crate::store::filter::field($path).prefix(&$operand) };
    (@operator exists, $path:expr, $operand:expr) => {
        if $operand { $crate::store::filter::field($path).exists() } else { $crate::store::filter::field($path).missing() }
    };
    (@operator $unknown:ident, $path:expr, $operand:expr) => {
        ::core::compile_error!(::core::concat!(
            "unknown operator `", ::core::stringify!($unknown),
            "`; the operators are eq, ne, gt, gte, lt, lte, in, exists, prefix"
        ))
    };

    // The same for the fields of a type, which `$fields` has a method for each of.
    (@typed $fields:ident [$($done:expr,)*]) => { $crate::store::typed::TypedFilter::every([$($done),*]) };
    (@typed $fields:ident [$($done:expr,)*] or [$({ $($any:tt)* }),* $(,)?] $(, $($rest:tt)*)?) => {
        $crate::query!(@typed $fields [
            $($done,)* $crate::store::typed::TypedFilter::any([$($crate::query!(@typed $fields [] $($any)*)),*]),
        ] $($($rest)*)?)
    };
    (@typed $fields:ident [$($done:expr,)*] and [$({ $($every:tt)* }),* $(,)?] $(, $($rest:tt)*)?) => {
        $crate::query!(@typed $fields [
            $($done,)* $crate::store::typed::TypedFilter::every([$($crate::query!(@typed $fields [] $($every)*)),*]),
        ] $($($rest)*)?)
    };
    (@typed $fields:ident [$($done:expr,)*] not { $($not:tt)* } $(, $($rest:tt)*)?) => {
        $crate::query!(@typed $fields [$($done,)* !$crate::query!(@typed $fields [] $($not)*),] $($($rest)*)?)
    };
    // The field first, a step at a time.
    (@typed $fields:ident [$($done:expr,)*] $name:ident $($rest:tt)+) => {
        $crate::query!(@step $fields [$($done,)*] ($fields.$name()) $($rest)+)
    };
    (@step $fields:ident [$($done:expr,)*] ($field:expr) . $name:ident $($rest:tt)+) => {
        $crate::query!(@step $fields [$($done,)*] ($field.within().$name()) $($rest)+)
    };
    (@step $fields:ident [$($done:expr,)*] ($field:expr) . $place:literal $($rest:tt)+) => {
        $crate::query!(@step $fields [$($done,)*] ($field.at($place)) $($rest)+)
    };
    (@step $fields:ident [$($done:expr,)*] ($field:expr) : None $(, $($rest:tt)*)?) => {
        $crate::query!(@typed $fields [$($done,)* $field.is_null(),] $($($rest)*)?)
    };
    (@step $fields:ident [$($done:expr,)*] ($field:expr) : { $($operator:ident : $operand:expr),+ $(,)? } $(, $($rest:tt)*)?) => {
        $crate::query!(@typed $fields [$($done,)* $($crate::query!(@compare $operator, $field, $operand),)+] $($($rest)*)?)
    };
    (@step $fields:ident [$($done:expr,)*] ($field:expr) : $operand:expr $(, $($rest:tt)*)?) => {
        $crate::query!(@typed $fields [$($done,)* $crate::query!(@compare eq, $field, $operand),] $($($rest)*)?)
    };
    (@$of:ident $fields:ident [$($done:expr,)*] $($other:tt)+) => {
        ::core::compile_error!(
            "`query!` of a type takes `field: value`, `field: { operator: value }`, `or [{ … }]`, `and [{ … }]` and `not { … }`; a field is \
             named as it is in documents, and what is no name stands in quotes behind it"
        )
    };

    (@compare eq, $field:expr, $operand:expr) => { $field.eq(&$operand) };
    (@compare ne, $field:expr, $operand:expr) => { $field.ne(&$operand) };
    (@compare gt, $field:expr, $operand:expr) => { $field.gt(&$operand) };
    (@compare gte, $field:expr, $operand:expr) => { $field.gte(&$operand) };
    (@compare lt, $field:expr, $operand:expr) => { $field.lt(&$operand) };
    (@compare lte, $field:expr, $operand:expr) => { $field.lte(&$operand) };
    (@compare in, $field:expr, $operand:expr) => { $field.one_of(&$operand) };
    (@compare prefix, $field:expr, $operand:expr) => { $field.prefix(&$operand) };
    (@compare exists, $field:expr, $operand:expr) => { if $operand { $field.exists() } else { $field.missing() } };
    (@compare $unknown:ident, $field:expr, $operand:expr) => {
        ::core::compile_error!(::core::concat!(
            "unknown operator `", ::core::stringify!($unknown),
            "`; the operators are eq, ne, gt, gte, lt, lte, in, exists, prefix"
        ))
    };

    // A type is told from a list by the braces that follow its name; those behind `not` are a list's.
    (not { $($not:tt)* } $($rest:tt)*) => { $crate::query!(@list [] not { $($not)* } $($rest)*) };
    ($($document:ident)::+ { $($conditions:tt)* }) => {{
        let fields = $crate::store::typed::fields::<$($document)::+>();
        let filter: $crate::store::typed::TypedFilter<$($document)::+> = $crate::query!(@typed fields [] $($conditions)*);
        // A list without conditions names no field.
        let _ = fields;
        filter
    }};
    ($($conditions:tt)*) => { $crate::query!(@list [] $($conditions)*) };
}

/// The path of the names that `query!` was given. One that is a word of the language is written `r#type` there and `type` in a
/// document.
#[doc(hidden)]
pub fn __path(names: &[&str]) -> String {
    let names: Vec<&str> = names.iter().map(|name| name.strip_prefix("r#").unwrap_or(name)).collect();
    names.join(".")
}
