use std::{sync::Arc, time::Duration};

use plugin_core::{
    AppId, Clock, ManualClock,
    store::{
        engine::{Durability, Engine, Keyspace},
        mem::MemEngine,
    },
};

use super::{
    session::{IDLE, LINK, LONGEST},
    token::NewToken,
    *,
};

/// Tokens and sessions over memory, and the clock they go by.
pub(super) async fn auth() -> (Auth, ManualClock) {
    let engine: Arc<dyn Engine> = Arc::new(MemEngine::new());
    let keyspace = Keyspace::of_host("test");
    engine.open(&keyspace).await.expect("memory opens");
    let clock = ManualClock::at("2026-01-01T00:00:00Z".parse().expect("an instant"));
    let system = Clock::from(clock.clone());
    let rows = |name: &str| {
        Db::new(Arc::clone(&engine), keyspace.clone(), AppId::new(name).expect("an id"), Durability::Synced)
    };
    let tokens = Tokens::new(rows("tokens"), system.clone());
    let sessions = Sessions::new(rows("sessions"), rows("links"), tokens.clone(), system);
    (Auth { tokens, sessions, fixed: Vec::new() }, clock)
}

fn pass(clock: &ManualClock, time: Duration) {
    clock.set(clock.now().saturating_add(time));
}

fn new(expires_in: Option<Duration>) -> NewToken {
    let scopes = vec![token::ADMIN.to_owned()];
    NewToken { name: "ci".to_owned(), scopes, user: None, app: AppId::default(), expires_in }
}

#[actix_web::test]
async fn a_token_ends_when_its_time_has_come() {
    let (auth, clock) = auth().await;
    let made = auth.tokens.create(new(Some(Duration::from_secs(60)))).await.expect("it is made");
    assert!(auth.bearer(&made.token).await.expect("memory answers").is_some());
    assert!(auth.tokens.any_admin().await.expect("memory answers"));
    pass(&clock, Duration::from_secs(60));
    assert!(auth.bearer(&made.token).await.expect("memory answers").is_none());
    assert!(!auth.tokens.any_admin().await.expect("memory answers"));
}

#[actix_web::test]
async fn the_token_of_the_environment_is_compared_whole() {
    let (auth, _) = auth().await;
    let auth = auth.with_fixed("environment", "hush");
    let bearer = auth.bearer("hush").await.expect("memory answers").expect("it is the one");
    assert_eq!((bearer.scopes, bearer.user), (Scopes::All, Some(admin_user())));
    for other in ["", "hus", "hush ", "Hush"] {
        assert!(auth.bearer(other).await.expect("memory answers").is_none(), "{other}");
    }
}

#[actix_web::test]
async fn a_session_ends_when_nobody_uses_it_and_at_the_latest_after_half_a_day() {
    let (auth, clock) = auth().await;
    let open = async || auth.sessions.open(admin_user(), Opener::Link).await.expect("it opens");
    let lives = async |secret: &str| auth.sessions.find(secret).await.expect("memory answers").is_some();
    let idle = open().await;
    pass(&clock, IDLE);
    assert!(!lives(&idle).await);
    let busy = open().await;
    let step = IDLE / 2;
    let mut passed = Duration::ZERO;
    while passed + step < LONGEST {
        pass(&clock, step);
        passed += step;
        assert!(lives(&busy).await, "{passed:?}");
    }
    pass(&clock, step);
    assert!(!lives(&busy).await);
}

#[actix_web::test]
async fn a_session_of_the_environment_s_token_ends_where_it_is_no_longer_given() {
    let (auth, _) = auth().await;
    let same = auth.clone().with_fixed("control", "other").with_fixed("environment", "hush");
    let changed = auth.clone().with_fixed("environment", "new");
    let before = auth.with_fixed("environment", "hush");
    let bearer = before.bearer("hush").await.expect("memory answers").expect("it is the one");
    let secret = before.sessions.open(admin_user(), before.opener(&bearer)).await.expect("it opens");
    for (auth, lives) in [(&same, true), (&changed, false), (&same, false)] {
        assert_eq!(auth.sessions.find(&secret).await.expect("memory answers").is_some(), lives);
    }
}

#[actix_web::test]
async fn each_session_has_a_form_token_of_its_own() {
    let (auth, _) = auth().await;
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let secret = auth.sessions.open(admin_user(), Opener::Link).await.expect("it opens");
        sessions.push(auth.sessions.find(&secret).await.expect("memory answers").expect("it lasts"));
    }
    assert!(sessions[0].allows(&sessions[0].csrf) && !sessions[0].allows(&sessions[1].csrf));
}

#[actix_web::test]
async fn a_link_is_good_once_and_for_ten_minutes() {
    let (auth, clock) = auth().await;
    let redeem = async |secret: &str| auth.sessions.redeem(secret).await.expect("memory answers");
    let used = auth.sessions.link().await.expect("it is made");
    assert!(redeem(&used).await && !redeem(&used).await);
    let late = auth.sessions.link().await.expect("it is made");
    pass(&clock, LINK);
    assert!(!redeem(&late).await);
    assert!(!redeem("nonsense").await);
}
