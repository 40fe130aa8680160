//! The suite of what a store promises to plugins, whatever engine is below it: a case for each sentence.
//!
//! A store's tests call [`documents_conformance!`](crate::documents_conformance) once. A case goes into the module it belongs to and
//! into the list of the macro.

#[expect(missing_docs, reason = "the name of a case is its sentence")]
mod budget;
#[expect(missing_docs, reason = "the name of a case is its sentence")]
mod copies;
#[expect(missing_docs, reason = "the name of a case is its sentence")]
mod declared;
#[expect(missing_docs, reason = "the name of a case is its sentence")]
mod lifetimes;
#[expect(missing_docs, reason = "the name of a case is its sentence")]
mod many;
#[expect(missing_docs, reason = "the name of a case is its sentence")]
mod one;
#[expect(missing_docs, reason = "the name of a case is its sentence")]
mod questions;
#[expect(missing_docs, reason = "the name of a case is its sentence")]
mod transactions;
#[expect(missing_docs, reason = "the name of a case is its sentence")]
pub(crate) mod truth;
#[expect(missing_docs, reason = "the name of a case is its sentence")]
mod typed;
#[expect(missing_docs, reason = "the name of a case is its sentence")]
mod unreadable;
#[expect(missing_docs, reason = "the name of a case is its sentence")]
mod upgrades;

