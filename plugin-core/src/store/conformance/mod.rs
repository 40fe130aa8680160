//! The suite that every storage engine must pass: a case for each sentence that the seam promises.
//!
//! An engine's tests call [`engine_conformance!`](crate::engine_conformance) once.

pub mod documents;

#[expect(missing_docs, reason = "the name of a case is its sentence")]
mod commits;
#[expect(missing_docs, reason = "the name of a case is its sentence")]
mod lifecycle;
#[expect(missing_docs, reason = "the name of a case is its sentence")]
mod limits;
#[expect(missing_docs, reason = "the name of a case is its sentence")]
mod lookups;
#[expect(missing_docs, reason = "the name of a case is its sentence")]
mod preconditions;
#[expect(missing_docs, reason = "the name of a case is its sentence")]
mod reads;
#[expect(missing_docs, reason = "the name of a case is its sentence")]
mod walks;

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use super::engine::{Durability, Engine, EngineError, Entries, Got, Keyspace, Precondition, Read, Scan, Write};

#[doc(hidden)]
pub use self::{commits::*, lifecycle::*, limits::*, lookups::*, preconditions::*, reads::*, walks::*};

/// An engine under test, together with what must outlive it, such as a temporary directory.
pub trait Subject: Send + Sync + Sized + 'static {
    /// The engine.
    fn engine(&self) -> &dyn Engine;

    /// Closes the engine and opens another over the same data.
    #[must_use]
    fn reopen(self) -> Self;
}

/// Writes one `#[test]` for each case of the suite, run against an engine of its own.
///
/// Takes an expression that can be called without arguments, as often as there are cases, and gives a
/// [`Subject`](crate::store::conformance::Subject) with an engine that holds nothing.
///
/// ```
/// use plugin_core::store::{MemEngine, conformance::Subject, engine::Engine};
///
/// struct InMemory(MemEngine);
///
/// impl Subject for InMemory {
///     fn engine(&self) -> &dyn Engine {
///         &self.0
///     }
///
///     fn reopen(self) -> Self {
///         self
///     }
/// }
///
/// plugin_core::engine_conformance!(|| InMemory(MemEngine::new()));
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! engine_conformance {
    ($make:expr) => {
        $crate::engine_conformance! { @cases $make;
            a_scan_gives_entries_in_ascending_order,
            a_reverse_scan_gives_entries_in_descending_order,
            a_scan_holds_its_start_and_not_its_end,
            keys_are_ordered_by_their_bytes,
            an_empty_or_backward_range_holds_nothing,
            a_scan_stops_at_its_limit_and_says_whether_there_is_more,
            a_scan_stops_at_its_bytes_but_gives_at_least_one_entry,
            a_reverse_scan_stops_at_its_bytes_but_gives_at_least_one_entry,
            whoever_goes_on_after_the_last_entry_gets_every_entry_once,
            a_scan_for_keys_leaves_values_empty,
            a_scan_for_keys_counts_no_values_as_bytes,
            a_batch_is_answered_in_the_order_asked,
            a_key_alone_is_answered_as_in_a_batch,
            a_batch_sees_one_snapshot,
            a_lookup_gives_entries_and_the_rows_they_point_to,
            the_rows_of_a_lookup_count_as_bytes,
            a_reverse_lookup_keeps_its_limits,
            an_entry_whose_pointer_is_cut_points_to_nothing,
            an_entry_may_point_to_an_empty_row,
            an_entry_and_its_row_are_of_one_moment,
            a_batch_of_every_kind_sees_one_snapshot,
            a_commit_is_read_by_whoever_reads_after_it,
            a_write_replaces_and_a_delete_removes,
            deleting_nothing_is_no_error,
            an_empty_value_is_a_value,
            an_empty_commit_changes_nothing,
            absent_holds_only_without_a_value,
            present_holds_only_with_a_value,
            head_holds_only_for_a_value_that_begins_with_it,
            head_does_not_hold_for_a_missing_key,
            a_walk_shows_what_a_read_gives,
            what_is_left_of_a_walk_goes_on_behind_the_last_row,
            who_visits_a_walk_may_end_it,
            a_walk_asks_for_a_range_within_the_limit,
            the_rows_of_a_walk_are_of_one_moment,
            keep_checks_and_changes_nothing,
            a_conflict_names_the_first_write_that_failed,
            a_conflict_writes_nothing_at_all,
            preconditions_see_what_was_there_before_the_commit,
            a_precondition_counts_at_every_place,
            of_several_that_fail_the_first_is_named,
            a_commit_whose_preconditions_all_hold_changes_what_it_says,
            a_commit_that_keeps_everything_is_a_check,
            commits_at_once_lose_no_update,
            commits_over_several_keys_at_once_lose_nothing_between_them,
            a_commit_issued_again_conflicts_with_its_own_tag,
            commits_that_are_all_issued_twice_take_effect_once,
            of_those_who_claim_a_key_at_once_one_wins,
            a_batch_never_sees_half_a_commit,
            a_key_may_be_as_long_as_the_limit_and_no_longer,
            a_value_may_be_as_large_as_the_limit_and_no_larger,
            a_commit_may_have_as_many_writes_as_the_limit_and_no_more,
            a_commit_may_be_as_large_as_the_limit_and_no_larger,
            keys_count_for_the_size_of_a_commit_whatever_becomes_of_them,
            the_largest_values_and_the_longest_keys_come_back_as_they_were,
            a_scan_may_have_as_many_entries_as_the_limit,
            a_scan_over_the_limit_is_refused,
            a_key_named_twice_is_refused,
            what_one_keyspace_holds_no_other_sees,
            keyspaces_are_listed_by_name,
            opening_again_changes_nothing,
            a_keyspace_that_does_not_exist_is_refused,
            synced_commits_survive_reopening,
            relaxed_commits_survive_reopening,
            relaxed_commits_survive_reopening_after_a_sync,
            keyspaces_are_listed_after_reopening_before_they_are_opened,
            every_keyspace_and_every_row_is_there_after_reopening,
            a_commit_after_reopening_builds_on_what_was_there,
            a_keyspace_may_be_opened_while_others_are_written,
        }
    };
    (@cases $make:expr; $($case:ident),* $(,)?) => {
        $(
            #[test]
            fn $case() {
                $crate::store::conformance::$case($make());
            }
        )*
    };
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread until it is done. For tests and examples: it needs no runtime and gives none.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// One keyspace of an engine, for cases that read as plain sentences. What must not fail ends the test.
struct Bench<'a> {
    engine: &'a dyn Engine,
    keyspace: Keyspace,
}

