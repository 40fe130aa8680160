//! How plugins, and what they started, come to an end.

use super::*;

static AT_WORK: Barrier = Barrier::new(2);
static MAY_END: Barrier = Barrier::new(2);
static DEACTIVATED: AtomicBool = AtomicBool::new(false);

/// Something takes long.
#[hook_point("labour:begun")]
pub(crate) struct LabourBegun {}

/// Holds its thread.
#[plugin(id = "labour")]
#[derive(Debug)]
pub(crate) struct Labour;

#[hook("labour:begun")]
fn labour(_ctx: &Context<Labour>, _: &LabourBegun) {
    AT_WORK.wait();
    MAY_END.wait();
}

#[deactivate]
fn rest(_ctx: &Context<Labour>) {
    DEACTIVATED.store(true, Ordering::SeqCst);
}

#[test]
fn a_plugin_is_deactivated_after_what_it_runs() {
    let mut host = TestHost::of::<Labour>().build();
    let handle = host.host().clone();
    let mut disabling = pin!(handle.disable("labour"));
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let call = Call::of_host(handle.shared(), AppId::default());
            fire(&call.scope("test", u32::MAX), &LabourBegun {}).now_or_never().map(|outcome| outcome.ran())
        });
        AT_WORK.wait();
        assert!(disabling.as_mut().now_or_never().is_none());
        host.advance(1.second());
        assert!(disabling.as_mut().now_or_never().is_none());
        assert!(!DEACTIVATED.load(Ordering::SeqCst));
        MAY_END.wait();
    });
    host.advance(1.second());
    assert!(disabling.as_mut().now_or_never().is_some_and(|disabled| disabled.is_ok()));
    assert!(DEACTIVATED.load(Ordering::SeqCst));
}

static ENDED: Mutex<Vec<&str>> = Mutex::new(Vec::new());

fn ended(who: &'static str) {
    ENDED.lock().unwrap_or_else(PoisonError::into_inner).push(who);
}

/// Stops at once, and is required.
#[plugin(id = "cellar")]
#[derive(Debug)]
pub(crate) struct Cellar;

#[deactivate]
async fn close_the_cellar(_ctx: &Context<Cellar>) {
    ended("cellar");
}

/// Does not stop.
#[plugin(id = "house", requires("cellar >= 0.1"))]
#[derive(Debug)]
pub(crate) struct House;

#[deactivate]
async fn burn(_ctx: &Context<House>) {
    ended("house");
    std::future::pending::<()>().await;
}

/// Does not stop either.
#[plugin(id = "roof", requires("house >= 0.1"))]
#[derive(Debug)]
pub(crate) struct Roof;

#[deactivate]
async fn burn_as_well(_ctx: &Context<Roof>) {
    ended("roof");
    std::future::pending::<()>().await;
}

#[test]
fn plugins_that_do_not_stop_hold_the_host_up_for_a_while_and_no_longer() {
    let mut host = TestHost::of::<Roof>().build();
    let (handle, began) = (host.host().clone(), host.now());
    host.block_on(handle.stop(1.second())).unwrap();
    assert_eq!(host.now().since(began), 12.seconds());
    assert_eq!(*ENDED.lock().unwrap(), ["roof", "house", "cellar"], "what requires another ends before it");
}

/// Starts a task when it starts.
#[plugin(id = "tasks")]
#[derive(Debug)]
pub(crate) struct Starts;

static KEPT: Mutex<Vec<OwnedContext<Starts>>> = Mutex::new(Vec::new());

#[activate]
fn keep(ctx: &Context<Starts>) {
    assert!(!ctx.cancelled().is_cancelled());
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(ctx.to_owned());
}

/// Something is to be kept.
#[hook_point("tasks:wanted")]
pub(crate) struct TaskWanted {}

#[hook("tasks:wanted")]
fn keep_too(ctx: &Context<Starts>, _: &TaskWanted) {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(ctx.for_app("b").expect("an id"));
}

#[test]
fn what_a_plugin_started_is_told_to_end_when_it_stops() {
    let mut host = TestHost::of::<Starts>().build();
    let _ = host.fire(&TaskWanted {});
    let handle = host.host().clone();
    let kept = std::mem::take(&mut *KEPT.lock().unwrap());
    assert_eq!(kept.iter().map(|ctx| ctx.cancelled().is_cancelled()).collect::<Vec<_>>(), [false, false]);
    let mut waiting = pin!(kept[1].cancelled().cancelled());
    assert!(waiting.as_mut().now_or_never().is_none());
    host.block_on(handle.disable("tasks")).unwrap();
    assert!(waiting.now_or_never().is_some());
    host.block_on(handle.enable("tasks")).unwrap();
    assert_eq!(kept.iter().map(|ctx| ctx.cancelled().is_cancelled()).collect::<Vec<_>>(), [true, true]);
    let again = std::mem::take(&mut *KEPT.lock().unwrap());
    assert_eq!(again.iter().map(|ctx| ctx.cancelled().is_cancelled()).collect::<Vec<_>>(), [false]);
}