use std::{
    future::IntoFuture,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::Value as Json;

use super::block_on;
use crate::{
    clock::{Clock, ManualClock, Timestamp},
    id::AppId,
    store::{
        Db, Schema, Space, StoreError,
        engine::{Direction, Durability, Engine, Keyspace, MAX_SCAN, Scan, Wanted, Write},
        index::IndexMeta,
        key::{Key, Kind},
        walk::after_key,
    },
};

#[doc(hidden)]
pub use self::{
    budget::*, copies::*, declared::*, lifetimes::*, many::*, one::*, questions::*, transactions::*, truth::*,
    typed::*, unreadable::*, upgrades::*,
};

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
            going_through_all_gives_each_once_in_order_while_others_write,
            going_through_all_by_an_index_gives_each_once_in_its_order,
            a_page_goes_on_at_a_unique_value_that_another_document_took,
            what_is_selected_is_the_same_whether_an_index_has_it_or_not,
            explain_names_the_index_and_what_was_read,
            a_query_looks_at_10000_documents_and_no_more,
            a_query_looks_at_16_mib_and_no_more,
            explain_tells_of_an_index_that_was_given_up,
            explain_tells_of_a_query_that_the_budget_ended,
            the_index_that_an_error_names_serves_the_query,
            what_a_page_has_is_not_held_against_the_budget,
            a_page_ends_early_where_its_documents_have_16_mib,
            an_error_names_no_index_that_is_used,
            an_index_of_more_than_is_looked_under_takes_nothing_of_the_budget_away,
            a_page_that_is_full_is_one_although_nobody_knows_whether_there_is_more,
            an_index_that_is_there_is_not_what_an_error_asks_for,
            many_with_the_same_value_are_walked_once_in_either_direction,
            what_an_index_gives_is_what_is_there,
            an_index_of_what_was_there_is_built_and_is_there_after_reopening,
            unique_means_unique_but_for_what_is_missing_or_null,
            of_those_who_take_a_unique_value_at_once_one_has_it,
            an_index_that_is_dropped_leaves_nothing_and_is_not_used,
            insert_writes_only_what_is_new,
            a_transaction_is_there_as_a_whole_or_not_at_all,
            a_transaction_reads_what_it_wrote_and_nobody_else_does_before_it_ends,
            who_is_overtaken_begins_again_on_what_is_there_then,
            who_is_overtaken_six_times_is_told_so_and_nothing_is_written,
            what_a_transaction_only_read_is_held_to_what_it_was,
            what_a_transaction_did_not_find_is_held_to_be_missing,
            an_error_that_came_of_reading_two_moments_is_not_the_last_word,
            a_duplicate_that_came_of_what_was_read_is_not_the_last_word,
            a_transaction_inserts_only_what_is_new,
            a_unique_value_goes_from_one_document_to_another_in_one_transaction,
            too_much_for_a_commit_is_a_typed_error,
            a_transaction_tells_the_revision_of_what_was_there_before_it,
            transactions_at_once_keep_what_holds_of_all,
            what_has_expired_is_gone_for_everybody_and_is_removed,
            what_has_expired_stands_in_nobodys_way,
            a_write_without_a_lifetime_ends_it_and_an_increment_keeps_it,
            everything_is_counted_however_much_it_is_while_something_has_expired,
            what_expired_and_cannot_be_read_leaves_no_entry,
            typed_documents_are_put_found_changed_and_deleted_by_their_type,
            typed_documents_are_part_of_transactions,
            a_typed_document_is_read_by_its_shape_without_its_type,
            what_is_written_without_its_type_becomes_of_it_or_is_refused,
            older_versions_are_read_through_their_migrations,
            older_versions_are_stored_anew_in_the_background_and_what_cannot_be_stays,
            migrating_goes_on_where_it_was_broken_off,
            what_could_not_be_migrated_is_tried_again_by_the_next_process,
            what_cannot_be_migrated_can_be_deleted_in_a_transaction,
            a_newer_version_is_refused_and_stays_as_it_is,
            an_index_of_a_new_version_is_another_one_and_the_old_one_goes,
            an_index_of_the_plugin_follows_its_documents_to_another_version,
            an_index_of_the_plugin_follows_documents_that_get_a_type_and_lose_it,
            entries_of_an_index_that_goes_go_too_where_the_last_document_went_before_them,
            an_index_that_nobody_declares_goes_where_its_documents_become_another_version,
            an_index_is_built_without_what_cannot_be_read_and_says_so,
            what_an_index_was_built_without_is_in_it_when_it_can_be_read_again,
            what_can_be_read_again_has_its_entries_whatever_comes_first,
            what_an_index_was_built_without_and_is_written_over_or_deleted_is_settled,
            a_unique_value_of_what_can_be_read_again_is_nobody_elses,
            documents_of_a_newer_version_are_in_indexes_again_when_that_is_back,
            an_index_that_was_built_without_many_is_built_again_at_each_start,
            of_many_that_are_left_out_no_more_is_said_than_is_known,
            bytes_that_are_no_document_can_be_written_over_and_removed,
            a_store_that_is_whole_has_no_problems,
            a_document_that_cannot_be_decoded_is_named,
            an_entry_that_does_not_follow_from_its_document_is_named,
        }
        $crate::documents_conformance! { @pairs $make;
            what_was_exported_is_byte_by_byte_the_same_where_it_is_imported,
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
    // Two stores that have nothing of each other.
    (@pairs $make:expr; $($case:ident),* $(,)?) => {
        $(
            #[test]
            fn $case() {
                $crate::store::conformance::documents::$case($make(), $make());
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

/// What is declared where there are indexes alone.
fn indexes(indexes: &'static [IndexMeta]) -> Schema {
    Schema::new([], [], [], indexes)
}

/// The keyspace as a process has it for which this is declared.
fn space(store: &impl Store, schema: Schema, clock: &Clock) -> Arc<Space> {
    let (engine, keyspace) = (store.engine(), Keyspace::of_plugin(KEYSPACE));
    block_on(engine.open(&keyspace)).expect("a keyspace opens");
    let space = Space::new(engine, keyspace, Durability::Relaxed).with_clock(clock.clone()).with_schema(schema);
    block_on(space.prepare()).expect("indexes are brought in line");
    Arc::new(space)
}

fn of_default(space: &Arc<Space>) -> Db {
    Db::over(Arc::clone(space), AppId::default())
}

/// The documents of the app that is given where none is, where these indexes are declared.
fn of_declared(store: &impl Store, declared: &'static [IndexMeta]) -> Db {
    of_default(&space(store, indexes(declared), &manual().into()))
}

fn manual() -> ManualClock {
    ManualClock::at(Timestamp::UNIX_EPOCH.saturating_add(Duration::from_secs(1_000_000)))
}

/// Says yes so many times, to work that is to be broken off then.
fn times(times: usize) -> impl Fn() -> bool {
    let looks = AtomicUsize::new(0);
    move || looks.fetch_add(1, Ordering::Relaxed) < times
}

/// Stores these, many in a commit.
fn fill(db: &Db, documents: impl IntoIterator<Item = (String, Json)>) {
    let documents: Vec<_> = documents.into_iter().collect();
    for chunk in documents.chunks(100) {
        let put = db.txn(|tx| async move {
            chunk.iter().try_for_each(|(key, value)| tx.set(key, value))?;
            Ok(())
        });
        block_on(put).expect("they can be stored");
    }
}

/// Every row of a kind, or of all kinds.
fn rows(space: &Space, kind: Option<Kind>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut range = kind.map_or(vec![0]..vec![0xff], |kind| Key::of(kind).range());
    let mut rows = Vec::new();
    loop {
        let (direction, wanted) = (Direction::Forward, Wanted::Entries);
        let scan = Scan { range: range.clone(), limit: MAX_SCAN, bytes: usize::MAX, direction, wanted };
        let found = block_on(space.scan(scan)).expect("it can be read");
        rows.extend(found.iter().map(|(key, value)| (key.to_vec(), value.to_vec())));
        match found.last() {
            Some((last, _)) if found.more => range.start = after_key(last),
            _ => return rows,
        }
    }
}

/// Writes behind the back of everything.
fn plant(space: &Space, write: Write) {
    block_on(space.commit_repeatable(vec![write])).expect("it is written");
}