impl<'a> Bench<'a> {
    fn of(subject: &'a impl Subject) -> Self {
        Self::open(subject, "conformance")
    }

    fn open(subject: &'a impl Subject, plugin: &str) -> Self {
        let bench = Self { engine: subject.engine(), keyspace: Keyspace::of_plugin(plugin) };
        block_on(bench.engine.open(&bench.keyspace)).expect("a keyspace opens");
        bench
    }

    fn commit(&self, writes: Vec<Write>) -> Result<(), EngineError> {
        block_on(self.engine.commit(&self.keyspace, writes, Durability::Relaxed))
    }

    fn put(&self, key: &str, value: &str) {
        self.commit(vec![put(key, value)]).expect("a plain put succeeds");
    }

    fn put_all(&self, keys: &[&str]) {
        self.commit(keys.iter().map(|key| put(key, key)).collect()).expect("plain puts succeed");
    }

    fn read(&self, reads: &[Read]) -> Vec<Got> {
        let got = block_on(self.engine.read(&self.keyspace, reads)).expect("a read succeeds");
        assert_eq!(got.len(), reads.len(), "one answer a question");
        got
    }

    fn get(&self, key: &str) -> Option<Vec<u8>> {
        match self.read(&[Read::Get(key.into())]).pop() {
            Some(Got::Value(value)) => value,
            other => panic!("a get was answered with {other:?}"),
        }
    }

    fn scan(&self, scan: Scan) -> Entries {
        match self.read(&[Read::Scan(scan)]).pop() {
            Some(Got::Entries(entries)) => entries,
            other => panic!("a scan was answered with {other:?}"),
        }
    }

    /// All keys and values, as text.
    fn all(&self) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("the cases store text");
        self.scan(over("", "\u{10ffff}")).iter().map(|(key, value)| (text(key), text(value))).collect()
    }
}

fn put(key: &str, value: &str) -> Write {
    Write::put(key.into(), value.into())
}

fn put_when(precondition: Precondition, key: &str, value: &str) -> Write {
    put(key, value).when(precondition)
}

fn head(bytes: &str) -> Precondition {
    Precondition::Head(bytes.into())
}
