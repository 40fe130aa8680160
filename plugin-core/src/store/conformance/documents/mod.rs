//! The suite of what a store promises to plugins, whatever engine is below it: a case for each sentence.
//!
//! A store's tests call [`documents_conformance!`](crate::documents_conformance) once. A case goes into the module it belongs to and
//! into the list of the macro.

#[expect(missing_docs, reason = "the name of a case is its sentence")]
mod declared;
#[expect(missing_docs, reason = "the name of a case is its sentence")]
mod many;
#[expect(missing_docs, reason = "the name of a case is its sentence")]
mod one;
#[expect(missing_docs, reason = "the name of a case is its sentence")]
pub(crate) mod truth;

use std::{future::IntoFuture, sync::Arc};

use serde_json::Value as Json;

use super::block_on;
use crate::{
    id::AppId,
    store::{
        Db, StoreError,
        engine::{Durability, Engine, Keyspace},
    },
};

#[doc(hidden)]
pub use self::{declared::*, many::*, one::*, truth::*};

/// The plugin whose keyspace the cases use.
const KEYSPACE: &str = "conformance";

/// A store under test: an engine, and what must outlive it.
///
/// Its engine may use all the freedom that the seam gives it. If outcomes get lost, or it cannot be reached at times, only the cases of
/// [`documents_truth!`](crate::documents_truth) hold of it.
pub trait Store: Send + Sync + Sized + 'static {
    /// The engine.
    fn engine(&self) -> Arc<dyn Engine>;

    /// Closes the engine and opens another over the same data.
    #[must_use]
    fn reopen(self) -> Self;
}

/// Writes one `#[test]` for each case of the suite, run against a store of its own.
///
/// Takes an expression that can be called without arguments, as often as there are cases, and gives a
/// [`Store`](crate::store::conformance::documents::Store) that holds nothing.
///
/// ```
/// use std::sync::Arc;
///
/// use plugin_core::store::{MemEngine, conformance::documents::Store, engine::Engine};
///
/// struct InMemory(Arc<MemEngine>);
///
/// impl Store for InMemory {
///     fn engine(&self) -> Arc<dyn Engine> {
///         self.0.clone()
///     }
///
///     fn reopen(self) -> Self {
///         self
///     }
/// }
///
/// plugin_core::documents_conformance!(|| InMemory(Arc::default()));
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! documents_conformance {
    ($make:expr) => {
        $crate::documents_conformance! { @cases $make;
            what_is_set_is_got_until_it_is_deleted,
            a_document_is_replaced_as_a_whole,
            a_value_comes_back_as_it_was_written,
            keys_have_1_to_1024_bytes_of_any_text,
            a_document_may_have_1_mib_and_no_more,
            what_is_not_of_the_type_is_an_error_that_names_key_and_field,
            set_if_nothing_is_there_inserts_once,
            set_if_takes_only_the_revision_that_is_there,
            no_revision_comes_twice,
            increment_counts_from_nothing,
            increment_refuses_what_is_no_integer,
            an_app_sees_only_its_own,
            apps_are_listed_while_they_have_documents,
            everything_is_there_after_reopening,
            increments_at_once_are_all_counted,
            of_those_who_replace_a_revision_at_once_one_wins,
            of_those_who_delete_at_once_one_is_told_that_it_was_there,
            keys_come_in_the_order_of_their_bytes,
            a_prefix_is_meant_as_it_is_written,
            keys_come_page_by_page,
            count_counts_what_find_finds,
            what_is_found_comes_in_the_order_of_keys,
            what_is_found_is_sorted_by_each_field_in_turn,
            pages_go_on_where_they_ended,
            a_cursor_holds_while_others_write,
            a_cursor_holds_after_reopening,
            a_cursor_is_refused_where_it_does_not_belong,
            what_an_index_gives_is_what_is_there,
            an_index_of_what_was_there_is_built_and_is_there_after_reopening,
            of_those_who_take_a_unique_value_at_once_one_has_it,
            insert_writes_only_what_is_new,
            a_transaction_is_there_as_a_whole_or_not_at_all,
            transactions_at_once_keep_what_holds_of_all,
            what_has_expired_is_gone_for_everybody_and_is_removed,
        }
        $crate::documents_truth! { $make }
    };
    (@cases $make:expr; $($case:ident),* $(,)?) => {
        $(
            #[test]
            fn $case() {
                $crate::store::conformance::documents::$case($make());
            }
        )*
    };
}

/// The cases of [`documents_conformance!`](crate::documents_conformance) that hold of any store, also of one whose engine fails, or
/// loses the outcome of what it was asked: what was told is so.
#[macro_export]
macro_rules! documents_truth {
    ($make:expr) => {
        $crate::documents_conformance! { @cases $make;
            what_was_told_of_one_after_another_is_so,
            what_was_told_of_many_at_once_is_so,
        }
    };
}

fn app(name: &str) -> AppId {
    AppId::new(name).expect("the cases use ids that are valid")
}

fn db(store: &impl Store) -> Db {
    db_of(store, AppId::default())
}

fn db_of(store: &impl Store, app: AppId) -> Db {
    let (engine, keyspace) = (store.engine(), Keyspace::of_plugin(KEYSPACE));
    block_on(engine.open(&keyspace)).expect("a keyspace opens");
    Db::new(engine, keyspace, app, Durability::Relaxed)
}

fn set(db: &Db, key: &str, value: Json) {
    block_on(db.set(key, &value)).expect("it can be stored");
}

fn get(db: &Db, key: &str) -> Option<Json> {
    block_on(db.get(key)).expect("it can be read")
}

fn ask<T>(question: impl IntoFuture<Output = Result<T, StoreError>>) -> T {
    block_on(question.into_future()).expect("it can be answered")
}
